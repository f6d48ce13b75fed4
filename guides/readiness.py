"""现在去能办成吗: one verdict for one reader at one moment. Pure: the reading, the ticks, the places and the moment come as arguments.

It joins the papers, the office's state, the yearly window and who must come. What is unknown stays unknown: then the verdict is 说不准, and
whatever nobody has verified yet is named, so that the page can say 先打12345问一声.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from zlib import crc32

from guides.hours import in_season
from guides.models import Agency, Area, FactField, Guide, Material, OfficeKind
from guides.reading import FactLine, Reading
from guides.where import LOCAL_KINDS, Place
from guides.workdays import is_announced

LEAST_TIME = timedelta(minutes=30)  # nearer to closing nobody is sent on the way
YEAR = 366


class Outcome(Enum):
    YES = "yes"
    ALMOST = "almost"  # only papers are missing
    NO = "no"
    ASK = "ask"  # something that decides is unknown


@dataclass(frozen=True)
class Readiness:
    """The verdict. Sentences are whole and without a telephone number; the page adds whom to call.

    `go_at` is the next good time as one says it ("明天上午9点"), "" where it is now or unknown; `open_until` when the place closes, "" unless
    it is open long enough. `missing` are the papers still to get, `later` those that
    may follow. `unverified` names what the verdict leans on without anybody's word: with it, even a yes asks people to call first.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    go_at: str
    open_until: str
    place: Place | None
    missing: tuple[Material, ...]
    later: tuple[Material, ...]
    remarks: tuple[str, ...]
    cautions: tuple[str, ...]
    unverified: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        return not self.cautions and not self.unverified


@dataclass(frozen=True)
class _Window:
    """The item's time of year. `opens_on` is the next day of it, None today or when it is open all year."""

    is_open: bool
    text: str
    opens_on: date | None
    is_of_past_year: bool


@dataclass(frozen=True)
class _Visit:
    """Where and when: now (until it closes), or from `at` on. No place: no hours are known anywhere."""

    place: Place | None
    now: bool
    until: datetime | None
    at: datetime | None


def tick_of(material: Material) -> str:
    """What stands for a ticked paper in an address and on the phone: six characters made of what must be brought. A paper that an
    editor changed is no longer ticked, and one put in between moves no tick to its neighbour, as a number in the row would."""
    return f"{crc32(f'{material.name}|{material.form}|{material.copies}'.encode()):08x}"[:6]


def judge(reading: Reading, *, have: Collection[str], places: list[Place], area: Area | None, now: datetime) -> Readiness:
    """Can this reader get it done now? `have` holds `tick_of` each ticked paper (others are ignored); `places` from where.places_for
    at `now`, which is aware and local. The reading must be of one case (not of all)."""
    needed = [material for material, _ in reading.materials]
    lacking = [material for material in needed if tick_of(material) not in have]
    missing = tuple(material for material in lacking if material.later is not True)
    window, visit = _window(reading, now), _visit(places, now)
    if window.is_open and visit.at and not in_season(reading.guide, visit.at.date()) and reading.guide.season_from:
        window = _closing_window(reading.guide, window, visit.at.date())
    if not window.is_open:
        visit = _visit_from(places, window.opens_on, now)
    outcome, reasons = _decide(reading, needed, missing, window, visit, places, area, now)
    return Readiness(
        outcome=outcome,
        reasons=tuple(reasons),
        go_at=_go_at(reading, window, visit, now),
        open_until=say_when(visit.until, now) if visit.now else "",
        place=visit.place,
        missing=missing,
        later=tuple(material for material in lacking if material.later is True),
        remarks=tuple(filter(None, (_village(places, area), _in_person(reading)))),
        cautions=tuple(_cautions(reading, window, visit)),
        unverified=tuple(_unverified(reading, needed, visit, window)),
    )


