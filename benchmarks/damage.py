"""Plates as they look after a winter: real notices from our own PDF, damaged by chance with fixed seeds, read by two independent decoders.

    .venv/bin/python -m benchmarks.damage

Beside each row stands what a simulation of bare symbols (level H, version 4, the same 400 pixels) gave when the level was chosen. Nothing
here was photographed; phones' own scanners were not tried. tests/doorplates/test_damage.py holds a part of it.
"""

import sys
from collections.abc import Callable, Iterable
from io import BytesIO

import numpy as np
import pypdfium2 as pdfium
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter
from pyzbar import pyzbar
from reportlab.lib.units import mm

SIZE, SYMBOL = 75, 400  # millimetres of the symbol as printed, pixels of it in a picture
SEEN = 100  # millimetres of the notice that a phone takes in from its left edge: symbol, number, part of the words
CAMERA = 3  # how many symbols away the camera stands
SAMPLES = 100
FINDER = 8 / 33  # of the symbol's side, with its white border


class Picture:
    """A notice as a grey picture, and where its symbol is: the left and upper edge in pixels."""

    def __init__(self, image: Image.Image, left: float, top: float):
        self.image, self.left, self.top = image, left, top

    def changed(self, image: Image.Image) -> "Picture":
        return Picture(image, self.left, self.top)


def photograph(plates: Iterable) -> list[tuple[str, Picture]]:
    """Each plate's address and its notice: a page of our PDF drawn by pdfium, cut down to what a phone sees."""
    from doorplates.layouts import LAYOUTS
    from doorplates.qr import plate_url
    from doorplates.sheets import write_sheet

    layout, pictures, scale = LAYOUTS[SIZE], [], SYMBOL / (SIZE * mm)
    pixels = scale * mm
    for plate in plates:
        file = BytesIO()
        write_sheet(file, [plate], size=SIZE)
        with pdfium.PdfDocument(file.getvalue()) as document:
            page = document[0].render(scale=scale).to_pil().convert("L")
        corner = layout.inset * pixels
        quiet = SYMBOL / 33 * 4
        left, top = (layout.symbol_at[axis] * pixels + quiet for axis in (0, 1))
        notice = page.crop((round(corner), round(corner), round(corner + SEEN * pixels), round(corner + layout.height * pixels)))
        pictures.append((plate_url(plate), Picture(notice, left, top)))
    return pictures


def _spot(chance: np.random.Generator, share: float, *, spared: bool) -> tuple[float, float, float, float]:
    """Middle and half axes of an ellipse on the symbol, in symbol sides; `spared` keeps it off the three finder corners."""
    while True:
        stretch = chance.uniform(0.6, 1.7)
        half_x, half_y = np.sqrt(share / np.pi * stretch), np.sqrt(share / np.pi / stretch)
        x, y = chance.uniform(0, 1, 2)
        corners = [(FINDER / 2, FINDER / 2), (1 - FINDER / 2, FINDER / 2), (FINDER / 2, 1 - FINDER / 2)]
        reach = FINDER / 2
        inside = half_x <= x <= 1 - half_x and half_y <= y <= 1 - half_y
        clear = all(((max(abs(x - cx) - reach, 0)) / half_x) ** 2 + ((max(abs(y - cy) - reach, 0)) / half_y) ** 2 > 1 for cx, cy in corners)
        if inside and (clear or not spared):
            return x, y, half_x, half_y


def _ellipse(picture: Picture, spot: tuple) -> tuple[float, float, float, float]:
    x, y, half_x, half_y = spot
    left, top = picture.left + x * SYMBOL, picture.top + y * SYMBOL
    return left - half_x * SYMBOL, top - half_y * SYMBOL, left + half_x * SYMBOL, top + half_y * SYMBOL


def blob(share: float, *, spared: bool = False) -> Callable:
    """Paint, dirt or a sticker of one shade over that share of the symbol."""

    def damage(picture: Picture, chance: np.random.Generator) -> Picture:
        image = picture.image.copy()
        ImageDraw.Draw(image).ellipse(_ellipse(picture, _spot(chance, share, spared=spared)), fill=int(chance.integers(0, 256)))
        return picture.changed(image)

    return damage


