"""The site's own pages through the cache, beside Django alone: whatever is asked in whatever order, and whatever is published meanwhile."""

import gzip
from io import BytesIO

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guides import actions, counting, freshness
from guides.models import ContentStamp, Guide, Notice
from menpai.middleware import id_of
from menpai.page_cache import PageCache
from tests.factories import SHUIYUN, make_area, make_guide, make_situation
from tests.guides.everything import make_everything, pages
from tests.people import bianji

pytestmark = pytest.mark.django_db
PLACES = ("", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}")
PAGES = ("/", "/guides/", "/guides/?topic=yibao", "/guides/yibao-001/", "/guides/yibao-001/?who=agent", "/guides/yibao-001/ready/", "/notices/", "/areas/", "/guides/none/", "/ask/?q=医保", "/guides/?q=医保")  # fmt: skip
ALONE = ("/verify/", "/help/", "/help/new/", "/desk/", "/api/v1/guides", "/api/v1/areas", "/healthz/", "/sw.js", "/guides/;a.css", "//guides/", "/guides/yibao-001/;a.css",
         "/guides%2Fyibao-001/", "/guides/yibao-001/x.css", "/admin/login/")  # fmt: skip
HEADERS = (
    {}, {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}, {"HTTP_COOKIE": "SIGNED-IN"}, {"HTTP_COOKIE": "plate=7K3M9Q2X"}, {"HTTP_HOST": "127.0.0.1"},
    {"HTTP_X_FORWARDED_HOST": "evil.example"}, {"HTTP_X_FORWARDED_PROTO": "https"}, {"HTTP_X_ORIGINAL_URL": "/admin/"}, {"HTTP_X_HTTP_METHOD_OVERRIDE": "POST"},
    {"HTTP_ACCEPT_LANGUAGE": "en"}, {"HTTP_IF_NONE_MATCH": '"none"'}, {"HTTP_HOST": "evil.example"}, {"REQUEST_METHOD": "HEAD"}, {"HTTP_RANGE": "bytes=0-9"},
)  # fmt: skip
LOOKS = st.tuples(st.sampled_from([place + page for place in PLACES for page in PAGES] + list(ALONE)), st.sampled_from(HEADERS))
CHANGES = st.sampled_from(["answer", "notice", "withdraw", "publish"])


def ask(application, address: str, **headers) -> tuple[str, dict, bytes]:
    path, _, query = address.partition("?")
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path.encode().decode("latin-1"), "QUERY_STRING": query.encode().decode("latin-1"), "wsgi.url_scheme": "http", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "HTTP_HOST": "localhost", "wsgi.input": BytesIO(), "HTTP_USER_AGENT": "Mozilla/5.0", "REMOTE_ADDR": "127.0.0.1", **headers,
    }  # fmt: skip
    said = []
    answer = application(environ, lambda *what: said.append(what))
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    [(status, told, *_)] = said
    names = [name.lower() for name, _ in told if name.lower() != "set-cookie"]
    assert len(names) == len(set(names)), told
    return status, dict(told), body


def in_front(application, **more) -> PageCache:
    return PageCache(
        application, generation=freshness.generation, settled=freshness.settled, request_id=id_of, session_cookie="sessionid", limit=2**22,
        count=counting.note_kept, **more,
    )  # fmt: skip


def change(what: str) -> None:
    guide = Guide.objects.get()
    if what == "answer":
        Guide.objects.update(answer=f"第{ContentStamp.current()}种说法。")
        actions.record_change(guide=guide, by="甲")
    elif what == "notice":
        Notice.objects.create(title=f"通知{ContentStamp.current()}", text="内容", source="区里")
        ContentStamp.advance()
    elif what == "withdraw":
        actions.withdraw(guide=guide, by="甲")
    else:
        actions.publish(guide=guide, by="甲")


@pytest.fixture
def site(open_connection, client, monkeypatch):
    """Content, and the cookie of somebody who is signed in. What kept pages count is not written: it is no part of an answer."""
    monkeypatch.setattr(counting, "_saver", object())
    make_area(SHUIYUN)
    make_situation(make_guide("yibao-001", papers=("身份证",)), "who", "self:本人", "agent:别人代办")
    client.force_login(bianji())
    return f"sessionid={client.cookies['sessionid'].value}"


def comparable(answer: tuple[str, dict, bytes]) -> tuple:
    """What must be the same: all but the id, what is left of the minute, and a token or a padding that is drawn anew each time."""
    status, headers, body = answer
    headers = {name: value for name, value in headers.items() if name not in ("X-Request-ID", "Content-Length", "Cache-Control", "Set-Cookie")} | {"kept by": headers.get("Cache-Control", "").partition("max-age=")[0]}
    body = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" and body else body
    if b"csrfmiddlewaretoken" in body:
        return status, headers.keys(), len(body)
    return status, headers, body


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.one_of(LOOKS, CHANGES), min_size=5, max_size=30))
def test_in_whatever_order_pages_are_asked_for_and_published_each_is_what_django_makes_of_it(site, steps):
    django = WSGIHandler()
    cache = in_front(django)
    with transaction.atomic(), time_machine.travel("2026-11-27 10:00+08:00", tick=False):
        for step in steps:
            if isinstance(step, str):
                change(step)
                continue
            address, headers = step
            if headers.get("HTTP_COOKIE") == "SIGNED-IN":
                headers = {"HTTP_COOKIE": site}
            kept, made = ask(cache, address, **headers), ask(django, address, **headers)
            assert comparable(kept) == comparable(made), (address, headers)
            assert "Set-Cookie" not in kept[1] or "Set-Cookie" in made[1]
        transaction.set_rollback(True)


