"""What a reviewer has to look at: each statement of a guide that nobody vouches for, in words."""

from dataclasses import dataclass, replace

from guides.departments import name_of
from guides.models import Guide, Sourced
from guides.reading import Reading, material_detail

__all__ = ["Item", "all_parts", "name_of", "unverified_parts"]

STATEMENT_TITLES = {"condition": "谁能办", "note": "注意", "basis": "依据"}


@dataclass(frozen=True)
class Item:
    row: Sourced
    text: str
    limits: str = ""  # the answers it holds for, in words; empty when it always holds

    @property
    def key(self) -> str:
        """How the row stands in the form: material-17."""
        return f"{self.row._meta.model_name}-{self.row.pk}"


def all_parts(guide: Guide) -> list[tuple[str, list[Item]]]:
    """Titles with their rows, in the order of the resident's page. Pass one from whole()."""
    facts = Reading(guide, {}).facts
    groups = [(title, [Item(s, s.text) for s in guide.statements.all() if s.kind == kind]) for kind, title in STATEMENT_TITLES.items()]
    materials = [Item(m, "：".join(filter(None, [f"{m.name}（{material_detail(m)}）", m.how]))) for m in guide.materials.all()]
    counters = [Item(c, "：".join(filter(None, [str(c.office or c), c.note]))) for c in guide.counters.all()]
    known = [Item(f, f"{f}：{facts[f.field].text}{'（' + f.note + '）' if f.note else ''}") for f in guide.facts.all()]
    labels = {answer.token: answer.label for situation in guide.situations.all() for answer in situation.answers.all()}

    def limited(item: Item) -> Item:
        return replace(item, limits="、".join(labels.get(token, token) for token in getattr(item.row, "only_for", [])))

    groups[1:1] = [
        ("要带什么", materials),
        ("怎么办", [Item(s, s.text) for s in guide.steps.all()]),
        ("去哪办", counters),
        ("多久、多少钱、网上、代办", known),
    ]
    return [(title, [limited(item) for item in items]) for title, items in groups if items]


def unverified_parts(guide: Guide) -> list[tuple[str, list[Item]]]:
    """As `all_parts`, only the rows that nobody vouches for."""
    left = [(title, [item for item in items if not item.row.is_verified]) for title, items in all_parts(guide)]
    return [(title, items) for title, items in left if items]
