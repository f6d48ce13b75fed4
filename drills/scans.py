"""The web server is killed under scans, again and again: every scan that a phone has got its page for has its row.

    .venv/bin/python -m drills.scans          20 kills

PostgreSQL is the durable one of the harness and stays up (drills of the database kill it). A kill is SIGKILL, in turns to one worker and to the
master with all its workers. A phone counts an answer only once it has all of it.
"""

import http.client
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from drills.ledger import Line, report
from tests.running import Postgres, Running, Stage, fill, free_port, give_up_after, site_environment

KILLS, PHONES = 20, 8
AGENT = "Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 Chrome/53.0 MicroMessenger/7.0"


class Phones:
    """Threads that scan plates without an end and remember by plate how often they got the whole page, and how often they asked."""

    def __init__(self, port: int, codes: list[str]):
        self.port, self.codes, self.answered, self.asked = port, codes, Counter(), Counter()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(PHONES)]

    def __enter__(self) -> "Phones":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self) -> None:
        line = None
        while not self._ended.is_set():
            code = random.choice(self.codes)
            with self._lock:
                self.asked[code] += 1
            try:
                line = line or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                line.request("GET", f"/D/{code}", headers={"User-Agent": AGENT})
                answer = line.getresponse()
                page = answer.read()
                if answer.status == 200 and page.endswith(b"</html>\n"):
                    with self._lock:
                        self.answered[code] += 1
            except (OSError, http.client.HTTPException):
                line = None
                self._ended.wait(0.02)  # nobody is there: it is being started again

    def total(self) -> int:
        with self._lock:
            return self.answered.total()

    def wait_for(self, more: int, *, seconds: float = 60) -> None:
        """Until that many more answers came."""
        wanted, deadline = self.total() + more, time.monotonic() + seconds
        while self.total() < wanted:
            if time.monotonic() > deadline:
                raise SystemExit("no scan is answered any more")
            self._ended.wait(0.005)


def kill_under_scans(stage: Stage, env: dict[str, str], codes: list[str], *, kills: int, answers: int = 60) -> Phones:
    """Kill the web server that many times, each time after some more answers; in turns one worker and everything."""
    port = free_port()
    web: Running = stage.gunicorn("web0", env=env, port=port)
    with Phones(port, codes) as phones:
        for number in range(kills):
            phones.wait_for(answers + random.randrange(answers))
            if number % 2:
                os.kill(random.choice(web.children()), signal.SIGKILL)
            else:
                web.kill()
                web = stage.gunicorn(f"web{number + 1}", env=env, port=port)
        phones.wait_for(answers)
    web.stop()
    return phones


def rows_of(server: Postgres, database: str) -> Counter:
    rows = server.sql("SELECT p.code, count(*) FROM doorplates_scan s JOIN doorplates_doorplate p ON p.id = s.doorplate_id GROUP BY 1", database)
    return Counter({code: int(count) for code, count in (row.split("|") for row in rows.splitlines())})


SMALL = "from tests.factories import *; make_guide(featured=1); b = make_building(); [make_plate(b, entrance=f'{n}单元') for n in range(20)]"


def set_up(stage: Stage, *, with_content: bool = True) -> tuple[Postgres, dict[str, str], list[str]]:
    """A site on PostgreSQL with sample content, or with next to nothing; and the codes of its plates in use."""
    server = stage.postgres()
    server.sql("CREATE DATABASE site")
    env = site_environment(stage.home / "var", server.url("site"), MENPAI_DEMO="1")
    fill(stage, env, with_content=with_content)
    if not with_content:
        stage.manage("collectstatic", "--noinput", "-v", "0", env=env)
        stage.manage("shell", "-c", SMALL, env=env)
    return server, env, server.sql("SELECT code FROM doorplates_doorplate WHERE state = 'active'", "site").split()


def run(stage: Stage) -> int:
    server, env, codes = set_up(stage)
    phones = kill_under_scans(stage, env, codes, kills=KILLS)
    rows = rows_of(server, "site")
    lost = (phones.answered - rows).total()
    never_asked = (rows - phones.asked).total()
    spare = rows.total() - phones.total()
    return report("scans", [
        Line(f"kill -9 of the web server under scans, {KILLS} times: answered scans with their row", phones.total(), phones.total() - lost, lost,
             note=f"{spare} more are counted, whose phones did not get the whole page before the kill"),
        Line("the same: rows beyond what was asked", rows.total(), rows.total() - never_asked, never_asked),
    ])  # fmt: skip


if __name__ == "__main__":
    give_up_after(300)
    home = Path(tempfile.mkdtemp(prefix="menpai-scans-"))
    try:
        with Stage(home) as stage:
            failed = run(stage)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    raise SystemExit(1 if failed else 0)
