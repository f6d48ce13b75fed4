"""退件: papers that a window, or the helper before the trip, did not accept. The request stays in hand; the guide learns."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from guides.actions import record_refusal
from guides.models import RefusalReason, RefusedAt
from helpdesk.actions.base import NotPossible, record, require_owner
from helpdesk.models import EventKind, HelpRequest, PaperState

Refused = Sequence[tuple[str, str]]  # (name of the paper, RefusalReason)


@transaction.atomic
def send_back(*, request: HelpRequest, by, refused: Refused) -> None:
    """The window did not accept these papers. Each is marked in the checklist, and told to the guide without whose it was."""
    if not refused:
        raise NotPossible("选一样被退的材料，和退的原因。")
    require_owner(request, by)
    learn(request=request, by=by, refused=refused)


def learn(*, request: HelpRequest, by, refused: Refused) -> None:
    """For the verbs that hold the request's row: what was refused goes into its checklist, its trail and its guide."""
    for name, reason in refused:
        record_refusal(guide=request.guide, material=name, reason=RefusalReason(reason), case=request.case, at=RefusedAt.WINDOW)
        state = {"state": PaperState.MISSING, "reason": ""} if reason == RefusalReason.ABSENT else {"state": PaperState.BAD, "reason": reason}
        request.papers.filter(name=name).update(checked_by=by, checked_at=timezone.now(), **state)
        record(request, EventKind.SENT_BACK, by=by, detail=f"{name}：{RefusalReason(reason).label}")
