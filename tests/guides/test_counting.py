"""An opened page is one narrow row: counted for people only, once a look, with nothing in it that could tell who looked."""

import logging
from collections import Counter, deque
from datetime import date

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError
from django.test import Client, RequestFactory
from django.utils import timezone

from guides import counting
from guides.models import Opened, View
from menpai.page_cache import PageCache
from tests.factories import DISTRICT, SHUIYUN, make_area, make_event, make_guide
from tests.people import zhuli

pytestmark = pytest.mark.django_db
WECHAT = "Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 Chrome/53.0 MQQBrowser/6.2 MicroMessenger/7.0"
SITE = "http://testserver"


def phone() -> Client:
    return Client(headers={"user-agent": WECHAT})


def look(address: str, client: Client | None = None, **headers) -> int:
    return (client or phone()).get(address, headers=headers).status_code


def counted() -> list[tuple]:
    return list(View.objects.order_by("pk").values_list("kind", "key", "area", "entry"))


@pytest.fixture(autouse=True)
def guide():
    make_area()
    return make_guide("yibao-001", title="城乡居民基本医疗保险参保登记", plain_title="交医保")


def test_a_guide_that_is_opened_is_counted_for_its_village_and_day():
    with time_machine.travel("2026-11-24 23:30+08:00"):
        look(f"/c/{SHUIYUN}/guides/yibao-001/")
    assert counted() == [("guide", "yibao-001", SHUIYUN, True)]
    assert View.objects.get().day == date(2026, 11, 24)


def test_without_a_village_it_counts_for_the_district():
    look("/guides/yibao-001/")
    assert counted() == [("guide", "yibao-001", DISTRICT, True)]


def test_home_and_topics_count_only_when_they_are_opened_from_outside():
    for address in ("/", "/guides/"):
        look(address)
        look(address, referer=f"{SITE}/guides/yibao-001/")
        look(address, referer="https://www.example.cn/links")
    assert counted() == [("page", "", DISTRICT, True)] * 4


def test_a_guide_reached_from_our_own_page_is_no_entry():
    look("/guides/yibao-001/", referer=f"{SITE}/guides/?topic=yibao")
    assert counted() == [("guide", "yibao-001", DISTRICT, False)]


def test_topics_and_life_events_are_counted_by_their_slugs():
    make_event("newborn")
    look("/guides/?topic=yibao"), look("/events/newborn/")
    assert [row[:2] for row in counted()] == [("topic", "yibao"), ("event", "newborn")]


def test_a_search_is_counted_by_what_it_found_and_never_by_its_words():
    look("/guides/?q=交医保"), look("/guides/?q=张三的遛狗证")
    assert [row[:2] for row in counted()] == [("found", "yibao-001"), ("missed", "")]
    assert {field.name for field in View._meta.get_fields()} == {"id", "day", "area", "kind", "key", "entry", "rolled"}
    assert View._meta.get_field("day").get_internal_type() == "DateField"  # no time of day


@pytest.mark.parametrize("again", [
    "/guides/yibao-001/?who=agent", "/elder/guides/yibao-001/?step=bring", "/guides/yibao-001/?all=1",
])  # fmt: skip
def test_another_answer_the_next_question_and_the_other_version_are_the_same_look(again):
    look("/guides/yibao-001/")
    look(again, referer=f"{SITE}/guides/yibao-001/")
    assert len(counted()) == 1


@pytest.mark.parametrize("says", ["max-age=0", "no-cache"])
def test_a_reload_is_the_same_look(says):
    look("/guides/yibao-001/"), look("/guides/yibao-001/", **{"cache-control": says})
    assert len(counted()) == 1


def test_another_search_on_the_page_of_results_is_another_search():
    look("/guides/?q=交医保")
    look("/guides/?q=遛狗证", referer=f"{SITE}/guides/?q=%E4%BA%A4%E5%8C%BB%E4%BF%9D")
    assert [row[0] for row in counted()] == ["found", "missed"]


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (compatible; Baiduspider/2.0)", "curl/8.5.0", "python-requests/2.32", "WeChat link preview", ""])
def test_robots_are_not_counted(agent):
    assert look("/guides/yibao-001/", Client(headers={"user-agent": agent})) == 200
    assert counted() == []


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}])
def test_a_page_fetched_ahead_is_not_counted(headers):
    assert look("/guides/yibao-001/", **headers) == 200
    assert counted() == []


def test_head_staff_drafts_and_pages_that_are_not_there_are_not_counted():
    make_guide("yibao-002", status="draft")
    phone().head("/guides/yibao-001/")
    staff = phone()
    staff.force_login(zhuli())
    look("/guides/yibao-001/", staff)
    assert [look("/guides/yibao-002/"), look("/guides/nothing/")] == [404, 404]
    assert counted() == []


