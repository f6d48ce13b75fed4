"""What a helper does with a request in hand."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from helpdesk.actions.base import OWNED_ELSEWHERE, move, record, require_owner
from helpdesk.models import EventKind, HelpRequest, NotificationKind, State
from helpdesk.notifications import tell_resident


@transaction.atomic
def set_visit(*, request: HelpRequest, by, at: datetime) -> None:
    """Agree on a time to come or to meet. The resident sees it."""
    move(request, when={"state": State.CLAIMED, "owner": by}, to={"visit_at": at}, otherwise=OWNED_ELSEWHERE)
    record(request, EventKind.VISIT_SET, by=by, detail=f"{timezone.localtime(at):%m月%d日 %H:%M}")
    tell_resident(request, NotificationKind.VISIT)


@transaction.atomic
def tick_papers(*, request: HelpRequest, by, ready: set[int]) -> None:
    """Mark exactly these papers (by primary key) of an own request as ready, the others as not. Nothing changed: nothing recorded."""
    require_owner(request, by)
    changed = request.papers.filter(pk__in=ready, ready=False).update(ready=True)
    changed += request.papers.exclude(pk__in=ready).filter(ready=True).update(ready=False)
    if changed:
        record(request, EventKind.PAPER_TICKED, by=by, detail=f"备齐 {request.papers.filter(ready=True).count()} 样")
