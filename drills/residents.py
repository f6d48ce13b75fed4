"""The residents of these drills: each has an address of its own, asks for help once or reads pages, and writes down what the site answered."""

import http.client
import itertools
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

PATIENCE = 25  # seconds
TOKEN = "drill0drill1drill2drill3drill4dr"  # a form token as the site makes them: the same in the cookie and in the form
COMMUNITY = "640205102006"
NUMBERED = re.compile(r"/help/([0-9-]+)/")


@dataclass(frozen=True)
class Asked:
    """One sending of the form. `status` is 0 when no answer came."""

    reference: str  # the number that the answer led to; empty without one
    status: int
    at: float  # monotonic, when the answer was there

    @property
    def is_promised(self) -> bool:
        return self.status == 302 and bool(self.reference)


def address(number: int) -> str:
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def send(port: int, method: str, path: str, *, source: str = "127.0.0.1", body: dict | None = None, cookies: dict | None = None) -> tuple[int, http.client.HTTPMessage | None, bytes]:
    """One request on a connection of its own: status (0: no answer), headers, body."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(source, 0))
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())} if cookies else {}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        line.request(method, path, body=urlencode(body) if body is not None else None, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, None, b""
    finally:
        line.close()


def form(port: int, path: str, fields: dict, *, source: str, cookies: dict | None = None):
    return send(port, "POST", path, source=source, body=fields | {"csrfmiddlewaretoken": TOKEN}, cookies={"csrftoken": TOKEN} | (cookies or {}))


def ask(port: int, number: int) -> Asked:
    """The help form, filled in and sent once: nobody sends it again, whatever comes back."""
    fields = {"name": "演练", "phone": f"138{number:08}", "consent": "on", "area": COMMUNITY, "kind": "advice", "submission_key": str(uuid.uuid4())}
    status, headers, _ = form(port, "/help/new/", fields, source=address(number))
    found = NUMBERED.search(headers.get("Location", "")) if headers else None
    return Asked(found[1] if found else "", status, time.monotonic())


@dataclass
class Crowd:
    """Threads that ask and read at a port until told to stop. `asked` and `pages` are their journals; a page is (address, status, when)."""

    port: int
    asking: int
    reading: int
    paths: Iterable[str]
    asked: list[Asked] = field(default_factory=list)
    pages: list[tuple[str, int, float]] = field(default_factory=list)
    numbers: Iterable[int] = field(default_factory=itertools.count)
    pause: float = 0.02

    def __enter__(self) -> "Crowd":
        self.is_over = threading.Event()
        turns = itertools.cycle(self.paths)
        works = [self._ask] * self.asking + [lambda: self._read(next(turns))] * self.reading
        self.threads = [threading.Thread(target=self._go_on, args=(work,), daemon=True) for work in works]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join(PATIENCE * 2)

    def _go_on(self, work: Callable[[], None]) -> None:
        while not self.is_over.wait(self.pause):
            work()

    def _ask(self) -> None:
        self.asked.append(ask(self.port, next(self.numbers)))

    def _read(self, path: str) -> None:
        status, *_ = send(self.port, "GET", path.replace("{}", uuid.uuid4().hex[:8]))
        self.pages.append((path, status, time.monotonic()))

    def promised(self) -> dict[str, Asked]:
        return {one.reference: one for one in self.asked if one.is_promised}

    def failed_pages(self, since: float = 0.0) -> list[tuple[str, int, float]]:
        return [page for page in self.pages if page[2] >= since and page[1] != 200]
