from django.conf import settings
from django.shortcuts import render
from django.views.decorators.cache import cache_control

from doorplates import codes, scanning
from doorplates.access import find_plate
from doorplates.models import PlateState
from guides.front import front_context
from guides.models import Area
from guides.viewpoint import Viewpoint, resident, seen_from
from guides.views import page_context, public_page
from menpai.roles import Role, has_role


@cache_control(private=True, no_cache=True)
@resident
def plate(request, code):
    """The page behind a QR: where am I, is it real, what do people here need. Not kept by shared caches, because a scan is counted.

    Most scans never come here: doorplates.lane answers them with the parts of a page that this view has made of a plate at hand.
    """
    elder = request.viewpoint.elder
    found = getattr(request, "plate_at_hand", None) or find_plate(code)
    if found is None:
        context = page_context(request, request.viewpoint, typed=code, is_mistyped=not codes.is_valid(codes.normalise(code)))
        return render(request, "doorplates/unknown.html", context, status=404)
    viewpoint = Viewpoint(found.building.community, elder)
    if found.state != PlateState.ACTIVE:
        return render(request, "doorplates/ended.html", page_context(request, viewpoint, plate=found, staff_page=_staff_page(request)), status=410)
    context = page_context(request, viewpoint, plate=found, staff_page=_staff_page(request), **front_context(viewpoint))
    response = render(request, "doorplates/plate.html", context)
    if not elder and scanning.count(request, found):  # the symbol never holds the 长辈版: that is a second look at the same scan
        scanning.remember(request.path, response)
    scanning.name_plate(found.code, response)
    return response


def _staff_page(request) -> str:
    """Where this visitor may say what hangs on the wall: "desk", "admin", or "" for everybody who is not signed in.

    Only with a session cookie is anything looked up, so what residents get is the same for all of them, to the byte.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return ""
    if has_role(request.user, Role.ASSISTANT, Role.SUPERVISOR):
        return "desk"
    return "admin" if request.user.is_staff and request.user.has_perm("doorplates.change_doorplate") else ""


@public_page
@resident
def verify(request):
    """Type the number on the wall: is it genuine, and where should it hang? No scan, because nobody stands in front of it for that.

    It tells what the plate itself has printed on it and nothing of a plate next to it: of a mistyped number only that it is one.
    """
    typed = request.GET.get("code", "").strip()[:40]
    code = codes.normalise(typed)
    found = find_plate(typed) if typed else None
    area = Area.objects.filter(pk=request.GET["area"]).first() if request.GET.get("area") else None
    viewpoint = Viewpoint(found.building.community, request.viewpoint.elder) if found else seen_from(request, area)
    context = page_context(
        request, viewpoint, typed=typed, plate=found, is_mistyped=not codes.is_valid(code), length=len(code), wanted=codes.LENGTH,
        is_safe=settings.SITE_URL.startswith("https://"),
    )  # fmt: skip
    response = render(request, "doorplates/verify.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response
