"""The site's own pages through the cache, beside Django alone: whatever is asked in whatever order, and whatever is published meanwhile."""

import gzip
from io import BytesIO

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guides import actions, counting, freshness
from guides.models import ContentStamp, Guide, Notice
from menpai.middleware import id_of
from menpai.page_cache import PageCache
from tests.factories import SHUIYUN, make_area, make_guide, make_situation
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
    cache = in_front(WSGIHandler())
    for place in PLACES:
        for _ in range(2):
            assert ask(cache, f"{place}/guides/yibao-001/")[0] == "200 OK"
    assert (cache.hits, cache.misses) == (4, 4)
    with django_assert_num_queries(1):  # the number of the content, which a web process follows without a query
        ask(cache, "/guides/yibao-001/")


@pytest.mark.parametrize("address", ["/help/", "/help/new/", "/desk/", "/guides/yibao-001/wrong/", "/ask/?q=低保", "/healthz/", "/sw.js", "/admin/login/", "/D/7K3M9Q2X", "/guides/?q=医保", "/verify/?code=7K3M9Q2X"])
def test_what_is_somebodys_or_was_typed_leaves_no_trace_in_memory(site, address):
    cache = in_front(WSGIHandler())
    ask(cache, address), ask(cache, address, HTTP_COOKIE=site), ask(cache, "/guides/yibao-001/", HTTP_COOKIE=site)
    assert cache.plain.pages == cache.asked.pages == {}


def test_the_database_is_gone_and_an_opened_page_stays_readable(site, settings):
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    cache = in_front(WSGIHandler())
    opened = ask(cache, "/guides/yibao-001/")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE guides_guide RENAME TO guides_gone")
    try:
        ContentStamp.advance()
        status, headers, body = ask(cache, "/guides/yibao-001/")
        assert (status, body) == (opened[0], opened[2])
        assert headers["Cache-Control"] == "no-cache"
        assert "X-Kept-Seconds" in headers
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE guides_gone RENAME TO guides_guide")
    assert "X-Kept-Seconds" not in ask(cache, "/guides/yibao-001/")[1]
