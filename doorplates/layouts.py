"""Where each thing stands on a notice, for each of the three sizes of symbol. One look, in millimetres on A4."""

from dataclasses import dataclass

from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

from doorplates.typesetting import BOLD, REGULAR

ENAMEL, GOJI, MIST, INK = HexColor("#0b4a8f"), HexColor("#b3261e"), HexColor("#e6eef8"), HexColor("#1a1a1a")


@dataclass(frozen=True)
class Box:
    """A place for text, in millimetres from the upper left corner of the notice. `size` is the largest type, in points."""

    x: float
    y: float
    width: float
    height: float
    size: float
    font: str = BOLD
    colour: object = INK
    align: str = "left"


@dataclass(frozen=True)
class Layout:
    """One size of notice: how many stand on a page and where each thing stands on it."""

    symbol: int  # millimetres, without its quiet zone
    columns: int
    rows: int
    inset: float  # from the edge of the cell to the edge of the notice
    band: float
    corner: float
    symbol_at: tuple[float, float]  # upper left corner of the quiet zone
    title: Box
    invitation: Box
    area: Box
    place: Box
    sample: Box
    number: Box
    host: Box
    words: tuple[Box, ...]
    promise: Box
    foot: Box  # blue again, under the telephone numbers
    hotline: Box
    hotline_alone: Box
    helper: Box
    imprint: Box

    @property
    def per_page(self) -> int:
        return self.columns * self.rows

    @property
    def width(self) -> float:
        return A4[0] / mm / self.columns - 2 * self.inset

    @property
    def height(self) -> float:
        return A4[1] / mm / self.rows - 2 * self.inset


def _grid(x: float, y: float, width: float, height: float, size: float, *, columns: int) -> tuple[Box, ...]:
    """Four boxes for the four words, with a little air between them."""
    rows, air = 4 // columns, 2 if size > 14 else 1
    w, h = (width - air * (columns - 1)) / columns, (height - air * (rows - 1)) / rows
    corners = [(x + column * (w + air), y + row * (h + air)) for row in range(rows) for column in range(columns)]
    return tuple(Box(left, top, w, h, size, colour=ENAMEL, align="centre") for left, top in corners)


WHITE_CENTRE = {"colour": white, "align": "centre"}
# fmt: off
LAYOUTS = {
    120: Layout(
        symbol=120, columns=1, rows=1, inset=10, band=38, corner=6, symbol_at=(20.45, 61.5),
        title=Box(8, 2.5, 174, 22.5, 61, **WHITE_CENTRE),
        invitation=Box(8, 24.5, 174, 11, 26, **WHITE_CENTRE),
        area=Box(31, 41, 128, 9, 22, REGULAR, align="centre"),
        place=Box(8, 49, 174, 14, 34, align="centre"),
        sample=Box(162, 41.5, 20, 9, 20, colour=GOJI, align="centre"),
        number=Box(8, 210.2, 174, 13, 35, align="centre"),
        host=Box(8, 223, 174, 7, 15, REGULAR, align="centre"),
        words=_grid(8, 232.5, 174, 11, 18.5, columns=4),
        promise=Box(8, 245.5, 174, 10, 26, colour=GOJI, align="centre"),
        foot=Box(0, 257.5, 190, 19.5, 0),
        hotline=Box(8, 258.5, 82, 12, 26, colour=white), helper=Box(92, 258.5, 90, 12, 26, colour=white, align="right"),
        hotline_alone=Box(8, 258.5, 174, 12, 28, **WHITE_CENTRE),
        imprint=Box(8, 270, 174, 5, 10.5, REGULAR, **WHITE_CENTRE),
    ),
    75: Layout(
        symbol=75, columns=1, rows=2, inset=7, band=25, corner=5, symbol_at=(3, 25),
        title=Box(8, 2, 96, 20, 46, colour=white),
        invitation=Box(104, 3, 84, 19, 25, colour=white, align="right"),
        area=Box(100, 28.5, 71, 8, 20, REGULAR),
        place=Box(100, 36.5, 89, 23, 28),
        sample=Box(173, 28.5, 16, 8, 17, colour=GOJI, align="centre"),
        number=Box(5, 118, 90, 9.5, 25, align="centre"),
        host=Box(5, 128.1, 90, 5, 11, REGULAR, align="centre"),
        words=_grid(100, 61.5, 89, 22.5, 18.5, columns=2),
        promise=Box(100, 85.5, 80, 17.5, 21.5, colour=GOJI),
        foot=Box(96.5, 105, 99.5, 29.5, 0),
        hotline=Box(100, 106, 89, 11, 26, colour=white), helper=Box(100, 116.5, 89, 10, 22, colour=white),
        hotline_alone=Box(100, 107, 89, 18, 32, colour=white),
        imprint=Box(100, 127, 89, 5.5, 9.5, REGULAR, white),
    ),
    40: Layout(
        symbol=40, columns=2, rows=3, inset=5, band=18.5, corner=3, symbol_at=(0.9, 18.5),
        title=Box(4, 1.3, 87, 10.5, 27, **WHITE_CENTRE),
        invitation=Box(4, 11, 87, 6.3, 14, **WHITE_CENTRE),
        area=Box(51, 20.5, 40.5, 5.5, 12, REGULAR),
        place=Box(51, 26, 40.5, 13, 14.5),
        sample=Box(82, 20.7, 9.5, 5, 9.5, colour=GOJI, align="centre"),
        number=Box(3.5, 67.7, 45, 6.3, 16.5, align="centre"),
        host=Box(3.5, 74.1, 45, 4, 8.5, REGULAR, align="centre"),
        words=_grid(51, 40, 40.5, 24.5, 12.5, columns=1),
        promise=Box(51, 65.5, 40.5, 11.5, 11.5, colour=GOJI),
        foot=Box(0, 78.5, 95, 10.5, 0),
        hotline=Box(4, 79, 37, 6, 13, colour=white), helper=Box(45, 79, 46, 6, 12.5, colour=white, align="right"),
        hotline_alone=Box(4, 79, 87, 6, 14, **WHITE_CENTRE),
        imprint=Box(4, 84.8, 87, 3.2, 6.5, REGULAR, **WHITE_CENTRE),
    ),
}
# fmt: on
