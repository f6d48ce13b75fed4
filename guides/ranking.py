"""Which document answers a question best: field-weighted BM25 finds candidates, likeness to single names and phrasings orders them. Pure.

A document is what a guide is called, how people ask for it, and what it says. Documents come and go one by one, so that an edit of one
guide among thousands costs one guide. Nothing here depends on the order of changes: the same documents rank the same in every process.
"""

import heapq
import math
import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from guides import language

# How much each part of a guide says about what it is for.
FIELD_WEIGHTS = {"names": 3.0, "phrasings": 2.0, "body": 0.5}
FIELD_LENGTHS = {"names": 90.0, "phrasings": 250.0, "body": 500.0}  # usual lengths in tokens; fixed, so that documents do not move each other
K1, B = 1.2, 0.4
# How much each kind of token says. One character is weak, a sound is what is left when the character is wrong.
KIND_WEIGHTS = {"one": 0.25, "pair": 1.0, "sound": 0.35, "typed": 1.0, "word": 1.0, "concept": 0.9, "initials": 1.0}
CANDIDATES = 25
LIKENESS = 1.0  # how much likeness to one single phrase counts beside BM25
HELD = 0.5  # how much it counts that the question holds a whole name
NAME_POWER = 2.0
EXACT = 2.0  # the question is a name, word for word
MOST_TOKENS = 80  # the rarest of a question: a long one costs no more than a plain one
MOST_PHRASES = 255  # of one document; a byte counts them


@dataclass(frozen=True)
class Document:
    """`key` tells documents apart and breaks ties. `names` are titles and aliases, `phrasings` whole spoken questions, `body` the rest."""

    key: str
    names: tuple[str, ...]
    phrasings: tuple[str, ...]
    body: str


@dataclass(frozen=True)
class Match:
    key: str
    score: float
    covered: float  # the share of the question, by weight, that this document's best phrase or its words hold; 0 to 1
    phrase: str  # the name or phrasing most like the question; empty when only the body matched
    parts: tuple = ()


class Concepts:
    """Groups of words that mean the same. A group goes by its first word; a word in several groups belongs to the first."""

    def __init__(self, groups: Iterable[Iterable[str]] = ()):
        self._group: dict[str, str] = {}
        for words in groups:
            plain = [language.normalise(word) for word in words]
            for word in plain:
                self._group.setdefault(word, plain[0])
        self._lengths = sorted({len(word) for word in self._group}, reverse=True)

    def spans(self, text: str) -> list[tuple[str, int, int]]:
        """(group, start, end) of each word of a group in the text, the longest first where several begin."""
        found, start = [], 0
        while start < len(text):
            length = next((n for n in self._lengths if text[start : start + n] in self._group), 0)
            if length:
                found.append((self._group[text[start : start + length]], start, start + length))
            start += length or 1
        return found


@dataclass(frozen=True)
class _Unit:
    """One piece of a question that should be found again: a pair of characters, a word or number, a typed syllable pair. Any token will do."""

    tokens: tuple[str, ...]
    concepts: tuple[str, ...] = ()


@dataclass
class _Question:
    weights: dict[str, float] = field(default_factory=dict)
    units: list[_Unit] = field(default_factory=list)


def kind_of(token: str) -> str:
    mark = {"~": "sound", "#": "concept", "^": "initials"}.get(token[0])
    return mark or ("word" if token.isascii() else "one" if len(token) == 1 else "pair")


def _sound_pairs(syllables: tuple[str, ...]) -> list[str]:
    return [f"~{a} {b}" for a, b in zip(syllables, syllables[1:], strict=False)]


def tokens_of(text: str, concepts: Concepts, *, heard: bool = True) -> Counter:
    """The tokens of a normalised text of a document, each with its count; without its sounds where nobody would mistype them."""
    found: Counter = Counter({f"#{name}" for name, _, _ in concepts.spans(text)})
    for word in language.WORD.findall(text):
        if word.isascii():
            found[word] += 1
            continue
        found.update(word)
        found.update(a + b for a, b in zip(word, word[1:], strict=False))
        if heard:
            found.update(_sound_pairs(language.sounds(word)))
    return found


def initials_of(name: str) -> set[str]:
    """^=gzf for the whole name 公租房 and ^gz, ^gzf, ^zf for what stands in it."""
    found = set()
    for word in language.WORD.findall(name):
        if word.isascii() or len(word) < language.SHORTEST_INITIALS:
            continue
        letters = language.initials(word)
        found.add(f"^={letters}")
        for start in range(len(letters)):
            for size in range(language.SHORTEST_INITIALS, language.LONGEST_INITIALS + 1):
                if start + size <= len(letters):
                    found.add(f"^{letters[start : start + size]}")
    return found


