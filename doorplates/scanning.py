"""A scan is counted once and never stands in the way of the page."""

import logging
import re

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from doorplates.models import Doorplate, Scan

log = logging.getLogger(__name__)

ROBOTS = re.compile(r"bot|spider|crawl|slurp|curl|wget|python|headlesschrome-lighthouse|monitor|preview", re.IGNORECASE)
SEEN = "scanned"  # cookie on this plate's own path, gone at midnight: a reload is the same scan; it holds a date and nothing else


def is_person(request) -> bool:
    """A page view that a resident asked for: not a robot, not a prefetch, not HEAD, not staff who are signed in."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        return False
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and "prefetch" not in ahead and not ROBOTS.search(request.headers.get("User-Agent", ""))


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
