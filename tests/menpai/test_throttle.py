from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import RequestFactory

from menpai import throttle
from menpai.models import Attempt

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
PROXY, VISITOR = "10.0.0.2", "203.0.113.7"


def tries(count: int, who: str = VISITOR) -> list[bool]:
    return [throttle.allow("follow", who, limit=3, minutes=15) for _ in range(count)]


def test_the_fourth_try_of_three_is_refused(db):
    assert tries(5) == [True, True, True, False, False]


def test_one_visitor_never_uses_up_the_tries_of_another(db):
    tries(4)
    assert tries(1, who="203.0.113.8") == [True]
    assert throttle.allow("ask", VISITOR, limit=3, minutes=15) is True


def test_the_window_opens_again_after_its_minutes_and_not_before(db):
    with time_machine.travel(START, tick=False) as clock:
        tries(4)
        clock.move_to(START + timedelta(minutes=14, seconds=59))
        assert tries(1) == [False]
        clock.move_to(START + timedelta(minutes=15))
        assert tries(4) == [True, True, True, False]


def test_a_right_answer_starts_afresh(db):
    tries(4)
    throttle.forget("follow", VISITOR)
    assert tries(1) == [True]


def test_no_address_is_stored(db):
    tries(1)
    [attempt] = Attempt.objects.all()
    assert len(attempt.key) == 64
    assert VISITOR not in attempt.key


@pytest.mark.parametrize(
    ("trusted", "peer", "told", "expected"),
    [
        ([], VISITOR, "", VISITOR),
        ([], VISITOR, "198.51.100.1", VISITOR),  # anybody may send the header
        ([PROXY], VISITOR, "198.51.100.1", VISITOR),
        ([PROXY], PROXY, VISITOR, VISITOR),
        ([PROXY], PROXY, "", PROXY),
    ],
)
def test_the_proxys_word_is_taken_only_from_the_proxy(settings, trusted, peer, told, expected):
    settings.TRUSTED_PROXIES = trusted
    headers = {"x-real-ip": told} if told else {}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    assert throttle.client_address(request) == expected


def test_tries_while_the_clock_was_a_day_ahead_lock_nobody_out_when_it_is_right_again(db):
    with time_machine.travel(START + timedelta(days=1), tick=False) as clock:
        assert tries(5)[-1] is False
        clock.move_to(START)
        assert tries(4) == [True, True, True, False]
        clock.move_to(START + timedelta(minutes=14))
        assert tries(1) == [False]
