"""What is written into messages: short, spoken, with the number; and never a name, a phone or anything that somebody wrote."""

import re
from contextlib import ExitStack
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from guides.models import Area, Guide, SearchMiss
from helpdesk import channels, delivery, notification_texts
from helpdesk.channels import Outcome
from helpdesk.models import ContactCard, HelpRequest, Notification, NotificationKind, Robot, State
from helpdesk.notification_texts import GROUP_BYTES, SHORT, Item

SITE, HOTLINE = "数字政务门牌", "12345"
MARK = "☠"  # stands in everything that a person wrote
NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)
hostile = st.text(max_size=40).map(lambda text: f"{MARK}{text}](https://evil.example)**\r\nBcc: x@evil.example\n{MARK}")
phones = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


def item(kind=NotificationKind.NEW, number="482-917-365", **fields) -> Item:
    return Item(kind, "https://menpai.example/desk/482917365/", number, **fields)


@st.composite
def requests(draw) -> HelpRequest:
    """A request in which everything that anybody may write down is hostile, the phone a mobile or not."""
    wrote = {name: draw(hostile) for name in ("name", "relation", "note", "close_text", "close_whose", "close_whose_phone")}
    guide = Guide(pk=1, slug="yibao-001", title=draw(hostile), plain_title=draw(hostile), answer=draw(hostile))
    owner = User(pk=7, username=draw(hostile), first_name=draw(hostile))
    return HelpRequest(
        pk=1, reference=draw(st.from_regex(r"[0-9]{9}", fullmatch=True)), guide=guide, wish=SearchMiss(pk=1, text=draw(hostile)), owner=owner,
        phone=draw(phones), area=Area(code="640205102006", name="水韵名都社区居民委员会"), state=State.CLAIMED, promised_at=NOW, visit_at=NOW, **wrote,
    )  # fmt: skip


def everything_sent(rows: list[Notification]) -> list[str]:
    """The words of the message that these rows make, whichever channel it takes."""
    sent = []

    def keep(*address, message_id, secret="", **words):
        sent.extend(words.values())
        return Outcome(True, "")

    with ExitStack() as stack:
        for name in ("wecom", "dingtalk", "email", "sms"):
            stack.enter_context(mock.patch.object(channels, name, keep))
        message, _ = delivery.prepare(rows, NOW)
        if message:
            message.send()
    return sent


def recipients(request: HelpRequest) -> list[dict]:
    """Every kind of recipient there is."""
    ways = [{"email": "zhuli@example.cn"}, {"mobile": "13900000000"}]
    users = [User(pk=7, username="zhuli") for _ in ways]
    for user, way in zip(users, ways, strict=True):
        ContactCard(user=user, **way)
    robots = [Robot(pk=1, name=MARK, kind=kind, area=request.area, address=f"https://{MARK}") for kind in ("wecom", "dingtalk")]
    return [*({"to_user": user} for user in users), *({"to_robot": robot} for robot in robots), {"to_resident": True}]


@override_settings(EMAIL_HOST="mail.example", DEFAULT_FROM_EMAIL="menpai@example.cn", SMS_URL="https://sms.example/", RESIDENT_SMS=True)
@given(requests())
@settings(max_examples=25)
def test_nothing_that_anybody_wrote_is_in_any_message_of_any_kind(request):
    count = 0
    for kind in NotificationKind:
        request.state = State.WAITING if kind in delivery.WHILE_WAITING else State.CLOSED if kind == NotificationKind.CLOSED else State.CLAIMED
        for recipient in recipients(request):
            words = everything_sent([Notification(pk=1, kind=kind, request=request, created_at=NOW, **recipient)])
            count += bool(words)
            for text in words:
                assert MARK not in text
                assert "evil.example" not in text
                numbers = text.replace(request.reference, "").replace(request.spoken_reference, "")  # whose digits, run together, may look like any phone
                assert request.phone not in re.sub(r"\D", "", numbers)
    assert count == 4 * len(NotificationKind) + len(notification_texts.FOR_RESIDENT)


@pytest.mark.parametrize("kind", NotificationKind)
def test_every_kind_has_words_for_staff_with_the_number_and_the_link(kind):
    words = {"site": SITE, "desk": "https://menpai.example/desk/"}
    messages = [
        notification_texts.group([item(kind)], **words)[1],
        notification_texts.email([item(kind)], **words, settings_page="https://menpai.example/desk/me/")[1],
        notification_texts.staff_sms([item(kind)], **words),
    ]
    for text in messages:
        assert "482-917-365" in text
        assert "https://menpai.example/desk/482917365/" in text
        assert SITE in text or "工作台" in text or "系统" in text


@pytest.mark.parametrize("kind", notification_texts.FOR_RESIDENT)
def test_a_text_to_a_resident_fits_into_one_and_serves_without_the_internet(kind):
    shown = Item(kind, "https://menpai.example/help/482917365/", "482-917-365", at="11月27日17:00")
    text = notification_texts.resident_sms([shown], site=SITE, hotline=HOTLINE, find="https://menpai.example/help/")
    assert len(text) <= SHORT, len(text)
    assert text.startswith(f"【{SITE}】")
    assert "编号482-917-365" in text
    assert "不上网打12345，报编号" in text
    assert ("menpai.example/help/" in text) is (kind in ("closed", "staff_wrote"))  # beside a date there is no room for it
    assert not re.search("验证码|密码|转账|银行|身份证|付款|点击", text)


def test_a_short_host_leaves_room_for_the_link_to_the_very_request():
    shown = Item(NotificationKind.STAFF_WROTE, "https://x.cn/help/482917365/", "482-917-365")
    text = notification_texts.resident_sms([shown], site="门牌", hotline=HOTLINE, find="https://x.cn/help/")
    assert text == "【门牌】帮办员给您留了言。编号482-917-365。不上网打12345，报编号。x.cn/help/482917365/"


def test_of_several_things_a_resident_hears_the_weightiest():
    items = [Item(kind, "https://x/", "482-917-365") for kind in ("received", "staff_wrote", "closed", "visit")]
    assert "办结了" in notification_texts.resident_sms(items, site=SITE, hotline=HOTLINE, find="https://x/")


def test_several_things_are_one_message_the_weightiest_first():
    items = [item(NotificationKind.NEW, "111-111-111"), item(NotificationKind.OVERDUE, "222-222-222"), item(NotificationKind.NEW, "111-111-111")]
    subject, text = notification_texts.email(items, site=SITE, desk="https://x/", settings_page="https://x/")
    assert subject == f"{SITE}：2件事要看"
    assert text.index("222-222-222") < text.index("111-111-111")
    assert text.count("111-111-111") == 1
    assert notification_texts.staff_sms(items, site=SITE, desk="https://x/") == f"【{SITE}】2件事要看：超过了时间1件、来了新诉求1件。https://x/"


def test_a_group_message_stays_within_4096_bytes_and_says_how_many_more():
    items = [item(NotificationKind.OVERDUE, f"{number:09}", place="水韵名都社区", at="11月27日17:00") for number in range(200)]
    title, text = notification_texts.group(items, site=SITE, desk="https://menpai.example/desk/")
    assert len(text.encode()) <= 4096
    assert GROUP_BYTES < 4096
    shown = text.count("> [")
    assert f"还有{200 - shown}件" in text
    assert shown > 10


def test_the_keyword_of_a_dingtalk_robot_is_always_there():
    for kind in NotificationKind:
        assert "诉求" in notification_texts.group([item(kind)], site="门牌", desk="https://x/")[1]
