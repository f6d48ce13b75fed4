"""Nothing is done in somebody's name before they said yes, and either side can stop it."""

import pytest

from guides.models import Agency
from helpdesk import actions, behalf
from helpdesk.models import CloseReason, HelpRequest, Kind, Message, Notification, NotificationKind, Principal, Visit
from tests import people
from tests.factories import SHUIYUN, make_area, make_guide, make_request, workday_at
from tests.helpdesk.desk import checked, detail, kinds, offered_in, page, press, told

pytestmark = pytest.mark.django_db


def for_mother(owner=None, **fields) -> HelpRequest:
    said = {"name": "小王", "phone": "13800138000", "for_someone": True, "relation": "女儿", "principal_name": "王阿姨", "principal_phone": "13952520002"}
    return make_request(claimed_by=owner, **said | fields)


@pytest.fixture
def mine(zhuli) -> HelpRequest:
    return for_mother(zhuli, papers=(("身份证", ""),))


def consent_of(stored: HelpRequest) -> str:
    return Principal.objects.get(request=stored).consent


def agreed(stored: HelpRequest) -> HelpRequest:
    actions.record_consent(request=stored, by=stored.owner, given=True, how="phone")
    return stored


def refused(verb, **arguments) -> str:
    with pytest.raises(actions.NotPossible) as refusal:
        verb(**arguments)
    return str(refusal.value)


def open_door(client, stored: HelpRequest, last_four: str) -> str:
    client.cookies.pop("follow", None)
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": last_four})
    return client.get(f"/help/{stored.reference}/").content.decode()


def act(client, stored: HelpRequest, name: str, **data):
    return client.post(f"/help/{stored.reference}/", {"act": name, **data})


CHILD, MOTHER = "8000", "0002"


# before the answer


def test_the_desk_says_first_of_all_that_nobody_asked_yet(client, mine):
    text = page(client, detail(mine))
    assert text.index("先问当事人：同不同意") < text.index("正在办：")
    assert "没问到以前：不上门，不动材料，不能按“办好了”办结" in text
    assert "王阿姨" not in text
    assert "13952520002" not in text


@pytest.mark.parametrize("answer", ["asked", "declined"])
def test_without_a_yes_nothing_is_done_in_their_name(client, mine, answer):
    if answer == "declined":
        actions.record_consent(request=mine, by=mine.owner, given=False, how="phone")
    sentence = behalf.NOT_ASKED if answer == "asked" else behalf.DECLINED
    before = kinds(mine)
    assert refused(actions.agree_visit, request=mine, by=mine.owner, at=workday_at(10), place="home") == sentence
    assert refused(actions.check_papers, request=mine, by=mine.owner, found={mine.papers.get().pk: actions.Check(state="ok")}) == sentence
    assert refused(actions.close, request=mine, by=mine.owner, reason=CloseReason.DONE, text="") == sentence
    assert (kinds(mine), Visit.objects.count(), mine.papers.get().state) == (before, 0, "unchecked")
    assert actions.agree_visit(request=mine, by=mine.owner, at=workday_at(10), place="station").place == "station"
    actions.close(request=mine, by=mine.owner, reason=CloseReason.EXPLAINED, text="")
    assert mine.state == "closed"


def test_what_was_typed_for_a_refused_end_stays(client, mine):
    text = checked(press(client, mine, "close", reason="done", text="材料交上去了"))
    assert behalf.NOT_ASKED in text
    assert "材料交上去了</textarea>" in text


def test_after_the_yes_it_goes_on(client, mine):
    response = press(client, mine, "consent", answer="given", how="phone")
    assert "记下了" in told(client, response)
    principal = Principal.objects.get()
    assert (principal.consent, principal.how, principal.asked_by) == ("given", "phone", mine.owner)
    assert principal.answered_at is not None
    assert (kinds(mine)[-1], mine.events.last().detail, mine.events.last().by) == ("consented", "电话里亲口说的", mine.owner)
    text = page(client, detail(mine))
    assert "✓ 当事人同意了" in text
    assert "consent" not in offered_in(text, mine)
    actions.check_papers(request=mine, by=mine.owner, found={mine.papers.get().pk: actions.Check(state="ok")})
    actions.agree_visit(request=mine, by=mine.owner, at=workday_at(10))
    actions.close(request=mine, by=mine.owner, reason=CloseReason.DONE, text="")
    assert mine.state == "closed"


