"""智能客服: a question, perhaps about the guide spoken of before, becomes one reply. It says what a guide holds, or that it does not know.

Nothing of a conversation is stored. What it was about stands signed in the address (`Subject.signed`), so a follow-up keeps its matter and
nobody can put another text there.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl

from django.core import signing

from guides import intents, language
from guides.intents import Intent
from guides.models import Area, Guide, district_of
from guides.reading import Reading
from guides.replies import Said, agent_case, say
from guides.safety import SafetyAnswer, safety_answer
from guides.search import Hit, search
from guides.where import places_for

SUBJECT_SECONDS = 24 * 60 * 60  # a conversation is over by then; an older address still answers, without its context
MOST_CHOICES = 4
CLOSE = 0.95  # of the best score: two services that the words fit alike
CLOSE_BARE = 0.85  # a bare 养老保险 says less, and asks sooner which of those that carry the word
_signer = signing.TimestampSigner(salt="guides.assistant")

# Where on a guide's page the answer stands: the part of the page and the step of the 长辈版.
ANCHORS = {
    Intent.MATERIALS: "bring", Intent.WHERE: "where", Intent.HOURS: "where", Intent.TIME: "time", Intent.FEE: "time", Intent.WHO: "who",
    Intent.AGENT: "who", Intent.ONLINE: "where", Intent.PHONE: "time", Intent.STEPS: "how", Intent.SEASON: "time", Intent.GENERAL: "",
}  # fmt: skip
PARTS = {"who": "谁能办", "bring": "要带什么", "where": "去哪办", "how": "怎么办", "time": "多久、多少钱"}
CASE_INTENTS = (Intent.MATERIALS, Intent.STEPS, Intent.WHO, Intent.AGENT)  # where another case gets another answer
SUGGESTED = (Intent.MATERIALS, Intent.WHERE, Intent.FEE, Intent.TIME, Intent.AGENT, Intent.STEPS, Intent.WHO, Intent.ONLINE)


@dataclass(frozen=True)
class Subject:
    """What was spoken of: a guide, the case of it (who=agent) and what was last asked."""

    slug: str
    case: str = ""
    intent: Intent = Intent.GENERAL

    @property
    def signed(self) -> str:
        return _signer.sign(f"{self.slug}|{self.case}|{self.intent}")


def subject_of(signed: str) -> Subject | None:
    """The subject in an address; None for an old, a changed or an empty one."""
    try:
        slug, case, intent = _signer.unsign(signed, max_age=SUBJECT_SECONDS).split("|")
        return Subject(slug, case, Intent(intent))
    except (signing.BadSignature, ValueError):
        return None


class Kind(StrEnum):
    ANSWER = "answer"
    WHICH = "which"
    SAFETY = "safety"
    UNKNOWN = "unknown"
    NO_MATTER = "no_matter"  # what is asked is clear, of which service is not


@dataclass(frozen=True)
class Reply:
    """One answer. `guide`, `said`, `reading` belong to ANSWER, `choices` to WHICH, `safety` to SAFETY."""

    kind: Kind
    question: str  # as it may be shown: without long numbers
    has_number: bool
    intent: Intent
    guide: Guide | None = None
    reading: Reading | None = None
    said: Said | None = None
    choices: tuple[tuple[Hit, Subject], ...] = ()
    safety: SafetyAnswer | None = None

    @property
    def subject(self) -> Subject | None:
        """What a follow-up will be about."""
        return Subject(self.guide.slug, self.reading.query, self.intent) if self.guide else None

    @property
    def label(self) -> str:
        return intents.LABELS[self.intent]

    @property
    def anchor(self) -> str:
        return ANCHORS[self.intent]

    @property
    def part(self) -> str:
        return PARTS.get(self.anchor, "")

    @property
    def case(self) -> str:
        """本人去: the case the answer holds for, where it makes a difference."""
        return self.reading.case_label if self.reading and self.intent in CASE_INTENTS else ""

    @property
    def suggested(self) -> list[str]:
        """Short questions that the same guide can be asked next."""
        return [intents.LABELS[intent] for intent in SUGGESTED if intent != self.intent]


def ask(question: str, *, subject: Subject | None, area: Area | None, now: datetime) -> Reply:
    """The reply to what somebody typed. Any text is accepted, at most MAX_QUESTION characters are read. `now` aware, local."""
    text = intents.normalise(question)
    asked = intents.intent_of(text)
    reply = Reply(Kind.UNKNOWN, intents.without_numbers(question), intents.has_long_number(question), asked or Intent.GENERAL)
    safety = safety_answer(text)
    if safety:
        return replace(reply, kind=Kind.SAFETY, safety=safety)
    district = district_of(area)
    found = _matter(text, asked, subject, district)
    if isinstance(found, Kind):
        return replace(reply, kind=found)
    if len(found) > 1:
        choices = tuple((hit, Subject(hit.slug, "", reply.intent)) for hit in found)
        return replace(reply, kind=Kind.WHICH, choices=choices)
    is_same = subject is not None and subject.slug == found[0]
    intent = asked or (subject.intent if subject and not is_same else Intent.GENERAL)
    guide = Guide.objects.published().whole().filter(district=district, slug=found[0]).first()
    if guide is None:
        return reply
    return answer(replace(reply, intent=intent), guide, text=text, case=subject.case if is_same else "", area=area, now=now)


def answer(reply: Reply, guide: Guide, *, text: str, case: str, area: Area | None, now: datetime) -> Reply:
    """The reply filled from one guide (from Guide.objects.whole())."""
    params = dict(parse_qsl(case)) | _case_in_words(guide, text)
    reading = Reading(guide, params)
    if reply.intent == Intent.AGENT:
        reading = Reading(guide, agent_case(reading))
    places = places_for(guide, area, now=now) if reply.intent in (Intent.WHERE, Intent.HOURS) else []
    said = say(reply.intent, reading, places, text=text, today=now.date())
    return replace(reply, kind=Kind.ANSWER, guide=guide, reading=reading, said=said)


def _case_in_words(guide: Guide, text: str) -> dict[str, str]:
    """The answers whose very words stand in the question (外地户口, 丢了), the longest of each situation."""
    chosen = {}
    for situation in guide.situations.all():
        named = [answer for answer in situation.answers.all() if len(answer.label) > 1 and answer.label.lower() in text]
        if named:
            chosen[situation.key] = max(named, key=lambda answer: len(answer.label)).key
    return chosen


def _matter(text: str, asked: Intent | None, subject: Subject | None, district: str) -> list | Kind:
    """Which guide a question is about: [slug], several hits when the words fit several alike, or why none is."""
    if not intents.names_a_matter(text):
        if subject:
            return [subject.slug]
        return Kind.NO_MATTER if asked else Kind.UNKNOWN
    hits = _hits(text, district)
    if subject and (not hits or any(hit.slug == subject.slug for hit in hits) or not _is_new_matter(text, hits, district)):
        return [subject.slug] if asked or hits else Kind.UNKNOWN
    if not hits:
        return Kind.UNKNOWN
    return hits if len(hits) > 1 else [hits[0].slug]


def _hits(text: str, district: str) -> list[Hit]:
    """The guide a question fits best and those it fits as well, best first; empty when it surely fits none.

    Asked twice, with and without the words that ask: people put them into the names of things (医保怎么交), but what they ask of a guide need
    not stand in it, so any of the two may be sure.
    """
    asked = [search(text, district=district), search(intents.without_intent(text), district=district)]
    if not any(results.confident for results in asked) and not _is_named(text, district):
        return []
    scores: dict[str, float] = {}
    known = {}
    for results in asked:
        for hit in results.hits:
            scores[hit.slug] = scores.get(hit.slug, 0.0) + hit.score / results.hits[0].score / 2
            known.setdefault(hit.slug, hit)
    best = sorted(scores, key=lambda slug: (-scores[slug], slug))
    best = [known[slug] for slug in best if scores[slug] >= CLOSE_BARE * scores[best[0]]]
    matter = intents.matter_of(text)
    return [hit for hit in best if scores[hit.slug] >= CLOSE * scores[best[0].slug] or _carries(hit, matter)][:MOST_CHOICES]


def _carries(hit: Hit, matter: str) -> bool:
    return bool(matter) and any(matter in language.normalise(name) for name in (hit.plain_title, hit.title))


def _is_named(text: str, district: str) -> bool:
    """想给我爸申请个轮椅: most of it is small words, but the matter itself is what a guide is called."""
    matter = intents.matter_of(text)
    results = search(matter, limit=1, district=district)
    if not results.confident:
        return False
    guide = Guide.objects.published().filter(district=district, slug=results.hits[0].slug).only("plain_title", "title", "aliases").first()
    names = [guide.plain_title, guide.title, *guide.aliases] if guide else []
    return any(len(word) > 1 and word in language.normalise(name) for word in matter.split() for name in names)


def _is_new_matter(text: str, hits: list[Hit], district: str) -> bool:
    """Whether a follow-up names another service: what it names beside small words is by itself surely found."""
    rest = search(intents.matter_of(text), district=district)
    return rest.confident and any(hit.slug == rest.hits[0].slug for hit in hits)
