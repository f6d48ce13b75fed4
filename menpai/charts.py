"""Pictures of figures: from a series to the shapes of an SVG. Pure; templates/_partials/chart.html draws what comes out.

Everything is told without colour: a hidden figure is a hatched box of one fixed height, the largest is written beside its bar, and the table under
the picture has them all. Lengths are units of a view box that is as wide as a phone, so that letters stay readable there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 40, 6, 22, 26  # of the plot
HIDDEN = 7  # units: the box of a hidden figure says nothing of its height
LEAST = 2  # units: the smallest figure still has a bar
LABELS = 4  # below the bars, at most
ROW, THICK = 42, 14  # of a lying bar: its line with the words, and the bar itself
WORDS = 24  # characters beside a lying bar that fit on a phone


@dataclass(frozen=True)
class Point:
    """One figure with its name. `number` is None when it is hidden, and `shown` then says how."""

    label: str
    number: int | None
    shown: str


@dataclass(frozen=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    title: str
    is_hidden: bool = False
    text: str = ""  # written beside it
    text_x: str = ""
    text_y: str = ""
    anchor: str = "middle"
    name: str = ""  # of a lying bar, above it
    name_y: str = ""
    track: str = ""  # of a lying bar that is a share: the length of the whole


@dataclass(frozen=True)
class Mark:
    """A word on an axis, with a line across the plot where it is one of the height."""

    at: str
    text: str
    anchor: str = "end"


@dataclass(frozen=True)
class Chart:
    key: str  # unique on the page: the ids in the picture begin with it
    title: str
    description: str
    bars: tuple[Bar, ...]
    points: tuple[Point, ...]
    first: str  # heads of the table's two columns
    second: str
    height: str = str(HEIGHT)
    scale: tuple[Mark, ...] = ()
    labels: tuple[Mark, ...] = ()
    base: str = str(HEIGHT - BOTTOM)
    lies: bool = False

    @property
    def has_hidden(self) -> bool:
        return any(bar.is_hidden for bar in self.bars)

    @property
    def is_drawn(self) -> bool:
        """A picture of nothing but hidden figures says nothing."""
        return any(not bar.is_hidden for bar in self.bars)


def ticks(most: int) -> list[int]:
    """Round steps from 0 to at least `most`: three to six of them, whole numbers of 1, 2 or 5 with noughts."""
    if most <= 0:
        return [0, 1]
    step = next(step for ten in range(20) for step in (1 * 10**ten, 2 * 10**ten, 5 * 10**ten) if step * 5 >= most)
    return [step * i for i in range(-(-most // step) + 1)]


def said(number: int) -> str:
    """12000 as 1.2万: short enough for an axis."""
    if number < 10_000:
        return str(number)
    unit, word = (10**8, "亿") if number >= 10**8 else (10**4, "万")
    return f"{number / unit:.1f}".removesuffix(".0") + word


def bars(key: str, title: str, points: Sequence[Point], *, first: str, second: str) -> Chart:
    """Standing bars, one a day, week or month, in their order."""
    shown = [point.number for point in points if point.number is not None]
    scale = ticks(max(shown, default=0))
    plot = HEIGHT - TOP - BOTTOM
    place = (WIDTH - LEFT - RIGHT) / max(len(points), 1)
    width = place * (0.7 if place > 8 else 0.82)
    label = _which_labels(points)
    drawn = []
    for number, point in enumerate(points):
        height = HIDDEN if point.number is None else max(plot * point.number / scale[-1], LEAST if point.number else 0)
        x, y = LEFT + place * number + (place - width) / 2, HEIGHT - BOTTOM - height
        text = said(point.number) if number in label else ""
        drawn.append(
            Bar(
                _n(x), _n(y), _n(width), _n(height), f"{point.label}：{point.shown}", is_hidden=point.number is None, text=text,
                text_x=_n(max(_within(x + width / 2, len(text) * 8), LEFT + len(text) * 4)), text_y=_n(y - 4),
            )
        )  # fmt: skip
    return Chart(
        key, title, _description(points, second), tuple(drawn), tuple(points), first, second,
        scale=tuple(Mark(_n(HEIGHT - BOTTOM - plot * tick / scale[-1]), said(tick)) for tick in scale),
        labels=tuple(_labels_below(points, place)),
    )  # fmt: skip


def lying(key: str, title: str, points: Sequence[Point], *, first: str, second: str, wholes: Sequence[int] = ()) -> Chart:
    """Lying bars with their names above them; with `wholes`, each is a part of its own whole and drawn in a frame of full length."""
    most = max((point.number or 0 for point in points), default=0)
    room = WIDTH - 2
    drawn = []
    for number, point in enumerate(points):
        whole = wholes[number] if wholes else most
        length = HIDDEN * 2 if point.number is None else room * min(point.number / whole, 1) if whole else 0
        top = number * ROW
        name = point.label if len(point.label) <= WORDS - len(point.shown) // 2 else point.label[: WORDS - len(point.shown) // 2 - 1] + "…"
        drawn.append(
            Bar(
                "1", _n(top + 20), _n(max(length, LEAST) if point.number or point.number is None else 0), _n(THICK), f"{point.label}：{point.shown}",
                is_hidden=point.number is None, text=point.shown, text_x=_n(WIDTH - 1), text_y=_n(top + 14), anchor="end", name=name, name_y=_n(top + 14),
                track=_n(room) if wholes else "",
            )
        )  # fmt: skip
    description = "，".join(bar.title for bar in drawn[:3]) + ("……" if len(drawn) > 3 else "。")
    return Chart(key, title, description, tuple(drawn), tuple(points), first, second, height=_n(max(len(points), 1) * ROW), lies=True)


def _which_labels(points: Sequence[Point]) -> set[int]:
    """Few bars all say their figure; of many only the largest, the first of equals."""
    shown = [number for number, point in enumerate(points) if point.number is not None]
    if len(points) <= 8:
        return set(shown)
    return set(sorted(shown, key=lambda number: (-points[number].number, number))[:1])


def _labels_below(points: Sequence[Point], place: float) -> list[Mark]:
    """Evenly among the bars, the first and, where there is room, the last."""
    if not points:
        return []
    step = -(-len(points) // LABELS)
    chosen = range(0, len(points), step)
    return [Mark(_n(_within(LEFT + place * (number + 0.5), len(points[number].label) * 9)), points[number].label, "middle") for number in chosen]


def _within(x: float, width: float) -> float:
    """A word of that width, centred at x, kept inside the picture."""
    return min(max(x, width / 2), WIDTH - width / 2)


def _description(points: Sequence[Point], second: str) -> str:
    shown = [point for point in points if point.number is not None]
    if not shown:
        return "没有能写出来的数。"
    top = max(shown, key=lambda point: point.number)
    hidden = len(points) - len(shown)
    return f"{points[0].label}到{points[-1].label}，{second}最多的是{top.label}，{top.number}。" + (f"有{hidden}处太少，没写出来。" if hidden else "")


def _n(number: float) -> str:
    """A length as an SVG wants it, whatever the language of the site."""
    return f"{number:.1f}".removesuffix(".0")
