"""网上办理地址: which addresses published guides name, and whether they still answer.

The network of a bureau is often shut, slow or odd, and government sites refuse robots: so only what the other side itself says for certain (404, 410, or
a host that does not exist while others answer), twice with a day between, is an alarm. Everything else is 没连上.
"""

import ipaddress
import re
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, Queue
from threading import Thread
from urllib.parse import urljoin

import requests
from django.db import transaction
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from guides import passages
from guides.models import Guide, Link, LinkState

USER_AGENT = "menpai-link-check/1.0 (checks once a day whether the addresses in our guides still answer)"
TIMEOUT = (5, 10)  # seconds to connect, and to hear anything
PATIENCE = 60.0  # seconds without any answer from any host: the rest is given up
REDIRECTS = 5
AT_ONCE = 4  # hosts
PAUSE = 1.0  # seconds between two requests to one host
A_DAY = timedelta(hours=23)  # less an hour, for a timer that runs a little early
GONE = {404, 410}
LONGEST = Link._meta.get_field("url").max_length
_ADDRESS = re.compile(r"https?://[^\s\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”‘’<>\"'|\\^`{}()]+", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """`state` FINE, UNSURE or BROKEN (this time, for certain), `detail` in words. `heard`: some machine out there said something."""

    state: LinkState
    detail: str
    heard: bool = True


@dataclass(frozen=True)
class Summary:
    """What a run found. `offline`: nothing at all answered, and nothing was changed."""

    checked: int = 0
    fine: int = 0
    unsure: int = 0
    broken: int = 0
    offline: bool = False


# What the guides name


def addresses(guide: Guide) -> dict[str, str]:
    """Each http(s) address of a guide from `whole()` to where it stands, in words and as an anchor of the admin page: "网上怎么办#facts-6"."""
    found = {guide.online_url: f"网上怎么办#{passages.fact_anchor(guide, 'online')}"} if guide.online_url else {}
    for passage in passages.of(guide):
        for address in _ADDRESS.findall(passage.text):
            found.setdefault(address.rstrip(".,;:!?"), f"{passage.where}#{passage.anchor}")
    return {address: where for address, where in found.items() if len(address) <= LONGEST}


# Asking


class NotPublic(OSError):
    """The name leads to a machine of ours, or to one nobody outside can mean."""


class NoSuchHost(OSError):
    pass


class NoNetwork(OSError):
    """The name could not be asked for just now."""


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet may reach. Tests put another rule in its place; no setting can."""
    found = ipaddress.ip_address(address)
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_global and not found.is_multicast


Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name. Raises NoSuchHost when it is known not to exist, else NoNetwork."""
    try:
        return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except socket.gaierror as error:
        raise (NoSuchHost if error.errno == socket.EAI_NONAME else NoNetwork) from error
    except UnicodeError as error:
        raise NoNetwork from error


def _connect(found: list[str], port: int, timeout: float) -> socket.socket:
    """To the first of the addresses that takes it; raises what the last one said."""
    for number, address in enumerate(found, start=1):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError:
            if number == len(found):
                raise
    raise NoNetwork


class _Adapter(HTTPAdapter):
    """Connects only to addresses that `may_connect` allows: asked of the very address it then connects to, so that a name cannot change meanwhile."""

    def __init__(self, resolve: Resolve, may_connect: Callable[[str], bool]):
        def new_conn(connection):
            found = resolve(connection.host, connection.port)
            if not found or not all(map(may_connect, found)):
                raise NotPublic
            return _connect(found, connection.port, connection.timeout)

        class Plain(HTTPConnection):
            _new_conn = new_conn

        class Secure(HTTPSConnection):
            _new_conn = new_conn

        self._pools = {
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure}),
        }
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools


class Checker:
    """Asks one address after the other. `resolve` and `may_connect` are what tests replace; production has no way to."""

    def __init__(self, *, resolve: Resolve = resolve, may_connect: Callable[[str], bool] = is_public, pause: float = PAUSE, timeout=TIMEOUT):
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy would resolve names behind our back
        self.session.headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        adapter = _Adapter(resolve, may_connect)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self.pause, self.timeout = pause, timeout

    def check(self, address: str) -> Outcome:
        """HEAD, and GET where that is not understood; bodies are never read."""
        outcome = self._ask("HEAD", address)
        if outcome.state == LinkState.FINE or not outcome.heard:
            return outcome
        time.sleep(self.pause)
        return self._ask("GET", address)

    def _ask(self, method: str, address: str) -> Outcome:
        try:
            for _ in range(REDIRECTS + 1):
                if not _is_web(address):
                    return Outcome(LinkState.UNSURE, "转到了不是网页的地址", heard=False)
                with self.session.request(method, address, timeout=self.timeout, allow_redirects=False, stream=True) as answer:
                    if not answer.is_redirect:
                        return _judge(answer.status_code)
                    address = urljoin(address, answer.headers["location"])
            return Outcome(LinkState.UNSURE, "转来转去，没有到头")
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            return _judge_error(error)


