"""What a reader is told who holds an older version: every difference of their own case, and nothing else."""

import copy

import pytest

from guides import documents
from guides.changes import Change, case_label, compare, compare_whole, newly_verified
from guides.models import Counter, Fact, Guide, Mark, Material, Statement, StatementKind, Step
from tests.factories import make_guide, make_situation

pytestmark = pytest.mark.django_db
USUAL: dict[str, str] = {}


@pytest.fixture
def document() -> dict:
    """The whole of a guide with one of everything, as a revision keeps it."""
    guide = make_guide(
        fee="不收费",
        promised_limit=5,
        visits=1,
        agency="agent",
        online="“我的宁夏”APP",
        hotline="12393",
        season_from="09-01",
        season_to="12-31",
        video=True,
    )
    make_situation(guide, "who", "self:本人去", "agent:家里人去:两个人的身份证都带。")
    for field in ("fee", "promised_limit", "visits", "agency", "online", "hotline", "season", "video"):
        Fact.objects.create(guide=guide, field=field)
    for order, text in enumerate(("本区居民。", "没有职工医保。")):
        Statement.objects.create(guide=guide, kind=StatementKind.CONDITION, text=text, order=order)
    Statement.objects.create(guide=guide, kind=StatementKind.NOTE, text="早点来。")
    Statement.objects.create(guide=guide, kind=StatementKind.BASIS, text="某某文件")
    Material.objects.create(guide=guide, name="身份证", issuer="公安机关", how="丢了先补办。", order=1)
    Material.objects.create(guide=guide, name="委托书", only_for=["who=agent"], order=2)
    for order, text in enumerate(("先取号。", "交材料。", "等通知。")):
        Step.objects.create(guide=guide, text=text, order=order)
    Counter.objects.create(guide=guide, kind="station")
    return documents.export(Guide.objects.whole().get(pk=guide.pk))


def changed(document: dict, change, params=USUAL) -> list[Change]:
    new = copy.deepcopy(document)
    change(new)
    return compare(document, new, params, offices={"hall": "惠农区政务服务中心"})


def test_the_same_document_has_no_change(document):
    assert compare(document, copy.deepcopy(document), USUAL) == []


PAPER = "原件1份；谁出的：公安机关；丢了先补办"


