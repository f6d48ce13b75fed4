"""智能客服 never says what a guide does not hold: proved for every guide and intent, by the rows themselves and by the words on the page."""

import re
from html import unescape

import pytest
from django.utils import timezone

from benchmarks.assistant import questions, reply_to
from guides import replies
from guides.assistant import Kind, Subject
from guides.hours import timetable
from guides.intents import LABELS, Intent
from guides.models import Agency, Area, Guide, Unit
from guides.reading import Reading, material_detail
from guides.where import places_for
from tests.content import PLATES_OF, all_content  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]


def held(guide: Guide, area: Area | None) -> set[tuple[str, str, str, str]]:
    """(field, key of the row, text, detail) of everything a guide may be quoted with, read from its rows and not from the code under test."""
    own = {("answer", "", guide.answer, "")}
    notes = {fact.field: fact.note for fact in guide.facts.all()}
    days = {"legal_limit": (guide.legal_limit, guide.legal_limit_unit), "promised_limit": (guide.promised_limit, guide.promised_limit_unit)}
    values = {name: getattr(guide, name) for name in ("fee", "result", "hotline", "online")}
    values |= {name: "当场办完" if n == 0 else f"{n}{Unit(unit).label}" for name, (n, unit) in days.items() if n is not None}
    values |= {"visits": "不用跑" if guide.visits == 0 else f"最多跑{guide.visits}次"} if guide.visits is not None else {}
    values |= {"agency": Agency(guide.agency).label} if guide.agency else {}
    values |= {"cross_province": "能跨省办" if guide.cross_province else "不能跨省办"} if guide.cross_province is not None else {}
    values |= {"video": "能视频办" if guide.video else "不能视频办"} if guide.video is not None else {}
    if guide.season_from:
        days = [f"{int(day[:2])}月{int(day[3:])}日" for day in (guide.season_from, guide.season_to)]
        values["season"] = "到".join(days)
    facts = {fact.field: f"Fact {fact.pk}" for fact in guide.facts.all()}
    own |= {(name, facts.get(name, ""), text, notes.get(name, "")) for name, text in values.items() if text}
    for kind, rows in {"step": guide.steps.all(), "condition": guide.statements.all(), "note": guide.statements.all()}.items():
        own |= {(kind, f"{type(row).__name__} {row.pk}", row.text, "") for row in rows}
    own |= {("material", f"Material {row.pk}", row.name, material_detail(row)) for row in guide.materials.all()}
    own |= {("answer_of_case", f"Answer {a.pk}", a.label, a.note) for s in guide.situations.all() for a in s.answers.all()}
    for place in places_for(guide, area, now=timezone.localtime()):
        own.add(("counter", f"Counter {place.counter.pk}", place.office.name if place.office else place.counter.get_kind_display(), place.counter.note))
        if place.office:
            key = f"Office {place.office.pk}"
            own.add(("office", key, "，".join(filter(None, (place.office.address, place.office.floor))), ""))
            own.add(("hours", key, timetable(place.office.hours.all(), timezone.localdate()), ""))
    return own


def strangers(said, guide: Guide, own: set[tuple[str, str, str, str]]) -> list:
    """Statements that are neither the guide's own nor one of the listed sentences."""
    found = []
    offices = {text for field, _, text, _ in own if field == "counter"}
    for item in (*said.statements, *said.related):
        key = f"{type(item.row).__name__} {item.row.pk}" if item.row else ""
        is_listed = (item.field, item.text, item.row, item.detail) == ("fixed", replies.MUST_COME, None, "") and guide.agency == Agency.ACCOMPANY
        label_is_known = item.label in (offices if item.field == "hours" else replies.LABELS)
        if not label_is_known or not (is_listed or (item.field, key, item.text, item.detail) in own):
            found.append(item)
    return found


WORDINGS = {intent: LABELS[intent] for intent in Intent} | {"amount": "一个月发多少钱"}