def _is_web(address: str) -> bool:
    try:
        url = parse_url(address)
    except (HTTPError, ValueError):
        return False
    return url.scheme in ("http", "https") and bool(url.host) and not url.auth


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(LinkState.FINE, f"能打开（{status}）")
    if status in GONE:
        return Outcome(LinkState.BROKEN, f"对方说没有这一页（{status}）")
    return Outcome(LinkState.UNSURE, f"对方没让看，或者一时有毛病（{status}）")


def _judge_error(error: Exception) -> Outcome:
    """What went wrong, by the innermost cause: requests and urllib3 each wrap it once more."""
    chain, seen = [error], 0
    while seen < len(chain) < 20:
        inner = chain[seen]
        chain += [found for found in (inner.__cause__, inner.__context__, getattr(inner, "reason", None), *inner.args) if isinstance(found, BaseException) and found not in chain]
        seen += 1
    kinds = tuple(type(found) for found in chain)
    if NoSuchHost in kinds:
        return Outcome(LinkState.BROKEN, "没有这个网站了（域名查不到）", heard=False)
    if NotPublic in kinds:
        return Outcome(LinkState.UNSURE, "是内部网络的地址，没有去查", heard=False)
    if any(issubclass(kind, requests.exceptions.SSLError) for kind in kinds):
        return Outcome(LinkState.UNSURE, "对方的安全证书有问题", heard=False)
    if any(issubclass(kind, (requests.Timeout, TimeoutError)) for kind in kinds):
        return Outcome(LinkState.UNSURE, "等了很久没有回答", heard=False)
    return Outcome(LinkState.UNSURE, "没连上", heard=False)


def ask_all(found: Iterable[str], checker: Checker, *, patience: float = PATIENCE) -> dict[str, Outcome]:
    """Each address to its outcome; a few hosts at once, one request at a time for each. Who never finishes answering is UNSURE and left behind."""
    found = list(found)
    hosts: dict[str, list[str]] = defaultdict(list)
    for address in found:
        hosts[(parse_url(address).host or "") if _is_web(address) else ""].append(address)
    waiting, done = Queue(), Queue()
    for group in hosts.values():
        waiting.put(group)

    def work():
        while True:
            try:
                group = waiting.get_nowait()
            except Empty:
                return
            for address in group:
                done.put((address, checker.check(address)))
                time.sleep(checker.pause)

    for _ in range(min(AT_ONCE, len(hosts))):
        Thread(target=work, daemon=True).start()  # daemons: one that is held by a dripping answer must not hold the command
    outcomes: dict[str, Outcome] = {}
    while len(outcomes) < len(found):
        try:
            address, outcome = done.get(timeout=patience)
        except Empty:
            break
        outcomes[address] = outcome
    return {address: outcomes.get(address, Outcome(LinkState.UNSURE, "一直没有答完", heard=False)) for address in found}


# Keeping


@transaction.atomic
def record(outcomes: dict[str, Outcome], *, now: datetime) -> Summary:
    """Write what a run found, forget addresses that no guide names any more. Nothing heard from anybody: the network is missing, nothing is written."""
    if outcomes and not any(outcome.heard for outcome in outcomes.values()):
        return Summary(checked=len(outcomes), offline=True)
    Link.objects.exclude(url__in=list(outcomes)).delete()
    known = {link.url: link for link in Link.objects.all()}
    new = [Link(url=address) for address in outcomes if address not in known]
    Link.objects.bulk_create(new)
    rows = [_move(link, outcomes[link.url], now) for link in [*known.values(), *new]]
    Link.objects.bulk_update(rows, ["state", "detail", "checked_at", "broken_since", "tries"])
    states = [row.state for row in rows]
    return Summary(len(rows), states.count(LinkState.FINE), states.count(LinkState.UNSURE), states.count(LinkState.BROKEN))


def _move(link: Link, outcome: Outcome, now: datetime) -> Link:
    """The link after this outcome. Certain once: UNSURE and counted; certain again a day later: BROKEN. Silence leaves what was certain as it is."""
    link.checked_at = now
    if outcome.state == LinkState.BROKEN:
        link.broken_since = link.broken_since or now
        link.tries = min(link.tries + 1, 9999)
        long_enough = now - link.broken_since >= A_DAY
        link.state = LinkState.BROKEN if long_enough or link.state == LinkState.BROKEN else LinkState.UNSURE
        link.detail = outcome.detail if link.state == LinkState.BROKEN else f"{outcome.detail}，过一天再查一次"
        return link
    if outcome.state == LinkState.FINE:
        link.broken_since, link.tries = None, 0
    if outcome.state == LinkState.FINE or link.state != LinkState.BROKEN:
        link.state, link.detail = outcome.state, outcome.detail
    return link


def check_published(*, checker: Checker | None = None, now: datetime) -> Summary:
    """Ask for every address of every published guide and keep the answers."""
    found = {address for guide in Guide.objects.published().whole() for address in addresses(guide)}
    return record(ask_all(sorted(found), checker or Checker()), now=now)
