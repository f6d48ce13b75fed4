"""A scan is counted once and never stands in the way of the page."""

import logging

from django.db import DatabaseError, transaction
from django.utils import timezone

from doorplates.models import Doorplate, Scan
from menpai.visitors import is_person

log = logging.getLogger(__name__)

SEEN = "scanned"  # cookie on this plate's own path, gone at midnight: a reload is the same scan; it holds a date and nothing else


def count(request, plate: Doorplate) -> bool:
    """Count this scan unless this phone was counted for this plate today; True when it was counted now. A database fault is logged, not shown."""
    today = timezone.localdate()
    if not is_person(request) or request.COOKIES.get(SEEN) == today.isoformat():
        return False
    try:
        with transaction.atomic():
            Scan.objects.create(doorplate=plate, day=today)
    except DatabaseError:
        log.exception("a scan was not counted")
        return False
    return True


def remember(request, response) -> None:
    """Mark this phone as counted for this plate until midnight."""
    now = timezone.localtime()
    seconds_left = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
    response.set_cookie(SEEN, now.date().isoformat(), max_age=seconds_left, path=request.path, httponly=True, samesite="Lax")