def _question(text: str, concepts: Concepts) -> _Question:
    """The tokens of a normalised question with their weights, and the units it is made of."""
    question = _Question()
    for word in language.WORD.findall(text):
        if word.isascii():
            _typed(word, question)
        else:
            _written(word, question, concepts)
    return question


def _typed(word: str, question: _Question) -> None:
    """Latin letters may be a word, pinyin or first letters: each reading is tried."""
    question.weights[word] = KIND_WEIGHTS["word"]
    syllables = language.cut_syllables(word)
    pairs = _sound_pairs(tuple(language.folded(s) for s in syllables))
    question.weights |= dict.fromkeys(pairs, KIND_WEIGHTS["typed"])
    shortened = []
    if word.isalpha() and language.SHORTEST_INITIALS <= len(word) <= language.LONGEST_INITIALS and len(pairs) < 2:
        shortened = [f"^{word}", f"^={word}"]
        question.weights |= dict.fromkeys(shortened, KIND_WEIGHTS["initials"])
    if pairs:
        question.units += [_Unit((pair, *shortened)) for pair in pairs]
    else:
        question.units.append(_Unit((word, *shortened)))


def _written(word: str, question: _Question, concepts: Concepts) -> None:
    sounds = _sound_pairs(language.sounds(word))
    pairs = [a + b for a, b in zip(word, word[1:], strict=False)]
    for tokens, kind in ((word, "one"), (pairs, "pair"), (sounds, "sound")):
        for token in tokens:
            question.weights[token] = KIND_WEIGHTS[kind]
    spans = concepts.spans(word)
    for name, _, _ in spans:
        question.weights[f"#{name}"] = KIND_WEIGHTS["concept"]
    for place, (pair, sound) in enumerate(zip(pairs, sounds, strict=True)):
        spoken = tuple(f"#{name}" for name, start, end in spans if start <= place and place + 2 <= end)
        question.units.append(_Unit((pair, sound), spoken))
    if len(word) == 1:
        question.units.append(_Unit((word,)))


class _Entry:
    """A document as the ranker holds it: which of its phrases hold each token, and what each token is worth in it as a whole."""

    def __init__(self, document: Document, concepts: Concepts):
        self.document = document
        self.phrases = (document.names + document.phrasings)[:MOST_PHRASES]
        self.bare_names = {language.bare(name) for name in document.names}
        cut = [tokens_of(language.meant(language.normalise(phrase)), concepts) for phrase in self.phrases]
        holds: dict[str, list[int]] = {}
        for number, tokens in enumerate(cut):
            for token in tokens:
                holds.setdefault(token, []).append(number)
        # Bytes, because most tokens stand in one phrase and Python keeps each single byte only once.
        self.holds = {token: bytes(numbers) for token, numbers in holds.items()}
        names = len(document.names)
        self.worth = _worth({"names": cut[:names], "phrasings": cut[names:], "body": [tokens_of(language.normalise(document.body), concepts, heard=False)]})
        for name in document.names:
            self.worth |= dict.fromkeys(initials_of(language.normalise(name)), 1.0)


def _worth(fields: dict[str, list[Counter]]) -> dict[str, float]:
    """BM25F: each field's counts by its length and weight, added up, then damped."""
    weighed: Counter = Counter()
    for name, parts in fields.items():
        counts: Counter = Counter()
        for part in parts:
            counts.update(part)
        norm = 1 - B + B * counts.total() / FIELD_LENGTHS[name]
        for token, count in counts.items():
            weighed[token] += FIELD_WEIGHTS[name] * count / norm
    return {token: value * (K1 + 1) / (value + K1) for token, value in weighed.items()}


