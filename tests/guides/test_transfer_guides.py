"""Guides by Excel: seven sheets that say exactly what a guide's document says, and whose mistakes are told at their cells."""

from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from guides import documents
from guides.models import Answer, Fact, Guide, GuideRevision, Material, Situation, Status, Step
from menpai.exchange import KINDS
from tests.conftest import ROOT
from tests.exchange import book_of, exported, problems, run, with_cell
from tests.factories import make_guide
from tests.people import bianji, shenhe

pytestmark = pytest.mark.django_db
CHECKED = {"verified_by": "沈禾", "verified_on": "2026-11-01"}


@pytest.fixture
def guide(roles):
    """With something on every sheet."""
    guide = make_guide(fee="不收费", promised_limit=3, season_from="09-01", season_to="12-31", aliases=["合疗", "新农合"], phrasings=["怎么交医保？"])
    for field in ("fee", "promised_limit", "season"):
        Fact.objects.create(guide=guide, field=field, note="补充", **CHECKED)
    situation = Situation.objects.create(guide=guide, key="who", question="谁去办？", order=10)
    for order, (key, label) in enumerate((("self", "本人去"), ("agent", "别人替办")), start=1):
        Answer.objects.create(situation=situation, key=key, label=label, order=order * 10)
    Material.objects.create(guide=guide, name="=委托书", order=10, only_for=["who=agent"], later=False, **CHECKED)
    Material.objects.create(guide=guide, name="户口簿", order=20, mark="V", source="某文件", verified_by="公开文件", verified_on="2026-11-01")
    Step.objects.create(guide=guide, text="到社区登记。\n拿凭证。", order=10)
    guide.statements.create(kind="basis", text="某条例", order=10)
    guide.counters.create(kind="station", order=10, note="一楼")
    return guide


def edited(guide, place: str, value, sheet: str) -> BytesIO:
    return with_cell(exported("guides", shenhe()), sheet, place, value)


def test_all_guides_of_the_district_go_out_and_come_back_without_a_change(district, roles):
    call_command("load_offices", ROOT / "fixtures/offices.yaml", stdout=StringIO())
    call_command("load_guides", *sorted((ROOT / "fixtures/guides").glob("*.yaml")), stdout=StringIO())
    before = {guide.slug: documents.export(guide) for guide in Guide.objects.whole()}
    revisions = GuideRevision.objects.count()
    report = run("guides", exported("guides", bianji()), bianji())
    assert (list(map(str, report.problems)), report.unchanged, report.changed) == ([], len(before), 0)
    assert len(before) == 179
    assert GuideRevision.objects.count() == revisions
    everything = exported("guides", shenhe())
    Guide.objects.all().delete()
    report = run("guides", everything, shenhe())
    assert (list(map(str, report.problems)), report.added) == ([], 179)
    assert {guide.slug: documents.export(guide) for guide in Guide.objects.whole()} == before


def test_a_changed_cell_changes_that_and_nothing_else(guide):
    before = documents.export(Guide.objects.whole().get())
    report = run("guides", edited(guide, "B2", "到村里登记。", "步骤"), bianji())
    assert [(row["name"], row["row"], row["is_new"]) for row in report.shown] == [("交医保（城乡居民）（yibao-001）", 2, False)]
    assert ["added", "+  - {text: 到村里登记。, mark: K}"] in report.shown[0]["lines"]
    before["steps"][0]["text"] = "到村里登记。"
    assert documents.export(Guide.everything.whole().get(next_of=guide)) == before  # what residents read waits for the review
    assert guide.steps.get().text == "到社区登记。\n拿凭证。"


def test_a_dry_run_writes_nothing_and_a_mistake_in_one_guide_keeps_all_out(guide):
    other = make_guide("yibao-002", plain_title="报销")
    run("guides", edited(guide, "B2", "到村里登记。", "步骤"), bianji(), dry_run=True)
    file = with_cell(edited(guide, "B2", "到村里登记。", "步骤"), "指南", "H3", "省里")
    [problem] = run("guides", file, bianji()).problems
    assert str(problem) == "“指南”表第3行 · 一般在哪一级办：写这几种里的一种：区（县）；乡镇（街道）；村（社区）。"
    assert (guide.steps.get().text, other.revisions.count()) == ("到社区登记。\n拿凭证。", 0)