def test_a_no_calls_off_what_was_agreed_and_the_family_reads_it(client, mine):
    agreed(mine)
    actions.agree_visit(request=mine, by=mine.owner, at=workday_at(10))
    actions.record_consent(request=mine, by=mine.owner, given=False, how="person")
    mine.refresh_from_db()
    assert (consent_of(mine), mine.visit_at, mine.state) == ("declined", None, "claimed")
    body = open_door(client, mine, CHILD)
    assert "他（她）说不同意" in body
    assert "当事人不同意，所以不能用他的名义办" in body
    assert Notification.objects.filter(kind=NotificationKind.STAFF_WROTE, to_resident=True).count() == 1


def test_the_answer_wants_both_fields_and_only_the_owner_records_it(client, mine):
    text = checked(press(client, mine, "consent"))
    assert "选一个：同意，还是不同意" in text
    assert "选一下是怎么问的" in text
    assert "不在您手上" in refused(actions.record_consent, request=mine, by=people.xiaozhao(), given=True, how="phone")
    assert "没有当事人" in refused(actions.record_consent, request=make_request(claimed_by=mine.owner), by=mine.owner, given=True, how="phone")
    agreed(mine)
    assert "已经记下" in refused(actions.record_consent, request=mine, by=mine.owner, given=True, how="phone")


def test_their_phone_is_shown_once_and_written_down(client, mine):
    text = checked(press(client, mine, "reveal_principal"))
    assert 'href="tel:13952520002"' in text
    assert "王阿姨" in text
    assert (kinds(mine)[-1], mine.events.last().detail) == ("revealed", "当事人的电话")
    client.force_login(people.xiaozhao())
    assert "先领取" in told(client, press(client, mine, "reveal_principal"))
    without = for_mother(people.xiaozhao(), principal_phone="")
    assert "没留当事人的电话" in told(client, press(client, without, "reveal_principal"))


# stopping


@pytest.mark.parametrize(
    ("digits", "consent", "said"), [(MOTHER, "withdrawn", "当事人叫停"), (CHILD, "given", "家里人叫停")], ids=["mother", "child"]
)
def test_either_side_stops_it_and_the_owner_is_told(client, mine, zhuli, digits, consent, said):
    agreed(mine)
    actions.agree_visit(request=mine, by=zhuli, at=workday_at(10))
    assert "叫停这件事</button>" in open_door(client, mine, digits)
    assert act(client, mine, "stop").status_code == 302
    mine.refresh_from_db()
    assert (mine.state, mine.owner, mine.visit_at, consent_of(mine)) == ("cancelled", None, None, consent)
    assert (kinds(mine)[-1], mine.events.last().detail) == ("stopped", said)
    assert Notification.objects.get(kind=NotificationKind.STOPPED).to_user == zhuli
    assert "不用再叫停" in act(client, mine, "stop").content.decode()


def test_a_page_from_before_that_cancels_is_a_stop_too(client, mine):
    open_door(client, mine, MOTHER)
    act(client, mine, "cancel")
    assert (consent_of(mine), kinds(mine)[-1]) == ("withdrawn", "stopped")


def test_the_helper_stops_it_for_a_mother_who_phones(client, mine):
    agreed(mine)
    assert press(client, mine, "stop").url == "/desk/"
    assert (consent_of(mine), kinds(mine)[-1]) == ("withdrawn", "stopped")
    assert Notification.objects.filter(kind=NotificationKind.STOPPED).count() == 0, "whoever did it knows"


def test_nobody_else_stops_a_request(client, mine):
    assert "不在您手上" in refused(actions.stop, request=mine, by_principal=True, by=people.xiaozhao())
    own = make_request(claimed_by=mine.owner)
    assert "没有当事人" in refused(actions.stop, request=own, by_principal=False)
    client.cookies.pop("follow", None)
    act(client, mine, "stop")  # without the door
    mine.refresh_from_db()
    assert mine.state == "claimed"


def test_stopped_by_herself_only_she_brings_it_back_and_is_asked_again(client, mine):
    agreed(mine)
    actions.stop(request=mine, by_principal=True)
    body = open_door(client, mine, CHILD)
    assert "<b>王阿姨</b>自己叫停了" in body
    assert 'value="reopen"' not in body
    assert "只有当事人说了才能再打开" in act(client, mine, "reopen").content.decode()
    assert 'value="reopen"' in open_door(client, mine, MOTHER)
    assert act(client, mine, "reopen").status_code == 302
    mine.refresh_from_db()
    assert (mine.state, consent_of(mine), Principal.objects.get().answered_at) == ("waiting", "asked", None)


