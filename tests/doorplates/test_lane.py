"""Scans answered before Django: the same bytes as Django's, counted by the same rules, and everything else left to Django."""

import gzip
from datetime import date, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from doorplates import codes, kept_pages
from doorplates.actions import revoke
from doorplates.finding import find_and_count
from doorplates.kept_pages import KeptPages
from doorplates.lane import ScanLane
from doorplates.models import Building, Scan
from guides.models import Area, ContentStamp, Guide, JobPosting, Notice
from tests import second_district
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_area, make_building, make_guide, make_plate
from tests.lane import by_the_loop, call, make_lane

pytestmark = pytest.mark.django_db
WECHAT = "Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 Chrome/53.0 MQQBrowser/6.2 MicroMessenger/7.0"
CODE = "0158ACV"  # each character has a lookalike


@pytest.fixture
def plate():
    make_guide(featured=1)
    return make_plate()


@pytest.fixture(autouse=True, params=["called", "by the loop"])
def door(request, monkeypatch):
    """Everything holds for a lane that is called by a thread, and for one that is asked by the loop."""
    if request.param == "by the loop":
        monkeypatch.setattr(ScanLane, "__call__", by_the_loop(ScanLane))


def answer(application, path: str, **headers) -> tuple[str, list, bytes]:
    """What goes over the line: status, headers in order of their names, body as the phone unpacks it. The id of the request is anybody's."""
    environ = RequestFactory(headers={"host": "testserver", "user-agent": WECHAT, **headers}).get(path).environ
    status, given_headers, body = call(application, environ)
    given_headers = [(name, "; ".join(sorted(value.split("; "))) if name == "Content-Security-Policy" else value) for name, value in given_headers]  # any order
    named = {(name, value) for name, value in given_headers if name != "X-Request-ID"}
    assert len(named) == len(given_headers) - 1  # every answer has an id
    if ("Content-Encoding", "gzip") in named:
        assert ("Content-Length", str(len(body))) in named
        named = {one for one in named if one[0] != "Content-Length"}  # Django pads at random what it compresses
        body = gzip.decompress(body)
    return status, sorted(named), body


class Counting:
    """Django, with a count of what reaches it."""

    def __init__(self, application):
        self.application, self.reached = application, 0

    def __call__(self, environ, start_response):
        self.reached += 1
        return self.application(environ, start_response)


def lane_with_count(**more):
    lane = make_lane(**more)
    lane.application = Counting(lane.application)
    return lane


# ---- the same bytes


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12) | st.sampled_from(["", "<b>&\"'", "水韵名都" * 5, "{{ x }}", "%s", "q" * 20])
NAMES = TEXT | st.sampled_from(["下庄子村村民委员会", "村村民委员会", "村民委员会", "社区居民委员会", "水韵居民委员会", "村"])
PHONES = st.sampled_from(["", "0952-1234567", "13800138000 王姐", "<tel>"])


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(estate=TEXT, building=TEXT, entrance=TEXT, area=NAMES, contact=TEXT, phone=PHONES, is_sample=st.booleans(), form=st.sampled_from(["D/{}", "d/{}", "D/{}/"]), lower=st.booleans(), packed=st.booleans())
def test_the_page_is_djangos_to_the_byte_whatever_the_names(db, lane, odd_plate, estate, building, entrance, area, contact, phone, is_sample, form, lower, packed):
    Building.objects.filter(pk=odd_plate.building_id).update(estate=estate, name=building, is_sample=is_sample)
    type(odd_plate).objects.filter(pk=odd_plate.pk).update(entrance=entrance)
    Area.objects.filter(pk=SHUIYUN).update(name=area, contact_name=contact, contact_phone=phone)
    path = "/" + form.format(odd_plate.code.lower().replace("1", "l") if lower else odd_plate.code)
    headers = {"accept-encoding": "gzip"} if packed else {}
    django, before = lane.application.application, lane.application.reached
    with time_machine.travel("2026-11-24 10:00+08:00", tick=False):
        assert answer(lane, path, **headers) == answer(django, path, **headers)
    assert lane.application.reached == before


@pytest.fixture
def lane(db):
    return lane_with_count()


@pytest.fixture
def odd_plate():
    make_guide(featured=1)
    JobPosting.objects.create(title="保洁", employer="某单位", text="", area=make_area("640205102000"))
    return make_plate(code=CODE + codes._check(CODE))


def test_the_compressed_parts_of_the_real_page_hold_together(lane, plate):
    """Otherwise each scan would be compressed anew: right, and slow."""
    answer(lane, f"/D/{plate.code}")
    kept = [entry[2] for entry in lane.pages._kept.values() if isinstance(entry[2], kept_pages.Kept)]
    assert [one.parts.is_packed for one in kept] == [True]


