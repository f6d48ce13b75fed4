"""Requests as figures: how many came, were ended with their promises kept or not, and went past a promise, by area and day. No person in them.

Complaints and call-backs are left out: in a village with two helpers a figure of complaints would be about one of them.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Case, Count, Exists, Min, OuterRef, Q, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from guides.figures import Period, below
from guides.models import DayFigure, RolledUp, What
from guides.rollup import add, lineage
from helpdesk.models import Event, EventKind, HelpRequest, State

REQUESTS = "requests"
SETTLED = timedelta(hours=3)  # a day is added up so long after its end: what was begun before midnight is stored by then
DAYS_A_RUN = 60
COUNTED = (EventKind.SUBMITTED, EventKind.LOGGED, EventKind.CLOSED, EventKind.ESCALATED)
WHATS = (What.ASKED, What.KEPT, What.BROKEN, What.LATE)


def roll_up_requests(now: datetime) -> int:
    """Add up the days that are over and not yet done, at most DAYS_A_RUN; how many days this machine has done."""
    last = timezone.localdate(now - SETTLED) - timedelta(days=1)
    through = _through() or _begin()
    if through is not None and through >= timezone.localdate(now):
        through = _take_back(through, last)
    done = 0
    while through is not None and through < last and done < DAYS_A_RUN:
        through += timedelta(days=1)
        done += _roll_up_day(through)
    return done


def _take_back(through: date, last: date) -> date | None:
    """The clock was ahead and is right again: days that are not over were added up. They are forgotten, and added up when they are; how far it is now."""
    with transaction.atomic():
        if RolledUp.objects.filter(what=REQUESTS, through=through).update(through=last):
            DayFigure.objects.filter(what__in=WHATS, day__gt=last).delete()
    return _through()


def _roll_up_day(day: date) -> bool:
    """One day in one transaction that begins with a conditional UPDATE; False when another machine did it."""
    with transaction.atomic():
        if not RolledUp.objects.filter(what=REQUESTS, through=day - timedelta(days=1)).update(through=day):
            return False
        add(DayFigure, ("area", "what", "day", "key"), "number", _figures(_events(day, day)))
    return True


def _through() -> date | None:
    return RolledUp.objects.filter(what=REQUESTS).values_list("through", flat=True).first()


def _begin() -> date | None:
    """The day before the first request of all; None while there is none."""
    first = Event.objects.filter(kind__in=COUNTED).aggregate(first=Min("at"))["first"]
    if first is None:
        return None
    RolledUp.objects.get_or_create(what=REQUESTS, defaults={"through": timezone.localdate(first) - timedelta(days=1)})
    return _through()


def _events(first: date, last: date):
    zone = timezone.get_current_timezone()
    start, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    return Event.objects.filter(kind__in=COUNTED, at__gte=start, at__lt=end, request__for_supervisor=False)


def _figures(events) -> Counter:
    """(area, what, day, key) with the areas above, of requests and not of acts: one that went past two steps on one day went past once."""
    late_before = Event.objects.filter(request=OuterRef("request"), kind=EventKind.ESCALATED, pk__lt=OuterRef("pk"))
    what = Case(
        When(kind=EventKind.ESCALATED, then=Value(str(What.LATE))),
        When(Q(kind=EventKind.CLOSED) & Exists(late_before), then=Value(str(What.BROKEN))),
        When(kind=EventKind.CLOSED, then=Value(str(What.KEPT))),
        default=Value(str(What.ASKED)),
    )
    rows = events.order_by().annotate(day=TruncDate("at"), what=what).values_list("request__area_id", "what", "day").annotate(n=Count("request", distinct=True))
    found: Counter = Counter()
    for area, name, day, n in rows:
        for code in lineage(area):
            found[code, name, day, ""] += n
    return found


def live_requests(prefixes: Iterable[str], period: Period) -> Counter:
    """Figures of the days of a period that are not added up yet: hardly more than today and yesterday."""
    through = _through()
    first = max(period.first, through + timedelta(days=1)) if through else period.first
    if first > period.last:
        return Counter()
    return _figures(_events(first, period.last).filter(below(prefixes, "request__area_id")))


def standing(prefixes: Iterable[str], now: datetime) -> Counter:
    """By (community, name): what is open at this moment, waiting, in hand, and past its promise."""
    rows = HelpRequest.objects.open().filter(below(prefixes, "area_id"), for_supervisor=False).order_by().values_list("area_id").annotate(
        waiting=Count("pk", filter=Q(state=State.WAITING)), claimed=Count("pk", filter=Q(state=State.CLAIMED)),
        late=Count("pk", filter=Q(promised_at__lt=now, paused_at=None)),
    )  # fmt: skip
    found: Counter = Counter()
    for area, *numbers in rows:
        for code in lineage(area):
            for name, n in zip(("waiting", "claimed", "over"), numbers, strict=True):
                found[code, name] += n
    return found
