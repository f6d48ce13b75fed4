"""A scan is counted once for a phone and day, stands in nobody's way and tells nothing about anybody."""

import logging
from datetime import date

import pytest
import time_machine
from django.db import DatabaseError
from django.test import Client

from doorplates.models import Doorplate, Scan
from tests.factories import make_plate
from tests.lane import ThroughLane
from tests.people import zhuli

pytestmark = pytest.mark.django_db
WECHAT = "Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 Chrome/53.0 MQQBrowser/6.2 MicroMessenger/7.0"


@pytest.fixture(autouse=True, params=["by the lane", "by Django"])
def way(request, monkeypatch) -> str:
    """The same rules hold on both ways."""
    if request.param == "by the lane":
        monkeypatch.setattr("django.test.client.ClientHandler", ThroughLane)
    return request.param


@pytest.fixture
def plate() -> Doorplate:
    return make_plate()


def phone() -> Client:
    return Client(headers={"user-agent": WECHAT})


def test_a_scan_is_counted_for_its_plate_and_day(plate):
    with time_machine.travel("2026-11-24 23:30+08:00"):
        phone().get(f"/D/{plate.code}")
    assert list(Scan.objects.values_list("doorplate", "day")) == [(plate.pk, date(2026, 11, 24))]


def test_the_day_is_that_of_china(plate):
    with time_machine.travel("2026-11-23 16:30+00:00"):
        phone().get(f"/D/{plate.code}")
    assert Scan.objects.get().day == date(2026, 11, 24)


def test_a_reload_is_the_same_scan(plate):
    one = phone()
    for _ in range(3):
        one.get(f"/D/{plate.code}")
    assert Scan.objects.count() == 1


def test_the_other_version_is_a_second_look_at_the_same_scan(plate):
    one = phone()
    one.get(f"/elder/D/{plate.code}")
    assert Scan.objects.count() == 0
    one.get(f"/D/{plate.code}")
    one.get(f"/elder/D/{plate.code}")
    assert Scan.objects.count() == 1


def test_two_phones_two_plates_and_two_days_each_count(plate):
    other, one = make_plate(plate.building, entrance="1单元"), phone()
    with time_machine.travel("2026-11-24 10:00+08:00"):
        one.get(f"/D/{plate.code}")
        phone().get(f"/D/{plate.code}")
        mark = one.cookies.pop("scanned")  # a browser keeps it for the plate's own path, which the test client does not know
        assert not other.code.startswith(mark["path"].removeprefix("/D/"))
        one.get(f"/D/{other.code}")
        assert Scan.objects.count() == 3
        one.cookies["scanned"] = mark.value
    with time_machine.travel("2026-11-25 00:00:01+08:00"):
        one.get(f"/D/{plate.code}")
    assert Scan.objects.count() == 4


@pytest.mark.parametrize("agent", [
    "Mozilla/5.0 (compatible; Baiduspider/2.0)", "Mozilla/5.0 (compatible; bingbot/2.0)", "curl/8.5.0", "Wget/1.21", "python-requests/2.32",
    "Sogou web spider/4.0", "Yahoo! Slurp", "360MonitorTool", "WeChat link preview",
])  # fmt: skip
def test_robots_are_not_counted(plate, agent):
    assert Client(headers={"user-agent": agent}).get(f"/D/{plate.code}").status_code == 200
    assert Scan.objects.count() == 0


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
def test_a_page_fetched_ahead_is_not_counted_until_it_is_looked_at(plate, headers):
    one = phone()
    one.get(f"/D/{plate.code}", headers=headers)
    assert Scan.objects.count() == 0
    one.get(f"/D/{plate.code}")
    assert Scan.objects.count() == 1


def test_head_is_not_counted(plate):
    assert phone().head(f"/D/{plate.code}").status_code == 200
    assert Scan.objects.count() == 0


def test_staff_who_look_are_not_counted(plate):
    staff = phone()
    staff.force_login(zhuli())
    staff.get(f"/D/{plate.code}")
    assert Scan.objects.count() == 0


def test_a_phone_without_cookies_still_gets_its_page(plate):
    for _ in range(2):
        assert phone().get(f"/D/{plate.code}").status_code == 200


def test_a_fault_of_the_database_is_logged_and_the_page_comes_all_the_same(plate, monkeypatch, caplog):
    def fail(*args, **fields):
        raise DatabaseError("disk full")

    monkeypatch.setattr(Scan.objects, "create", fail)
    monkeypatch.setattr("doorplates.lane.find_and_count", fail)  # and so it goes on to Django
    with caplog.at_level(logging.ERROR):
        response = phone().get(f"/D/{plate.code}")
    assert response.status_code == 200
    assert "您扫的是" in response.content.decode()
    assert "scanned" not in response.cookies  # not counted: the next look counts
    assert "a scan was not counted" in caplog.text


def test_what_a_scan_holds_is_a_plate_and_a_day_and_nothing_else():
    assert [field.name for field in Scan._meta.get_fields()] == ["id", "doorplate", "day", "rolled"]  # the last: whether it is in the sums
    assert Scan._meta.get_field("day").get_internal_type() == "DateField"  # no time of day


def test_the_mark_on_the_phone_is_a_date_on_this_plates_own_path_until_midnight(plate):
    with time_machine.travel("2026-11-24 22:00+08:00", tick=False):
        cookie = phone().get(f"/D/{plate.code}").cookies["scanned"]
    assert (cookie.value, cookie["path"], int(cookie["max-age"]), cookie["httponly"]) == ("2026-11-24", f"/D/{plate.code}", 7200, True)


def test_a_forged_mark_breaks_nothing(plate):
    one = phone()
    one.cookies["scanned"] = "' OR 1=1"
    assert one.get(f"/D/{plate.code}").status_code == 200
    assert Scan.objects.count() == 1
