"""The verbs: who wins, what is refused, and that each change leaves exactly one event and a refusal none."""

import uuid
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from guides.models import SpecialDay
from helpdesk import actions
from helpdesk.actions import NotPossible
from helpdesk.models import CloseReason, HelpRequest, PaperState, RatingLevel
from tests import people
from tests.factories import SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_guide, make_posting, make_request, make_submission, make_user, workday_at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def helpers(request):
    if "transactional_db" not in request.fixturenames:
        people.zhuli(), people.xiaozhao()


def kinds(stored: HelpRequest) -> list[str]:
    return list(stored.events.values_list("kind", flat=True))


def refused(verb, **kwargs) -> str:
    """Runs a verb that must refuse, checks that it left nothing, and returns its sentence."""
    stored = kwargs["request"]
    before = (HelpRequest.objects.filter(pk=stored.pk).values().get(), kinds(stored), stored.messages.count())
    with pytest.raises(NotPossible) as sentence:
        verb(**kwargs)
    assert (HelpRequest.objects.filter(pk=stored.pk).values().get(), kinds(stored), stored.messages.count()) == before
    return str(sentence.value)


# asking


def test_a_request_is_stored_routed_promised_and_noted():
    guide = make_guide(papers=("身份证", "户口簿"))
    stored = actions.submit(make_submission(guide=guide, papers=(("身份证", "原件1份"), ("户口簿", "原件1份"))))
    assert (stored.queue_id, stored.state, stored.owner) == (SHUIYUN, "waiting", None)
    assert stored.promised_at > stored.created_at
    assert [paper.name for paper in stored.papers.all()] == ["身份证", "户口簿"]
    assert kinds(stored) == ["submitted"]
    assert stored.events.get().by_name == "居民"


def test_the_promise_counts_the_villages_own_days_off():
    tomorrow = timezone.localdate() + timedelta(days=1)
    usual = make_request().promised_at
    for ahead in range(30):
        SpecialDay.objects.create(date=tomorrow + timedelta(days=ahead - 1), area_id=SHUIYUN, name="停电")
    assert make_request().promised_at >= usual + timedelta(days=20)


def test_the_same_form_twice_is_one_request():
    key = uuid.uuid4()
    first = make_request(submission_key=key, name="王阿姨")
    second = make_request(submission_key=key, name="王阿姨", papers=(("身份证", ""),))
    assert second == first
    assert HelpRequest.objects.count() == 1
    assert (kinds(first), first.papers.count()) == (["submitted"], 0)


def test_a_number_that_is_taken_is_not_given_again(monkeypatch):
    taken = make_request()
    numbers = iter([taken.reference, "100000013"])
    monkeypatch.setattr("helpdesk.actions.asking.new_reference", lambda: next(numbers))
    assert make_request().reference == "100000013"


def test_a_requirement_too_long_to_store_never_costs_the_request():
    stored = make_request(papers=(("身份证", "家" * 300),))
    assert len(stored.papers.get().detail) == 120


def test_names_and_words_are_not_readable_in_the_database():
    stored = make_request(name="王阿姨", phone="13800138000", note="腿脚不好")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, phone, note FROM helpdesk_helprequest WHERE id = %s", [stored.pk])
        row = "".join(cursor.fetchone())
    assert not any(secret in row for secret in ("王阿姨", "13800138000", "腿脚"))


# taking and giving


def test_claim_has_one_winner_and_the_other_is_told_who():
    stored = make_request()
    late = HelpRequest.objects.get(pk=stored.pk)
    actions.claim(request=stored, by=people.zhuli())
    assert "朱丽刚刚领取了" in refused(actions.claim, request=late, by=people.xiaozhao())
    assert refused(actions.claim, request=late, by=people.zhuli()) == "您已经领取了，接着办就行。"
    assert (stored.owner, stored.state, kinds(stored)) == (people.zhuli(), "claimed", ["submitted", "claimed"])


