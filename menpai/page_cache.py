"""Pages that may be kept by anybody, kept in this process's memory in front of Django: one look into a dictionary and the answer goes out.

Fresh is what was made at this number of the content (a publish empties every process at once, whatever the clock says) and is younger than its
own max-age (what changes by the clock). What is no longer fresh stays as long as there is room: when Django fails, an opened page stays readable.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from menpai.front import Answer

Environ = dict
Headers = list[tuple[str, str]]

OPENED = "menpai.opened"  # in the environ: what a view counted or would have counted, for whoever is answered from memory later
TYPED = frozenset({"q", "code"})  # what people type stays out of memory, and a search in vain is counted by its page
# With one of these a request is about more than its address.
SPECIAL = frozenset({"HTTP_AUTHORIZATION", "HTTP_RANGE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE"})
ANEW = frozenset({"x-request-id", "cache-control"})  # said for each answer
OF_THE_BODY = frozenset({"content-length", "content-type", "content-encoding"})  # a 304 has none
GZIP = re.compile(r"\bgzip\b")  # as django.middleware.gzip asks
SECONDS = re.compile(r"(?:s-maxage|max-age)=(\d+)")
LONGEST_QUERY = 300
OVERHEAD = 1500  # bytes of an entry beside its text, roughly
SHARE = 16  # one page may take the sixteenth part of the room
A_DAY = 86_400  # an older page is not shown even when Django fails
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Kept:
    generation: int | None
    made: float
    until: float
    control: str  # the directives beside max-age
    headers: Headers
    short: Headers  # of a 304
    etag: str
    body: bytes
    opened: object
    size: int
    used: bool = False


class Shelf:
    """Pages up to so many bytes. Reading takes no lock: a hit leaves a mark, and on the way out a marked page gets a second round."""

    def __init__(self, limit: int):
        self.limit, self.bytes, self.pages, self.lock = limit, 0, {}, threading.Lock()

    def put(self, key: tuple, page: Kept) -> None:
        if page.size > self.limit // SHARE:
            return
        with self.lock:
            before = self.pages.pop(key, None)
            self.bytes += page.size - (before.size if before else 0)
            self.pages[key] = page
            while self.bytes > self.limit:
                oldest = next(iter(self.pages))
                leaving = self.pages.pop(oldest)
                if leaving.used:
                    leaving.used = False
                    self.pages[oldest] = leaving
                else:
                    self.bytes -= leaving.size

    def drop(self, key: tuple) -> None:
        with self.lock:
            if gone := self.pages.pop(key, None):
                self.bytes -= gone.size


class PageCache:
    """WSGI. `generation()` gives the number of the content or None (unknown: nothing kept is fresh); `settled(number)` says whether pages are made
    from that content already; `request_id(environ)` names an answer; `count(environ, opened)` is told of each page answered from memory that is
    counted; `tell` hears "kept" or "rescued" for each answer of this layer.
    `session_cookie` is the cookie of those who are signed in, whose requests pass by; below `passes` nothing is kept. `limit` is in bytes.
    """

    def __init__(
        self, application: Callable, *, generation: Callable[[], int | None], request_id: Callable[[Environ], str], session_cookie: str, limit: int,
        settled: Callable[[int | None], bool] = lambda number: True, count: Callable[[Environ, object], None] = lambda environ, opened: None,
        tell: Callable[[str], None] = lambda layer: None, passes: tuple[str, ...] = ("/static/",), clock: Callable[[], float] = time.monotonic,
    ):  # fmt: skip
        self.application, self.generation, self.settled, self.count, self.clock = application, generation, settled, count, clock
        self.request_id, self.session_cookie, self.passes, self.tell = request_id, session_cookie, passes, tell
        # Somebody who makes up queries can fill a shelf of their own; the pages themselves stay.
        self.plain, self.asked = Shelf(limit * 3 // 4), Shelf(limit // 4)

    def __call__(self, environ: Environ, start_response: Callable) -> Iterable[bytes]:
        key = self._key(environ)
        if key is None:
            return self.application(environ, start_response)
        shelf = self._shelf_of(key)
        kept = shelf.pages.get(key)
        if (left := self._seconds_left(kept)) <= 0:
            return self._made(environ, start_response, key, shelf, kept)
        return self._fresh(environ, kept, left).say(start_response)

    def at_once(self, environ: Environ) -> Answer | None:
        """The answer if it is in memory and fresh (menpai.front)."""
        key = self._key(environ)
        kept = self._shelf_of(key).pages.get(key) if key else None
        return self._fresh(environ, kept, left) if (left := self._seconds_left(kept)) > 0 else None

    def _shelf_of(self, key: tuple) -> Shelf:
        return self.asked if key[4] else self.plain

    def _seconds_left(self, kept: Kept | None) -> float:
        """For how long a page is fresh; 0 or less: it is not."""
        if kept is None or kept.generation is None or kept.generation != self.generation():
            return 0
        return kept.until - self.clock()

    def _fresh(self, environ: Environ, kept: Kept, left: float) -> Answer:
        kept.used = True
        self.tell("kept")
        return self._told(environ, kept, f"public, max-age={int(left)}{kept.control}")

    def _key(self, environ: Environ) -> tuple | None:
        """All that Django's answer to anybody depends on; None for a request that is not anybody's."""
        get, method = environ.get, environ["REQUEST_METHOD"]
        cookies, host, proto = get("HTTP_COOKIE"), get("HTTP_HOST"), get("HTTP_X_FORWARDED_PROTO", "")
        if (method != "GET" and method != "HEAD") or not host or not SPECIAL.isdisjoint(environ) or get("SCRIPT_NAME"):
            return None
        if (cookies and self.session_cookie in cookies) or get("CONTENT_LENGTH", "") not in ("", "0") or proto not in ("", "http", "https"):
            return None
        coding = get("HTTP_ACCEPT_ENCODING")
        return environ["wsgi.url_scheme"], proto, host, environ["PATH_INFO"], get("QUERY_STRING", ""), coding is not None and GZIP.search(coding) is not None

    def _told(self, environ: Environ, kept: Kept, control: str, *marks: tuple[str, str]) -> Answer:
        """The answer from memory: whole, or 304 to whoever has it already."""
        first = [("X-Request-ID", self.request_id(environ)), ("Cache-Control", control), *marks]
        is_get = environ["REQUEST_METHOD"] == "GET"
        if is_get and kept.opened is not None:
            self.count(environ, kept.opened)
        has = environ.get("HTTP_IF_NONE_MATCH")
        if has and kept.etag and _names(has, kept.etag):
            return Answer("304 Not Modified", first + kept.short, b"")
        return Answer("200 OK", first + kept.headers, kept.body if is_get else b"")

    # not in memory, or no longer fresh

    def _made(self, environ: Environ, start_response: Callable, key: tuple, shelf: Shelf, kept: Kept | None) -> Iterable[bytes]:
        """Django's answer, kept where it may be. When Django fails, the page as it was kept last."""
        before, said = self.generation(), []
        is_settled = self.settled(before)
        try:
            answer = self.application(environ, lambda *what: said.append(what))
        except Exception:
            if not self._may_rescue(kept):
                raise
            log.exception("a page failed, and was answered as it was kept")
            return self._rescued(environ, kept).say(start_response)
        status, headers, *_ = said[-1]
        if status.startswith("5") and self._may_rescue(kept):
            _close(answer)
            return self._rescued(environ, kept).say(start_response)
        start_response(*said[-1])
        seconds = self._seconds(environ, status, headers)
        if not seconds:
            self._still(environ, status, headers, key, shelf, kept, before if is_settled else None)
            return answer
        try:
            body = b"".join(answer)
        finally:
            _close(answer)
        if before == self.generation():  # what was made while the content moved may be half old
            shelf.put(key, self._page(key, headers, body, seconds, before if is_settled else None, environ.get(OPENED)))
        return [body]

    def _still(self, environ: Environ, status: str, headers: Headers, key: tuple, shelf: Shelf, kept: Kept | None, generation: int | None) -> None:
        """What an answer that is not to be kept says of the page that is: that it holds on, or that it is no more."""
        if kept is None or environ["REQUEST_METHOD"] != "GET" or status.startswith("5"):
            return
        if not status.startswith("304"):
            shelf.drop(key)
        elif generation == self.generation() and kept.etag == _etag(headers) != "" and (seconds := self._seconds(environ, "200 OK", [*headers, ("Content-Length", "")])):
            kept.made, kept.until, kept.generation = self.clock(), self.clock() + seconds, generation

    def _seconds(self, environ: Environ, status: str, headers: Headers) -> int:
        """How long an answer may be kept for anybody; 0 not at all."""
        if environ["REQUEST_METHOD"] != "GET" or status[:3] != "200" or environ["PATH_INFO"].startswith(self.passes):
            return 0
        says = {}
        for name, value in headers:
            says[name.lower()] = f"{says.get(name.lower(), '')}, {value}".lower().strip(", ")
        directives = {part.strip().partition("=")[0] for part in says.get("cache-control", "").split(",")}
        varies = {part.strip() for part in says.get("vary", "").split(",")} - {"", "accept-encoding"}
        if "public" not in directives or directives & {"private", "no-store", "no-cache"} or varies or "set-cookie" in says or "content-length" not in says:
            return 0
        query = environ.get("QUERY_STRING", "")
        if len(query) > LONGEST_QUERY or TYPED & {name for name, _ in parse_qsl(query, keep_blank_values=True)}:
            return 0
        return min(map(int, SECONDS.findall(says["cache-control"])), default=0)

    def _page(self, key: tuple, headers: Headers, body: bytes, seconds: int, generation: int | None, opened: object) -> Kept:
        control = ", ".join(value for name, value in headers if name.lower() == "cache-control")
        more = [part for part in map(str.strip, control.split(",")) if part != "public" and not SECONDS.fullmatch(part)]
        stays = [(name, value) for name, value in headers if name.lower() not in ANEW]
        short = [(name, value) for name, value in stays if name.lower() not in OF_THE_BODY]
        size = len(body) + sum(len(name) + len(value) for name, value in stays) + sum(map(len, key[2:5])) + OVERHEAD
        now = self.clock()
        return Kept(generation, now, now + seconds, "".join(f", {part}" for part in more), stays, short, _etag(headers), body, opened, size)

    def _may_rescue(self, kept: Kept | None) -> bool:
        return kept is not None and self.clock() - kept.made < A_DAY

    def _rescued(self, environ: Environ, kept: Kept) -> Answer:
        """Old, but better than nothing; nobody else is to keep it."""
        self.tell("rescued")
        return self._told(environ, kept, "no-cache", ("X-Kept-Seconds", f"{self.clock() - kept.made:.0f}"))


def _etag(headers: Headers) -> str:
    """Without its W/: two codings of one page are the same page."""
    return next((value.removeprefix("W/") for name, value in headers if name.lower() == "etag"), "")


def _names(asked: str, etag: str) -> bool:
    """Whether If-None-Match names the entity (RFC 9110 13.1.2: weakly compared)."""
    return asked == "*" or etag in (part.strip().removeprefix("W/") for part in asked.split(","))


def _close(answer: Iterable[bytes]) -> None:
    close = getattr(answer, "close", None)
    if close:
        close()
