"""Which request is a person looking at a page, told from the request alone: no cookie, no address, nothing remembered."""

import re
from urllib.parse import SplitResult, parse_qs, urlsplit

from django.conf import settings
from django.http import HttpRequest

ROBOTS = re.compile(r"bot|spider|crawl|slurp|curl|wget|python|headlesschrome-lighthouse|monitor|preview", re.IGNORECASE)
ELDER = "/elder/"
SAME = ("q", "topic", "can", "for", "page")  # what makes another page of an address; answers and steps are the same page again


def is_person(request: HttpRequest) -> bool:
    """A page view that a resident asked for: not a robot, not a prefetch, not HEAD, not staff who are signed in. A browser says its name."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        return False
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    agent = request.headers.get("User-Agent", "")
    return request.method == "GET" and "prefetch" not in ahead and bool(agent) and not ROBOTS.search(agent)


def from_outside(request: HttpRequest) -> bool:
    """Whether the page was reached from somewhere else than a page of this site: typed, saved, sent by somebody, found in a search engine."""
    return _before(request) is None


def is_same_again(request: HttpRequest) -> bool:
    """A reload, or a step within one page (another answer, the next question, 长辈版 and back): no new look.

    Browsers say max-age=0 or no-cache when somebody reloads, and name the page one comes from as the referrer.
    """
    if any(word in request.headers.get("Cache-Control", "") for word in ("max-age=0", "no-cache")):
        return True
    before = _before(request)
    return before is not None and _page(before) == _page(urlsplit(request.get_full_path()))


def _before(request: HttpRequest) -> SplitResult | None:
    """The page of this site that one comes from. Broken referrers count as none."""
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return None
    return before if before.netloc == request.get_host() else None


def _page(address: SplitResult) -> tuple:
    path = "/" + address.path.removeprefix(ELDER) if address.path.startswith(ELDER) else address.path
    asked = parse_qs(address.query)
    return path, *(asked.get(name) for name in SAME)
