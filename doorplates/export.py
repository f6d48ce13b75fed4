"""What a print shop gets: a ZIP with one SVG a plate and a list. Everything in an SVG is black outlines on white in true millimetres, nothing
depends on a font of theirs: the symbol with its quiet zone, and under it the code for people, as it is read out.
"""

import json
from collections.abc import Iterable
from functools import cache
from io import TextIOWrapper
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings

from doorplates.batches import PlateList
from doorplates.models import Doorplate
from doorplates.qr import symbols_of
from doorplates.sheets import AT_ONCE, runs
from menpai.qr import QUIET_ZONE

LIST = "list.csv"
FORM = 1  # counts on when the pictures change: ZIPs of an interrupted run that look otherwise are then written anew
LETTER_HEIGHT, LETTERS_BELOW = 3.6, 1.6  # type size of the code and the white under its base line, in modules
SPOOLED = 1_000_000  # bytes of the list that are kept in memory before it goes to a temporary file
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same plates give the same ZIP to the byte


@cache
def _outlines() -> dict[str, tuple[int, str]]:
    """Width and path of each character, in thousandths of the type size."""
    return json.loads((settings.BASE_DIR / "static" / "fonts" / "code-outlines.json").read_text())


def plate_svg(plate: Doorplate, rows: list[int], *, size: int) -> str:
    """The SVG of a plate. `rows` is its symbol, `size` the side of the symbol in millimetres, without quiet zone."""
    side = len(rows) + 2 * QUIET_ZONE
    height, module = side + LETTER_HEIGHT + LETTERS_BELOW, size / len(rows)
    dark = "".join(f"M{QUIET_ZONE + column} {QUIET_ZONE + row}h{length}v1h-{length}z" for row, column, length in runs(rows))
    scale, letters, at = LETTER_HEIGHT / 1000, [], 0
    for character in plate.spoken_code:
        width, path = _outlines()[character]
        letters.append(f'<path transform="translate({at})" d="{path}"/>' if path else "")
        at += width
    left = (side - at * scale) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * module:.3f}mm" height="{height * module:.3f}mm" viewBox="0 0 {side} {height:g}">'
        f'<title>{plate.spoken_code}</title><path fill="#fff" d="M0 0h{side}v{height:g}H0z"/><path d="{dark}"/>'
        f'<g transform="translate({left:.3f} {height - LETTERS_BELOW:g}) scale({scale:g})">{"".join(letters)}</g></svg>\n'
    )


def write_zip(file: BinaryIO, plates: Iterable[Doorplate], *, size: int, mark: str = "") -> int:
    """Write the ZIP; returns how many plates are in it. Memory holds no pictures, only the ZIP's own table (under 1 KB a plate).

    `size` is the side of the symbol in millimetres. `mark` is kept in the ZIP's comment. Select `building__community` with the plates.
    """
    count, waiting = 0, iter(plates)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive, SpooledTemporaryFile(max_size=SPOOLED) as spooled:
        text = TextIOWrapper(spooled, encoding="utf-8", newline="", write_through=True)
        table = PlateList(text, "文件")
        while batch := list(islice(waiting, AT_ONCE)):
            for plate, rows in zip(batch, symbols_of(batch), strict=True):
                name = f"{plate.building.community_id}/{plate.code}.svg"
                archive.writestr(_entry(name), plate_svg(plate, rows, size=size))
                table.add(plate, name)
            count += len(batch)
        text.detach()
        spooled.seek(0)
        with archive.open(_entry(LIST), "w") as target:
            while piece := spooled.read(1 << 16):
                target.write(piece)
        archive.comment = mark.encode()
    return count


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, EPOCH)
    entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
    return entry
