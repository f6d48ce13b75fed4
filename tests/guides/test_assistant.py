"""智能客服: right nine times of ten, and never a word that the guide does not hold."""

import re
from collections import Counter
from datetime import datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.assistant import measure, outcome, questions
from guides import assistant, intents, replies
from guides.actions import withdraw
from guides.assistant import ANCHORS, Kind, Subject, ask, subject_of
from guides.intents import LABELS, Intent
from guides.models import Agency, Area, Fact, Guide
from guides.reading import Reading
from guides.safety import ANSWERS
from tests.content import PLATES_OF, all_content  # noqa: F401
from tests.factories import make_guide, make_situation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]

VIEWPOINTS = ["", "/elder", f"/c/{PLATES_OF}", f"/elder/c/{PLATES_OF}"]
RIGHT_AT_LEAST = 0.9


def asked(question: str, *, about: Subject | None = None, area: Area | None = None):
    return ask(question, subject=about, area=area, now=timezone.localtime())


def after(*said: str):
    """The reply to the last of a conversation."""
    subject, reply = None, None
    for question in said:
        reply = asked(question, about=subject)
        subject = reply.subject or subject
    return reply


# ---- the exam


def test_at_least_nine_of_ten_questions_are_answered_rightly():
    found = measure(set(Guide.objects.published().values_list("slug", flat=True)), questions())
    wrong = Counter(row["field"] for row, result in found if result != "right")
    assert len(found) >= 150
    assert 1 - wrong.total() / len(found) >= RIGHT_AT_LEAST, wrong  # no question is named: every third is kept unseen for tuning


def test_the_exam_can_be_failed():
    row = {"field": "fee", "right": {"minzheng-001"}}
    assert outcome(row, asked("低保要多少钱")) == "right"
    assert outcome(row, asked("低保要带什么")) == "field materials"
    assert outcome(row, asked("结婚证收费吗")).startswith(("guide", "which"))
    assert outcome({"field": "unknown", "right": set()}, asked("低保要带什么")) == "answer"


# ---- the state of each statement


def test_each_statement_shows_whether_somebody_vouches_for_it(client):
    guide = make_guide("jiuye-090", plain_title="养蜂人登记", aliases=["养蜂"], fee="不收费", hotline="12345", papers=("蜂箱照片",))
    Fact.objects.create(guide=guide, field="fee", mark="V", source="示例", verified_by="公开文件", verified_on=timezone.localdate())
    publish_again(guide)
    assert '不收费</b><span class="mark ok">已核实</span>' in page(client, "养蜂多少钱")
    assert '蜂箱照片</b><span class="mark">待核实</span>' in page(client, "养蜂要带什么")


def publish_again(guide: Guide) -> None:
    from guides.actions import record_change

    record_change(guide=guide, by="边吉")


def page(client, question: str, **more) -> str:
    return client.get("/ask/", {"q": question, **more}).content.decode()


def test_what_the_guide_does_not_hold_is_said_and_handed_over(client):
    publish_again(make_guide("jiuye-090", plain_title="养蜂人登记", aliases=["养蜂"]))
    for intent in Intent:
        if intent == Intent.GENERAL:
            continue
        body = page(client, "养蜂" + LABELS[intent])
        assert "这一条指南里没有" in body, intent
        assert 'href="tel:12345"' in body
        assert "guide=jiuye-090" in body


def test_a_brief_guide_says_so(client):
    guide = make_guide("jiuye-090", plain_title="养蜂人登记", aliases=["养蜂"], is_brief=True)
    publish_again(guide)
    assert "这是简版" in page(client, "养蜂要带什么")
    assert "这是简版" not in page(client, "低保要带什么")


def test_the_source_is_linked_where_the_answer_stands(client):
    body = page(client, "低保要带什么")
    assert re.search(r'href="/guides/minzheng-001/\?[a-z=&;]+#bring"', body)
    elder = client.get("/elder/ask/", {"q": "低保要带什么"}).content.decode()
    assert re.search(r'href="/elder/guides/minzheng-001/\?[a-z=&;]+step=bring"', elder)
    assert set(ANCHORS) == set(Intent)


def test_the_case_is_named_where_it_matters():
    reply = asked("低保要带什么")
    assert reply.case == Reading(reply.guide, {}).case_label != ""
    assert asked("低保多少钱").case == ""


def test_what_one_gets_is_not_answered_with_what_it_costs():
    reply = asked("高龄补贴一个月多少钱")
    assert reply.intent == Intent.FEE
    assert [item.label for item in reply.said.statements][0] == replies.CHARGE
    assert any("元" in item.text for item in reply.said.related)


# ---- who else may go


