"""Content packs between two districts: drafts arrive, nothing verified; what both changed is kept ours and shown; the same pack twice changes nothing."""

from io import StringIO
from threading import Barrier, Thread

import pytest
import yaml
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides import actions, documents, editing, transfer
from guides.models import (
    Area,
    ContentStamp,
    Counter,
    Domain,
    EditorPosting,
    Fact,
    Guide,
    GuideRevision,
    Level,
    Material,
    Office,
    PackEntry,
    Statement,
    Status,
    Step,
)
from guides.pack_files import export_pack, import_pack, read_pack
from guides.packs import PHONE_GAP
from tests.factories import make_area, make_guide, make_paper, make_situation, make_user
from tests.people import bianji

pytestmark = pytest.mark.django_db
HOME, AWAY = "640205000000", "640221000000"


@pytest.fixture
def home() -> Area:
    return make_area(HOME)


@pytest.fixture
def away() -> Area:
    return Area.objects.create(code=AWAY, name="平罗县", level=Level.DISTRICT)


@pytest.fixture
def pingluo(away):
    """马平, editor of 平罗县."""
    user = make_user("maping", name="马平", role="编辑", is_staff=True)
    EditorPosting.objects.create(user=user, district=away)
    return user


@pytest.fixture
def guide(home) -> Guide:
    guide = make_guide(fee="不收钱", hotline="0952-3012233", checked_on="2026-11-20")
    Fact.objects.create(guide=guide, field="fee", mark="V", source="国发〔2016〕3号", verified_by="公开文件", verified_on="2026-11-20")
    Fact.objects.create(guide=guide, field="hotline")
    for number, text in enumerate(("先问清楚。", "带身份证去。", "等通知。"), start=1):
        Step.objects.create(guide=guide, text=text, order=number, verified_by="沈禾", verified_on="2026-11-20")
    make_paper(guide, "居民身份证", issued_by=make_guide("huji-006", plain_title="补身份证"))
    hall = Office.objects.create(code="hall", name="惠农区政务服务中心", kind="hall", area=home, phone="0952-3012233")
    Counter.objects.create(guide=guide, kind="hall", office=hall)
    return guide


def there(slug: str = "yibao-001") -> Guide:
    return Guide.objects.whole().get(district=AWAY, slug=slug)


def sent(home, away, by, **chosen):
    """Today's pack of 惠农区 brought into 平罗县."""
    return import_pack(export_pack(home), district=away, by=by, dry_run=False, **chosen)


def change_step(guide: Guide, before: str, after: str) -> None:
    assert guide.steps.filter(text=before).update(text=after) == 1


def steps(guide: Guide) -> list[str]:
    return [step.text for step in guide.steps.all()]


# arriving


def test_new_guides_arrive_as_drafts_of_the_district_and_nothing_is_verified(home, away, pingluo, guide):
    report = sent(home, away, pingluo)
    assert [line.slug for line in report.added] == ["huji-006", "yibao-001"]
    arrived = there()
    assert (arrived.status, arrived.authors, arrived.checked_on, arrived.hotline, arrived.fee) == (Status.DRAFT, [pingluo.pk], None, "", "不收钱")
    parts = (arrived.facts, arrived.statements, arrived.materials, arrived.steps, arrived.counters)
    assert [row for part in parts for row in part.all() if row.is_verified] == []
    assert arrived.steps.first().source == "来自惠农区"
    assert (arrived.counters.get().office, arrived.counters.get().source) == (None, "来自惠农区：原来只在“惠农区政务服务中心”办")
    assert arrived.materials.get().issued_by == there("huji-006")
    assert Guide.objects.filter(district=HOME).count() == 2
    assert arrived.revisions.get().by == "马平"


def test_a_hand_in_the_file_verifies_nothing(home, away, pingluo, guide):
    text = export_pack(home).replace("{text: 带身份证去。, mark: K,", "{text: 带身份证去。, mark: K, verified_by: 骗子, verified_on: 2026-11-01,")
    assert "骗子" in text
    import_pack(text, district=away, by=pingluo, dry_run=False)
    assert [step.verified_by for step in there().steps.all()] == ["", "", ""]


