"""Which request is a person looking at a page, told from the request alone: no cookie, no address, nothing remembered.

Each question can be asked of a request or, by the function behind it, of its WSGI environ alone, where no request is made of it.
"""

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest

ROBOTS = re.compile(r"bot|spider|crawl|slurp|curl|wget|python|headlesschrome-lighthouse|monitor|preview", re.IGNORECASE)
ELDER = "/elder/"
SAME = ("q", "topic", "can", "for", "page")  # what makes another page of an address; answers and steps are the same page again


def is_person(request: HttpRequest) -> bool:
    """A page view that a resident asked for: not a robot, not a prefetch, not HEAD, not staff who are signed in. A browser says its name."""
    return settings.SESSION_COOKIE_NAME not in request.COOKIES and is_browser(request.META)


def is_browser(environ: dict) -> bool:
    """The same of somebody without a session cookie."""
    ahead = environ.get("HTTP_SEC_PURPOSE", "") + environ.get("HTTP_PURPOSE", "")
    return environ["REQUEST_METHOD"] == "GET" and "prefetch" not in ahead and _is_known(environ.get("HTTP_USER_AGENT", ""))


@lru_cache(maxsize=1024)
def _is_known(agent: str) -> bool:
    return bool(agent) and not ROBOTS.search(agent)


def from_outside(request: HttpRequest) -> bool:
    """Whether the page was reached from somewhere else than a page of this site: typed, saved, sent by somebody, found in a search engine."""
    return before_it(request.META) is None


def is_same_again(request: HttpRequest) -> bool:
    """A reload, or a step within one page (another answer, the next question, 长辈版 and back): no new look."""
    return is_same(request.META, before_it(request.META))


def is_same(environ: dict, before: SplitResult | None) -> bool:
    """The same, given `before_it`. Browsers say max-age=0 or no-cache when somebody reloads, and name the page one comes from as the referrer."""
    control = environ.get("HTTP_CACHE_CONTROL")
    if control and ("max-age=0" in control or "no-cache" in control):
        return True
    if before is None:
        return False
    here = environ["PATH_INFO"].encode("latin-1", "replace").decode(errors="replace")
    return _page(unquote(before.path), before.query) == _page(here, environ.get("QUERY_STRING", ""))


def before_it(environ: dict) -> SplitResult | None:
    """The page of this site that one comes from. Broken referrers count as none."""
    named = environ.get("HTTP_REFERER", "")
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    if not named or host not in named:
        return None
    try:
        before = urlsplit(named)
    except ValueError:
        return None
    return before if before.netloc == host else None


def _page(path: str, query: str) -> tuple:
    path = "/" + path.removeprefix(ELDER) if path.startswith(ELDER) else path
    asked = parse_qs(query)
    return path, *(asked.get(name) for name in SAME)
