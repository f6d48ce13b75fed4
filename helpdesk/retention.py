"""Personal data of ended requests is scrubbed on a timer; what remains says what was asked where and when, not by whom."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from helpdesk.models import HelpRequest, Message, Rating, State

SCRUBBED = {"name": "", "phone": "", "phone_index": "", "relation": "", "note": "", "close_text": ""}


def due_for_scrubbing(now: datetime):
    """Requests ended more than RETENTION_DAYS ago that still hold a person's data."""
    limit = now - timedelta(days=settings.RETENTION_DAYS)
    return HelpRequest.objects.filter(state__in=(State.CLOSED, State.CANCELLED), closed_at__lt=limit).exclude(phone_index="")


def scrub(now: datetime, *, batch: int = 500) -> int:
    """Empty the personal fields of up to `batch` due requests with their messages and rating texts; returns how many."""
    with transaction.atomic():
        keys = list(due_for_scrubbing(now).order_by("pk").values_list("pk", flat=True)[:batch])
        Message.objects.filter(request__in=keys).delete()
        Rating.objects.filter(request__in=keys).update(text="")
        HelpRequest.objects.filter(pk__in=keys).update(**SCRUBBED)
    return len(keys)
