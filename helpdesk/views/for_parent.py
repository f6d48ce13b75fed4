"""A child asks for a parent: the parent's plate decides who helps, wherever the child is."""

from uuid import uuid5

from django.conf import settings
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from doorplates.access import find_plate
from doorplates.models import PlateState
from doorplates.scanning import PLATE_COOKIE
from guides.models import Area, Guide
from guides.viewpoint import resident, seen_from
from guides.views import page_context
from helpdesk import actions
from helpdesk.forms import TOO_MANY
from helpdesk.forms_behalf import ForParentForm
from helpdesk.matters import reading_of
from helpdesk.pages import asked_area, place_asked, promised
from helpdesk.views.follow import let_follow
from menpai import throttle


@never_cache
@resident
def for_parent(request):
    form = ForParentForm(request.POST) if request.method == "POST" else ForParentForm(initial=_prefilled(request))
    if request.method == "POST" and form.is_valid():
        attempt = throttle.Try("help", throttle.client_address(request), limit=30, minutes=60)
        try:
            stored = actions.submit(_submission(form.cleaned_data), attempt=attempt)
            return let_follow(redirect(request.viewpoint.mode("help:follow", stored.reference) + "?new=1"), stored)
        except actions.NotPossible as refusal:  # the guide changed between the look and the sending
            form.add_error("kind", str(refusal))
        except throttle.TooMany:
            form.add_error(None, TOO_MANY)
    return show_for_parent(request, form)


def show_for_parent(request, form: ForParentForm, *, status: int = 200):
    known = form.data if form.is_bound else form.initial
    guide = Guide.objects.published().filter(district=form.district, slug=known.get("guide") or "").first()
    area = Area.objects.filter(pk=known.get("area") or "").first()
    # The plate in the cookie may hang where the child lives: it is shown to compare, never filled in.
    scanned = find_plate(request.COOKIES.get(PLATE_COOKIE, ""))
    place = place_asked(form, area, None)
    viewpoint = seen_from(request, place)
    context = page_context(request, viewpoint, form=form, guide=guide, scanned=scanned, retention_days=settings.RETENTION_DAYS, **promised(form["kind"].value(), place))
    return render(request, "helpdesk/for_parent.html", context, status=status)


def _prefilled(request) -> dict:
    return {
        "guide": request.GET.get("guide", ""),
        **asked_area(request.GET.get("area", "")),
        "plate": request.GET.get("plate", "")[:40],
        "kind": request.GET.get("help", "advice"),
        "case": request.GET.get("case", "")[:200],
    }


def _submission(data: dict) -> actions.Submission:
    plate = data["plate"]
    guide = data["guide"]
    reading = reading_of(guide, data["case"]) if guide else None
    said = ("name", "phone", "principal_name", "principal_phone", "guide", "kind", "note")
    return actions.Submission(
        submission_key=uuid5(data["submission_key"], "\n".join(str(data[name]) for name in said)),
        area=plate.building.community if plate else data["area"],
        doorplate=plate if plate and plate.state == PlateState.ACTIVE else None,
        guide=guide,
        for_someone=True,
        papers=reading.checklist() if reading else (),
        case=reading.query if reading else "",
        **{name: data[name] for name in ("kind", "name", "phone", "relation", "call_time", "note", "principal_name", "principal_phone")},
    )
