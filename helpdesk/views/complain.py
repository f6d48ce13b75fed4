"""投诉建议: its own form, for a supervisor, followed by number and last four digits like every request."""

from uuid import uuid5

from django.conf import settings
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from guides.models import Area, district_of
from guides.viewpoint import resident, seen_from
from guides.views import page_context
from guides.workdays import calendar_for
from helpdesk import actions, sla
from helpdesk.forms_complaint import ComplaintForm
from helpdesk.models import HelpRequest, Kind
from helpdesk.pages import asked_area, place_asked
from helpdesk.views.follow import let_follow
from helpdesk.views.resident import TOO_MANY, plate_in_cookie, plate_of
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
    asked = asked_area(request.GET.get("area", ""))
    plate = plate_in_cookie(request, asked)
    return {
        **asked,
        "area": asked["area"] or (plate.building.community_id if plate else ""),
        "plate": plate.code if plate else "",
        "number": request.GET.get("number", "")[:30],
    }


def _complaint(data: dict) -> actions.Complaint:
    """Another's number leads nowhere and tells nothing: only whose phone stands in a request lets it say where it is from."""
    plate = plate_of(data["plate"], data["area"])
    about = HelpRequest.objects.filter(reference=data["number"]).select_related("area").first() if data["number"] else None
    own = about.area if about and about.phone == data["phone"] else None
    area = data["area"] or (plate.building.community if plate else own or Area.objects.get(pk=data["district"]))
    about = about if about and district_of(about.area) == district_of(area) else None  # another district's supervisor knows nothing of it
    return actions.Complaint(
        submission_key=uuid5(data["submission_key"], "\n".join(data[name] for name in ("subject", "text", "phone", "number"))),
        subject=data["subject"],
        text=data["text"],
        area=area,
        phone=data["phone"],
        name=data["name"],
        doorplate=plate,
        number=data["number"],
        about=about,
    )


def show_form(request, form: ComplaintForm, *, status: int = 200):
    known = form.data if form.is_bound else form.initial
    area = Area.objects.filter(pk=known.get("area") or "").first()
    now, plate = timezone.now(), plate_of(known.get("plate", ""), area)
    place = place_asked(form, area, plate)
    context = page_context(
        request,
        seen_from(request, place),
        form=form,
        area=area,
        plate=plate,
        promised_at=sla.promise(now, kind=Kind.COMPLAINT, calendar=calendar_for(area or (place if form.elsewhere else None), since=timezone.localdate(now))),
        retention_days=settings.RETENTION_DAYS,
    )
    return render(request, "helpdesk/complain.html", context, status=status)
