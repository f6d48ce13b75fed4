"""Is it open now, and when next. Pure: office hours, calendar and the moment come as arguments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from guides.models import OfficeHours
from guides.workdays import WorkCalendar

LOOK_AHEAD_DAYS = 30


@dataclass(frozen=True)
class Opening:
    """The state of an office at one moment. `until` is when it closes, `opens_at` when it opens next (None: not within 30 days)."""

    is_open: bool
    until: datetime | None
    opens_at: datetime | None
    reason: str  # why it is closed today; empty on an ordinary working day


def in_season(slot: OfficeHours, day: date) -> bool:
    """Seasons may run over the turn of the year, such as 10-01 to 04-30."""
    now = f"{day:%m-%d}"
    if slot.season_from <= slot.season_to:
        return slot.season_from <= now <= slot.season_to
    return now >= slot.season_from or now <= slot.season_to


def slots_on(day: date, hours: Iterable[OfficeHours], calendar: WorkCalendar) -> list[tuple[time, time]]:
    """Opening slots of one day, earliest first.

    A make-up working weekend (调休) runs like a Monday. A weekend slot holds on a plain weekend, not on a public holiday.
    """
    if calendar.is_working_day(day):
        weekday = day.isoweekday() if day.isoweekday() <= 5 else 1
    elif calendar.is_holiday(day):
        return []
    else:
        weekday = day.isoweekday()
    return sorted((s.opens, s.closes) for s in hours if str(weekday) in s.weekdays and in_season(s, day))


def opening_at(moment: datetime, hours: Iterable[OfficeHours], calendar: WorkCalendar) -> Opening:
    """`moment` must be aware and in local time."""
    hours, zone, today = list(hours), moment.tzinfo, moment.date()
    for ahead in range(LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        for opens, closes in slots_on(day, hours, calendar):
            start, end = datetime.combine(day, opens, zone), datetime.combine(day, closes, zone)
            if start <= moment < end:
                return Opening(True, end, None, "")
            if moment < start:
                return Opening(False, None, start, calendar.reason_closed(today))
    return Opening(False, None, None, calendar.reason_closed(today))
