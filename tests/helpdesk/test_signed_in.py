"""Who is signed in is found in one look, and is whom Django and django-otp would find: whatever is not plain they decide themselves."""

from datetime import timedelta

import pytest
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from helpdesk import signed_in
from helpdesk.models import SecondFactor, StaffSession
from tests import people
from tests.factories import make_request
from tests.helpdesk.desk import QUEUE, page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def switched_on(settings):
    settings.SECOND_FACTOR = True


@pytest.fixture
def verified():
    """朱丽 with her second factor given; her browser."""
    user, browser = people.zhuli(), Client()
    factor = SecondFactor.objects.create(user=user, name="手机", confirmed=True)
    browser.force_login(user)
    write(browser, **{DEVICE_ID_SESSION_KEY: factor.persistent_id})
    return browser


def write(browser: Client, **values) -> None:
    session = browser.session
    session.update(values)
    session.save()


def whom(browser: Client) -> tuple:
    """Whom the desk's gate lets in, and how: what the middleware finds for a request of this browser."""
    response = browser.get(QUEUE)
    user = response.wsgi_request.user
    return response.status_code, response.get("Location"), user.pk, user.is_authenticated and user.is_verified()


def as_ever(browser: Client) -> tuple:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signed_in, "known", lambda session: None)
        return whom(browser)


def another_factor(browser: Client) -> None:
    factor = SecondFactor.objects.create(user=people.xiaozhao(), name="手机", confirmed=True)
    write(browser, **{DEVICE_ID_SESSION_KEY: factor.persistent_id})


def new_password(browser: Client) -> None:
    user = people.zhuli()
    user.set_password("shuiyun-mingdu-2027")
    user.save()


def another_of_the_same_password(browser: Client) -> None:
    """The hash of a session is made of the password alone."""
    get_user_model().objects.filter(pk=people.xiaozhao().pk).update(password=people.zhuli().password)
    write(browser, **{DEVICE_ID_SESSION_KEY: ""})
    StaffSession.objects.update(user=people.xiaozhao())


CASES = {
    "nothing happened": lambda browser: None,
    "signed out elsewhere": lambda browser: StaffSession.objects.all().delete(),
    "the session is over": lambda browser: StaffSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1)),
    "the account was stopped": lambda browser: get_user_model().objects.update(is_active=False),
    "the account was deleted": lambda browser: people.zhuli().delete(),
    "a new password": new_password,
    "a hash of nothing": lambda browser: write(browser, **{HASH_SESSION_KEY: ""}),
    "the session names somebody else": lambda browser: write(browser, **{SESSION_KEY: str(people.xiaozhao().pk)}),
    "the row names somebody else": lambda browser: StaffSession.objects.update(user=people.xiaozhao()),
    "the row names somebody else of the same password": another_of_the_same_password,
    "the row names nobody": lambda browser: StaffSession.objects.update(user=None),
    "a backend that is none": lambda browser: write(browser, _auth_user_backend="no.such.Backend"),
    "the factor was reset": lambda browser: SecondFactor.objects.all().delete(),
    "the factor is no longer confirmed": lambda browser: SecondFactor.objects.update(confirmed=False),
    "the factor of another": another_factor,
    "a factor that is none": lambda browser: write(browser, **{DEVICE_ID_SESSION_KEY: "helpdesk.secondfactor/x"}),
    "the factor was not given": lambda browser: write(browser, **{DEVICE_ID_SESSION_KEY: ""}),
    "the role was taken": lambda browser: people.zhuli().groups.clear(),
}


@pytest.mark.parametrize("what", CASES.values(), ids=CASES)
def test_django_finds_whom_the_one_look_finds(verified, what):
    what(verified)
    key = verified.session.session_key
    before = list(StaffSession.objects.filter(session_key=key).values())
    ever = as_ever(verified)  # where something is wrong it ends the session
    StaffSession.objects.filter(session_key=key).delete()
    StaffSession.objects.bulk_create(StaffSession(**row) for row in before if get_user_model().objects.filter(pk=row["user_id"]).exists() or row["user_id"] is None)
    verified.cookies["sessionid"] = key
    assert whom(verified) == ever


def test_a_session_that_is_over_opens_nothing(verified):
    """Whether it is over is for the session to say, whoever asks afterwards who it was."""
    assert whom(verified)[0] == 200
    CASES["the session is over"](verified)
    assert whom(verified)[0] == 302


def test_it_is_one_look(verified):
    make_request()
    page(verified, QUEUE)
    with CaptureQueriesContext(connection) as seen:
        assert whom(verified)[0] == 200
    # Who it is with the roster's token; whom to tell and the cards, which PostgreSQL is asked for at once.
    assert len(seen) == (2 if connection.vendor == "postgresql" else 3), seen.captured_queries


def test_a_factor_that_was_found_is_whole_when_it_is_needed(verified):
    found = verified.get(QUEUE).wsgi_request.user.otp_device
    assert found == SecondFactor.objects.get()
    assert (found.name, bytes.fromhex(found.key)) == ("手机", bytes.fromhex(SecondFactor.objects.get().key))


def test_a_page_that_does_not_ask_who_is_there_costs_no_look(verified, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert verified.get("/healthz/").status_code == 200
