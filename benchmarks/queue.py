"""The desk's queue as its reader gets it, one page at a time: with ten thousand and with a million requests in the table, and beside django-helpdesk's list
(its page, and the rows that the page fetches) with ten thousand and a hundred thousand tickets.

    .venv/bin/python -m benchmarks.queue

A helper's village has 30 open requests at either size, and so has every other village; the rest is closed (benchmarks/county.py). A page holds 50, so that all
30 are drawn. All of helpdesk's tickets are open, as in a desk that has that many to do: its list shows the open ones. What a supervisor sees, the rest of the
desk and the resident's page are measured too; what grows with the table would show there.
"""

import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.county import OPEN_IN_A_VILLAGE
from benchmarks.measure import figure, report
from benchmarks.peers import helpdesk_desk
from tests.running import ROOT, NotUp, Postgres, Running, Stage, fill, give_up_after, site_environment

SMALL, LARGE = 10_000, 1_000_000
ROUNDS = 7
GROWTH, AT_TEN_THOUSAND, AT_HUNDRED_THOUSAND = 1.15, 40, 300


class Reader:
    """One who looks at pages of one running site, always on the same connection."""

    def __init__(self, one: Running, cookie: str):
        self.one, self.cookie = one, cookie
        self.connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=120)

    def get(self, path: str, *, wanted: int = 200) -> str:
        self.connection.request("GET", path, headers={"Cookie": self.cookie, "Accept-Encoding": "identity"})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != wanted:
            raise SystemExit(f"{path} was answered with {answer.status}:\n{text[:500]}")
        return text

    def seconds(self, path: str, *, times: int, wanted: int = 200) -> float:
        """The median of so many looks, one after the other."""
        found = []
        for _ in range(times):
            began = time.perf_counter()
            self.get(path, wanted=wanted)
            found.append(time.perf_counter() - began)
        return statistics.median(found)

    def processor(self, path: str, database: Running, *, times: int) -> float:
        """Milliseconds of processor time for one look, web and database together."""
        before = self.one.processor_seconds() + database.processor_seconds()
        for _ in range(times):
            self.get(path)
        return (self.one.processor_seconds() + database.processor_seconds() - before) / times * 1000


def county(stage: Stage, postgres: Postgres, env: dict[str, str], name: str, count: int) -> tuple[Running, dict]:
    """A site with that many requests, from the content that is there already."""
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE content")
    env = env | {"DATABASE_URL": postgres.url(name)}
    done = subprocess.run([sys.executable, "-m", "benchmarks.county", str(count)], cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        raise NotUp(f"{name} was not filled:\n{done.stderr[-3000:]}")
    return stage.gunicorn(name, env=env), json.loads(done.stdout)


def peer_list(reader: Reader) -> float:
    """Seconds for the page of django-helpdesk's list and the rows that it fetches at once."""
    began = time.perf_counter()
    page = reader.get("/tickets/")
    rows = json.loads(reader.get(re.search(r'"url": "(/datatables_ticket_list/[^"]*)"', page)[1]))
    seconds = time.perf_counter() - began
    if len(rows["data"]) != 25 or rows["recordsTotal"] != rows["recordsFiltered"]:
        raise SystemExit("django-helpdesk's list does not show what it should")
    return seconds


def queue_checked(reader: Reader) -> str:
    page = reader.get("/desk/")
    if page.count('<li class="card"') != OPEN_IN_A_VILLAGE:
        raise SystemExit(f"{page.count('class=card')} cards on the queue, not {OPEN_IN_A_VILLAGE}")
    return page


def main(home: Path) -> int:
    helpdesk_desk.install()
    with Stage(home) as stage:
        postgres = stage.postgres(settings={"max_wal_size": "4GB"})
        postgres.sql("CREATE DATABASE content")
        env = site_environment(home, postgres.url("content"), MENPAI_DEMO="1", MENPAI_SECOND_FACTOR="1")
        fill(stage, env)
        with ThreadPoolExecutor() as pool:
            large = pool.submit(county, stage, postgres, env, "million", LARGE)
            peers = [pool.submit(helpdesk_desk.start, stage, postgres, f"tickets_{n}", tickets=n).result() for n in (SMALL, 100_000)]
            large = large.result()
        small = county(stage, postgres, env, "ten_thousand", SMALL)
        here, there = (Reader(one, f"sessionid={known['helper']}") for one, known in (small, large))
        tens, hundreds = (Reader(one, f"sessionid={key}") for one, key in peers)
        for reader in (here, there):
            for _ in range(10):  # each of the two processes writes its SQL once
                page = queue_checked(reader)
        growth, beside_tens, beside_hundreds, processor = [], [], [], []
        for number in range(ROUNDS):
            order = (here, there) if number % 2 else (there, here)
            found = {reader: reader.seconds("/desk/", times=25) for reader in order}
            growth.append(found[there] / found[here])
            beside_tens.append(peer_list(tens) / found[here])
            beside_hundreds.append(peer_list(hundreds) / found[there])
            processor.append(there.processor("/desk/", postgres.running, times=20))
        notes = others(large, there, page, found)
        notes |= {"milliseconds": {"queue at 10,000": round(found[here] * 1000, 1), "queue at 1,000,000": round(found[there] * 1000, 1)}}
        notes |= {"ms": {"queue page": round(statistics.median(processor), 1)}}
        notes |= {"rows": {"10,000": small[1]["rows"], "1,000,000": large[1]["rows"]}, "django-helpdesk": helpdesk_desk.versions()}
    figures = [
        figure("queue at 1,000,000 / at 10,000 requests", growth, limit=GROWTH, at_most=True, note=f"{OPEN_IN_A_VILLAGE} open in the village at either size"),
        figure("django-helpdesk's list of 10,000 / queue at 10,000", beside_tens, limit=AT_TEN_THOUSAND),
        figure("django-helpdesk's list of 100,000 / queue at 1,000,000", beside_hundreds, limit=AT_HUNDRED_THOUSAND, note="ours has ten times as many in its table"),
    ]
    return report("queue", figures, packages=("django", "gunicorn", "psycopg"), notes=notes)


def others(large: tuple[Running, dict], helper: Reader, page: str, found: dict) -> dict:
    """Milliseconds of the other pages with a million requests, for the record: none of them may grow with the table."""
    one, known = large
    readers = {who: Reader(one, f"sessionid={known[who]}") for who in ("township", "district")}
    detail = re.search(r'href="(/desk/\d{9}/)"', page)[1]
    live = re.search(r'hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    looks = {
        "a request": (helper, detail, 200), "nothing new": (helper, live, 204), "closed ones": (helper, "/desk/?show=closed", 200),
        "township's queue": (readers["township"], "/desk/", 200), "district's queue": (readers["district"], "/desk/", 200),
        "district's closed ones": (readers["district"], "/desk/?show=closed", 200), "district's overview": (readers["district"], "/desk/overview/", 200),
    }  # fmt: skip
    return {"other pages, ms": {name: round(reader.seconds(path, times=5, wanted=wanted) * 1000, 1) for name, (reader, path, wanted) in looks.items()}}


if __name__ == "__main__":
    give_up_after(600)
    try:
        with tempfile.TemporaryDirectory(prefix="menpai-queue-") as folder:
            raise SystemExit(bool(main(Path(folder))))
    except NotUp as reason:
        raise SystemExit(str(reason)) from None
