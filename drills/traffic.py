"""Residents and helpers over real HTTP, who try again when the line breaks, and a journal of what they were told has been taken.

Nothing here knows how the site works inside: heads as a phone's browser sends them, forms with the token and key that the page gave, success read off
the answer alone. What is in the journal may never be missing afterwards, and what was sent again may never be there twice.
"""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

PHONE = "Mozilla/5.0 (Linux; Android 10; V1838A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/87.0 Mobile Safari/537.36 MicroMessenger/8.0.40"
TABLET = "Mozilla/5.0 (Linux; Android 11; SM-T510) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0 Safari/537.36"
LANGUAGE = "zh-CN,zh;q=0.9"
HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')
REFERENCE = re.compile(r"/desk/(\d{9})/")
WORDS = ("医保", "社保卡", "养老认证", "落户", "准生证", "高龄津贴", "低保", "残疾证", "营业执照", "公积金")
TIMEOUT = (5, 40)  # seconds; longer than gunicorn gives a request


class NoAnswer(Exception):
    """Nobody answered for as long as a patient person tries."""


@dataclass
class Journal:
    """What was acknowledged, under which `phase` of a drill, and what else happened. Threads write to it at once."""

    phase: str = ""
    items: list[dict] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # answers that nobody should get
    faults: list[str] = field(default_factory=list)  # 5xx answers and cut lines, with their phase
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, what: str, **words) -> None:
        with self.lock:
            self.items.append({"what": what, "phase": self.phase, **words})

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def fault(self, name: str, what: str) -> None:
        with self.lock:
            self.counts[name] += 1
            self.faults.append(f"{self.phase}: {what}: {name}")

    def complain(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what)

    def of(self, what: str) -> list[dict]:
        with self.lock:
            return [one for one in self.items if one["what"] == what]


@dataclass
class Site:
    """Where the site answers, what hangs on its walls, and who works there."""

    url: str
    plates: list[str]
    guides: list[str]
    helpers: list[str]
    password: str = field(repr=False)
    verify: str | bool = True  # the certificate of a front on loopback
    patience: float = 60  # seconds for which somebody tries again


class From(HTTPAdapter):
    """Connections that come from an address of their own; all of 127.0.0.0/8 is this machine."""

    def __init__(self, address: str):
        self.address = address
        super().__init__(pool_maxsize=2)

    def init_poolmanager(self, *arguments, **how):
        return super().init_poolmanager(*arguments, **how, source_address=(self.address, 0))


class Browser:
    """One person's browser: its cookies, its address, and the patience to press again when no answer came."""

    def __init__(self, site: Site, journal: Journal, rng: random.Random, *, agent: str = PHONE):
        self.site, self.journal, self.rng, self.agent = site, journal, rng, agent
        self.renew()

    def renew(self) -> None:
        """Another person: no cookie, another address."""
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.site.verify
        address = ".".join(str(part) for part in (127, *(self.rng.randrange(1, 255) for _ in range(3))))
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, From(address))
        accepts = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": LANGUAGE, "Accept-Encoding": "gzip, deflate"}
        self.session.headers.update({"User-Agent": self.agent, **accepts})

    def close(self) -> None:
        self.session.close()

    def get(self, path: str, kind: str = "page", expect: tuple[int, ...] = (200,), **how) -> requests.Response:
        return self._until_answered("GET", path, None, kind, expect, **how)

    def post(self, path: str, data: dict, kind: str = "form", expect: tuple[int, ...] = (200, 302), **how) -> requests.Response:
        return self._until_answered("POST", path, data, kind, expect, **how)

    def once(self, method: str, path: str, data: dict | None = None, **how) -> requests.Response:
        """One try. Raises requests.RequestException when there was no whole answer."""
        address = self.site.url + path
        headers = {"Referer": address, "Origin": self.site.url} if method == "POST" else {}
        return self.session.request(method, address, data=data, headers=headers | how.pop("headers", {}), allow_redirects=False, timeout=TIMEOUT, **how)

    def _until_answered(self, method, path, data, kind, expect, **how) -> requests.Response:
        """The same again until there is an answer that is none of a fault (5xx): as with a broken line, where nobody knows what arrived."""
        deadline = time.monotonic() + self.site.patience
        while True:
            self.journal.count(f"tried {kind}")
            try:
                answer = self.once(method, path, data, **how)
                if answer.status_code < 500:
                    if answer.status_code not in expect:
                        self.journal.complain(f"{method} {_shown(path)}: {answer.status_code}")
                    return answer
                self.journal.fault(f"answered {answer.status_code}", f"{method} {_shown(path)}")
            except requests.RequestException:
                self.journal.fault("no answer", f"{method} {_shown(path)}")
            if time.monotonic() > deadline:
                raise NoAnswer(f"{method} {_shown(path)}")
            time.sleep(0.1 + self.rng.random() * 0.3)


