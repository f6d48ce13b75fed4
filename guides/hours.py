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


def timetable(hours: Iterable[OfficeHours], day: date) -> str:
    """周一到周五 9:00到12:00、13:00到17:00，周六、周日不开门: an ordinary week of the season that `day` is in."""
    slots = sorted((s for s in hours if in_season(s, day)), key=lambda s: (s.weekdays, s.opens))
    groups: dict[str, list[str]] = {}
    for slot in slots:
        groups.setdefault("".join(sorted(set(slot.weekdays))), []).append(f"{_clock(slot.opens)}到{_clock(slot.closes)}")
    lines = [f"{_days_in_words(days)} {'、'.join(times)}" for days, times in groups.items()]
    closed = "".join(n for n in "1234567" if all(n not in days for days in groups))
    return "，".join([*lines, f"{_days_in_words(closed)}不开门"] if closed else lines)


def _clock(moment: time) -> str:
    return f"{moment.hour}:{moment.minute:02d}"


def _days_in_words(days: str) -> str:
    """周一到周五 for three days and more in a row, else 周六、周日."""
    names = ["周" + "一二三四五六日"[int(n) - 1] for n in days]
    if len(days) > 2 and days in "1234567":
        return f"{names[0]}到{names[-1]}"
    return "、".join(names)
