"""“这块门牌有问题？”: one tap, nothing typed, nothing of whoever tapped."""

import re

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from doorplates import actions, codes
from doorplates.actions import replace
from doorplates.models import PlateReport, Scan
from menpai.models import Attempt
from tests.factories import make_plate

pytestmark = pytest.mark.django_db
KINDS = ("not_mine", "damaged", "suspicious")


@pytest.fixture
def plate():
    return make_plate()


def tap(plate, kind="damaged", ip="203.0.113.7", prefix="", client=None, **how):
    return (client or Client(REMOTE_ADDR=ip)).post(f"{prefix}/D/{plate.code}/report/", {"kind": kind}, **how)


@pytest.mark.parametrize("prefix", ["", "/elder"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_tap_is_counted_and_thanked_with_what_happens_next(plate, prefix, kind):
    response = tap(plate, kind, prefix=prefix, follow=True)
    assert response.redirect_chain == [(f"{prefix}/D/{plate.code}/report/?said={kind}", 302)]
    body = response.content.decode()
    assert "记下了，谢谢您" in body
    assert "接下来：" in body
    assert 'href="tel:12345"' in body
    assert list(PlateReport.objects.values_list("doorplate", "kind", "count")) == [(plate.pk, kind, 1)]
    assert ("不要付钱，不要报验证码、密码、银行卡号，不要装软件" in body and "怎么认假码" in body) is (kind == "suspicious")


@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_the_plates_page_leads_there_and_sets_no_cookie_for_it(client, plate, prefix):
    response = client.get(f"{prefix}/D/{plate.code}")
    assert f'href="{prefix}/D/{plate.code}/report/"' in response.content.decode()
    assert "csrftoken" not in response.cookies
    assert "csrfmiddlewaretoken" not in response.content.decode()
    asked = client.get(f"{prefix}/D/{plate.code}/report/")
    body = asked.content.decode()
    assert set(re.findall(r'<button[^>]*name="kind" value="(\w+)"', body)) == set(KINDS)
    assert "<input type=\"text\"" not in body
    assert "textarea" not in body
    assert "no-store" in asked["Cache-Control"]
    assert set(asked.cookies) == {"csrftoken"}


def test_looking_and_thanking_count_nothing(client, plate):
    for query in ("", "?said=damaged", "?said=nonsense"):
        client.get(f"/D/{plate.code}/report/{query}")
    assert (PlateReport.objects.count(), Scan.objects.count()) == (0, 0)
    assert "记下了" not in client.get(f"/D/{plate.code}/report/?said=nonsense").content.decode()


def test_the_same_phone_counts_once_a_day_for_a_plate_and_kind_and_is_thanked_all_the_same(plate):
    for _ in range(3):
        assert tap(plate).status_code == 302
    assert PlateReport.objects.get().count == 1
    tap(plate, "not_mine")
    tap(plate, ip="203.0.113.8")
    with time_machine.travel(timezone.now() + timezone.timedelta(hours=25)):
        tap(plate)
    assert dict(PlateReport.objects.values_list("kind", "count")) == {"damaged": 3, "not_mine": 1}


def test_whoever_taps_from_door_to_door_is_stopped_with_a_sentence(plate):
    for number in range(20):
        assert tap(make_plate(plate.building, entrance=f"{number}门")).status_code == 302
    response = tap(plate)
    assert "点得太勤了" in response.content.decode()
    assert 'value="damaged"' in response.content.decode()
    assert plate.reports.count() == 0


def test_nothing_of_the_phone_is_kept(plate):
    tap(plate, ip="203.0.113.7")
    kept = [str(value) for model in (PlateReport, Attempt) for row in model.objects.values() for value in row.values()]
    assert kept
    assert [value for value in kept if "203.0.113" in value] == []


@pytest.mark.parametrize("kind", ["", "nonsense"])
def test_a_tap_that_did_not_arrive_is_asked_again(plate, kind):
    response = tap(plate, kind)
    assert "请再点一次" in response.content.decode()
    assert PlateReport.objects.count() == 0


def test_a_page_that_was_open_too_long_comes_back_with_its_buttons(plate):
    response = tap(plate, client=Client(enforce_csrf_checks=True))
    assert response.status_code == 403
    body = response.content.decode()
    assert "放得太久了，请再点一次" in body
    assert 'value="damaged"' in body
    assert PlateReport.objects.count() == 0


def test_an_ended_plate_says_that_it_ended_and_an_unknown_one_that_it_is_none(plate):
    replace(plate, by="沈禾", reason="")
    assert "这块门牌换新的了" in tap(plate).content.decode()
    assert PlateReport.objects.count() == 0
    assert Client().get(f"/D/{codes.generate()}/report/").status_code == 404
    assert Client().post("/D/7K3M/report/", {"kind": "damaged"}).status_code == 404


def test_a_plate_that_ends_between_the_look_and_the_tap_is_told(plate, monkeypatch):
    told = actions.report_plate

    def meanwhile(**what):
        replace(plate, by="沈禾", reason="")
        return told(**what)

    monkeypatch.setattr(actions, "report_plate", meanwhile)
    response = tap(plate)
    assert response.status_code == 410
    assert "这块门牌换新的了" in response.content.decode()
