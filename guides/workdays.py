"""Which days people work: national holidays and 调休 from the `holidays` library, overridden by the special days staff enter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache
from itertools import chain

import holidays
from django.db.models import Q

from guides.models.district import district_code_of, own_district
from guides.models.places import Area, SpecialDay


@cache
def _china(year: int):
    return holidays.country_holidays("CN", years=year, language="zh_CN")


@lru_cache(maxsize=4096)
def _is_working_day(day: date) -> bool:
    return _china(day.year).is_working_day(day)


def is_announced(year: int) -> bool:
    """Whether the State Council's list of make-up working days for that year is in the library. If not, 以窗口公告为准."""
    return any(day.year == year for day in _china(year).weekend_workdays)


@dataclass(frozen=True)
class WorkCalendar:
    """Answers for one area. `special` maps a date to (is_open, name)."""

    special: Mapping[date, tuple[bool, str]] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        if day in self.special:
            return self.special[day][0]
        return _is_working_day(day)

    def is_holiday(self, day: date) -> bool:
        """Off by a public holiday, a regional day or a swap: more than a plain weekend."""
        return not self.is_working_day(day) and (day in self.special or day in _china(day.year))

    def reason_closed(self, day: date) -> str:
        """周六、国庆节, 停电 …: why a day is off; empty on a working day."""
        if self.is_working_day(day):
            return ""
        if day in self.special:
            return self.special[day][1]
        name = _china(day.year).get(day, "")
        return "放假调休" if "调休" in name else name or "周" + "一二三四五六日"[day.weekday()]

    def next_working_day(self, after: date) -> date:
        day = after + timedelta(days=1)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day


def calendar_for(area: Area | None, *, since: date) -> WorkCalendar:
    """The calendar of an area from `since` on: its own special days win over those of the areas above, and these over the national list."""
    codes = area.lineage_codes if area else []
    return calendar_from(SpecialDay.objects.filter(date__gte=since).filter(Q(area=None) | Q(area__in=codes)), codes)


def calendars_for(areas: Iterable[Area], *, since: date) -> dict[str, WorkCalendar]:
    """The calendars of many areas by their codes, in one query."""
    lineages = {area.code: area.lineage_codes for area in areas}
    known = set(chain.from_iterable(lineages.values()))
    rows = list(SpecialDay.objects.filter(date__gte=since).filter(Q(area=None) | Q(area__in=known)))
    return {code: calendar_from(rows, codes) for code, codes in lineages.items()}


def calendar_from(rows: Iterable[SpecialDay], codes: list[str]) -> WorkCalendar:
    """The same from rows that are there already; `codes` are the area's own and those above it, nearest first. Rows of other areas do not count; those without
    an area are of the installation's own district."""
    is_own = not codes or district_code_of(codes[0]) == own_district()
    mine = [row for row in rows if (is_own if row.area_id is None else row.area_id in codes)]
    nearest_last = sorted(mine, key=lambda row: -codes.index(row.area_id) if row.area_id else -len(codes) - 1)
    return WorkCalendar({row.date: (row.is_open, row.name) for row in nearest_last})
