"""HTTP to the few machines outside that the site talks to: named ones only, over TLS, in bounded time and memory, following nobody elsewhere."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests
from urllib3.exceptions import HTTPError, LocationParseError, NewConnectionError
from urllib3.util import parse_url

LONGEST_ANSWER = 64 * 1024  # bytes
TIMEOUT = (5, 10)  # seconds to connect, and to hear anything
DEADLINE = 20  # seconds for the whole answer, however slowly it drips
LOOPBACK = {"127.0.0.1", "localhost"}


class NotAllowed(Exception):
    """The address is none that the site may call. The text says in Chinese what to do."""


class NotSent(Exception):
    """Nothing arrived there: no connection came about."""


class Unclear(Exception):
    """It was sent, or begun, and no usable answer came: it may have arrived."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    asked_to_wait: timedelta = timedelta(0)


def require_allowed(address: str, hosts: Iterable[str]) -> None:
    """Raise NotAllowed unless `address` is https on one of these hosts (`host`, or `host:port` for a port of its own).

    So that nobody who may write an address down can make the server call machines inside (SSRF). Read by the same parser as the request goes by;
    plain http only to this machine, and only if it is named.
    """
    if re.search(r"[\s\\\x00-\x1f\x7f]", address):
        raise NotAllowed("地址里有空格或者不该有的符号，请重新复制一遍。")
    try:
        url = parse_url(address)
    except LocationParseError:
        raise NotAllowed("这不是一个网址，请重新复制一遍。") from None
    host = (url.host or "").lower()
    if url.scheme != "https" and not (url.scheme == "http" and host in LOOPBACK):
        raise NotAllowed("地址要以 https:// 开头。")
    usual = {"https": 443, "http": 80}[url.scheme]
    place = host if url.port in (None, usual) else f"{host}:{url.port}"
    if url.auth or place not in {name.lower() for name in hosts}:
        raise NotAllowed("这个网址不在允许的范围里。企业微信是 qyapi.weixin.qq.com，钉钉是 oapi.dingtalk.com；自己搭的要先写进服务器的设置。")


def send(method: str, address: str, *, hosts: Iterable[str], headers: dict[str, str], body: bytes | None) -> Answer:
    """One request, no redirect followed. Raises NotAllowed, NotSent or Unclear; their texts name neither address nor key."""
    require_allowed(address, hosts)
    started = time.monotonic()
    with requests.Session() as session:
        session.trust_env = parse_url(address).host not in LOOPBACK  # the operator's proxy and certificates, but never for this machine
        try:
            answer = session.request(
                method, address, data=body, timeout=TIMEOUT, allow_redirects=False, stream=True,
                headers={"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity", "User-Agent": "menpai", **headers},
            )  # fmt: skip
            with answer:
                return Answer(answer.status_code, _read(answer, started + DEADLINE), _wait(answer.headers.get("Retry-After", "")))
        except requests.ConnectTimeout:
            raise NotSent("连不上对方") from None
        except requests.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            if isinstance(reason, NewConnectionError):
                raise NotSent("连不上对方") from None
            raise Unclear("连接中断了，没听到回答") from None
        except requests.Timeout:
            raise Unclear("等了很久没有回答") from None
        except (requests.RequestException, HTTPError, OSError, ValueError):
            raise Unclear("回答读不懂") from None


def _read(answer: requests.Response, deadline: float) -> bytes:
    """The body as it came (never unpacked), up to the limit. Longer or slower than allowed: Unclear."""
    body = b""
    while chunk := answer.raw.read1(8192, decode_content=False):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise Unclear("回答太长，没有读完")
        if time.monotonic() > deadline:
            raise Unclear("回答太慢，没有等完")
    return body


def _wait(text: str) -> timedelta:
    """Retry-After, in seconds or as a date (RFC 9110, 10.2.3). Nonsense is nothing."""
    if text.strip().isdecimal():
        return timedelta(seconds=min(int(text.strip()[:9]), 10**8))
    try:
        return max(parsedate_to_datetime(text) - datetime.now(UTC), timedelta(0))
    except (TypeError, ValueError):
        return timedelta(0)
