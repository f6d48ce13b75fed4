"""Limits on public forms, counted in the database so that they hold across processes and machines."""

import hmac
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from menpai import metrics, tally
from menpai.models import Attempt


def client_address(request: HttpRequest) -> str:
    """The visitor's address. X-Real-IP is believed only when the connection comes from one of TRUSTED_PROXIES."""
    peer = request.META.get("REMOTE_ADDR", "")
    if peer in settings.TRUSTED_PROXIES:
        return request.headers.get("X-Real-IP", peer)
    return peer


def _hashed(what: str, who: str) -> str:
    return hmac.digest(settings.SECRET_KEY.encode(), f"{what}:{who}".encode(), "sha256").hex()


def allow(what: str, who: str, *, limit: int, minutes: int) -> bool:
    """Count one try of `what` by `who`; False once more than `limit` fall into one window of `minutes`.

    The window starts with the first try. Only a keyed hash of `who` is stored.
    """
    key, now = _hashed(what, who), timezone.now()
    with transaction.atomic():
        Attempt.objects.filter(key=key, expires_at__lte=now).delete()
        Attempt.objects.get_or_create(key=key, defaults={"expires_at": now + timedelta(minutes=minutes)})
        Attempt.objects.filter(key=key).update(count=F("count") + 1)
        is_allowed = Attempt.objects.values_list("count", flat=True).get(key=key) <= limit
    if not is_allowed:
        note_refused(what)
    return is_allowed


def note_refused(what: str) -> None:
    """For the operator's figures: the name of the limit only, without what stands behind a colon (a row's number)."""
    name = what.partition(":")[0]
    metrics.THROTTLED.labels(name).inc()
    tally.note("throttled", name)


def forget(what: str, who: str) -> None:
    """Start counting afresh, for instance after a right answer."""
    Attempt.objects.filter(key=_hashed(what, who)).delete()
