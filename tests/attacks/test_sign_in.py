"""The doors of staff: what guessing costs, that limits hold behind a proxy and in every process, and that nobody locks somebody else out for long."""

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client, override_settings

from helpdesk import actions
from helpdesk.models import SecondFactor
from helpdesk.models.account import FREE_TRIES, MOST_COUNTED
from tests import people
from tests.helpdesk.test_second_factor import CODE, NOON, digits, half_in, has_factor

pytestmark = pytest.mark.django_db

PROXY, HOME, STRANGER = "10.0.0.2", "198.51.100.1", "203.0.113.7"


def sign_in(username: str = "zhuli", password: str = "wrong-password", *, ip: str = STRANGER, door: str = "/desk/login/", **headers):
    return Client(REMOTE_ADDR=ip, **headers).post(door, {"username": username, "password": password})


def is_in(response) -> bool:
    return response.status_code == 302


@pytest.mark.parametrize("door", ["/desk/login/", "/admin/login/"])
def test_five_wrong_passwords_stop_the_stranger_and_not_the_owner(door):
    people.can_sign_in(people.guanli())
    for _ in range(5):
        sign_in("guanli", door=door)
    assert sign_in("guanli", people.PASSWORD, door=door).status_code == 429
    assert is_in(sign_in("guanli", people.PASSWORD, ip=HOME, door=door))
    assert sign_in("guanli", people.PASSWORD, door="/desk/login/").status_code == 429, "both doors count together"


@pytest.mark.parametrize("spelling", ["zhuli", " zhuli ", "ｚｈｕｌｉ", "zhuli\u3000"])
def test_another_spelling_of_a_name_is_no_other_name(spelling):
    people.can_sign_in(people.zhuli())
    for _ in range(5):
        sign_in(spelling)
    assert sign_in("zhuli", people.PASSWORD).status_code == 429


def test_behind_a_proxy_each_visitor_is_counted_for_themselves(settings):
    settings.TRUSTED_PROXIES = [PROXY]
    people.can_sign_in(people.zhuli())
    for _ in range(5):
        sign_in(ip=PROXY, headers={"x-real-ip": STRANGER})
    assert sign_in("zhuli", people.PASSWORD, ip=PROXY, headers={"x-real-ip": STRANGER}).status_code == 429
    assert is_in(sign_in("zhuli", people.PASSWORD, ip=PROXY, headers={"x-real-ip": HOME}))
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {STRANGER}


def test_a_visitor_cannot_say_who_they_are():
    """Without a proxy in front, headers that name an address are nobody's word: a new one is no new start."""
    people.can_sign_in(people.zhuli())
    for number in range(5):
        sign_in(headers={"x-real-ip": f"198.51.100.{number}", "x-forwarded-for": f"198.51.100.{number}", "forwarded": f"for=198.51.100.{number}"})
    assert sign_in("zhuli", people.PASSWORD, headers={"x-real-ip": HOME}).status_code == 429


class Counting(PBKDF2PasswordHasher):
    """The real hasher with few rounds, counting them."""

    iterations, rounds = 1000, []

    def encode(self, password, salt, iterations=None):
        Counting.rounds.append(iterations or self.iterations)
        return super().encode(password, salt, iterations)


@override_settings(PASSWORD_HASHERS=["tests.attacks.test_sign_in.Counting"])
def test_an_unknown_name_costs_as_much_work_as_a_known_one():
    people.can_sign_in(people.zhuli())
    stopped = people.can_sign_in(people.xiaozhao())
    stopped.is_active = False
    stopped.save()
    without = people.zhuguan()
    without.set_unusable_password()
    without.save()
    spent = {}
    for name in ("zhuli", "xiaozhao", "zhuguan", "nobody"):
        Counting.rounds.clear()
        text = sign_in(name).content.decode().replace(name, "…")
        spent[name] = (sum(Counting.rounds), len(text))
    assert len(set(spent.values())) == 1, spent
    assert spent["nobody"][0] >= 1000


@pytest.fixture
def noon(settings):
    settings.SECOND_FACTOR = True
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def wrong_code(factor: SecondFactor) -> str:
    return f"{(int(digits(factor)) + 1) % 1_000_000:06d}"


def test_who_knows_the_password_alone_keeps_the_owner_out_for_an_hour_at_most(noon):
    factor, _ = has_factor(people.zhuli())
    stranger, waits = half_in(people.zhuli()), []
    for _ in range(60):
        stranger.post(CODE, {"code": wrong_code(factor)})
        allowed, why = SecondFactor.objects.get().verify_is_allowed()
        waits.append(0 if allowed else round((why["locked_until"] - SecondFactor.objects.get().throttling_failure_timestamp).total_seconds() / 60))
        noon.shift(waits[-1] * 60 + 1)
    assert waits[:12] == [0] * (FREE_TRIES - 1) + [1, 2, 4, 8, 16, 32, 64, 64]
    assert max(waits) == 64
    assert SecondFactor.objects.get().throttling_failure_count == MOST_COUNTED
    assert half_in(people.zhuli()).post(CODE, {"code": digits(factor)}).status_code == 302


def test_a_new_password_from_the_administrator_lets_the_owner_in_at_once(noon):
    factor, _ = has_factor(people.zhuli())
    stranger = half_in(people.zhuli())
    for _ in range(FREE_TRIES):
        stranger.post(CODE, {"code": wrong_code(factor)})
    noon.shift(61)
    assert "请管理员给您换个密码" in stranger.post(CODE, {"code": wrong_code(factor)}).content.decode()
    actions.require_password_change(user=people.zhuli())
    assert stranger.get(CODE).status_code == 302, "signed out"
    assert half_in(people.zhuli()).post(CODE, {"code": digits(factor)}).status_code == 302


def test_wrong_codes_are_counted_on_the_device_and_not_as_wrong_passwords(noon):
    factor, _ = has_factor(people.zhuli())
    for _ in range(3):
        half_in(people.zhuli()).post(CODE, {"code": wrong_code(factor)})
    assert SecondFactor.objects.get().throttling_failure_count == 3
    assert not AccessAttempt.objects.exists()


def test_guessing_a_code_takes_years():
    """Three steps of a million are right at a time; after the first hours 22 guesses a day are left. docs/security.md states it."""
    a_day = 24 * 60 // 64
    assert a_day == 22
    assert round(a_day * 365 * 3 / 10**6, 3) == 0.024


def test_a_password_is_hashed_slowly_by_default():
    assert PBKDF2PasswordHasher.iterations >= 600_000