def test_a_phone_that_has_the_page_is_counted_and_told_so(lane, plate):
    with time_machine.travel("2026-11-24 10:00+08:00", tick=False):
        etag = dict(answer(lane, f"/D/{plate.code}")[1])["ETag"]
        for given in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            same = answer(lane, f"/D/{plate.code}", **{"if-none-match": given})
            assert same == answer(lane.application.application, f"/D/{plate.code}", **{"if-none-match": given})
            assert (same[0], same[2]) == ("304 Not Modified", b"")
        assert answer(lane, f"/D/{plate.code}", **{"if-none-match": '"old"'})[0] == "200 OK"
    assert Scan.objects.count() == 10  # no cookie came back with any of them
    assert lane.application.reached == 0


# ---- what is Django's


@pytest.mark.parametrize("more", [
    {"path": "/D/{}?from=singlemessage"}, {"path": "/elder/D/{}"}, {"path": "/D/{}/report/"}, {"path": "/D/0000 0000"}, {"path": "/D/00000001"}, {"path": "/d/x"},
    {"path": "/D/{}", "cookie": "sessionid=abc"}, {"path": "/D/{}", "host": "evil.example"}, {"path": "/D/{}", "if-match": '"x"'}, {"path": "/D/{}", "authorization": "x"},
])  # fmt: skip
def test_everything_else_goes_on_to_django_and_asks_nothing_of_the_database_here(lane, plate, monkeypatch, more):
    def refuse(asked):
        raise AssertionError("asked the database")

    monkeypatch.setattr("doorplates.lane.find_and_count", refuse)
    path, headers = more["path"].format(plate.code), {name: value for name, value in more.items() if name != "path"}
    assert answer(lane, path, **headers)[0] == answer(lane.application.application, path, **headers)[0]
    assert lane.application.reached == 1


def test_a_plate_that_is_not_in_use_is_explained_by_django(lane, plate):
    revoke(plate, by="沈禾", reason="楼拆了")
    assert answer(lane, f"/D/{plate.code}")[0] == "410 Gone"
    assert answer(lane, f"/D/{codes.generate()}")[0] == "404 Not Found"
    assert (lane.application.reached, Scan.objects.count()) == (2, 0)


def test_a_plate_that_ends_is_not_answered_from_what_is_kept(lane, plate):
    assert answer(lane, f"/D/{plate.code}")[0] == "200 OK"
    revoke(plate, by="沈禾", reason="")
    assert answer(lane, f"/D/{plate.code}")[0] == "410 Gone"


def test_plain_http_is_sent_to_https_and_https_is_answered_here(plate, settings):
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS, settings.SECURE_PROXY_SSL_HEADER = 31536000, ("HTTP_X_FORWARDED_PROTO", "https")
    lane, safe = lane_with_count(), {"x-forwarded-proto": "https"}
    assert answer(lane, f"/D/{plate.code}")[0] == "301 Moved Permanently"
    assert lane.application.reached == 1
    with time_machine.travel("2026-11-24 10:00+08:00", tick=False):
        page = answer(lane, f"/D/{plate.code}", **safe)
        assert page == answer(lane.application.application, f"/D/{plate.code}", **safe)
    assert "Strict-Transport-Security" in dict(page[1])
    assert lane.application.reached == 1


# ---- fresh


def test_what_is_published_stands_on_the_next_scan(lane, plate):
    assert "交医保" in page_of(lane, plate)
    Guide.objects.update(plain_title="参加医保")
    ContentStamp.advance()
    assert "参加医保" in page_of(lane, plate)
    assert lane.application.reached == 0


def test_while_the_number_of_the_content_is_unknown_nothing_kept_is_used(plate):
    lane = lane_with_count(generation=lambda: None)
    assert "交医保" in page_of(lane, plate)
    assert (lane.application.reached, Scan.objects.count()) == (1, 1)
    behind = lane_with_count(settled=lambda number: False)  # a replica has not got it yet
    page_of(behind, plate)
    assert (behind.application.reached, Scan.objects.count()) == (1, 2)


def test_a_page_is_kept_for_a_minute_and_not_into_the_next_day(plate):
    made, now = [], [0.0]
    lane = lane_with_count()
    django, lane.pages = lane.application.application, KeptPages(lambda request: made.append(1) or django.get_response(request), clock=lambda: now[0])
    with time_machine.travel("2026-11-24 23:59:50+08:00", tick=False) as clock:
        for moment, pages in ((0, 2), (59, 2), (61, 4)):  # whole, and as a 304
            now[0] = moment
            page_of(lane, plate)
            assert len(made) == pages
        clock.shift(timedelta(seconds=15))
        page_of(lane, plate)
        assert len(made) == 6


