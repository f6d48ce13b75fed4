"""By when the resident hears from us next: working time counted on the working calendar. Pure; the moment is an argument.

The lengths are this project's own first setting, for the bureau to confirm (docs/decisions.md); no law sets them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from guides.workdays import WorkCalendar
from helpdesk.models import Escalation, HelpRequest, Kind
from menpai.templatetags.pages import day_words, said

LOCAL = ZoneInfo("Asia/Shanghai")  # one time zone for all of China
DESK_HOURS = ((time(9), time(12)), (time(13), time(17)))
WORKING_DAY = 7 * 60  # minutes of DESK_HOURS

# The first call, by what was asked for.
PROMISED_MINUTES = {
    Kind.ADVICE: 4 * 60,
    Kind.ACCOMPANY: WORKING_DAY,
    Kind.AGENT: WORKING_DAY,
    Kind.HOME: WORKING_DAY,
    Kind.VIDEO: WORKING_DAY,
    Kind.COMPLAINT: WORKING_DAY,
    Kind.REVISIT: 2 * WORKING_DAY,
}
FOLLOW_UP_MINUTES = 3 * WORKING_DAY  # once we have spoken, the next word at the latest
AFTER_VISIT_MINUTES = WORKING_DAY  # how the visit went on, said one working day after it
SOON_MINUTES = 60
DISTRICT_AFTER_MINUTES = WORKING_DAY  # overdue for so long: the district hears of it too
LONGEST_PAUSE = timedelta(days=14)


def due_at(opened: datetime, *, minutes: float, calendar: WorkCalendar) -> datetime:
    """The moment by which `minutes` of desk time have passed since `opened` (aware). Nights, lunch and days off do not count."""
    moment, left = opened.astimezone(LOCAL), timedelta(minutes=minutes)
    day = moment.date()
    while True:
        for opens, closes in _hours(day, calendar):
            start = max(moment, opens)
            if start >= closes:
                continue
            if closes - start >= left:
                return start + left
            left -= closes - start
        day += timedelta(days=1)


def counted_back(moment: datetime, *, minutes: float, calendar: WorkCalendar) -> datetime:
    """The latest moment from which `minutes` of desk time have passed until `moment`: due_at() read backwards, as a limit for many rows at once."""
    moment, left = moment.astimezone(LOCAL), timedelta(minutes=minutes)
    day = moment.date()
    while True:
        for opens, closes in reversed(list(_hours(day, calendar))):
            end = min(moment, closes)
            if end <= opens:
                continue
            if end - opens >= left:
                return end - left
            left -= end - opens
        day -= timedelta(days=1)


def desk_minutes(start: datetime, end: datetime, *, calendar: WorkCalendar) -> float:
    """Minutes of desk time from `start` until `end`, both aware; 0 when `end` is not later."""
    start, end = start.astimezone(LOCAL), end.astimezone(LOCAL)
    passed, day = timedelta(0), start.date()
    while day <= end.date():
        for opens, closes in _hours(day, calendar):
            passed += max(timedelta(0), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return passed.total_seconds() / 60


def _hours(day: date, calendar: WorkCalendar) -> Iterator[tuple[datetime, datetime]]:
    """The opening hours of one day as moments; none on a day off."""
    if calendar.is_working_day(day):
        for opens, closes in DESK_HOURS:
            yield datetime.combine(day, opens, LOCAL), datetime.combine(day, closes, LOCAL)


def promise(opened: datetime, *, kind: str, calendar: WorkCalendar) -> datetime:
    """By when we call for the first time."""
    return due_at(opened, minutes=PROMISED_MINUTES[Kind(kind)], calendar=calendar)


def renewed(now: datetime, *, visit_at: datetime | None, calendar: WorkCalendar) -> datetime:
    """By when the resident hears from us next, now that they just did: after an agreed visit that is still ahead, else in three working days."""
    if visit_at and visit_at > now:
        return due_at(visit_at, minutes=AFTER_VISIT_MINUTES, calendar=calendar)
    return due_at(now, minutes=FOLLOW_UP_MINUTES, calendar=calendar)


def late_words(late: timedelta) -> str:
    """已过 20 分钟, 已过 2 小时, 已过 3 天: how long ago a promise ran out, as one says it."""
    minutes = max(1, int(late.total_seconds() // 60))
    if minutes < 60:
        return f"已过 {minutes} 分钟"
    if minutes < 24 * 60:
        return f"已过 {minutes // 60} 小时"
    return f"已过 {minutes // (24 * 60)} 天"


class Stand(StrEnum):
    """How a promise stands."""

    ON_TIME = "ok"
    DUE_SOON = "soon"
    OVERDUE = "late"
    ESCALATED = "raised"
    PAUSED = "paused"


@dataclass(frozen=True)
class Standing:
    """A promise as it stands, in words: `words` with `more` for the desk, `told` as a sentence for the resident. `visit` is empty unless one is ahead."""

    stand: Stand
    words: str
    more: str
    told: str
    visit: str = ""

    @property
    def is_late(self) -> bool:
        return self.stand in (Stand.OVERDUE, Stand.ESCALATED)


def near(now: datetime, *, calendar: WorkCalendar) -> datetime:
    """What is promised until then comes up soon."""
    return due_at(now, minutes=SOON_MINUTES, calendar=calendar)


def standing(request: HelpRequest, now: datetime, *, calendar: WorkCalendar) -> Standing:
    """How the promise of an open request stands. `calendar` is that of its area; nothing is asked of the database."""
    return standing_with(request, now, near=near(now, calendar=calendar))


def standing_with(request: HelpRequest, now: datetime, *, near: datetime) -> Standing:
    """The same for whoever has many of one area, and counted only once what is near."""
    today = now.astimezone(LOCAL).date()
    if request.paused_at:
        return _paused(request, today)
    promised, by = request.promised_at, f"{said(request.promised_at, today)} 前"
    will = "给您回话" if request.contacted_at else "给您打电话"
    visit = said(request.visit_at, today) if request.visit_at and request.visit_at > now else ""
    if promised < now:
        late, told = late_words(now - promised), f"说好{by}{will}，到现在还没有，是我们慢了。"
        if request.escalation == Escalation.NONE:
            return Standing(Stand.OVERDUE, late, f"说好{by}", told, visit)
        whom = "区里主管" if request.escalation == Escalation.DISTRICT else "主管"
        return Standing(Stand.ESCALATED, late, f"说好{by}，报给{whom}了", f"{told}已经报给了{whom}。", visit)
    told = f"见过面以后，最晚 {by}再跟您说办得怎么样了。" if visit else f"最晚 {by}{will}。"
    if promised <= near:
        return Standing(Stand.DUE_SOON, by, "快到了", told, visit)
    return Standing(Stand.ON_TIME, by, "", told, visit)


def _paused(request: HelpRequest, today: date) -> Standing:
    reason = request.get_pause_reason_display()
    until = day_words(request.resume_on, today)
    told = f"先停一停：{reason.replace('居民', '您')}。最晚{until}接着办。您备好了、有话说，就在下面留言，我们马上接着办。"
    return Standing(Stand.PAUSED, f"停着：{reason}", f"最晚{until}接着办", told)
