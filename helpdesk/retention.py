"""Personal data of ended requests is scrubbed on a timer; what remains says what was asked where and when, not by whom."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from guides import misses
from guides.models import SearchMiss
from helpdesk.models import HelpRequest, Message, Paper, Rating, State

SCRUBBED = {"name": "", "phone": "", "phone_index": "", "relation": "", "note": "", "close_text": "", "wish": None}


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
        Paper.objects.filter(request__in=keys).update(remark="")
        HelpRequest.objects.filter(pk__in=keys).update(**SCRUBBED)
    return len(keys)


def outdated_misses(today: date):
    """Searches without a result whose time is over. One that somebody still waits to hear of stays as long as that request is not scrubbed."""
    return misses.outdated(today, keep=HelpRequest.objects.filter(wish__isnull=False).values("wish"))


def scrub_misses(today: date) -> int:
    """Delete them; how many."""
    return outdated_misses(today).delete()[1].get(SearchMiss._meta.label, 0)
