"""代办 stands on a signed paper with an end: nothing is done in somebody's place without one that holds on that day."""

import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

from guides.models import Agency
from helpdesk import actions, behalf
from helpdesk.models import CloseReason, HelpRequest, Kind, Mandate, Notification, NotificationKind, Visit
from tests import people
from tests.factories import make_guide, make_request
from tests.helpdesk.desk import checked, detail, kinds, page, press

pytestmark = pytest.mark.django_db

LOCAL = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 25)  # a Wednesday
NOW = datetime(2026, 11, 25, 9, tzinfo=LOCAL)
TEXTS = Path(__file__).resolve().parents[2] / "templates" / "helpdesk" / "mandates"
# Somebody has signed these words: a change is a new file with a new name, never another hash here.
USED = {"2026-11.html": "a30e4259207caf40db12affc95f016033f53e6175863ec311ca3bc86cccb298d"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def mine(zhuli) -> HelpRequest:
    return make_request(claimed_by=zhuli, kind=Kind.AGENT, guide=make_guide(), name="王阿姨", phone="13800138000")


def write(stored: HelpRequest, **fields) -> Mandate:
    said = {"principal_name": "王秀英", "scope": "交医保", "starts_on": TODAY, "ends_on": TODAY + timedelta(days=10)} | fields
    return actions.make_mandate(request=stored, by=stored.owner, **said)


def sign(stored: HelpRequest, **fields) -> Mandate:
    mandate = write(stored, **fields)
    actions.sign_mandate(request=stored, by=stored.owner, signed_on=TODAY)
    mandate.refresh_from_db()
    return mandate


def refused(verb, **arguments) -> str:
    with pytest.raises(actions.NotPossible) as refusal:
        verb(**arguments)
    return str(refusal.value)


def close(stored: HelpRequest) -> None:
    actions.close(request=stored, by=stored.owner, reason=CloseReason.DONE, text="")


def why_not_done(stored: HelpRequest) -> str:
    return refused(actions.close, request=stored, by=stored.owner, reason=CloseReason.DONE, text="")


def go_on(client, clock, days: int) -> None:
    clock.move_to(NOW + timedelta(days=days))
    client.force_login(people.zhuli())


# what cannot be done without one


def test_without_a_signed_one_agency_is_not_done_and_the_desk_offers_to_write_one(client, mine):
    assert why_not_done(mine) == behalf.NO_MANDATE
    text = page(client, detail(mine))
    assert "还没有委托书，不能替他办" in text
    assert "写一份委托书</summary>" in text
    write(mine)
    assert why_not_done(mine) == behalf.NO_MANDATE, "printed is not signed"
    actions.sign_mandate(request=mine, by=mine.owner, signed_on=TODAY)
    close(mine)
    assert mine.state == "closed"


def test_other_ends_and_other_kinds_need_none(mine):
    actions.close(request=mine, by=mine.owner, reason=CloseReason.IMPOSSIBLE, text="")
    other = make_request(claimed_by=mine.events.last().by, kind=Kind.ACCOMPANY)
    close(other)
    assert (mine.state, other.state) == ("closed", "closed")


def test_it_holds_from_its_first_day_to_its_last_and_ends_by_itself(client, mine, clock):
    sign(mine, starts_on=TODAY + timedelta(days=1), ends_on=TODAY + timedelta(days=3))
    for day, holds in ((0, False), (1, True), (3, True), (4, False)):
        clock.move_to(NOW + timedelta(days=day))
        assert (behalf.mandate_missing(mine, TODAY + timedelta(days=day)) == "") is holds, day
    assert why_not_done(mine) == behalf.NO_MANDATE
    go_on(client, clock, 4)
    assert "还没有委托书" in page(client, detail(mine))


@pytest.mark.parametrize(("days", "is_done"), [(1, False), (5, True)])
def test_going_to_the_window_in_their_place_is_judged_by_the_day_of_going(mine, clock, days, is_done):
    sign(mine, starts_on=TODAY + timedelta(days=3))
    actions.agree_visit(request=mine, by=mine.owner, at=NOW + timedelta(days=days), place="window")
    clock.move_to(NOW + timedelta(days=6))
    said = {"request": mine, "by": mine.owner, "state": "done", "result": "交了", "next_step": ""}
    if is_done:
        actions.end_visit(**said)
    else:
        assert refused(actions.end_visit, **said) == behalf.NO_MANDATE
        actions.end_visit(**said | {"state": "missed"})
    assert Visit.objects.get().state == ("done" if is_done else "missed")


def test_a_new_owner_needs_one_of_their_own(client, mine):
    sign(mine)
    actions.hand_over(request=mine, by=mine.owner, to=people.xiaozhao().postings.get(), reason="请假")
    assert why_not_done(mine) == behalf.NO_MANDATE
    page(client, f"/desk/{mine.reference}/mandates/{Mandate.objects.get().pk}/", 404)  # 朱丽 still sees the request, and no longer the paper
    client.force_login(people.xiaozhao())
    text = page(client, detail(mine))
    assert "委托书上写的是朱丽" in text
    write(mine)
    actions.sign_mandate(request=mine, by=mine.owner, signed_on=TODAY)
    close(mine)
    assert mine.state == "closed"


def test_where_the_guide_has_come_to_want_the_person_it_is_neither_written_nor_done(client, mine):
    sign(mine)
    mine.guide.agency = Agency.ACCOMPANY
    mine.guide.save()
    assert why_not_done(mine) == behalf.MUST_COME
    text = page(client, detail(mine))
    assert "把帮助方式改成“帮办”" in text
    assert "写一份委托书" not in text
    assert refused(write, stored=mine) == behalf.MUST_COME
    actions.set_kind(request=mine, by=mine.owner, kind=Kind.ACCOMPANY)
    close(mine)
    assert mine.state == "closed"


# writing and signing


def test_the_desk_writes_prints_and_signs_and_sees_the_days_left(client, mine, clock):
    sent = {"principal_name": "王秀英", "scope": "交医保", "starts_on": "2026-11-25", "ends_on": "2026-12-05"}
    assert press(client, mine, "mandate", **sent).status_code == 302
    mandate = Mandate.objects.get()
    address = f"/desk/{mine.reference}/mandates/{mandate.pk}/"
    assert address in page(client, detail(mine))
    paper = page(client, address)
    for shown in ("王秀英", "朱丽，水韵名都社区居民委员会的帮办员", "交医保", "2026年11月25日", "2026年12月5日", "随时可以收回", "不收", "终止单", mine.spoken_reference, "第 2026-11 版"):
        assert shown in paper
    assert "13800138000" not in paper
    assert press(client, mine, "sign", signed_on="2026-11-25").status_code == 302
    assert (kinds(mine)[-1], mine.events.last().detail) == ("mandated", "管到12月05日")
    assert "✓ 管用，还剩 11 天" in page(client, detail(mine))
    go_on(client, clock, 10)
    assert "✓ 管用，还剩 1 天" in page(client, detail(mine))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"principal_name": ""}, "写本人的全名"),
        ({"scope": ""}, "写清楚替他办哪件事"),
        ({"ends_on": ""}, "选到哪天止"),
        ({"ends_on": "明年"}, "写成 2026-11-25 这样"),
        ({"ends_on": "2026-11-24"}, "到哪天不能早于从哪天"),
        ({"starts_on": "2026-11-01", "ends_on": "2026-11-20"}, "这一天已经过了"),
        ({"ends_on": "2027-05-25"}, "最多180天"),
        ({"scope": "身份证640205194001011234"}, "不要写身份证号"),
    ],
)
def test_mistakes_on_the_mandate_come_back_with_what_was_typed(client, mine, wrong, sentence):
    sent = {"principal_name": "王秀英", "scope": "交医保", "starts_on": "2026-11-25", "ends_on": "2026-12-05"} | wrong
    text = checked(press(client, mine, "mandate", **sent))
    assert sentence in text
    assert sent["scope"] in text
    assert f'value="{sent["ends_on"]}"' in text or not sent["ends_on"]
    assert Mandate.objects.count() == 0


