"""Who has read what, what was said by phone, and whose it is when it is not ours."""

import re
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.test import Client

from guides.models import Fact, FactField
from helpdesk import actions
from helpdesk.actions import NotPossible
from helpdesk.models import Channel, CloseReason, Medium, Message, Notification
from tests import people
from tests.factories import make_guide, make_request
from tests.helpdesk.desk import QUEUE, checked, detail, kinds, page, press, told

pytestmark = pytest.mark.django_db
UNREAD = "帮办员给您留了言"


@pytest.fixture
def asked(zhuli):
    return make_request(claimed_by=zhuli)


def resident(stored) -> Client:
    """The resident's browser, past the door."""
    client = Client()
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": "8000"})
    return client


def follow(client, stored, *, elder="", step="", **headers) -> str:
    response = client.get(f"{elder}/help/{stored.reference}/" + (f"?step={step}" if step else ""), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def unread(stored, sender: str) -> int:
    return stored.messages.filter(sender=sender, read_at=None).count()


def test_a_message_is_new_until_its_resident_opens_the_page(client, zhuli, asked):
    actions.write_message(request=asked, by=zhuli, text="带上身份证")
    assert "他还没看" in page(client, detail(asked))
    browser = resident(asked)
    assert UNREAD in follow(browser, asked)
    assert UNREAD not in follow(browser, asked)
    assert "他看过了" in page(client, detail(asked))


def test_in_the_elder_version_it_stays_new_until_the_messages_are_opened(zhuli, asked):
    actions.write_message(request=asked, by=zhuli, text="带上身份证")
    browser = resident(asked)
    for _ in range(2):
        assert UNREAD in follow(browser, asked, elder="/elder")
    assert "<b>新</b>" in follow(browser, asked, elder="/elder", step="talk")
    assert UNREAD not in follow(browser, asked, elder="/elder")


PREFETCH = [{"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"}]


@pytest.mark.parametrize("headers", PREFETCH)
def test_a_browser_that_fetches_ahead_has_read_nothing(client, zhuli, asked, headers):
    actions.write_message(request=asked, by=zhuli, text="带上身份证")
    actions.reply(request=asked, text="好")
    assert UNREAD in follow(resident(asked), asked, **headers)
    client.get(detail(asked), headers=headers)
    assert (unread(asked, "staff"), unread(asked, "resident")) == (1, 1)


def test_a_residents_message_is_new_until_its_owner_opens_the_request(client, zhuli, asked):
    actions.reply(request=asked, text="有人吗")
    for other in (people.xiaozhao(), people.zhuguan()):
        client.force_login(other)
        page(client, detail(asked))
    client.force_login(zhuli)
    assert "居民有留言" in page(client, QUEUE)
    assert ">新</span>" in page(client, detail(asked))
    text = page(client, QUEUE)
    assert "居民有留言" not in text
    assert "还没回他" in text  # read is not answered


def test_opening_marks_in_one_update_and_only_what_was_shown(client, zhuli, asked, django_assert_num_queries):
    for text in "一二三":
        actions.reply(request=asked, text=text)
    last = asked.messages.last()
    with django_assert_num_queries(1):
        actions.mark_read(request=asked, sender="resident", up_to=last.pk - 1)
    assert unread(asked, "resident") == 1
    assert not stored_read_at_is_rewritten(client, asked)


def stored_read_at_is_rewritten(client, stored) -> bool:
    page(client, detail(stored))
    before = list(stored.messages.values_list("read_at", flat=True))
    page(client, detail(stored))
    return before != list(stored.messages.values_list("read_at", flat=True))


def test_each_side_is_told_that_the_other_wrote(zhuli, asked):
    actions.write_message(request=asked, by=zhuli, text="带上身份证")
    actions.reply(request=asked, text="好")
    actions.reply(request=make_request(), text="没人接的，没有谁可告诉")
    told_of = Notification.objects.exclude(kind__in=("new", "received")).order_by("id").values_list("kind", "to_user", "to_resident")
    assert list(told_of) == [("staff_wrote", None, True), ("resident_wrote", zhuli.pk, False)]


def test_a_talk_by_phone_stands_in_the_one_conversation_in_its_order(client, zhuli, asked):
    actions.write_message(request=asked, by=zhuli, text="给您打过电话")
    told(client, press(client, asked, "talk", medium="phone", heard="问要不要本人去", text="告诉他可以代办"))
    told(client, press(client, asked, "talk", medium="person", heard="", text="把单子给他了"))
    rows = list(asked.messages.values_list("sender", "medium", "by"))
    assert rows == [("staff", "web", zhuli.pk), ("resident", "phone", zhuli.pk), ("staff", "phone", zhuli.pk), ("staff", "person", zhuli.pk)]
    assert unread(asked, "staff") == 1  # what was said is told; what was written is not yet read
    assert unread(asked, "resident") == 0
    assert kinds(asked)[-2:] == ["messaged", "messaged"]
    text = follow(resident(asked), asked)
    places = [text.index(word) for word in ("给您打过电话", "您（电话里）", "问要不要本人去", "帮办员（电话里）", "告诉他可以代办", "（当面）", "把单子给他了")]
    assert places == sorted(places)
    assert not Notification.objects.filter(to_resident=True).exclude(kind="received").count() > 1  # nobody is told by message what they heard


def test_a_talk_answers_and_asks_for_no_answer(client, zhuli, asked):
    actions.reply(request=asked, text="在吗")
    page(client, detail(asked))
    assert "还没回他" in page(client, QUEUE)
    actions.log_talk(request=asked, by=zhuli, medium=Medium.PHONE, said="说了", heard="")
    actions.log_talk(request=asked, by=zhuli, medium=Medium.PHONE, said="", heard="又打来，说知道了")
    assert "还没回他" not in page(client, QUEUE)


def test_a_talk_needs_words_and_its_owner(client, zhuli, asked):
    text = checked(press(client, asked, "talk", medium="phone", heard=" ", text=""))
    assert "至少写一样再存" in text
    text = checked(press(client, asked, "talk", medium="", heard="他问了", text="我答了"))
    assert "选一个：打电话，还是当面。" in text
    assert "我答了</textarea>" in text
    with pytest.raises(NotPossible):
        actions.log_talk(request=asked, by=people.xiaozhao(), medium=Medium.PHONE, said="说了")
    with pytest.raises(NotPossible):
        actions.log_talk(request=asked, by=zhuli, medium=Medium.PHONE, said="", heard="")
    assert (Message.objects.count(), kinds(asked)) == (0, ["submitted", "claimed"])


def test_both_sides_of_a_talk_survive_when_the_request_left_the_village(client, zhuli, asked):
    actions.hand_over(request=asked, by=zhuli, to=people.guanjia().postings.get(), reason="企业的事")
    text = checked(press(client, asked, "talk", medium="phone", heard="他问了很多", text="我说了很多"), status=404)
    assert "他问了很多" in text
    assert "我说了很多" in text


OFFLINE = "他不上网，打电话告诉他"


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.WALK_IN])
def test_who_came_by_phone_and_never_looked_is_called(client, zhuli, channel):
    stored = make_request(claimed_by=zhuli, channel=channel)
    actions.write_message(request=stored, by=zhuli, text="带上身份证")
    assert OFFLINE in page(client, detail(stored))
    follow(resident(stored), stored)
    assert OFFLINE not in page(client, detail(stored))


