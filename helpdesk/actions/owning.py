"""Whose hands a request is in."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from helpdesk.access import waiting_for
from helpdesk.actions.alarms import alarm_if_nobody
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, end_pause, hold_active, move, record, require_owner, staff_name
from helpdesk.actions.visits import drop_visit, pass_on_visit
from helpdesk.coverage import board_for
from helpdesk.line import one_at_a_time
from helpdesk.models import OPEN_STATES, EventKind, HelpRequest, Message, NotificationKind, Posting, Sender, State
from helpdesk.notifications import tell_staff
from menpai.roles import Role, has_role


def claim(*, request: HelpRequest, by) -> None:
    """Take a waiting request. One winner; the others learn who has it."""
    # A look without any lock first: who comes too late must not stand in line for the one write lock of SQLite.
    was_waiting = HelpRequest.objects.filter(pk=request.pk, state=State.WAITING).exists()
    now = timezone.now()
    if was_waiting and _take(request.pk, by, now):
        request.state, request.owner, request.claimed_at = State.CLAIMED, by, now
        return
    request.refresh_from_db(fields=["state", "owner", "claimed_at"])
    raise NotPossible(_why_not_waiting(request, by))


def _take(key: int, by, now: datetime) -> bool:
    """The conditional UPDATE decides, and its event stands beside it. False when somebody was first. Short, for others wait."""
    with one_at_a_time(), transaction.atomic():
        hold_active(by)
        if not HelpRequest.objects.filter(pk=key, state=State.WAITING).update(state=State.CLAIMED, owner=by, claimed_at=now):
            return False
        record(HelpRequest(pk=key), EventKind.CLAIMED, by=by)
        return True


def claim_next(*, by) -> HelpRequest | None:
    """Take the oldest promise that waits in one's own queues; None when nothing waits. Who loses a race for a row gets the next one."""
    # Rows that somebody is just taking are passed over, so that a crowd does not queue up for one row. Only if nothing else is left, they are waited for.
    for passes_over in (True, False):
        while (first := _take_first(by, passes_over=passes_over)) is not None:
            key, is_mine = first
            if is_mine:
                return HelpRequest.objects.get(pk=key)
    return None


def _take_first(by, *, passes_over: bool) -> tuple[int, bool] | None:
    """The key of the first waiting request, and whether it could be taken; None when there is none. On SQLite nobody comes in between."""
    with one_at_a_time(), transaction.atomic():
        rows = waiting_for(by).only("pk")
        first = (rows.select_for_update(skip_locked=True, of=("self",)) if passes_over else rows).first()
        return (first.pk, _take(first.pk, by, timezone.now())) if first else None


def _why_not_waiting(request: HelpRequest, by) -> str:
    if request.state == State.CANCELLED:
        return "这个诉求居民已经取消了，不用办了。"
    if request.state == State.CLOSED:
        return "这个诉求已经办结了。"
    if request.owner_id == by.pk:
        return "您已经领取了，接着办就行。"
    if request.owner is None:  # given back between the failed UPDATE and this look
        return "刚才有人领了又放回来了，您再点一次“领取”就行。"
    return f"{staff_name(request.owner)}刚刚领取了，您不用再办，看看下一个吧。"


@transaction.atomic
def release(*, request: HelpRequest, by, reason: str = "") -> None:
    """Put an own request back into its queue. What is said about why is kept as an internal note."""
    require_owner(request, by)
    put_back(request=request, owner=by, by=by, reason=reason)


def put_back(*, request: HelpRequest, owner, by, reason: str) -> None:
    """Inside a transaction: what `owner` has in hand waits again, with the time it was promised; for the verbs that have made sure that `by` may."""
    end_pause(request)
    to = {"state": State.WAITING, "owner": None, "claimed_at": None, "alarmed_at": None}
    move(request, when={"state": State.CLAIMED, "owner": owner}, to=to, otherwise=OWNED_ELSEWHERE)
    if reason:
        Message.objects.create(request=request, sender=Sender.NOTE, by=by, text=f"放回队列：{reason}")
    drop_visit(request, by=by, say="换人接着办，接的人再跟您约。")
    record(request, EventKind.RELEASED, by=by)
    alarm_if_nobody(request, board_for([request.area_id]))


@transaction.atomic
def hand_over(*, request: HelpRequest, by, to: Posting, reason: str) -> None:
    """Give an open request to a colleague by their posting; it moves to that posting's queue.

    Its owner may, and a supervisor, who also hands out waiting ones. `reason` is kept as an internal note: free text is encrypted, events are not.
    """
    if request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible(OWNED_ELSEWHERE)
    pass_on(request=request, by=by, to=to, reason=reason)


def pass_on(*, request: HelpRequest, by, to: Posting, reason: str) -> None:
    """Inside a transaction: the handing over itself, for the verbs that have made sure that `by` may."""
    hold_active(to.user)
    if request.for_supervisor and not has_role(to.user, Role.SUPERVISOR):
        raise NotPossible("投诉和回访只能转给主管。")
    move(
        request,
        when={"state__in": OPEN_STATES, "owner": request.owner},
        to={"state": State.CLAIMED, "owner": to.user, "claimed_at": timezone.now(), "queue": to.area, "for_steward": to.is_steward},
        otherwise="这个诉求刚刚变了：有人接了，或者已经结束了。刷新看看再转。",
    )
    end_pause(request)
    Message.objects.create(request=request, sender=Sender.NOTE, by=by, text=f"转给{staff_name(to.user)}：{reason}")
    pass_on_visit(request, to=to.user, by=by)
    record(request, EventKind.HANDED_OVER, by=by, detail=f"转给{staff_name(to.user)}")
    if to.user != by:
        tell_staff([to.user], NotificationKind.HANDED_OVER, request=request)
