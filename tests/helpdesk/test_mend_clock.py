"""The clock was ahead and is right again: what was written for later than now locks nobody out."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from tests import people

pytestmark = pytest.mark.django_db
LOGIN = "/desk/login/"


def test_five_wrong_passwords_a_day_ahead_lock_nobody_out_for_a_day():
    user = people.can_sign_in(people.zhuli())
    right, wrong = ({"username": user.username, "password": password} for password in (people.PASSWORD, "falsch-und-lang"))
    with time_machine.travel("2026-11-28 10:00+08:00", tick=False) as clock:
        answers = [Client().post(LOGIN, wrong).status_code for _ in range(5)]
        assert answers[-1] == 429
        clock.shift(-timedelta(days=1))
        call_command("mend_clock", stdout=StringIO())
        assert Client().post(LOGIN, right).status_code == 302


def test_a_lock_of_a_right_clock_stays():
    user = people.can_sign_in(people.zhuli())
    for _ in range(5):
        Client().post(LOGIN, {"username": user.username, "password": "falsch-und-lang"})
    call_command("mend_clock", stdout=StringIO())
    assert Client().post(LOGIN, {"username": user.username, "password": people.PASSWORD}).status_code == 429
