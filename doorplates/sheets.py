"""Print sheets: A4 pages of notices with the plate's code, as vector PDF with embedded Chinese type.

A notice is 政务服务指引 and says so; it is no 公安门楼牌 and imitates none. Three sizes of symbol, one look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import BinaryIO
from urllib.parse import urlsplit

from django.conf import settings
from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from doorplates.models import Doorplate
from doorplates.qr import make_symbol
from guides.site_words import words_for
from menpai.qr import QUIET_ZONE

REGULAR, BOLD = "NotoSansSC-Regular", "NotoSansSC-Bold"
ENAMEL, GOJI, MIST, INK = HexColor("#0b4a8f"), HexColor("#b3261e"), HexColor("#e6eef8"), HexColor("#1a1a1a")
TITLE, INVITATION = "政务服务指引", "扫一扫，看办事指南"
WORDS = ("谁能办", "要带什么", "去哪办", "多久、多少钱")
PROMISE = "本码不收费，不要验证码，不要密码"
SAMPLE = "示例"
SHEET_ORDER = ("building__community_id", "building__estate", "building_id", "entrance")  # as one walks past the doors
NO_LINE_STARTS_WITH, NO_LINE_ENDS_WITH = "，。、；：？！）”》", "（“《"
LINE_HEIGHT = 1.25


class Unprintable(ValueError):
    """A notice holds a character that the print font lacks. The text, in Chinese, names the character and the building."""


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


@cache
def _fonts() -> frozenset[int]:
    """Register both weights, once in the life of a process, and return the characters that both can draw."""
    faces = []
    for name in (REGULAR, BOLD):
        font = TTFont(name, str(settings.BASE_DIR / "static" / "fonts" / f"{name}.ttf"))
        pdfmetrics.registerFont(font)
        faces.append(font.face.charToGlyph)
    return frozenset(faces[0]).intersection(faces[1])


def missing_characters(text: str) -> list[str]:
    """The characters of a text that the print fonts cannot draw. reportlab would leave a hole and say nothing."""
    known = _fonts()
    return [character for character in dict.fromkeys(text) if ord(character) not in known]


def _texts(plate: Doorplate) -> dict[str, str]:
    """What the notice of a plate says, by the name of its box. Raises Unprintable."""
    area = plate.building.community
    words = words_for(area)
    texts = {
        "title": TITLE,
        "invitation": INVITATION,
        "area": area.short_name,
        "place": plate.place,
        "number": f"编号 {plate.spoken_code}",
        "host": f"扫开后，网址是 {urlsplit(settings.SITE_URL).netloc}",
        "promise": PROMISE,
        "hotline" if area.contact_phone else "hotline_alone": f"不会扫？打 {words.hotline}",
        "helper": f"帮办电话 {area.contact_phone}" if area.contact_phone else "",
        "imprint": "　".join(part for part in (words.organiser, "办事用的指引，不是公安门楼牌") if part),
        "sample": SAMPLE if plate.building.is_sample else "",
    }
    if missing := missing_characters("".join(texts.values())):
        raise Unprintable(
            f"打印字体里没有“{'”“'.join(missing)}”这个字，"
            f"“{area.short_name} {plate.place}”的门牌印不出来。换一个常用的写法，再打印。"
        )
    return texts


def _lines(text: str, font: str, size: float, width: float) -> list[str]:
    """Text cut to lines: at blanks and after commas where phrases fit on a line, otherwise between any characters."""

    def fits(line: str) -> bool:
        return pdfmetrics.stringWidth(line, font, size) <= width

    lines, line = [], ""
    for phrase in text.replace("，", "， ").split(" "):
        glue = " " if line and not line.endswith("，") else ""
        if fits(line + glue + phrase):
            line += glue + phrase
        elif fits(phrase):
            lines, line = [*lines, line], phrase
        else:
            for character in glue + phrase:
                if not fits(line + character) and line and character not in NO_LINE_STARTS_WITH:
                    kept = line.rstrip(NO_LINE_ENDS_WITH)
                    lines, line = [*lines, kept], line[len(kept) :]
                line += character
    return [*lines, line]


def _fit(text: str, box: Box) -> tuple[float, list[str]]:
    """The largest type size at which the text fits into the box, and its lines."""
    size = box.size
    while True:
        lines = _lines(text, box.font, size, box.width * mm)
        fits_height = len(lines) == 1 or len(lines) * size * LINE_HEIGHT <= box.height * mm
        if fits_height and all(pdfmetrics.stringWidth(line, box.font, size) <= box.width * mm for line in lines):
            return size, lines
        size -= 0.25


class _Pen:
    """Draws on one notice in millimetres from its upper left corner."""

    def __init__(self, canvas: Canvas, left: float, top: float):
        self.canvas, self.left, self.top = canvas, left, top

    def point(self, x: float, y: float) -> tuple[float, float]:
        return (self.left + x) * mm, (self.top - y) * mm

    def rectangle(self, x, y, width, height, *, fill=None, stroke=None, line=0.5, radius=0) -> None:
        if fill:
            self.canvas.setFillColor(fill)
        if stroke:
            self.canvas.setStrokeColor(stroke)
            self.canvas.setLineWidth(line)
        left, bottom = self.point(x, y + height)
        self.canvas.roundRect(left, bottom, width * mm, height * mm, radius * mm, fill=bool(fill), stroke=bool(stroke))

    def text(self, text: str, box: Box) -> None:
        """The text in its box, in the middle of its height, as large as it fits."""
        size, lines = _fit(text, box)
        self.canvas.setFillColor(box.colour)
        self.canvas.setFont(box.font, size)
        draw, share = {
            "left": (self.canvas.drawString, 0),
            "centre": (self.canvas.drawCentredString, 0.5),
            "right": (self.canvas.drawRightString, 1),
        }[box.align]
        x, y = self.point(box.x + share * box.width, box.y + box.height / 2)
        first = y + (len(lines) / 2 * LINE_HEIGHT - (LINE_HEIGHT - 1) / 2 - 0.88) * size
        for number, line in enumerate(lines):
            draw(x, first - number * LINE_HEIGHT * size, line)

    def symbol(self, plate: Doorplate, x: float, y: float, size: float) -> None:
        """The QR symbol as one path, so that no hairline shows between its modules. Its quiet zone stays white."""
        rows = [bytes(row) for row in make_symbol(plate).matrix]
        module = size / len(rows)
        path = self.canvas.beginPath()
        for row_number, row in enumerate(rows, start=QUIET_ZONE):
            start = None
            for column, dark in enumerate(chain(row, [0])):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    left, bottom = self.point(x + (start + QUIET_ZONE) * module, y + (row_number + 1) * module)
                    path.rect(left, bottom, (column - start) * module * mm, module * mm)
                    start = None
        self.canvas.setFillColor(black)
        self.canvas.drawPath(path, fill=1, stroke=0)

    def crop_marks(self, width: float, height: float) -> None:
        """Hairlines just outside the four corners, to cut along."""
        self.canvas.setStrokeColor(black)
        self.canvas.setLineWidth(0.25)
        for x, outward in ((0, -1), (width, 1)):
            for y, downward in ((0, -1), (height, 1)):
                self.canvas.line(*self.point(x + outward, y), *self.point(x + outward * 4, y))
                self.canvas.line(*self.point(x, y + downward), *self.point(x, y + downward * 4))


def _draw(pen: _Pen, layout: Layout, plate: Doorplate, texts: dict[str, str]) -> None:
    canvas, width, height = pen.canvas, layout.width, layout.height
    pen.crop_marks(width, height)
    canvas.saveState()
    outline = canvas.beginPath()
    outline.roundRect(*pen.point(0, height), width * mm, height * mm, layout.corner * mm)
    canvas.clipPath(outline, stroke=0, fill=0)
    pen.rectangle(0, 0, width, layout.band, fill=ENAMEL)
    pen.rectangle(0, layout.band - layout.band / 30, width, layout.band / 30, fill=GOJI)
    pen.rectangle(layout.foot.x, layout.foot.y, layout.foot.width, layout.foot.height, fill=ENAMEL)
    canvas.restoreState()
    pen.rectangle(0, 0, width, height, stroke=ENAMEL, line=layout.corner / 2, radius=layout.corner)
    pen.symbol(plate, *layout.symbol_at, layout.symbol)
    for word, box in zip(WORDS, layout.words, strict=True):
        pen.rectangle(box.x, box.y, box.width, box.height, fill=MIST, radius=layout.corner / 4)
        pen.text(word, box)
    if texts["sample"]:
        box = layout.sample
        pen.rectangle(box.x, box.y, box.width, box.height, stroke=GOJI, line=box.size / 14, radius=layout.corner / 4)
    for name, text in texts.items():
        if text:
            pen.text(text, getattr(layout, name))


def write_sheet(file: BinaryIO, plates: Iterable[Doorplate], *, size: int, start: int = 1) -> int:
    """Write the notices of these plates as a PDF; returns the number of pages.

    `size` is a key of LAYOUTS. `start` is the first free cell of a partly used first page, from 1. Select
    `building__community` with the plates. Raises ValueError for a cell that is not on the page, and Unprintable: then the
    file is not complete and must be thrown away.
    """
    layout = LAYOUTS[size]
    if not 1 <= start <= layout.per_page:
        raise ValueError(f"起始位置应在1到{layout.per_page}之间。")
    _fonts()
    canvas = Canvas(file, pagesize=A4, pageCompression=1, lang="zh-CN")
    canvas.setTitle(f"{TITLE} {size}毫米")
    pages, cell = 0, start - 1
    for plate in plates:
        if cell == layout.per_page:
            canvas.showPage()
            cell = 0
        if not pages:
            canvas.setCreator(words_for(plate.building.community).name)
        pages += not pages or not cell
        row, column = divmod(cell, layout.columns)
        left = column * (layout.width + 2 * layout.inset) + layout.inset
        top = A4[1] / mm - row * (layout.height + 2 * layout.inset) - layout.inset
        _draw(_Pen(canvas, left, top), layout, plate, _texts(plate))
        cell += 1
    canvas.save()
    return pages
