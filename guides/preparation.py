"""Coming prepared: which papers to get first (材料来源链), and one list of papers for several guides. Pure: the guides come loaded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from math import ceil

from guides.models import FactField, Form, Guide, Material, Unit
from guides.paper_names import PaperName, read_name
from guides.reading import FactLine, Reading

DEPTH = 2  # a paper and what that one needs; its guide's own page leads further back
WORKDAYS = {Unit.WORKDAY: 1, Unit.DAY: 5 / 7, Unit.MONTH: 261 / 12}  # 261 weekdays a year
# A guide that only replaces what was lost (补领婚姻登记证) is no way to a paper which people have in the drawer at home.
REPLACEMENT, FIRST_ISSUE = re.compile("补领|补办|补证"), re.compile("申领|签发|新办|办理|核发")
# Who may bring one of these instead has nowhere to go.
EVERYBODY_HAS = {"身份证", "户口簿", "银行卡"}
# Written for one matter and left at its window, like photos; what else is an original is shown and taken back.
LEFT_AT_THE_WINDOW = re.compile("(委托书|授权书|承诺书|声明|申请书|申请表|登记表|照片)$")


def is_errand(material: Material) -> bool:
    """Whether somebody may have to go elsewhere for it first: not for what everybody has, may bring later, or only might have lost."""
    issuer = material.issued_by
    if issuer is None or issuer.pk == material.guide_id or material.is_identity_document or material.later:
        return False
    if EVERYBODY_HAS & read_name(material.name).kinds:
        return False
    return not (REPLACEMENT.search(issuer.title) and not FIRST_ISSUE.search(issuer.title))


def in_workdays(count: int | None, unit: str) -> int | None:
    """A time limit in working days, rounded up, so that limits of different units can be put in order."""
    return None if count is None else ceil(count * WORKDAYS[Unit(unit)])


@dataclass(frozen=True)
class Errand:
    """One way to go before the matter itself: the guide that issues the papers, and how long that takes at most."""

    guide: Guide
    names: tuple[str, ...]  # of its papers, as they are called where they are asked for
    limit: FactLine | None  # the promised time, else the legal one; None: nobody knows
    before: tuple["Errand", ...] = ()  # what this errand itself needs first

    @property
    def takes(self) -> str:
        """当场办完, or 最长20个工作日; empty where nobody knows."""
        text = self.limit.text if self.limit else ""
        return f"最长{text}" if text[:1].isdigit() else text

    @property
    def papers(self) -> str:
        """The names on one line, two at most."""
        if len(self.names) <= 2:
            return "、".join(self.names)
        plain = dict.fromkeys(re.sub("（.*?）", "", name) for name in self.names)
        return "、".join(sorted(plain, key=len)[:2]) + "等"


class _Planner:
    """The papers of some readings and of what these need, as far as DEPTH: who needs whom, and how long each takes with all before it."""

    def __init__(self, readings: list[Reading], issuers: Mapping[int, Guide]):
        self.roots = {reading.guide.pk: reading for reading in readings}
        self.readings = {pk: Reading(guide, {}) for pk, guide in issuers.items()} | self.roots
        self.needs: dict[int, dict[int, list[str]]] = {}  # a guide → the guides it needs → the names of the papers
        self.totals: dict[int, tuple[int, int]] = {}

    def order(self) -> list[int]:
        """The issuing guides in a fit order: each after those it needs, the slowest first. A circle is entered once."""
        level = list(self.roots)
        for _ in range(DEPTH):
            for pk in level:
                self.needs[pk] = self._needs_of(pk)
            level = list(dict.fromkeys(needed for pk in level for needed in self.needs[pk] if needed not in self.needs))
        found: list[int] = []
        for pk in self._slowest(needed for root in self.roots for needed in self.needs[root]):
            self._visit(pk, (), found)
        return found

    def _needs_of(self, pk: int) -> dict[int, list[str]]:
        needs: dict[int, list[str]] = {}
        for material, _ in self.readings[pk].materials:
            source = self._source(material) if is_errand(material) else None
            # A paper that only an errand would want of the matters themselves is a circle.
            if source in self.readings and source != pk and (pk in self.roots or source not in self.roots):
                needs.setdefault(source, []).append(material.name)
        return needs

    def _source(self, material: Material) -> int:
        """Who issues it: the named guide, unless a matter before this one ends with such a paper. A cooperative's 营业执照 is its own."""
        if material.issued_by_id in self.roots or material.guide_id not in self.roots:
            return material.issued_by_id
        before = takewhile(lambda pk: pk != material.guide_id, self.roots)
        kinds = read_name(material.name).exact_kinds
        return next((pk for pk in before if any(kind in self.roots[pk].guide.result for kind in kinds)), material.issued_by_id)

    def _visit(self, pk: int, path: tuple[int, ...], found: list[int]) -> None:
        if pk in path or pk in found:
            return
        for before in self._slowest(self.needs.get(pk, ())):
            self._visit(before, (*path, pk), found)
        found.append(pk)

    def _slowest(self, pks: Iterable[int]) -> list[int]:
        return sorted(dict.fromkeys(pks), key=self._total, reverse=True)

    def _total(self, pk: int) -> tuple[int, int]:
        """Known working days and the number of unknown waits, with the slowest before it. An unknown wait may be long, so it comes before
        what is done on the spot, and after what is known to take days."""
        if pk not in self.totals:
            line = time_line(self.readings[pk])
            days = in_workdays(*_limit_of(line, self.readings[pk].guide)) if line else None
            self.totals[pk] = own = (days or 0, int(days is None))  # met again below: a circle, counted once
            before = max((self._total(needed) for needed in self.needs.get(pk, ())), default=(0, 0))
            self.totals[pk] = (own[0] + before[0], own[1] + before[1])
        return self.totals[pk]