def test_somebody_else_going_gets_the_papers_of_that_case():
    guide = make_guide("jiuye-090", plain_title="养蜂人登记", aliases=["养蜂"], papers=("身份证", "委托书"), agency=Agency.AGENT)
    make_situation(guide, "who", "self:本人去", "agent:家里人代办:两个人的身份证都带上。")
    guide.materials.filter(name="委托书").update(only_for=["who=agent"])
    publish_again(guide)
    reply = asked("我妈去不了，养蜂能代办吗")
    assert [(item.label, item.text, item.detail) for item in reply.said.statements] == [
        ("", "可以代办", ""), (replies.IF_AGENT, "家里人代办", "两个人的身份证都带上。"), (replies.PAPER_OF_AGENT, "委托书", "原件1份"),
    ]  # fmt: skip
    following = asked("那要带什么", about=reply.subject)
    assert (following.case, [item.text for item in following.said.statements]) == ("家里人代办", ["身份证", "委托书"])


def test_who_must_come_is_told_so():
    publish_again(make_guide("jiuye-090", plain_title="养蜂人登记", aliases=["养蜂"], agency=Agency.ACCOMPANY))
    assert replies.MUST_COME in [item.text for item in asked("养蜂必须本人去吗").said.statements]


# ---- follow-ups


def test_a_follow_up_keeps_the_subject():
    reply = after("低保要带什么", "那要多少钱", "他本人去不了呢", "周末开门不")
    assert (reply.guide.slug, reply.intent) == ("minzheng-001", Intent.HOURS)


def test_a_new_matter_changes_the_subject_and_keeps_what_was_asked():
    reply = after("低保要带什么", "那结婚证丢了呢")
    assert (reply.guide.slug, reply.intent) == ("minzheng-012", Intent.MATERIALS)


def test_a_new_whole_question_is_a_new_one():
    reply = after("低保要带什么", "补办身份证多久能办好")
    assert (reply.guide.slug, reply.intent) == ("huji-006", Intent.TIME)


def test_what_is_out_of_scope_stays_so_in_a_conversation():
    assert after("低保要带什么", "红烧肉放多少糖").kind == Kind.UNKNOWN


def test_without_a_matter_it_asks_for_one(client):
    assert asked("要带什么").kind == Kind.NO_MATTER
    assert "您问的是哪件事" in page(client, "要带什么")


def test_the_form_and_the_suggestions_carry_the_subject(client):
    body = page(client, "低保要带什么")
    about = unescape(re.search(r'name="about" value="([^"]+)"', body)[1])
    assert subject_of(about).slug == "minzheng-001"
    links = [urlsplit(unescape(link)) for link in re.findall(r'href="(/ask/\?q=[^"]+about=[^"]+)"', body)]
    assert len(links) >= 5
    for link in links:
        query = {name: values[0] for name, values in parse_qs(link.query).items()}
        assert "低保" in page(client, query["q"], about=query["about"])


@pytest.mark.parametrize("about", ["", "x", "minzheng-001", "minzheng-001||fee:1abc:xyz", "||:", "\u202e", "a" * 5000, "%00"])
def test_a_changed_subject_is_ignored(client, about):
    response = client.get("/ask/", {"q": "那要多少钱", "about": about})
    assert response.status_code == 200
    assert "您问的是哪件事" in response.content.decode()


def test_a_changed_letter_is_enough_to_be_ignored():
    signed = Subject("minzheng-001").signed
    assert subject_of(signed) == Subject("minzheng-001")
    assert subject_of(signed.replace("001", "002")) is None


def test_an_old_subject_is_forgotten():
    with time_machine.travel(datetime(2026, 11, 25, 9, 0), tick=False):
        signed = Subject("minzheng-001", "who=agent", Intent.FEE).signed
        assert subject_of(signed) == Subject("minzheng-001", "who=agent", Intent.FEE)
    with time_machine.travel(datetime(2026, 11, 26, 9, 1), tick=False):
        assert subject_of(signed) is None


def test_a_withdrawn_guide_is_no_subject():
    subject = asked("低保要带什么").subject
    withdraw(guide=Guide.objects.get(slug="minzheng-001"), by="沈禾")
    assert asked("那要多少钱", about=subject).kind == Kind.UNKNOWN


# ---- which one


def test_when_two_fit_it_asks_which_and_the_tap_answers(client):
    reply = asked("养老保险咋交")
    assert reply.kind == Kind.WHICH
    assert len(reply.choices) > 1
    for hit, subject in reply.choices:
        chosen = asked("养老保险咋交", about=subject)
        assert (chosen.kind, chosen.guide.slug, chosen.intent) == (Kind.ANSWER, hit.slug, Intent.STEPS)
    assert "您问的是哪一件" in page(client, "养老保险咋交")


# ---- fraud, nonsense, numbers


