"""Limits on public forms, counted in the database so that they hold across processes and machines."""

import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections, router
from django.http import HttpRequest
from django.utils import timezone

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
    return _count(_hashed(what, who), timezone.now(), timedelta(minutes=minutes)) <= limit


# One statement, so that two processes never count the same try as one, and a form waits for the database once. A window that ends later than any
# that begins now was written while the clock was ahead: it must not lock anybody out until that day.
COUNT = """
INSERT INTO menpai_attempt (key, count, expires_at) VALUES (%(key)s, 1, %(ends)s)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN menpai_attempt.expires_at BETWEEN %(next)s AND %(ends)s THEN menpai_attempt.count + 1 ELSE 1 END,
  expires_at = CASE WHEN menpai_attempt.expires_at BETWEEN %(next)s AND %(ends)s THEN menpai_attempt.expires_at ELSE excluded.expires_at END
RETURNING count"""


def _count(key: str, now: datetime, window: timedelta) -> int:
    connection = connections[router.db_for_write(Attempt)]
    first, ends = now + timedelta(microseconds=1), now + window  # a window that ends this moment is over
    moments = {name: connection.ops.adapt_datetimefield_value(moment) for name, moment in (("next", first), ("ends", ends))}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, **moments})
        return cursor.fetchone()[0]


def forget(what: str, who: str) -> None:
    """Start counting afresh, for instance after a right answer."""
    Attempt.objects.filter(key=_hashed(what, who)).delete()
