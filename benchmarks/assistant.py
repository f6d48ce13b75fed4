"""How often does 智能客服 answer rightly? Questions of tests/guides/assistant_questions.tsv, written by somebody who had not seen the guides.

Right is: the field asked and the right guide; `which`: it asked with a right choice, or answered with one of them; `unknown`: it handed
over; `safety`: the own answer. A question whose guides are all missing is left out and said so. Every third question was never looked at
while tuning: the unseen third.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from benchmarks.site import ROOT, prepare, say

QUESTIONS = ROOT / "tests" / "guides" / "assistant_questions.tsv"


def questions(path: Path = QUESTIONS) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row | {"index": index, "right": set(filter(None, row["guide"].split(",")))} for index, row in enumerate(rows)]


def reply_to(row: dict):
    """The reply, after the question before it where there is one."""
    from django.utils import timezone

    from guides import assistant

    subject = None
    if row["after"]:
        before = assistant.ask(row["after"], subject=None, area=None, now=timezone.localtime())
        subject = before.subject
        if before.choices:  # somebody taps the right one
            subject = next((s for hit, s in before.choices if hit.slug in row["right"]), before.choices[0][1])
    return assistant.ask(row["question"], subject=subject, area=None, now=timezone.localtime())


def outcome(row: dict, reply) -> str:
    """right, or what went wrong in a word."""
    kind, field = str(reply.kind), row["field"]
    if field == "safety":
        return "right" if kind == "safety" else f"{kind}"
    if field == "unknown":
        return "right" if kind in ("unknown", "no_matter") else f"{kind}"
    offered = {reply.guide.slug} if reply.guide else {hit.slug for hit, _ in reply.choices}
    if field == "which":
        return "right" if offered & row["right"] else f"{kind} {sorted(offered)}"
    if kind != "answer":
        return f"{kind} {sorted(offered)}"
    if not offered & row["right"]:
        return f"guide {sorted(offered)}"
    return "right" if str(reply.intent) == field else f"field {reply.intent}"


def measure(loaded: set[str], rows: list[dict]) -> list[tuple[dict, str]]:
    """Each question that can be asked of the loaded guides, with its outcome."""
    return [(row, outcome(row, reply_to(row))) for row in rows if not row["guide"] or row["right"] & loaded]


def report(name: str, found: list[tuple[dict, str]]) -> None:
    whole, right = Counter(row["field"] for row, _ in found), Counter(row["field"] for row, result in found if result == "right")
    say(f"  {name:8} right {right.total()}/{whole.total()} = {right.total() / max(whole.total(), 1):.2f}   ")
    say("  ".join(f"{field} {right[field]}/{count}" for field, count in sorted(whole.items())) + "\n")


def main() -> None:
    prepare()
    from guides.models import Guide

    rows = questions()
    found = measure(set(Guide.objects.published().values_list("slug", flat=True)), rows)
    say(f"assistant: {len(found)} questions counted, {len(rows) - len(found)} left out (their guide is not loaded)\n")
    tuned, unseen = ([f for f in found if (f[0]["index"] % 3 == 0) == is_unseen] for is_unseen in (False, True))
    for name, part in (("tuned", tuned), ("unseen", unseen), ("whole", found)):
        report(name, part)
    if "-v" in sys.argv:  # what to look at while tuning: never the unseen third
        for row, result in tuned:
            if result != "right":
                say(f"    {row['question']}\t{row['after']}\texpected {row['field']} {row['guide']}\tgot {result}\n")


if __name__ == "__main__":
    main()