@pytest.mark.parametrize(
    ("sheet", "place", "value", "sentence"),
    [
        ("指南", "B2", "长" * 41, "“指南”表第2行 · 大白话名称：确保该变量包含不超过 40 字符"),
        ("指南", "E2", "天文", "“指南”表第2行 · 主题：没有这个主题。写这几个里的一个：主题yibao。"),
        ("材料", "B3", None, "“材料”表第3行 · 名称：写材料的名称。"),
        ("材料", "B3", "长" * 81, "“材料”表第3行 · 名称：确保该变量包含不超过 80 字符"),
        ("材料", "E3", "几份", "“材料”表第3行 · 份数：写一个0到99的整数。"),
        ("材料", "J2", "who=robot", "“材料”表第2行：没有“who=robot”这个情形。"),
        ("材料", "A3", "yibao-999", "“材料”表第3行 · 代号：“指南”表里没有 yibao-999。先在那里写上，或者删掉这一行。"),
        ("步骤", "B2", "=1+1", "“步骤”表第2行 · 这一步：这是公式。改成算出来的字或数，再导入。"),
        ("条件注意依据", "B2", "传说", "“条件注意依据”表第2行 · 类别：写这几种里的一种：谁能办；注意；依据。"),
        ("情形和回答", "D3", "AGENT", "“情形和回答”表第3行 · 代号：用小写字母或数字，例如 agent。"),
        ("去哪办", "C2", "hall-9", "“去哪办”表第2行：没有代号是 hall-9 的办理地点。"),
        ("时限费用等", "C2", "三天", "“时限费用等”表第2行 · 写什么：写一个0到9999的整数。"),
        ("时限费用等", "C4", "秋天", "“时限费用等”表第4行 · 写什么：写成 05-01到06-30 这样。"),
        ("时限费用等", "B3", "承诺时限", "“时限费用等”表第3行 · 内容：这份指南的这一项写了两遍，只能留一行。"),
        ("材料", "N2", None, "“材料”表第2行：标了已核实，就要写核对日期"),
    ],
)
def test_what_is_wrong_is_told_with_sheet_row_and_column(guide, sheet, place, value, sentence):
    found = problems("guides", edited(guide, place, value, sheet), shenhe())
    assert found[0].startswith(sentence), found
    assert Guide.objects.get().steps.get().text == "到社区登记。\n拿凭证。"


def test_a_missing_sheet_is_not_taken_for_empty(guide):
    file = load_workbook(exported("guides", shenhe()))
    del file["材料"]
    saved = BytesIO()
    file.save(saved)
    [problem] = run("guides", saved, shenhe()).problems
    assert problem.sheet == "材料"
    assert guide.materials.count() == 2


def test_a_new_guide_is_a_draft_and_an_editors_word_verifies_nothing(guide):
    head = {"代号": "yibao-009", "大白话名称": "开通医保码", "事项名称": "医保电子凭证激活", "一句话回答": "手机上就能开。", "主题": "主题yibao", "办事人": "个人", "主管部门": "区医疗保障局", "一般在哪一级办": "村（社区）"}
    step = {"代号": "yibao-009", "这一步": "打开微信。", "核实人": "边吉", "核实日期": "2026-11-20"}
    more = {shape.title: [] for shape in KINDS["guides"].sheets[1:]} | {"步骤": [step]}
    file = book_of("guides", head, more=more)
    report = run("guides", file, bianji())
    assert (report.added, list(map(str, report.problems))) == (1, [])
    assert "请审核来核实" in str(next(iter(report.warnings)))
    new = Guide.objects.get(slug="yibao-009")
    assert (new.status, new.steps.get().is_verified, new.revisions.get().by) == (Status.DRAFT, False, "边吉")
    assert Guide.objects.get(slug="yibao-001").materials.count() == 2


def test_the_export_costs_the_same_queries_for_one_guide_and_for_three(guide):
    counts, person = [], shenhe()
    exported("guides", person)  # who somebody is was asked once
    for slugs in ((), ("yibao-002", "yibao-003")):
        for slug in slugs:
            make_guide(slug, papers=("甲",))
        with CaptureQueriesContext(connection) as seen:
            exported("guides", person)
        counts.append(len(seen))
    assert counts[0] == counts[1]