@pytest.mark.parametrize("days", [-1, 1], ids=["before it was printed", "in the future"])
def test_it_is_signed_on_a_day_that_can_be_true(mine, days):
    write(mine)
    assert "签字的日子不对" in refused(actions.sign_mandate, request=mine, by=mine.owner, signed_on=TODAY + timedelta(days=days))
    assert Mandate.objects.get().signed_on is None


def test_what_the_verbs_refuse(mine):
    owner = mine.owner
    assert "先打一份" in refused(actions.sign_mandate, request=mine, by=owner, signed_on=TODAY)
    assert "不用再收回" in refused(actions.revoke_mandate, request=mine)
    for ends in (TODAY - timedelta(days=1), TODAY + timedelta(days=181)):
        assert "最多180天" in refused(actions.make_mandate, request=mine, by=owner, principal_name="王", scope="x", starts_on=TODAY, ends_on=ends)
    sign(mine)
    assert "已经登记签过了" in refused(actions.sign_mandate, request=mine, by=owner, signed_on=TODAY)
    assert "先收回那一份" in refused(write, stored=mine)
    for verb, extra in ((actions.revoke_mandate, {}), (actions.sign_mandate, {"signed_on": TODAY})):
        assert "不在您手上" in refused(verb, request=mine, by=people.xiaozhao(), **extra)
    other = make_request(claimed_by=owner, kind=Kind.ADVICE)
    assert "代办才要委托书" in refused(write, stored=other)


