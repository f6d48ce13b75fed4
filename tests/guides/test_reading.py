"""What a reader sees of a guide for their own case."""

from datetime import date

import pytest
import time_machine

from guides.models import Fact, Form, Guide, Mark, Material, Statement, StatementKind, Step
from guides.reading import Reading, limit_text, material_detail
from tests.factories import make_guide, make_situation

pytestmark = pytest.mark.django_db


@pytest.fixture
def guide():
    """Self or agent; first time or again. One paper for everybody, one for each rule."""
    guide = make_guide()
    make_situation(guide, "who", "self:本人去", "agent:家里人去:两个人的身份证都带。", "guardian:给孩子办")
    make_situation(guide, "kind", "first:第一次", "again:补办", question="第几次办？")
    papers = {
        "身份证": [],
        "委托书": ["who=agent"],
        "出生证": ["who=guardian", "who=agent"],
        "旧证": ["who=agent", "kind=again"],
    }
    for order, (name, tokens) in enumerate(papers.items()):
        Material.objects.create(guide=guide, name=name, only_for=tokens, order=order, is_identity_document=name == "身份证")
    return guide


def read(guide, **params) -> Reading:
    return Reading(Guide.objects.whole().get(pk=guide.pk), params)


def papers(reading) -> list[str]:
    return [row.name for row, _ in reading.materials]


def test_a_page_shows_the_usual_case_until_somebody_chooses(guide):
    reading = read(guide)
    assert reading.chosen == {"who": "self", "kind": "first"}
    assert papers(reading) == ["身份证"]
    assert reading.case_label == "本人去 · 第一次"


def test_several_tokens_of_one_question_mean_any_of_them(guide):
    assert papers(read(guide, who="guardian")) == ["身份证", "出生证"]
    assert papers(read(guide, who="agent")) == ["身份证", "委托书", "出生证"]


def test_tokens_of_different_questions_mean_all_of_them(guide):
    assert papers(read(guide, who="self", kind="again")) == ["身份证"]
    assert papers(read(guide, who="agent", kind="again")) == ["身份证", "委托书", "出生证", "旧证"]


def test_all_lists_every_case_and_says_which_it_is(guide):
    reading = read(guide, all="1")
    assert [(row.name, condition) for row, condition in reading.materials] == [
        ("身份证", ""), ("委托书", "家里人去"), ("出生证", "家里人去、给孩子办"), ("旧证", "家里人去、补办"),
    ]
    assert reading.case_label == ""


def test_all_with_one_answer_still_excludes_the_others(guide):
    reading = read(guide, all="1", who="self")
    assert papers(reading) == ["身份证"]
    assert reading.case_label == "本人去"


@pytest.mark.parametrize("params", [{"who": "nobody"}, {"who": ""}, {"stranger": "x"}, {"who": "self'--"}])
def test_an_answer_that_does_not_exist_is_ignored(guide, params):
    assert read(guide, **params).chosen == {"who": "self", "kind": "first"}


def test_rows_of_a_chosen_case_carry_no_condition(guide):
    assert {condition for _, condition in read(guide, who="agent").materials} == {""}


def test_choosing_one_answer_keeps_the_others(guide):
    reading = read(guide, who="agent", kind="again")
    [(_, whos, remark), (_, kinds, _)] = reading.situations
    assert [c.query for c in whos] == ["who=self&kind=again", "who=agent&kind=again", "who=guardian&kind=again"]
    assert [c.chosen for c in whos] == [False, True, False]
    assert [c.query for c in kinds] == ["who=agent&kind=first", "who=agent&kind=again"]
    assert remark == "两个人的身份证都带。"


def test_steps_and_notes_follow_the_case_too(guide):
    Step.objects.create(guide=guide, text="孩子也要来。", only_for=["who=guardian"])
    Statement.objects.create(guide=guide, kind=StatementKind.NOTE, text="委托书要按手印。", only_for=["who=agent"])
    Statement.objects.create(guide=guide, kind=StatementKind.CONDITION, text="本区居民。")
    reading = read(guide, who="agent")
    assert [row.text for row, _ in reading.steps] == []
    assert [row.text for row, _ in reading.notes] == ["委托书要按手印。"]
    assert [row.text for row, _ in reading.conditions] == ["本区居民。"]
    assert [row.text for row, _ in read(guide, who="guardian").steps] == ["孩子也要来。"]


def test_identity_documents_are_a_block_of_their_own(guide):
    reading = read(guide, who="agent")
    assert [row.name for row, _ in reading.identity_documents] == ["身份证"]
    assert [row.name for row, _ in reading.other_materials] == ["委托书", "出生证"]


