"""The questions of the 长辈版's form and the parts of its follow page, as rules."""

import pytest

from guides.models import Agency, Guide
from helpdesk.behalf import must_come_instead
from helpdesk.forms import HelpForm
from helpdesk.models import HelpRequest, Kind
from helpdesk.pages import follow_parts, questions_of

pytestmark = pytest.mark.django_db  # the form's lists are rows

RIGHT = {"phone": "13800138000", "name": "老李", "consent": "on", "submission_key": "8c0c4a1e-6f5b-4b6e-9c4e-1f1f1f1f1f1f"}


def names(questions) -> list[str]:
    return [question.name for question in questions]


def test_an_empty_form_opens_with_the_phone_and_asks_what_is_not_known():
    assert names(questions_of(HelpForm(), knows_area=True)) == ["name", "note", "send", "kind", "call_time", "someone", "phone"]
    assert names(questions_of(HelpForm(), knows_area=False)) == ["name", "area", "note", "send", "kind", "call_time", "someone", "phone"]


def test_each_question_leads_on_and_back_until_the_sending():
    questions = {question.name: question for question in questions_of(HelpForm(), knows_area=False)}
    chain, name = [], "phone"
    while name:
        chain.append((questions[name].before, name, questions[name].number))
        name = questions[name].after
    assert chain == [("", "phone", 1), ("phone", "name", 2), ("name", "area", 3), ("area", "note", 4), ("note", "send", 5)]
    wanted = [(questions[name].before, questions[name].after, questions[name].number) for name in ("kind", "call_time", "someone")]
    assert wanted == [("send", "call_time", None), ("kind", "someone", None), ("call_time", "send", None)]
    asked = {field for question in questions.values() for field in question.fields}
    assert asked == set(HelpForm().fields) - {"guide", "plate", "case", "enterprise", "wish", "submission_key"}


def test_a_wish_and_a_video_appointment_ask_one_question_more():
    assert names(questions_of(HelpForm(initial={"wish": "遛狗证"}), knows_area=True)) == ["name", "wish", "note", "send", "kind", "call_time", "someone", "phone"]
    by_video = questions_of(HelpForm(initial={"kind": "video"}), knows_area=True, by_video=True)
    assert names(by_video) == ["name", "call_time", "note", "send", "kind", "someone", "phone"]
    assert {question.of for question in by_video if question.number} == {5}


@pytest.mark.parametrize(("given", "opens"), [
    ({"phone": "1"}, "phone"), ({"name": ""}, "name"), ({"note": "1" * 15}, "note"), ({"consent": ""}, "send"), ({"relation": "长" * 21}, "someone"),
    ({"phone": "1", "consent": ""}, "phone"), ({}, "send"), ({"guide": "x"}, "send"),
])  # fmt: skip
def test_a_form_that_came_back_opens_with_the_first_mistake(given, opens):
    questions = questions_of(HelpForm(RIGHT | given), knows_area=True)
    assert questions[-1].name == opens
    assert [question.name for question in questions if question.is_wrong and question.name == opens] == ([opens] if given and "guide" not in given else [])


def test_enter_in_the_middle_leads_to_what_is_missing_without_a_reproach():
    form = HelpForm({"phone": "13800138000"})
    assert questions_of(form, knows_area=True, is_early=True)[-1].name == "name"
    assert form.errors == {}
    wrong = HelpForm({"phone": "138"})
    assert questions_of(wrong, knows_area=True, is_early=True)[-1].name == "phone"
    assert list(wrong.errors) == ["phone"]
    assert questions_of(HelpForm({"phone": "13800138000", "name": "老李"}), knows_area=True, is_early=True)[-1].name == "send"


def test_the_follow_page_shows_one_part_at_a_time_to_elders_and_all_to_others():
    waiting, closed = HelpRequest(state="waiting"), HelpRequest(state="closed")
    assert follow_parts(waiting, elder=False, step="talk") == ("now", "papers", "talk", "story", "cancel")
    assert follow_parts(closed, elder=False, step="") == ("now", "rate", "papers", "talk", "story")
    assert follow_parts(waiting, elder=True, step="") == ("now", "links", "to-papers", "to-talk", "to-story", "to-cancel")
    assert follow_parts(closed, elder=True, step="rate") == ("rate",)
    complaint = HelpRequest(state="waiting", kind=Kind.COMPLAINT)
    assert "papers" not in follow_parts(complaint, elder=False, step="")  # nothing to bring along
    for impossible in ("cancel", "now", "x"):
        assert follow_parts(closed, elder=True, step=impossible)[0] == "now"


@pytest.mark.parametrize(("kind", "agency", "instead"), [
    (Kind.AGENT, Agency.ACCOMPANY, True), (Kind.AGENT, Agency.AGENT, False), (Kind.AGENT, "", False), (Kind.ACCOMPANY, Agency.ACCOMPANY, False),
])  # fmt: skip
def test_who_must_come_is_accompanied_instead(kind, agency, instead):
    assert must_come_instead(kind, Guide(agency=agency)) is instead
    assert must_come_instead(kind, None) is False