@pytest.mark.parametrize(("question", "key"), [("这个码安全吗", "plate"), ("要验证码吗", "code"), ("会不会扣钱", "money"), ("要银行卡号吗", "bank")])
def test_fraud_has_its_own_answer(client, question, key):
    reply, body = asked(question), page(client, question)
    assert (reply.kind, reply.safety.key) == (Kind.SAFETY, key)
    assert all(sentence in body for sentence in reply.safety.sentences)
    assert ('href="/verify/"' in body, 'href="tel:96110"' in body) == (True, True)


def test_fraud_is_answered_in_the_middle_of_a_conversation_too():
    assert after("低保要带什么", "会不会骗我的钱").kind == Kind.SAFETY
    assert len({answer.key for answer in ANSWERS}) == len(ANSWERS)


@pytest.mark.parametrize("question", ["明天刮不刮风", "红烧肉放多少糖", "asdfghjkl", "？？？", "😀😀", "(" * 300, "' OR 1=1 --", "%s{0}", "的"])
def test_what_it_does_not_know_is_handed_over(client, question):
    body = page(client, question)
    assert asked(question).kind == Kind.UNKNOWN
    assert ('href="tel:12345"' in body, "/help/new/?note=" in body) == (True, True)


def test_a_long_number_is_neither_shown_nor_passed_on(client):
    body = page(client, "我身份证640205195001011234，修飞船")
    assert "6402051950" not in body
    assert "不用写身份证号" in body
    assert "不用写身份证号" not in page(client, "低保要带什么")


# ---- the page


@pytest.mark.parametrize("prefix", VIEWPOINTS)
@pytest.mark.parametrize("question", ["", "低保去哪办", "养老保险咋交", "这个码安全吗", "修飞船"])
def test_it_answers_from_everywhere_and_is_never_kept(client, prefix, question):
    response = client.get(f"{prefix}/ask/", {"q": question})
    assert response.status_code == 200
    assert {"no-store", "private"} <= set(re.split(r",\s*", response["Cache-Control"]))
    assert (response.cookies, response.has_header("Set-Cookie")) == ({}, False)
    assert re.findall(r"<script(?! src=)", response.content.decode()) == []
    assert f'action="{prefix}/ask/"' in response.content.decode()


def test_an_empty_question_shows_examples_that_all_get_an_answer(client):
    body = client.get("/ask/").content.decode()
    examples = [parse_qs(urlsplit(unescape(link)).query)["q"][0] for link in re.findall(r'class="pill" href="(/ask/\?q=[^"]+)"', body)]
    assert len(examples) >= 5
    assert {asked(example).kind for example in examples} <= {Kind.ANSWER, Kind.SAFETY}


def test_where_and_when_are_those_of_the_readers_village(client):
    body = client.get(f"/c/{PLATES_OF}/ask/", {"q": "低保去哪办"}).content.decode()
    assert "水韵名都社区便民服务站" in body
    assert "选您的村" in page(client, "低保去哪办")
    hours = client.get(f"/c/{PLATES_OF}/ask/", {"q": "低保周末上班吗"}).content.decode()
    assert "周六、周日不开门" in hours
    assert "时间是示例" in hours


@pytest.mark.parametrize("address", ["/", f"/c/{PLATES_OF}/", "/elder/", "/guides/?q=红烧肉放多少糖"])
def test_the_way_in(client, address):
    prefix = address.partition("guides/")[0].rstrip("/")
    assert f'href="{prefix}/ask/' in client.get(address).content.decode()


def test_no_more_than_200_characters_are_read(client):
    assert intents.MAX_QUESTION == 200
    assert client.get("/ask/", {"q": "的" * 200 + "低保"}).status_code == 200
    assert asked("的" * 200 + "低保要带什么").kind == Kind.UNKNOWN


def test_typed_markup_comes_out_as_text(client):
    body = page(client, '<script>alert("1")</script>"\'>')
    assert "<script>" not in body


def test_a_nul_is_refused_like_everywhere(client):
    assert client.get("/ask/", {"q": "低保\0"}).status_code == 400


def test_asking_writes_nothing_and_costs_few_queries(client):
    page(client, "低保要带什么")
    with CaptureQueriesContext(connection) as seen:
        client.get(f"/c/{PLATES_OF}/ask/", {"q": "低保去哪办"})
    assert [q["sql"] for q in seen if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")] == []
    assert len(seen) <= 20


def test_the_suggestions_are_understood_as_what_they_say():
    for intent, label in LABELS.items():
        if intent != Intent.GENERAL:
            assert intents.intent_of(intents.normalise(label)) == intent
            assert not intents.names_a_matter(intents.normalise(label))
    assert Intent.GENERAL not in assistant.SUGGESTED
