"""The roster of a district as its rows have it, and what it says for one moment. The rules themselves are in roster.py."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from guides.kept import Kept
from guides.models import Area, SpecialDay
from guides.workdays import WorkCalendar, calendar_from
from helpdesk import kept
from helpdesk.models import Absence, AbsenceKind, Cover, HelpRequest, MarketDay, Posting, Robot
from helpdesk.roster import (
    OFF_DAY,
    Away,
    Coverage,
    HalfDay,
    Market,
    Post,
    Roster,
    Tier,
    half_day_at,
    half_days,
    half_days_before,
    is_community,
    who_is_on,
)
from helpdesk.sla import DESK_HOURS, LOCAL
from menpai.roles import Role

WHY = {**dict(AbsenceKind.choices), OFF_DAY: "不上班"}


@dataclass(frozen=True)
class Board:
    """What the roster says at `now` (aware) about the areas of one or more districts. Lives as long as one page or one run of a command; its rows, and
    what follows from them until the running half-day ends, are shared with the boards of other pages: to be read only."""

    now: datetime
    roster: Roster
    areas: dict[str, Area]
    names: dict[int, str]
    special: tuple[SpecialDay, ...] = ()
    robots: tuple[tuple[int, str], ...] = ()  # (key, code) of the group robots that are in use
    _calendars: dict[str, WorkCalendar] = field(default_factory=dict)
    _halves: dict[str, HalfDay] = field(default_factory=dict)
    _covered: dict[tuple, Coverage] = field(default_factory=dict)
    _away: dict[str, frozenset[int]] = field(default_factory=dict)
    _pairs: dict[int, frozenset[tuple[str, str]]] = field(default_factory=dict)

    def calendar(self, code: str) -> WorkCalendar:
        if code not in self._calendars:
            self._calendars[code] = calendar_from(self.special, lineage(code))
        return self._calendars[code]

    def half_day(self, code: str) -> HalfDay:
        """The running or next half-day of the area."""
        if code not in self._halves:
            self._halves[code] = half_day_at(self.now, self.calendar(code))
        return self._halves[code]

    def coverage(self, code: str, *, queue: str = "", at: HalfDay | None = None, for_steward: bool = False) -> Coverage:
        half = at or self.half_day(code)
        key = (code, queue or code, half, for_steward)  # asked again for each row of a list and each waiting request of a district
        if key not in self._covered:
            self._covered[key] = who_is_on(code, half, roster=self.roster, calendar=self.calendar(code), queue=queue, for_steward=for_steward)
        return self._covered[key]

    def staffed(self, code: str, *, for_steward: bool = False) -> set[str]:
        """Of an area and those above it, the codes where somebody active is posted who takes residents' requests, or enterprises'."""
        return {c for c in lineage(code) if any(post.is_steward == for_steward for post in self.roster.posts_at.get(c, ()))}

    def robots_of(self, code: str) -> list[int]:
        """The group robots of an area and those above it."""
        above = lineage(code)
        return [key for key, place in self.robots if place in above]

    def rest_of_day(self, code: str) -> list[HalfDay]:
        """The running or next half-day of the area, with the afternoon after it."""
        first = self.half_day(code)
        return [first] if first.is_afternoon else [first, HalfDay(first.day, True)]

    def of_request(self, request: HelpRequest, *, at: HalfDay | None = None) -> Coverage:
        return self.coverage(request.area_id, queue=request.queue_id, at=at, for_steward=request.for_steward)

    def half_days_of(self, code: str, *, days: int) -> list[HalfDay]:
        """The half-days of the area within that many days from today on, the running one first."""
        last = timezone.localdate(self.now) + timedelta(days=days)
        found = []
        for half in half_days(self.now, self.calendar(code)):
            if half.day >= last:
                break
            found.append(half)
        return found

    def has_nobody(self, request: HelpRequest) -> bool:
        """Whether nobody at any tier is there before the request's promise runs out."""
        halves = half_days_before(self.now, request.promised_at, self.calendar(request.area_id))
        return all(self.of_request(request, at=half).tier == Tier.NOBODY for half in halves)

    def on_duty_words(self, code: str, half: HalfDay) -> dict:
        """{"when", "tier", "who", "away"}: who takes the requests of a community in a half-day, and why its own people do not, in words for a table."""
        coverage = self.coverage(code, at=half)
        who = "、".join(self.names[user_id] for user_id in coverage.user_ids)
        if coverage.tier not in (Tier.OWN, Tier.NOBODY):
            places = [self.areas[c].short_name for c in coverage.areas]
            who = f"{places[0]}来帮忙：{who}" if len(places) == 1 else f"{'、'.join(places[:3])}{f'等{len(places)}处' if places[3:] else ''}来帮忙"
        away = "、".join(f"{self.names[user_id]}{WHY[why]}" for user_id, why in coverage.away.items())
        if not any(post.is_helper for post in self.roster.posts_at.get(code, ())):
            away = "还没有帮办员"
        return {"when": f"{self._day_words(half)}{half.part.label}", "tier": coverage.tier, "who": who, "away": away}

    def why_away(self, user_id: int) -> str:
        """Why somebody is nowhere on duty now (请假, 去集上 …); empty when they are, or are posted nowhere. Each place has its own calendar."""
        whys = [self.roster.why_away(post, self.half_day(post.area_code)) for post in self.roster.posts_of.get(user_id, ())]
        return WHY[whys[0]] if whys and all(whys) else ""

    @property
    def away_ids(self) -> frozenset[int]:
        """Everybody who is nowhere on duty now."""
        if "now" not in self._away:
            self._away["now"] = frozenset(user_id for user_id in self.roster.posts_of if self.why_away(user_id))
        return self._away["now"]

    def covered_by(self, user_id: int) -> frozenset[tuple[str, str]]:
        """(queue, community) pairs whose own people are not there now and for which this person is the one to step in."""
        if user_id not in self._pairs:
            self._pairs[user_id] = self._covered_by(user_id)
        return self._pairs[user_id]

    def _covered_by(self, user_id: int) -> frozenset[tuple[str, str]]:
        posted = {post.area_code for post in self.roster.posts_of.get(user_id, ()) if post.is_helper and not post.is_steward}
        near = [code for code in self.areas if is_community(code) and posted.intersection((*lineage(code), *self.roster.neighbours_of(code)))]
        covered = (((queue, code), self.coverage(code, queue=queue)) for code in near for queue in lineage(code))
        return frozenset(pair for pair, coverage in covered if coverage.tier != Tier.OWN and user_id in coverage.user_ids)

    def cover_words(self, request: HelpRequest) -> str:
        """下庄子村今天没人，请您帮一把: whose village it is and why somebody from elsewhere is asked."""
        coverage = self.of_request(request)
        where = self.areas[request.queue_id].short_name
        if not self.roster.posts_at.get(request.queue_id):
            return f"{where}没有帮办员，请您帮一把"
        return f"{where}{self.when_words(coverage.half, request)}没人，请您帮一把"

    def when_words(self, half: HalfDay, request: HelpRequest) -> str:
        """今天, 今天上午, 明天, 11月30日: how long the request's own people are away, as one says it."""
        other = HalfDay(half.day, True)
        all_day = not half.is_afternoon and self.of_request(request, at=other).tier != Tier.OWN
        return self._day_words(half) + ("" if all_day else half.part.label)

    def _day_words(self, half: HalfDay) -> str:
        days = (half.day - timezone.localdate(self.now)).days
        return {0: "今天", 1: "明天"}.get(days) or f"{half.day.month}月{half.day.day}日"