def test_local_numbers_stay_at_home_unless_asked_for(home, away, pingluo, guide):
    Statement.objects.create(guide=guide, kind="note", text="先打0952-3012233。")
    assert "3012233" not in export_pack(home)
    assert PHONE_GAP in export_pack(home)
    text = export_pack(home, with_local=True)
    report = import_pack(text, district=away, by=pingluo, dry_run=False)
    assert there().hotline == "0952-3012233"
    assert there().facts.get(field="hotline").source == "来自惠农区"
    assert "没有代号是 hall 的办理地点" in " ".join(report.warnings)
    assert there().counters.get().office is None


def test_the_name_of_the_other_district_in_a_text_is_pointed_at(home, away, pingluo, guide):
    Statement.objects.create(guide=guide, kind="condition", text="惠农区的居民。")
    assert any("惠农区" in warning and "yibao-001" in warning for warning in sent(home, away, pingluo).warnings)


def test_drafts_and_withdrawn_ones_stay_at_home(home, guide):
    make_guide("yibao-002", status="draft")
    make_guide("yibao-003", status="withdrawn")
    editing.start_next(guide=guide, by=bianji())
    assert [g["slug"] for t in read_pack(export_pack(home)).topics for g in t["guides"]] == ["huji-006", "yibao-001"]
    assert [g["slug"] for t in read_pack(export_pack(home, with_drafts=True)).topics for g in t["guides"]] == ["huji-006", "yibao-001", "yibao-002"]
    assert [g["slug"] for t in read_pack(export_pack(home, topics=[guide.domain])).topics for g in t["guides"]] == ["yibao-001"]


def test_export_import_export_is_the_same(home, away, pingluo, guide):
    out = read_pack(export_pack(home))
    sent(home, away, pingluo)
    back = read_pack(export_pack(away, with_drafts=True))
    assert back.topics == out.topics
    assert (out.name, back.name) == ("惠农区", "平罗县")


def test_a_pack_is_asked_for_in_as_many_queries_for_three_as_for_one(home, guide, django_assert_num_queries):
    with CaptureQueriesContext(connection) as one:
        export_pack(home)
    for slug in ("yibao-002", "yibao-003"):
        make_paper(make_guide(slug), "户口簿")
    with django_assert_num_queries(len(one)):
        export_pack(home)


# again


def test_the_same_pack_twice_changes_nothing(home, away, pingluo, guide):
    text = export_pack(home)
    import_pack(text, district=away, by=pingluo, dry_run=False)
    before = (GuideRevision.objects.count(), ContentStamp.current(), LogEntry.objects.count(), list(PackEntry.objects.values_list()), there().updated_at)
    report = import_pack(text, district=away, by=pingluo, dry_run=False)
    assert [line.slug for line in report.unchanged] == ["huji-006", "yibao-001"]
    assert (report.added, report.updated, report.kept, report.conflicts) == ([], [], [], [])
    assert (GuideRevision.objects.count(), ContentStamp.current(), LogEntry.objects.count(), list(PackEntry.objects.values_list()), there().updated_at) == before


def test_a_dry_run_says_the_same_and_writes_nothing(home, away, pingluo, guide):
    text = export_pack(home)
    tried = import_pack(text, district=away, by=pingluo, dry_run=True)
    assert (Guide.objects.filter(district=AWAY).count(), PackEntry.objects.count()) == (0, 0)
    assert import_pack(text, district=away, by=pingluo, dry_run=False) == tried


def test_only_they_changed_it_is_taken_into_the_draft(home, away, pingluo, guide):
    sent(home, away, pingluo)
    change_step(guide, "等通知。", "等短信。")
    Material.objects.filter(guide=guide).update(how="丢了先补。")
    report = sent(home, away, pingluo)
    assert [(line.slug, line.texts) for line in report.updated] == [("yibao-001", ("要带什么 第1条", "怎么办 第3条"))]
    assert steps(there()) == ["先问清楚。", "带身份证去。", "等短信。"]
    assert there().materials.get().how == "丢了先补。"


def test_local_edits_are_kept_and_theirs_beside_them_are_taken(home, away, pingluo, guide):
    sent(home, away, pingluo)
    change_step(there(), "先问清楚。", "先打平罗的电话问清楚。")
    Guide.objects.filter(district=AWAY, slug="yibao-001").update(hotline="0952-6012233", answer="平罗的回答。")
    Fact.objects.create(guide=there(), field="hotline")
    change_step(guide, "等通知。", "等短信。")
    assert sent(home, away, pingluo).conflicts == []
    assert steps(there()) == ["先打平罗的电话问清楚。", "带身份证去。", "等短信。"]
    assert (there().hotline, there().answer) == ("0952-6012233", "平罗的回答。")


