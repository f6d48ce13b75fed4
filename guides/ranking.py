"""Which document answers a question best: BM25 with a weight for each field, over characters, pairs, sounds, first letters and concepts. Pure.

A document is what a guide is called, how people ask for it, and what it says. Documents come and go one by one, so that an edit of one
guide among thousands costs one guide. Nothing here depends on the order of changes: the same documents rank the same in every process.
"""

import heapq
import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from guides import language

# How much each part of a guide says about what it is for.
FIELD_WEIGHTS = {"names": 3.0, "phrasings": 1.0, "body": 0.2}
FIELD_LENGTHS = {"names": 90.0, "phrasings": 250.0, "body": 500.0}  # usual lengths in tokens; fixed, so that documents do not move each other
K1, B = 3.0, 0.5
# How much each kind of token says. One character is weak, a sound is what is left when the character is wrong.
KIND_WEIGHTS = {"one": 0.4, "pair": 1.0, "sound": 0.35, "typed": 1.0, "word": 1.0, "concept": 0.7, "initials": 1.0}
NEARLY = 0.7  # a piece that only sounds right, or is part of first letters, is found so far
WRITTEN, HEARD, SHORTENED = 2.0, 1.0, 0.3  # the question is a name: word for word, as it sounds, by its first letters
# The rarest tokens of a question are looked up first, and no more than this: a long or a hostile one costs no more than a plain one.
MOST_TOKENS, MOST_POSTINGS = 80, 20_000
MOST_PHRASES = 255  # of one document; a byte counts them


@dataclass(frozen=True)
class Document:
    """`key` tells documents apart and breaks ties. `names` are titles and aliases, `phrasings` whole spoken questions, `body` the rest."""

    key: str
    names: tuple[str, ...]
    phrasings: tuple[str, ...]
    body: str
    prior: float = 0.0  # added to every score above zero: what decides between two that fit alike


@dataclass(frozen=True)
class Match:
    key: str
    score: float
    phrase: str  # the name or phrasing most like the question; empty when only the body matched
    is_name: bool  # the question is a name of the document, as written, as it sounds, or by its first letters


@dataclass(frozen=True)
class Ranking:
    """Matches, best first. `found`: how much of the question the first one holds, each piece weighed by how rare it is."""

    matches: list[Match]
    found: float


class Concepts:
    """Groups of words that mean the same. A group goes by its first word; a word in several groups belongs to the first."""

    def __init__(self, groups: Iterable[Iterable[str]] = ()):
        self._group: dict[str, str] = {}
        for words in groups:
            plain = [language.normalise(word) for word in words]
            for word in plain:
                self._group.setdefault(word, plain[0])
        self._lengths = sorted({len(word) for word in self._group}, reverse=True)

    def changed(self, other: "Concepts") -> set[str]:
        """The words whose group differs."""
        return {word for word in self._group.keys() | other._group.keys() if self._group.get(word) != other._group.get(word)}

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
    """One piece of a question that should be found again: a pair of characters, a word, a number. Any of `by` finds it, one of `nearly` in part."""

    by: tuple[str, ...]
    nearly: tuple[str, ...] = ()


@dataclass
class _Question:
    weights: dict[str, float]
    units: list[_Unit] = field(default_factory=list)


def kind_of(token: str) -> str:
    mark = {"~": "sound", "#": "concept", "^": "initials"}.get(token[0])
    return mark or ("word" if token.isascii() else "one" if len(token) == 1 else "pair")


def _sound_pairs(syllables: tuple[str, ...]) -> list[str]:
    return [f"~{a} {b}" for a, b in zip(syllables, syllables[1:], strict=False)]


