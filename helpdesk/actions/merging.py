"""Two requests that are one matter become one; the resident loses neither number nor words."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from helpdesk import attachments
from helpdesk.access import visible_requests
from helpdesk.actions.base import NO_PAUSE, NotPossible, end_pause, move, record, staff_name
from helpdesk.actions.ending import back_to_queue
from helpdesk.actions.mandates import end_mandates
from helpdesk.actions.visits import drop_visit
from helpdesk.duplicates import similar_to
from helpdesk.models import OPEN_STATES, CloseReason, EventKind, HelpRequest, State
from menpai.roles import Role, has_role

CHANGED = "这两个诉求刚刚变了，现在并不了。刷新看看。"


@transaction.atomic
def merge(*, request: HelpRequest, other: HelpRequest, by) -> HelpRequest:
    """Close the younger of two open requests as a duplicate of the older; returns the older, which goes on.

    For who has one of them in hand while nobody else has the other, and for a supervisor. Messages stay where they were written. If the
    younger was to be answered sooner, so is now the older; and who asks again has answered: a pause ends.
    """
    older, younger = sorted((request, other), key=lambda row: (row.created_at, row.pk))
    for row in sorted((older, younger), key=lambda row: row.pk):  # always in the same order: two who merge at once wait, and never for each other
        HelpRequest.objects.filter(pk=row.pk).update(state=F("state"))
        row.refresh_from_db()
    if not similar_to(request, visible_requests(by)).filter(pk=other.pk).exists():
        raise NotPossible(CHANGED)
    _require_hands(older, younger, by)
    if younger.visit_at and younger.visit_at > timezone.now():
        raise NotPossible("晚来的那个已经约好了时间。先按约定见面，或者取消约定，再并。")
    move(
        younger,
        when={"state__in": OPEN_STATES},
        to={"state": State.CLOSED, "close_reason": CloseReason.DUPLICATE, "merged_into": older, "closed_at": timezone.now(), **NO_PAUSE},
        otherwise=CHANGED,
    )
    drop_visit(younger, by=by)  # one whose time has passed and that nobody ended
    end_mandates(younger, by=by)
    attachments.shorten(younger)
    end_pause(older)
    sooner = {"promised_at": younger.promised_at, "escalation": younger.escalation}
    HelpRequest.objects.filter(pk=older.pk, promised_at__gt=younger.promised_at).update(**sooner)
    older.refresh_from_db()
    record(younger, EventKind.MERGED, by=by, detail=f"并到了{older.spoken_reference}")
    record(older, EventKind.MERGED, by=by, detail=f"{younger.spoken_reference}并进来了")
    return older


def _require_hands(older: HelpRequest, younger: HelpRequest, by) -> None:
    if has_role(by, Role.SUPERVISOR):
        return
    for row in (older, younger):
        if row.owner_id not in (None, by.pk):
            raise NotPossible(f"{row.spoken_reference}在{staff_name(row.owner)}手上，先请他转给您，再并。")
    if by.pk not in (older.owner_id, younger.owner_id):
        raise NotPossible("先领取其中一个，再并。")


@transaction.atomic
def split(*, request: HelpRequest, by) -> None:
    """Undo a merge: the younger waits again as a request of its own. Whoever sees it may; the resident does it by reopening."""
    older = request.merged_into
    back_to_queue(request, when={"state": State.CLOSED, "merged_into__isnull": False}, also={}, otherwise="已经拆开了，刷新看看。")
    record(request, EventKind.MERGED, by=by, detail="又拆开了，不是同一件")
    record(older, EventKind.MERGED, by=by, detail=f"又和{request.spoken_reference}拆开了")