def test_no_guide_says_anything_that_it_does_not_hold():
    """Every guide, every intent, its usual case and that of somebody else going, with and without a village."""
    area, now, count = Area.objects.get(pk=PLATES_OF), timezone.localtime(), 0
    for guide in Guide.objects.published().whole():
        for asker in (None, area):
            places, own = places_for(guide, asker, now=now), held(guide, asker)
            for intent, text in WORDINGS.items():
                usual = Reading(guide, {})
                for params in ({}, replies.agent_case(usual)):
                    said = replies.say(Intent.FEE if intent == "amount" else intent, Reading(guide, params), places, text=text, today=now.date())
                    assert strangers(said, guide, own) == [], (guide.slug, intent)
                    assert said.statements or not said.is_held
                    count += 1
    assert count >= 66 * len(WORDINGS) * 4


def test_the_check_finds_an_invented_statement():
    guide = Guide.objects.whole().get(slug="minzheng-001")
    row = guide.materials.all()[0]
    for item in (
        replies.Statement("不用带什么", "material", row), replies.Statement(row.name, "material", row, detail="原件9份"), replies.Statement("收费20元", "fee"),
        replies.Statement(guide.answer, "answer", label="一定能办"), replies.Statement(replies.MUST_COME, "fixed", is_plain=True),
    ):  # fmt: skip
        assert strangers(replies.Said((item,), True), guide, held(guide, None)) == [item]


# What the page itself says around a guide's words: fixed, short, and without a fact about any service.
PAGE_SAYS = [
    "这是简版，只列了最要紧的几样，出门前打", "问清楚。", "按“", "”说的。", "这一条指南里没有，请拨打", "问。", "还有", "样没列完，看完整的指南。", "指南里和这有关的话：", "看完整的指南", "不是问这件事？看看别的",
    "选您的村（社区），看最近的一处", "先选您的村（社区），才知道去哪一处、几点开门。", "请人给我回电话", "已核实", "待核实", "时间是示例，", "这是", "年的，今年的请打12345问一下", "打 12345 问", "12345",
    "现在开门，", "现在没开门", "打开网上办理：", "多久、多少钱", "去哪办", "谁能办", "要带什么", "怎么办",
]  # fmt: skip


def test_the_page_adds_nothing_of_its_own(client):
    """The words of each answer as they stand on the page: take away the guide's own and the listed ones, and nothing is left."""
    area, every = Area.objects.get(pk=PLATES_OF), list(Intent)
    for number, guide in enumerate(Guide.objects.published().whole()):
        intent = every[number % len(every)]
        about = Subject(guide.slug, "", intent).signed
        body = client.get(f"/c/{PLATES_OF}/ask/", {"q": "呢" if intent == Intent.GENERAL else LABELS[intent], "about": about}).content.decode()
        assert left_over(body, guide, area) == "", (guide.slug, intent)


def left_over(body: str, guide: Guide, area: Area) -> str:
    block = re.search(r'<div class="reply">(.*?)</div>', body, re.DOTALL)[1]
    own = {part for _, _, text, detail in held(guide, area) for part in (text, detail)} | {guide.plain_title, Reading(guide, {}).case_label}
    own |= {Reading(guide, replies.agent_case(Reading(guide, {}))).case_label}
    known = sorted({*own, *PAGE_SAYS, *LABELS.values(), *replies.LABELS} - {""}, key=len, reverse=True)
    left = []
    for text in re.findall(r">([^<]+)<", block):
        plain = unescape(text).strip()
        for words in known:
            plain = plain.replace(words, "|")
        opens = r"(?:今天|明天|后天|\d+月\d+日（周.）) \d+:\d\d [开关]|（周[六日]）|\d+"
        left.append(re.sub(rf"{opens}|[|：，、。（）\s]", "", plain))
    return "".join(left)


def test_every_statement_of_the_exam_is_the_guides_own():
    for row in questions():
        reply = reply_to(row)
        if reply.kind == Kind.ANSWER:
            assert strangers(reply.said, reply.guide, held(reply.guide, None)) == []


def test_an_answer_is_short():
    for guide in Guide.objects.published().whole():
        for intent in Intent:
            said = replies.say(intent, Reading(guide, {}), places_for(guide, None, now=timezone.localtime()), text="", today=timezone.localdate())
            assert len(said.statements) <= 9
            assert len(said.related) <= 2