def test_stopped_by_the_child_it_comes_back_with_the_question_open_again(client, mine):
    agreed(mine)
    actions.stop(request=mine, by_principal=False)
    open_door(client, mine, CHILD)
    act(client, mine, "reopen")
    mine.refresh_from_db()
    assert (mine.state, consent_of(mine)) == ("waiting", "asked")
    actions.claim(request=mine, by=people.zhuli())
    assert refused(actions.close, request=mine, by=people.zhuli(), reason=CloseReason.DONE, text="") == behalf.NOT_ASKED


def test_she_may_also_tell_a_helper_to_go_on(client, mine):
    agreed(mine)
    assert "没有叫停过" in refused(actions.reopen_for_principal, request=mine, by=mine.owner, how="phone")
    actions.stop(request=mine, by_principal=True)
    client.force_login(people.xiaozhao())
    assert "选一下是怎么问的" in checked(press(client, mine, "consent_again"))
    press(client, mine, "consent_again", how="phone")
    mine.refresh_from_db()
    assert (mine.state, consent_of(mine)) == ("waiting", "given")
    assert kinds(mine)[-2:] == ["reopened", "consented"]


def test_closed_and_reopened_the_yes_still_stands(mine):
    agreed(mine)
    actions.close(request=mine, by=mine.owner, reason=CloseReason.DONE, text="")
    actions.reopen(request=mine)
    assert consent_of(mine) == "given"


def test_no_event_and_no_note_names_the_mother(mine):
    agreed(mine)
    actions.stop(request=mine, by_principal=True)
    written = [event.detail + event.by_name for event in mine.events.all()] + [m.text for m in Message.objects.all()]
    assert not [text for text in written if "王" in text or "0002" in text]


# the kind of help


def test_the_kind_is_changed_as_agreed(client, mine):
    assert press(client, mine, "set_kind", kind="home").status_code == 302
    mine.refresh_from_db()
    assert (mine.kind, kinds(mine)[-1], mine.events.last().detail) == ("home", "kind_changed", "咨询改成上门办")
    actions.set_kind(request=mine, by=mine.owner, kind=Kind.HOME)
    assert kinds(mine).count("kind_changed") == 1
    assert "不在您手上" in refused(actions.set_kind, request=mine, by=people.xiaozhao(), kind=Kind.VIDEO)
    assert "从下面选一种" in checked(press(client, mine, "set_kind", kind="complaint"))
    assert "不能改成" in refused(actions.set_kind, request=mine, by=mine.owner, kind=Kind.COMPLAINT)


def test_agency_is_refused_everywhere_where_the_person_must_come(client, zhuli):
    guide = make_guide(agency=Agency.ACCOMPANY)
    stored = make_request(claimed_by=zhuli, guide=guide)
    assert behalf.MUST_COME in checked(press(client, stored, "set_kind", kind="agent"))
    assert refused(actions.set_kind, request=stored, by=zhuli, kind=Kind.AGENT) == behalf.MUST_COME
    with pytest.raises(actions.NotPossible, match="不能代办"):
        make_request(guide=guide, kind=Kind.AGENT)
    assert (HelpRequest.objects.count(), kinds(stored)) == (1, ["submitted", "claimed"])
    others = make_request(claimed_by=zhuli, guide=make_guide("yibao-002", agency=Agency.AGENT))
    actions.set_kind(request=others, by=zhuli, kind=Kind.AGENT)
    assert others.kind == "agent"


def test_the_log_refuses_it_with_what_was_typed_and_a_callback_never_is_one(client, zhuli):
    make_area(SHUIYUN)
    make_guide(agency=Agency.ACCOMPANY)
    sent = {
        "channel": "phone", "name": "王阿姨", "phone": "13800138000", "area": SHUIYUN, "guide": "yibao-001", "kind": "agent", "note": "下不了楼",
        "consent": "on", "submission_key": "8c0c4a1e-6f5b-4b6e-9c4e-1f1f1f1f1f1f",
    }  # fmt: skip
    text = checked(client.post("/desk/new/", sent))
    assert behalf.MUST_COME in text
    assert "下不了楼</textarea>" in text
    assert HelpRequest.objects.count() == 0
    assert client.post("/desk/new/", sent | {"kind": "accompany"}).status_code == 302
    assert client.post("/help/callback/", {**sent, "submission_key": "8c0c4a1e-6f5b-4b6e-9c4e-1f1f1f1f1f1e"}).status_code == 302
    assert sorted(HelpRequest.objects.values_list("kind", flat=True)) == ["accompany", "advice"]
