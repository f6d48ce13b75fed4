"""A scan is counted once and never stands in the way of the page. Here are the rules; doorplates.lane answers most scans by them before Django does."""

import logging
from collections.abc import Mapping
from datetime import date

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from doorplates.models import Doorplate, Scan
from menpai.visitors import is_browser

log = logging.getLogger(__name__)

SEEN = "scanned"  # cookie on this plate's own path, gone at midnight: a reload is the same scan; it holds a date and nothing else
PLATE_COOKIE = "plate"  # which plate someone came from; only the help form reads it
PLATE_COOKIE_AGE = 60 * 60 * 12
COUNTED = "menpai.scan_counted"  # in the environ: this scan has its row already


def is_due(environ: dict, cookies: Mapping[str, str], today: date) -> bool:
    """Whether a look at a plate is a scan to be counted: a person's, not of staff who are signed in, and this phone's first today."""
    return settings.SESSION_COOKIE_NAME not in cookies and is_browser(environ) and cookies.get(SEEN) != today.isoformat()


def count(request, plate: Doorplate) -> bool:
    """Count this scan unless this phone was counted for this plate today; True when it was counted now. A database fault is logged, not shown."""
    today = timezone.localdate()
    if COUNTED in request.META:
        return True
    if not is_due(request.META, request.COOKIES, today):
        return False
    try:
        with transaction.atomic():
            Scan.objects.create(doorplate=plate, day=today)
    except DatabaseError:
        log.exception("a scan was not counted")
        return False
    return True


def remember(path: str, response) -> None:
    """Mark this phone as counted for the plate at this path until midnight."""
    now = timezone.localtime()
    seconds_left = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
    response.set_cookie(SEEN, now.date().isoformat(), max_age=seconds_left, path=path, httponly=True, samesite="Lax")


def name_plate(code: str, response) -> None:
    """Tell the help form which plate this phone came from."""
    response.set_cookie(PLATE_COOKIE, code, max_age=PLATE_COOKIE_AGE, httponly=True, samesite="Lax", secure=settings.HTTPS)