@pytest.mark.parametrize(("change", "told"), [
    (lambda d: d.update(plain_title="交医保"), [Change("这是什么事", "名称", "交医保（城乡居民）", "交医保")]),
    (lambda d: d.update(answer="到社区登记。"), [Change("这是什么事", "一句话回答", "带身份证到社区就能登记。", "到社区登记。")]),
    (lambda d: d["conditions"].append({"text": "满16岁。"}), [Change("谁能办", "", "", "满16岁。")]),
    (lambda d: d["materials"].append({"name": "照片", "form": "original", "copies": 2, "later": True}), [Change("要带什么", "照片", "", "原件2份；可以后补")]),
    (lambda d: d["materials"].pop(0), [Change("要带什么", "身份证", PAPER, "")]),
    (lambda d: d["materials"][0].update(form="both"), [Change("要带什么", "身份证", PAPER, "原件，再带复印件1份；谁出的：公安机关；丢了先补办")]),
    (lambda d: d["materials"][0].update(later=False), [Change("要带什么", "身份证", PAPER, "原件1份；不能后补；谁出的：公安机关；丢了先补办")]),
    (lambda d: d["counters"].append({"kind": "hall", "office": "hall", "note": "二楼。"}), [Change("去哪办", "", "", "惠农区政务服务中心（二楼）")]),
    (lambda d: d["counters"][0].update(kind="centre"), [Change("去哪办", "", "村（社区）便民服务站", "乡镇（街道）民生服务中心")]),
    (lambda d: d["steps"][1].update(text="在手机上交材料。"), [Change("怎么办", "", "交材料。", "在手机上交材料。")]),
    (lambda d: d["steps"].pop(0), [Change("怎么办", "", "先取号。", "")]),
    (lambda d: d["steps"].insert(0, {"text": "先打电话。"}), [Change("怎么办", "", "", "先打电话。")]),
    (lambda d: d["steps"].reverse(), [Change("怎么办", "先后顺序", "先取号。→交材料。→等通知。", "等通知。→交材料。→先取号。")]),
    (lambda d: d.pop("notes"), [Change("注意", "", "早点来。", "")]),
    (lambda d: d["facts"]["fee"].update(text="工本费10元"), [Change("多久、多少钱、问谁", "要不要钱", "不收费", "工本费10元")]),
    (lambda d: d["facts"]["fee"].update(note="困难户不收。"), [Change("多久、多少钱、问谁", "要不要钱", "不收费", "不收费（困难户不收）")]),
    (lambda d: d["facts"].pop("fee"), [Change("多久、多少钱、问谁", "要不要钱", "不收费", "")]),
    (lambda d: d["facts"]["promised_limit"].update(days=0), [Change("多久、多少钱、问谁", "多久办好", "5个工作日", "当场办完")]),
    (lambda d: d["facts"]["promised_limit"].update(unit="day"), [Change("多久、多少钱、问谁", "多久办好", "5个工作日", "5天")]),
    (lambda d: d["facts"].update(legal_limit={"days": 20, "unit": "workday"}), [Change("多久、多少钱、问谁", "法律规定最长", "", "20个工作日")]),
    (lambda d: d["facts"]["visits"].update(count=0), [Change("多久、多少钱、问谁", "要跑几次", "最多跑1次", "不用跑")]),
    (lambda d: d["facts"]["season"].update(to="11-30"), [Change("多久、多少钱、问谁", "每年什么时候办", "9月1日到12月31日", "9月1日到11月30日")]),
    (lambda d: d["facts"]["agency"].update(value="accompany"), [Change("多久、多少钱、问谁", "能不能代办", "可以代办", "只能帮办，本人要到场")]),
    (lambda d: d["facts"]["video"].update(value=False), [Change("多久、多少钱、问谁", "能不能视频办", "能视频办", "不能视频办")]),
    (lambda d: d["facts"]["online"].update(url="https://example.gov.cn/"), [Change("多久、多少钱、问谁", "网上怎么办", "“我的宁夏”APP", "“我的宁夏”APPhttps://example.gov.cn/")]),
])  # fmt: skip
def test_each_difference_is_told_in_plain_words(document, change, told):
    assert changed(document, change) == told


SILENT = {
    "somebody vouches": lambda d: d["steps"][0].update(verified_by="沈禾", verified_on="2026-11-25"),
    "an official source": lambda d: d["facts"]["fee"].update(mark="V", source="某某公告"),
    "another year": lambda d: d["facts"]["fee"].update(year=2026),
    "checked again": lambda d: d.update(checked_on="2026-11-25"),
    "other aliases": lambda d: d.update(aliases=["医保"], phrasings=["医保在哪交"]),
    "the legal basis, which is not printed": lambda d: d.pop("legal_basis"),
    "which guide issues a paper": lambda d: d["materials"][0].update(issued_by="huji-006"),
    "conditions in another order": lambda d: d["conditions"].reverse(),
    "a blank": lambda d: d["steps"][0].update(text="先取号。 "),
    "a version of before stages": lambda d: d.pop("stage", None),
}


@pytest.mark.parametrize("change", SILENT.values(), ids=SILENT)
def test_what_changes_nothing_for_a_reader_is_not_told(document, change):
    assert changed(document, change) == []


def test_a_step_that_moved_while_another_changed_is_neither_new_nor_gone(document):
    def change(new):
        new["steps"] = [{"text": "等通知。"}, {"text": "先取号。"}, {"text": "在手机上交材料。"}]

    told = changed(document, change)
    assert [c for c in told if c.name == "先后顺序"][0].now == "等通知。→先取号。→在手机上交材料。"
    assert sorted((c.before, c.now) for c in told if not c.name) == [("", "在手机上交材料。"), ("交材料。", "")]


# ---- the case


def test_only_the_own_case_counts(document):
    def change(new):
        new["materials"][1]["copies"] = 2

    assert changed(document, change, {"who": "self"}) == []
    assert changed(document, change, {"who": "agent"}) == [Change("要带什么", "委托书", "原件1份", "原件2份")]
    assert changed(document, change, {"all": "1"}) == [Change("要带什么", "委托书", "原件1份", "原件2份")]
    assert changed(document, change, {"who": "nobody", "x": "y"}) == []  # as a page reads it: the usual case


