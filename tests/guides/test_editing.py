"""The life of a guide: its next version is written beside it, reviewed by somebody who did not write it, and nothing is lost on the way."""

import datetime
from threading import Barrier, Thread

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from guides import documents, editing
from guides.actions import NotPossible, record_change, record_refusal, verify
from guides.departments import guides_of, may_write, reviewers_of
from guides.models import (
    ContentStamp,
    Counter,
    EditorPosting,
    Fact,
    Guide,
    GuideRevision,
    Material,
    RefusalReason,
    RefusedAt,
    Statement,
    Status,
    Step,
)
from guides.transfer import export_domain, import_guides
from helpdesk import actions as desk
from helpdesk.changes import difference_for
from menpai.roles import Role
from tests.factories import DISTRICT, make_area, make_guide, make_request, make_situation, make_user
from tests.people import bianji, guanli, shenhe, zhuli

pytestmark = pytest.mark.django_db
CHECKED = {"verified_by": "沈禾", "verified_on": datetime.date(2026, 11, 1)}
MORNING = datetime.datetime(2026, 12, 1, 8, tzinfo=datetime.UTC)


@pytest.fixture
def guide():
    """A published guide with one of everything and a first revision."""
    guide = make_guide(fee="不收费", aliases=["医保"], checked_on=datetime.date(2026, 11, 1))
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    Fact.objects.create(guide=guide, field="fee", note="每年都一样。", **CHECKED)
    Statement.objects.create(guide=guide, kind="condition", text="惠农区户口。", order=10, mark="V", source="某某文件", **CHECKED)
    Material.objects.create(guide=guide, name="户口簿", order=10, **CHECKED)
    Material.objects.create(guide=guide, name="委托书", order=20, only_for=["who=agent"])
    Step.objects.create(guide=guide, text="到社区登记。", order=10, **CHECKED)
    Step.objects.create(guide=guide, text="拿凭证。", order=20)
    Counter.objects.create(guide=guide, kind="station", order=10)
    record_change(guide=guide, by="内容文件")
    return guide


def editor(username: str = "malan", name: str = "马编", role: Role = Role.EDITOR):
    return make_user(username, name=name, role=role, is_staff=True)


def written(guide, text: str = "到村里登记。", *, by=None) -> Guide:
    """The next version with another first step, saved by `by`."""
    by = by or bianji()
    version = editing.start_next(guide=guide, by=by)
    version.steps.filter(order=10).update(text=text, verified_by="", verified_on=None)
    editing.record_saved(guide=version, by=by)
    return Guide.everything.get(pk=version.pk)


def submitted(guide, text: str = "到村里登记。", *, by=None) -> Guide:
    version = written(guide, text, by=by)
    editing.submit(guide=version, by=by or bianji())
    return Guide.everything.get(pk=version.pk)


def steps(guide) -> list[str]:
    return list(Step.objects.filter(guide=guide.pk).values_list("text", flat=True))


def residents_page(client, guide) -> bytes:
    return client.get(reverse("guides:guide", args=[guide.slug])).content


# writing the next version


def test_the_next_version_is_a_whole_copy_that_nobody_outside_sees(client, guide):
    page, stamp = residents_page(client, guide), ContentStamp.current()
    version = editing.start_next(guide=guide, by=bianji())
    copied = documents.export(Guide.everything.whole().get(pk=version.pk))
    assert copied == documents.export(Guide.objects.whole().get(pk=guide.pk))
    written(guide, "改了又改。")
    assert residents_page(client, guide) == page
    assert ContentStamp.current() == stamp
    assert client.get("/api/v1/search", {"q": "改了又改"}).json()["results"] == []
    assert [g.pk for g in Guide.objects.all()] == [guide.pk]
    assert list(guide.revisions.values_list("number", flat=True)) == [1]


def test_whoever_comes_second_gets_the_version_that_is_open(guide):
    first = editing.start_next(guide=guide, by=bianji())
    second = editing.start_next(guide=guide, by=editor())
    assert (second.pk, second.authors) == (first.pk, [bianji().pk])


def test_a_draft_has_no_next_version():
    with pytest.raises(NotPossible, match="还没有发布过"):
        editing.start_next(guide=make_guide(status=Status.DRAFT), by=bianji())


