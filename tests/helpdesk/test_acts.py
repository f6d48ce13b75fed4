"""Each act as a helper presses it, and what is said when it cannot be done."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from helpdesk import actions
from helpdesk.models import HelpRequest
from tests import people
from tests.factories import make_request, workday_at
from tests.helpdesk.desk import QUEUE, checked, detail, kinds, page, press, told

pytestmark = pytest.mark.django_db


def test_claiming(client, zhuli):
    stored = make_request()
    response = press(client, stored, "claim")
    assert response.url == detail(stored)
    assert "您领取了" in told(client, response)
    stored.refresh_from_db()
    assert (stored.owner, kinds(stored)) == (zhuli, ["submitted", "claimed"])


def test_two_claims_one_wins_and_the_other_is_told_kindly(client, zhuli):
    stored = make_request()
    actions.claim(request=HelpRequest.objects.get(pk=stored.pk), by=people.xiaozhao())
    response = press(client, stored, "claim")
    assert response.url == QUEUE
    assert "小赵刚刚领取了，您不用再办" in told(client, response)
    stored.refresh_from_db()
    assert stored.owner == people.xiaozhao()


def test_the_phone_is_shown_once_with_a_link_to_dial(client, zhuli):
    stored = make_request(claimed_by=zhuli, name="王秀英", phone="13800138000")
    assert "13800138000" not in page(client, detail(stored))
    text = checked(press(client, stored, "reveal"))
    assert 'href="tel:13800138000"' in text
    assert "王秀英" in text
    assert kinds(stored)[-1] == "revealed"
    assert "13800138000" not in page(client, detail(stored))


def test_the_phone_of_a_waiting_request_stays_hidden(client, zhuli):
    stored = make_request(phone="13800138000")
    response = press(client, stored, "reveal")
    assert "先领取" in told(client, response)
    assert kinds(stored) == ["submitted"]


def test_message_and_note(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    assert press(client, stored, "message", text="带上身份证").url == detail(stored)
    assert press(client, stored, "note", text="耳朵背").url == detail(stored)
    assert [(m.sender, m.text, m.by) for m in stored.messages.all()] == [("staff", "带上身份证", zhuli), ("note", "耳朵背", zhuli)]
    text = page(client, detail(stored))
    assert "带上身份证" in text
    assert "耳朵背" in text


@pytest.mark.parametrize("act", ["message", "note"])
def test_words_that_cannot_be_stored_come_back(client, zhuli, act):
    stored = make_request(claimed_by=zhuli)
    assert "写点什么" in checked(press(client, stored, act, text="  "))
    text = checked(press(client, stored, act, text="身份证 640205194001011234 记一下"))
    assert "不要写身份证号" in text
    assert "640205194001011234 记一下</textarea>" in text
    longest = {"message": 1000, "note": 500}[act]
    assert f"{longest}个字以内" in checked(press(client, stored, act, text="长" * (longest + 1)))
    assert (stored.messages.count(), kinds(stored)) == (0, ["submitted", "claimed"])


def test_agreeing_on_a_time(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    at = workday_at(10, days=3)
    assert press(client, stored, "visit", at=f"{at:%Y-%m-%dT%H:%M}").url == detail(stored)
    stored.refresh_from_db()
    assert stored.visit_at == at
    assert "约好了" in page(client, QUEUE)
    assert press(client, stored, "visit", at=f"{at:%Y-%m-%d %H:%M}").status_code == 302  # an old WebView shows a plain text field


@pytest.mark.parametrize(
    ("at", "sentence"),
    [("", "选一个日期和时间"), ("明天上午", "写成 2026-11-25 09:00 这样"), (timedelta(hours=-1), "已经过了"), (timedelta(days=61), "60天以内")],
)
def test_times_that_make_no_sense(client, zhuli, at, sentence):
    stored = make_request(claimed_by=zhuli)
    typed = f"{timezone.localtime() + at:%Y-%m-%dT%H:%M}" if isinstance(at, timedelta) else at
    text = checked(press(client, stored, "visit", at=typed))
    assert sentence in text
    assert f'value="{typed}"' in text or not typed
    stored.refresh_from_db()
    assert (stored.visit_at, kinds(stored)) == (None, ["submitted", "claimed"])


def test_closing(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    response = press(client, stored, "close", reason="done", text="交好了")
    assert response.url == QUEUE
    assert "办结了" in told(client, response)
    stored.refresh_from_db()
    assert (stored.state, stored.close_reason, stored.close_text) == ("closed", "done", "交好了")


def test_not_ours_must_name_whose_it_is(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    text = checked(press(client, stored, "close", reason="not_ours", whose=" "))
    assert "归谁管" in text
    assert re.search(r'value="not_ours"[^>]*checked', text)
    assert press(client, stored, "close", reason="not_ours", whose="区税务局", whose_phone="12366").url == QUEUE


@pytest.mark.parametrize("reason", ["", "lost"])
def test_a_result_outside_the_list_is_refused_and_the_words_survive(client, zhuli, reason):
    stored = make_request(claimed_by=zhuli)
    text = checked(press(client, stored, "close", reason=reason, text="我说了很多"))
    assert "选一个结果" in text
    assert "我说了很多</textarea>" in text
    assert kinds(stored) == ["submitted", "claimed"]


def test_words_survive_when_the_request_changed_hands_meanwhile(client, zhuli):
    """A supervisor gave it to a colleague while 朱丽 was writing."""
    stored = make_request(claimed_by=zhuli)
    actions.hand_over(request=stored, by=people.zhuguan(), to=people.xiaozhao().postings.get(), reason="朱丽请假")
    text = checked(press(client, stored, "close", reason="done", text="我说了很多"))
    assert "不在您手上" in text
    assert "我说了很多</textarea>" in text
    assert kinds(stored)[-1] == "handed_over"


def test_words_survive_when_the_request_left_the_village(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    actions.hand_over(request=stored, by=zhuli, to=people.guanjia().postings.get(), reason="企业的事")
    text = checked(press(client, stored, "message", text="我说了很多"), status=404)
    assert "我说了很多" in text
    assert stored.spoken_reference not in text


def test_releasing(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    response = press(client, stored, "release")
    assert "放回去了" in told(client, response)
    assert ">领取</button>" in page(client, QUEUE)


def test_handing_over_to_a_colleague_with_a_reason(client, zhuli):
    stored, to = make_request(claimed_by=zhuli), people.xiaozhao().postings.get()
    assert "小赵（水韵名都社区）" in page(client, detail(stored))
    text = checked(press(client, stored, "hand_over", to=to.pk, reason=""))
    assert "写一句为什么转" in text
    assert re.search(rf'value="{to.pk}" selected', text)
    assert press(client, stored, "hand_over", to=to.pk, reason="下午请假").url == QUEUE
    stored.refresh_from_db()
    assert stored.owner == people.xiaozhao()


def test_handing_over_outside_the_lineage_or_to_oneself_is_refused(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    for person in (people.zhuli2(), zhuli):
        text = checked(press(client, stored, "hand_over", to=person.postings.get().pk, reason="下午请假"))
        assert "换一位" in text
        assert 'value="下午请假"' in text
    stored.refresh_from_db()
    assert stored.owner == zhuli


def test_a_supervisor_hands_over_for_somebody_on_leave(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    client.force_login(people.zhuguan())
    assert press(client, stored, "hand_over", to=people.zhuguan().postings.get().pk, reason="朱丽请假，我来").url == QUEUE
    stored.refresh_from_db()
    assert stored.owner == people.zhuguan()


@pytest.mark.parametrize(
    ("act", "data"),
    [("message", {"text": "您好"}), ("visit", {"at": "2030-01-01T09:00"}), ("papers", {}), ("close", {"reason": "done"}), ("release", {}), ("reveal", {})],
)
def test_a_colleague_in_the_same_village_cannot_do_the_owners_acts(client, zhuli, act, data):
    if act == "visit":
        data = {"at": f"{timezone.localtime() + timedelta(days=1):%Y-%m-%dT%H:%M}"}
    stored = make_request(claimed_by=people.xiaozhao(), papers=(("身份证", ""),), phone="13800138000")
    response = press(client, stored, act, **data)
    said = told(client, response) if response.status_code == 302 else checked(response)
    assert "不在您手上" in said or "先领取" in said
    assert "13800138000" not in said
    assert kinds(stored) == ["submitted", "claimed"]
