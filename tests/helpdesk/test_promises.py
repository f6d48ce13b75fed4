"""The promise of the next word: a contact renews it, a pause stops it, and nothing of our own ever does."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from guides.models import SpecialDay
from helpdesk import actions
from helpdesk.actions import ContactHow
from helpdesk.models import CloseReason, Escalation, HelpRequest, Kind, PauseReason
from tests import people
from tests.factories import SHUIYUN, make_request
from tests.helpdesk.desk import QUEUE, checked, detail, kinds, offered_in, page, press, told
from tests.helpdesk.test_actions import refused
from tests.helpdesk.test_resident import page as resident_page

pytestmark = pytest.mark.django_db
LOCAL = ZoneInfo("Asia/Shanghai")
UNTIL = date(2026, 3, 6)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.fixture(autouse=True)
def clock():
    """Monday morning, 10 o'clock. `clock.move_to` goes on."""
    with time_machine.travel(at("2026-03-02 10:00"), tick=False) as clock:
        people.zhuli(), people.xiaozhao()
        yield clock


@pytest.fixture
def stored():
    return make_request(claimed_by=people.zhuli())


@pytest.fixture
def spoken(stored):
    """朱丽 has called: the next word until Thursday, 10 o'clock."""
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    return stored


def pause(stored, *, by=None, reason=PauseReason.PAPERS, resume_on=UNTIL):
    actions.pause(request=stored, by=by or people.zhuli(), reason=reason, resume_on=resume_on)


def pause_of(stored) -> tuple:
    stored.refresh_from_db()
    return stored.paused_at, stored.pause_reason, stored.minutes_left, stored.resume_on


NO_PAUSE = (None, "", None, None)


# contact


def test_the_first_contact_and_each_later_one_renew_the_promise(stored, clock):
    assert stored.promised_at == at("2026-03-02 15:00")
    clock.move_to(at("2026-03-02 11:00"))
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    assert (stored.contacted_at, stored.promised_at) == (at("2026-03-02 11:00"), at("2026-03-05 11:00"))
    clock.move_to(at("2026-03-04 09:00"))
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.IN_PERSON)
    assert (stored.contacted_at, stored.promised_at) == (at("2026-03-02 11:00"), at("2026-03-06 17:00"))
    assert [event.detail for event in stored.events.filter(kind="contacted")] == ["电话里说上话了", "当面说上话了"]


def test_a_call_that_reached_nobody_is_written_down_and_keeps_the_clock_running(stored):
    promised = stored.promised_at
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.NOBODY)
    stored.refresh_from_db()
    assert (stored.promised_at, stored.contacted_at) == (promised, None)
    assert (stored.events.last().kind, stored.events.last().detail, stored.events.last().is_public) == ("contacted", "打了，没人接", True)


def test_a_renewed_promise_settles_what_was_reported_upwards(stored):
    HelpRequest.objects.filter(pk=stored.pk).update(escalation=Escalation.DISTRICT, promised_at=at("2026-02-27 10:00"))
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    assert stored.escalation == Escalation.NONE


def test_a_message_renews_only_after_the_first_contact(stored, clock):
    """Who asked for a call may have no internet: a message on a page keeps that promise not."""
    promised = stored.promised_at
    actions.write_message(request=stored, by=people.zhuli(), text="带身份证")
    stored.refresh_from_db()
    assert (stored.promised_at, stored.contacted_at) == (promised, None)
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    clock.move_to(at("2026-03-03 10:00"))
    actions.write_message(request=stored, by=people.zhuli(), text="户口簿也带上")
    assert stored.promised_at == at("2026-03-06 10:00")


def test_a_note_and_the_residents_own_words_renew_nothing(spoken, clock):
    promised = spoken.promised_at
    clock.move_to(at("2026-03-03 10:00"))
    actions.write_note(request=spoken, by=people.zhuli(), text="耳背")
    actions.reply(request=spoken, text="好的")
    spoken.refresh_from_db()
    assert spoken.promised_at == promised


def test_an_agreed_visit_is_a_contact_and_the_next_word_comes_a_working_day_after_it(stored, clock):
    actions.agree_visit(request=stored, by=people.zhuli(), at=at("2026-03-10 09:30"))
    assert (stored.contacted_at, stored.promised_at) == (at("2026-03-02 10:00"), at("2026-03-11 09:30"))
    clock.move_to(at("2026-03-03 10:00"))
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    assert stored.promised_at == at("2026-03-11 09:30")  # a call before the visit makes nothing later or sooner
    clock.move_to(at("2026-03-10 11:00"))
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.IN_PERSON)
    assert stored.promised_at == at("2026-03-13 11:00")


def test_the_promise_knows_the_villages_own_days_off(stored):
    SpecialDay.objects.create(date=date(2026, 3, 4), area_id=SHUIYUN, name="停电")
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    assert stored.promised_at == at("2026-03-06 10:00")


def test_only_the_owner_contacts_pauses_and_resumes(spoken):
    other = people.xiaozhao()
    for verb, extra in ((actions.contact, {"how": ContactHow.PHONE}), (actions.pause, {"reason": PauseReason.LATER, "resume_on": UNTIL}), (actions.resume, {})):
        assert "不在您手上" in refused(verb, request=spoken, by=other, **extra), verb


