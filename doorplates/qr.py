"""The symbol on a plate. In upper case, because QR alphanumeric mode knows no small letters: 33 modules a side, not 37."""

import segno
from django.conf import settings

from doorplates.models import Doorplate

QUIET_ZONE = 4  # modules of white around it (ISO/IEC 18004)


def plate_url(plate: Doorplate) -> str:
    """HTTPS://HOST/D/CODE: what the printed symbol holds."""
    return f"{settings.SITE_URL}/D/{plate.code}".upper()


def make_symbol(plate: Doorplate) -> segno.QRCode:
    """Level H, which survives a stairwell. Plates of one host all get the same version, so that they look alike."""
    return segno.make(plate_url(plate), error="h", boost_error=False, mode="alphanumeric", micro=False)