def test_a_broken_referrer_breaks_nothing():
    assert look("/guides/yibao-001/", referer="http://[broken") == 200
    assert len(counted()) == 1


def test_counting_sets_no_cookie_and_keeps_the_page_cacheable():
    response = phone().get("/guides/yibao-001/")
    assert (dict(response.cookies), "public" in response["Cache-Control"]) == ({}, True)


def test_a_fault_of_the_database_is_logged_and_the_page_comes_all_the_same(monkeypatch, caplog):
    def fail(row):
        raise DatabaseError("disk full")

    monkeypatch.setattr(counting, "_insert", fail)
    with caplog.at_level(logging.WARNING):
        assert look("/guides/yibao-001/") == 200
    assert "an opened page was not counted" in caplog.text


# ---- what is answered from this process's memory


@pytest.fixture
def kept(monkeypatch, open_connection):
    """Openings of kept pages wait for the test to write them: no thread of their own."""
    monkeypatch.setattr(counting, "_saver", object())
    monkeypatch.setattr(counting, "_opened", deque(maxlen=10))
    monkeypatch.setattr(counting, "_unsaved", Counter())
    told = []
    cache = PageCache(
        WSGIHandler(), generation=lambda: 1, request_id=lambda environ: "id", session_cookie="sessionid", limit=2**20, count=counting.note_kept,
        tell=told.append,
    )  # fmt: skip

    def look(address: str, **headers) -> bool:
        """One look; whether it was answered from memory."""
        path, _, query = address.partition("?")
        named = {f"HTTP_{name.upper()}": value for name, value in ({"user_agent": WECHAT, "host": "testserver"} | headers).items()}
        told.clear()
        b"".join(cache(RequestFactory().get(path, QUERY_STRING=query).environ | named, lambda *what: None))
        return told == ["kept"]

    return look


def test_a_page_from_memory_is_counted_like_the_one_that_was_made(kept):
    address = f"/c/{SHUIYUN}/guides/yibao-001/"
    assert [kept(address), kept(address), kept(address, referer=f"{SITE}/guides/?topic=yibao")] == [False, True, True]
    assert len(counted()) == 1
    counting.save_opened()
    assert counted() == [("guide", "yibao-001", SHUIYUN, True)] * 2 + [("guide", "yibao-001", SHUIYUN, False)]
    counting.save_opened()
    assert len(counted()) == 3


@pytest.mark.parametrize("headers", [
    {"user_agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"}, {"user_agent": ""}, {"sec_purpose": "prefetch"}, {"cache_control": "max-age=0"},
    {"referer": f"{SITE}/guides/yibao-001/?who=agent"}, {"referer": f"{SITE}/elder/guides/yibao-001/?step=bring"},
])  # fmt: skip
def test_what_is_no_new_look_is_none_from_memory_either(kept, headers):
    kept("/guides/yibao-001/", user_agent="curl/8.5.0")  # made for somebody who is not counted, who leaves what to count all the same
    assert kept("/guides/yibao-001/", **headers)
    counting.save_opened()
    assert counted() == []
    kept("/guides/yibao-001/")
    counting.save_opened()
    assert len(counted()) == 1


def test_other_pages_count_from_outside_only_from_memory_too(kept):
    kept("/"), kept("/"), kept("/", referer=f"{SITE}/guides/yibao-001/"), kept("/", referer="https://www.example.cn/links")
    counting.save_opened()
    assert counted() == [("page", "", DISTRICT, True)] * 3


def test_an_opening_is_of_the_day_it_was_written_on_and_waits_for_the_database(kept, monkeypatch, caplog):
    kept("/guides/yibao-001/"), kept("/guides/yibao-001/")
    with time_machine.travel("2026-11-24 23:59+08:00"), monkeypatch.context() as away, caplog.at_level(logging.WARNING):
        away.setattr(View.objects.__class__, "bulk_create", lambda *args, **kwargs: (_ for _ in ()).throw(DatabaseError("gone: yibao-001")))
        counting.save_opened()
    assert "1 opened pages wait to be counted: DatabaseError" in caplog.text
    assert "yibao" not in caplog.text
    assert len(counted()) == 1
    counting.save_opened()
    assert View.objects.order_by("-pk").first().day == date(2026, 11, 24)
    assert len(counted()) == 2


def test_many_at_once_are_as_many_rows(kept):
    for _ in range(5):
        counting._opened.append((Opened.GUIDE, "yibao-001", SHUIYUN, True))
    counting._opened.append((Opened.GUIDE, "yibao-002", SHUIYUN, False))
    counting.save_opened()
    assert counted() == [("guide", "yibao-001", SHUIYUN, True)] + [("guide", "yibao-002", SHUIYUN, False)] + [("guide", "yibao-001", SHUIYUN, True)] * 4
    assert {(view.day, view.rolled) for view in View.objects.all()} == {(timezone.localdate(), False)}
