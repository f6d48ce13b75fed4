"""Whose hands a request is in."""

from django.db import transaction
from django.utils import timezone

from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, move, record, staff_name
from helpdesk.models import OPEN_STATES, EventKind, HelpRequest, Message, NotificationKind, Posting, Sender, State
from helpdesk.notifications import tell_staff
from menpai.roles import Role, has_role


@transaction.atomic
def claim(*, request: HelpRequest, by) -> None:
    """Take a waiting request. One winner; the others learn who has it."""
    try:
        move(request, when={"state": State.WAITING}, to={"state": State.CLAIMED, "owner": by, "claimed_at": timezone.now()}, otherwise="")
    except NotPossible:
        request.refresh_from_db()
        raise NotPossible(_why_not_waiting(request, by)) from None
    record(request, EventKind.CLAIMED, by=by)


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
def release(*, request: HelpRequest, by) -> None:
    """Put an own request back into its queue."""
    move(request, when={"state": State.CLAIMED, "owner": by}, to={"state": State.WAITING, "owner": None, "claimed_at": None}, otherwise=OWNED_ELSEWHERE)
    record(request, EventKind.RELEASED, by=by)


@transaction.atomic
def hand_over(*, request: HelpRequest, by, to: Posting, reason: str) -> None:
    """Give an open request to a colleague by their posting; it moves to that posting's queue.

    Its owner may, and a supervisor, who also hands out waiting ones. `reason` is kept as an internal note: free text is encrypted, events are not.
    """
    if request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible(OWNED_ELSEWHERE)
    move(
        request,
        when={"state__in": OPEN_STATES, "owner": request.owner},
        to={"state": State.CLAIMED, "owner": to.user, "claimed_at": timezone.now(), "queue": to.area, "for_steward": to.is_steward},
        otherwise="这个诉求刚刚变了：有人接了，或者已经结束了。刷新看看再转。",
    )
    Message.objects.create(request=request, sender=Sender.NOTE, by=by, text=f"转给{staff_name(to.user)}：{reason}")
    record(request, EventKind.HANDED_OVER, by=by, detail=f"转给{staff_name(to.user)}")
    if to.user != by:
        tell_staff([to.user], NotificationKind.HANDED_OVER, request=request)
