"""Papers that a window sent back: chosen from the request's own, told to the guide without whose they were; the request stays in hand."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from guides.models import Correction, Guide, Refusal, RefusalReason
from helpdesk import actions
from helpdesk.actions import NotPossible
from helpdesk.forms_refused import field_of
from helpdesk.models import CloseReason, EventKind, HelpRequest, State
from tests import people
from tests.factories import make_guide, make_paper, make_request, make_situation
from tests.helpdesk.desk import checked, detail, kinds, page, press, told

pytestmark = pytest.mark.django_db
PAPERS = (("户口本", "原件1份"), ("身份证", "原件1份"))


@pytest.fixture
def mine(zhuli) -> HelpRequest:
    guide = make_guide(papers=("户口本", "身份证"))
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    make_paper(guide, "委托书", only_for=["who=agent"])
    return make_request(guide=guide, case="who=self", papers=PAPERS, claimed_by=zhuli, note="我叫王秀英")


def refusals() -> list[tuple]:
    return list(Refusal.objects.order_by("id").values_list("material", "reason", "case", "at"))


def test_the_window_sent_papers_back_and_the_request_stays_in_hand(client, mine):
    text = page(client, detail(mine))
    assert "材料被窗口退了" in text
    done = press(client, mine, "sent_back", **{field_of("户口本"): "copy"}, **{field_of("身份证"): "absent"})
    assert "记下了" in told(client, done)
    mine.refresh_from_db()
    assert mine.state == State.CLAIMED
    assert refusals() == [("户口本", "copy", "who=self", "window"), ("身份证", "absent", "who=self", "window")]
    assert [(p.state, p.reason) for p in mine.papers.all()] == [("bad", "copy"), ("missing", "")]
    assert [e.detail for e in mine.events.filter(kind=EventKind.SENT_BACK)] == ["户口本：少复印件", "身份证：没带"]


def test_nothing_of_the_person_goes_into_the_guides_room(client, mine):
    press(client, mine, "sent_back", **{field_of("户口本"): "copy"})
    row = Refusal.objects.values().get()
    assert not any("王" in str(value) or "1380" in str(value) or mine.reference in str(value) for value in row.values())


def test_nothing_chosen_and_a_reason_nobody_offers(client, mine):
    assert "选一样被退的材料" in checked(press(client, mine, "sent_back"))
    assert "从列表里选一个原因" in checked(press(client, mine, "sent_back", **{field_of("户口本"): "x"}))
    assert refusals() == []


def test_only_its_owner_and_only_in_hand(mine):
    with pytest.raises(NotPossible):
        actions.send_back(request=mine, by=people.xiaozhao(), refused=[("户口本", "copy")])
    actions.close(request=mine, by=people.zhuli(), reason=CloseReason.DONE, text="")
    with pytest.raises(NotPossible):
        actions.send_back(request=mine, by=people.zhuli(), refused=[("户口本", "copy")])
    assert refusals() == []


def test_closing_tells_it_too(client, mine):
    press(client, mine, "close", reason="impossible", text="少一份证明", **{field_of("身份证"): "expired"})
    mine.refresh_from_db()
    assert (mine.state, refusals()) == (State.CLOSED, [("身份证", "expired", "who=self", "window")])
    assert kinds(mine)[-2:] == ["sent_back", "closed"]


def test_a_close_that_fails_teaches_nothing(mine):
    with pytest.raises(NotPossible):
        actions.close(request=mine, by=people.xiaozhao(), reason=CloseReason.DONE, text="", refused=[("户口本", "copy")])
    assert refusals() == []


def test_without_a_checklist_the_guides_papers_of_the_case_are_offered(client, zhuli, mine):
    stored = make_request(guide=mine.guide, case="who=agent", claimed_by=zhuli)
    press(client, stored, "sent_back", **{field_of("委托书"): "unsigned"})
    assert refusals() == [("委托书", "unsigned", "who=agent", "window")]


def test_without_a_guide_there_is_nothing_to_learn(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    assert "被退" not in page(client, detail(stored))


def test_five_make_the_guide_say_so(client, mine):
    for _ in range(5):
        actions.send_back(request=mine, by=people.zhuli(), refused=[("户口本", RefusalReason.COPY)])
    assert Guide.objects.get().often_refused == [{"material": "户口本", "reason": "copy", "count": 5}]


def test_a_checklist_that_changed_behind_the_page_blames_no_other_paper(client, mine):
    mine.papers.filter(name="户口本").delete()
    assert "选一样被退的材料" in checked(press(client, mine, "sent_back", **{field_of("户口本"): "copy"}))
    press(client, mine, "sent_back", **{field_of("身份证"): "expired"})
    assert refusals() == [("身份证", "expired", "who=self", "window")]


def test_the_daily_scrub_counts_first_and_then_deletes(mine):
    def run(*options) -> str:
        out = StringIO()
        call_command("scrub_requests", *options, stdout=out)
        return out.getvalue()

    long_ago = timezone.now() - timedelta(days=400)
    actions.send_back(request=mine, by=people.zhuli(), refused=[("户口本", "copy"), ("身份证", "absent")])
    Refusal.objects.filter(material="户口本").update(on=long_ago.date())
    Correction.objects.create(guide=mine.guide, part="fee", text="要钱")
    Correction.objects.update(at=long_ago)
    counted = run("--dry-run")
    assert "退件：到期待删 1 条，没有删。" in counted
    assert "居民纠错：到期待删 1 条，没有删。" in counted
    assert (Refusal.objects.count(), Correction.objects.count()) == (2, 1)
    deleted = run()
    assert "退件：删了 1 条。" in deleted
    assert "居民纠错：删了 1 条。" in deleted
    assert (Refusal.objects.get().material, Correction.objects.count()) == ("身份证", 0)