def _shown(path: str) -> str:
    """The path without the number of a request and without what was asked."""
    return re.sub(r"\d{9}", "*", path.partition("?")[0])


def where(answer: requests.Response) -> str:
    return urlsplit(answer.headers.get("Location", "")).path


def hidden(answer: requests.Response) -> dict[str, str]:
    """The hidden fields of a page: its token and its key among them."""
    return dict(HIDDEN.findall(answer.text))


class Resident:
    """Scans, reads, asks for help, follows it and writes. One lap is one person."""

    def __init__(self, site: Site, journal: Journal, seed: str, *, every: float = 1.0):
        self.rng = random.Random(seed)
        self.site, self.journal, self.name, self.every = site, journal, seed, every
        self.browser, self.laps = Browser(site, journal, self.rng), 0

    def lap(self) -> None:
        self.laps += 1
        self.browser.close()
        self.browser.renew()
        self.scan()
        if self.rng.random() < 0.3:
            self.browser.get(f"/guides/{self.rng.choice(self.site.guides)}/")
        if self.rng.random() < self.every:
            reference = self.ask_for_help()
            if reference and self.rng.random() < 0.5:
                self.write(reference)

    def scan(self) -> None:
        """Scans until answered. Each try may have been counted; the one that set the cookie was."""
        code, phase = self.rng.choice(self.site.plates), self.journal.phase
        deadline = time.monotonic() + self.site.patience
        while time.monotonic() < deadline:
            self.journal.keep("scan tried", code=code)
            try:
                answer = self.browser.once("GET", f"/D/{code}")
            except requests.RequestException:
                self.journal.fault("no answer", "GET /D/")
                time.sleep(0.2)
                continue
            if answer.status_code >= 500:
                self.journal.fault(f"answered {answer.status_code}", "GET /D/")
                time.sleep(0.2)
                continue
            if answer.status_code != 200:
                self.journal.complain(f"GET /D/: {answer.status_code}")
            if "scanned" in answer.cookies:
                self.journal.keep("scan", code=code, began=phase)
            else:
                self.journal.count("scan answered, not counted")
            return
        raise NoAnswer("GET /D/")

    def ask_for_help(self) -> str:
        """Fills in the form and sends it until it is answered; the number that was given."""
        page = self.browser.get("/help/new/", "help form")
        fields = hidden(page)
        phone = f"1{self.rng.choice('3578')}{self.rng.randrange(10**9):09d}"
        area = re.search(r'<input type="hidden" name="area" value="(\d{12})"', page.text)
        data = {
            "csrfmiddlewaretoken": fields.get("csrfmiddlewaretoken", ""), "submission_key": fields.get("submission_key", ""), "plate": fields.get("plate", ""),
            "area": area[1] if area else "", "name": "王阿姨", "phone": phone, "consent": "on", "kind": "advice", "note": f"演练 {self.name} {self.laps}",
        }  # fmt: skip
        self.journal.keep("request tried", phone=phone)
        answer = self.browser.post("/help/new/", data, "help request", expect=(302,))
        found = re.fullmatch(r"/help/(\d{9})/", where(answer))
        if not found:
            return ""
        self.journal.keep("request", reference=found[1], phone=phone)
        return found[1]

    def write(self, reference: str) -> None:
        """Follows it by its number and writes to the helper."""
        page = self.browser.get(f"/help/{reference}/", "follow")
        if reference not in page.text.replace("-", ""):
            self.journal.complain("the page of one's own request does not show its number")
        text = f"还要带什么 {self.name} {self.laps}"
        data = {"csrfmiddlewaretoken": self.browser.session.cookies.get("csrftoken", ""), "act": "reply", "text": text}
        self.journal.keep("message tried", reference=reference, text=text)
        answer = self.browser.post(f"/help/{reference}/", data, "resident's message", expect=(302, 200))
        if where(answer) == f"/help/{reference}/":
            self.journal.keep("message", reference=reference, text=text, sender="resident")


