"""Who is on duty: people, their days off, market days and neighbours in, "who takes it now" out. Pure; the moment is an argument.

Time is counted in half-days of desk time (DESK_HOURS of sla.py). Outside desk hours the question is who is on duty next.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from lunar_python import Solar

from guides.workdays import WorkCalendar
from helpdesk.models import AbsenceKind, MarketRule, Part
from helpdesk.sla import DESK_HOURS, LOCAL

HALVES = tuple(zip((Part.MORNING, Part.AFTERNOON), DESK_HOURS, strict=True))
OFF_DAY = "off"  # not one of the weekdays of the posting
MOST_DAYS = 400  # a calendar closed for longer than this is a mistake, not a reason to search for ever


class Tier(StrEnum):
    """How far away the people are who take it: the request's own queue first, then ever further up."""

    OWN = "own"
    NEIGHBOUR = "neighbour"
    TOWNSHIP = "township"
    DISTRICT = "district"
    NOBODY = "nobody"


@dataclass(frozen=True, order=True)
class HalfDay:
    """The morning or the afternoon of one day."""

    day: date
    is_afternoon: bool

    @property
    def part(self) -> Part:
        return Part.AFTERNOON if self.is_afternoon else Part.MORNING


@dataclass(frozen=True)
class Post:
    """Somebody active at one area. Only helpers are ever eligible; supervisors are told when nobody is, and stewards take enterprise matters only."""

    user_id: int
    area_code: str
    weekdays: str = "12345"
    is_helper: bool = True
    is_steward: bool = False


@dataclass(frozen=True)
class Away:
    """A day off, as models.Absence has it: both days included, `part` of each of them."""

    user_id: int
    starts_on: date
    ends_on: date
    part: str = Part.DAY
    kind: str = AbsenceKind.LEAVE


@dataclass(frozen=True)
class Market:
    """赶集日: rule, digits and part as models.MarketDay has them."""

    rule: str
    digits: str
    part: str = Part.MORNING

    def is_on(self, half: HalfDay) -> bool:
        if not _within(self.part, half):
            return False
        if self.rule == MarketRule.WEEKDAY:
            return str(half.day.isoweekday()) in self.digits
        number = half.day.day if self.rule == MarketRule.SOLAR else lunar_day(half.day)
        return str(number)[-1] in self.digits


@dataclass(frozen=True)
class Roster:
    """What is known of one district's people. `covers` names, for a community with agreed neighbours, these in order."""

    posts: tuple[Post, ...] = ()
    absences: tuple[Away, ...] = ()
    markets: Mapping[str, Market] = field(default_factory=dict)
    covers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def posts_at(self) -> dict[str, list[Post]]:
        found: dict[str, list[Post]] = {}
        for post in self.posts:
            found.setdefault(post.area_code, []).append(post)
        return found

    @cached_property
    def posts_of(self) -> dict[int, list[Post]]:
        found: dict[int, list[Post]] = {}
        for post in self.posts:
            found.setdefault(post.user_id, []).append(post)
        return found

    @cached_property
    def absences_of(self) -> dict[int, list[Away]]:
        found: dict[int, list[Away]] = {}
        for away in self.absences:
            found.setdefault(away.user_id, []).append(away)
        return found

    def why_away(self, post: Post, half: HalfDay) -> str:
        """An AbsenceKind, or OFF_DAY; empty when the person is there in that half-day of a working day."""
        for away in self.absences_of.get(post.user_id, ()):
            if away.starts_on <= half.day <= away.ends_on and _within(away.part, half):
                return away.kind
        if not _works_on(post, half.day):
            return OFF_DAY
        market = self.markets.get(post.area_code)
        return AbsenceKind.MARKET if market and market.is_on(half) else ""

    def takers_at(self, code: str, half: HalfDay, *, for_steward: bool = False) -> tuple[int, ...]:
        """Those posted at that very area who are there and take such requests."""
        posts = (post for post in self.posts_at.get(code, ()) if _takes(post, for_steward))
        return tuple(post.user_id for post in posts if not self.why_away(post, half))

    def neighbours_of(self, code: str) -> tuple[str, ...]:
        """The agreed neighbours in order; without any the staffed communities of the same township, by code."""
        if code in self.covers:
            return self.covers[code]
        return tuple(sorted(c for c in self.posts_at if c[:9] == code[:9] and c != code and is_community(c)))