def _decide(reading, needed, missing, window, visit, places, area, now) -> tuple[Outcome, list[str]]:
    """The verdict and why, what decides first: no paper helps against a closed window or the wrong person; papers can be fetched; offices open."""
    never = _why_never(reading)
    season = [] if window.is_open else [_why_wrong_season(reading, window, now)]
    papers = [f"还差{len(missing)}样：{'、'.join(material.name for material in missing)}。"] if missing else []
    office = [] if season else _why_not_now(visit, places, area, now)
    unknown = [] if needed else ["要带什么，这份指南还没写。"]
    reasons = [*never, *season, *papers, *office, *unknown]
    if never or season:
        return Outcome.NO, reasons
    if papers:
        return Outcome.ALMOST, reasons
    if visit.place is None or (unknown and visit.now):
        return Outcome.ASK, reasons
    if not visit.now:
        return Outcome.NO, reasons
    return Outcome.YES, [f"{'材料带齐了，' if needed else ''}{visit.place.name}开着门，{say_when(visit.until, now)}关。"]


def _why_never(reading: Reading) -> list[str]:
    is_agent = reading.chosen.get("who") == "agent"
    return ["这件事要本人到场，别人替不了。"] if is_agent and reading.guide.agency == Agency.ACCOMPANY else []


def _why_wrong_season(reading: Reading, window: _Window, now: datetime) -> str:
    source = f"按{_season_year(reading)}年的时间，" if window.is_of_past_year else ""
    late = in_season(reading.guide, now.date())  # within the dates still, but no office opens again before the last of them
    return f"{source}这件事每年{window.text}办，{'这一回不会再开门了' if late else '现在不是时候'}。"


def _why_not_now(visit: _Visit, places: list[Place], area: Area | None, now: datetime) -> list[str]:
    if visit.place is None:
        if not places:
            return ["去哪里办，还不清楚。"]
        is_local = any(place.counter.kind in LOCAL_KINDS for place in places)
        return ["先选您的村（社区），才知道去哪一处、开不开门。"] if is_local and area is None else ["去的地方什么时候开门，还不清楚。"]
    if visit.now:
        return []
    opening = visit.place.opening
    if opening.is_open:
        return [f"{visit.place.name}{say_when(opening.until, now)}就关门了，剩下不到半小时，怕来不及。"]
    return [f"{visit.place.name}现在没开门{'（' + opening.reason + '）' if opening.reason else ''}。"]


# ---- when


def _window(reading: Reading, now: datetime) -> _Window:
    guide, today = reading.guide, now.date()
    if not guide.season_from:
        return _Window(True, "", None, False)
    year = _season_year(reading)
    is_open = in_season(guide, today)
    return _Window(
        is_open, reading.facts[FactField.SEASON].text, None if is_open else _next_day_in(guide, today), bool(year and year < today.year)
    )


def _season_year(reading: Reading) -> int | None:
    fact = reading.facts[FactField.SEASON].fact
    return fact.valid_for_year if fact else None


def _closing_window(guide: Guide, window: _Window, next_opening: date) -> _Window:
    """The office opens again only after this year's last day: the window counts as closed."""
    return _Window(False, window.text, _next_day_in(guide, next_opening), window.is_of_past_year)


def _next_day_in(guide: Guide, day: date) -> date | None:
    """The first day after `day` within the yearly window. Day by day: a window from 02-29 has no first day in most years."""
    return next((later for n in range(1, YEAR + 1) if in_season(guide, later := day + timedelta(days=n))), None)


def _visit(places: list[Place], now: datetime) -> _Visit:
    """The first place that is open long enough, in the guide's order (nearest level first); else whichever opens first."""
    known = [place for place in places if place.opening]
    for place in known:
        if place.opening.is_open and place.opening.until - now >= LEAST_TIME:
            return _Visit(place, True, place.opening.until, None)
    return _earliest((place, _next_opening(place, place.opening.until or now)) for place in known)


def _visit_from(places: list[Place], day: date | None, now: datetime) -> _Visit:
    if day is None:
        return _Visit(None, False, None, None)
    morning = datetime.combine(day, time.min, now.tzinfo)
    return _earliest((place, _next_opening(place, morning)) for place in places if place.opening)


