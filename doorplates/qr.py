"""The symbol on a plate. In upper case, because QR alphanumeric mode knows no small letters: 33 modules a side, not 37."""

import segno
from django.conf import settings

from doorplates.models import Doorplate
from menpai import qr


def plate_url(plate: Doorplate) -> str:
    """HTTPS://HOST/D/CODE: what the printed symbol holds."""
    return f"{settings.SITE_URL}/D/{plate.code}".upper()


def make_symbol(plate: Doorplate) -> segno.QRCode:
    """Level H, which survives a stairwell. Plates of one host all get the same version, so that they look alike."""
    return qr.make_symbol(plate_url(plate), error="h", mode="alphanumeric")