def time_line(reading: Reading) -> FactLine | None:
    """How long the guide takes: what is promised, else what the law allows, else None."""
    lines = (reading.facts[FactField.PROMISED_LIMIT], reading.facts[FactField.LEGAL_LIMIT])
    return next((line for line in lines if line.text), None)


def _limit_of(line: FactLine, guide: Guide) -> tuple[int | None, str]:
    return getattr(guide, line.field), getattr(guide, f"{line.field}_unit")


def plan(readings: list[Reading], issuers: Mapping[int, Guide]) -> list[Errand]:
    """Which papers of these readings to get first, the slowest first, each paper and each issuing guide once.

    `issuers` are the published guides that may issue papers, by primary key (guides.access.issuers_of); others are left out. What a paper
    needs stands with it, in its `before`, or has a place of its own above it where the readings ask for it too. The readings' own guides
    are errands only where another of the readings asks for their paper.
    """
    planner, errands, waiting, seen = _Planner(readings, issuers), [], [], set()
    for pk in planner.order():
        wanted = [(asking, names) for asking, needs in planner.needs.items() for needed, names in needs.items() if needed == pk]
        direct = [names for asking, names in wanted if asking in planner.roots]
        names = _each_once(name for names in direct or [names for _, names in wanted] for name in names)
        errand = Errand(planner.readings[pk].guide, names, time_line(planner.readings[pk]), tuple(waiting) if direct else ())
        if not direct:
            waiting.append(errand)
            continue
        kinds = [read_name(name).exact_kinds for name in names]
        if not all(kind & seen for kind in kinds):
            errands.append(errand)
        seen.update(*kinds)
        waiting = []
    return errands


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    """In their order, one for each paper however it is written."""
    known: dict[PaperName, str] = {}
    for name in names:
        known.setdefault(read_name(name), name)
    return tuple(known.values())


@dataclass(frozen=True)
class Request:
    """One guide asks for one paper. `condition`: in which case only, where the reader has not chosen."""

    guide: Guide
    material: Material
    condition: str


