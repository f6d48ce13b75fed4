"""What a helper does with a request in hand."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from helpdesk.actions.base import OWNED_ELSEWHERE, move, record
from helpdesk.models import EventKind, HelpRequest, State


@transaction.atomic
def set_visit(*, request: HelpRequest, by, at: datetime) -> None:
    """Agree on a time to come or to meet. The resident sees it."""
    move(request, when={"state": State.CLAIMED, "owner": by}, to={"visit_at": at}, otherwise=OWNED_ELSEWHERE)
    record(request, EventKind.VISIT_SET, by=by, detail=f"{timezone.localtime(at):%m月%d日 %H:%M}")
