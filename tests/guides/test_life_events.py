"""An event as a reader sees it: each step for a case, what differs in the address, what is left out."""

import pytest

from guides.access import issuers_of
from guides.life_events import EventReading, wrong_answers
from guides.models import Guide, LifeEvent, Status
from tests.factories import make_event, make_guide, make_paper, make_situation

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    """Three steps: 出生证明, 上户口 (two questions) and, for some, 生育津贴."""
    birth, household, money = make_guide("weijian-002"), make_guide("huji-002"), make_guide("yibao-011")
    make_situation(household, "paper", "have:有证明", "none:没有证明")
    make_situation(household, "who", "father:爸爸去", "mother:妈妈去")
    make_paper(household, "出生医学证明", issued_by=birth, only_for=["paper=have"])
    make_paper(household, "亲子鉴定", only_for=["paper=none"])
    make_paper(household, "居民户口簿", is_identity_document=True, form="both")
    make_paper(money, "户口簿", is_identity_document=True, form="copy")
    make_paper(money, "病历")
    return make_event("newborn", birth, household, optional=(money,))


def read(event, **params):
    loaded = LifeEvent.objects.whole().get(pk=event.pk)
    return EventReading(loaded, {key.replace("_", "-", 1).replace("__", "."): value for key, value in params.items()}, issuers_of([s.guide for s in loaded.steps.all()]))


def names(lines):
    return [(line.paper.name, line.amount, line.whole) for line in lines]


def test_the_usual_case_has_the_bare_address(event):
    reading = read(event)
    assert reading.query == ""
    assert [(s.number, s.guide.slug, s.skipped) for s in reading.steps] == [(1, "weijian-002", False), (2, "huji-002", False), (3, "yibao-011", False)]
    assert names(reading.identity_documents) == [("户口簿", "原件，再带复印件1份", "原件，再带复印件2份")]
    assert names(reading.other_papers) == [("出生医学证明", "原件1份", "")]
    assert names(reading.optional_papers) == [("病历", "原件1份", "")]


def test_an_answer_of_one_step_changes_its_papers_and_stands_in_the_address(event):
    reading = read(event, huji_002__paper="none")
    assert names(reading.other_papers) == [("亲子鉴定", "原件1份", "")]
    assert reading.query == "huji-002.paper=none"
    [(_, papers), (_, whos)] = reading.steps[1].situations
    assert [(o.answer.key, o.chosen, o.query) for o in papers] == [("have", False, ""), ("none", True, "huji-002.paper=none")]
    assert [o.query for o in whos] == ["huji-002.paper=none", "huji-002.paper=none&huji-002.who=mother"]


def test_the_case_of_a_step_is_its_usual_one(event):
    event.steps.filter(guide__slug="huji-002").update(case="paper=none&who=mother")
    reading = read(event)
    assert (reading.query, reading.steps[1].reading.chosen) == ("", {"paper": "none", "who": "mother"})
    assert read(event, huji_002__paper="have").query == "huji-002.paper=have"


def test_only_an_optional_step_can_be_left_out(event):
    reading = read(event, yibao_011="skip", huji_002="skip")
    assert [s.skipped for s in reading.steps] == [False, False, True]
    assert reading.query == "yibao-011=skip"
    assert names(reading.optional_papers) == []
    assert names(reading.identity_documents) == [("居民户口簿", "原件，再带复印件1份", "")]
    assert [s.toggle for s in reading.steps] == ["", "", ""]
    assert read(event).steps[2].toggle == "yibao-011=skip"


@pytest.mark.parametrize("params", [
    {"huji_002__paper": "x"}, {"huji_002__stranger": "have"}, {"huji_999__paper": "none"}, {"yibao_011": "1"}, {"huji_002__paper": ""}, {"paper": "none"},
    {"all": "1"}, {"huji_002__all": "1"},
])  # fmt: skip
def test_what_is_no_answer_is_ignored(event, params):
    reading = read(event, **params)
    assert (reading.query, names(reading.other_papers)) == ("", [("出生医学证明", "原件1份", "")])


@pytest.mark.parametrize("status", [Status.DRAFT, Status.WITHDRAWN])
def test_a_step_that_nobody_can_read_is_left_out_and_counted(event, status):
    Guide.objects.filter(slug="huji-002").update(status=status)
    reading = read(event)
    assert ([s.guide.slug for s in reading.steps], reading.left_out) == (["weijian-002", "yibao-011"], 1)
    assert [s.number for s in reading.steps] == [1, 2]
    assert reading.errands == []


def test_an_errand_that_is_a_step_says_which(event):
    household = Guide.objects.get(slug="huji-002")
    make_paper(household, "无房证明", issued_by=make_guide("budongchan-001", promised_limit=2))
    assert [(errand.papers, number) for errand, number in read(event).errands] == [("无房证明", None), ("出生医学证明", 1)]


def test_answers_of_a_case_are_checked(event):
    guide = Guide.objects.whole().get(slug="huji-002")
    assert wrong_answers(guide, "") == []
    assert wrong_answers(guide, "paper=none&who=mother") == []
    assert wrong_answers(guide, "paper=x&who=mother&y&") == ["paper=x", "y"]
