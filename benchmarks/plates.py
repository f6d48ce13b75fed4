"""Plates by the second: issued, printed and exported, Django included, beside the plain segno + reportlab loop that everybody writes first.

    .venv/bin/python -m benchmarks.plates                      everything, each part in a process of its own
    .venv/bin/python -m benchmarks.plates issue sqlite         (or postgres) a district of 100,000 entrances by the command
    .venv/bin/python -m benchmarks.plates print                the ratio, and SVGs beside segno's
    .venv/bin/python -m benchmarks.plates memory print 2000    peak of one process that issues and then prints (or exports) as many

Ours is the whole thing: rows from the database, symbols with the mask of least penalty, full notices with Chinese type, a PDF from
`write_sheet`. The plain loop draws bare symbols, one rectangle a dark module, and knows neither Django nor text. Both in turns.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path

from benchmarks.site import prepare, say
from tests.server import NoServer

DISTRICT, ENTRANCES = "640205000000", ["1单元", "2单元", "3单元", "4单元"]
ISSUED, IN_A_ROUND, ROUNDS = 100_000, 400, 5
SIZE, AT_LEAST = 75, 1.5


def build(entrances: int) -> None:
    """Buildings with that many entrances, spread over all villages."""
    from doorplates.models import Building
    from guides.models import Area, Level

    villages = list(Area.objects.filter(level=Level.COMMUNITY).order_by("pk"))
    for first in range(0, entrances // 4, 2000):
        Building.objects.bulk_create(
            Building(community=villages[number % len(villages)], estate=f"安置{number % 40}区", name=f"{number}号楼", entrances=ENTRANCES)
            for number in range(first, min(first + 2000, entrances // 4))
        )


def command(name: str, **options) -> None:
    from django.core.management import call_command

    call_command(name, area=DISTRICT, stdout=StringIO(), stderr=StringIO(), **options)


def issue(engine: str) -> None:
    prepare(on_postgres=engine == "postgres", with_content=False)
    from doorplates.models import Doorplate

    build(ISSUED)
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        command("generate_doorplates")
        seconds.append(time.perf_counter() - started)
    rows = Doorplate.objects.active()
    if not rows.count() == rows.values("building", "entrance").distinct().count() == rows.values("code").distinct().count() == ISSUED:
        raise SystemExit("Not each entrance exactly one plate of its own code.")
    first, again = seconds
    say(f"  issued on {engine:9} {ISSUED:,} entrances: {ISSUED / first:6.0f} plates/s  {first:5.1f} s; run again, with nothing to do: {again:.1f} s\n")


def plain(addresses: list[str], *, one_path: bool = False) -> None:
    """The loop that everybody writes first. With `one_path` the quicker variant: one path a symbol."""
    import segno
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(BytesIO(), pagesize=A4)
    for number, address in enumerate(addresses):
        symbol = segno.make(address, error="h", boost_error=False)
        module = SIZE * mm / symbol.symbol_size(border=0)[0]
        left, top = 20 * mm, A4[1] / 2 * (number % 2 + 1) - 30 * mm
        path = canvas.beginPath()
        for y, row in enumerate(symbol.matrix):
            for x, dark in enumerate(row):
                if not dark:
                    continue
                box = (left + x * module, top - y * module, module, module)
                if one_path:
                    path.rect(*box)
                else:
                    canvas.rect(*box, stroke=0, fill=1)
        if one_path:
            canvas.drawPath(path, stroke=0, fill=1)
        if number % 2:
            canvas.showPage()
    canvas.save()


def in_turns(*ways: Callable[[], object]) -> list[list[float]]:
    """Processor seconds of each way in each round; a busy machine slows all of them."""
    found = []
    for _ in range(ROUNDS):
        turn = []
        for way in ways:
            started = time.process_time()
            way()
            turn.append(time.process_time() - started)
        found.append(turn)
    return found


def told(names: list[str], seconds: list[list[float]], unit: str) -> list[float]:
    """A line for each way; returns how many times as fast as each the first is (median of the rounds)."""
    ratios = []
    for at, name in enumerate(names):
        typical = statistics.median(turn[at] for turn in seconds)
        ratios.append(statistics.median(turn[at] / turn[0] for turn in seconds))
        lowest, highest = (pick(turn[at] / turn[0] for turn in seconds) for pick in (min, max))
        beside = f"   ours is {ratios[-1]:5.1f} times as fast ({lowest:.1f} to {highest:.1f})" if at else ""
        say(f"  {name:52} {IN_A_ROUND / typical:7.0f} {unit}/s{beside}\n")
    return ratios


def printing() -> int:
    """The ratio; returns 1 when ours is not fast enough."""
    prepare(with_content=False)
    import segno

    from doorplates.export import write_zip
    from doorplates.models import Doorplate
    from doorplates.qr import plate_url
    from doorplates.sheets import SHEET_ORDER, write_sheet

    build(IN_A_ROUND)
    command("generate_doorplates")
    plates = Doorplate.objects.active().select_related("building__community").order_by(*SHEET_ORDER)
    addresses = [plate_url(plate) for plate in plates]

    def svgs() -> None:
        for address in addresses:
            segno.make(address, error="h", boost_error=False, mode="alphanumeric").save(BytesIO(), kind="svg", border=4, scale=3)

    write_sheet(BytesIO(), plates[:20], size=SIZE)  # fonts read, first symbols made
    plain(addresses[:20])
    seconds = in_turns(lambda: write_sheet(BytesIO(), plates.iterator(chunk_size=500), size=SIZE), lambda: plain(addresses), lambda: plain(addresses, one_path=True))
    say(f"\n  printed, processor time, median of {ROUNDS} turns of {IN_A_ROUND} plates\n")
    ratio = told(["whole notices from the database (write_sheet)", "plain loop, bare symbols, a rectangle a module", "the same, all modules of a symbol one path"], seconds, "plates")[1]
    say("\n  as SVG\n")
    told(["ZIP from the database (write_zip)", "segno make and save, no ZIP"], in_turns(lambda: write_zip(BytesIO(), plates.iterator(chunk_size=500), size=SIZE), svgs), "SVGs")
    if ratio < AT_LEAST:
        say(f"  printing is only {ratio:.2f} times the plain loop; at least {AT_LEAST} is promised\n")
        return 1
    return 0


def memory(what: str, count: int) -> None:
    prepare(with_content=False)
    build(count)
    command("generate_doorplates")
    how = {"print": {"name": "print_doorplates"}, "export": {"name": "export_doorplates", "per_file": 1000}}[what]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command(**how, size=SIZE, out=Path(folder))
        seconds, files = time.perf_counter() - started, [path for path in Path(folder).iterdir() if path.suffix != ".csv"]
        weight = sum(path.stat().st_size for path in files) / 1e6
    with Path("/proc/self/status").open() as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    say(f"  {what:7} {count:7,} plates   peak {peak / 1024:5.0f} MB   {count / seconds:6.0f} plates/s   {len(files)} files, {weight:.1f} MB\n")


PARTS = {"issue": issue, "print": printing, "memory": lambda what, count: memory(what, int(count))}
ALL = ["issue sqlite", "issue postgres", "print", *(f"memory {what} {count}" for what in ("print", "export") for count in (2_000, 10_000))]

if __name__ == "__main__":
    if len(sys.argv) > 1:
        try:
            raise SystemExit(PARTS[sys.argv[1]](*sys.argv[2:]))
        except NoServer as reason:
            say(f"  issued on postgres: left out. {reason}\n")
            raise SystemExit(0) from None
    say("\nplates\n")
    raise SystemExit(max(subprocess.run([sys.executable, "-m", "benchmarks.plates", *part.split()], check=False).returncode for part in ALL))
