"""An appointment is agreed on, moved, kept, missed or called off. HelpRequest.visit_at says when, as long as one is to come."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from helpdesk import behalf, visits
from helpdesk.actions.base import NotPossible, record, renew, require_owner, staff_name
from helpdesk.models import EventKind, HelpRequest, Message, NotificationKind, Sender, Visit, VisitPlace, VisitState
from helpdesk.models.visit import new_code
from helpdesk.notifications import tell_resident, tell_staff

NO_VISIT = "现在没有约好的时间，不用再改。"
TOO_EARLY = "还没到约的那天。时间变了就改约，不去了就取消。"
ENDS = {VisitState.DONE: EventKind.VISITED, VisitState.MISSED: EventKind.VISIT_MISSED}


@transaction.atomic
def agree_visit(*, request: HelpRequest, by, at: datetime, place: VisitPlace = VisitPlace.HOME, where: str = "", link: str = "") -> Visit:
    """Agree on when and where to meet, or change what was agreed: one row stays planned, with its code. The resident is told.

    `link` is for VIDEO and must be https. The same again changes nothing and tells nobody.
    """
    require_owner(request, by)
    if why := visits.refusal(at, timezone.now()) or (place == VisitPlace.HOME and behalf.consent_missing(request)):
        raise NotPossible(why)
    link = link if place == VisitPlace.VIDEO else ""
    if link and not link.startswith("https://"):
        raise NotPossible("视频链接要以 https:// 开头。")
    agreed = {"at": at, "place": place, "where": where, "link": link}
    visit = visits.planned(request)
    if visit and all(getattr(visit, name) == value for name, value in agreed.items()):
        return visit
    if visit is None:
        visit = Visit(request=request, helper=by)
    for name, value in agreed.items():
        setattr(visit, name, value)
    visit.save()
    _keep_in_step(request, at)
    renew(request)
    record(request, EventKind.VISIT_SET, by=by, detail=f"{_moment(at)}，{VisitPlace(place).label}")
    tell_resident(request, NotificationKind.VISIT)
    return visit


@transaction.atomic
def end_visit(*, request: HelpRequest, by, state: VisitState, result: str, next_step: str) -> None:
    """DONE or MISSED, on the day or later. 代办 at a window is done only under a mandate of that day."""
    require_owner(request, by)
    visit = visits.planned(request)
    if visit is None:
        raise NotPossible(NO_VISIT)
    day = timezone.localdate(visit.at)
    if day > timezone.localdate():
        raise NotPossible(TOO_EARLY)
    if state == VisitState.DONE and visit.place == VisitPlace.WINDOW and (why := behalf.mandate_missing(request, day)):
        raise NotPossible(why)
    _end(request, visit, state, result=result, next_step=next_step)
    if state == VisitState.DONE:
        renew(request)
    record(request, ENDS[state], by=by, detail=visit.get_place_display())


@transaction.atomic
def cancel_visit(*, request: HelpRequest, by=None, reason: str = "") -> None:
    """Called off by its helper, who writes the resident why, or by the resident (`by` None), whose helper is told."""
    if by:
        require_owner(request, by)
    else:
        _lock(request)
    visit = visits.planned(request)
    if visit is None:
        raise NotPossible(NO_VISIT)
    _end(request, visit, VisitState.CANCELLED)
    text = f"约好的{_moment(visit.at)}取消了。{reason}"
    Message.objects.create(request=request, sender=Sender.STAFF if by else Sender.RESIDENT, by=by, text=text)
    record(request, EventKind.VISIT_CANCELLED, by=by, detail=_moment(visit.at))
    if by:
        tell_resident(request, NotificationKind.STAFF_WROTE)
    else:
        tell_staff([visit.helper], NotificationKind.RESIDENT_WROTE, request=request)


@transaction.atomic
def renew_code(*, request: HelpRequest, by) -> None:
    """The printed route was lost: other digits, and the resident hears of it. Told, not sent: the digits stand on the follow page only."""
    require_owner(request, by)
    visit = visits.planned(request)
    if visit is None:
        raise NotPossible(NO_VISIT)
    visit.code = _another_code(visit.code)
    visit.save(update_fields=["code"])
    _say(request, "对暗号的四个数字换了，用这一页上新的。")
    record(request, EventKind.VISIT_SET, by=by, detail="四个数字换了")
    tell_resident(request, NotificationKind.VISIT)


def pass_on_visit(request: HelpRequest, *, to, by) -> None:
    """Inside the transaction that gives the request to another: they go, with a new code, and the resident is told. Without an appointment: nothing."""
    visit = visits.planned(request)
    if visit is None or visit.helper_id == to.pk:
        return
    visit.helper, visit.code = to, _another_code(visit.code)
    visit.save(update_fields=["helper", "code"])
    _say(request, f"约好的{_moment(visit.at)}，来的人换成{staff_name(to)}。对暗号的四个数字也换了，用这一页上新的。")
    record(request, EventKind.VISIT_SET, by=by, detail=f"换成{staff_name(to)}，四个数字也换了")
    tell_resident(request, NotificationKind.VISIT)


def drop_visit(request: HelpRequest, *, by=None, say: str = "") -> None:
    """Inside the transaction that ends a request or gives it back: nobody comes. `say` is written to the resident. Without an appointment: nothing."""
    visit = visits.planned(request)
    if visit is None:
        return
    _end(request, visit, VisitState.CANCELLED)
    record(request, EventKind.VISIT_CANCELLED, by=by, detail=_moment(visit.at))
    if say:
        _say(request, f"约好的{_moment(visit.at)}取消了。{say}")
        tell_resident(request, NotificationKind.STAFF_WROTE)


def _end(request: HelpRequest, visit: Visit, state: VisitState, **words: str) -> None:
    """One winner: the conditional UPDATE decides, whoever looked before."""
    if not Visit.objects.filter(pk=visit.pk, state=VisitState.PLANNED).update(state=state, ended_at=timezone.now(), **words):
        raise NotPossible(NO_VISIT)
    _keep_in_step(request, None)


def _keep_in_step(request: HelpRequest, at: datetime | None) -> None:
    HelpRequest.objects.filter(pk=request.pk).update(visit_at=at)
    request.visit_at = at


def _lock(request: HelpRequest) -> None:
    HelpRequest.objects.filter(pk=request.pk).update(state=F("state"))


def _say(request: HelpRequest, text: str) -> None:
    """By nobody: what the system writes answers no question of the resident."""
    Message.objects.create(request=request, sender=Sender.STAFF, text=text)


def _another_code(code: str) -> str:
    while (fresh := new_code()) == code:
        pass
    return fresh


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%m月%d日 %H:%M}"