def test_who_asked_or_answers_on_the_web_is_not_said_to_be_offline(client, zhuli, asked):
    assert OFFLINE not in page(client, detail(asked))
    called = make_request(claimed_by=zhuli, channel=Channel.PHONE)
    actions.log_talk(request=called, by=zhuli, medium=Medium.PHONE, said="说了", heard="问了")
    assert OFFLINE in page(client, detail(called))
    actions.reply(request=called, text="女儿帮我写的")
    assert OFFLINE not in page(client, detail(called))


# 不归我们管


@pytest.fixture
def of_taxes(zhuli):
    guide = make_guide(department="区税务局", hotline="12366", fee="不收费")
    Fact.objects.create(guide=guide, field=FactField.FEE, verified_by="沈禾", verified_on="2026-11-20")  # says nothing of the hotline
    return make_request(guide=guide, claimed_by=zhuli)


def test_one_tap_takes_the_guides_department_and_hotline_and_the_mark_goes_along(client, of_taxes):
    text = page(client, detail(of_taxes))
    assert re.search(r"区税务局，电话 12366<span class=\"mark\">待核实</span>", text)
    assert press(client, of_taxes, "close", reason="not_ours", as_guide="on").url == QUEUE
    of_taxes.refresh_from_db()
    assert (of_taxes.close_whose, of_taxes.close_whose_phone) == ("区税务局", "12366")
    text = follow(resident(of_taxes), of_taxes)
    assert '这事归<b>区税务局</b>管。下一步找他们：打 <a href="tel:12366">12366</a><span class="mark">待核实</span>，打不通就打 <a href="tel:12345">' in text
    Fact.objects.create(guide=of_taxes.guide, field=FactField.HOTLINE, verified_by="沈禾", verified_on="2026-11-20")
    assert '12366</a><span class="mark ok">已核实</span>' in follow(resident(of_taxes), of_taxes)