def tokens_of(text: str, concepts: Concepts, *, heard: bool = True) -> Counter:
    """The tokens of a normalised text of a document, each with its count; without its sounds where nobody would mistype them.

    Concepts are looked for before the wrapping is dropped: 丢了 is a word, 了 alone is not.
    """
    found: Counter = Counter({f"#{name}" for name, _, _ in concepts.spans(text)})
    for word in language.WORD.findall(language.meant(text) if heard else text):
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
    """The tokens of a normalised question with their weights, and the units it is made of; a question of wrapping alone is taken as it is."""
    question = _Question({f"#{name}": KIND_WEIGHTS["concept"] for name, _, _ in concepts.spans(text)})
    for word in language.WORD.findall(language.meant(text) or text):
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
    short = ""
    if word.isalpha() and language.SHORTEST_INITIALS <= len(word) <= language.LONGEST_INITIALS and len(pairs) < 2:
        short = f"^{word}"
        question.weights |= dict.fromkeys((short, f"^={word}"), KIND_WEIGHTS["initials"])
    if len(pairs) > 1 or not short:
        question.units += [_Unit((pair,)) for pair in pairs] or [_Unit((word,))]
    else:
        question.units.append(_Unit((word, f"^={word}", *pairs), (short,)))


def _written(word: str, question: _Question, concepts: Concepts) -> None:
    sounds = _sound_pairs(language.sounds(word))
    pairs = [a + b for a, b in zip(word, word[1:], strict=False)]
    spans = concepts.spans(word)
    known = {place for _, start, end in spans for place in range(start, end)}  # its characters say nothing each by itself
    alone = [character for place, character in enumerate(word) if place not in known]
    for tokens, kind in ((alone, "one"), (pairs, "pair"), (sounds, "sound")):
        for token in tokens:
            question.weights[token] = KIND_WEIGHTS[kind]
    for place, (pair, sound) in enumerate(zip(pairs, sounds, strict=True)):
        spoken = tuple(f"#{name}" for name, start, end in spans if start <= place and place + 2 <= end)
        question.units.append(_Unit((pair, *spoken), (sound,)))
    if len(word) == 1:
        question.units.append(_Unit((word,)))


class _Entry:
    """A document as the ranker holds it: which of its phrases hold each token, and what each token is worth in it as a whole."""

    def __init__(self, document: Document, concepts: Concepts):
        self.document = document
        self.phrases = (document.names + document.phrasings)[:MOST_PHRASES]
        self.calls = {call for name in document.names for call in _calls(name)}
        cut = [tokens_of(language.normalise(phrase), concepts) for phrase in self.phrases]
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


def _calls(name: str) -> set[str]:
    """What counts as this very name: its words, and how they sound."""
    bare = language.bare(name)
    return {bare, _heard(bare)}


