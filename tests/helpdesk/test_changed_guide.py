"""规则变更追单: a changed guide flags the open requests for which something changed, once, with the exact difference."""

from html import unescape
from io import StringIO
from threading import Barrier, Thread

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.actions import record_change, withdraw
from guides.corrections import Part
from guides.models import Correction, Guide, Material
from helpdesk import actions
from helpdesk.actions import NotPossible
from helpdesk.changes import difference_for
from helpdesk.models import CloseReason, EventKind, HelpRequest, Notification, NotificationKind, Paper
from tests import people
from tests.factories import make_guide, make_paper, make_request, make_situation
from tests.helpdesk.desk import QUEUE, detail, kinds, page, press, told

pytestmark = pytest.mark.django_db
MARK = '<span class="tag strong">指南改了</span>'


@pytest.fixture
def guide() -> Guide:
    guide = make_guide(papers=("户口本", "身份证"))
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    make_paper(guide, "委托书", only_for=["who=agent"])
    record_change(guide=guide, by="边吉")
    return guide


def asked(guide, *, by=None, case: str = "who=self", **fields) -> HelpRequest:
    papers = (("户口本", "原件1份"), ("身份证", "原件1份"), *((("委托书", "原件1份"),) if case == "who=agent" else ()))
    return make_request(guide=guide, case=case, papers=papers, claimed_by=by, **fields)


def change(guide) -> None:
    """A new paper, another form of 户口本, 身份证 no longer."""
    make_paper(guide, "照片")
    Material.objects.filter(guide=guide, name="户口本").update(form="both", copies=2)
    Material.objects.filter(guide=guide, name="身份证").delete()
    record_change(guide=guide, by="边吉")


def flag() -> str:
    out = StringIO()
    call_command("flag_changes", stdout=out)
    return out.getvalue()


def notices(request) -> list:
    return list(request.notifications.filter(kind=NotificationKind.GUIDE_CHANGED).values_list("to_user__username", flat=True))


def test_the_owner_is_told_once_for_each_version(guide):
    mine, waiting = asked(guide, by=people.zhuli()), asked(guide)
    assert "告诉了 0 件" in flag()
    change(guide)
    assert "告诉了 2 件" in flag()
    assert "告诉了 0 件" in flag()
    assert [(kinds(r).count("guide_changed"), notices(r)) for r in (mine, waiting)] == [(1, ["zhuli"]), (1, [])]
    make_paper(guide, "结婚证")
    record_change(guide=guide, by="边吉")
    assert "告诉了 2 件" in flag()
    assert notices(mine) == ["zhuli", "zhuli"]


def test_a_change_of_another_case_concerns_nobody(guide):
    mine, agents = asked(guide, by=people.zhuli()), asked(guide, by=people.zhuli(), case="who=agent")
    Material.objects.filter(name="委托书").update(copies=2)
    record_change(guide=guide, by="边吉")
    assert "告诉了 1 件" in flag()
    assert (notices(mine), notices(agents)) == ([], ["zhuli"])
    mine.refresh_from_db()
    assert mine.guide_revision == 2  # the next difference starts from here


def test_ended_requests_and_those_without_a_version_are_left_alone(guide):
    closed, older = asked(guide, by=people.zhuli()), asked(guide, row={"guide_revision": None})
    actions.close(request=closed, by=people.zhuli(), reason=CloseReason.DONE, text="")
    change(guide)
    assert "告诉了 0 件" in flag()
    assert (difference_for(closed), difference_for(older)) == (None, None)


def test_with_nothing_to_do_it_asks_one_question(guide, django_assert_num_queries):
    for _ in range(3):
        asked(guide)
    with django_assert_num_queries(1):
        assert actions.flag_changes() == 0


def test_the_request_shows_exactly_what_changed_and_takes_it_over(client, zhuli, guide):
    mine = asked(guide, by=zhuli)
    mine.papers.filter(name="身份证").update(state="ok")
    make_paper(guide, "低保证")
    record_change(guide=guide, by="边吉")
    actions.follow_new_guide(request=mine, by=zhuli)
    Paper.objects.create(request=mine, name="村里的证明", detail="帮办员加的", state="ok")
    mine.papers.filter(name__in=("户口本", "低保证")).update(state="ok")
    change(guide)
    text = unescape(page(client, detail(mine)))
    shown = text.partition('id="changed"')[2].partition("</section>")[0]
    assert "有3处变化" in shown
    assert "要带什么 <b>照片</b>：新加的，原件1份" in shown
    assert "以前是“原件1份”，<b>现在是“原件，再带复印件2份”</b>" in shown
    assert "<b>身份证</b>：去掉了" in shown
    assert "材料清单照新的改好了" in told(client, press(client, mine, "follow_new_guide"))
    papers = {paper.name: (paper.detail, paper.state == "ok") for paper in mine.papers.all()}
    assert papers == {
        "户口本": ("原件，再带复印件2份", False), "低保证": ("原件1份", True), "照片": ("原件1份", False), "村里的证明": ("帮办员加的", True),
    }  # fmt: skip
    mine.refresh_from_db()
    assert (mine.guide_revision, kinds(mine).count("told_change")) == (3, 2)
    assert "照新的办" not in page(client, detail(mine))
    with pytest.raises(NotPossible, match="已经是照现在的指南"):
        actions.follow_new_guide(request=mine, by=zhuli)


