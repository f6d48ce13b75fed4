"""Print sheets: A4 pages of notices with the plate's code, as vector PDF with embedded Chinese type.

A notice is 政务服务指引 and says so; it is no 公安门楼牌 and imitates none. What all plates of a village have in common is drawn once a
file and referred to; a notice adds its symbol, its place and its number.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import BinaryIO
from urllib.parse import urlsplit

from django.conf import settings
from reportlab import rl_config
from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from doorplates.layouts import ENAMEL, GOJI, LAYOUTS, MIST, Box, Layout
from doorplates.models import Doorplate
from doorplates.qr import symbols_of
from doorplates.typesetting import LINE_HEIGHT, fit, known_characters, missing_characters
from guides.site_words import words_for
from menpai.qr import QUIET_ZONE

TITLE, INVITATION = "政务服务指引", "扫一扫，看办事指南"
WORDS = ("谁能办", "要带什么", "去哪办", "多久、多少钱")
PROMISE = "本码不收费，不要验证码，不要密码"
SAMPLE = "示例"
OWN = ("area", "place", "number")  # what a plate has for itself, in the order in which it is read and copied
SHEET_ORDER = ("building__community_id", "building__estate", "building_id", "entrance")  # as one walks past the doors
AT_ONCE = 256  # plates whose symbols are made together

rl_config.useA85 = 0  # compressed streams stand in the file as bytes: smaller than as letters, and much faster to write


class Unprintable(ValueError):
    """A notice holds a character that the print font lacks. The text, in Chinese, names the character and the building."""


def texts_of(plate: Doorplate) -> dict[str, str]:
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


def runs(rows: list[int]) -> Iterable[tuple[int, int, int]]:
    """The dark modules of a symbol as (row, first column, how many), from the upper left corner."""
    for number, row in enumerate(rows):
        for run in re.finditer("1+", f"{row:0{len(rows)}b}"):
            yield number, run.start(), run.end() - run.start()


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
        size, lines = fit(text, box.font, box.size, box.width, box.height)
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

    def symbol(self, rows: list[int], x: float, y: float, size: float) -> None:
        """The QR symbol as one path in units of its modules, so that no hairline shows between them. Its quiet zone stays white."""
        module = size / len(rows)
        left, top = self.point(x + QUIET_ZONE * module, y + QUIET_ZONE * module)
        dark = " ".join(f"{start} {-line} {length} -1 re" for line, start, length in runs(rows))
        self.canvas.setFillColor(black)
        self.canvas.addLiteral(f"q {module * mm:.6f} 0 0 {module * mm:.6f} {left:.6f} {top:.6f} cm {dark} f Q")

    def crop_marks(self, width: float, height: float) -> None:
        """Hairlines just outside the four corners, to cut along."""
        self.canvas.setStrokeColor(black)
        self.canvas.setLineWidth(0.25)
        for x, outward in ((0, -1), (width, 1)):
            for y, downward in ((0, -1), (height, 1)):
                self.canvas.line(*self.point(x + outward, y), *self.point(x + outward * 4, y))
                self.canvas.line(*self.point(x, y + downward), *self.point(x, y + downward * 4))


def _draw_common(pen: _Pen, layout: Layout, texts: dict[str, str]) -> None:
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
    for word, box in zip(WORDS, layout.words, strict=True):
        pen.rectangle(box.x, box.y, box.width, box.height, fill=MIST, radius=layout.corner / 4)
        pen.text(word, box)
    if texts["sample"]:
        box = layout.sample
        pen.rectangle(box.x, box.y, box.width, box.height, stroke=GOJI, line=box.size / 14, radius=layout.corner / 4)
    for name, text in texts.items():
        if text and name not in OWN:
            pen.text(text, getattr(layout, name))


class _Sheet:
    """One PDF in the making: its canvas, its next free cell, and the forms (parts drawn once) that it holds so far."""

    def __init__(self, canvas: Canvas, layout: Layout, cell: int):
        self.canvas, self.layout, self.cell, self.pages = canvas, layout, cell, 0
        self.forms: dict[tuple, str] = {}

    def form(self, texts: dict[str, str]) -> str:
        """The name of the drawing that these plates have in common, as it stands in the first cell."""
        key = tuple((name, text) for name, text in texts.items() if name not in OWN)
        if key not in self.forms:
            self.forms[key] = f"common{len(self.forms)}"
            self.canvas.beginForm(self.forms[key])
            _draw_common(_Pen(self.canvas, *self.corner(0)), self.layout, texts)
            self.canvas.endForm()
        return self.forms[key]

    def corner(self, cell: int) -> tuple[float, float]:
        """The upper left corner of the notice in a cell, from the lower left of the page."""
        layout = self.layout
        row, column = divmod(cell, layout.columns)
        return column * (layout.width + 2 * layout.inset) + layout.inset, A4[1] / mm - row * (layout.height + 2 * layout.inset) - layout.inset

    def add(self, plate: Doorplate, rows: list[int]) -> None:
        canvas, layout, texts = self.canvas, self.layout, texts_of(plate)
        name = self.form(texts)
        if self.cell == layout.per_page:
            canvas.showPage()
            self.cell = 0
        self.pages += not self.pages or not self.cell
        left, top = self.corner(self.cell)
        first_left, first_top = self.corner(0)
        canvas.saveState()
        canvas.translate((left - first_left) * mm, (top - first_top) * mm)
        canvas.doForm(name)
        canvas.restoreState()
        pen = _Pen(canvas, left, top)
        pen.symbol(rows, *layout.symbol_at, layout.symbol)
        for own in OWN:
            pen.text(texts[own], getattr(layout, own))
        self.cell += 1


def write_sheet(file: BinaryIO, plates: Iterable[Doorplate], *, size: int, start: int = 1, mark: str = "") -> int:
    """Write the notices of these plates as a PDF; returns the number of pages.

    `size` is a key of LAYOUTS. `start` is the first free cell of a partly used first page, from 1. `mark` is kept in the document's
    keywords. Select `building__community` with the plates. Raises ValueError for a cell that is not on the page, and Unprintable: then
    the file is not complete and must be thrown away. Memory grows with the pages of this one file (4 KB a plate): see doorplates/batches.py.
    """
    layout = LAYOUTS[size]
    if not 1 <= start <= layout.per_page:
        raise ValueError(f"起始位置应在1到{layout.per_page}之间。")
    known_characters()  # registers the fonts
    canvas = Canvas(file, pagesize=A4, pageCompression=1, lang="zh-CN")
    canvas.setTitle(f"{TITLE} {size}毫米")
    canvas.setKeywords(mark)
    sheet, waiting = _Sheet(canvas, layout, start - 1), iter(plates)
    while batch := list(islice(waiting, AT_ONCE)):
        if not sheet.pages:
            canvas.setCreator(words_for(batch[0].building.community).name)
        for plate, rows in zip(batch, symbols_of(batch), strict=True):
            sheet.add(plate, rows)
    canvas.save()
    return sheet.pages
