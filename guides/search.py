"""Search: one function in, ranked results out.

BM25 over Chinese characters and character pairs of title, plain title, aliases and body, held in memory by each process and rebuilt when
ContentStamp says that content changed (one small query per search). Both databases give the same results because neither ranks.
"""

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from threading import Lock

from guides.models import ContentStamp, Guide

MAX_QUERY = 200  # characters; the rest is not read
WEIGHTS = {"title": 3.0, "plain_title": 3.0, "aliases": 3.0, "body": 1.0}
SINGLE_WEIGHT = 0.3  # one character says little beside a pair
K1, B = 1.2, 0.5
EXACT_NAME = 100.0
CONFIDENT_SHARE = 0.3  # of what the query asks, weighted by rarity, that the best guide holds

WORD = re.compile(r"[a-z]+|\d+|[\u3400-\u9fff]+")
# What people wrap around what they mean. Dropped so that “怎么办” alone finds nothing rather than everything.
FILLER = re.compile(r"怎么办理|怎么办|怎么弄|怎么|咋办|咋|请问|我想|我要|想要|如何|哪里|哪儿|在哪|需要|什么|可以|能不能|吗|呢|啊|吧|的|了")


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
    """Hits, best first. `confident` is False when the best hit covers too little of the question to be shown as an answer."""

    hits: list[Hit]
    confident: bool


@dataclass(frozen=True)
class _Document:
    guide: Guide
    domain: str
    tokens: Counter
    length: float
    names: list[tuple[str, frozenset[str]]]  # what it is called, with the pairs of each name


class _Index:
    def __init__(self, version: int):
        self.version = version
        self.documents = [_document(guide) for guide in Guide.objects.published().whole()]
        self.postings: dict[str, list[tuple[int, float]]] = {}
        for number, document in enumerate(self.documents):
            for token, weight in document.tokens.items():
                self.postings.setdefault(token, []).append((number, weight))
        self.names: dict[str, set[int]] = {}
        for number, document in enumerate(self.documents):
            for name in (document.guide.plain_title, document.guide.title, *document.guide.aliases):
                self.names.setdefault(_bare(name), set()).add(number)
        self.average = sum(d.length for d in self.documents) / max(len(self.documents), 1) or 1.0

    def idf(self, token: str) -> float:
        found = len(self.postings.get(token, ()))
        return math.log(1 + (len(self.documents) - found + 0.5) / (found + 0.5))


_index: _Index | None = None
_lock = Lock()


def _current_index() -> _Index:
    global _index
    version = ContentStamp.current()
    if _index is None or _index.version != version:
        with _lock:
            if _index is None or _index.version != version:
                _index = _Index(version)
    return _index


def normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:MAX_QUERY]).lower()


def _bare(text: str) -> str:
    """Only the words, so that two spellings of one name are equal."""
    return "".join(WORD.findall(normalise_document(text)))


def tokens_of(text: str) -> Counter:
    """Characters, character pairs and Latin or digit words, each with its weight."""
    found: Counter = Counter()
    for word in WORD.findall(text):
        if word.isascii():
            found[word] += 1.0
            continue
        for character in word:
            found[character] += SINGLE_WEIGHT
        for pair in zip(word, word[1:], strict=False):
            found["".join(pair)] += 1.0
    return found


def _document(guide: Guide) -> _Document:
    body = [guide.answer, guide.department]
    body += [s.text for s in guide.statements.all()] + [s.text for s in guide.steps.all()]
    body += [m.name for m in guide.materials.all()] + [a.label for s in guide.situations.all() for a in s.answers.all()]
    fields = {"title": guide.title, "plain_title": guide.plain_title, "aliases": " ".join(guide.aliases), "body": " ".join(body)}
    tokens: Counter = Counter()
    for name, text in fields.items():
        for token, count in tokens_of(normalise_document(text)).items():
            tokens[token] += WEIGHTS[name] * count
    names = [(name, frozenset(_pairs(normalise_document(name)))) for name in (guide.plain_title, *guide.aliases, guide.title)]
    return _Document(guide, guide.domain.name, tokens, sum(tokens.values()), names)


def _pairs(text: str) -> set[str]:
    return {token for token in tokens_of(text) if len(token) > 1}


def normalise_document(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def search(query: str, *, limit: int = 20) -> Results:
    """Published guides for what somebody typed, best first. Any text is accepted; at most MAX_QUERY characters are read."""
    plain = normalise(query)
    meant = tokens_of(FILLER.sub(" ", plain))
    wanted = meant or tokens_of(plain)
    index = _current_index()
    scores: Counter = Counter()
    covered: Counter = Counter()
    total = 0.0
    for token, count in wanted.items():
        weight = index.idf(token) * (count if len(token) > 1 else SINGLE_WEIGHT)
        total += weight
        for number, frequency in index.postings.get(token, ()):
            norm = frequency + K1 * (1 - B + B * index.documents[number].length / index.average)
            scores[number] += weight * frequency * (K1 + 1) / norm
            covered[number] += weight
    for number in index.names.get(_bare(plain), ()):  # who types a guide's very name means that guide
        scores[number] += EXACT_NAME
        covered[number] = total
    best = sorted(scores, key=lambda n: (-scores[n], index.documents[n].guide.slug))[:limit]
    hits = [_hit(index.documents[n], scores[n], wanted) for n in best]
    confident = bool(best and meant) and total > 0 and covered[best[0]] / total >= CONFIDENT_SHARE
    return Results(hits, confident)


def _hit(document: _Document, score: float, wanted: Counter) -> Hit:
    guide = document.guide
    return Hit(guide.slug, guide.plain_title, guide.title, guide.answer, document.domain, guide.audience, round(score, 4), _why(document, wanted))


def _why(document: _Document, wanted: Counter) -> str:
    """The name or alias that shares most with the query; a reader sees why this guide is here."""
    pairs = {token for token in wanted if len(token) > 1}
    name, shared = max(document.names, key=lambda entry: (len(pairs & entry[1]), -len(entry[0])))
    if not pairs & shared:
        return "内容里提到"
    return f"也叫“{name}”" if name in document.guide.aliases else f"名称里有“{name}”"