def test_only_the_owner_takes_it_over(guide):
    mine = asked(guide, by=people.zhuli())
    change(guide)
    with pytest.raises(NotPossible):
        actions.follow_new_guide(request=mine, by=people.xiaozhao())
    assert mine.papers.count() == 2


def test_the_resident_reads_what_changed_before_and_after(client, guide):
    mine = asked(guide, by=people.zhuli())
    address = f"/help/{mine.reference}/"
    client.post(address, {"act": "open", "last_four": "8000"})
    assert "要带的材料有变化" not in client.get(address).content.decode()
    change(guide)
    for mount in ("", "/elder"):
        body = client.get(mount + address).content.decode()
        assert "要带的材料有变化" in body
        assert all(word in body for word in ("照片", "新加的", "不用带", "原件，再带复印件2份"))
    actions.follow_new_guide(request=mine, by=people.zhuli())
    body = client.get(address).content.decode()
    assert "要带的材料有变化" not in body
    assert all(word in body for word in ("新加：照片，原件1份", "不用带了：身份证", "户口本：以前是原件1份，现在是原件，再带复印件2份"))
    assert mine.notifications.filter(to_resident=True, kind=NotificationKind.STAFF_WROTE).count() == 1


def test_what_changed_beside_the_papers_is_no_message(guide):
    mine = asked(guide, by=people.zhuli())
    guide.fee = "每人一元"
    guide.save()
    guide.facts.create(field="fee")
    record_change(guide=guide, by="边吉")
    actions.follow_new_guide(request=mine, by=people.zhuli())
    assert mine.messages.count() == 0


def test_a_withdrawn_guide_says_to_phone_first(client, zhuli, guide):
    mine = asked(guide, by=zhuli)
    change(guide)
    withdraw(guide=guide, by="沈禾")
    text = page(client, detail(mine))
    assert "这份指南现在撤下了" in text
    assert "照新的办" not in text
    with pytest.raises(NotPossible, match="撤下了"):
        actions.follow_new_guide(request=mine, by=zhuli)


def test_the_queue_marks_it_until_it_is_taken_over(client, zhuli, guide):
    mine = asked(guide, by=zhuli)
    other = asked(guide, by=zhuli, case="who=agent")
    actions.close(request=other, by=zhuli, reason=CloseReason.DONE, text="")
    assert MARK not in page(client, QUEUE)
    change(guide)
    flag()
    assert page(client, QUEUE).count(MARK) == 1
    actions.follow_new_guide(request=mine, by=zhuli)
    assert MARK not in page(client, QUEUE)


def test_the_queue_costs_the_same_for_one_and_three(client, zhuli, guide):
    counts = []
    for more in (1, 2):
        for _ in range(more):
            asked(guide, by=zhuli)
        if more == 1:
            change(guide)
        HelpRequest.objects.update(guide_revision=1)
        flag()
        page(client, QUEUE)  # the first one after a change of the roster reads it
        with CaptureQueriesContext(connection) as seen:
            page(client, QUEUE)
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_several_machines_at_once_tell_once(guide):
    mine = [asked(guide, by=people.zhuli()) for _ in range(2)]
    change(guide)
    start, counts, failures = Barrier(3), [], []

    def run():
        start.wait()
        try:
            counts.append(actions.flag_changes())
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, sum(counts)) == ([], 2)
    assert [(r.events.filter(kind=EventKind.GUIDE_CHANGED).count(), notices(r)) for r in mine] == [(1, ["zhuli"])] * 2


# what readers say is wrong


def test_editors_and_reviewers_hear_once_of_each_part(guide):
    people.bianji(), people.shenhe(), people.zhuli(), people.guanli()
    for part in (Part.FEE, Part.FEE, Part.BRING):
        Correction.objects.create(guide=guide, part=part, text="不对")
    assert "告诉了编辑 2 处" in flag()
    assert "告诉了编辑 0 处" in flag()
    rows = Notification.objects.filter(kind=NotificationKind.CORRECTION).order_by("id").values_list("to_user__username", flat=True)
    assert sorted(rows) == ["bianji", "bianji", "shenhe", "shenhe"]
    Correction.objects.create(guide=guide, part=Part.FEE)
    assert "告诉了编辑 0 处" in flag()
    Correction.objects.filter(part=Part.FEE).update(state="fixed")
    Correction.objects.create(guide=guide, part=Part.FEE)
    assert "告诉了编辑 1 处" in flag()
