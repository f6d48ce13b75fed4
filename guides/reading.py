"""What a page shows of a guide for the answers a reader chose: one place for the web page, the print, the checklist and the open data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

from guides.models import Agency, Answer, Fact, FactField, Form, Guide, Material, Situation, Sourced, StatementKind, Unit
from guides.models.guide import Row

ALL = "all"  # ?all=1 lists every case together


@dataclass(frozen=True)
class FactLine:
    """One field for a reader. `text` is empty when nobody knows; then a page says 请拨打12345咨询."""

    field: str
    label: str
    text: str
    fact: Fact | None


@dataclass(frozen=True)
class Choice:
    answer: Answer
    chosen: bool
    query: str  # the address's query that chooses it, other answers kept


def _sends_somebody(answer: Answer) -> bool:
    """Content files call it `agent`; an answer added in the admin gets a key without meaning, and is known by its words."""
    return answer.key == "agent" or "代办" in answer.label


def _goes_in_person(answer: Answer) -> bool:
    return answer.key == "self" or answer.label.startswith("本人")


def in_words(question: str, label: str) -> str:
    """The answer for the case's line. 不是 alone tells nothing: a very short one comes with its question."""
    return label if len(label) > 2 else f"{question.rstrip('？?')}：{label}"


def limit_text(count: int | None, unit: str) -> str:
    if count is None:
        return ""
    return "当场办完" if count == 0 else f"{count}{Unit(unit).label}"


def holds(only_for: Sequence[str], chosen: Mapping[str, str]) -> bool:
    """Whether a row holds for the answers chosen. Without tokens always. Several tokens of one question: any of them. Of different
    questions: all. An open question excludes nothing."""
    wanted: dict[str, set[str]] = {}
    for token in only_for:
        key, _, answer = token.partition("=")
        wanted.setdefault(key, set()).add(answer)
    return all(key not in chosen or chosen[key] in answers for key, answers in wanted.items())


def fact_texts(guide: Guide) -> dict[str, str]:
    """Each field whose origin is kept, in words; "" where nobody knows. Reads the guide's own columns only: it need not be saved."""
    texts = {
        FactField.LEGAL_LIMIT: limit_text(guide.legal_limit, guide.legal_limit_unit),
        FactField.PROMISED_LIMIT: limit_text(guide.promised_limit, guide.promised_limit_unit),
        FactField.FEE: guide.fee,
        FactField.VISITS: "" if guide.visits is None else "不用跑" if guide.visits == 0 else f"最多跑{guide.visits}次",
        FactField.RESULT: guide.result,
        FactField.HOTLINE: guide.hotline,
        FactField.ONLINE: guide.online,
        FactField.AGENCY: Agency(guide.agency).label if guide.agency else "",
        FactField.CROSS_PROVINCE: _yes_no(guide.cross_province, "能跨省办", "不能跨省办"),
        FactField.VIDEO: _yes_no(guide.video, "能视频办", "不能视频办"),
        FactField.SEASON: f"{_month_day(guide.season_from)}到{_month_day(guide.season_to)}" if guide.season_from else "",
    }
    return {str(field): text for field, text in texts.items()}


def _yes_no(value: bool | None, yes: str, no: str) -> str:
    return "" if value is None else yes if value else no