def test_a_version_nobody_wants_goes_and_leaves_the_public_one(client, guide):
    page = residents_page(client, guide)
    editing.drop_next(guide=written(guide), by=bianji())
    assert Guide.everything.count() == 1
    assert residents_page(client, guide) == page
    with pytest.raises(NotPossible, match="不是下一版"):
        editing.drop_next(guide=guide, by=bianji())


def test_what_waits_for_review_is_not_dropped(guide):
    version = submitted(guide)
    with pytest.raises(NotPossible, match="待审核"):
        editing.drop_next(guide=version, by=bianji())
    assert Guide.everything.filter(pk=version.pk).exists()


# review by somebody else


def test_publishing_writes_onto_the_public_row_with_one_revision_that_names_both(client, guide):
    pk, asked = guide.pk, make_request(guide=guide)
    for _ in range(5):
        record_refusal(guide=guide, material="户口簿", reason=RefusalReason.ABSENT, case="", at=RefusedAt.WINDOW)
    often = Guide.objects.get().often_refused
    stamp = ContentStamp.current()
    version = submitted(guide)
    editing.approve(guide=version, by=shenhe())
    guide = Guide.objects.get(slug=guide.slug)
    assert (guide.pk, guide.status, guide.often_refused, guide.authors) == (pk, Status.PUBLISHED, often, [])
    assert [row["material"] for row in often] == ["户口簿"]
    assert (guide.submitted_by, guide.reviewed_by) == ("边吉", "沈禾")
    assert steps(guide) == ["到村里登记。", "拿凭证。"]
    assert "到村里登记。" in residents_page(client, guide).decode()
    assert not Guide.everything.filter(pk=version.pk).exists()
    assert list(guide.revisions.values_list("number", "by")) == [(2, "边吉写，沈禾审"), (1, "内容文件")]
    assert ContentStamp.current() > stamp
    asked.refresh_from_db()
    assert asked.guide_id == pk
    assert GuideRevision.objects.exclude(guide=guide).count() == 0


def test_an_open_request_hears_exactly_what_the_published_version_changed(guide):
    asked = make_request(guide=guide, case="who=self", papers=(("户口簿", "原件1份"),), claimed_by=zhuli())
    version = editing.start_next(guide=guide, by=bianji())
    Material.objects.create(guide=version, name="照片", order=30)
    editing.record_saved(guide=version, by=bianji())
    assert desk.flag_changes() == 0
    editing.submit(guide=version, by=bianji())
    assert desk.flag_changes() == 0
    editing.approve(guide=version, by=shenhe())
    assert desk.flag_changes() == 1
    assert [(c.topic, c.name, c.before) for c in difference_for(asked).changes] == [("要带什么", "照片", "")]


def test_the_author_does_not_review_and_reads_who_can(guide):
    version = submitted(guide, by=shenhe())
    guanli(), editor("wang", "王审", Role.REVIEWER)
    with pytest.raises(NotPossible, match=r"您写过，不能自己审。可以审的有：管理、王审。"):
        editing.approve(guide=version, by=shenhe())
    with pytest.raises(NotPossible, match="您写过"):
        editing.approve(guide=version, by=shenhe(), publish_at=timezone.now() + datetime.timedelta(days=1))
    with pytest.raises(NotPossible, match="您写过"):
        editing.send_back(guide=version, by=shenhe(), remark="改一改。")
    assert steps(guide) == ["到社区登记。", "拿凭证。"]
    editing.approve(guide=version, by=guanli())
    assert steps(guide) == ["到村里登记。", "拿凭证。"]


def test_whoever_saved_it_once_stays_an_author_whoever_saves_later(guide):
    version = written(guide, by=shenhe())
    version.steps.filter(order=20).update(text="拿参保凭证。")
    editing.record_saved(guide=version, by=bianji())
    editing.submit(guide=version, by=bianji())
    editing.take_back(guide=version, by=bianji())
    editing.submit(guide=version, by=bianji())
    with pytest.raises(NotPossible, match="您写过"):
        editing.approve(guide=version, by=shenhe())


def test_opening_and_saving_without_a_change_makes_nobody_an_author(guide):
    version = written(guide)
    editing.record_saved(guide=version, by=shenhe(), changed=False)
    assert Guide.everything.get(pk=version.pk).authors == [bianji().pk]


def test_a_superuser_does_not_review_their_own_work_either(guide):
    root = make_user("root", name="超管", is_superuser=True, is_staff=True)
    with pytest.raises(NotPossible, match="现在没有别人能审"):
        editing.approve(guide=submitted(guide, by=root), by=root)


