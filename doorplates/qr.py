"""The symbol on a plate. In upper case, because QR alphanumeric mode knows no small letters: 33 modules a side, not 37."""

from collections.abc import Sequence

import segno
from django.conf import settings

from doorplates.models import Doorplate
from doorplates.symbols import make_symbols
from menpai import qr

LEVEL = "h"  # survives a stairwell. Plates of one host all get the same version, so that they look alike


def _stem() -> str:
    return f"{settings.SITE_URL}/D/".upper()


def plate_url(plate: Doorplate) -> str:
    """HTTPS://HOST/D/CODE: what the printed symbol holds."""
    return _stem() + plate.code


def make_symbol(plate: Doorplate) -> segno.QRCode:
    """The symbol of one plate, by segno itself."""
    return qr.make_symbol(plate_url(plate), error=LEVEL, mode="alphanumeric")


def symbols_of(plates: Sequence[Doorplate]) -> list[list[int]]:
    """The same symbols of many plates, each as its rows: integers whose highest bit is the first module."""
    return make_symbols([plate_url(plate) for plate in plates], stem=_stem(), error=LEVEL)
