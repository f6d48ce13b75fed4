"""When a helper calls back at the latest: working time counted on the working calendar. Pure; the moment is an argument.

The lengths are this project's own first setting, for the bureau to confirm (docs/decisions.md); no law sets them.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from guides.workdays import WorkCalendar
from helpdesk.models import Kind

LOCAL = ZoneInfo("Asia/Shanghai")  # one time zone for all of China
DESK_HOURS = ((time(9), time(12)), (time(13), time(17)))

PROMISED_MINUTES = {
    Kind.ADVICE: 4 * 60,
    Kind.ACCOMPANY: 7 * 60,
    Kind.AGENT: 7 * 60,
    Kind.HOME: 7 * 60,
    Kind.VIDEO: 7 * 60,
    Kind.COMPLAINT: 7 * 60,
    Kind.REVISIT: 14 * 60,
}


def due_at(opened: datetime, *, minutes: int, calendar: WorkCalendar) -> datetime:
    """The moment by which `minutes` of desk time have passed since `opened` (aware). Nights, lunch and days off do not count."""
    moment, left = opened.astimezone(LOCAL), timedelta(minutes=minutes)
    day = moment.date()
    while True:
        if calendar.is_working_day(day):
            for opens, closes in DESK_HOURS:
                start = max(moment, datetime.combine(day, opens, LOCAL))
                end = datetime.combine(day, closes, LOCAL)
                if start >= end:
                    continue
                if end - start >= left:
                    return start + left
                left -= end - start
        day += timedelta(days=1)


def promise(opened: datetime, *, kind: str, calendar: WorkCalendar) -> datetime:
    return due_at(opened, minutes=PROMISED_MINUTES[Kind(kind)], calendar=calendar)


def late_words(late: timedelta) -> str:
    """已过 20 分钟, 已过 2 小时, 已过 3 天: how long ago a promise ran out, as one says it."""
    minutes = max(1, int(late.total_seconds() // 60))
    if minutes < 60:
        return f"已过 {minutes} 分钟"
    if minutes < 24 * 60:
        return f"已过 {minutes // 60} 小时"
    return f"已过 {minutes // (24 * 60)} 天"