def test_a_paper_that_is_now_for_the_own_case_only_is_new_there(document):
    def change(new):
        del new["materials"][1]["only_for"]

    assert changed(document, change, {"who": "agent"}) == []
    assert changed(document, change) == [Change("要带什么", "委托书", "", "原件1份")]


def test_another_remark_of_the_chosen_answer(document):
    def change(new):
        new["situations"][0]["answers"][1]["note"] = "只带自己的。"

    assert changed(document, change) == []
    assert changed(document, change, {"who": "agent"}) == [Change("您是哪种情况", "家里人去", "两个人的身份证都带。", "只带自己的。")]


def test_an_answer_that_is_gone_is_told(document):
    def change(new):
        del new["situations"][0]["answers"][1]

    told = changed(document, change, {"who": "agent"})
    assert told[0] == Change("您是哪种情况", "谁去办？", "家里人去", "本人去")
    assert Change("要带什么", "委托书", "原件1份", "") in told


def test_a_new_question_is_told(document):
    def change(new):
        new["situations"].append({"key": "kind", "question": "第几次办？", "answers": [{"key": "first", "label": "第一次"}]})

    assert changed(document, change) == [Change("您是哪种情况", "第几次办？", "", "第一次")]


def test_two_papers_of_one_name_are_told_apart(document):
    document["materials"].append({"name": "身份证", "form": "copy", "copies": 1})

    def change(new):
        new["materials"][2]["copies"] = 3

    assert changed(document, change) == [Change("要带什么", "身份证", "复印件1份", "复印件3份")]


def test_the_case_in_words(document):
    assert case_label(document, {"who": "agent"}) == "家里人去"
    assert case_label(document, {"all": "1"}) == ""
    document["situations"][0]["answers"][0]["label"] = "我"
    assert case_label(document, {}) == "谁去办：我"  # a very short answer comes with its question


# ---- who stands behind it


def test_what_was_verified_since_is_counted_when_the_words_are_the_same(document):
    new = copy.deepcopy(document)
    new["steps"][0] |= {"verified_by": "沈禾", "verified_on": "2026-11-25"}
    new["steps"][1] |= {"text": "别的话。", "verified_by": "沈禾", "verified_on": "2026-11-25"}
    new["materials"][1] |= {"verified_by": "沈禾", "verified_on": "2026-11-25"}  # of the other case
    assert newly_verified(document, new, USUAL) == 1
    assert newly_verified(new, new, USUAL) == 0


def test_an_official_statement_counts_from_the_day_the_guide_was_checked(document):
    new = copy.deepcopy(document) | {"checked_on": "2026-11-25"}
    new["facts"]["fee"]["mark"] = str(Mark.OFFICIAL)
    new["facts"]["visits"] |= {"mark": str(Mark.OFFICIAL), "verified_by": ""}
    assert newly_verified(document, new, USUAL) == 1


def test_an_editor_reads_every_case_and_what_no_page_says(document):
    new = copy.deepcopy(document)
    new["aliases"], new["department"] = ["新农合"], "区税务局"
    new["situations"][0]["answers"][1]["label"] = "别人去"
    new["materials"][1]["copies"] = 2
    new["steps"][0] |= {"mark": "V", "source": "某某文件", "verified_by": "沈禾", "verified_on": "2026-11-20"}
    found = {(c.topic, c.name): (c.before, c.now) for c in compare_whole(document, new)}
    assert found == {
        ("归在哪里", "别的叫法"): ("", "新农合"),
        ("归在哪里", "主管部门"): ("区医疗保障局", "区税务局"),
        ("情形", ""): ("谁去办？本人去／家里人去（两个人的身份证都带。）", "谁去办？本人去／别人去（两个人的身份证都带。）"),
        ("要带什么", "委托书"): ("原件1份；只在：家里人去", "原件2份；只在：别人去"),
        ("出处", "先取号。"): ("一般了解", "官方公开文件：某某文件"),
        ("核实", "先取号。"): ("待核实", "已核实 · 沈禾 2026-11-20"),
    }


def test_an_editor_reads_nothing_where_nothing_changed(document):
    assert compare_whole(document, copy.deepcopy(document)) == []
