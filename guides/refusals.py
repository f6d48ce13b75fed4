"""退件原因回流: which papers of a guide are refused most, for the reader and for its editor. Reads and words; guides.actions writes.

A reader is told only what happened often enough in a year that nobody can be meant by it. Staff see true counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, QuerySet

from guides.models import Guide, Refusal, RefusalReason
from guides.reading import Reading

COUNTED_DAYS = 365
KEPT_DAYS = 396  # 13 months: the same month of last year can still be looked at
LEAST = 5  # fewer in the year are nobody's business
MOST_SHOWN = 3
BUCKETS = (100, 50, 20, 10, LEAST)  # what is kept of a count: "at least so many", so that a single case moves nothing

_OFTEN = 10  # from here on “常有人”
_WORDS = {
    RefusalReason.ABSENT: "忘了带",
    RefusalReason.COPY: "少带复印件",
    RefusalReason.EXPIRED: "带了过期的",
    RefusalReason.MISMATCH: "拿来的，姓名、号码对不上",
    RefusalReason.UNSIGNED: "没签字、没盖章",
    RefusalReason.UNCLEAR: "拿来的看不清",
    RefusalReason.WRONG: "拿错了",
    RefusalReason.OTHER: "在这上头被退回来，带之前先打电话问一声",
}


@dataclass(frozen=True)
class OftenRefused:
    """One paper and, in a sentence, what goes wrong with it: “户口本：常有人少带复印件”."""

    material: str
    words: str


def since(today: date) -> date:
    return today - timedelta(days=COUNTED_DAYS)


def often(counts: Iterable[tuple[str, str, int]]) -> list[dict]:
    """What a guide keeps of (material, reason, how often in the year): the most frequent first, at most MOST_SHOWN, none under LEAST."""
    ranked = sorted((row for row in counts if row[2] >= LEAST), key=lambda row: (-row[2], row[0], row[1]))[:MOST_SHOWN]
    kept = [{"material": material, "reason": str(reason), "count": next(b for b in BUCKETS if count >= b)} for material, reason, count in ranked]
    return sorted(kept, key=lambda row: (-row["count"], row["material"], row["reason"]))  # the order within a bucket would tell the counts


def counted(guide: Guide, today: date) -> list[tuple[str, str, int]]:
    """(material, reason, count) of the last twelve months, of papers the guide asks for today."""
    rows = Refusal.objects.filter(guide=guide, on__gt=since(today), material__in=guide.materials.values("name"))
    return list(rows.order_by().values_list("material", "reason").annotate(n=Count("pk")))


def shown(reading: Reading) -> list[OftenRefused]:
    """The sentences for a reader, of the papers of their own case. Reads the guide's row only."""
    asked = {material.name for material, _ in reading.materials}
    return [OftenRefused(row["material"], _sentence(row)) for row in reading.guide.often_refused if row["material"] in asked]


def _sentence(row: Mapping) -> str:
    return ("常有人" if row["count"] >= _OFTEN else "有人") + _WORDS[RefusalReason(row["reason"])]


def of_month(guide: Guide, today: date) -> dict[str, str]:
    """For the editor, by the paper's name: “本月退了7次：少复印件5次、没带2次”; without any this month, those of the last twelve."""
    month = _by_material(Refusal.objects.filter(guide=guide, on__year=today.year, on__month=today.month))
    year = _by_material(Refusal.objects.filter(guide=guide, on__gt=since(today)))
    return {name: _count_words("一年里", reasons) for name, reasons in year.items()} | {name: _count_words("本月", reasons) for name, reasons in month.items()}


def _by_material(rows: QuerySet) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for material, reason, count in rows.order_by().values_list("material", "reason").annotate(n=Count("pk")).order_by("-n", "reason"):
        found.setdefault(material, []).append((RefusalReason(reason).label, count))
    return found


def _count_words(period: str, reasons: list[tuple[str, int]]) -> str:
    total = sum(count for _, count in reasons)
    said = reasons[0][0] if len(reasons) == 1 else "、".join(f"{label}{count}次" for label, count in reasons)
    return f"{period}退了{total}次：{said}"


def outdated(today: date):
    return Refusal.objects.filter(on__lt=today - timedelta(days=KEPT_DAYS))
