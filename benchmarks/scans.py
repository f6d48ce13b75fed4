"""Scans of random plates among a thousand and among ten million, on a durable PostgreSQL, through gunicorn as it is shipped.

    .venv/bin/python -m benchmarks.scans              10,000,000 plates
    .venv/bin/python -m benchmarks.scans 1000000      fewer, for a look

Beside them, in the same rounds and under the same settings: a bare WSGI application, one plate that everybody scans, and Django's own view of the page.
"""

import gzip
import json
import os
import random
import shutil
import sys
import tempfile
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psycopg

from benchmarks import measure
from doorplates import codes
from tests.running import Postgres, Running, Stage, fill, give_up_after, site_environment

MANY, FEW = 10_000_000, 1_000
ROUNDS, SECONDS, CONNECTIONS = 11, 2, 32
A_BUILDING, A_VILLAGE = 4, 160  # plates
DISTRICT = "640205"  # that of the content: its pages are full ones
SPAN, STEP, START = 29**7, 754_974_721, 9_000_001  # the number-th plate has the code of START + STEP · number: spread over all codes, none twice
PHONE = (
    "User-Agent: Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 Chrome/53.0 MQQBrowser/6.2 MicroMessenger/7.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "Accept-Encoding: gzip, deflate", "Accept-Language: zh-CN,zh;q=0.9",
)  # fmt: skip
SCRIPT = """
local letters, many = "%s", %d
math.randomseed(%d)
request = function()
  local rest, body, sum = (%d + %d * math.random(0, many - 1)) %% %d, {}, 0
  for place = 7, 1, -1 do
    local value = rest %% 29
    rest, sum = (rest - value) / 29, sum + (place + 1) * value
    body[place] = letters:sub(value + 1, value + 1)
  end
  local check = sum %% 29
  return wrk.format("GET", "/D/" .. table.concat(body) .. letters:sub(check + 1, check + 1))
end
"""


def codes_of(first: int, last: int) -> list[str]:
    """The codes of the plates first … last - 1."""
    rest = (START + STEP * np.arange(first, last, dtype=np.int64)) % SPAN
    digits = np.empty((last - first, 8), dtype=np.int64)
    for place in range(6, -1, -1):
        digits[:, place] = rest % 29
        rest //= 29
    digits[:, 7] = (digits[:, :7] * np.arange(2, 9)).sum(axis=1) % 29
    letters = np.frombuffer(codes.ALPHABET.encode(), dtype=np.uint8)[digits]
    return [row.decode() for row in letters.reshape(-1).view("S8")]


