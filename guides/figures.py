"""Figures by day, by area and by what was looked for, read from DayFigure and from what is not counted into it yet (`live`).

Reads and words only. Each question is one query, whatever the number of days, areas and plates.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, Sum

from guides.models import DayFigure, View
from guides.rollup import Figure, figures_of_view

DAYS_SINGLY, DAYS_BY_WEEK = 62, 400  # longer periods are shown by week, still longer ones by month: a bar stays wide enough on a phone

Live = Mapping[Figure, int]


@dataclass(frozen=True)
class Period:
    """From a day to a day, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def parts(self) -> list["Period"]:
        """The days, weeks (from Monday) or months of the period, the first and the last cut off at its ends."""
        found, start = [], self.first
        while start <= self.last:
            end = min(self._end_of_part(start), self.last)
            found.append(Period(start, end))
            start = end + timedelta(days=1)
        return found

    def _end_of_part(self, day: date) -> date:
        if self.days <= DAYS_SINGLY:
            return day
        if self.days <= DAYS_BY_WEEK:
            return day + timedelta(days=6 - day.weekday())
        return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def words(self) -> str:
        first, last = self.first, self.last
        return f"{first.year}年{first.month}月{first.day}日到{f'{last.year}年' if last.year != first.year else ''}{last.month}月{last.day}日"

    @property
    def part_word(self) -> str:
        return "天" if self.days <= DAYS_SINGLY else "周" if self.days <= DAYS_BY_WEEK else "月"


def below(prefixes: Iterable[str], path: str) -> Q:
    """A condition: the area code in `path` lies below one of these prefixes. By range, which every index can answer; codes are twelve digits."""
    inside = Q(pk__in=[])
    for prefix in prefixes:
        inside |= Q(**{f"{path}__gte": prefix.ljust(12, "0"), f"{path}__lte": prefix.ljust(12, "9")})
    return inside


def live_views(prefixes: Iterable[str], period: Period) -> Counter:
    """Opened pages of a period below these area prefixes that are not counted yet, as figures."""
    rows = View.objects.filter(below(prefixes, "area"), rolled=False, day__range=(period.first, period.last)).order_by()
    found: Counter = Counter()
    for *row, n in rows.values_list("area", "day", "kind", "key", "entry").annotate(n=Count("pk")):
        for figure in figures_of_view(*row):
            found[figure] += n
    return found


def _stored(codes: Iterable[str], whats: Iterable[str], period: Period):
    return DayFigure.objects.filter(area__in=list(codes), what__in=[str(what) for what in whats], day__range=(period.first, period.last)).order_by()


def _among(live: Live, codes: Iterable[str], whats: Iterable[str]) -> Iterable[tuple[Figure, int]]:
    codes, whats = set(codes), {str(what) for what in whats}
    return ((figure, n) for figure, n in live.items() if figure[0] in codes and figure[1] in whats)


def by_day(codes: Iterable[str], whats: Iterable[str], period: Period, live: Live) -> dict[str, Counter]:
    """By what, then by day: the sum over areas that do not lie in one another."""
    found: dict[str, Counter] = defaultdict(Counter)
    for what, day, n in _stored(codes, whats, period).values_list("what", "day").annotate(n=Sum("number")):
        found[what][day] += n
    for (_, what, day, _), n in _among(live, codes, whats):
        found[what][day] += n
    return found


def by_area(codes: Iterable[str], whats: Iterable[str], period: Period, live: Live) -> Counter:
    """By (area, what) over the whole period."""
    found: Counter = Counter()
    for area, what, n in _stored(codes, whats, period).values_list("area", "what").annotate(n=Sum("number")):
        found[area, what] += n
    for (area, what, _, _), n in _among(live, codes, whats):
        found[area, what] += n
    return found


def by_key(codes: Iterable[str], whats: Iterable[str], period: Period, live: Live) -> dict[str, Counter]:
    """By what, then by key (a slug) over the whole period."""
    found: dict[str, Counter] = defaultdict(Counter)
    for what, key, n in _stored(codes, whats, period).values_list("what", "key").annotate(n=Sum("number")):
        found[what][key] += n
    for (_, what, _, key), n in _among(live, codes, whats):
        found[what][key] += n
    return found


def summed(days: Mapping[date, int], period: Period) -> list[int]:
    """The figures of single days as the parts of the period."""
    return [sum(days.get(part.first + timedelta(days=i), 0) for i in range(part.days)) for part in period.parts()]