def test_an_editor_does_not_publish_somebody_elses_work(guide):
    with pytest.raises(NotPossible, match="由管这个部门的审核来做"):
        editing.approve(guide=submitted(guide), by=editor())


def test_what_was_not_submitted_is_not_published(guide):
    for row in (written(guide), make_guide("yibao-002", status=Status.DRAFT, authors=[bianji().pk])):
        with pytest.raises(NotPossible, match="没有提交审核"):
            editing.approve(guide=row, by=shenhe())


def test_a_draft_that_a_command_loaded_has_no_author_and_any_reviewer_publishes_it():
    draft = make_guide(status=Status.DRAFT)
    editing.approve(guide=draft, by=shenhe())
    assert (Guide.objects.get().status, draft.revisions.get().by) == (Status.PUBLISHED, "沈禾审")


def test_a_first_draft_goes_the_same_way(client):
    draft = make_guide(status=Status.DRAFT)
    editing.record_saved(guide=draft, by=bianji())
    editing.submit(guide=draft, by=bianji())
    assert client.get(reverse("guides:guide", args=[draft.slug])).status_code == 404
    editing.approve(guide=draft, by=shenhe())
    assert client.get(reverse("guides:guide", args=[draft.slug])).status_code == 200
    assert draft.revisions.first().by == "边吉写，沈禾审"


def test_what_is_scheduled_or_in_review_for_the_first_time_is_not_public(client):
    for number, status in enumerate((Status.REVIEW, Status.SCHEDULED), start=1):
        made = make_guide(f"yibao-00{number}", status=status, publish_at=MORNING if status == Status.SCHEDULED else None)
        for address in (reverse("guides:guide", args=[made.slug]), f"/api/v1/guides/{made.slug}", reverse("elder:guide", args=[made.slug])):
            assert client.get(address).status_code == 404


def test_a_draft_that_was_only_begun_cannot_be_submitted(guide):
    draft = make_guide("yibao-002", status=Status.DRAFT, answer="")
    with pytest.raises(NotPossible, match="缺：一句话回答"):
        editing.submit(guide=draft, by=bianji())
    assert Guide.objects.get(pk=draft.pk).status == Status.DRAFT


def test_a_version_without_a_change_is_not_submitted(guide):
    with pytest.raises(NotPossible, match="没有要审的"):
        editing.submit(guide=editing.start_next(guide=guide, by=bianji()), by=bianji())


def test_sent_back_with_a_remark_it_is_written_on_by_the_same_authors(guide):
    version = submitted(guide)
    with pytest.raises(NotPossible, match="写一句"):
        editing.send_back(guide=version, by=shenhe(), remark="  ")
    editing.send_back(guide=version, by=shenhe(), remark="村里没有窗口，写社区。")
    now = Guide.everything.get(pk=version.pk)
    assert (now.status, now.review_remark, now.authors) == (Status.DRAFT, "村里没有窗口，写社区。", [bianji().pk])
    with pytest.raises(NotPossible, match="草稿"):
        editing.send_back(guide=version, by=shenhe(), remark="再说一遍。")
    editing.submit(guide=version, by=bianji())
    assert Guide.everything.get(pk=version.pk).review_remark == ""


def test_each_act_stands_in_the_history_of_the_public_guide(guide):
    version = submitted(guide)
    editing.send_back(guide=version, by=shenhe(), remark="改一改。")
    editing.submit(guide=version, by=bianji())
    editing.approve(guide=version, by=shenhe())
    editing.still_valid(guide=guide, by=bianji())
    editing.withdraw(guide=guide, by=shenhe())
    entries = LogEntry.objects.filter(object_id=str(guide.pk)).order_by("pk").values_list("user__username", "change_message")
    assert list(entries) == [
        ("bianji", "开始改下一版"), ("bianji", "提交审核"), ("shenhe", "退回：改一改。"), ("bianji", "提交审核"), ("shenhe", "审核通过，发布"),
        ("bianji", "仍然有效"), ("shenhe", "撤下"),
    ]  # fmt: skip
    assert LogEntry.objects.exclude(object_id=str(guide.pk)).count() == 0


# at a set time


