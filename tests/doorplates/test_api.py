"""Open data of plates: genuine or not, current or not, of which area; no more than that."""

import pytest

from doorplates import actions, codes
from doorplates.models import Doorplate, Scan
from tests.factories import SHUIYUN, make_building, make_plate
from tests.open_data import ask, refusal

pytestmark = pytest.mark.django_db

CODE = "80A111M" + codes._check("80A111M")
AREA = {"code": SHUIYUN, "name": "水韵名都社区居民委员会"}


def test_a_current_plate_says_its_area_and_nothing_nearer():
    plate = make_plate()
    assert ask(f"/api/v1/doorplates/{plate.code}") == {"code": plate.code, "state": "active", "area": AREA}


def test_a_revoked_plate_says_so():
    plate = make_plate()
    actions.revoke(plate, by="guanli", reason="贴错了")
    assert ask(f"/api/v1/doorplates/{plate.code}") == {"code": plate.code, "state": "revoked", "area": AREA}


def test_a_replaced_plate_says_so_and_does_not_lead_to_its_successor():
    plate = make_plate()
    actions.replace(plate, by="guanli", reason="褪色")
    assert ask(f"/api/v1/doorplates/{plate.code}") == {"code": plate.code, "state": "replaced", "area": AREA}


@pytest.mark.parametrize("typed", [CODE, CODE.lower(), "8oAiiIm" + CODE[-1], "Boalllm" + CODE[-1], f"{CODE[:4]}%20{CODE[4:]}", f"{CODE[:4]}-{CODE[4:]}"])
def test_any_case_and_what_is_easily_mistaken_is_read_as_meant(typed):
    make_plate(code=CODE)
    assert ask(f"/api/v1/doorplates/{typed}")["code"] == CODE


def test_a_code_that_was_never_given_out_is_refused_as_perhaps_a_forgery():
    assert "假" in refusal(f"/api/v1/doorplates/{CODE}", status=404)


@pytest.mark.parametrize("typed", ["8", "80A111M0"[:7] + ("2" if CODE[-1] != "2" else "3"), "%00", "x" * 2000, "门牌"])
def test_a_mistyped_code_is_to_be_typed_again(typed):
    make_plate(code=CODE)
    assert "再输一遍" in refusal(f"/api/v1/doorplates/{typed}", status=404)


def test_asking_is_no_scan():
    plate = make_plate()
    ask(f"/api/v1/doorplates/{plate.code}")
    assert Scan.objects.count() == 0


def test_there_is_no_list_of_plates():
    make_plate()
    refusal("/api/v1/doorplates", status=404)
    refusal("/api/v1/doorplates/", status=404)


def test_a_plate_costs_one_question_to_the_database(django_assert_num_queries):
    building = make_building(entrances=("1单元", "2单元", "3单元"))
    plates = [make_plate(building, entrance=entrance) for entrance in building.entrances]
    with django_assert_num_queries(1):
        ask(f"/api/v1/doorplates/{plates[0].code}")
    assert Doorplate.objects.count() == 3