def glare(share: float, *, spared: bool = False) -> Callable:
    """A lamp or the sun in the varnish: white in the middle of that share, fading to its edge and a little beyond."""

    def damage(picture: Picture, chance: np.random.Generator) -> Picture:
        left, top, right, bottom = _ellipse(picture, _spot(chance, share, spared=spared))
        y, x = np.mgrid[: picture.image.height, : picture.image.width]
        away = np.hypot((x - (left + right) / 2) / (right - left) * 2, (y - (top + bottom) / 2) / (bottom - top) * 2)
        light = np.clip((1.15 - away) / 0.3, 0, 1)
        grey = np.asarray(picture.image, dtype=float)
        return picture.changed(Image.fromarray((grey + (255 - grey) * light).astype(np.uint8)))

    return damage


def torn(share: float) -> Callable:
    """The corner without a finder is torn off, that share of the symbol, with a ragged edge; a wall of some shade shows behind."""

    def damage(picture: Picture, chance: np.random.Generator) -> Picture:
        stretch = chance.uniform(0.7, 1.4)
        wide, high = np.sqrt(2 * share * stretch) * SYMBOL, np.sqrt(2 * share / stretch) * SYMBOL
        right, bottom = picture.left + SYMBOL, picture.top + SYMBOL
        steps = np.linspace(0, 1, 12)
        ragged = chance.normal(0, 6, (12, 2))
        edge = [(right - wide * (1 - t) + dx, bottom - high * t + dy) for t, (dx, dy) in zip(steps, ragged, strict=True)]
        beyond = [(right + 2 * SYMBOL, bottom - high), (right + 2 * SYMBOL, bottom + SYMBOL), (right - wide, bottom + SYMBOL)]
        image = picture.image.copy()
        ImageDraw.Draw(image).polygon([*edge, *beyond], fill=int(chance.integers(60, 230)))
        return picture.changed(image)

    return damage


def chips(share: float) -> Callable:
    """Many small chips of paint gone: bare patches of one or two modules."""

    def damage(picture: Picture, chance: np.random.Generator) -> Picture:
        image, gone = picture.image.copy(), 0.0
        draw = ImageDraw.Draw(image)
        while gone < share:
            x, y, radius = chance.uniform(0, 1), chance.uniform(0, 1), chance.uniform(0.5, 1.2) / 33
            draw.ellipse(_ellipse(picture, (x, y, radius, radius)), fill=int(chance.integers(0, 256)))
            gone += np.pi * radius**2
        return picture.changed(image)

    return damage


def blur(sigma: float) -> Callable:
    """Out of focus; `sigma` in pixels of the picture."""
    return lambda picture, chance: picture.changed(picture.image.filter(ImageFilter.GaussianBlur(sigma)))


def far(width: int) -> Callable:
    """From so far that the symbol is that many pixels wide."""

    def damage(picture: Picture, chance: np.random.Generator) -> Picture:
        scale = width / SYMBOL
        size = (round(picture.image.width * scale), round(picture.image.height * scale))
        return picture.changed(picture.image.resize(size, Image.Resampling.BILINEAR, reducing_gap=3))

    return damage


def tilt(degrees: float) -> Callable:
    """Seen from the side or from below at that angle, in perspective, the phone held a little askew."""

    def damage(picture: Picture, chance: np.random.Generator) -> Picture:
        angle, roll = np.radians(degrees) * chance.choice([-1, 1]), np.radians(chance.uniform(-8, 8))
        width, height = picture.image.size
        middle = np.array([picture.left + SYMBOL / 2, picture.top + SYMBOL / 2])
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=float) - middle
        turned = corners @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
        axis = chance.integers(0, 2)
        depth = CAMERA * SYMBOL + turned[:, axis] * np.sin(angle)
        turned[:, axis] *= np.cos(angle)
        shown = turned * (CAMERA * SYMBOL / depth)[:, None]
        shown -= shown.min(axis=0)
        size = tuple(int(side) for side in np.ceil(shown.max(axis=0)))
        image = picture.image.transform(size, Image.Transform.PERSPECTIVE, _coefficients(shown, corners + middle), Image.Resampling.BILINEAR, fillcolor=200)
        return picture.changed(image)

    return damage