class Ranker:
    """The documents of one process. Not safe for threads by itself: its user holds a lock while it changes or asks."""

    def __init__(self, concepts: Concepts):
        self.concepts = concepts
        self._entries: list[_Entry | None] = []  # None: gone; its postings stay until there are too many of them
        self._places: dict[str, int] = {}
        self._postings: dict[str, tuple[array, array]] = {}
        self._found: Counter = Counter()  # in how many living documents each token stands
        self._names: dict[str, set[int]] = {}
        self._rarities: dict[str, float] = {}
        self._sizes: dict[int, list[float]] = {}

    def __len__(self):
        return len(self._places)

    def keys(self) -> set[str]:
        return set(self._places)

    def put(self, document: Document) -> None:
        """Add a document, or take its new text."""
        self.drop(document.key)
        entry, place = _Entry(document, self.concepts), len(self._entries)
        self._entries.append(entry)
        self._places[document.key] = place
        for token, worth in entry.worth.items():
            places, worths = self._postings.setdefault(token, (array("I"), array("f")))
            places.append(place)
            worths.append(worth)
            self._found[token] += 1
        for name in entry.bare_names:
            self._names.setdefault(name, set()).add(place)
        del entry.worth  # from here on it stands in the postings
        self._forget()

    def drop(self, key: str) -> None:
        place = self._places.pop(key, None)
        if place is None:
            return
        entry, self._entries[place] = self._entries[place], None
        self._found.subtract(_Entry(entry.document, self.concepts).worth.keys())
        for name in entry.bare_names:
            self._names[name].discard(place)
        self._forget()
        if len(self._entries) > 100 + 2 * len(self._places):
            self._compact()

    def _forget(self) -> None:
        self._rarities.clear()
        self._sizes.clear()

    def _compact(self) -> None:
        """Leave out what is gone, so that a year of edits does not fill the memory."""
        living = [self._entries[place].document for place in self._places.values()]
        self.__init__(self.concepts)
        for document in living:
            self.put(document)

    def _rarity(self, token: str) -> float:
        known = self._rarities.get(token)
        if known is None:
            found = self._found.get(token, 0)
            known = self._rarities[token] = math.log(1 + (len(self._places) - found + 0.5) / (found + 0.5))
        return known

    def rank(self, text: str, *, limit: int = 20) -> list[Match]:
        """Documents for a question, best first. `text` is normalised; its wrapping is dropped here."""
        question = _question(language.meant(text) or text, self.concepts)
        weights = {token: weight * self._rarity(token) for token, weight in question.weights.items()}
        if len(weights) > MOST_TOKENS:
            weights = dict(heapq.nlargest(MOST_TOKENS, weights.items(), key=lambda pair: (pair[1], pair[0])))
        whole = sum(weights.values())
        if not whole:
            return []
        scores = self._bm25(weights, whole)
        exact = self._names.get(language.bare(text), ())
        for place in exact:
            scores[place] = scores.get(place, 0.0) + EXACT
        best = heapq.nsmallest(CANDIDATES, scores, key=lambda place: (-scores[place], self._key(place)))
        size = math.sqrt(sum(weight * weight for weight in weights.values()))
        matches = [self._match(place, scores[place], question, weights, size) for place in best]
        return sorted(matches, key=lambda match: (-match.score, match.key))[:limit]

    def _key(self, place: int) -> str:
        return self._entries[place].document.key

    def _bm25(self, weights: dict[str, float], whole: float) -> dict[int, float]:
        scores: dict[int, float] = {}
        for token, weight in weights.items():
            if token in self._postings:
                share = weight / whole / (K1 + 1)
                for place, worth in zip(*self._postings[token], strict=True):
                    scores[place] = scores.get(place, 0.0) + share * worth
        return {place: score for place, score in scores.items() if self._entries[place] is not None}

    def _match(self, place: int, score: float, question: _Question, weights: dict[str, float], size: float) -> Match:
        entry = self._entries[place]
        shared = [0.0] * len(entry.phrases)
        for token, weight in weights.items():
            for number in entry.holds.get(token, b""):
                shared[number] += weight * weight
        likeness, phrase, held = 0.0, "", 0.0
        sizes, names = self._phrase_sizes(place), len(entry.document.names)
        for number, (part, own) in enumerate(zip(shared, sizes, strict=True)):
            if part and part / (size * own) > likeness:
                likeness, phrase = part / (size * own), entry.phrases[number]
            if part and number < names:
                held = max(held, (part / (own * own)) ** NAME_POWER * part / (size * size))
        return Match(entry.document.key, score + LIKENESS * likeness + HELD * held, self._covered(place, question), phrase, (score, likeness, held))

    def _phrase_sizes(self, place: int) -> list[float]:
        """The length of each phrase as a vector; kept until a document changes what is rare."""
        known = self._sizes.get(place)
        if known is None:
            entry = self._entries[place]
            squares = [0.0] * len(entry.phrases)
            for token, numbers in entry.holds.items():
                square = (KIND_WEIGHTS[kind_of(token)] * self._rarity(token)) ** 2
                for number in numbers:
                    squares[number] += square
            known = self._sizes[place] = [math.sqrt(square) or 1.0 for square in squares]
        return known

    def _covered(self, place: int, question: _Question) -> float:
        whole = found = 0.0
        for unit in question.units:
            weight = self._rarity(unit.tokens[0])
            whole += weight
            if any(self._stands(token, place) for token in (unit.tokens[0], *unit.concepts)):
                found += weight
            elif any(self._stands(token, place) for token in unit.tokens[1:]):
                found += 0.7 * weight
        return found / whole if whole else 0.0

    def _stands(self, token: str, place: int) -> bool:
        """Whether the document at this place holds the token; places of a posting ascend."""
        places = self._postings.get(token, ((),))[0]
        at = bisect_left(places, place)
        return at < len(places) and places[at] == place