def load(url: str, plates: int) -> None:
    """That many plates with their buildings and villages. Of the plate's indexes only the two that a scan could use are built again."""
    now = datetime.now(UTC).isoformat()
    villages = [f"{DISTRICT}{101 + number // 80:03}{900 + number % 80:03}" for number in range(-(-plates // A_VILLAGE))]
    with psycopg.connect(url) as line, line.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET session_replication_role = replica")
        cursor.execute("TRUNCATE doorplates_doorplate, doorplates_building CASCADE")
        _drop_indexes(cursor, "doorplates_doorplate")
        _drop_indexes(cursor, "doorplates_building")
        with cursor.copy("COPY guides_area (code, name, level, parent_id, contact_name, contact_phone) FROM STDIN") as rows:
            for number, village in enumerate(villages):
                rows.write(f"{village}\t示例{number}{'村村民委员会' if number % 2 else '社区居民委员会'}\tcommunity\t{DISTRICT}000000\t\t{'0000-0000000' if number % 3 else ''}\n")
        with cursor.copy("COPY doorplates_building (id, community_id, estate, name, entrances, standard_address_code, is_sample) FROM STDIN") as rows:
            for n in range(-(-plates // A_BUILDING)):
                rows.write(f"{n + 1}\t{villages[n * A_BUILDING // A_VILLAGE]}\t示例小区\t{n}号楼\t[]\t\tf\n")
        columns = "id, code, building_id, entrance, state, issued_at, end_reason, condition"
        with cursor.copy(f"COPY doorplates_doorplate ({columns}) FROM STDIN") as rows:
            for first in range(0, plates, 100_000):
                found = codes_of(first, min(plates, first + 100_000))
                rows.write("".join(f"{n + 1}\t{code}\t{n // A_BUILDING + 1}\t{n % A_BUILDING + 1}单元\tactive\t{now}\t\t\n" for n, code in enumerate(found, start=first)))
        cursor.execute("ALTER TABLE doorplates_building ADD PRIMARY KEY (id)")
        cursor.execute("ALTER TABLE doorplates_doorplate ADD PRIMARY KEY (id), ADD UNIQUE (code)")
    with psycopg.connect(url, autocommit=True) as line:
        line.execute("VACUUM ANALYZE")
        line.execute("CHECKPOINT")


def _drop_indexes(cursor, table: str) -> None:
    for (name,) in cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u')", [table]).fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
    for (name,) in cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass", [table]).fetchall():
        cursor.execute(f"DROP INDEX {name}")


class Site:
    """One target: a web server, what wrk asks of it, and what it cost."""

    def __init__(self, web: Running, server: Postgres, database: str, script: Path | None, path: str = "/"):
        self.web, self.server, self.database, self.script, self.path = web, server, database, script, path
        self.answers, self.runs, self.costs = 0, 0, []

    def rate(self, seconds: float = SECONDS) -> float:
        """Answers a second; remembers the microseconds of processor time that each cost, web and database together."""
        before = self._spent()
        rate, answers = measure.wrk_counted(self.web.url + self.path, seconds=seconds, connections=CONNECTIONS, script=self.script, headers=PHONE)
        if not answers:
            raise SystemExit(f"{self.web.name} did not answer once in {seconds} s, load {os.getloadavg()[0]:.1f}")
        self.answers, self.runs = self.answers + answers, self.runs + 1
        self.costs.append((self._spent() - before) / answers * 1e6)
        return rate

    def _spent(self) -> float:
        """Seconds of processor time of the web server and the database server, so far."""
        return self.web.processor_seconds() + self.server.running.processor_seconds()

    def scans(self) -> int:
        return int(self.server.sql("SELECT count(*) FROM doorplates_scan", self.database)) if self.database else 0


def check_pages(site: Site, plates: int, wanted: int = 100) -> None:
    """Random plates answer with their own page, whole. Raises SystemExit."""
    for _ in range(wanted):
        number = random.randrange(plates)
        (code,) = codes_of(number, number + 1)
        asked = urllib.request.Request(f"{site.web.url}/D/{code}", headers=dict(header.split(": ", 1) for header in PHONE))
        with urllib.request.urlopen(asked, timeout=20) as answer:
            page = gzip.decompress(answer.read()).decode()
        if answer.status != 200 or f'<span class="number">{codes.spoken(code)}</span>' not in page or not page.endswith("</html>\n") or f"{number // A_BUILDING}号楼 {number % A_BUILDING + 1}单元" not in page:
            raise SystemExit(f"the page of {code} is not its page")
        site.answers += 1


def check_rows(site: Site, name: str) -> str:
    """Every answer has its row; what was under way when wrk left may have one too. Raises SystemExit."""
    rows = site.scans()
    if not site.answers <= rows <= site.answers + site.runs * CONNECTIONS:
        raise SystemExit(f"{name}: {rows} scans are counted of {site.answers} that were answered in {site.runs} runs")
    return f"{name}: {site.answers} answered, {rows} counted"


def set_up(stage: Stage, many: int) -> dict[str, Site]:
    server = stage.postgres(settings={"shared_buffers": "1GB", "max_wal_size": "8GB"})
    server.sql("CREATE DATABASE many")
    env = site_environment(stage.home / "var", server.url("many"), MENPAI_DEMO="1")
    fill(stage, env)
    server.sql("CREATE DATABASE few TEMPLATE many")
    for database, plates in (("few", FEW), ("many", many)):
        measure.say(f"  filling {plates:,} plates, load {os.getloadavg()[0]:.1f}\n")
        load(server.url(database), plates)
    (hot,) = codes_of(many // 2, many // 2 + 1)
    scripts = {}
    for name, plates in (("few", FEW), ("many", many)):
        scripts[name] = stage.home / f"{name}.lua"
        scripts[name].write_text(SCRIPT % (codes.ALPHABET, plates, random.randrange(10**6), START, STEP, SPAN), encoding="utf-8")
    env = {"few": env | {"DATABASE_URL": server.url("few")}, "many": env}
    web = {name: stage.gunicorn(name, env=env[name]) for name in env}
    django = stage.gunicorn("django", env=env["few"], application="menpai.wsgi:django")
    bare = stage.gunicorn("bare", env=env["few"], application="benchmarks.hello:application")
    return {
        "bare": Site(bare, server, "", scripts["many"]),
        "many": Site(web["many"], server, "many", scripts["many"]),
        "few": Site(web["few"], server, "few", scripts["few"]),
        "hot": Site(web["many"], server, "many", None, f"/D/{hot}"),
        "django": Site(django, server, "few", scripts["few"]),
    }


def run(stage: Stage, many: int) -> int:
    sites = set_up(stage, many)
    check_pages(sites["many"], many)
    check_pages(sites["few"], FEW)
    for site in sites.values():
        site.rate(3)
        site.costs.clear()
    rates: dict[str, list[float]] = {name: [] for name in sites}
    for number in range(ROUNDS):
        for name in list(sites) if number % 2 else reversed(sites):
            rates[name].append(sites[name].rate())
    sites["many"].answers += sites["hot"].answers
    sites["few"].answers += sites["django"].answers
    sites["many"].runs += sites["hot"].runs
    sites["few"].runs += sites["django"].runs
    counted = [check_rows(sites["many"], f"{many:,} plates"), check_rows(sites["few"], f"{FEW:,} plates")]
    costs = {name: site.costs for name, site in sites.items()}

    def over(found: dict, one: str, other: str) -> list[float]:
        return [mine / theirs for mine, theirs in zip(found[one], found[other], strict=True)]

    figures = [
        measure.figure(f"scans a second of {many:,} plates / bare gunicorn", over(rates, "many", "bare"), limit=0.45),
        measure.figure("the same in processor time: bare gunicorn / web and database of a scan", over(costs, "bare", "many"), limit=0.4),
        measure.figure(f"cost of a scan: {many:,} plates / {FEW:,} plates (processor time)", over(costs, "many", "few"), limit=1.2, at_most=True),
        measure.figure(f"scans a second: {many:,} plates / {FEW:,} plates", over(rates, "many", "few"), limit=1 / 1.2),
        measure.figure("one hot plate / random plates", over(rates, "hot", "many"), limit=0.9),
        measure.figure("scans a second / Django's view of the same page", over(rates, "few", "django"), limit=4),
    ]
    typical = {name: {"a second": round(sorted(rates[name])[ROUNDS // 2]), "microseconds": round(sorted(costs[name])[ROUNDS // 2])} for name in sites}
    measure.say("\n  " + "\n  ".join([*counted, json.dumps(typical)]) + "\n")
    return measure.report("scans", figures, packages=("gunicorn", "Django", "psycopg"), notes={"plates": many, "counted": counted, "typical": typical, "ms": {"scan": typical["many"]["microseconds"] / 1000}})


if __name__ == "__main__":
    give_up_after(900)
    home = Path(tempfile.mkdtemp(prefix="menpai-scans-"))
    try:
        with Stage(home) as stage:
            missed = run(stage, int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    raise SystemExit(1 if missed else 0)
