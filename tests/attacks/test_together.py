"""Limits count right when everybody comes at once, each over a connection of their own as each process has one."""

from collections import Counter
from threading import Barrier, Thread

import pytest
from django.db import connection

from menpai import throttle

pytestmark = pytest.mark.django_db(transaction=True)

CROWD, EACH, LIMIT = 6, 5, 7


def test_of_all_tries_at_one_moment_exactly_as_many_are_let_through_as_the_limit_says():
    start, said, troubles = Barrier(CROWD), Counter(), []

    def knock():
        try:
            start.wait()
            for _ in range(EACH):
                said[throttle.allow("door", "203.0.113.7", limit=LIMIT, minutes=15)] += 1
        except Exception as error:  # noqa: BLE001 - told below, in the thread that tests
            troubles.append(error)
        finally:
            connection.close()

    crowd = [Thread(target=knock) for _ in range(CROWD)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert troubles == []
    assert said == {True: LIMIT, False: CROWD * EACH - LIMIT}


def test_a_try_that_is_taken_back_makes_room_for_exactly_one_more():
    assert [throttle.allow("door", "x", limit=2, minutes=15) for _ in range(2)] == [True, True]
    throttle.take_back("door", "x")
    assert [throttle.allow("door", "x", limit=2, minutes=15) for _ in range(2)] == [True, False]
    for _ in range(5):
        throttle.take_back("door", "never tried")
    assert throttle.allow("door", "never tried", limit=1, minutes=15)