# pause


def test_a_pause_keeps_what_was_left_and_resuming_gives_it_back(spoken, clock):
    clock.move_to(at("2026-03-03 11:30"))
    pause(spoken)
    assert pause_of(spoken) == (at("2026-03-03 11:30"), "papers", 12 * 60 + 30, UNTIL)
    assert spoken.events.last().detail == "等居民备材料，最晚3月6日接着办"
    clock.move_to(at("2026-03-05 16:00"))
    actions.resume(request=spoken, by=people.zhuli())
    assert (pause_of(spoken), spoken.promised_at) == (NO_PAUSE, at("2026-03-09 14:30"))
    assert kinds(spoken)[-2:] == ["paused", "resumed"]
    assert "没有停着" in refused(actions.resume, request=spoken, by=people.zhuli())


def test_what_never_pauses(stored, clock):
    mine = {"request": stored, "by": people.zhuli(), "reason": PauseReason.PAPERS}
    assert "还没跟居民说上话" in refused(actions.pause, **mine, resume_on=UNTIL)
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    for day in (date(2026, 3, 2), date(2026, 3, 1), date(2026, 3, 17)):
        assert "14天以内" in refused(actions.pause, **mine, resume_on=day)
    clock.move_to(at("2026-03-05 10:01"))
    assert "时间已经过了" in refused(actions.pause, **mine, resume_on=UNTIL)
    clock.move_to(at("2026-03-05 09:59"))
    pause(stored, resume_on=date(2026, 3, 19))
    assert "已经停着" in refused(actions.pause, **mine, resume_on=UNTIL)


def test_the_residents_words_set_the_clock_going(spoken, clock):
    pause(spoken)
    clock.move_to(at("2026-03-04 10:00"))
    actions.reply(request=spoken, text="备好了")
    assert (pause_of(spoken), spoken.promised_at) == (NO_PAUSE, at("2026-03-09 10:00"))
    last = spoken.events.last()
    assert (last.kind, last.by_name, last.detail) == ("resumed", "系统", "居民回话了")


def test_a_word_of_ours_during_a_pause_leaves_it_and_a_visit_ends_it(spoken, clock):
    clock.move_to(at("2026-03-03 10:00"))
    pause(spoken)
    actions.write_message(request=spoken, by=people.zhuli(), text="别忘了户口簿")
    assert pause_of(spoken) == (at("2026-03-03 10:00"), "papers", 21 * 60, UNTIL)
    actions.agree_visit(request=spoken, by=people.zhuli(), at=at("2026-03-04 09:00"))
    assert (pause_of(spoken), spoken.promised_at) == (NO_PAUSE, at("2026-03-04 17:00"))


@pytest.mark.parametrize("end", ["close", "cancel", "release", "hand_over"])
def test_whatever_takes_it_out_of_hand_ends_the_pause(spoken, clock, end):
    clock.move_to(at("2026-03-03 10:00"))
    pause(spoken)
    clock.move_to(at("2026-03-04 10:00"))
    if end == "close":
        actions.close(request=spoken, by=people.zhuli(), reason=CloseReason.DONE, text="")
    elif end == "cancel":
        actions.cancel(request=spoken)
    elif end == "release":
        actions.release(request=spoken, by=people.zhuli())
    else:
        actions.hand_over(request=spoken, by=people.zhuli(), to=people.xiaozhao().postings.get(), reason="下午请假")
    assert pause_of(spoken) == NO_PAUSE
    if end in ("release", "hand_over"):
        assert spoken.promised_at == at("2026-03-06 10:00")  # the two days that were left, from now


def test_reopened_it_starts_with_a_first_call_again(spoken):
    actions.close(request=spoken, by=people.zhuli(), reason=CloseReason.DONE, text="")
    actions.reopen(request=spoken)
    assert (spoken.contacted_at, spoken.promised_at, spoken.escalation) == (None, at("2026-03-02 15:00"), Escalation.NONE)


def test_releasing_keeps_what_was_said_about_why_as_a_note(stored):
    actions.release(request=stored, by=people.zhuli(), reason="下午请假")
    assert [(m.sender, m.text) for m in stored.messages.all()] == [("note", "放回队列：下午请假")]
    assert "请假" not in " ".join(event.detail for event in stored.events.all())


def test_release_and_hand_over_after_somebody_else_acted_are_refused(stored):
    seen = HelpRequest.objects.get(pk=stored.pk)
    actions.hand_over(request=stored, by=people.zhuguan(), to=people.xiaozhao().postings.get(), reason="朱丽请假")
    assert "不在您手上" in refused(actions.release, request=seen, by=people.zhuli(), reason="我不办了")
    seen = HelpRequest.objects.get(pk=stored.pk)
    actions.release(request=stored, by=people.xiaozhao())
    assert "刚刚变了" in refused(actions.hand_over, request=seen, by=people.xiaozhao(), to=people.zhuli().postings.get(), reason="还你")


# the desk


