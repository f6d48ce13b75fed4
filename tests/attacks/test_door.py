"""The door of a request: what guessing costs, and that a stranger who tries it does not keep its owner out. The figures stand in docs/security.md."""

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk import door
from helpdesk.behalf import principal_of
from helpdesk.models import Principal, is_reference
from helpdesk.models.request import REFERENCE_DIGITS, new_reference
from menpai import tally
from menpai.encryption import blind_index
from tests.factories import make_request

pytestmark = pytest.mark.django_db

PHONE, HOME, STRANGER = "13800138000", "198.51.100.1", "203.0.113.7"


def knock(stored, typed: str = "0000", *, ip: str = STRANGER):
    return Client(REMOTE_ADDR=ip).post(f"/help/{stored.reference}/", {"act": "open", "last_four": typed})


def opens(stored, typed: str, *, ip: str = HOME) -> bool:
    return knock(stored, typed, ip=ip).status_code == 302


def use_up(stored) -> None:
    """A botnet: each of its addresses tries once."""
    for number in range(door.NUMBER + 5):
        knock(stored, ip=f"203.0.113.{number}")


def test_a_number_known_to_strangers_takes_thirty_guesses_a_week_from_everywhere():
    stored = make_request(phone=PHONE)
    use_up(stored)
    assert not opens(stored, "8000"), "not even the right digits: a guesser must not learn which they are"
    with time_machine.travel("2099-01-01"):
        assert opens(stored, "8000")


def test_its_owner_is_never_kept_out_by_them():
    stored = make_request(phone=PHONE)
    use_up(stored)
    text = knock(stored, "8000", ip=HOME).content.decode()
    assert "把留的手机号整个填上就能看" in text
    assert opens(stored, "138 0013 8000")
    assert opens(stored, "１３８００１３８０００", ip="198.51.100.2")


def test_nor_by_a_neighbour_behind_the_same_address():
    stored = make_request(phone=PHONE)
    for _ in range(door.HERE + 5):
        knock(stored)
    assert not opens(stored, "8000", ip=STRANGER)
    assert opens(stored, PHONE, ip=STRANGER)


def test_a_landline_opens_too_and_the_phone_of_who_is_spoken_for():
    stored = make_request(phone="09523012345")
    Principal.objects.create(request=stored, name="妈", phone="13900139001", phone_index=blind_index("13900139001"))
    assert principal_of(stored)
    assert opens(stored, "0952-3012345")
    assert opens(stored, "13900139001")


@pytest.mark.parametrize("wrong", ["13800138001", "13900138000", "08000138000", "0138008000"])
def test_a_whole_number_that_only_ends_alike_opens_nothing(wrong):
    assert not opens(make_request(phone=PHONE), wrong)


def test_whole_numbers_are_limited_too_where_they_come_from():
    stored = make_request(phone=PHONE)
    for number in range(door.WHOLE):
        assert "对不上" in knock(stored, f"139{number:08d}").content.decode()
    assert "过15分钟再来" in knock(stored, PHONE).content.decode()
    assert opens(stored, PHONE), "and nowhere else"


def test_one_address_has_a_hundred_wrong_guesses_an_hour_at_all_numbers_together():
    stored = make_request(phone=PHONE)
    unknown = [number for number in (new_reference() for _ in range(door.ADDRESS)) if number != stored.reference]
    for reference in unknown:
        Client(REMOTE_ADDR=STRANGER).post(f"/help/{reference}/", {"act": "open", "last_four": "0000"})
    assert not opens(stored, "8000", ip=STRANGER)
    assert opens(stored, PHONE, ip=STRANGER), "who shares the address is not shut out"
    assert opens(stored, "8000", ip=HOME)


def test_a_village_behind_one_address_opens_its_own_as_often_as_it_likes():
    """Right digits count against nobody, so that people who share a carrier's address do not use up each other's tries."""
    stored = [make_request(phone=f"1380013{number:04d}") for number in range(40)]
    for _ in range(4):  # 160 openings, more than ADDRESS; and more of one number than NUMBER
        for one in stored:
            assert opens(one, one.phone[-4:])
    for _ in range(door.NUMBER + 5):
        assert opens(stored[0], "0000")


def test_an_unknown_number_is_counted_alike_so_that_limits_tell_nothing(monkeypatch):
    monkeypatch.setattr(tally, "flush", lambda: None)  # what the operator's page counts is written by whoever comes a second later, for either
    stored, unknown = make_request(phone=PHONE), "482917361"
    said = {}
    for net, reference in (("203.0.113", stored.reference), ("198.51.100", unknown)):
        answers = []
        for number in range(door.NUMBER + 3):
            with CaptureQueriesContext(connection) as queries:
                response = Client(REMOTE_ADDR=f"{net}.{number}").post(f"/help/{reference}/", {"act": "open", "last_four": "0000"})
            answers.append((response.status_code, len(queries), "后四位先不认了" in response.content.decode()))
        said[reference] = answers
    assert said[stored.reference] == said[unknown]


def test_the_figures_of_the_document():
    """docs/security.md states them; whoever changes a limit changes the sentence."""
    assert REFERENCE_DIGITS == 9
    assert all(is_reference(new_reference()) for _ in range(50))
    numbers = 9 * 10**7  # eight random digits of which the first is no zero, and a check digit
    assert (door.HERE, door.NUMBER, door.NUMBER_MINUTES, door.ADDRESS, door.ADDRESS_MINUTES) == (5, 30, 10080, 100, 60)
    assert door.NUMBER / 10**4 == 0.003  # a week's chance against one known number
    kept = 10_000  # numbers in use at once
    assert round(numbers * 10**4 / kept / door.ADDRESS / 24 / 365) == 103  # years of one address until it has opened any of them
