"""看数 on a year of a province, on SQLite and on PostgreSQL: 2,000 communities, every day, read from the figures of days and, beside it, naively from single rows.

    .venv/bin/python -m benchmarks.figures              both, each in a process of its own
    .venv/bin/python -m benchmarks.figures sqlite       one of them

The single rows are filled for one district of the ten only, with ten openings a community and day: a whole province of them would be 7 million. So
the naive way is measured on a tenth of what it would have to read, and the figures are those of that same district.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta

from benchmarks.site import prepare, say
from tests.server import NoServer

DISTRICTS, TOWNSHIPS, COMMUNITIES, DAYS = 10, 10, 20, 365
KEYS = (("scan", ""), ("open", ""), ("guide", "yibao-001"), ("found", "huji-006"))
OPENINGS = 10  # a community and day, in the district of single rows
ROUNDS = 5
LAST = date(2026, 11, 27)
DISTRICT = "650100000000"

ROWS_OF_A_DAY = """
    INSERT INTO guides_dayfigure (area, what, day, key, number)
    SELECT a.code, k.what, d.day, k.key, 1 + (CAST(substr(a.code, 3, 10) AS BIGINT) * 7 + d.n * 13 + k.n * 3) % 40
    FROM guides_area a CROSS JOIN bench_day d CROSS JOIN bench_key k WHERE a.level = 'community' AND a.code LIKE '65%'
"""
ABOVE = """
    INSERT INTO guides_dayfigure (area, what, day, key, number)
    SELECT substr(area, 1, {digits}) || '{zeros}', what, day, key, sum(number) FROM guides_dayfigure WHERE area LIKE '65%' AND {below} GROUP BY 1, 2, 3, 4
"""
SINGLE = """
    INSERT INTO guides_view (day, area, kind, key, entry, rolled)
    SELECT d.day, a.code, 'guide', 'yibao-00' || (o.n % 5), o.n % 3 = 0, 1 = 1
    FROM guides_area a CROSS JOIN bench_day d CROSS JOIN bench_opening o WHERE a.level = 'community' AND a.code LIKE '6501%'
"""


def fill() -> None:
    from django.db import connection

    from guides.models import Area

    areas = []
    for district in range(1, DISTRICTS + 1):
        top = f"65{district:02}00"
        areas.append(Area(code=f"{top}000000", name=f"{district}区", level="district"))
        for township in range(1, TOWNSHIPS + 1):
            middle = f"{top}{township:03}"
            areas.append(Area(code=f"{middle}000", name=f"{township}镇", level="township", parent_id=f"{top}000000"))
            areas += [Area(code=f"{middle}{n:03}", name=f"{n}村", level="community", parent_id=f"{middle}000") for n in range(1, COMMUNITIES + 1)]
    Area.objects.bulk_create(areas, batch_size=500)
    with connection.cursor() as cursor:
        for table, columns in (("bench_day", "n integer, day date"), ("bench_key", "n integer, what varchar(6), key varchar(30)"), ("bench_opening", "n integer")):
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ({columns})")
        cursor.executemany("INSERT INTO bench_day VALUES (%s, %s)", [(n, str(LAST - timedelta(days=n))) for n in range(DAYS)])
        cursor.executemany("INSERT INTO bench_key VALUES (%s, %s, %s)", [(n, *key) for n, key in enumerate(KEYS)])
        cursor.executemany("INSERT INTO bench_opening VALUES (%s)", [(n,) for n in range(OPENINGS)])
        cursor.execute(ROWS_OF_A_DAY)
        cursor.execute(ABOVE.format(digits=9, zeros="000", below="substr(area, 10) <> '000'"))
        cursor.execute(ABOVE.format(digits=6, zeros="000000", below="substr(area, 10) = '000'"))
        cursor.execute(SINGLE)
        cursor.execute("ANALYZE")


def rolled(period) -> None:
    from guides import figures

    codes = [DISTRICT]
    townships = [f"6501{township:05}000" for township in range(1, TOWNSHIPS + 1)]
    figures.by_day(codes, ["guide"], period, {})
    figures.by_area(townships, ["guide"], period, {})
    figures.by_key(codes, ["guide"], period, {})


def naive(period) -> None:
    from django.db.models import Count
    from django.db.models.functions import Substr

    from guides.models import View

    rows = View.objects.filter(area__startswith=DISTRICT[:6], kind="guide", day__range=(period.first, period.last)).order_by()
    list(rows.values_list("day").annotate(n=Count("pk")))
    list(rows.values_list(Substr("area", 1, 9)).annotate(n=Count("pk")))
    list(rows.values_list("key").annotate(n=Count("pk")))


def page(code: str, period) -> None:
    """All that the bureau's page asks and calculates, for one area or, without a code, the whole province."""
    from django.utils import timezone

    from guides.models import Area, Level
    from helpdesk.figures import Scope, look

    roots = tuple(Area.objects.filter(level=Level.DISTRICT, code__startswith="65"))
    look(Scope(roots, Area.objects.get(pk=code) if code else None), period, timezone.now(), contents=True, requests=True)


def side_by_side(ways: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Seconds of each way, in turns: a busy machine slows all of them."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            found[name].append(time.perf_counter() - started)
    return found


def ratio(one: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def roll_up_speed() -> float:
    """Openings counted a second, in the batches of the command."""
    from guides.models import View
    from guides.rollup import roll_up_views

    View.objects.bulk_create([View(day=LAST, area=f"650100001{n % 20 + 1:03}", kind="guide", key=f"yibao-00{n % 9}") for n in range(10_000)], batch_size=1000)
    started, count = time.perf_counter(), 0
    while done := roll_up_views():
        count += done
    return count / (time.perf_counter() - started)


def run(engine: str) -> None:
    prepare(on_postgres=engine == "postgres", with_content=False)
    from guides.figures import Period
    from guides.models import DayFigure, View

    fill()
    year = Period(LAST - timedelta(days=DAYS - 1), LAST)
    say(f"\nfigures on {engine}: {DayFigure.objects.count():,} figures of a day of {DISTRICTS * TOWNSHIPS * COMMUNITIES:,} communities; ")
    say(f"{View.objects.count():,} single rows of one district\n")
    found = side_by_side({
        "rolled": lambda: rolled(year), "naive": lambda: naive(year), "village": lambda: page("650100001001", year), "district": lambda: page(DISTRICT, year),
        "province": lambda: page("", year),
    })  # fmt: skip
    say(f"  a year of a district, by day, by area, by guide: single rows cost {ratio(found['naive'], found['rolled']):6.1f} times the figures of days\n")
    for name in ("district", "province"):
        say(f"  the whole page, {name:8}: {ratio(found[name], found['village']):5.1f} times that of one village\n")
    say(f"  the whole page, province: {ratio(found['province'], found['naive']):5.2f} times the naive three questions about one district\n")
    say(f"  roll-up: {roll_up_speed():8,.0f} openings a second\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        try:
            run(sys.argv[1])
        except NoServer as reason:
            say(f"\nfigures on {sys.argv[1]}: left out. {reason}\n")
    else:
        raise SystemExit(max(subprocess.run([sys.executable, "-m", "benchmarks.figures", engine], check=False).returncode for engine in ("sqlite", "postgres")))