class Helper:
    """Signs in, takes what waits, writes, closes: one lap is one request."""

    def __init__(self, site: Site, journal: Journal, seed: str, username: str):
        self.rng = random.Random(seed)
        self.site, self.journal, self.name, self.username = site, journal, seed, username
        self.browser, self.laps = Browser(site, journal, self.rng, agent=TABLET), 0
        self.is_in = False

    def sign_in(self) -> None:
        self.browser.get("/desk/login/", "sign in")
        data = {"username": self.username, "password": self.site.password, "csrfmiddlewaretoken": self._token()}
        self.is_in = where(self.browser.post("/desk/login/", data, "sign in", expect=(302, 403))) == "/desk/"

    def _token(self) -> str:
        return self.browser.session.cookies.get("csrftoken", "")

    def act(self, path: str, **data) -> requests.Response:
        answer = self.browser.post(path, {"csrfmiddlewaretoken": self._token()} | data, "desk act", expect=(302, 200, 403, 404))
        if where(answer) == "/desk/login/" or answer.status_code == 403:
            self.is_in = False
        return answer

    def lap(self) -> None:
        self.laps += 1
        if not self.is_in:
            self.sign_in()
        reference = self.claim()
        if not reference:
            time.sleep(0.3)
            return
        page = self.browser.get(f"/desk/{reference}/", "desk page", expect=(200, 302))
        if where(page) == "/desk/login/":
            self.is_in = False
            return
        self.write(reference)
        if self.rng.random() < 0.4:
            self.close(reference)

    def claim(self) -> str:
        """The next one, or one of the list that others see as well; empty when somebody else was first or nothing waits."""
        if self.rng.random() < 0.5:
            path = "/desk/next/"
        else:
            page = self.browser.get("/desk/", "queue", expect=(200, 302))
            if where(page) == "/desk/login/":
                self.is_in = False
            waiting = sorted(set(re.findall(r"/desk/(\d{9})/claim/", page.text)))
            if not waiting:
                return ""
            path = f"/desk/{self.rng.choice(waiting[:5])}/claim/"
        found = REFERENCE.fullmatch(where(self.act(path)))
        if not found:
            return ""
        self.journal.keep("claim", reference=found[1], by=self.username)
        return found[1]

    def write(self, reference: str) -> None:
        text = f"请带身份证 {self.name} {self.laps}"
        self.journal.keep("message tried", reference=reference, text=text)
        if where(self.act(f"/desk/{reference}/message/", text=text)) == f"/desk/{reference}/":
            self.journal.keep("message", reference=reference, text=text, sender="staff")

    def close(self, reference: str) -> None:
        if where(self.act(f"/desk/{reference}/close/", reason="explained", text="说清楚了")) == "/desk/":
            self.journal.keep("close", reference=reference, by=self.username)


class Reader:
    """Reads pages, searches, asks, and sends what no page of ours would send; every answer must be the one that is due."""

    def __init__(self, site: Site, journal: Journal, seed: str):
        self.rng = random.Random(seed)
        self.site, self.journal = site, journal
        self.browser = Browser(site, journal, self.rng)

    def lap(self) -> None:
        self.browser.close()
        self.browser.renew()
        for path in self.rng.sample(self._pages(), 4):
            self.browser.get(path)
        for path, status in self.rng.sample(BAD, 2):
            self.browser.get(path, "bad request", expect=status)
        self.browser.post("/help/new/", {"name": "没有令牌"}, "bad request", expect=(403,))

    def _pages(self) -> list[str]:
        guide, word = self.rng.choice(self.site.guides), self.rng.choice(WORDS)
        return [
            "/", "/elder/", "/guides/", f"/guides/?q={word}", f"/guides/{guide}/", f"/elder/guides/{guide}/", f"/c/640205102006/guides/{guide}/",
            f"/ask/?q={word}", "/areas/", "/notices/", "/jobs/", "/events/", "/enterprise/", "/verify/", "/help/", "/help/new/", "/api/v1/guides",
            f"/api/v1/search?q={word}", f"/api/v1/guides/{guide}", "/api/openapi.json", "/healthz/",
        ]  # fmt: skip


BAD = [
    ("/D/AAAAAAAA", (404,)), ("/guides/gibt-es-nicht/", (404,)), ("/help/123456789/", (200,)), ("/guides/?page=abc&q=%00%ff", (200, 400)),
    ("/api/v1/search?q=", (200, 400, 422)), ("/c/999999999999/", (404,)), ("/.env", (404,)), ("/admin/", (302,)), ("/desk/", (302,)),
]  # fmt: skip


class Load:
    """Clients on threads of their own, until told to stop. A lap that raises NoAnswer is written down as wrong; anything else raised is a fault of the drill."""

    def __init__(self, journal: Journal, clients: list, *, pause: float = 0.0):
        self.journal, self.stopping, self.pause = journal, threading.Event(), pause
        self.threads = [threading.Thread(target=self._run, args=(client.lap,), daemon=True) for client in clients]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error) -> None:
        self.stop()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)

    def _run(self, lap: Callable[[], None]) -> None:
        while not self.stopping.is_set():
            try:
                lap()
            except NoAnswer as error:
                self.journal.complain(f"never answered: {error}")
            except Exception as error:  # noqa: BLE001 - a client that falls silent would make a drill look good
                self.journal.complain(f"the client failed: {type(error).__name__} {str(error)[:200]}")
            self.stopping.wait(self.pause)


def everybody(site: Site, journal: Journal, seed: int, *, residents: int = 3, readers: int = 0) -> list:
    """A client for each helper, some residents, some readers; what they do follows from the seed."""
    clients = [Resident(site, journal, f"{seed}r{number}") for number in range(residents)]
    clients += [Helper(site, journal, f"{seed}h{number}", name) for number, name in enumerate(site.helpers)]
    return clients + [Reader(site, journal, f"{seed}p{number}") for number in range(readers)]
