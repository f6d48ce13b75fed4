"""Scans answered before Django: one statement finds the plates and counts the scans that came together, and the pages are put together from kept parts.

Only plates in use are answered here, to residents, at the plain address in the symbol. Everything else goes on to Django unchanged: it explains. What
is answered here is what Django's view would have answered, to the byte.
"""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError
from django.http import HttpResponse, parse_cookie
from django.utils import timezone
from django.utils.http import parse_etags

from doorplates import codes, scanning
from doorplates.finding import Found, find_and_count
from doorplates.kept_pages import Kept, KeptPages, values_of
from doorplates.page_parts import CHUNK
from menpai.front import Answer, nothing_at_once

log = logging.getLogger(__name__)

PATH = re.compile(r"/([Dd]/([0-9A-Za-z]{8})/?)")  # other ways to type a code are Django's
GZIP = re.compile(r"\bgzip\b")  # as django.middleware.gzip asks
# With one of these a request is about more than its address.
SPECIAL = frozenset({"HTTP_AUTHORIZATION", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE"})
ANYBODY = "QQQQQQQQ"  # stands for a code in the cookies of this second; no code has a Q that is not its own
ASKED = "menpai.scan_asked"  # in the environ: the plate was looked for here, in vain or without an answer


class Scan(NamedTuple):
    """What a request asks for: a plate, and to be counted on this day or not at all (None); `now` is the number of the content and the date."""

    environ: dict
    code: str
    day: date | None
    now: tuple[int, date]


class Prepared(NamedTuple):
    found: Found
    kept: Kept


class ScanLane:
    """WSGI. `generation()` gives the number of the content or None (unknown: nothing kept is used); `settled(number)` says whether pages are made
    from that content already; `request_id(environ)` names an answer; `get_response` is Django's, whose pages are kept in parts."""

    def __init__(
        self, application: Callable, *, get_response: Callable, generation: Callable[[], int | None], request_id: Callable[[dict], str],
        settled: Callable[[int | None], bool] = lambda number: True, tell: Callable[[str], None] = lambda layer: None,
    ):  # fmt: skip
        self.application, self.generation, self.request_id, self.settled, self.tell = application, generation, request_id, settled, tell
        self.pages = KeptPages(get_response)
        self._next_at_once = getattr(application, "at_once", nothing_at_once)
        self._may_enter, self._cookies_of = lru_cache(maxsize=256)(_may_enter), lru_cache(maxsize=4)(_cookies_of)
        self._today_at = lru_cache(maxsize=4)(lambda _second: timezone.localdate())  # the day of a second does not change

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        scan = self._scan(environ)
        if scan is not None:
            try:
                (prepared,) = self.prepare([scan])
                if prepared is not None:
                    return self.told(scan, prepared).say(start_response)
            except DatabaseError as failed:
                log.warning("a scan goes the long way: %s", type(failed).__name__)
        return self.application(environ, start_response)

    # the three of menpai.front

    def at_once(self, environ: dict) -> Scan | Answer | None:
        """A scan to be prepared and told; of anything else what the next layer has at once."""
        return self._scan(environ) or self._next_at_once(environ)

    def prepare(self, scans: list[Scan]) -> list[Prepared | None]:
        """Find the plates and count the scans, each with its page in parts; None where Django is to answer, which the environ then says, and
        whether it was counted. Raises DatabaseError."""
        for scan in scans:
            scan.environ[ASKED] = "1"
        plates = find_and_count([(scan.code, scan.day) for scan in scans])
        for scan, found in zip(scans, plates, strict=True):
            if found is not None and found.is_counted:
                scan.environ[scanning.COUNTED] = "1"
        return [self._prepared(scan, found) for scan, found in zip(scans, plates, strict=True)]

    def _prepared(self, scan: Scan, found: Found | None) -> Prepared | None:
        kept = self.pages.of(found, scan.now, _door(scan.environ)) if found else None
        return Prepared(found, kept) if kept else None

    def _scan(self, environ: dict) -> Scan | None:
        code = self._code(environ)
        if code is None:
            return None
        cookies, number = parse_cookie(_decoded(environ.get("HTTP_COOKIE", ""))), self.generation()
        if settings.SESSION_COOKIE_NAME in cookies or number is None or not self.settled(number):
            return None
        today = self._today_at(int(time.time()))
        return Scan(environ, code, today if scanning.is_due(environ, cookies, today) else None, (number, today))

    def _code(self, environ: dict) -> str | None:
        """The code that is asked for, if the request is one that may be answered here and its check character fits."""
        named = PATH.fullmatch(environ["PATH_INFO"])
        if named is None or ASKED in environ or environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING") or environ.get("SCRIPT_NAME"):
            return None
        if not SPECIAL.isdisjoint(environ) or environ.get("CONTENT_LENGTH", "") not in ("", "0"):
            return None
        if not environ.get("HTTP_HOST") or not self._may_enter(**_door(environ)):
            return None
        code = codes.normalise(named[2])
        return code if codes.is_valid(code) else None

    def told(self, scan: Scan, prepared: Prepared) -> Answer:
        """The page of the plate, or 304 to whoever has it."""
        self.tell("scan")
        environ, (found, kept) = scan.environ, prepared
        values = values_of(found, environ["PATH_INFO"][1:])
        text = kept.parts.text(values)
        etag = f'"{_digest(text)}"'
        mark, name = self._cookies_of(int(time.time()))
        own = [("X-Request-ID", self.request_id(environ)), ("Set-Cookie", name.replace(ANYBODY, found.code))]
        if found.is_counted:
            own.append(("Set-Cookie", mark.replace(ANYBODY, environ["PATH_INFO"])))
        if _has(environ, etag):
            return Answer("304 Not Modified", [*kept.short, ("ETag", etag), *own], b"")
        if GZIP.search(environ.get("HTTP_ACCEPT_ENCODING", "")):
            text = kept.parts.gzip(values, text)
            own += [("Content-Encoding", "gzip"), ("ETag", f"W/{etag}")]
        else:
            own.append(("ETag", etag))
        return Answer("200 OK", [*kept.headers, ("Content-Length", str(len(text))), *own], text)


def _door(environ: dict) -> Mapping[str, str]:
    """What decides whether Django lets a request in: the host that was asked, and whether the line was safe."""
    names = ("HTTP_HOST", "wsgi.url_scheme", (settings.SECURE_PROXY_SSL_HEADER or ("HTTP_X_FORWARDED_PROTO",))[0])
    return {name: environ[name] for name in names if name in environ}


def _may_enter(**door: str) -> bool:
    """Whether Django would answer itself, neither refuse the host nor send to HTTPS."""
    request = WSGIRequest({"REQUEST_METHOD": "GET", "SERVER_NAME": "", "SERVER_PORT": "", "wsgi.input": BytesIO(), **door})
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return request.is_secure() or not settings.SECURE_SSL_REDIRECT


def _decoded(header: str) -> str:
    return header.encode("latin-1", "replace").decode(errors="replace") if header else ""


def _digest(text: bytes) -> str:
    """As django.utils.cache makes an ETag; in pieces for which Python does not change threads."""
    made = hashlib.md5(usedforsecurity=False)
    for start in range(0, len(text), CHUNK):
        made.update(text[start : start + CHUNK])
    return made.hexdigest()


def _has(environ: dict, etag: str) -> bool:
    """Whether the phone has this very page already. Compared weakly, as for any GET."""
    given = environ.get("HTTP_IF_NONE_MATCH")
    return bool(given) and any(one in ("*", etag, f"W/{etag}") for one in parse_etags(given))


def _cookies_of(_second: int) -> tuple[str, str]:
    """The two cookies of a scan as they are written in this second, which is in them: each says when it ends."""
    response = HttpResponse()
    scanning.remember(ANYBODY, response)
    scanning.name_plate(ANYBODY, response)
    return tuple(response.cookies[name].OutputString() for name in (scanning.SEEN, scanning.PLATE_COOKIE))
