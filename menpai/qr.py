"""QR symbols as both the plates and the printed guides use them."""

from functools import lru_cache

import segno

from menpai import quick_qr

QUIET_ZONE = 4  # modules of white around it (ISO/IEC 18004)


def make_symbol(text: str, *, error: str, mode: str | None = None, mask: int | None = None) -> segno.QRCode:
    """Exactly the level asked for ("l", "m", "q", "h"), so that symbols of the same length look alike. Without `mode` the
    smallest that holds the text; without `mask` the one of least penalty, as the standard wants it."""
    return segno.make(text, error=error, boost_error=False, mode=mode, mask=mask, micro=False)


@lru_cache(maxsize=1024)  # 0.25 ms and 2.5 KB each
def inline_svg(text: str) -> str:
    """An <svg> for a page that is printed, black on nothing, its size left to the style sheet. Level M: clean paper, read from near."""
    rows = quick_qr.rows_of(text)
    return quick_qr.svg(rows, border=QUIET_ZONE) if rows else secret_svg(text)


def secret_svg(text: str) -> str:
    """The same of something that must not stay in memory, such as the key of a second factor."""
    return make_symbol(text, error="m").svg_inline(border=QUIET_ZONE, omitsize=True, svgclass=None, lineclass=None)
