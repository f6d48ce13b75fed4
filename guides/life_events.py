"""一件事 as a reader sees it: its steps, each read for a case, one list of papers and what to get first. Pure: the event comes loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from guides.models import Answer, Guide, LifeEvent, LifeEventStep, Situation, Status
from guides.preparation import Errand, Paper, merge, plan
from guides.reading import Reading

SKIP = "skip"  # ?yibao-011=skip leaves out a step that is not every family's


def wrong_answers(guide: Guide, case: str) -> list[str]:
    """The parts of a step's `case` that are no answer of the guide's situations, such as who=nobody; `guide` comes from whole()."""
    known = {answer.token for situation in guide.situations.all() for answer in situation.answers.all()}
    return [part for part in filter(None, case.split("&")) if part not in known]


@dataclass(frozen=True)
class Option:
    """One answer to a step's question, with the event's query that chooses it."""

    answer: Answer
    chosen: bool
    query: str


@dataclass(frozen=True)
class StepReading:
    """One step of an event. `toggle` is the event's query without it, or with it again."""

    number: int
    step: LifeEventStep
    reading: Reading
    skipped: bool
    situations: list[tuple[Situation, list[Option]]]
    toggle: str

    @property
    def guide(self) -> Guide:
        return self.step.guide

    @property
    def place(self):
        """The first counter: where most people go, at the lowest level. None where nobody knows."""
        return next(iter(self.guide.counters.all()), None)


@dataclass(frozen=True)
class PaperLine:
    """One line of the merged list. `amount` is for the steps that everybody takes; `whole`, where it differs, for all of them.

    An optional paper is wanted only by steps that are not everybody's.
    """

    paper: Paper
    amount: str
    whole: str
    is_optional: bool


class EventReading:
    """An event (from LifeEvent.objects.whole()) read for the answers in an address.

    Each step takes the answers of its `case`, or those in `params` under the guide's slug: ?huji-002.paper=lost. Only what differs from the
    usual stands in `query`, so that the usual page has one address. Unknown keys and answers are ignored. A step whose guide is not
    published is left out and counted in `left_out`. `issuers`: see preparation.plan.
    """

    def __init__(self, event: LifeEvent, params: Mapping[str, str], issuers: Mapping[int, Guide]):
        self.event, self.issuers = event, issuers
        steps = list(event.steps.all())
        shown = [step for step in steps if step.guide.status == Status.PUBLISHED]
        self.left_out = len(steps) - len(shown)
        self._usual = {step.guide.slug: Reading(step.guide, dict(parse_qsl(step.case))).chosen for step in shown}
        self._chosen = {step.guide.slug: _chosen(step.guide, self._usual[step.guide.slug], params) for step in shown}
        self._skipped = {step.guide.slug for step in shown if step.optional and params.get(step.guide.slug) == SKIP}
        self.steps = [self._step(number, step) for number, step in enumerate(shown, start=1)]

    def _step(self, number: int, step: LifeEventStep) -> StepReading:
        slug = step.guide.slug
        reading = Reading(step.guide, self._chosen[slug])
        situations = []
        for situation, choices, _ in reading.situations:
            options = [Option(c.answer, c.chosen, self._query({slug: {**reading.chosen, situation.key: c.answer.key}})) for c in choices]
            situations.append((situation, options))
        toggled = self._query(skipped=self._skipped ^ {slug}) if step.optional else ""
        return StepReading(number, step, reading, slug in self._skipped, situations, toggled)

    def _query(self, changed: Mapping[str, Mapping[str, str]] | None = None, skipped: set[str] | None = None) -> str:
        """The address's query for these answers: first what differs from the usual case, then what is left out."""
        pairs = [
            (f"{slug}.{key}", answer)
            for slug, chosen in {**self._chosen, **(changed or {})}.items()
            for key, answer in chosen.items()
            if self._usual[slug].get(key) != answer
        ]
        gone = self._skipped if skipped is None else skipped
        return urlencode(pairs + [(slug, SKIP) for slug in self._usual if slug in gone])

    @property
    def query(self) -> str:
        return self._query()

    @cached_property
    def _taken(self) -> list[StepReading]:
        return [step for step in self.steps if not step.skipped]

    @cached_property
    def _papers(self) -> list[PaperLine]:
        usual = {step.guide.pk for step in self._taken if not step.step.optional}
        lines = []
        for paper in merge(step.reading for step in self._taken):
            for_usual = usual.intersection(guide.pk for guide in paper.guides)
            amount, whole = paper.amount(for_usual or None), paper.amount()
            lines.append(PaperLine(paper, amount, whole if whole != amount else "", not for_usual))
        return lines

    @property
    def identity_documents(self) -> list[PaperLine]:
        return [line for line in self._papers if line.paper.is_identity_document and not line.is_optional]

    @property
    def other_papers(self) -> list[PaperLine]:
        return [line for line in self._papers if not line.paper.is_identity_document and not line.is_optional]

    @property
    def optional_papers(self) -> list[PaperLine]:
        return [line for line in self._papers if line.is_optional]

    @cached_property
    def errands(self) -> list[tuple[Errand, int | None]]:
        """What to get first, and which step of this event that is, if it is one."""
        numbers = {step.guide.pk: step.number for step in self._taken}
        return [(errand, numbers.get(errand.guide.pk)) for errand in plan([step.reading for step in self._taken], self.issuers)]

    @property
    def unverified(self) -> int:
        """How many statements shown here nobody has vouched for yet."""
        return sum(step.reading.unverified for step in self._taken)


def _chosen(guide: Guide, usual: Mapping[str, str], params: Mapping[str, str]) -> dict[str, str]:
    """The usual answers with what the address says instead."""
    prefix = f"{guide.slug}."
    asked = {key.removeprefix(prefix): value for key, value in params.items() if key.startswith(prefix)}
    return Reading(guide, {**usual, **{key: value for key, value in asked.items() if _is_answer(guide, key, value)}}).chosen


def _is_answer(guide: Guide, key: str, value: str) -> bool:
    return any(s.key == key and a.key == value for s in guide.situations.all() for a in s.answers.all())