def test_jobs_and_notices_are_those_of_the_village(lane, plate):
    make_area(YUANYI), make_area(XIAZHUANGZI)
    plates = {code: make_plate(make_building(Area.objects.get(pk=code), name="9号楼")) for code in (SHUIYUN, YUANYI, XIAZHUANGZI)}
    JobPosting.objects.create(title="水韵保洁", employer="某单位", text="", area_id=SHUIYUN)
    Notice.objects.create(title="园艺镇通知", source="园艺镇", text="", area_id="640205102000")
    pages = {code: page_of(lane, one) for code, one in plates.items()}
    assert {code: ("水韵保洁" in page, "园艺镇通知" in page) for code, page in pages.items()} == {SHUIYUN: (True, True), YUANYI: (False, True), XIAZHUANGZI: (False, False)}
    assert f"/c/{YUANYI}/guides/" in pages[YUANYI]
    assert lane.application.reached == 0


def test_a_plate_of_another_district_says_that_districts_words(lane, plate):
    second_district.start()
    other = make_plate(make_building(Area.objects.get(pk=second_district.VILLAGE)))
    with time_machine.travel(timezone.now(), tick=False):
        assert answer(lane, f"/D/{other.code}") == answer(lane.application.application, f"/D/{other.code}")
    assert "乙标" in page_of(lane, other)
    assert "乙标" not in page_of(lane, plate)


def test_kept_pages_are_bounded(lane, plate, monkeypatch):
    monkeypatch.setattr(kept_pages, "MOST", 4)
    for number in range(6):
        code = f"6402051{number:02}001"
        page_of(lane, make_plate(make_building(make_area(code))))
        JobPosting.objects.create(title="保洁", employer="某单位", text="", area_id=code)  # a page of its own
        ContentStamp.advance()
        page_of(lane, make_plate(make_building(Area.objects.get(pk=code), name="9号楼")))
    assert len(lane.pages._kept) == 4


# ---- the database fails


def test_when_the_statement_fails_django_answers_and_counts(lane, plate, monkeypatch):
    tries = []

    def fail(asked):
        tries.append(asked)
        raise DatabaseError("the line is broken")

    monkeypatch.setattr("doorplates.lane.find_and_count", fail)
    assert "您扫的是" in page_of(lane, plate)
    assert (len(tries), lane.application.reached, Scan.objects.count()) == (1, 1, 1)


def test_a_plate_that_was_looked_for_in_vain_is_not_looked_for_here_again(lane, plate, monkeypatch):
    tries = []
    monkeypatch.setattr("doorplates.lane.find_and_count", lambda asked: tries.append(asked) or [None])
    answer(lane, f"/D/{codes.generate()}")
    assert (len(tries), lane.application.reached) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_when_nothing_can_be_counted_the_page_comes_all_the_same(caplog):
    make_guide(featured=1)
    plate, lane = make_plate(), make_lane()
    with connection.schema_editor() as editor:
        editor.alter_db_table(Scan, "doorplates_scan", "doorplates_scan_away")
    try:
        status, headers, body = answer(lane, f"/D/{plate.code}")
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(Scan, "doorplates_scan_away", "doorplates_scan")
    assert (status, "您扫的是" in body.decode()) == ("200 OK", True)
    assert [value for name, value in headers if name == "Set-Cookie" and value.startswith("scanned")] == []  # the next look counts
    assert "a scan was not counted" in caplog.text


def test_a_scan_that_has_its_row_is_not_counted_again_when_its_page_fails(lane, plate):
    lane.pages.of = lambda *args: None
    assert "您扫的是" in page_of(lane, plate)
    assert (lane.application.reached, Scan.objects.count()) == (1, 1)


# ---- several at once


@pytest.mark.django_db(transaction=True)
def test_scans_that_wait_together_are_counted_each():
    """Eight phones, three of them at the same plate, two robots, one code that is nobody's."""
    connection.close()  # on a line of its own: what another test prepared and rolled back is not counted below
    plates = [make_plate(entrance=f"{number}单元") if not number else make_plate(Building.objects.get(), entrance=f"{number}单元") for number in range(5)]
    day, other = date(2026, 11, 27), date(2026, 11, 28)  # one of them came in just after midnight
    asked = [(plates[0].code, day)] * 3 + [(plate.code, day) for plate in plates[1:3]] + [(plates[3].code, other), (plates[4].code, None), (plates[0].code, None), (codes.generate(), day)]
    answers = find_and_count(asked)
    assert [found and (found.code, found.is_counted) for found in answers] == [*((code, day is not None) for code, day in asked[:-1]), None]
    assert sorted(Scan.objects.values_list("doorplate", "day")) == sorted([(plates[0].pk, day)] * 3 + [(plate.pk, day) for plate in plates[1:3]] + [(plates[3].pk, other)])
    if connection.vendor == "postgresql":  # which would otherwise plan anew for each small number of plates
        with connection.cursor() as cursor:
            cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'menpai_find_and_count'")
            assert cursor.fetchall() == [(1, 0)]


def page_of(lane, plate) -> str:
    status, _, body = answer(lane, f"/D/{plate.code}")
    assert status == "200 OK"
    return body.decode()