def test_for_a_mother_it_waits_for_her_yes(mine, zhuli):
    stored = make_request(claimed_by=zhuli, kind=Kind.AGENT, principal_name="王阿姨", principal_phone="13952520002")
    assert refused(write, stored=stored) == behalf.NOT_ASKED
    actions.record_consent(request=stored, by=zhuli, given=True, how="person")
    sign(stored)
    actions.record_consent(request=stored, by=zhuli, given=False, how="person")
    assert behalf.mandate_missing(stored, TODAY) == behalf.NO_MANDATE


def test_a_draft_that_is_written_again_cannot_be_signed_any_more(mine):
    first = write(mine)
    second = write(mine, scope="交医保，打印凭证")
    actions.sign_mandate(request=mine, by=mine.owner, signed_on=TODAY)
    assert [Mandate.objects.get(pk=m.pk).holds_on(TODAY) for m in (first, second)] == [False, True]


@pytest.mark.parametrize("person", [people.xiaozhao, people.zhuguan], ids=["colleague", "supervisor"])
def test_the_paper_with_the_full_name_is_for_its_agent(client, mine, person):
    mandate = write(mine)
    client.force_login(person())
    assert "王秀英" not in page(client, f"/desk/{mine.reference}/mandates/{mandate.pk}/", 404)
    assert "王秀英" not in page(client, detail(mine))


def test_a_paper_is_found_under_its_own_request_only(client, mine, zhuli):
    mandate = write(make_request(claimed_by=zhuli, kind=Kind.AGENT))
    page(client, f"/desk/{mine.reference}/mandates/{mandate.pk}/", 404)


# taking it back


@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_the_resident_takes_it_back_on_the_follow_page(client, mine, zhuli, prefix):
    sign(mine)
    here = f"{prefix}/help/{mine.reference}/"
    client.post(here, {"act": "open", "last_four": "8000"})
    body = client.get(here + "?step=mandate").content.decode()
    assert "现在就收回</button>" in body
    assert "2026年12月5日" in body
    assert client.post(here, {"act": "revoke"}).status_code == 302
    assert (kinds(mine)[-1], mine.events.last().by_name) == ("mandate_ended", "居民")
    assert Notification.objects.get(kind=NotificationKind.STOPPED).to_user == zhuli
    assert why_not_done(mine) == behalf.NO_MANDATE
    assert "不用再收回" in client.post(here, {"act": "revoke"}).content.decode()
    assert "现在就收回" not in client.get(here + "?step=mandate").content.decode()


def test_the_helper_takes_it_back_for_whoever_says_so(client, mine):
    sign(mine)
    assert press(client, mine, "revoke").status_code == 302
    assert (kinds(mine)[-1], why_not_done(mine)) == ("mandate_ended", behalf.NO_MANDATE)


def test_it_ends_with_a_cancelled_request(mine):
    sign(mine)
    actions.cancel(request=mine)
    assert Mandate.objects.get().revoked_at is not None
    assert "mandate_ended" in kinds(mine)


# the words


def test_a_text_once_used_is_never_changed():
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in TEXTS.iterdir()} == USED


def test_an_old_mandate_keeps_its_words_when_there_is_a_newer_text(client, mine, monkeypatch):
    mandate = write(mine)
    monkeypatch.setattr(behalf, "MANDATE_VERSION", "2027-01")
    assert "第 2026-11 版" in page(client, f"/desk/{mine.reference}/mandates/{mandate.pk}/")
    assert write(mine).text_version == "2027-01"