def _next_opening(place: Place, moment: datetime) -> datetime | None:
    opening = place.opening_at(moment)
    return moment if opening.is_open else opening.opens_at


def _earliest(found: Iterable[tuple[Place, datetime | None]]) -> _Visit:
    found = list(found)
    dated = [(place, at) for place, at in found if at]
    if not dated:
        return _Visit(found[0][0] if found else None, False, None, None)
    place, at = min(dated, key=lambda pair: pair[1])
    return _Visit(place, False, None, at)


def _go_at(reading: Reading, window: _Window, visit: _Visit, now: datetime) -> str:
    if _why_never(reading):
        return ""
    if window.opens_on and (window.is_of_past_year or visit.at is None):
        return f"{say_day(window.opens_on, now.date())}前后"  # another year's date is no date for this one
    return say_when(visit.at, now) if visit.at else ""


def say_day(day: date, today: date) -> str:
    """今天, 明天, 后天, 11月30日（周一）, 明年1月4日（周一）: a day as one says it."""
    named = {0: "今天", 1: "明天", 2: "后天"}.get((day - today).days)
    year = "" if day.year == today.year else "明年" if day.year == today.year + 1 else f"{day.year}年"
    return named or f"{year}{day.month}月{day.day}日（周{'一二三四五六日'[day.weekday()]}）"


def say_when(moment: datetime, now: datetime) -> str:
    """明天上午9点, 今天下午2点半: a moment as one says it. Both aware, in local time."""
    hour, minute = moment.hour, moment.minute
    part = next(name for until, name in ((6, "凌晨"), (12, "上午"), (13, "中午"), (19, "下午"), (24, "晚上")) if hour < until)
    past = "" if minute == 0 else "半" if minute == 30 else f"{minute}分"
    return f"{say_day(moment.date(), now.date())}{part}{hour if hour <= 12 else hour - 12}点{past}"


# ---- what else a reader must know


def _village(places: list[Place], area: Area | None) -> str:
    """Whether one's own village or community can do it."""
    by_kind = {place.counter.kind: place for place in reversed(places)}
    if station := by_kind.get(OfficeKind.STATION):
        return f"{station.name}就能办，不用跑远路。" if station.office else "村（社区）就能办。选了您的村（社区），就知道去哪一处。"
    nearest = by_kind.get(OfficeKind.CENTRE) or (places[0] if places else None)
    return f"这件事一般到{nearest.name}办，不在村（社区）办。" if nearest else ""


def _in_person(reading: Reading) -> str:
    return {
        Agency.AGENT: "本人去不了，可以请人代办。",
        Agency.ACCOMPANY: "本人必须到场。帮办员能陪着办，不能替您办。",
    }.get(reading.guide.agency, "能不能请人代办，还不清楚。")


def _cautions(reading: Reading, window: _Window, visit: _Visit) -> list[str]:
    found = []
    if window.is_of_past_year:
        found.append(f"办的时间是{_season_year(reading)}年的，今年的还没核实。")
    if reading.guide.is_brief:
        found.append("这份指南是简版，要带的可能没写全。")
    if visit.at and not is_announced(visit.at.year):
        found.append(f"{visit.at.year}年哪天放假、哪天补班，还没公布。")
    return found


def _unverified(reading: Reading, needed: list[Material], visit: _Visit, window: _Window) -> list[str]:
    def stands(line: FactLine) -> bool:
        return bool(line.fact and line.fact.is_verified)

    facts, guide = reading.facts, reading.guide
    checks = {
        "要带什么": all(material.is_verified for material in needed),
        "去哪办": visit.place is None or visit.place.counter.is_verified,
        "办公时间（现在写的是示例）": not (visit.place and visit.place.office and visit.place.office.hours_are_sample),
        "每年什么时候办": not guide.season_from or window.is_of_past_year or stands(facts[FactField.SEASON]),
        "能不能代办": not guide.agency or stands(facts[FactField.AGENCY]),
    }
    return [name for name, verified in checks.items() if not verified]
