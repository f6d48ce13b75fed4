"""What 智能客服 says of one guide: each statement is the guide's own text with the row it comes from, never a sentence made here. Pure."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from guides.hours import timetable
from guides.intents import Intent, asks_an_amount
from guides.models import Agency, Answer, FactField, Sourced
from guides.models.guide import Row
from guides.reading import FactLine, Reading, material_detail
from guides.where import Place

MOST_SENTENCES, MOST_LINES = 4, 6  # of prose, of a list; the rest is counted and linked

# The only words beside the guide's own. A test knows them by this list.
MUST_COME = "本人必须到场。帮办员可以陪着办，不能替您办。"
ALSO_RELATED = "指南里和这有关的话："
CHARGE, PAPER_OF_AGENT, IF_AGENT = "办理收费", "替别人办还要带", "家里人去办"
PROMISED, LEGAL, VISITS, RESULT = "多久办好", "法律规定最长", "要跑几次", "办完拿到什么"
ADDRESS, ONLINE_TOO, CROSS, VIDEO = "地址", "网上办", "跨省", "视频"
LABELS = {MUST_COME, CHARGE, PAPER_OF_AGENT, IF_AGENT, PROMISED, LEGAL, VISITS, RESULT, ADDRESS, ONLINE_TOO, CROSS, VIDEO, ""}

AGENT_KEY = re.compile("agent|proxy")
AGENT_LABEL = re.compile("代办|替|托人|别人去|家里人去|家人去")
_MONEY = re.compile("元|块钱|钱|收费|费用|标准|档")
_DAYS = re.compile("工作日|天|当场|当天|小时|多久|个月")
_YEARLY = re.compile("每年|月底|年底|月份|截止|到期|[0-9]月|年前|期限|年以内|之内|以内|天内|日内|月内")


@dataclass(frozen=True)
class Statement:
    """`text` and `detail` are the guide's own (a value, a row, a remark); `label` is one of LABELS, or for hours the office's name.

    `row` says who vouches for it; None where nobody does. `is_plain` is a text that carries no mark anywhere: the one-sentence answer and
    what is said in LABELS. `place` is set where opening hours, maps or a sample mark belong to it.
    """

    text: str
    field: str
    row: Sourced | Answer | None = None
    label: str = ""
    detail: str = ""
    is_plain: bool = False
    place: Place | None = None

    @property
    def sourced(self) -> Sourced | None:
        """What the mark is taken from; an answer of a situation has none."""
        return self.row if isinstance(self.row, Sourced) else None


@dataclass(frozen=True)
class Said:
    """What a guide holds for one intent. `is_held` is False when it does not hold what was asked; `related` may then still help."""

    statements: tuple[Statement, ...]
    is_held: bool
    left: int = 0  # more of the list than shown
    related: tuple[Statement, ...] = ()
    needs_area: bool = False  # where and when are known only once the village is chosen


def say(intent: Intent, reading: Reading, places: list[Place], *, text: str, today: date) -> Said:
    """What the guide says to `intent`, for the reading's case. `text` is the normalised question, `places` those of the reader's area."""
    if intent in (Intent.WHERE, Intent.HOURS):
        return _where(reading, places) if intent == Intent.WHERE else _hours(places, today)
    if intent == Intent.FEE:
        return _fee(reading, asks_an_amount(text))
    return _SAYERS[intent](reading)


def agent_case(reading: Reading) -> dict[str, str]:
    """The reading's case with the answer for somebody else going, where the guide has such an answer."""
    chosen = dict(reading.chosen)
    answer = agent_answer(reading)
    return chosen | {answer.situation.key: answer.key} if answer else chosen


def agent_answer(reading: Reading) -> Answer | None:
    answers = [answer for situation in reading.guide.situations.all() for answer in situation.answers.all()]
    by_key = next((answer for answer in answers if AGENT_KEY.search(answer.key)), None)
    return by_key or next((answer for answer in answers if AGENT_LABEL.search(answer.label)), None)


def _fact(line: FactLine, label: str = "") -> list[Statement]:
    if not line.text:
        return []
    return [Statement(line.text, line.field, line.fact, label, line.fact.note if line.fact else "")]


def _rows(rows: Iterable[tuple[Row, str]], field: str) -> list[Statement]:
    return [Statement(row.text, field, row) for row, _ in rows]


def _cut(statements: list[Statement], most: int) -> Said:
    return Said(tuple(statements[:most]), bool(statements), max(0, len(statements) - most))


def _related(reading: Reading, pattern: re.Pattern) -> tuple[Statement, ...]:
    """Notes and conditions that speak of it, at most two."""
    found = _rows(reading.notes, "note") + _rows(reading.conditions, "condition")
    return tuple(statement for statement in found if pattern.search(statement.text))[:2]