@dataclass(frozen=True)
class Coverage:
    """Who takes the requests of a community in a half-day. `areas` are where these people are posted; `away` tells why own people are not there."""

    half: HalfDay
    tier: Tier
    user_ids: tuple[int, ...] = ()
    areas: tuple[str, ...] = ()
    away: Mapping[int, str] = field(default_factory=dict)


def is_community(code: str) -> bool:
    """By the official code: those of townships and districts end in three zeros."""
    return not code.endswith("000")


def lunar_day(day: date) -> int:
    """The day of the lunar month, 1 to 30: 2026-11-27 is 十月十九, so 19."""
    return Solar.fromYmd(day.year, day.month, day.day).getLunar().getDay()


def half_days(since: datetime, calendar: WorkCalendar) -> Iterator[HalfDay]:
    """The half-days of desk time that are not over at `since` (aware), the running one first. Lunch belongs to the afternoon."""
    local = since.astimezone(LOCAL)
    for days in range(MOST_DAYS):
        day = local.date() + timedelta(days=days)
        if calendar.is_working_day(day):
            for part, (_, closes) in HALVES:
                if datetime.combine(day, closes, LOCAL) > local:
                    yield HalfDay(day, part == Part.AFTERNOON)


def half_days_before(since: datetime, until: datetime, calendar: WorkCalendar) -> Iterator[HalfDay]:
    """The running or next half-day in any case, and those after it that begin before `until`."""
    for number, half in enumerate(half_days(since, calendar)):
        if number and datetime.combine(half.day, DESK_HOURS[half.is_afternoon][0], LOCAL) >= until:
            break
        yield half


def half_day_at(moment: datetime, calendar: WorkCalendar) -> HalfDay:
    """The running half-day of desk time, or the next one."""
    return next(half_days(moment, calendar))


def who_is_on(
    code: str, at: datetime | HalfDay, *, roster: Roster, calendar: WorkCalendar, queue: str = "", for_steward: bool = False
) -> Coverage:
    """Who takes requests of the area `code` at a moment (aware) or in a half-day.

    First the people of the queue where they wait (`queue`, by default the area itself), then the neighbours of the community, then the helpers at
    the township, then those at the district. Agreed neighbours step in one after the other; without an agreement all of the township together.
    An enterprise matter stays with the stewards of its queue.
    """
    half = at if isinstance(at, HalfDay) else half_day_at(at, calendar)
    queue = queue or code
    away = {post.user_id: why for post in roster.posts_at.get(queue, ()) if _takes(post, for_steward) and (why := roster.why_away(post, half))}
    for tier, codes in _tiers(code, queue, roster, for_steward=for_steward):
        found = {c: users for c in codes if (users := roster.takers_at(c, half, for_steward=for_steward))}
        if tier == Tier.NEIGHBOUR and code in roster.covers:
            found = dict(list(found.items())[:1])
        if found:
            users = tuple(dict.fromkeys(user for users in found.values() for user in users))
            return Coverage(half, tier, users, tuple(found), away)
    return Coverage(half, Tier.NOBODY, away=away)


def _tiers(code: str, queue: str, roster: Roster, *, for_steward: bool) -> list[tuple[Tier, tuple[str, ...]]]:
    own = (Tier.OWN, (queue,))
    if for_steward:
        return [own]
    # What was sent up to the township comes back to its own village before it goes to another.
    near = tuple(c for c in (code, *roster.neighbours_of(code)) if c != queue) if is_community(code) else ()
    return [own, (Tier.NEIGHBOUR, near), (Tier.TOWNSHIP, (code[:9] + "000",)), (Tier.DISTRICT, (code[:6] + "000000",))]


def _takes(post: Post, for_steward: bool) -> bool:
    return post.is_helper and post.is_steward == for_steward


def _works_on(post: Post, day: date) -> bool:
    """On a worked Saturday or Sunday (调休) whoever works all of Monday to Friday; of others nobody can say, so they do not count."""
    return str(day.isoweekday()) in post.weekdays or (day.isoweekday() > 5 and set("12345") <= set(post.weekdays))


def _within(part: str, half: HalfDay) -> bool:
    return part in (Part.DAY, half.part)
