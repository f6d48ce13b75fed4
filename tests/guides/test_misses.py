"""Searches that found nothing for sure: what is kept of them, what never is, and that counting harms no page."""

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from guides import misses
from guides.misses import kept_text, miss_for, note_miss, outdated
from guides.models import MissState, SearchMiss
from menpai.models import Attempt
from tests.factories import make_guide

pytestmark = pytest.mark.django_db
HERE, THERE = "203.0.113.7", "203.0.113.8"
TODAY = date(2026, 11, 25)


def rows() -> dict[str, int]:
    return dict(SearchMiss.objects.values_list("text", "count"))


def make_miss(text: str = "遛狗证", **fields) -> SearchMiss:
    return SearchMiss.objects.create(text=text, **{"count": 1, "first_on": TODAY, "last_on": TODAY, **fields})


# what is kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  遛狗  证 ", "遛狗 证"), ("ＡＰＰ  遛狗證", "app 遛狗证"), ("遛\u200b狗证", "遛狗证"), ("遛狗\n证", "遛狗 证"), ("2026年遛狗证", "2026年遛狗证"),
        ("去" * 200, "去" * 60), ("五一放假", "五一放假"),
    ],
)  # fmt: skip
def test_words_are_kept_in_one_spelling(typed, kept):
    assert kept_text(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "13912345678", "张三 139 1234 5678", "139-1234-5678", "１３９１２３４５６７８", "一三九一二三四五六七八", "139\u200b1234\u200b5678", "0952-3012345",
        "640205199001011234", "64020519900101123X 身份证", "12345 找谁", "1990.1.1.12", "3号楼2单元 1 0 1 0 1",
        "zhang@example.com", "zhang＠example", "https://example.com/x", "www.example", "example.cn 是真的吗", "example。com",
        "宁B12C45 违章", "宁 b·a123d", "", "  ", "？？！", "\0",
    ],
)  # fmt: skip
def test_what_may_say_who_somebody_is_is_not_kept_at_all(typed):
    assert kept_text(typed) == ""
    note_miss(typed, client=HERE)
    assert miss_for(typed) is None
    assert rows() == {}


def test_a_number_behind_the_cut_keeps_the_words_out_too():
    assert kept_text("去" * 70 + "13912345678") == ""
    assert kept_text("去" * 57 + "13912345678") == ""


def test_the_table_has_no_place_for_a_person_or_a_time_of_day():
    assert {field.name for field in SearchMiss._meta.fields} == {"id", "district", "text", "count", "first_on", "last_on", "state", "guide", "handled_by"}
    assert {SearchMiss._meta.get_field(name).get_internal_type() for name in ("first_on", "last_on")} == {"DateField"}


def test_counting_stores_the_words_the_count_and_the_days(time_machine_today):
    time_machine_today(TODAY - timedelta(days=3))
    note_miss("遛狗证", client=HERE)
    time_machine_today(TODAY)
    note_miss("遛狗證", client=THERE)
    stored = SearchMiss.objects.get()
    assert (stored.text, stored.count, stored.first_on, stored.last_on) == ("遛狗证", 2, TODAY - timedelta(days=3), TODAY)
    assert (stored.state, stored.guide, stored.handled_by) == (MissState.OPEN, None, "")


@pytest.fixture
def time_machine_today():
    """Sets the day, at noon."""
    import time_machine

    running = []

    def travel(day: date):
        while running:
            running.pop().stop()
        traveller = time_machine.travel(f"{day} 12:00+08:00", tick=False)
        traveller.start()
        running.append(traveller)

    yield travel
    while running:
        running.pop().stop()


def everything_stored() -> str:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found.append(str(cursor.fetchall()))
    return "".join(found)


def test_a_visitor_leaves_nothing_of_an_address_or_cookie_anywhere():
    client = Client(REMOTE_ADDR=HERE, headers={"user-agent": "Bookish/1.0", "referer": "https://example.org/from"})
    client.cookies.load({"plate": "7K3M9Q2X"})
    client.get("/guides/?q=遛狗证")
    assert rows() == {"遛狗证": 1}
    stored = everything_stored()
    assert [trace for trace in (HERE, "Bookish", "example.org", "7K3M9Q2X") if trace in stored] == []


# the page


def test_the_results_page_counts_what_was_not_found_and_nothing_else(client):
    make_guide(plain_title="交医保", aliases=["合作医疗"])
    for query in ("遛狗证", "遛狗证", "交医保", "", "13912345678"):
        client.get("/guides/", {"q": query})
    assert rows() == {"遛狗证": 2}


@pytest.mark.parametrize("mount", ["", "/elder", "/c/640205102006", "/elder/c/640205102006"])
def test_every_mount_counts_and_offers_topics_hotline_and_a_wish_in_this_order(client, district, mount):
    make_guide(plain_title="交医保")
    body = client.get(f"{mount}/guides/", {"q": "遛狗证 & 牌"}).content.decode()
    wish = ("/elder" if "elder" in mount else "") + "/help/new/?wish=%E9%81%9B%E7%8B%97%E8%AF%81%20%26%20%E7%89%8C"
    places = [body.index(mark) for mark in ("没找到", "按主题找", "都不是？", 'href="tel:12345"', wish, "我要办这个</a>")]
    assert places == sorted(places)
    assert ("&amp;area=640205102006" in body) == ("/c/" in mount)
    assert rows() == {"遛狗证 & 牌": 1}