def _coefficients(of: np.ndarray, to: np.ndarray) -> list[float]:
    rows, right = [], []
    for (x, y), (u, v) in zip(of, to, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.linalg.solve(np.array(rows), np.array(right)).tolist()


def both(*damages: Callable) -> Callable:
    def damage(picture: Picture, chance: np.random.Generator) -> Picture:
        for one in damages:
            picture = one(picture, chance)
        return picture

    return damage


def by_zxing(image: Image.Image) -> set[str]:
    return {symbol.text for symbol in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)}


def by_zbar(image: Image.Image) -> set[str]:
    return {symbol.data.decode() for symbol in pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])}


def rates(pictures: list[tuple[str, Picture]], damage: Callable, *, samples: int, seed: int = 20261127) -> tuple[float, float, int]:
    """Per cent read by zxing and by zbar, and how many wrong texts either gave."""
    read, wrong = [0, 0], 0
    for number in range(samples):
        address, picture = pictures[number % len(pictures)]
        image = damage(picture, np.random.default_rng([seed, number])).image
        for at, decode in enumerate((by_zxing, by_zbar)):
            found = decode(image)
            read[at] += address in found
            wrong += len(found - {address})
    return 100 * read[0] / samples, 100 * read[1] / samples, wrong


# What is done to the plate, and what the earlier simulation had for it: zxing and zbar, in per cent; None where it had no such row.
TABLE: list[tuple[str, Callable, tuple[int, int] | None]] = [
    ("whole", lambda picture, chance: picture, None),
    *((f"one blob anywhere {share} %", blob(share / 100), expected) for share, expected in ((3, (77, 78)), (8, (62, 58)), (12, (66, 55)), (15, (43, 36)), (20, (14, 8)))),
    *((f"blob, finders spared {share} %", blob(share / 100, spared=True), expected) for share, expected in ((10, (100, 94)), (15, (96, 85)), (20, (65, 57)), (25, (28, 27)))),
    *((f"many chips {share} %", chips(share / 100), expected) for share, expected in ((5, (36, 62)), (10, (2, 4)))),
    *((f"glare anywhere {share} %", glare(share / 100), expected) for share, expected in ((3, (77, 78)), (8, (62, 58)), (12, (66, 55)))),
    *((f"glare, finders spared {share} %", glare(share / 100, spared=True), expected) for share, expected in ((10, (100, 94)), (15, (96, 85)), (20, (65, 57)))),
    *((f"torn corner {share} %", torn(share / 100), expected) for share, expected in ((10, (100, 94)), (15, (96, 85)), (20, (65, 57)), (25, (28, 27)))),
    *((f"blur, sigma {sigma} px", blur(sigma), expected) for sigma, expected in ((3, (100, 95)), (5, (79, 0)), (6, (42, 0)))),
    *((f"far, symbol {width} px wide", far(width), expected) for width, expected in ((50, (92, 18)), (60, (100, 96)))),
    *((f"tilt {degrees} degrees", tilt(degrees), expected) for degrees, expected in ((45, (100, 100)), (55, (95, 100)), (60, (78, 98)))),
    *(
        (f"blob {share} %, tilt 25, 180 px", both(blob(share / 100), tilt(25), far(180)), expected)
        for share, expected in ((5, (73, 76)), (10, (45, 53)), (15, (40, 38)))
    ),
]  # fmt: skip


def main() -> int:
    from benchmarks.site import prepare, say

    prepare()
    from django.conf import settings

    from doorplates.models import Doorplate

    settings.SITE_URL = "https://mp.huinong.gov.cn"  # as long as the address of the simulation
    pictures = photograph(Doorplate.objects.select_related("building__community").order_by("pk")[:10])
    say(f"\ndamaged plates: per cent read by zxing / zbar, {SAMPLES} each; beside it the simulation of bare symbols (level H, version 4)\n")
    wrong = 0
    for name, damage, expected in TABLE:
        zxing, zbar, false = rates(pictures, damage, samples=SAMPLES)
        wrong += false
        beside = "" if expected is None else f"   simulation {expected[0]:3} / {expected[1]:3}"
        say(f"  {name:34} {zxing:3.0f} / {zbar:3.0f}{beside}\n")
    say(f"  wrong texts: {wrong}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