def test_what_both_changed_stays_ours_and_is_shown_until_somebody_chooses(home, away, pingluo, guide):
    sent(home, away, pingluo)
    change_step(there(), "等通知。", "等平罗的通知。")
    change_step(guide, "等通知。", "等短信。")
    text = export_pack(home)
    [(line, conflict)] = import_pack(text, district=away, by=pingluo, dry_run=True).conflicts
    assert (conflict.part, conflict.ours["text"], conflict.theirs["text"]) == ("怎么办 第3条", "等平罗的通知。", "等短信。")
    assert len(import_pack(text, district=away, by=pingluo, dry_run=True, take_theirs={f"huji-006#{conflict.key}"}).conflicts) == 1
    import_pack(text, district=away, by=pingluo, dry_run=False, take_theirs={f"{line.slug}#{conflict.key}"})
    assert steps(there())[2] == "等短信。"


def test_ours_stays_where_nobody_chose_and_is_not_asked_again(home, away, pingluo, guide):
    sent(home, away, pingluo)
    change_step(there(), "等通知。", "等平罗的通知。")
    change_step(guide, "等通知。", "等短信。")
    assert len(sent(home, away, pingluo).conflicts) == 1
    assert steps(there())[2] == "等平罗的通知。"
    assert sent(home, away, pingluo).conflicts == []
    assert steps(there())[2] == "等平罗的通知。"


def test_a_published_guide_gets_a_next_version_and_keeps_what_was_verified(home, away, pingluo, guide):
    sent(home, away, pingluo)
    there().steps.filter(text="带身份证去。").update(verified_by="杨平", verified_on="2026-11-25")
    Guide.objects.filter(district=AWAY).update(status=Status.PUBLISHED)
    actions.record_change(guide=there(), by="杨平")
    change_step(guide, "等通知。", "等短信。")
    sent(home, away, pingluo)
    assert (there().status, steps(there())[2]) == (Status.PUBLISHED, "等通知。")
    following = there().next_version
    assert (following.status, steps(following)) == (Status.DRAFT, ["先问清楚。", "带身份证去。", "等短信。"])
    assert [step.verified_by for step in following.steps.all()] == ["", "杨平", ""]
    assert pingluo.pk in following.authors
    count = GuideRevision.objects.count()
    sent(home, away, pingluo)
    assert GuideRevision.objects.count() == count


def test_a_next_version_that_somebody_writes_is_our_text(home, away, pingluo, guide):
    sent(home, away, pingluo)
    Guide.objects.filter(district=AWAY).update(status=Status.PUBLISHED)
    following = editing.start_next(guide=there(), by=pingluo)
    change_step(following, "先问清楚。", "先打12345。")
    change_step(guide, "等通知。", "等短信。")
    sent(home, away, pingluo)
    assert steps(there().next_version) == ["先打12345。", "带身份证去。", "等短信。"]


def test_what_is_in_review_is_left_alone_and_comes_the_next_time(home, away, pingluo, guide):
    sent(home, away, pingluo)
    Guide.objects.filter(district=AWAY, slug="yibao-001").update(status=Status.REVIEW)
    change_step(guide, "等通知。", "等短信。")
    assert [(line.slug, "等审核" in line.texts[0]) for line in sent(home, away, pingluo).skipped] == [("yibao-001", True)]
    assert steps(there())[2] == "等通知。"
    Guide.objects.filter(district=AWAY, slug="yibao-001").update(status=Status.DRAFT)
    sent(home, away, pingluo)
    assert steps(there())[2] == "等短信。"


def test_a_guide_of_the_same_name_that_never_came_from_there_is_ours(home, away, pingluo, guide):
    own = Guide.objects.create(slug="yibao-001", district=AWAY, domain=guide.domain, title="平罗的", plain_title="平罗的", answer="平罗的。", department="县医保局", counter_level="community")
    Step.objects.create(guide=own, text="平罗的一步。")
    report = sent(home, away, pingluo)
    assert {conflict.part for _, conflict in report.conflicts} == {"事项名称", "大白话名称", "一句话回答", "主管部门", "怎么办"}
    assert (there().answer, steps(there())) == ("平罗的。", ["平罗的一步。"])


