"""看数: the figures of one area and period as pictures and tables, for the bureau and for supervisors. By area only, in the order of the codes.

What may be shown of a figure is decided by menpai.small_cells and nowhere else; pictures, tables and CSV are made of the cells that come out of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from doorplates.plate_counts import coverage
from doorplates.rollup import live_scans
from guides.figures import Live, Period, by_area, by_day, by_key, live_views, summed
from guides.models import Area, Domain, Guide, Level, LifeEvent, What
from helpdesk.request_figures import live_requests, standing
from menpai.charts import Chart, Point, bars, lying
from menpai.small_cells import SMALLEST, Cell, together

MOST_MATTERS = 10  # of each kind in a picture
REQUESTS = (What.ASKED, What.KEPT, What.BROKEN, What.LATE)
MATTERS = (
    (What.GUIDE, "看得多的办事指南", "看了几次"), (What.FOUND, "搜得多的事", "搜到几次"), (What.EVENT, "看得多的一件事", "看了几次"),
    (What.TOPIC, "看得多的主题", "看了几次"),
)  # fmt: skip
STANDING = (("waiting", "现在等人接"), ("claimed", "现在正在办"), ("over", "现在过了时间"))


@dataclass(frozen=True)
class Scope:
    """The areas somebody may look at (`roots`, none inside another), and the one they chose; None: all roots together."""

    roots: tuple[Area, ...]
    chosen: Area | None

    @property
    def areas(self) -> tuple[Area, ...]:
        return (self.chosen,) if self.chosen else self.roots

    @property
    def codes(self) -> list[str]:
        return [area.code for area in self.areas]

    @property
    def prefixes(self) -> list[str]:
        return [area.prefix for area in self.areas]

    @property
    def name(self) -> str:
        return "、".join(area.short_name for area in self.areas) or "没有范围"

    @property
    def has_rest(self) -> bool:
        """Whether something may belong to the chosen area and to none below it: a page opened without a village in its address."""
        return self.chosen is not None and self.chosen.level != Level.COMMUNITY

    @cached_property
    def above(self) -> list[Area]:
        """From the root down to what is above the chosen area."""
        codes = self.chosen.lineage_codes[1:] if self.chosen else []
        found = Area.objects.filter(pk__in=codes).order_by("code")
        return [area for area in found if any(root.contains(area.code) for root in self.roots)]

    @cached_property
    def below(self) -> list[Area]:
        """The areas the table has a row for, in the order of their codes."""
        if self.chosen is None:
            return list(self.roots)
        return list(Area.objects.filter(parent=self.chosen).order_by("code"))


def without_nested(areas: Iterable[Area]) -> tuple[Area, ...]:
    """Each area once, and none that lies in another of them."""
    found: list[Area] = []
    for area in sorted(set(areas), key=lambda area: (len(area.prefix), area.code)):
        if not any(outer.contains(area.code) for outer in found):
            found.append(area)
    return tuple(sorted(found, key=lambda area: area.code))


@dataclass(frozen=True)
class Table:
    """Heads and rows as they are shown; `areas` are the areas of the first rows, which lead to their own page."""

    heads: tuple[str, ...]
    rows: list[list]
    areas: list[Area] = field(default_factory=list)

    def linked(self) -> list[tuple[Area | None, list[tuple[str, object]]]]:
        """Each row with its area, and its figures with their heads."""
        areas = [*self.areas, *[None] * (len(self.rows) - len(self.areas))]
        return [(area, list(zip(self.heads, row, strict=True))) for area, row in zip(areas, self.rows, strict=True)]


@dataclass(frozen=True)
class Part:
    """One part of the page: some sentences, its pictures, a table, and what the CSV holds."""

    key: str
    title: str
    words: list[str] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    table: Table | None = None
    download: Table | None = None
    note: str = ""


@dataclass(frozen=True)
class Line:
    """One thing that is counted, as it may be shown: by the parts of the period, by the areas below (last, what belongs to none of them), and in all."""

    parts: list[Cell]
    areas: list[Cell]
    total: Cell

    def words(self, unit: str = "次") -> str:
        return f"{self.total} {unit}" if self.total.number is not None else str(self.total)


def look(scope: Scope, period: Period, now: datetime, *, contents: bool, requests: bool) -> list[Part]:
    """All parts. `contents`: what people look for and plates, for the bureau; `requests`: for whoever may see requests. The queries do not grow with anything."""
    live = live_views(scope.prefixes, period) + live_scans(scope.prefixes, period)
    whats = [What.SCAN, What.OPEN, What.MISSED]
    if requests:
        live += live_requests(scope.prefixes, period)
        whats += REQUESTS
    below = scope.below or list(scope.areas)
    lines = _lines(scope, below, period, live, whats)
    parts = [_visits(period, lines)]
    if len(below) > 1:
        parts.append(_areas("areas", "各地扫码和打开的次数", scope, below, [("扫码次数", lines[What.SCAN]), ("打开次数", lines[What.OPEN])]))
    if contents:
        parts += [_matters(scope, period, live, lines[What.MISSED]), _plates(scope, below)]
    if requests:
        at_present = standing(scope.prefixes, now)
        columns = [(what.label, lines[what]) for what in REQUESTS]
        columns += [(label, _line(scope, below, {area: at_present[area.code, name] for area in [*below, *scope.areas]})) for name, label in STANDING]
        parts += [_requests(period, lines), _areas("request-areas", "各地的诉求", scope, below, columns)]
    return parts


def _lines(scope: Scope, below: list[Area], period: Period, live: Live, whats: Sequence[What]) -> dict[What, Line]:
    days = by_day(scope.codes, whats, period, live)
    areas = by_area([*scope.codes, *(area.code for area in below)], whats, period, live)
    return {
        what: _line(scope, below, {area: areas[area.code, str(what)] for area in [*below, *scope.areas]}, summed(days[str(what)], period)) for what in whats
    }  # fmt: skip


def _line(scope: Scope, below: list[Area], of: dict[Area, int], parts: Sequence[int] = ()) -> Line:
    counts = [of[area] for area in below]
    if scope.has_rest:
        counts.append(of[scope.chosen] - sum(counts))
    (cells, areas), total = together(parts or [sum(counts)], counts)
    return Line(cells, areas, total)


def _names(period: Period) -> list[str]:
    parts = period.parts()
    if period.part_word == "月":
        return [f"{part.first.year}年{part.first.month}月" for part in parts]
    return [f"{part.first.month}月{part.first.day}日" for part in parts]


def _heads(period: Period) -> str:
    return {"天": "日期", "周": "从这天起的一周", "月": "月份"}[period.part_word]


def _bars(key: str, title: str, period: Period, cells: Sequence[Cell], second: str) -> Chart:
    points = [Point(name, cell.number, str(cell)) for name, cell in zip(_names(period), cells, strict=True)]
    return bars(key, f"{title}（按{period.part_word}）", points, first=_heads(period), second=second)


def _by_part(period: Period, columns: Sequence[tuple[str, Sequence[Cell]]]) -> Table:
    lines = zip(period.parts(), *(cells for _, cells in columns), strict=True)
    return Table(("从", "到", *(name for name, _ in columns)), [[f"{part.first:%Y-%m-%d}", f"{part.last:%Y-%m-%d}", *cells] for part, *cells in lines])


def _visits(period: Period, lines: dict[What, Line]) -> Part:
    scans, opens, missed = (lines[what] for what in (What.SCAN, What.OPEN, What.MISSED))
    words = [f"扫码次数：{scans.words()}。打开次数：{opens.words()}。"]
    note = (
        "扫码次数：一部手机一天里扫同一块门牌，算一次。打开次数：不是从门牌、也不是从本站别的页面过来，直接打开首页、指南、主题、一件事或搜索，算一次。"
        "两样都不是人数：不知道是谁，也不知道是几个人。机器人、提前加载、刷新和工作人员不算。公开的页面会在缓存里放60秒，缓存给出去的没算进来，真的次数会比这里多。"
    )
    charts = [_bars("scan", "扫码次数", period, scans.parts, "扫码次数"), _bars("open", "打开次数", period, opens.parts, "打开次数")]
    columns = [("扫码次数", scans.parts), ("打开次数", opens.parts), ("没搜到的次数", missed.parts)]
    return Part("days", "扫码和打开", words, charts, download=_by_part(period, columns), note=note)


def _areas(key: str, title: str, scope: Scope, below: list[Area], columns: list[tuple[str, Line]]) -> Part:
    """A row for each area below, one for what belongs to none of them, and the sum."""
    names = [*(area.short_name for area in below), *(["没写明哪个地方的"] if scope.has_rest else [])]
    rows = [[name, *cells] for name, *cells in zip(names, *(line.areas for _, line in columns), strict=True)]
    if len(rows) > 1:
        rows.append(["合计", *(line.total for _, line in columns)])
    table = Table(("地方", *(label for label, _ in columns)), rows, areas=below)
    return Part(key, title, table=table, download=table, note=f"按区划代码排，不排名。不到{SMALLEST}的只写“少于{SMALLEST}”。写“没写”的，是写出来就能算出旁边少于{SMALLEST}的。")


def _matters(scope: Scope, period: Period, live: Live, missed: Line) -> Part:
    found = by_key(scope.codes, [what for what, _, _ in MATTERS], period, live)
    names = _titles({what: set(keys) for what, keys in found.items()})
    charts, rows = [], []
    for what, title, second in MATTERS:
        ranked = sorted((item for item in found[str(what)].items() if item[1] >= SMALLEST), key=lambda item: (-item[1], item[0]))
        points = [Point(names.get((str(what), key), key), n, str(n)) for key, n in ranked]
        rows += [[what.label, point.label, key, point.shown] for point, (key, _) in zip(points, ranked, strict=True)]
        if points:
            charts.append(lying(str(what), title, points[:MOST_MATTERS], first="名称", second=second))
    words = [f"没搜到：{missed.words()}。"] + ([] if charts else [f"这段时间，哪一样都少于{SMALLEST}次。"])
    note = f"少于{SMALLEST}次的没列出来。搜索只记搜到了哪一样，不记搜的是什么字。"
    return Part("matters", "大家在找什么", words, charts, download=Table(("种类", "名称", "代号", "次数"), rows), note=note)


def _titles(keys: dict[str, set[str]]) -> dict[tuple[str, str], str]:
    """What each key is called, by (what, key); a slug that is gone has no name."""
    guides = dict(Guide.objects.filter(slug__in=keys.get("guide", set()) | keys.get("found", set())).order_by().values_list("slug", "plain_title"))
    events = dict(LifeEvent.objects.filter(slug__in=keys.get("event", set())).order_by().values_list("slug", "title"))
    topics = dict(Domain.objects.filter(slug__in=keys.get("topic", set())).order_by().values_list("slug", "name"))
    named = {"guide": guides, "found": guides, "event": events, "topic": topics}
    return {(what, slug): title for what, titles in named.items() for slug, title in titles.items()}


def _plates(scope: Scope, below: list[Area]) -> Part:
    """Of how many entrances how many have a valid plate. Entrances are no people: nothing is hidden."""
    entrances, plates = coverage(scope.prefixes)
    points = [Point(area.short_name, plates[area.code], f"{plates[area.code]} / {entrances[area.code]}" if entrances[area.code] else "还没登记楼栋") for area in below]
    chart = lying("plates", "有门牌的入口", points, first="地方", second="有门牌的 / 全部入口", wholes=[entrances[area.code] for area in below])
    table = Table(("地方", "登记的入口", "有效的门牌"), [[area.short_name, entrances[area.code], plates[area.code]] for area in below])
    known = sum(entrances[area.code] for area in below)
    words = [f"登记的入口 {known} 个，有效的门牌 {sum(plates[area.code] for area in below)} 块。"] if known else ["还没有登记楼栋，先到“楼栋”里添加。"]
    return Part("plates", "门牌贴到了哪里", words, [chart] if known else [], download=table, note="只是看还缺哪里，不作考核。")


def _requests(period: Period, lines: dict[What, Line]) -> Part:
    columns = [(what.label, lines[what].parts) for what in REQUESTS]
    words = ["；".join(f"{what.label}：{lines[what].words('件')}" for what in REQUESTS) + "。"]
    note = "“过了时间”是说好的时间到了，居民还没听到回话，系统报给了主管。投诉和回访不算在里面。打电话、上门来问、记下来的都算。"
    charts = [_bars(str(what), what.label, period, lines[what].parts, what.label) for what in (What.ASKED, What.LATE)]
    return Part("requests", "诉求", words, charts, download=_by_part(period, columns), note=note)