def test_unsure_hits_are_three_guesses_and_their_topics_come_alone(client):
    for number in range(1, 6):
        make_guide(f"yibao-{number:03d}", plain_title=f"医保卡第{number}种办理")
    make_guide("huji-001", plain_title="给孩子上户口")
    body = client.get("/guides/", {"q": "红烧肉和咖啡机和飞船发射场的卡"}).content.decode()
    assert "没找到很对得上的" in body
    assert "您是不是要找" in body
    assert body.count('<a href="/guides/yibao-') == 3
    assert "主题yibao<span>" in body
    assert "主题huji<span>" not in body
    assert "看全部主题" in body


def test_a_sure_result_offers_no_wish(client):
    make_guide(plain_title="交医保")
    body = client.get("/guides/", {"q": "交医保"}).content.decode()
    assert "wish=" not in body
    assert "您是不是要找" not in body


def test_a_database_that_takes_no_writes_breaks_no_page_and_no_words_reach_the_log(client, caplog):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("CREATE TRIGGER refused BEFORE INSERT ON guides_searchmiss BEGIN SELECT RAISE(ABORT, 'attempt to write 遛狗证'); END")
        else:
            cursor.execute("ALTER TABLE guides_searchmiss ADD CONSTRAINT refused CHECK (count < 0) NOT VALID")
    response = client.get("/guides/", {"q": "遛狗证"})
    assert response.status_code == 200
    assert "我要办这个" in response.content.decode()
    assert rows() == {}
    said = [record.getMessage() for record in caplog.records if record.name == "guides.misses"]
    assert len(said) == 1
    assert "遛狗证" not in caplog.text


def test_a_failing_limit_breaks_no_page_either(client, monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr(misses.throttle, "allow", broken)
    assert client.get("/guides/", {"q": "遛狗证"}).status_code == 200
    assert rows() == {}


# bounds


def test_one_client_cannot_flood_and_does_not_stop_another(monkeypatch):
    monkeypatch.setattr(misses, "PER_HOUR", 3)
    for number in range(5):
        note_miss(f"乱搜{number}", client=HERE)
    note_miss("遛狗证", client=THERE)
    assert set(rows()) == {"乱搜0", "乱搜1", "乱搜2", "遛狗证"}


def test_the_limit_keeps_an_hours_keyed_hash_only():
    note_miss("遛狗证", client=HERE)
    attempt = Attempt.objects.get()
    assert HERE not in attempt.key
    assert "遛狗" not in attempt.key
    assert attempt.expires_at - attempt.expires_at.now(attempt.expires_at.tzinfo) <= timedelta(hours=1)


def test_a_full_list_counts_up_what_it_knows_and_takes_nothing_new(monkeypatch):
    monkeypatch.setattr(misses, "MAX_OPEN", 2)
    known, handled = make_miss("遛狗证"), make_miss("坐火箭", state=MissState.DROPPED)
    note_miss("办狗证", client=HERE)
    note_miss("养猫证", client=HERE)  # the third open one
    for text in (known.text, handled.text):
        note_miss(text, client=HERE)
    assert rows() == {"遛狗证": 2, "坐火箭": 2, "办狗证": 1}
    assert miss_for("养猫证") is None
    assert miss_for("遛狗证") == known


def test_what_was_handled_stays_handled_when_it_is_searched_again():
    make_miss(state=MissState.DROPPED, handled_by="边吉")
    note_miss("遛狗证", client=HERE)
    stored = SearchMiss.objects.get()
    assert (stored.state, stored.handled_by, stored.count) == (MissState.DROPPED, "边吉", 2)


def at_once(*jobs) -> None:
    start, failures = Barrier(len(jobs)), []

    def run(job):
        start.wait()
        try:
            job()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.django_db(transaction=True)
def test_searches_at_the_same_moment_are_all_counted():
    at_once(*[lambda n=n: note_miss("遛狗证", client=f"203.0.113.{n}") for n in range(6)])
    assert rows() == {"遛狗证": 6}
    at_once(*[lambda: note_miss("遛狗证", client=HERE) for _ in range(3)])
    assert rows() == {"遛狗证": 9}


@pytest.mark.django_db(transaction=True)
def test_wishes_at_the_same_moment_share_one_row():
    found = []
    at_once(*[lambda: found.append(miss_for("遛狗证").pk) for _ in range(4)])
    assert len(set(found)) == 1
    assert rows() == {"遛狗证": 1}


# how long


def test_once_goes_after_a_month_and_untouched_after_half_a_year():
    for text, count, days in (("一次新", 1, 30), ("一次旧", 1, 31), ("两次旧", 2, 31), ("两次半年", 2, 180), ("太久", 9, 181)):
        make_miss(text, count=count, last_on=TODAY - timedelta(days=days))
    make_miss("处理过的太久", count=9, state=MissState.ALIAS, last_on=TODAY - timedelta(days=181))
    nobody = SearchMiss.objects.none().values("pk")
    assert set(outdated(TODAY, keep=nobody).values_list("text", flat=True)) == {"一次旧", "太久", "处理过的太久"}
    kept = SearchMiss.objects.filter(text="太久").values("pk")
    assert set(outdated(TODAY, keep=kept).values_list("text", flat=True)) == {"一次旧", "处理过的太久"}
