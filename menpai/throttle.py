"""Limits on public forms, counted where every process and machine sees them: in the database, or in Redis with the database as its stand-in."""

import hmac
import logging
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.cache import caches
from django.db import connections, router
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from menpai import metrics, tally
from menpai.models import Attempt

LIMITS = "limits"  # the alias in CACHES, where there is a Redis
IN_STEP = timedelta(minutes=1)  # by which the clocks of two machines, or the moments of two threads, may differ
AWAY = 5  # seconds during which a Redis that did not answer is not asked again by this process
_away_until = 0.0
log = logging.getLogger(__name__)


def client_address(request: HttpRequest) -> str:
    """The visitor's address. X-Real-IP is believed only when the connection comes from one of TRUSTED_PROXIES."""
    peer = request.META.get("REMOTE_ADDR", "")
    if peer in settings.TRUSTED_PROXIES:
        return request.META.get("HTTP_X_REAL_IP", peer)
    return peer


def _hashed(what: str, who: str) -> str:
    return hmac.digest(settings.SECRET_KEY.encode(), f"{what}:{who}".encode(), "sha256").hex()


def allow(what: str, who: str, *, limit: int, minutes: int) -> bool:
    """Count one try of `what` by `who`; False once more than `limit` fall into one window of `minutes`.

    The window starts with the first try. Only a keyed hash of `who` is stored. When Redis is lost, or comes back empty, counting starts
    afresh: somebody may then have at most twice as many tries in one window, and no form ever fails for it.
    """
    return Try(what, who, limit=limit, minutes=minutes).is_allowed()


class TooMany(Exception):
    """More tries than the limit allows."""


class Try:
    """One try as allow() counts it, for whoever may count it in a statement of its own work. However often it is asked for, it is counted once."""

    def __init__(self, what: str, who: str, *, limit: int, minutes: int):
        self.what, self.limit = what, limit
        self._key, self._window = _hashed(what, who), timedelta(minutes=minutes)
        self._is_allowed: bool | None = None

    def is_allowed(self) -> bool:
        if self.is_open():
            self.counted(_counted_in_database(self.values()))
        return bool(self._is_allowed)

    def is_open(self) -> bool:
        """Whether the database has still to count it. Where Redis counts, it has done so on return."""
        if self._is_allowed is None:
            count = _in_redis(lambda redis: _counted(redis, self._key, int(self._window.total_seconds())))
            if count is not None:
                self.counted(count)
        return self._is_allowed is None

    def counted(self, count: int) -> None:
        """What COUNT with the values for it returned."""
        self._is_allowed = count <= self.limit
        if not self._is_allowed:
            note_refused(self.what)

    def values(self) -> "Values":
        """For COUNT, as of this moment."""
        now = timezone.now()
        ends = now + self._window
        # A window that ends this moment is over; one that began on another machine a moment after ours is not ahead.
        return Values(self._key, ends, now + timedelta(microseconds=1), ends + IN_STEP)


def note_refused(what: str) -> None:
    """For the operator's figures: the name of the limit only, without what stands behind a colon (a row's number)."""
    name = what.partition(":")[0]
    metrics.THROTTLED.labels(name).inc()
    tally.note("throttled", name)


def forget(what: str, who: str) -> None:
    """Start counting afresh, for instance after a right answer."""
    key = _hashed(what, who)
    _in_redis(lambda redis: redis.delete(key))
    Attempt.objects.filter(key=key).delete()  # there too: it may have been counted while Redis was away


def take_back(what: str, who: str) -> None:
    """Uncount one try that turned out to be none of those that are limited."""
    key = _hashed(what, who)
    if _in_redis(lambda redis: redis.get(key) and redis.decr(key)) is None:
        Attempt.objects.filter(key=key, count__gt=0).update(count=F("count") - 1)


# One statement, so that two processes never count the same try as one, and a form waits for the database once. A window that ends much later than any
# that begins now was written while the clock was ahead: it must not lock anybody out until that day.
COUNT = """
INSERT INTO menpai_attempt (key, count, expires_at) VALUES (%(key)s, 1, %(ends)s)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN menpai_attempt.expires_at BETWEEN %(soonest)s AND %(latest)s THEN menpai_attempt.count + 1 ELSE 1 END,
  expires_at = CASE WHEN menpai_attempt.expires_at BETWEEN %(soonest)s AND %(latest)s THEN menpai_attempt.expires_at ELSE excluded.expires_at END
RETURNING count"""


class Values(NamedTuple):
    """What COUNT is given."""

    key: str
    ends: datetime
    soonest: datetime
    latest: datetime


def _counted_in_database(values: Values) -> int:
    connection = connections[router.db_for_write(Attempt)]
    key, *moments = values
    adapted = Values(key, *map(connection.ops.adapt_datetimefield_value, moments))
    with connection.cursor() as cursor:
        cursor.execute(COUNT, adapted._asdict())
        return cursor.fetchone()[0]


def _counted(redis, key: str, seconds: int) -> int:
    redis.add(key, 0, timeout=seconds)  # does nothing while the window runs
    try:
        return redis.incr(key)  # keeps the window's end
    except ValueError:  # it ended between the two
        redis.set(key, 1, timeout=seconds)
        return 1


def _in_redis(act):
    """What `act` makes of the Redis of limits; None where there is none, or it does not answer (or has just not answered)."""
    global _away_until
    if LIMITS not in settings.CACHES or time.monotonic() < _away_until:
        return None
    from redis.exceptions import RedisError  # not loaded by a site that has none

    try:
        return act(caches[LIMITS])
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer (%s); limits are counted in the database for %s seconds", type(error).__name__, AWAY)
        _away_until = time.monotonic() + AWAY
        return None