def test_a_press_says_whether_somebody_was_reached(client, zhuli, stored):
    assert "打完电话，点一下" in page(client, detail(stored))
    assert "记下了" in told(client, press(client, stored, "contact", how="nobody"))
    assert "停一停" not in page(client, detail(stored))
    press(client, stored, "contact", how="phone")
    text = page(client, detail(stored))
    assert "最晚回话：<b>3月5日（周四） 10:00 前</b>" in text
    assert "pause" in offered_in(text, stored)
    for wrong in ("", "shouted"):
        assert "点一个" in checked(press(client, stored, "contact", how=wrong))


def test_a_claimed_request_no_longer_says_late_once_the_resident_was_called(client, zhuli, stored, clock):
    clock.move_to(at("2026-03-02 16:00"))
    assert "已过 1 小时" in page(client, QUEUE)
    press(client, stored, "contact", how="phone")
    assert "已过" not in page(client, QUEUE)


def test_pausing_at_the_desk(client, zhuli, spoken):
    text = checked(press(client, spoken, "pause", reason="", resume_on="2026-03-30"))
    assert "选一个：在等什么" in text
    assert "14天以内" in text
    assert 'value="2026-03-30"' in text
    assert "停下了" in told(client, press(client, spoken, "pause", reason="papers", resume_on="2026-03-04"))
    text = page(client, detail(spoken))
    assert "停着：等居民备材料" in text
    assert "最晚后天接着办" in text
    assert offered_in(text, spoken) >= {"resume", "contact"}
    assert "pause" not in offered_in(text, spoken)
    assert "停着：等居民备材料" in page(client, QUEUE)
    assert "接着办了" in told(client, press(client, spoken, "resume"))


def test_what_is_paused_comes_last_in_hand(client, zhuli, spoken):
    pause(spoken)
    later = make_request(claimed_by=zhuli)
    HelpRequest.objects.filter(pk=spoken.pk).update(promised_at=at("2026-03-02 10:30"))
    text = page(client, QUEUE)
    assert text.index(later.spoken_reference) < text.index(spoken.spoken_reference)


def test_releasing_at_the_desk_with_a_reason(client, zhuli, stored):
    assert "60个字以内" in checked(press(client, stored, "release", reason="长" * 61))
    assert press(client, stored, "release", reason="下午请假").url == QUEUE
    assert stored.messages.get().text == "放回队列：下午请假"


def test_the_next_one_is_the_oldest_promise_of_ones_own_queue(client, zhuli):
    people.zhuli2()
    later, first = make_request(kind=Kind.HOME), make_request()
    make_request(row={"queue_id": "640205101203", "promised_at": at("2026-03-01 10:00")})
    assert "领下一个" in page(client, QUEUE)
    assert client.get("/desk/next/").url == QUEUE
    for stored in (first, later):
        assert client.post("/desk/next/").url == detail(stored)
        stored.refresh_from_db()
        assert (stored.owner, kinds(stored)) == (zhuli, ["submitted", "claimed"])
    assert "没有等人接的了" in told(client, client.post("/desk/next/"))
    assert HelpRequest.objects.get(state="waiting").owner is None


# the resident


def follow(client, stored) -> str:
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": stored.phone[-4:]})
    return re.sub(r"<[^>]+>", "", resident_page(client, f"/help/{stored.reference}/"))


def test_the_follow_page_says_what_we_wait_for_and_until_when(client, spoken, clock):
    assert "最晚 3月5日（周四） 10:00 前给您回话。" in follow(client, spoken)
    pause(spoken)
    text = follow(client, spoken)
    assert "先停一停：等您备材料。最晚3月6日（周五）接着办。" in text
    assert "暂停，等居民：等居民备材料，最晚3月6日接着办" in text
    assert "前给您" not in text


def test_the_follow_page_owns_up_to_a_late_call(client, stored, clock):
    clock.move_to(at("2026-03-03 10:00"))
    assert "说好3月2日（周一） 15:00 前给您打电话，到现在还没有，是我们慢了。" in follow(client, stored)


@pytest.mark.parametrize(("address", "sentence"), [
    ("/help/new/?help=advice", "最晚 今天 15:00 前给您打电话"),
    ("/help/new/?help=home", "最晚 明天 10:00 前给您打电话"),
    ("/help/new/?help=video", "最晚 明天 10:00 前"),
    ("/help/callback/", "最晚 今天 15:00 前给您打过来"),
    ("/elder/help/new/", "最晚 今天 15:00 前给您打电话"),
    ("/elder/help/callback/", "最晚 今天 15:00 前给您打过来"),
])  # fmt: skip
def test_the_form_says_by_when_before_anything_is_sent(client, address, sentence):
    assert sentence in re.sub(r"<[^>]+>", "", resident_page(client, address))


def test_the_form_counts_the_days_of_the_village_that_is_asked(client):
    SpecialDay.objects.create(date=date(2026, 3, 2), area_id=SHUIYUN, name="停电")
    assert "最晚 明天 14:00 前给您打电话" in re.sub(r"<[^>]+>", "", resident_page(client, f"/help/new/?area={SHUIYUN}"))