class Reading:
    """A guide (from Guide.objects.whole()) read for one case.

    `params` is the address's query; unknown keys and answers are ignored. A question without an answer takes its first, the usual one, so that
    a page shows one whole case; with `all` in the params every case is listed together instead.
    """

    def __init__(self, guide: Guide, params: Mapping[str, str]):
        self.guide = guide
        self.shows_all = ALL in params
        self.chosen: dict[str, str] = {}
        for situation in guide.situations.all():
            answers = [answer.key for answer in situation.answers.all()]
            wanted = params.get(situation.key)
            if wanted in answers:
                self.chosen[situation.key] = wanted
            elif answers and not self.shows_all:
                self.chosen[situation.key] = answers[0]

    @property
    def case_label(self) -> str:
        """本人去 · 第一次办: the case a page or a printed sheet is for."""
        return " · ".join(
            in_words(s.question, answer.label)
            for s in self.guide.situations.all()
            for answer in s.answers.all()
            if self.chosen.get(s.key) == answer.key
        )

    @cached_property
    def query(self) -> str:
        """who=agent&kind=first: this case in an address, always in the same order."""
        return urlencode(self.chosen)

    @cached_property
    def whole_query(self) -> str:
        """`query`, and that every case is listed where it is: what a printed page was for."""
        return urlencode(({ALL: "1"} if self.shows_all else {}) | self.chosen)

    def applies(self, row: Row) -> bool:
        """Whether the row belongs to the case."""
        return holds(row.only_for, self.chosen)

    def condition_of(self, row: Row) -> str:
        """"家里人代办时": why a row that is shown may not concern the reader, as long as the question is open."""
        labels = [
            answer.label
            for situation in self.guide.situations.all()
            if situation.key not in self.chosen
            for answer in situation.answers.all()
            if f"{situation.key}={answer.key}" in row.only_for
        ]
        return "、".join(labels)

    @cached_property
    def situations(self) -> list[tuple[Situation, list[Choice], str]]:
        """Each question with its choices and the remark of the chosen answer."""
        found = []
        for situation in self.guide.situations.all():
            choices, remark = [], ""
            for answer in situation.answers.all():
                chosen = self.chosen.get(situation.key) == answer.key
                choices.append(Choice(answer, chosen, urlencode({**self.chosen, situation.key: answer.key})))
                remark = answer.note if chosen else remark
            found.append((situation, choices, remark))
        return found

    def _rows(self, rows) -> list[tuple[Row, str]]:
        return [(row, self.condition_of(row)) for row in rows if self.applies(row)]

    @cached_property
    def materials(self) -> list[tuple[Material, str]]:
        return self._rows(self.guide.materials.all())

    @property
    def presence(self) -> str:
        """How the chosen answer about who goes fits what is known of 代办, for a sentence beside the questions.

        "must_come": somebody else was chosen and the person must come. "ask": somebody else was chosen and nobody knows whether that will do.
        "may_send": the person was chosen and may send somebody. "": nothing to say.
        """
        chosen = [choice.answer for _, choices, _ in self.situations for choice in choices if choice.chosen]
        if any(map(_sends_somebody, chosen)):
            return {Agency.ACCOMPANY: "must_come", Agency.AGENT: ""}.get(self.guide.agency, "ask")
        return "may_send" if any(map(_goes_in_person, chosen)) and self.guide.agency == Agency.AGENT else ""

    @property
    def case_of_agent(self) -> str:
        """The address's query for the same case with somebody else going; empty where no question offers it or it is chosen already."""
        offered = [choice for _, choices, _ in self.situations for choice in choices if _sends_somebody(choice.answer)]
        return offered[0].query if offered and not offered[0].chosen else ""

    @property
    def identity_documents(self) -> list[tuple[Material, str]]:
        return [pair for pair in self.materials if pair[0].is_identity_document]

    @property
    def other_materials(self) -> list[tuple[Material, str]]:
        return [pair for pair in self.materials if not pair[0].is_identity_document]

    @cached_property
    def steps(self):
        return self._rows(self.guide.steps.all())

    def _statements(self, kind: StatementKind):
        return self._rows(s for s in self.guide.statements.all() if s.kind == kind)

    @cached_property
    def conditions(self):
        return self._statements(StatementKind.CONDITION)

    @cached_property
    def notes(self):
        return self._statements(StatementKind.NOTE)

    @cached_property
    def legal_basis(self):
        return self._statements(StatementKind.BASIS)

    @cached_property
    def facts(self) -> dict[str, FactLine]:
        known = {fact.field: fact for fact in self.guide.facts.all()}
        return {field: FactLine(field, FactField(field).label, text, known.get(field)) for field, text in fact_texts(self.guide).items()}

    @property
    def time_and_money(self) -> list[FactLine]:
        """多久、多少钱 in plain words. Without a promised time the legal one answers; a season stands only where there is one."""
        facts = self.facts
        promised, legal = facts[FactField.PROMISED_LIMIT], facts[FactField.LEGAL_LIMIT]
        lines = [(facts[FactField.FEE], "要不要钱"), (promised if promised.text or not legal.text else legal, "多久办好")]
        if promised.text and legal.text:
            lines.append((legal, "法律规定最长"))
        lines += [(facts[FactField.VISITS], "要跑几次"), (facts[FactField.RESULT], "办完拿到什么")]
        if facts[FactField.SEASON].text:
            lines.append((facts[FactField.SEASON], "每年什么时候办"))
        return [replace(line, label=label) for line, label in lines]

    @cached_property
    def _shown(self) -> list[Sourced | None]:
        facts = [line.fact for line in self.facts.values() if line.text]
        rows = [row for rows in (self.materials, self.steps, self.conditions, self.notes, self.legal_basis) for row, _ in rows]
        return [*facts, *rows, *self.guide.counters.all()]

    @cached_property
    def unverified(self) -> int:
        """How many shown statements nobody has vouched for yet."""
        return sum(1 for item in self._shown if item is None or not item.is_verified)

    @property
    def sources(self) -> list[str]:
        """Where the verified statements on this page come from, each once."""
        return list(dict.fromkeys(f"{s.source or s.verified_by}（{s.verified_on:%Y-%m-%d} 核对）" for s in self._shown if s and s.is_verified))

    def checklist(self) -> tuple[tuple[str, str], ...]:
        """(name, requirement) of each paper for this case, as a help request keeps it."""
        return self._checklist

    @cached_property
    def _checklist(self) -> tuple[tuple[str, str], ...]:
        return tuple((m.name, material_detail(m) + (f"（{condition}时）" if condition else "")) for m, condition in self.materials)


def material_detail(material: Material) -> str:
    """原件1份、复印件2份 … in words."""
    if material.form == Form.ELECTRONIC:
        return "手机里的电子版就行"
    if material.form == Form.BOTH:
        return f"原件，再带复印件{material.copies}份"
    return f"{material.get_form_display()}{material.copies}份"


def _month_day(text: str) -> str:
    month, day = text.split("-")
    return f"{int(month)}月{int(day)}日"
