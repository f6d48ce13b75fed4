"""What a helper does with a request in hand."""

from django.db import transaction

from helpdesk import behalf
from helpdesk.actions.base import NotPossible, record, require_owner
from helpdesk.models import EventKind, HelpRequest


@transaction.atomic
def tick_papers(*, request: HelpRequest, by, ready: set[int]) -> None:
    """Mark exactly these papers (by primary key) of an own request as ready, the others as not. Nothing changed: nothing recorded."""
    require_owner(request, by)
    if why := behalf.consent_missing(request):
        raise NotPossible(why)
    changed = request.papers.filter(pk__in=ready, ready=False).update(ready=True)
    changed += request.papers.exclude(pk__in=ready).filter(ready=True).update(ready=False)
    if changed:
        record(request, EventKind.PAPER_TICKED, by=by, detail=f"备齐 {request.papers.filter(ready=True).count()} 样")
