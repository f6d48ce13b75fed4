"""When a notification may go out: pure rules of the clock. Every moment is aware; the hours of people are those of TIME_ZONE."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from helpdesk.models import NotificationKind

MERGE = timedelta(minutes=2)  # what comes within it goes out as one message
PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720))  # after the first try, the second …
MAX_TRIES = len(PAUSES) + 1
LONGEST_WAIT = timedelta(days=1)  # whatever the other side asks for
STALE = timedelta(days=3)  # only a worker that stood still for days meets such a row: nobody is to be rung up about last week
URGENT = frozenset({NotificationKind.OVERDUE, NotificationKind.NOBODY, NotificationKind.STOPPED})  # no digest, no waiting for more
AT_ONCE = URGENT | {NotificationKind.RECEIVED}


@dataclass(frozen=True)
class Hours:
    """When somebody wants to be told. The same time twice means: no quiet hours."""

    quiet_from: time = time(20)
    quiet_to: time = time(8)
    digest_at: time | None = None


USUAL = Hours()  # residents and groups: nobody's phone rings between eight in the evening and eight in the morning


def out_of_quiet(moment: datetime, hours: Hours) -> datetime:
    """The moment itself, or the end of the quiet hours that it falls into."""
    local = timezone.localtime(moment)
    start, end, clock = hours.quiet_from, hours.quiet_to, local.time()
    is_quiet = start <= clock < end if start <= end else clock >= start or clock < end
    if not is_quiet:
        return moment
    return _next(local, end)


def _next(local: datetime, clock: time) -> datetime:
    """The first moment at or after `local` at which it is `clock`."""
    today = datetime.combine(local.date(), clock, tzinfo=local.tzinfo)
    return today if today >= local else today + timedelta(days=1)


def due_at(kind: str, *, created: datetime, hours: Hours, now: datetime) -> datetime:
    """When a row that was never tried goes out. Urgent ones wait for nothing but the end of the quiet hours."""
    if kind in AT_ONCE:
        wanted = created
    elif hours.digest_at is not None:
        wanted = _next(timezone.localtime(created), hours.digest_at)
    else:
        wanted = created + MERGE
    return out_of_quiet(max(wanted, now), hours)


def pause_after(tries: int, *, asked: timedelta, chance: float) -> timedelta:
    """How long to rest after so many tries (1 and up); `chance` in 0…1 spreads it by a quarter, so that many do not come back at one moment.

    What the other side asked for (Retry-After) is kept to, up to a day.
    """
    usual = PAUSES[min(tries, len(PAUSES)) - 1]
    return max(usual, min(asked, LONGEST_WAIT)) * (1 + chance / 4)
