"""Everything that somebody wrote into a guide, passage by passage, with the name of its place in words and where the admin page has it."""

from collections.abc import Iterator
from dataclasses import dataclass

from guides.document_shape import FACT_KEYS
from guides.models import FactField, Guide, StatementKind

STATEMENT_GROUPS = {  # the titles of the admin page, and the groups Django numbers by their place among those of one model
    StatementKind.CONDITION: ("谁能办", "statements-group"),
    StatementKind.NOTE: ("注意", "statements-2-group"),
    StatementKind.BASIS: ("依据", "statements-3-group"),
}
WRITTEN_FACTS = {FactField.FEE: "fee", FactField.RESULT: "result", FactField.HOTLINE: "hotline", FactField.ONLINE: "online"}


@dataclass(frozen=True)
class Passage:
    """`where` is its place as the admin page calls it, `anchor` that place in the page. Prose is what residents read as sentences."""

    where: str
    anchor: str
    text: str
    is_prose: bool = True


def of(guide: Guide) -> list[Passage]:
    """In the order of the admin page, empty ones left out. Pass a guide from `whole()`: then no query."""
    found = [*_head(guide), *_statements(guide, StatementKind.CONDITION), *_situations(guide), *_materials(guide)]
    found += _numbered("怎么办", "steps-group", guide.steps.all())
    for number, counter in enumerate(guide.counters.all(), start=1):
        found.append(Passage(f"去哪办 第{number}条的说明", "counters-group", counter.note))
        found.append(Passage(f"去哪办 第{number}条的出处", "counters-group", counter.source, is_prose=False))
    found += [*_facts(guide), *_statements(guide, StatementKind.NOTE), *_statements(guide, StatementKind.BASIS)]
    return [passage for passage in found if passage.text]


def fact_anchor(guide: Guide, field: str) -> str:
    """The place of one fact in the admin page: known ones first, as guides.admin.parts.FactFormSet lists them."""
    known = [fact.field for fact in guide.facts.all()]
    return f"facts-{[*known, *(name for name in FactField.values if name not in known)].index(field)}"


def _head(guide: Guide) -> Iterator[Passage]:
    yield Passage("大白话名称", "id_plain_title", guide.plain_title)
    yield Passage("一句话回答", "id_answer", guide.answer)
    yield Passage("事项名称", "id_title", guide.title, is_prose=False)
    yield Passage("主管部门", "id_department", guide.department, is_prose=False)
    yield Passage("别的叫法", "id_aliases", "\n".join(guide.aliases), is_prose=False)
    yield Passage("居民怎么问", "id_phrasings", "\n".join(guide.phrasings), is_prose=False)


def _numbered(title: str, anchor: str, rows, *, is_prose: bool = True) -> Iterator[Passage]:
    for number, row in enumerate(rows, start=1):
        yield Passage(f"{title} 第{number}条", anchor, row.text, is_prose)
        yield Passage(f"{title} 第{number}条的出处", anchor, row.source, is_prose=False)


def _statements(guide: Guide, kind: StatementKind) -> Iterator[Passage]:
    title, anchor = STATEMENT_GROUPS[kind]
    rows = [row for row in guide.statements.all() if row.kind == kind]
    return _numbered(title, anchor, rows, is_prose=kind != StatementKind.BASIS)  # the names of laws are as they are


def _situations(guide: Guide) -> Iterator[Passage]:
    for situation in guide.situations.all():
        yield Passage(f"情形“{situation.question}”", "situations-group", situation.question)
        for answer in situation.answers.all():
            yield Passage(f"情形“{situation.question}”的回答", "situations-group", answer.label)
            yield Passage(f"情形“{situation.question}”选“{answer.label}”时的提示", "situations-group", answer.note)


def _materials(guide: Guide) -> Iterator[Passage]:
    for number, row in enumerate(guide.materials.all(), start=1):
        where = f"要带什么 第{number}条"
        yield Passage(f"{where}的名称", "materials-group", row.name, is_prose=False)  # papers are called what they are called
        yield Passage(f"{where}的“谁出的”", "materials-group", row.issuer, is_prose=False)
        yield Passage(f"{where}的“怎么拿到”", "materials-group", row.how)
        yield Passage(f"{where}的出处", "materials-group", row.source, is_prose=False)


def _facts(guide: Guide) -> Iterator[Passage]:
    notes = {fact.field: fact for fact in guide.facts.all()}
    for field in FACT_KEYS:
        label, anchor = FactField(field).label, fact_anchor(guide, field)
        if attribute := WRITTEN_FACTS.get(FactField(field)):
            yield Passage(label, anchor, getattr(guide, attribute))
        if fact := notes.get(field):
            yield Passage(f"{label}的补充说明", anchor, fact.note)
            yield Passage(f"{label}的出处", anchor, fact.source, is_prose=False)