def test_it_is_published_when_its_time_has_come_and_once(client, guide):
    version = submitted(guide)
    with time_machine.travel(MORNING - datetime.timedelta(hours=1), tick=False):
        page = residents_page(client, guide)
        editing.approve(guide=version, by=shenhe(), publish_at=MORNING)
        assert editing.publish_due(timezone.now()) == 0
        assert residents_page(client, guide) == page
    assert editing.publish_due(MORNING) == 1
    assert editing.publish_due(MORNING) == 0
    assert steps(guide) == ["到村里登记。", "拿凭证。"]
    assert guide.revisions.first().by == "边吉写，沈禾审"


def test_a_time_that_is_past_or_far_away_is_refused(guide):
    version, now = submitted(guide), timezone.now()
    for when in (now, now + datetime.timedelta(days=400)):
        with pytest.raises(NotPossible, match="以后的时间"):
            editing.approve(guide=version, by=shenhe(), publish_at=when)
    assert Guide.everything.get(pk=version.pk).status == Status.REVIEW


def test_taken_back_it_is_not_published_at_its_time_and_the_authors_stay(guide):
    version = submitted(guide)
    editing.approve(guide=version, by=shenhe(), publish_at=timezone.now() + datetime.timedelta(hours=1))
    editing.take_back(guide=version, by=bianji())
    assert editing.publish_due(timezone.now() + datetime.timedelta(days=1)) == 0
    now = Guide.everything.get(pk=version.pk)
    assert (now.status, now.publish_at, now.reviewed_by, now.authors) == (Status.DRAFT, None, "", [bianji().pk])


def test_what_cannot_be_published_at_its_time_goes_back_with_the_reason(guide):
    version = submitted(guide)
    editing.approve(guide=version, by=shenhe(), publish_at=timezone.now() + datetime.timedelta(hours=1))
    guide.steps.filter(order=10).update(text="到街道登记。")
    record_change(guide=guide, by="内容文件")
    assert editing.publish_due(timezone.now() + datetime.timedelta(days=1)) == 0
    now = Guide.everything.get(pk=version.pk)
    assert (now.status, now.publish_at) == (Status.DRAFT, None)
    assert now.review_remark.startswith("到了时间没有发布。")
    assert "怎么办" in now.review_remark
    assert steps(guide) == ["到街道登记。", "拿凭证。"]


# what changed for residents meanwhile


def test_names_learnt_and_facts_verified_meanwhile_are_carried_over(guide):
    version = submitted(guide)
    Guide.objects.filter(pk=guide.pk).update(aliases=["医保", "合作医疗"], phrasings=["看病的钱咋交"])
    verify(rows=list(guide.steps.all()), guide=guide, by="沈禾")
    editing.still_valid(guide=guide, by=shenhe())
    editing.approve(guide=version, by=shenhe())
    guide.refresh_from_db()
    assert (guide.aliases, guide.phrasings, guide.checked_on) == (["医保", "合作医疗"], ["看病的钱咋交"], timezone.localdate())
    assert list(guide.steps.values_list("text", "verified_by")) == [("到村里登记。", ""), ("拿凭证。", "沈禾")]
    assert guide.statements.get().verified_on == CHECKED["verified_on"]


def test_an_import_by_the_operator_in_another_part_is_kept(guide):
    version = submitted(guide)
    text = export_domain(guide.domain).replace("户口簿", "户口本")
    assert "户口本" in text
    assert list(import_guides([text], by="内容文件", dry_run=False).changed) == [guide.slug]
    editing.approve(guide=version, by=shenhe())
    assert steps(guide) == ["到村里登记。", "拿凭证。"]
    assert [m.name for m in guide.materials.all()] == ["户口本", "委托书"]


def test_what_both_sides_changed_is_refused_by_name_until_somebody_looked(guide):
    version = written(guide)
    guide.steps.filter(order=10).update(text="到街道登记。")
    record_change(guide=guide, by="内容文件")
    with pytest.raises(NotPossible, match="两边都动过：怎么办"):
        editing.submit(guide=version, by=bianji())
    editing.keep_mine(guide=version, by=bianji())
    editing.submit(guide=version, by=bianji())
    editing.approve(guide=version, by=shenhe())
    assert steps(guide) == ["到村里登记。", "拿凭证。"]


def test_a_conflict_that_comes_during_the_review_stops_it(guide):
    version = submitted(guide)
    guide.steps.filter(order=10).update(text="到街道登记。")
    record_change(guide=guide, by="内容文件")
    with pytest.raises(NotPossible, match="两边都动过"):
        editing.approve(guide=version, by=shenhe())
    assert steps(guide) == ["到街道登记。", "拿凭证。"]
    assert Guide.everything.get(pk=version.pk).status == Status.REVIEW


