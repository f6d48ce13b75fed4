"""What every verb stands on: one winner by a conditional UPDATE, and the event beside the change.

A state moves by an UPDATE whose row count decides, so that two helpers at once get one winner on every database.
"""

from django.db.models import F

from helpdesk.models import OPEN_STATES, Event, EventKind, HelpRequest, State


class NotPossible(Exception):
    """The request is not in a state for this act. The text says, in Chinese, what happened and what to do."""


def record(request: HelpRequest, kind: EventKind, *, by=None, by_name: str = "居民", detail: str = "") -> None:
    name = staff_name(by)[:60] if by else by_name
    Event.objects.create(request=request, kind=kind, by=by, by_name=name, detail=detail[:120])


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
