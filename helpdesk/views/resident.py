"""Asking for help. Nothing here is ever kept by a cache."""

from uuid import uuid5

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import resolve
from django.views.decorators.cache import never_cache

from doorplates.access import find_plate
from doorplates.models import Doorplate, PlateState
from doorplates.scanning import PLATE_COOKIE
from doorplates.views_report import show_report
from guides.access import get_public_guide
from guides.forms_wrong import WrongForm
from guides.models import Area, Guide, district_of, is_correction_code
from guides.viewpoint import resident, seen_from, viewpoint_at
from guides.views import page_context
from guides.views_wrong import show_form as show_wrong
from helpdesk import actions
from helpdesk.forms import TOO_MANY, CallbackForm, FindForm, FollowForm, HelpForm
from helpdesk.forms_behalf import ForParentForm
from helpdesk.matters import reading_of
from helpdesk.models import Kind, is_reference
from helpdesk.pages import asked_area, place_asked, promised, questions_of
from helpdesk.views import mine
from helpdesk.views.follow import draft_of, let_follow, show_door
from helpdesk.views.for_parent import show_for_parent
from menpai import throttle

STALE = "这一页放得太久了。您填的都在，请再点一次提交。"
NEXT = "next"  # 长辈版: the keyboard's Enter in the middle of the questions leads on, and sends nothing

ASKING = {"new": HelpForm, "callback": CallbackForm}  # by the name of their address


def plate_of(code: str, area: Area | None) -> Doorplate | None:
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
        attempt = throttle.Try("help", throttle.client_address(request), limit=30, minutes=60)
        try:
            stored = actions.submit(_submission(form.cleaned_data), attempt=attempt)
            return let_follow(HttpResponseRedirect(request.viewpoint.mode("help:follow", stored.reference) + "?new=1"), stored)
        except actions.NotPossible as refusal:  # the guide changed between the look and the sending
            form.add_error(None, str(refusal))
        except throttle.TooMany:
            form.add_error(None, TOO_MANY)
    return _show_form(request, form)


def _prefilled(request) -> dict:
    """What the address and the plate cookie already know."""
    asked = asked_area(request.GET.get("area", ""))
    plate = plate_in_cookie(request, asked)
    return {
        "guide": request.GET.get("guide", ""),
        **asked,
        "area": asked["area"] or (plate.building.community_id if plate else ""),
        "plate": plate.code if plate else "",
        "note": request.GET.get("note", "")[:200],
        "wish": request.GET.get("wish", "")[:200].strip(),
        "kind": request.GET.get("help", "advice"),
        "case": request.GET.get("case", "")[:200],
        "enterprise": request.GET.get("enterprise") == "1",
    }


def plate_in_cookie(request, asked: dict) -> Doorplate | None:
    """The plate that was scanned, unless the address speaks of another village or of another district."""
    plate = plate_of(request.COOKIES.get(PLATE_COOKIE, ""), Area.objects.filter(pk=asked["area"]).first())
    is_elsewhere = plate and request.GET.get("area") and district_of(plate.building.community) != asked["district"]
    return None if is_elsewhere else plate


def _submission(data: dict) -> actions.Submission:
    plate = plate_of(data["plate"], data["area"])
    area = data["area"] or (plate.building.community if plate else Area.objects.get(pk=data["district"]))
    guide = data["guide"]
    reading = reading_of(guide, data["case"]) if guide else None
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
    guide = Guide.objects.published().filter(district=form.district, slug=known.get("guide") or "").first()
    kind = form["kind"].value() if "kind" in form.fields else Kind.ADVICE
    by_video, plate = kind == Kind.VIDEO, plate_of(known.get("plate", ""), area)
    place = place_asked(form, area, plate)
    context = page_context(
        request,
        seen_from(request, place),
        form=form,
        plate=plate,
        area=area,
        guide=guide,
        by_steward=guide.is_for_enterprise if guide else form.fields["enterprise"].to_python(form["enterprise"].value()),
        by_video=by_video,
        retention_days=settings.RETENTION_DAYS,
        **promised(kind, place),
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
    form = FindForm(request.GET if "reference" in request.GET else None)
    viewpoint = seen_from(request, Area.objects.filter(pk=request.GET["area"]).first() if request.GET.get("area") else None)
    if form.is_bound and form.is_valid():
        reference = form.cleaned_data["reference"]
        if is_reference(reference):
            return redirect(request.viewpoint.mode("help:follow", reference))
        if is_correction_code(reference):  # the number for an answer to “这里写错了” is kept on the same slip of paper
            return redirect(request.viewpoint.page("wrong-answer", reference))
        form.add_error("reference", "编号不对，是9个数字。再看一遍，或者打 12345 问。")
    return render(request, "helpdesk/find.html", page_context(request, viewpoint, form=form))


@resident
def csrf_failure(request, reason=""):
    """A form that was open too long. What was typed for a helper comes back with a fresh token; others are asked to go back once."""
    request.viewpoint = viewpoint_at(request.path)
    name = resolve(request.path).url_name
    if name in ASKING:
        return _show_form(request, _too_old(ASKING[name](request.POST)), status=403)
    if name == "for-parent":
        return show_for_parent(request, _too_old(ForParentForm(request.POST)), status=403)
    if name == "follow":
        return show_door(request, resolve(request.path).kwargs["reference"], FollowForm(initial=draft_of(request)), status=403)
    if name == "wrong":
        return show_wrong(request, get_public_guide(resolve(request.path).kwargs["slug"], request.viewpoint.district), _too_old(WrongForm(request.POST)), status=403)
    if name == "complain":
        from helpdesk.views.complain import ComplaintForm, show_form  # it stands on this module

        return show_form(request, _too_old(ComplaintForm(request.POST)), status=403)
    if name == "report" and (plate := find_plate(resolve(request.path).kwargs["code"])):
        return show_report(request, plate, problem="这一页放得太久了，请再点一次。", status=403)
    if name == "mine":
        return mine.show_stale(request, resolve(request.path).kwargs["reference"])
    return render(request, "csrf.html", page_context(request, request.viewpoint), status=403)


def _too_old(form):
    form.is_valid()
    form.add_error(None, "这一页放得太久了。您填的都在，请再点一次提交。")
    return form