class Paper:
    """One paper and all the guides that want it."""

    def __init__(self, first: Request):
        self.requests = [first]
        self.whole_name = read_name(first.material.name)
        self.kinds = self.whole_name.kinds  # those that every one of the guides accepts

    def accepts(self, guide: Guide, material: Material, name: PaperName) -> bool:
        """Whether this is the same paper. Within one guide each line is a paper of its own: its author knew why."""
        if any(request.guide.pk == guide.pk for request in self.requests) or name.whose != self.whole_name.whose:
            return False
        issuer = self.requests[0].material.issued_by_id
        if material.issued_by_id and material.issued_by_id == issuer:
            # 结婚证 and 离婚证 come from one window and are two papers; 死亡证明 under two descriptions is one.
            return bool(self.kinds & name.kinds) or not (self.whole_name.is_exact and name.is_exact)
        return bool(self.kinds & name.kinds) and name.detail == self.whole_name.detail

    def add(self, request: Request, name: PaperName) -> None:
        self.requests.append(request)
        self.kinds = self.kinds & name.kinds or self.kinds

    @cached_property
    def strictest(self) -> Request:
        """Whose wording satisfies all: the fewest kinds to choose from, then the plainest."""
        return min(self.requests, key=lambda r: (len(read_name(r.material.name).kinds), len(r.material.name)))

    @property
    def name(self) -> str:
        return self.strictest.material.name

    @property
    def other_names(self) -> list[str]:
        """How else a guide calls it, so that nobody wonders at the window."""
        return list(dict.fromkeys(r.material.name for r in self.requests if r.material.name != self.name))

    @property
    def guides(self) -> list[Guide]:
        return [request.guide for request in self.requests]

    @property
    def is_identity_document(self) -> bool:
        return any(request.material.is_identity_document for request in self.requests)

    @property
    def later(self) -> bool:
        """May be supplied later only where every guide says so."""
        return all(request.material.later for request in self.requests)

    @property
    def weakest(self) -> Material:
        """The row whose mark is shown: verified only when all are."""
        return next((r.material for r in self.requests if not r.material.is_verified), self.requests[0].material)

    def _first(self, field: str):
        rows = [self.strictest.material, *(request.material for request in self.requests)]
        return next((value for row in rows if (value := getattr(row, field))), None)

    @property
    def issuer(self) -> str:
        return self._first("issuer") or ""

    @property
    def how(self) -> str:
        return self._first("how") or ""

    @property
    def issued_by(self) -> Guide | None:
        return self._first("issued_by")

    def amount(self, guides: Iterable[int] | None = None) -> str:
        """The strictest form and how many, in words; for these guides (primary keys) only, if given.

        Copies are added up, because each window keeps its own. Of an original one goes along from window to window, so the largest count
        counts, unless windows keep it: then these too are added up.
        """
        rows = [request.material for request in self.requests if guides is None or request.guide.pk in guides]
        copies = sum(row.copies for row in rows if row.form in (Form.COPY, Form.BOTH))
        originals = [row.copies if row.form == Form.ORIGINAL else 1 for row in rows if row.form in (Form.ORIGINAL, Form.BOTH)]
        kept = not self.is_identity_document and (
            any(count > 1 for count in originals) or any(LEFT_AT_THE_WINDOW.search(kind) for kind in self.whole_name.kinds)
        )
        count = sum(originals) if kept else max(originals, default=0)
        if not count and not copies:
            return "手机里的电子版就行"
        if count and copies:
            return f"原件{f'{count}份' if count > 1 else ''}，再带复印件{copies}份"
        return f"原件{count}份" if count else f"复印件{copies}份"


def merge(readings: Iterable[Reading]) -> list[Paper]:
    """Each paper of these readings once, in the order in which they are first asked for."""
    papers: list[Paper] = []
    for reading in readings:
        for material, condition in reading.materials:
            name, request = read_name(material.name), Request(reading.guide, material, condition)
            known = next((paper for paper in papers if paper.accepts(reading.guide, material, name)), None)
            if known:
                known.add(request, name)
            else:
                papers.append(Paper(request))
    return papers