def _heard(bare: str) -> str:
    """The syllables of a bare text; letters are read as pinyin where they can be."""
    parts = []
    for word in language.WORD.findall(bare):
        parts += map(language.folded, language.cut_syllables(word)) if word.isascii() and word.isalpha() else language.sounds(word)
    return "~" + " ".join(parts) if len(parts) > 1 else bare


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
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self._postings: dict[str, tuple[array, array]] = {}
        self._found: Counter = Counter()  # in how many living documents each token stands
        self._called: dict[str, set[int]] = {}
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
        self._keys.append(document.key)
        self._places[document.key] = place
        for token, worth in entry.worth.items():
            places, worths = self._postings.setdefault(token, (array("I"), array("f")))
            places.append(place)
            worths.append(worth)
            self._found[token] += 1
        for call in entry.calls:
            self._called.setdefault(call, set()).add(place)
        entry.tokens, entry.worth = tuple(entry.worth), {}  # what they are worth stands in the postings from here on
        self._forget()

    def drop(self, key: str) -> None:
        place = self._places.pop(key, None)
        if place is None:
            return
        entry, self._entries[place] = self._entries[place], None
        self._found.subtract(entry.tokens)
        for call in entry.calls:
            self._called[call].discard(place)
        self._forget()
        if len(self._entries) > 100 + 2 * len(self._places):
            self._compact()

    def _forget(self) -> None:
        self._rarities.clear()
        self._sizes.clear()

    def regroup(self, concepts: Concepts) -> None:
        """Take other groups of words; only documents that speak of a word whose group changed are cut again."""
        changed = self.concepts.changed(concepts)
        self.concepts = concepts
        for entry in [entry for entry in self._entries if entry is not None]:
            text = language.normalise(" ".join((*entry.document.names, *entry.document.phrasings, entry.document.body)))
            if any(word in text for word in changed):
                self.put(entry.document)

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

    def holds(self, key: str, word: str) -> bool:
        """Whether a document speaks of a word."""
        return all(self._stands(a + b, self._places[key]) for a, b in zip(word, word[1:], strict=False))

    def rank(self, text: str, *, limit: int = 20) -> Ranking:
        """Documents for a question, best first. `text` is normalised; its wrapping is dropped here."""
        question = _question(text, self.concepts)
        weights = {token: weight * self._rarity(token) for token, weight in question.weights.items()}
        rarest = heapq.nlargest(MOST_TOKENS, weights.items(), key=lambda pair: (pair[1], pair[0]))
        if not rarest or not rarest[0][1]:
            return Ranking([], 0.0)
        scores, named = self._bm25(rarest), self._named(text)
        for place, bonus in named.items():
            scores[place] = scores.get(place, 0.0) + bonus
        best = self._best(scores, limit)
        matches = [Match(self._keys[p], scores[p], self._phrase(p, rarest), p in named) for p in best]
        return Ranking(matches, self._held(best[0], question) if best else 0.0)

    def _best(self, scores: dict[int, float], limit: int) -> list[int]:
        """The places of the highest scores; equal ones by key, so that every process agrees."""
        if len(scores) > limit:
            least = heapq.nlargest(limit, scores.values())[-1]
            scores = {place: score for place, score in scores.items() if score >= least}
        return sorted(scores, key=lambda place: (-scores[place], self._keys[place]))[:limit]

    def _named(self, text: str) -> dict[int, float]:
        """Documents that are called just so, each with what that adds: by how it is written more than by how it sounds or is shortened."""
        found: dict[int, float] = {}
        for bare in {language.bare(text), language.bare(language.meant(text)), language.matter(text)} - {""}:
            for call, bonus in ((bare, WRITTEN), (_heard(bare), HEARD)):
                for place in self._called.get(call, ()):
                    found[place] = max(found.get(place, 0.0), bonus)
            for place in self._postings.get(f"^={bare}", ((),))[0]:
                if self._entries[place] is not None:
                    found.setdefault(place, SHORTENED)
        return found

    def _bm25(self, weights: list[tuple[str, float]]) -> dict[int, float]:
        """Scores as shares of the best possible one, by place."""
        scores: dict[int, float] = {}
        whole, read = sum(weight for _, weight in weights), 0
        for token, weight in weights:
            places, worths = self._postings.get(token, ((), ()))
            read += len(places)
            if read > MOST_POSTINGS:
                break
            share = weight / whole / (K1 + 1)
            for place, worth in zip(places, worths, strict=True):
                scores[place] = scores.get(place, 0.0) + share * worth
        living = {place: self._entries[place] for place in scores}
        return {place: scores[place] + entry.document.prior for place, entry in living.items() if entry is not None}

    def _phrase(self, place: int, weights: list[tuple[str, float]]) -> str:
        """The phrase at the smallest angle to the question."""
        entry = self._entries[place]
        shared = [0.0] * len(entry.phrases)
        for token, weight in weights:
            for number in entry.holds.get(token, b""):
                shared[number] += weight * weight
        likeness, number = max((part / size, -number) for number, (part, size) in enumerate(zip(shared, self._phrase_sizes(place), strict=True)))
        return entry.phrases[-number] if likeness else ""

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

    def _held(self, place: int, question: _Question) -> float:
        held = 0.0
        for unit in question.units:
            share = 1.0 if any(self._stands(t, place) for t in unit.by) else NEARLY if any(self._stands(t, place) for t in unit.nearly) else 0.0
            held += share * self._rarity(unit.by[0])
        return held

    def _stands(self, token: str, place: int) -> bool:
        """Whether the document at this place holds the token; places of a posting ascend."""
        places = self._postings.get(token, ((),))[0]
        at = bisect_left(places, place)
        return at < len(places) and places[at] == place