def test_the_checklist_of_a_request_is_that_of_the_case(guide):
    assert read(guide, who="agent").checklist() == (("身份证", "原件1份"), ("委托书", "原件1份"), ("出生证", "原件1份"))
    assert read(guide, all="1").checklist()[1] == ("委托书", "原件1份（家里人去时）")


@pytest.mark.parametrize(("form", "copies", "words"), [
    (Form.ORIGINAL, 1, "原件1份"), (Form.COPY, 2, "复印件2份"), (Form.BOTH, 1, "原件，再带复印件1份"), (Form.ELECTRONIC, 1, "手机里的电子版就行"),
])  # fmt: skip
def test_a_paper_in_words(form, copies, words):
    assert material_detail(Material(name="户口簿", form=form, copies=copies)) == words


def lines(guide) -> list[tuple[str, str]]:
    return [(line.label, line.text) for line in read(guide).time_and_money]


def test_nothing_known_leaves_each_answer_empty_and_adds_no_line():
    assert lines(make_guide()) == [("要不要钱", ""), ("多久办好", ""), ("要跑几次", ""), ("办完拿到什么", "")]


def test_without_a_promise_the_law_answers():
    guide = make_guide(legal_limit=20)
    assert lines(guide)[1] == ("多久办好", "20个工作日")
    assert len(lines(guide)) == 4


def test_a_promise_answers_and_the_law_stands_beside_it():
    guide = make_guide(legal_limit=2, legal_limit_unit="month", promised_limit=0)
    assert lines(guide)[1:3] == [("多久办好", "当场办完"), ("法律规定最长", "2个月")]


def test_money_visits_result_and_season_in_words():
    guide = make_guide(fee="不收费", visits=0, result="社保卡", season_from="09-25", season_to="12-31")
    assert lines(guide) == [
        ("要不要钱", "不收费"), ("多久办好", ""), ("要跑几次", "不用跑"), ("办完拿到什么", "社保卡"), ("每年什么时候办", "9月25日到12月31日"),
    ]
    Guide.objects.filter(pk=guide.pk).update(visits=1)
    assert ("要跑几次", "最多跑1次") in lines(guide)


@pytest.mark.parametrize(("count", "unit", "words"), [
    (None, "day", ""), (0, "day", "当场办完"), (1, "workday", "1个工作日"), (30, "day", "30天"), (2, "month", "2个月"),
])  # fmt: skip
def test_limits(count, unit, words):
    assert limit_text(count, unit) == words


@pytest.mark.parametrize(("value", "words"), [(True, "能跨省办"), (False, "不能跨省办"), (None, "")])
def test_yes_no_and_unknown_are_three_things(value, words):
    assert read(make_guide(cross_province=value)).facts["cross_province"].text == words


def test_only_what_is_shown_counts_as_unverified_and_only_verified_gives_sources():
    guide = make_guide(fee="不收费", hotline="12333")
    vouched = {"mark": Mark.OFFICIAL, "source": "新华社", "verified_by": "公开文件", "verified_on": date(2026, 11, 23)}
    Fact.objects.create(guide=guide, field="fee", **vouched)
    Fact.objects.create(guide=guide, field="visits", mark=Mark.COMMON)  # no value: not shown, not counted
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Material.objects.create(guide=guide, name="委托书", only_for=["who=agent"])
    Step.objects.create(guide=guide, text="交材料。", **vouched)
    Step.objects.create(guide=guide, text="等通知。", mark=Mark.REPOST, source="一个转载站")
    assert read(guide).unverified == 2  # hotline without a fact row, the second step
    assert read(guide, who="agent").unverified == 3
    assert read(guide).sources == ["新华社（2026-11-23 核对）"]


def test_a_named_person_is_a_source_too():
    guide = make_guide()
    Step.objects.create(guide=guide, text="交材料。", verified_by="沈禾", verified_on=date(2026, 11, 1))
    assert read(guide).sources == ["沈禾（2026-11-01 核对）"]


@time_machine.travel("2026-11-24 10:00+08:00")
def test_a_figure_of_an_earlier_year_says_so():
    assert Step(valid_for_year=2025).is_of_past_year
    assert not Step(valid_for_year=2026).is_of_past_year
    assert not Step().is_of_past_year


@time_machine.travel("2026-12-31 17:00+00:00")  # already 2027 in China
def test_the_year_is_that_of_china():
    assert Step(valid_for_year=2026).is_of_past_year