def lineage(code: str) -> list[str]:
    """The code and those above it, nearest first (as Area.lineage_codes, without the row)."""
    return list(dict.fromkeys([code, code[:9] + "000", code[:6] + "000000"]))


_boards = kept.Kept(64)
_last_seen: Kept[tuple[str, tuple, Board]] = Kept(64)  # (token, half-day, board)


def board_for(codes: Iterable[str], now: datetime | None = None, *, token: str | None = None) -> Board:
    """Everything of the districts in which these areas lie, in one query, or in eight when anything of it has changed. Whoever has read the roster's token
    just now brings it along."""
    now = now or timezone.now()
    districts = tuple(sorted({code[:6] for code in codes}))
    alias = kept.database()
    token = token or kept.token(alias)  # before the rows: what changes meanwhile is then found at the next look
    half = _half_day_number(now)
    board = _boards.get((alias, districts), (token, half) if token else None, lambda: _read_board(districts, now, alias))
    if token:
        _last_seen.put((alias, districts), (token, half, board))
    return replace(board, now=now)


def last_board(code: str, now: datetime) -> tuple[Board, str] | None:
    """The board of an area's district as this process saw it last, with the token of then, asking nothing of the database: for a statement that writes only
    if the token is still the same. None: not seen yet, or in another half-day."""
    found = _last_seen.get((kept.database(), (code[:6],)))
    if found is None or found[1] != _half_day_number(now):
        return None
    return replace(found[2], now=now), found[0]


def _half_day_number(now: datetime) -> tuple:
    """Changes whenever a board may say something else of the same rows: at midnight, and when a half-day of desk time is over."""
    local = now.astimezone(LOCAL)
    return local.date(), sum(local.time() >= closes for _, closes in DESK_HOURS)


def _read_board(districts: tuple[str, ...], now: datetime, alias: str) -> Board:
    today = timezone.localdate(now)
    inside = _inside(districts, "area__code")
    postings = list(_postings().using(alias).filter(inside).select_related("user"))
    absences = Absence.objects.using(alias).filter(ends_on__gte=today, user__in=[posting.user_id for posting in postings])
    covers: dict[str, tuple[str, ...]] = {}
    for code, neighbour in Cover.objects.using(alias).filter(inside).order_by("area_id", "order", "id").values_list("area_id", "neighbour_id"):
        covers[code] = (*covers.get(code, ()), neighbour)
    return Board(
        now=now,
        roster=Roster(
            posts=tuple(Post(p.user_id, p.area_id, p.weekdays, p.is_helper, p.is_steward) for p in postings),
            absences=tuple(Away(a.user_id, a.starts_on, a.ends_on, a.part, a.kind) for a in absences),
            markets={m.area_id: Market(m.rule, m.digits, m.part) for m in MarketDay.objects.using(alias).filter(inside)},
            covers=covers,
        ),
        areas={area.code: area for area in Area.objects.using(alias).filter(_inside(districts, "code"))},
        names={p.user_id: p.user.get_full_name() or p.user.get_username() for p in postings},
        special=tuple(SpecialDay.objects.using(alias).filter(date__gte=today).filter(Q(area=None) | inside)),
        robots=tuple(Robot.objects.using(alias).filter(inside, is_active=True).values_list("pk", "area_id")),
    )


def _inside(districts: Iterable[str], column: str) -> Q:
    found = Q(pk__in=[])
    for district in districts:
        found |= Q(**{f"{column}__startswith": district})
    return found


def _postings():
    """Those of active people with a desk role, each marked whether its person helps residents or only supervises."""
    groups = get_user_model().groups.through.objects.filter(user_id=OuterRef("user_id"))
    return (
        Posting.objects.filter(user__is_active=True)
        .annotate(is_helper=Exists(groups.filter(group__name=Role.ASSISTANT)))
        .filter(Q(is_helper=True) | Exists(groups.filter(group__name=Role.SUPERVISOR)))
        .order_by("area_id", "id")
    )