def test_a_withdrawn_guide_comes_back_with_its_next_version(client, guide):
    version = submitted(guide)
    editing.withdraw(guide=guide, by=shenhe())
    with pytest.raises(NotPossible, match="已撤下"):
        editing.withdraw(guide=guide, by=shenhe())
    assert client.get(reverse("guides:guide", args=[guide.slug])).status_code == 410
    editing.approve(guide=version, by=shenhe())
    assert client.get(reverse("guides:guide", args=[guide.slug])).status_code == 200


# back to an earlier version, and still valid


def test_an_earlier_version_comes_back_through_review_and_keeps_what_was_learnt(guide):
    editing.approve(guide=submitted(guide), by=shenhe())
    Guide.objects.filter(pk=guide.pk).update(aliases=["医保", "合作医疗"])
    version = editing.roll_back(guide=guide, number=1, by=bianji())
    assert steps(version) == ["到社区登记。", "拿凭证。"]
    assert steps(guide) == ["到村里登记。", "拿凭证。"]
    editing.submit(guide=version, by=bianji())
    editing.approve(guide=version, by=shenhe())
    guide.refresh_from_db()
    assert (steps(guide), guide.aliases) == (["到社区登记。", "拿凭证。"], ["医保", "合作医疗"])
    assert guide.steps.get(order=10).verified_on == CHECKED["verified_on"]
    assert [r.by for r in guide.revisions.all()][0] == "边吉写，沈禾审"


def test_going_back_overwrites_nobodys_open_version(guide):
    version = written(guide)
    with pytest.raises(NotPossible, match="有人正在改下一版"):
        editing.roll_back(guide=guide, number=1, by=shenhe())
    assert steps(version) == ["到村里登记。", "拿凭证。"]
    editing.drop_next(guide=version, by=bianji())
    with pytest.raises(NotPossible, match="没有第9版"):
        editing.roll_back(guide=guide, number=9, by=shenhe())


@time_machine.travel(datetime.datetime(2026, 11, 27, 4, tzinfo=datetime.UTC), tick=False)
def test_still_valid_moves_the_dates_and_no_mark(guide):
    editing.still_valid(guide=guide, by=bianji())
    guide.refresh_from_db()
    assert (guide.checked_on, guide.review_on) == (datetime.date(2026, 11, 27), datetime.date(2027, 11, 27))
    assert [row.verified_on for row in (guide.statements.get(), guide.steps.first())] == [CHECKED["verified_on"]] * 2
    assert guide.revisions.first().by == "边吉"
    Guide.objects.filter(pk=guide.pk).update(review_on=datetime.date(2026, 12, 20))
    editing.still_valid(guide=guide, by=bianji())
    assert Guide.objects.get(pk=guide.pk).review_on == datetime.date(2026, 12, 20)


def test_a_leap_day_has_its_next_year():
    assert editing.a_year_after(datetime.date(2028, 2, 29)) == datetime.date(2029, 2, 28)


# files of editors


def imported(text: str, by, **options):
    return import_guides([text], by="边吉", dry_run=False, may_verify=False, author=by, **options)


def test_an_editors_file_writes_the_next_version_and_residents_read_on(client, guide):
    page, text = residents_page(client, guide), export_domain(guide.domain).replace("到社区登记。", "到村里登记。")
    assert list(imported(text, bianji()).changed) == [guide.slug]
    version = guide.next_version
    assert (steps(version), version.status, version.authors) == (["到村里登记。", "拿凭证。"], Status.DRAFT, [bianji().pk])
    assert residents_page(client, guide) == page
    again = editor()
    imported(text.replace("到村里登记。", "到街道登记。"), again)
    version = Guide.everything.get(next_of=guide)
    assert (steps(version), version.authors) == (["到街道登记。", "拿凭证。"], [bianji().pk, again.pk])


def test_an_editors_file_that_changes_nothing_begins_nothing(guide):
    assert imported(export_domain(guide.domain), bianji()).unchanged == [guide.slug]
    assert Guide.everything.count() == 1


def test_a_file_does_not_write_into_what_is_being_reviewed(guide):
    text, version = export_domain(guide.domain).replace("到社区登记。", "到街道登记。"), submitted(guide)
    report = imported(text, bianji())
    assert [str(problem) for problem in report.problems] == ["yibao-001：正在等审核，先打开它“收回来改”，再导入。"]
    assert steps(version) == ["到村里登记。", "拿凭证。"]


