"""Asking for help. Nothing here is ever kept by a cache."""

from urllib.parse import parse_qsl
from uuid import uuid5

from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import resolve
from django.views.decorators.cache import never_cache

from doorplates.access import find_plate
from doorplates.models import Doorplate, PlateState
from doorplates.views import PLATE_COOKIE
from guides.models import Area, Guide
from guides.reading import Reading
from guides.viewpoint import Viewpoint, resident
from guides.views import page_context
from helpdesk import actions
from helpdesk.forms import CallbackForm, FindForm, FollowForm, HelpForm
from helpdesk.models import Kind, is_reference
from helpdesk.pages import questions_of
from helpdesk.views import mine
from helpdesk.views.follow import draft_of, let_follow, show_door
from menpai import throttle

NEXT = "next"  # 长辈版: the keyboard's Enter in the middle of the questions leads on, and sends nothing
TOO_MANY = "这会儿提交得太勤了，过一会儿再试。着急的话请直接打 12345。"


ASKING = {"new": HelpForm, "callback": CallbackForm}  # by the name of their address


def _plate_of(code: str, area: Area | None) -> Doorplate | None:
    """The plate someone came from, if it is in use and in the community they ask for."""
    plate = find_plate(code) if code else None
    if plate is None or plate.state != PlateState.ACTIVE or (area and plate.building.community_id != area.pk):
        return None
    return plate


@never_cache
@resident
def new(request):
    return _ask(request, HelpForm)


@never_cache
@resident
def callback(request):
    """A phone number only, and somebody calls: the same limits, key and promise as the whole form."""
    return _ask(request, CallbackForm)


def _ask(request, form_class: type[HelpForm]):
    form = form_class(request.POST) if request.method == "POST" else form_class(initial=_prefilled(request))
    if request.method == "POST" and NEXT not in request.POST and form.is_valid():
        address = throttle.client_address(request)
        if throttle.allow("help", address, limit=30, minutes=60):
            stored = actions.submit(_submission(form.cleaned_data))
            return let_follow(redirect(request.viewpoint.mode("help:follow", stored.reference) + "?new=1"), stored)
        form.add_error(None, TOO_MANY)
    return _show_form(request, form)


def _prefilled(request) -> dict:
    """What the address and the plate cookie already know."""
    area = Area.objects.filter(pk=request.GET.get("area", "")).first()
    plate = _plate_of(request.COOKIES.get(PLATE_COOKIE, ""), area)
    return {
        "guide": request.GET.get("guide", ""),
        "area": area.pk if area else plate.building.community_id if plate else "",
        "plate": plate.code if plate else "",
        "note": request.GET.get("note", "")[:200],
        "wish": request.GET.get("wish", "")[:200].strip(),
        "kind": request.GET.get("help", "advice"),
        "case": request.GET.get("case", "")[:200],
        "enterprise": request.GET.get("enterprise") == "1",
    }


def _submission(data: dict) -> actions.Submission:
    plate = _plate_of(data["plate"], data["area"])
    area = data["area"] or (plate.building.community if plate else Area.objects.get(pk=settings.DISTRICT_CODE))
    guide = Guide.objects.whole().get(pk=data["guide"].pk) if data["guide"] else None
    reading = Reading(guide, dict(parse_qsl(data["case"]))) if guide else None
    return actions.Submission(
        # The same form sent twice is one request; sent again with a corrected phone it is a new one, and nothing is dropped.
        submission_key=uuid5(data["submission_key"], "\n".join(str(data[name]) for name in ("name", "phone", "guide", "kind", "note", "wish"))),
        kind=data["kind"],
        area=area,
        name=data["name"],
        phone=data["phone"],
        guide=guide,
        doorplate=plate,
        for_someone=data["for_someone"],
        relation=data["relation"],
        call_time=data["call_time"],
        note=data["note"],
        wish=data["wish"],
        for_enterprise=data["enterprise"],
        papers=reading.checklist() if reading else (),
        case=reading.query if reading else "",
    )


def _show_form(request, form: HelpForm, *, status: int = 200):
    elder, known = request.viewpoint.elder, form.data if form.is_bound else form.initial
    area = Area.objects.filter(pk=known.get("area") or "").first()
    guide = Guide.objects.published().filter(slug=known.get("guide") or "").first()
    by_video = "kind" in form.fields and form["kind"].value() == Kind.VIDEO
    context = page_context(
        request,
        Viewpoint(None, elder),
        form=form,
        plate=_plate_of(known.get("plate", ""), area),
        area=area,
        guide=guide,
        by_steward=guide.is_for_enterprise if guide else form.fields["enterprise"].to_python(form["enterprise"].value()),
        by_video=by_video,
        retention_days=settings.RETENTION_DAYS,
    )
    if isinstance(form, CallbackForm):
        return render(request, "helpdesk/callback.html", context, status=status)
    if not elder:
        return render(request, "helpdesk/new.html", context, status=status)
    context["questions"] = questions_of(form, knows_area=area is not None, by_video=by_video, is_early=NEXT in request.POST)
    return render(request, "helpdesk/new_elder.html", context, status=status)


@never_cache
@resident
def find(request):
    form = FindForm(request.GET or None)
    if form.is_bound and form.is_valid():
        reference = form.cleaned_data["reference"]
        if is_reference(reference):
            return redirect(request.viewpoint.mode("help:follow", reference))
        form.add_error("reference", "编号不对，是9个数字。再看一遍，或者打 12345 问。")
    return render(request, "helpdesk/find.html", page_context(request, request.viewpoint, form=form))


@never_cache
@resident
def complain(request):
    return render(request, "helpdesk/complain.html", page_context(request, request.viewpoint))


@resident
def csrf_failure(request, reason=""):
    """A form that was open too long. What was typed for a helper comes back with a fresh token; others are asked to go back once."""
    request.viewpoint = Viewpoint(None, request.path.startswith("/elder/"))
    name = resolve(request.path).url_name
    if name in ASKING:
        form = ASKING[name](request.POST)
        form.is_valid()
        form.add_error(None, "这一页放得太久了。您填的都在，请再点一次提交。")
        return _show_form(request, form, status=403)
    if name == "follow":
        return show_door(request, resolve(request.path).kwargs["reference"], FollowForm(initial=draft_of(request)), status=403)
    if name == "mine":
        return mine.show_stale(request, resolve(request.path).kwargs["reference"])
    return render(request, "csrf.html", page_context(request, request.viewpoint), status=403)
