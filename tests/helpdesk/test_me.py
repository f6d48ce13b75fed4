"""/desk/me/: each says how they want to be told, and tries it."""

from datetime import time

import pytest
from django.core import mail

from helpdesk.models import ContactCard
from tests import people
from tests.helpdesk.desk import QUEUE, checked, page
from tests.helpdesk.outside import Outside

pytestmark = pytest.mark.django_db
ME = "/desk/me/"
FILLED = {"email": "zhuli@example.cn", "mobile": "+86 139-0000-0001", "when": "digest", "digest_at": "17", "quiet_from": "21", "quiet_to": "7"}


@pytest.fixture
def set_up(settings):
    """Mail (kept in memory) and the SMS gateway (on this machine)."""
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "mail.example", "menpai@example.cn"
    with Outside() as server:
        settings.SMS_URL = f"{server.url}/sms"
        yield server


def test_the_page_is_reached_from_every_page_and_starts_with_the_usual_hours(client, zhuli):
    assert f'href="{ME}"' in page(client, QUEUE)
    text = page(client, ME)
    assert "都还没有接好" in text
    assert '<option value="20" selected>晚上8点</option>' in text
    assert '<option value="8" selected>上午8点</option>' in text
    assert ContactCard.objects.count() == 0


def test_what_is_written_is_kept(client, zhuli):
    assert client.post(ME, FILLED).url == ME
    card = ContactCard.objects.get(user=zhuli)
    assert (card.email, card.mobile) == ("zhuli@example.cn", "13900000001")
    assert (card.digest_at, card.quiet_from, card.quiet_to) == (time(17), time(21), time(7))
    text = page(client, ME)
    assert "存好了" in text
    assert 'value="13900000001"' in text
    client.post(ME, FILLED | {"when": "now", "email": ""})
    card.refresh_from_db()
    assert (card.digest_at, card.email) == (None, "")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"email": "zhuli"}, "邮箱写得不对"),
        ({"email": "a@b.cn\r\nBcc: c@d.cn"}, "邮箱写得不对"),
        ({"mobile": "0952-3311111"}, "座机收不到短信"),
        ({"mobile": "139"}, "电话好像不对"),
        ({"when": ""}, "选一个。"),
        ({"digest_at": "25"}, "从列表里选一个钟点"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_nothing_is_lost(client, zhuli, wrong, sentence):
    text = checked(client.post(ME, FILLED | wrong))
    assert sentence in text
    assert "您写的都还在" in text
    assert ("zhuli@example.cn" in text) is ("email" not in wrong)
    assert ContactCard.objects.count() == 0


def test_trying_sends_at_once_by_every_way_that_is_filled_in(client, zhuli, set_up):
    text = page(client, client.post(ME, FILLED | {"try": "1"}).url)
    assert "邮件发出去了" in text
    assert "短信发出去了" in text
    assert mail.outbox[0].to == ["zhuli@example.cn"]
    assert set_up.sent[0].json["phone"] == "13900000001"


def test_a_try_that_fails_says_why(client, zhuli, set_up):
    set_up.answer = lambda sent: (401, {}, b"")
    assert "短信没发出去：状态401" in page(client, client.post(ME, FILLED | {"try": "1"}).url)


def test_trying_costs_money_and_so_is_limited(client, zhuli, set_up):
    for _ in range(5):
        response = client.post(ME, FILLED | {"try": "1"})
    assert "试得太勤了" in page(client, response.url)
    assert len(set_up.sent) == 3


def test_with_nothing_to_try_it_says_so(client, zhuli):
    assert "没有可以试的" in page(client, client.post(ME, FILLED | {"try": "1"}).url)


def test_nobody_sees_or_changes_another_ones(client, zhuli):
    client.post(ME, FILLED)
    client.force_login(people.xiaozhao())
    assert "13900000001" not in page(client, ME)
    client.post(ME, FILLED | {"mobile": "13900000002"})
    assert ContactCard.objects.get(user=zhuli).mobile == "13900000001"


def test_only_the_desk_has_the_page(client):
    assert client.get(ME).status_code == 302
    client.force_login(people.bianji())
    assert client.get(ME).status_code == 403