def _materials(reading: Reading) -> Said:
    rows = [*reading.identity_documents, *reading.other_materials]
    return _cut([Statement(row.name, "material", row, detail=material_detail(row)) for row, _ in rows], MOST_LINES)


def _steps(reading: Reading) -> Said:
    return _cut(_rows(reading.steps, "step"), MOST_LINES)


def _who(reading: Reading) -> Said:
    return _cut(_rows(reading.conditions, "condition"), MOST_SENTENCES)


def _general(reading: Reading) -> Said:
    return Said((Statement(reading.guide.answer, "answer", is_plain=True),), is_held=True)


def _where(reading: Reading, places: list[Place]) -> Said:
    statements = []
    for place in places[:MOST_SENTENCES]:
        statements.append(Statement(place.name, "counter", place.counter, detail=place.counter.note, place=place))
        if place.office and place.office.address:
            text = "，".join(filter(None, (place.office.address, place.office.floor)))
            statements.append(Statement(text, "office", place.office, ADDRESS))
    left = max(0, len(places) - MOST_SENTENCES)
    online = _fact(reading.facts[FactField.ONLINE], ONLINE_TOO)
    return Said((*statements, *online), bool(statements), left, needs_area=_unknown_here(places))


def _unknown_here(places: list[Place]) -> bool:
    return any(place.office is None for place in places)


def _hours(places: list[Place], today: date) -> Said:
    """One line an office, each office once."""
    statements, seen = [], set()
    for place in places:
        hours = list(place.office.hours.all()) if place.office else []
        if hours and place.office.code not in seen:
            seen.add(place.office.code)
            statements.append(Statement(timetable(hours, today), "hours", place.office, place.name, place=place))
    return Said(tuple(statements[:3]), bool(statements), needs_area=_unknown_here(places))


def _time(reading: Reading) -> Said:
    facts = reading.facts
    limits = _fact(facts[FactField.PROMISED_LIMIT], PROMISED) + _fact(facts[FactField.LEGAL_LIMIT], LEGAL)
    visits = _fact(facts[FactField.VISITS], VISITS)
    return Said((*limits, *visits), bool(limits), related=() if limits else _related(reading, _DAYS))


def _fee(reading: Reading, is_amount: bool) -> Said:
    """What the service costs. Who asks how much one gets or pays in is told what the guide says of money, and that the charge is another thing."""
    charge = _fact(reading.facts[FactField.FEE], CHARGE)
    if not is_amount:
        return Said(tuple(charge), bool(charge), related=() if charge else _related(reading, _MONEY))
    amounts = [s for s in _fact(reading.facts[FactField.RESULT], RESULT) if _MONEY.search(s.text + s.detail)]
    related = _related(reading, _MONEY)
    return Said((*charge, *amounts), bool(charge), related=related)


def _agent(reading: Reading) -> Said:
    facts, answer = reading.facts, agent_answer(reading)
    line = facts[FactField.AGENCY]
    statements = _fact(line)
    if reading.guide.agency == Agency.ACCOMPANY:
        statements.append(Statement(MUST_COME, "fixed", is_plain=True))
    if answer:
        other = Reading(reading.guide, agent_case(reading))
        usual = {row.pk for row, _ in Reading(reading.guide, {}).materials}
        if answer.note or not statements:
            statements.append(Statement(answer.label, "answer_of_case", answer, IF_AGENT, answer.note))
        extra = [row for row, _ in other.materials if row.pk not in usual][:3]
        statements += [Statement(row.name, "material", row, PAPER_OF_AGENT, material_detail(row)) for row in extra]
    return Said(tuple(statements), bool(line.text or answer))


def _online(reading: Reading) -> Said:
    facts = reading.facts
    online = _fact(facts[FactField.ONLINE])
    return Said((*online, *_fact(facts[FactField.VIDEO], VIDEO), *_fact(facts[FactField.CROSS_PROVINCE], CROSS)), bool(online))


def _phone(reading: Reading) -> Said:
    hotline = _fact(reading.facts[FactField.HOTLINE])
    return Said(tuple(hotline), bool(hotline))


def _season(reading: Reading) -> Said:
    season = _fact(reading.facts[FactField.SEASON])
    return Said(tuple(season), bool(season), related=() if season else _related(reading, _YEARLY))


_SAYERS: dict[Intent, Callable[[Reading], Said]] = {
    Intent.MATERIALS: _materials,
    Intent.TIME: _time,
    Intent.WHO: _who,
    Intent.AGENT: _agent,
    Intent.ONLINE: _online,
    Intent.PHONE: _phone,
    Intent.STEPS: _steps,
    Intent.SEASON: _season,
    Intent.GENERAL: _general,
}
