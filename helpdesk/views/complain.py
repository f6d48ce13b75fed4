"""投诉建议: its own form, for a supervisor, followed by number and last four digits like every request."""

from uuid import uuid5

from django.conf import settings
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from doorplates.views import PLATE_COOKIE
from guides.models import Area
from guides.viewpoint import Viewpoint, resident
from guides.views import page_context
from guides.workdays import calendar_for
from helpdesk import actions, sla
from helpdesk.forms_complaint import ComplaintForm
from helpdesk.models import HelpRequest, Kind
from helpdesk.views.follow import let_follow
from helpdesk.views.resident import TOO_MANY, plate_of
from menpai import throttle


@never_cache
@resident
def complain(request):
    form = ComplaintForm(request.POST) if request.method == "POST" else ComplaintForm(initial=_prefilled(request))
    if form.is_bound and form.is_valid():
        if throttle.allow("help", throttle.client_address(request), limit=30, minutes=60):
            stored = actions.complain(complaint=_complaint(form.cleaned_data))
            return let_follow(redirect(request.viewpoint.mode("help:follow", stored.reference) + "?new=1"), stored)
        form.add_error(None, TOO_MANY)
    return show_form(request, form)


def _prefilled(request) -> dict:
    """The village in the address, else the plate that was scanned; the number of the request one comes from."""
    area = Area.objects.filter(pk=request.GET.get("area", "")).first()
    plate = plate_of(request.COOKIES.get(PLATE_COOKIE, ""), area)
    return {
        "area": area.pk if area else plate.building.community_id if plate else "",
        "plate": plate.code if plate else "",
        "number": request.GET.get("number", "")[:30],
    }


def _complaint(data: dict) -> actions.Complaint:
    """Another's number leads nowhere and tells nothing: only whose phone stands in a request lets it say where it is from."""
    plate = plate_of(data["plate"], data["area"])
    about = HelpRequest.objects.filter(reference=data["number"]).select_related("area").first() if data["number"] else None
    own = about.area if about and about.phone == data["phone"] else None
    district = Area.objects.get(pk=settings.DISTRICT_CODE)
    return actions.Complaint(
        submission_key=uuid5(data["submission_key"], "\n".join(data[name] for name in ("subject", "text", "phone", "number"))),
        subject=data["subject"],
        text=data["text"],
        area=data["area"] or (plate.building.community if plate else own or district),
        phone=data["phone"],
        name=data["name"],
        doorplate=plate,
        number=data["number"],
        about=about,
    )


def show_form(request, form: ComplaintForm, *, status: int = 200):
    known = form.data if form.is_bound else form.initial
    area = Area.objects.filter(pk=known.get("area") or "").first()
    now = timezone.now()
    context = page_context(
        request,
        Viewpoint(None, request.viewpoint.elder),
        form=form,
        area=area,
        plate=plate_of(known.get("plate", ""), area),
        promised_at=sla.promise(now, kind=Kind.COMPLAINT, calendar=calendar_for(area, since=timezone.localdate(now))),
        retention_days=settings.RETENTION_DAYS,
    )
    return render(request, "helpdesk/complain.html", context, status=status)