# departments


def posted(user, department: str):
    EditorPosting.objects.create(user=user, district=make_area(DISTRICT), department=department)
    return type(user).objects.get(pk=user.pk)


def test_an_editor_posted_to_a_department_has_its_guides_and_their_next_versions(guide):
    other = make_guide("minzheng-001", department="区民政局")
    version = editing.start_next(guide=guide, by=bianji())
    hers = posted(editor(), "区医疗保障局")
    assert set(guides_of(hers)) == {guide, version}
    assert set(guides_of(posted(hers, ""))) == {guide, version, other}
    assert set(guides_of(bianji())) == {guide, version, other}


def test_a_guide_of_two_departments_belongs_to_both(guide):
    hers = posted(editor(), "区医疗保障局")
    names = ("区税务局/区医疗保障局", "区医疗保障局/区税务局", "甲局/区医疗保障局/乙局", "区医疗保障局分局", "县区医疗保障局")
    made = [make_guide(f"yibao-01{number}", department=name) for number, name in enumerate(names)]
    assert set(guides_of(hers)) == {guide, *made[:3]}
    assert [may_write(hers, district=DISTRICT, department=name) for name in names] == [True, True, True, False, False]


def test_a_posting_in_another_district_shows_nothing_of_this_one(guide):
    other = make_area("640202000000")
    user = editor()
    EditorPosting.objects.create(user=user, district=other)
    assert list(guides_of(user)) == []


def test_only_reviewers_of_the_department_review(guide):
    version, of_civil_affairs = submitted(guide), posted(editor("minzheng", "民审", Role.REVIEWER), "区民政局")
    with pytest.raises(NotPossible, match="由管这个部门的审核来做"):
        editing.approve(guide=version, by=of_civil_affairs)
    assert shenhe() in reviewers_of(version)
    assert of_civil_affairs not in reviewers_of(version)


def test_a_file_with_guides_of_another_department_is_refused_whole(guide):
    text = export_domain(guide.domain)
    report = imported(text.replace("到社区登记。", "到村里登记。"), posted(editor(), "区民政局"))
    assert "不归您管" in str(report.problems[0])
    assert Guide.everything.count() == 1
    hers = posted(editor("yibao", "保编"), "区医疗保障局")
    assert "不归您管" in str(imported(text.replace("区医疗保障局", "区民政局"), hers).problems[0])


# two at once


def race(*acts) -> list:
    """Run these at the same moment, each on a connection of its own; what each raised or returned."""
    start, found = Barrier(len(acts)), []

    def run(act):
        start.wait()
        try:
            found.append(act() or "done")
        except NotPossible as refusal:
            found.append(refusal)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_one_publishes_and_the_other_is_told(guide):
    version, people = submitted(guide), (shenhe(), guanli())
    found = race(*(lambda by=by: editing.approve(guide=version, by=by) for by in people))
    assert [str(item)[:4] for item in found].count("done") == 1
    assert "刚刚发布了" in str(next(item for item in found if item != "done"))
    assert guide.revisions.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_machines_publish_what_is_due_once(guide):
    version = submitted(guide)
    editing.approve(guide=version, by=shenhe(), publish_at=timezone.now() + datetime.timedelta(hours=1))
    later = timezone.now() + datetime.timedelta(hours=2)
    counts = race(*[lambda: editing.publish_due(later)] * 3)
    assert sorted(map(str, counts)) == ["1", "done", "done"]
    assert guide.revisions.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_begin_at_once_get_the_same_version(guide):
    found = race(*(lambda by=by: editing.start_next(guide=guide, by=by) for by in (bianji(), shenhe(), guanli())))
    assert len({version.pk for version in found}) == 1
    assert Guide.everything.filter(next_of=guide).count() == 1


@pytest.mark.django_db(transaction=True)
def test_sent_back_and_published_at_once_it_is_one_of_them(guide):
    version, text = submitted(guide), "到村里登记。"
    found = race(lambda: editing.approve(guide=version, by=shenhe()), lambda: editing.send_back(guide=version, by=guanli(), remark="改。"))
    assert sum(item == "done" for item in found) == 1
    assert (text in steps(guide)) is not Guide.everything.filter(pk=version.pk).exists()