def test_claim_of_an_ended_request_says_why_not():
    cancelled = make_request()
    actions.cancel(request=cancelled)
    assert "已经取消" in refused(actions.claim, request=cancelled, by=people.zhuli())
    closed = make_request(claimed_by=people.zhuli())
    actions.close(request=closed, by=people.zhuli(), reason=CloseReason.DONE, text="")
    assert "已经办结" in refused(actions.claim, request=closed, by=people.xiaozhao())


@pytest.mark.django_db(transaction=True)
def test_claims_at_the_same_moment_have_one_winner():
    helpers = [people.zhuli(), people.xiaozhao(), make_user("third", name="第三位"), make_user("fourth", name="第四位")]
    stored = make_request()
    start, outcomes = Barrier(len(helpers)), []

    def press(helper):
        mine = HelpRequest.objects.get(pk=stored.pk)
        start.wait()
        try:
            actions.claim(request=mine, by=helper)
            outcomes.append(helper.username)
        except NotPossible as sentence:
            outcomes.append(str(sentence))
        finally:
            connection.close()

    threads = [Thread(target=press, args=[helper]) for helper in helpers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored.refresh_from_db()
    winners = [o for o in outcomes if o in {h.username for h in helpers}]
    assert winners == [stored.owner.username]
    assert sorted(o for o in outcomes if o not in winners) == [f"{stored.owner.first_name}刚刚领取了，您不用再办，看看下一个吧。"] * 3
    assert kinds(stored) == ["submitted", "claimed"]


@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_the_same_moment_is_one_request():
    people.zhuli()
    submission, start, numbers = make_submission(papers=(("身份证", ""),)), Barrier(2), []

    def press():
        start.wait()
        try:
            numbers.append(actions.submit(submission).reference)
        finally:
            connection.close()

    threads = [Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = HelpRequest.objects.get()
    assert numbers == [stored.reference] * 2
    assert (kinds(stored), stored.papers.count()) == (["submitted"], 1)


def test_release_puts_it_back_for_all():
    stored = make_request(claimed_by=people.zhuli())
    assert "不在您手上" in refused(actions.release, request=stored, by=people.xiaozhao())
    actions.release(request=stored, by=people.zhuli())
    assert (stored.state, stored.owner, stored.claimed_at) == ("waiting", None, None)
    actions.claim(request=stored, by=people.xiaozhao())
    assert kinds(stored) == ["submitted", "claimed", "released", "claimed"]


def test_hand_over_moves_queue_and_owner_and_keeps_the_reason_out_of_the_open_trail():
    stored = make_request(claimed_by=people.zhuli())
    above = make_posting(people.xiaozhao(), TOWNSHIP)
    actions.hand_over(request=stored, by=people.zhuli(), to=above, reason="王阿姨要去镇上办")
    assert (stored.owner, stored.queue_id, stored.state) == (people.xiaozhao(), TOWNSHIP, "claimed")
    event, note = stored.events.last(), stored.messages.get()
    assert (event.kind, event.detail) == ("handed_over", "转给小赵")
    assert (note.sender, note.text) == ("note", "转给小赵：王阿姨要去镇上办")


def test_hand_over_to_and_from_a_steward_keeps_the_queues_apart():
    stored = make_request(claimed_by=people.zhuli())
    actions.hand_over(request=stored, by=people.zhuli(), to=people.guanjia().postings.get(), reason="企业的事")
    assert stored.for_steward is True
    actions.hand_over(request=stored, by=people.guanjia(), to=people.xiaozhao().postings.get(), reason="是个人的事")
    assert (stored.for_steward, stored.queue_id) == (False, SHUIYUN)


def test_only_owner_and_supervisor_hand_over():
    stored, to = make_request(claimed_by=people.zhuli()), people.zhuli2().postings.get()
    assert "不在您手上" in refused(actions.hand_over, request=stored, by=people.xiaozhao(), to=to, reason="我想转")
    assert "不在您手上" in refused(actions.hand_over, request=make_request(), by=people.xiaozhao(), to=to, reason="我想转")
    to = people.xiaozhao().postings.get()
    actions.hand_over(request=stored, by=people.zhuguan(), to=to, reason="朱丽请假")
    waiting = make_request()
    actions.hand_over(request=waiting, by=people.zhuguan(), to=to, reason="快过时间了")
    assert (stored.owner, waiting.owner) == (people.xiaozhao(), people.xiaozhao())


def test_hand_over_of_what_somebody_took_meanwhile_is_refused():
    seen = make_request()
    actions.claim(request=HelpRequest.objects.get(pk=seen.pk), by=people.zhuli())
    assert "刚刚变了" in refused(actions.hand_over, request=seen, by=people.zhuguan(), to=people.xiaozhao().postings.get(), reason="催一下")


# working


def test_only_the_owner_works_on_it():
    stored = make_request(claimed_by=people.zhuli(), papers=(("身份证", ""),))
    tomorrow, other = timezone.now() + timedelta(days=1), people.xiaozhao()
    for verb, extra in (
        (actions.write_message, {"text": "您好"}),
        (actions.agree_visit, {"at": tomorrow}),
        (actions.check_papers, {"found": {stored.papers.get().pk: actions.Check(state=PaperState.OK)}}),
        (actions.close, {"reason": CloseReason.DONE, "text": ""}),
        (actions.release, {}),
    ):
        assert "不在您手上" in refused(verb, request=stored, by=other, **extra), verb
    assert stored.papers.get().state == PaperState.UNCHECKED


def test_a_page_that_is_out_of_date_is_refused_and_breaks_nothing():
    """The page was opened while it waited; a colleague took it; the resident's words still arrive, the helper's do not."""
    stale = make_request()
    actions.claim(request=HelpRequest.objects.get(pk=stale.pk), by=people.zhuli())
    assert "不在您手上" in refused(actions.write_message, request=stale, by=people.xiaozhao(), text="您好")
    actions.reply(request=stale, text="有人吗")
    stale.refresh_from_db()
    assert (stale.state, stale.owner) == ("claimed", people.zhuli())


def test_messages_and_notes():
    stored = make_request(claimed_by=people.zhuli())
    actions.write_message(request=stored, by=people.zhuli(), text="带上身份证")
    actions.reply(request=stored, text="好的")
    actions.write_note(request=stored, by=people.xiaozhao(), text="耳朵背")
    assert [(m.sender, m.text) for m in stored.messages.all()] == [("staff", "带上身份证"), ("resident", "好的"), ("note", "耳朵背")]
    assert [(e.kind, e.is_public) for e in stored.events.all()][2:] == [("messaged", True), ("replied", True), ("noted", False)]


def test_a_visit_is_in_the_timeline_in_local_time():
    stored = make_request(claimed_by=people.zhuli())
    at = workday_at(9, minute=30)
    actions.agree_visit(request=stored, by=people.zhuli(), at=at)
    assert (stored.events.last().kind, stored.events.last().detail) == ("visit_set", f"{at:%m月%d日} 09:30，上门")


def test_the_phone_is_shown_to_its_owner_and_the_supervisor_and_each_look_is_noted():
    stored = make_request(claimed_by=people.zhuli(), phone="13800138000")
    assert "先领取" in refused(actions.reveal, request=stored, by=people.xiaozhao())
    assert actions.reveal(request=stored, by=people.zhuli()) == "13800138000"
    assert actions.reveal(request=stored, by=people.zhuguan()) == "13800138000"
    looks = [(e.by, e.kind, e.is_public) for e in stored.events.all()][2:]
    assert looks == [(people.zhuli(), "revealed", False), (people.zhuguan(), "revealed", False)]


# the end


def test_close_with_a_reason_from_the_list():
    stored = make_request(claimed_by=people.zhuli())
    actions.close(request=stored, by=people.zhuli(), reason=CloseReason.DONE, text="交好了")
    stored = HelpRequest.objects.get(pk=stored.pk)
    assert (stored.state, stored.close_reason, stored.close_text) == ("closed", "done", "交好了")
    assert (stored.closed_at is not None, stored.owner) == (True, people.zhuli())
    assert stored.events.last().detail == "办好了"


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_not_ours_must_say_whose(text):
    stored = make_request(claimed_by=people.zhuli())
    assert "归谁管" in refused(actions.close, request=stored, by=people.zhuli(), reason=CloseReason.NOT_OURS, text="您别跑了", whose=text)
    actions.close(request=stored, by=people.zhuli(), reason=CloseReason.NOT_OURS, text="", whose="区税务局", whose_phone="12366")
    assert (stored.state, stored.close_whose) == ("closed", "区税务局")


def test_nothing_but_a_note_after_the_end():
    stored = make_request(claimed_by=people.zhuli())
    actions.close(request=stored, by=people.zhuli(), reason=CloseReason.DONE, text="")
    for verb, extra in ((actions.write_message, {"text": "还有"}), (actions.release, {}), (actions.close, {"reason": "done", "text": ""})):
        assert "不在您手上" in refused(verb, request=stored, by=people.zhuli(), **extra)
    with pytest.raises(NotPossible, match="已经结束"):
        actions.reply(request=stored, text="还有")
    actions.write_note(request=stored, by=people.zhuli(), text="材料已还")
    assert stored.messages.get().text == "材料已还"


def test_reopening_starts_afresh():
    stored = make_request(claimed_by=people.zhuli(), row={"promised_at": timezone.now() - timedelta(days=9)})
    assert "还在办" in refused(actions.reopen, request=stored)
    actions.close(request=stored, by=people.zhuli(), reason=CloseReason.DONE, text="好了")
    actions.rate(request=stored, level=RatingLevel.DISSATISFIED, text="没好")
    actions.reopen(request=stored)
    stored = HelpRequest.objects.get(pk=stored.pk)
    assert (stored.state, stored.owner, stored.close_reason, stored.close_text, stored.closed_at) == ("waiting", None, "", "", None)
    assert (stored.reopened, hasattr(stored, "rating")) == (1, False)
    assert stored.promised_at > timezone.now()
    actions.claim(request=stored, by=people.xiaozhao())
    assert kinds(stored) == ["submitted", "claimed", "closed", "rated", "reopened", "claimed"]


def test_cancelling_and_thinking_again():
    stored = make_request(claimed_by=people.zhuli())
    actions.cancel(request=stored)
    assert (stored.state, stored.owner) == ("cancelled", None)
    assert "已经结束" in refused(actions.cancel, request=stored)
    actions.reopen(request=stored)
    assert (stored.state, kinds(stored)) == ("waiting", ["submitted", "claimed", "cancelled", "reopened"])


def test_rating_only_after_closing_and_one_for_a_request():
    stored = make_request(claimed_by=people.zhuli())
    assert "办结以后" in refused(actions.rate, request=stored, level=RatingLevel.SATISFIED, text="")
    actions.close(request=stored, by=people.zhuli(), reason=CloseReason.DONE, text="")
    actions.rate(request=stored, level=RatingLevel.SATISFIED, text="")
    actions.rate(request=stored, level=RatingLevel.VERY_SATISFIED, text="谢谢")
    stored = HelpRequest.objects.get(pk=stored.pk)
    assert (stored.rating.level, stored.rating.text) == (RatingLevel.VERY_SATISFIED, "谢谢")


def test_an_event_that_cannot_be_written_takes_its_change_back(monkeypatch):
    def fail(*args, **kwargs):
        raise IntegrityError("the trail is full")

    stored = make_request()
    monkeypatch.setattr("helpdesk.actions.owning.record", fail)
    with pytest.raises(IntegrityError):
        actions.claim(request=stored, by=people.zhuli())
    assert HelpRequest.objects.get(pk=stored.pk).state == "waiting"


def test_a_name_longer_than_the_trail_has_room_for():
    longest = make_user("long", name="长" * 90, role="帮办员")
    make_posting(longest, XIAZHUANGZI)
    stored = make_request()
    actions.claim(request=stored, by=longest)
    assert stored.events.last().by_name == "长" * 60