def test_it_does_keep_pages(site, django_assert_num_queries):
    told = []
    cache = in_front(WSGIHandler(), tell=told.append)
    for place in PLACES:
        for _ in range(2):
            assert ask(cache, f"{place}/guides/yibao-001/")[0] == "200 OK"
    assert told == ["kept"] * 4
    with django_assert_num_queries(1):  # the number of the content, which a web process follows without a query
        ask(cache, "/guides/yibao-001/")


@pytest.mark.parametrize("address", ["/help/", "/help/new/", "/desk/", "/guides/yibao-001/wrong/", "/ask/?q=低保", "/healthz/", "/sw.js", "/admin/login/", "/D/7K3M9Q2X", "/guides/?q=医保", "/verify/?code=7K3M9Q2X"])
def test_what_is_somebodys_or_was_typed_leaves_no_trace_in_memory(site, address):
    cache = in_front(WSGIHandler())
    ask(cache, address), ask(cache, address, HTTP_COOKIE=site), ask(cache, "/guides/yibao-001/", HTTP_COOKIE=site)
    assert cache.plain.pages == cache.asked.pages == {}


def test_the_database_is_gone_and_an_opened_page_stays_readable(site, monkeypatch):
    def gone(*args):
        raise OperationalError("connection refused")

    cache = in_front(WSGIHandler())
    opened = ask(cache, "/guides/yibao-001/")
    ContentStamp.advance()
    with monkeypatch.context() as away:
        away.setattr("guides.views.get_public_volume", gone)
        away.setattr(freshness, "_asked", lambda: None)
        status, headers, body = ask(cache, "/guides/yibao-001/")
        assert (status, body) == (opened[0], opened[2])
        assert headers["Cache-Control"] == "no-cache"
        assert "X-Kept-Seconds" in headers
        assert ask(cache, "/guides/yibao-001/?who=agent")[0].startswith("5")  # nobody opened it before
    assert "X-Kept-Seconds" not in ask(cache, "/guides/yibao-001/")[1]


# ---- what caches are told, at every public address


def addresses() -> list[str]:
    """All addresses of guides, plates and open data, and what stands beside them."""
    return [*pages(), "/help/", "/help/new/", "/elder/help/new/", "/healthz/", "/readyz/", "/sw.js", "/desk/login/", "/admin/login/", "/no/such/page/", "/api/openapi.json", "/api/v1/none"]


def test_at_every_address_caches_are_told_one_thing_and_the_right_one(open_connection, monkeypatch):
    """What may be kept: public for a minute, with a name, differing by its coding alone, without a cookie; known again it is not sent again. Everything
    else is never public. No header comes twice (`ask` looks)."""
    monkeypatch.setattr(counting, "_saver", object())
    make_everything()
    kept = 0
    shown = addresses()
    plain = [address for address in shown if not address.startswith(("/elder", "/c/"))]
    for application, some in ((WSGIHandler(), plain), (in_front(WSGIHandler(), clock=lambda: 1000.0), shown)):
        for address in some:
            status, headers, body = ask(application, address)
            if "public" not in headers.get("Cache-Control", ""):
                assert status[:3] in ("404", "410") or {"no-store", "no-cache"} & set(headers["Cache-Control"].replace(",", " ").split()), address
                continue
            kept += 1
            assert (status, headers["Cache-Control"]) == ("200 OK", "public, max-age=60, stale-while-revalidate=30"), address
            assert headers["Vary"] == "Accept-Encoding", address
            assert "Set-Cookie" not in headers, address
            status, again, nothing = ask(application, address, HTTP_IF_NONE_MATCH=headers["ETag"])
            assert (status, nothing) == ("304 Not Modified", b""), address
            assert {name: again.get(name) for name in ("ETag", "Cache-Control", "Vary")} == {name: headers[name] for name in ("ETag", "Cache-Control", "Vary")}, address
            status, packed, smaller = ask(application, address, HTTP_ACCEPT_ENCODING="gzip")
            if len(body) < 200:  # not worth it, says GZipMiddleware
                assert smaller == body
                continue
            assert (packed["Content-Encoding"], packed["Vary"], packed["ETag"]) == ("gzip", "Accept-Encoding", f"W/{headers['ETag']}"), address
            assert gzip.decompress(smaller) == body, address
            assert ask(application, address, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=packed["ETag"])[0] == "304 Not Modified", address
    assert kept > 100


@pytest.mark.parametrize("address", ["/help/new/", "/desk/login/", "/guides/yibao-001/wrong/"])
def test_a_page_with_a_token_is_padded_at_random(site, address):
    """BREACH: the length of a compressed page must not tell what of it a stranger guessed. The padding is the file name of the gzip format."""
    body = ask(in_front(WSGIHandler()), address, HTTP_ACCEPT_ENCODING="gzip")[2]
    assert b"csrfmiddlewaretoken" in gzip.decompress(body)
    assert body[3] & 8
