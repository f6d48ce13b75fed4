from django.conf import settings
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control

from doorplates import codes, scanning
from doorplates.access import find_plate
from doorplates.models import PlateState
from guides.models import Area
from guides.viewpoint import Viewpoint, resident, seen_from
from guides.views import front_context, page_context, public_page

PLATE_COOKIE = "plate"  # which plate someone came from; only the help form reads it
PLATE_COOKIE_AGE = 60 * 60 * 12


@cache_control(private=True, no_cache=True)
@resident
def plate(request, code):
    """The page behind a QR: where am I, is it real, what do people here need. Not kept by shared caches, because a scan is counted."""
    elder = request.viewpoint.elder
    found = find_plate(code)
    if found is None:
        context = page_context(request, request.viewpoint, typed=code, is_mistyped=not codes.is_valid(codes.normalise(code)))
        return render(request, "doorplates/unknown.html", context, status=404)
    viewpoint = Viewpoint(found.building.community, elder)
    if found.state != PlateState.ACTIVE:
        return render(request, "doorplates/ended.html", page_context(request, viewpoint, plate=found), status=410)
    context = page_context(request, viewpoint, plate=found, **front_context(viewpoint))
    response = render(request, "doorplates/plate.html", context)
    if not elder and scanning.count(request, found):  # the symbol never holds the 长辈版: that is a second look at the same scan
        scanning.remember(request, response)
    response.set_cookie(PLATE_COOKIE, found.code, max_age=PLATE_COOKIE_AGE, httponly=True, samesite="Lax", secure=settings.HTTPS)
    return response


@public_page
@resident
def verify(request):
    """Type the number on the wall: leads to that plate's own page, which says whether it is genuine."""
    typed = request.GET.get("code", "").strip()
    if typed:
        code = "".join(c for c in codes.normalise(typed) if c.isalnum())[:40]  # a slash would be another address
        return redirect(request.viewpoint.mode("doorplates:plate", code or "-"))
    area = Area.objects.filter(pk=request.GET["area"]).first() if request.GET.get("area") else None
    return render(request, "doorplates/verify.html", page_context(request, seen_from(request, area)))
