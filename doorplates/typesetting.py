"""Text in the print fonts: which characters they can draw, where a line breaks, and how large a text may be in its place."""

from functools import cache, lru_cache

from django.conf import settings
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "NotoSansSC-Regular", "NotoSansSC-Bold"
NO_LINE_STARTS_WITH, NO_LINE_ENDS_WITH = "，。、；：？！）”》", "（“《"
LINE_HEIGHT = 1.25


@cache
def known_characters() -> frozenset[int]:
    """Register both weights, once in the life of a process, and return the characters that both can draw."""
    faces = []
    for name in (REGULAR, BOLD):
        font = TTFont(name, str(settings.BASE_DIR / "static" / "fonts" / f"{name}.ttf"))
        pdfmetrics.registerFont(font)
        faces.append(font.face.charToGlyph)
    return frozenset(faces[0]).intersection(faces[1])


def missing_characters(text: str) -> list[str]:
    """The characters of a text that the print fonts cannot draw. reportlab would leave a hole and say nothing."""
    known = known_characters()
    return [character for character in dict.fromkeys(text) if ord(character) not in known]


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


@lru_cache(maxsize=4096)  # the same villages, storeys and numbers come again and again
def fit(text: str, font: str, largest: float, width: float, height: float) -> tuple[float, tuple[str, ...]]:
    """The largest type size, in points, at which the text fits into millimetres of width and height, and its lines."""
    size, width, height = largest, width * mm, height * mm
    while True:
        lines = _lines(text, font, size, width)
        fits_height = len(lines) == 1 or len(lines) * size * LINE_HEIGHT <= height
        if fits_height and all(pdfmetrics.stringWidth(line, font, size) <= width for line in lines):
            return size, tuple(lines)
        size -= 0.25