def test_two_texts_that_do_not_fit_together_leave_ours_as_it_is(home, away, pingluo, guide):
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    sent(home, away, pingluo)
    there().situations.all().delete()
    Step.objects.create(guide=guide, text="家里人先登记。", only_for=["who=agent"], order=9)
    report = sent(home, away, pingluo)
    assert [line.slug for line in report.skipped] == ["yibao-001"]
    assert "手工改" in report.skipped[0].texts[0]
    assert "家里人先登记。" not in steps(there())


def test_what_is_gone_there_is_told_and_stays_here(home, away, pingluo, guide):
    make_guide("yibao-002")
    sent(home, away, pingluo)
    Guide.objects.filter(district=HOME, slug="yibao-002").update(status=Status.WITHDRAWN)
    assert [line.slug for line in sent(home, away, pingluo).gone] == ["yibao-002"]
    assert there("yibao-002")


def test_another_departments_guides_are_left_out(home, away, guide):
    make_guide("minzheng-001", department="民政局")
    user = make_user("minzheng", role="编辑", is_staff=True)
    EditorPosting.objects.create(user=user, district=away, department="民政局")
    report = sent(home, away, user)
    assert [line.slug for line in report.added] == ["minzheng-001"]
    assert {line.slug for line in report.skipped} == {"huji-006", "yibao-001"}


def test_nobody_imports_into_a_district_that_is_not_theirs(home, guide, pingluo):
    text = export_pack(home)
    report = import_pack(text, district=home, by=pingluo, dry_run=False)
    assert len(report.skipped) == 2
    assert PackEntry.objects.count() == 0


def test_a_paper_whose_guide_comes_later_is_connected_then_and_is_no_conflict(home, away, pingluo, guide):
    first = export_pack(home, topics=[guide.domain])
    report = import_pack(first, district=away, by=pingluo, dry_run=False)
    assert "huji-006 还没有，先不连" in " ".join(report.warnings)
    assert there().materials.get().issued_by is None
    Material.objects.filter(guide=guide).update(how="丢了先补。")
    assert import_pack(export_pack(home, topics=[guide.domain]), district=away, by=pingluo, dry_run=False).conflicts == []
    sent(home, away, pingluo)
    assert (there().materials.get().issued_by, there().materials.get().how) == (there("huji-006"), "丢了先补。")


# files made to break it


def pack(**changes) -> str:
    head = {"format": 1, "district": HOME, "name": "惠农区"} | changes.pop("pack", {})
    return yaml.safe_dump({"pack": head, "topics": []} | changes, allow_unicode=True)


GOOD = {
    "slug": "yibao-001", "title": "登记", "plain_title": "上医保", "audience": "personal", "department": "医保局", "aliases": ["上医保"], "counter_level": "community",
    "priority": 1, "answer": "到社区办。",
}  # fmt: skip


def topic(*guides, **domain) -> dict:
    return {"domain": {"slug": "yibao", "name": "医疗保障"} | domain, "guides": list(guides)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "不是内容包"),
        ("[1, 2]", "不是内容包"),
        ("pack: 1", "不是内容包"),
        ("domain: {slug: yibao, name: 医保}\nguides: []", "不是内容包"),
        ("a: &a [1]\nb: *a", "引用"),
        ("[" * 5000, "括号"),
        ("pack: {format: 1, format: 2}", "写了两遍"),
        (pack(pack={"format": 2}), "别的版本"),
        (pack(pack={"district": 640205000000}), "哪个区（县）"),
        (pack(pack={"district": "64020500000x"}), "哪个区（县）"),
        (pack(pack={"name": ["惠农区"]}), "哪个区（县）"),
        (pack(topics=["yibao"]), "每个主题"),
        (pack(topics=[{"domain": "yibao", "guides": []}]), "每个主题"),
        (pack(topics=[topic(name=3)]), "写成 {slug"),
        (pack(topics=[topic({"slug": "yibao-001"})]), "yibao-001：缺少 title"),
        (pack(topics=[topic("yibao-001")]), "医疗保障 第1个事项"),
        (pack(topics=[topic(GOOD, dict(GOOD, aliases=["医保"]))]), "出现了两次"),
        (pack(topics=[topic(GOOD | {"evil": "x"})]), "不认识 evil"),
        (pack(topics=[topic(GOOD | {"counter_level": "moon"})]), "yibao-001"),
        (pack(topics=[topic(GOOD | {"steps": [{"text": "甲", "only_for": ["who=self"]}]})]), "没有“who=self”"),
        (pack(topics=[topic(GOOD | {"steps": [{"text": "甲" * 400}]})]), "yibao-001"),
    ],
)
def test_a_wrong_file_is_told_in_words_and_nothing_is_written(away, pingluo, text, sentence):
    report = import_pack(text, district=away, by=pingluo, dry_run=False)
    assert sentence in "\n".join(report.problems)
    assert (Guide.objects.count(), PackEntry.objects.count(), Domain.objects.count()) == (0, 0, 0)


