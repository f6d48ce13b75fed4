"""Scans add up: per plate and day, and per area and day. The same rules as for opened pages (guides.rollup)."""

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count

from doorplates.models import Scan, ScanDay
from guides.figures import Period, below
from guides.models import DayFigure, What
from guides.rollup import BATCH, add, lineage, take


def roll_up_scans(*, batch: int = BATCH) -> int:
    """Count up to `batch` scans into ScanDay and DayFigure; how many."""

    def sums(rows: list[tuple]) -> None:
        add(ScanDay, ("doorplate", "day"), "count", Counter((plate, day) for plate, day, _ in rows))
        figures = Counter((code, str(What.SCAN), day, "") for _, day, community in rows for code in lineage(community))
        add(DayFigure, ("area", "what", "day", "key"), "number", figures)

    return take(Scan.objects.values_list("doorplate_id", "day", "doorplate__building__community_id"), sums, batch=batch)


def live_scans(prefixes: Iterable[str], period: Period) -> Counter:
    """Scans of a period below these area prefixes that are not counted yet, as figures."""
    rows = Scan.objects.filter(below(prefixes, "doorplate__building__community_id"), rolled=False, day__range=(period.first, period.last))
    rows = rows.order_by().values_list("doorplate__building__community_id", "day").annotate(n=Count("pk"))
    found: Counter = Counter()
    for community, day, n in rows:
        for code in lineage(community):
            found[code, str(What.SCAN), day, ""] += n
    return found