def test_what_is_typed_is_meant_more_than_the_tap(client, of_taxes):
    press(client, of_taxes, "close", reason="not_ours", as_guide="on", whose="市税务局", whose_phone="０９５２－３３１１１１１")
    of_taxes.refresh_from_db()
    assert (of_taxes.close_whose, of_taxes.close_whose_phone) == ("市税务局", "09523311111")
    text = follow(resident(of_taxes), of_taxes)
    assert "待核实" not in text.split("09523311111</a>")[1].split("</p>")[0]  # a helper's own word


def test_the_tap_counts_only_for_not_ours(client, of_taxes):
    press(client, of_taxes, "close", reason="done", as_guide="on", text="办好了")
    of_taxes.refresh_from_db()
    assert (of_taxes.close_reason, of_taxes.close_whose) == (CloseReason.DONE, "")


def test_without_a_phone_the_next_door_is_the_hotline(client, zhuli, asked):
    press(client, asked, "close", reason="not_ours", whose="区法院")
    assert '电话还没核实，先打 <a href="tel:12345">12345</a> 问' in follow(resident(asked), asked)


@pytest.mark.parametrize("phone", ["1234567", "打他手机", "13800", "3311111"])
def test_a_phone_nobody_can_call_is_refused_beside_its_field(client, asked, phone):
    text = checked(press(client, asked, "close", reason="not_ours", whose="区法院", whose_phone=phone))
    assert "写一个能打通的号" in text
    assert f'value="{phone}"' in text
    assert kinds(asked)[-1] == "claimed"


def test_words_sent_again_because_no_answer_came_are_there_once_and_told_once(zhuli, asked):
    browser = resident(asked)
    for _ in range(2):
        browser.post(f"/help/{asked.reference}/", {"act": "reply", "text": "明天上午在家"})
        actions.write_message(request=asked, by=zhuli, text="明天上午在家")
        actions.write_note(request=asked, by=zhuli, text="明天上午在家")
        actions.log_talk(request=asked, by=zhuli, medium=Medium.PHONE, said="明天上午在家", heard="好")
    assert list(asked.messages.values_list("sender", "medium")) == [
        ("resident", "web"), ("staff", "web"), ("note", "web"), ("resident", "phone"), ("staff", "phone"),
    ]  # fmt: skip
    assert [kind for kind in kinds(asked) if kind in ("replied", "messaged", "noted")] == ["replied", "messaged", "noted", "messaged"]
    assert Notification.objects.filter(request=asked, kind__in=("resident_wrote", "staff_wrote")).count() == 2


def test_the_same_words_later_or_of_somebody_else_are_another_message(zhuli, asked):
    with time_machine.travel("2026-11-27 10:00+08:00", tick=False) as clock:
        actions.write_note(request=asked, by=zhuli, text="没人接电话")
        actions.write_note(request=asked, by=people.xiaozhao(), text="没人接电话")
        clock.shift(601)
        actions.write_note(request=asked, by=zhuli, text="没人接电话")
        actions.write_note(request=asked, by=zhuli, text="没人接电话。")
    assert asked.messages.count() == 4


@pytest.mark.django_db(transaction=True)
def test_the_same_message_at_the_same_moment_is_there_once():
    stored, start, failures = make_request(), Barrier(4), []

    def write():
        start.wait()
        try:
            actions.reply(request=stored, text="明天上午在家")
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stored.messages.count() == 1