def test_one_wrong_guide_and_nothing_is_written(away, pingluo):
    text = pack(topics=[topic(GOOD, GOOD | {"slug": "yibao-002", "steps": [{"text": "甲" * 400}]})])
    assert import_pack(text, district=away, by=pingluo, dry_run=False).problems
    assert Guide.objects.count() == 0


# commands


def test_the_commands_from_one_district_to_the_other(home, away, pingluo, guide, tmp_path):
    file, out = tmp_path / "pack.yaml", StringIO()
    call_command("export_pack", file, "--topic", "yibao", stdout=out)
    assert "惠农区的办事指南，1份" in out.getvalue()
    call_command("import_pack", file, "--by", "maping", "--district", AWAY, "--dry-run", stdout=out)
    assert "只是试跑" in out.getvalue()
    assert Guide.objects.filter(district=AWAY).count() == 0
    call_command("import_pack", file, "--by", "maping", "--district", AWAY, stdout=out)
    assert "新增  yibao-001 交医保（城乡居民）" in out.getvalue()
    assert there().status == Status.DRAFT


@pytest.mark.parametrize(
    ("command", "options", "sentence"),
    [
        ("export_pack", ["--district", "000000000000"], "没有 000000000000"),
        ("export_pack", ["--topic", "yibao", "--topic", "moon"], "没有这个主题：moon"),
        ("import_pack", ["--by", "nobody"], "没有 nobody 这个账号"),
        ("import_pack", ["--by", "bianji", "--district", "1"], "没有 1 这个区"),
        ("import_pack", ["--by", "bianji"], "读不了"),
    ],
)
def test_the_commands_say_what_is_missing(home, guide, tmp_path, command, options, sentence):
    bianji()
    with pytest.raises(CommandError, match=sentence):
        call_command(command, tmp_path / "pack.yaml", *options)


def test_a_file_too_large_is_not_read(home, tmp_path, monkeypatch):
    bianji()
    (tmp_path / "pack.yaml").write_text("x" * 100)
    monkeypatch.setattr("guides.management.commands.import_pack.MAX_BYTES", 99)
    with pytest.raises(CommandError, match="太大"):
        call_command("import_pack", tmp_path / "pack.yaml", "--by", "bianji")


def test_a_pack_reads_like_the_other_files(home, guide):
    """Somebody opens it in an editor: Chinese as it is, a guide as in fixtures/README.md."""
    text = export_pack(home)
    assert text.startswith("# 惠农区的办事指南，2份。")
    assert "- {text: 带身份证去。, mark: K, source: 来自惠农区}" in text
    entry = transfer.parse(text)["topics"][1]["guides"][0]
    assert set(entry) <= set(documents.export(Guide.objects.whole().get(pk=guide.pk)))


# two at once


@pytest.mark.django_db(transaction=True)
def test_two_who_import_the_same_pack_at_one_moment_make_each_guide_once(home, away, pingluo, guide):
    text, start, reports, failures = export_pack(home), Barrier(2), [], []

    def run():
        start.wait()
        try:
            reports.append(import_pack(text, district=away, by=pingluo, dry_run=False))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted((len(report.added), len(report.unchanged)) for report in reports) == [(0, 2), (2, 0)]
    assert Guide.objects.filter(district=AWAY).count() == 2
    assert there().revisions.count() == 1
