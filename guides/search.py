"""Search: one function in, ranked results out.

Each process holds an index (guides.ranking) in memory. One small query per search asks for the content's version; when it moved, only the
guides that changed since are read again. Both databases give the same results because neither ranks.
"""

import math
from dataclasses import dataclass
from threading import Lock

from guides import elsewhere, language
from guides.models import ContentStamp, Guide, LifeEvent, Synonym, own_district
from guides.ranking import Concepts, Document, Match, Ranker, Ranking

MAX_QUERY = 200  # characters; the rest is not read
# Sure is what scores well and holds enough of the question in absolute terms; fitted on queries-tuned.tsv and queries-out.tsv of benchmarks/.
USUAL = 0.01  # what people ask for most wins where nothing else decides
SCORE_SAYS, FOUND_SAYS, SURE = 14.6, 2.3, 7.5


@dataclass(frozen=True)
class Hit:
    slug: str
    plain_title: str
    title: str
    answer: str
    domain: str
    audience: str
    score: float
    why: str


@dataclass(frozen=True)
class Results:
    """Hits, best first. `confident` is False when the best hit fits too little to be shown as an answer."""

    hits: list[Hit]
    confident: bool


class _Index:
    """The published guides of one district as one version of the content has them."""

    def __init__(self, district: str = ""):
        self.district = district or own_district()
        self.version = -1
        self.lock = Lock()  # ranking is pure Python: what waits here would wait for the interpreter anyway
        self._synonyms: list = []
        self._ranker = Ranker(Concepts())
        self._guides: dict[str, Guide] = {}

    def follow(self) -> None:
        """Take what changed since the last look. Hold the lock."""
        version = ContentStamp.current()
        if version == self.version:
            return
        synonyms = list(Synonym.objects.values_list("words", flat=True))
        if synonyms != self._synonyms:
            self._ranker.regroup(Concepts(synonyms))
            self._synonyms = synonyms
        published = Guide.objects.published().filter(district=self.district)
        for guide in published.filter(content_version__gt=self.version).whole():
            self._ranker.put(_document(guide))
            self._guides[guide.slug] = _card(guide)
        for slug in self._guides.keys() - set(published.values_list("slug", flat=True)):
            self._ranker.drop(slug)
            del self._guides[slug]
        self.version = version

    def answer(self, text: str, limit: int) -> tuple[list[tuple[Guide, Match]], bool]:
        """The guides that fit a normalised question, and whether the first is sure to be meant."""
        with self.lock:
            self.follow()
            ranking = self._ranker.rank(text, limit=limit)
            return [(self._guides[match.key], match) for match in ranking.matches], self._is_sure(text, ranking)

    def _is_sure(self, text: str, ranking: Ranking) -> bool:
        if not language.meant(text) or not ranking.found:
            return False
        best = ranking.matches[0]
        if any(word in text and not self._ranker.holds(best.key, word) for word in elsewhere.WORDS):
            return False
        return best.is_name or SCORE_SAYS * best.score + FOUND_SAYS * math.log1p(ranking.found) >= SURE


_indexes: dict[str, _Index] = {}


def _index_of(district: str) -> _Index:
    """This process's index of a district, made on the first question; two threads that ask at once get the same."""
    found = _indexes.get(district)
    return found if found else _indexes.setdefault(district, _Index(district))


def _document(guide: Guide) -> Document:
    body = [guide.answer, guide.department]
    body += [s.text for s in guide.statements.all()] + [s.text for s in guide.steps.all()]
    body += [m.name for m in guide.materials.all()] + [a.label for s in guide.situations.all() for a in s.answers.all()]
    names = (guide.plain_title, guide.title, *guide.aliases)
    return Document(guide.slug, names, tuple(guide.phrasings), " ".join(body), prior=USUAL * (guide.priority == 1) + USUAL * (guide.featured is not None))


def _card(guide: Guide) -> Guide:
    """The guide without its parts, which the index has read already and would keep in memory."""
    guide._prefetched_objects_cache = {}
    return guide


def search(query: str, *, limit: int = 20, district: str = "") -> Results:
    """Published guides of a district (by default the installation's own) for what somebody typed, best first. Any text is accepted; at most MAX_QUERY characters are read."""
    text = language.normalise(query[:MAX_QUERY])[:MAX_QUERY]
    found, sure = _index_of(district or own_district()).answer(text, limit)
    return Results([_hit(guide, match) for guide, match in found], sure)


def life_events(query: str, *, limit: int = 2, district: str = "") -> list[LifeEvent]:
    """Published life events (一件事) of a district (by default the installation's own) that the question speaks of by one of their names, the longest name first."""
    asked, spoken_of = language.bare(query[:MAX_QUERY]), {}
    for event in LifeEvent.objects.published().filter(district=district or own_district()):
        names = [language.bare(name) for name in (event.title, *event.aliases)]
        spoken_of[event] = max((len(name) for name in names if name in asked), default=0)
    best = sorted(spoken_of, key=lambda event: (-spoken_of[event], event.order, event.slug))
    return [event for event in best if spoken_of[event]][:limit]


def warm() -> None:
    """Build this process's index now, so that the first resident does not wait for it."""
    search("医保")


def _hit(guide: Guide, match: Match) -> Hit:
    return Hit(guide.slug, guide.plain_title, guide.title, guide.answer, guide.domain.name, guide.audience, round(match.score, 4), _why(guide, match.phrase))


def _why(guide: Guide, phrase: str) -> str:
    """What of the guide is most like the question; a reader sees why it is here. A phrasing itself is not shown: it may be a resident's words."""
    if phrase in (guide.plain_title, guide.title):
        return f"名称里有“{phrase}”"
    if phrase in guide.aliases:
        return f"也叫“{phrase}”"
    return "和这件事的常见问法像" if phrase else "内容里提到"
