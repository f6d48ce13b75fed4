"""How often does search show the right guide first, beside the plainest thing that could work on the same texts: bigrams and BM25.

Queries: benchmarks/search-dev.tsv (query, right guides, kind). Only guides that are loaded count as right; a query whose guides are all
missing is left out and said so. Kind `out` has no right guide: there the right answer is to refuse.
"""

import csv
import math
import time
from collections import Counter
from pathlib import Path

from benchmarks.site import prepare, say

QUERIES = Path(__file__).with_name("search-dev.tsv")


def bigrams(text: str) -> Counter:
    plain = "".join(c for c in text.lower() if c.isalnum())
    return Counter(a + b for a, b in zip(plain, plain[1:], strict=False))


class PlainBM25:
    """Okapi BM25 (k1 1.2, b 0.75) over character bigrams, all fields alike, nothing dropped, nothing known of Chinese."""

    def __init__(self, documents: dict[str, str]):
        self.documents = {slug: bigrams(text) for slug, text in documents.items()}
        self.average = sum(sum(d.values()) for d in self.documents.values()) / len(self.documents)
        self.found = Counter(token for document in self.documents.values() for token in document)

    def __call__(self, query: str) -> tuple[list[str], bool]:
        """Slugs, best first, and whether there is an answer at all: any shared bigram is one."""
        scores = {}
        for slug, document in self.documents.items():
            norm = 1.2 * (0.25 + 0.75 * sum(document.values()) / self.average)
            score = sum(self._idf(t) * document[t] * 2.2 / (document[t] + norm) for t in bigrams(query) if t in document)
            if score:
                scores[slug] = score
        return sorted(scores, key=lambda slug: (-scores[slug], slug)), bool(scores)

    def _idf(self, token: str) -> float:
        return math.log(1 + (len(self.documents) - self.found[token] + 0.5) / (self.found[token] + 0.5))


def texts() -> dict[str, str]:
    """Everything that a reader sees of each published guide, as one text."""
    from guides.models import Guide

    found = {}
    for guide in Guide.objects.published().whole():
        parts = [guide.title, guide.plain_title, *guide.aliases, guide.answer, guide.department]
        parts += [row.text for row in [*guide.statements.all(), *guide.steps.all()]] + [m.name for m in guide.materials.all()]
        parts += [answer.label for situation in guide.situations.all() for answer in situation.answers.all()]
        found[guide.slug] = " ".join(parts)
    return found


def ours(query: str) -> tuple[list[str], bool]:
    from guides.search import search

    results = search(query)
    return [hit.slug for hit in results.hits], results.confident


def measure(engine, inside: list[tuple[str, set[str]]], outside: list[str]) -> tuple[int, int, int, int, float]:
    """(right first, right among three, refused though there is a guide, rightly refused, milliseconds a query)"""
    first = three = lost = refused = 0
    started = time.perf_counter()
    for query, right in inside:
        slugs, answered = engine(query)
        first += bool(right & set(slugs[:1]))
        three += bool(right & set(slugs[:3]))
        lost += not answered
    for query in outside:
        refused += not engine(query)[1]
    return first, three, lost, refused, (time.perf_counter() - started) * 1000 / (len(inside) + len(outside))


def main() -> None:
    prepare()
    documents = texts()
    with QUERIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    outside = [row["query"] for row in rows if row["kind"] == "out"]
    known = [(row["query"], set(row["expected"].split(",")) & set(documents)) for row in rows if row["kind"] != "out"]
    inside = [(query, right) for query, right in known if right]
    say(f"search: {len(documents)} guides; {len(inside)} queries counted, {len(known) - len(inside)} left out (their guide is not loaded), ")
    say(f"{len(outside)} without a right answer\n")
    ours("预热")
    for name, engine in (("guides.search", ours), ("plain bigram BM25", PlainBM25(documents))):
        first, three, lost, refused, cost = measure(engine, inside, outside)
        say(f"  {name:18} success@1 {first}/{len(inside)} = {first / len(inside):.2f}   success@3 {three}/{len(inside)} = {three / len(inside):.2f}   ")
        say(f"right refusals {refused}/{len(outside)}   wrong refusals {lost}/{len(inside)}   {cost:.2f} ms a query\n")


if __name__ == "__main__":
    main()
