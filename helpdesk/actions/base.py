"""What every verb stands on: one winner by a conditional UPDATE, and the event beside the change.

A state moves by an UPDATE whose row count decides, so that two helpers at once get one winner on every database.
"""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db.models import F
from django.utils import timezone

from guides.workdays import WorkCalendar, calendar_for
from helpdesk import sla
from helpdesk.kept import insert
from helpdesk.models import OPEN_STATES, Escalation, Event, EventKind, HelpRequest, State

NO_PAUSE = {"paused_at": None, "pause_reason": "", "minutes_left": None, "resume_on": None}


class NotPossible(Exception):
    """The request is not in a state for this act. The text says, in Chinese, what happened and what to do."""


def record(request: HelpRequest, kind: EventKind, *, by=None, by_name: str = "居民", detail: str = "") -> None:
    insert([Event(request=request, **columns_of_event(kind, by=by, by_name=by_name, detail=detail))])


def columns_of_event(kind: EventKind, *, by=None, by_name: str = "居民", detail: str = "") -> dict:
    """Of an event, but for its request and its moment."""
    return {"kind": kind, "by_id": by.pk if by else None, "by_name": staff_name(by)[:60] if by else by_name, "detail": detail[:120]}


def hold_active(user) -> None:
    """Hold the account's row for the rest of the transaction, before any request's row: whoever is being switched off (actions/leaving.py) gets nothing more
    into their hands. On SQLite the transaction has the one write lock from its beginning, so that the look alone is enough."""
    if not list(get_user_model().objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True).values_list("pk")):
        raise NotPossible(f"{staff_name(user)}的账号已经停用了。")


def staff_name(user) -> str:
    return user.get_full_name() or user.get_username()


def move(request: HelpRequest, *, when: dict, to: dict, otherwise: str) -> None:
    """Change the row only if it still is as `when` says; raise NotPossible(otherwise) if somebody was first."""
    if not HelpRequest.objects.filter(pk=request.pk, **when).update(**to):
        raise NotPossible(otherwise)
    request.refresh_from_db()


OWNED_ELSEWHERE = "这个诉求现在不在您手上，刷新看看是谁在办。"


def require_open(request: HelpRequest) -> None:
    """Lock the row for the rest of the transaction (a no-op update, which SQLite honours too) and refuse an ended request."""
    if not HelpRequest.objects.filter(pk=request.pk, state__in=OPEN_STATES).update(state=F("state")):
        raise NotPossible("这个诉求已经结束了，留言没有发出去。要接着办，先点下面的按钮重新打开。")


def require_owner(request: HelpRequest, by) -> None:
    """The same lock, and only for whom has it in hand."""
    if not HelpRequest.objects.filter(pk=request.pk, state=State.CLAIMED, owner=by).update(state=F("state")):
        raise NotPossible(OWNED_ELSEWHERE)


def require_person(request: HelpRequest) -> None:
    """The same lock, and only while the person is not scrubbed: nobody could be called any more, and what is written then would stay."""
    if not HelpRequest.objects.filter(pk=request.pk).exclude(phone_index="").update(state=F("state")):
        raise NotPossible("个人信息已经删了，这个诉求不能再用。还要办，请重新提交一个。")


# The clock of the promise. These three run inside the transaction of a verb that holds the row (by its own UPDATE, require_open or require_owner).


def calendar_of(request: HelpRequest, now: datetime) -> WorkCalendar:
    return calendar_for(request.area, since=timezone.localdate(now))


def renew(request: HelpRequest, *, spoken: bool = True) -> None:
    """The resident has just heard from us: the promise of the next word starts anew, and what was reported upwards is settled.

    A message on a page (`spoken` False) counts only after the first contact: who asked for a call and has no internet is still waiting for it.
    A pause goes on with a full promise behind it; a newly agreed visit ends it.
    """
    request.refresh_from_db()
    now = timezone.now()
    if not spoken and request.contacted_at is None:
        return
    to = {"contacted_at": request.contacted_at or now, "escalation": Escalation.NONE}
    visit_ahead = request.visit_at is not None and request.visit_at > now
    if request.paused_at and not visit_ahead:
        to |= {"minutes_left": sla.FOLLOW_UP_MINUTES}
    else:
        to |= {**NO_PAUSE, "promised_at": sla.renewed(now, visit_at=request.visit_at, calendar=calendar_of(request, now))}
    HelpRequest.objects.filter(pk=request.pk).update(**to)
    request.refresh_from_db()


def end_pause(request: HelpRequest) -> bool:
    """Let a stopped clock run on: the minutes that were left count from now. False when it was not stopped."""
    request.refresh_from_db()
    if request.paused_at is None:
        return False
    now = timezone.now()
    promised = sla.due_at(now, minutes=request.minutes_left, calendar=calendar_of(request, now))
    HelpRequest.objects.filter(pk=request.pk).update(**NO_PAUSE, promised_at=promised)
    request.refresh_from_db()
    return True
