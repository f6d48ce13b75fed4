"""A day squeezed: every kind of traffic for minutes, with the daily commands among it; memory, open files and connections stay flat, and no answer is wrong.

    .venv/bin/python -m drills.soak [--seed 7] [--seconds 180]

Flat: after a warm-up of a third of the time, the mean of the last third of what is left is held against that of its first third. Memory (PSS of each
process; what workers share counts once) may grow by 8 % and 4 MB, open files by 10, the database's connections by 2. The clock is not touched.
"""

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

from drills.fleet import Fleet, own_site
from drills.ledger import Line, report, say
from drills.outside import Gateway
from drills.traffic import Browser, Journal, Load, Site, everybody, where
from tests.running import Running, Stage, give_up_after

EVERY = 3  # seconds between two looks
DAILY = (("scrub_requests",), ("clearsessions",), ("roll_up",))
ADMIN = ("/admin/", "/admin/guides/guide/", "/admin/doorplates/doorplate/", "/admin/helpdesk/helprequest/", "/admin/helpdesk/notification/", "/desk/overview/")


class Office:
    """An administrator who looks through the back office."""

    def __init__(self, site: Site, journal: Journal, seed: str):
        self.rng, self.site = random.Random(seed), site
        self.browser, self.is_in = Browser(site, journal, self.rng), False

    def lap(self) -> None:
        if not self.is_in:
            self.browser.get("/desk/login/", "sign in")
            data = {"username": "admin", "password": self.site.password, "csrfmiddlewaretoken": self.browser.session.cookies.get("csrftoken", "")}
            self.is_in = where(self.browser.post("/desk/login/", data, "sign in")) == "/desk/"
        answer = self.browser.get(self.rng.choice(ADMIN), "back office", expect=(200, 302))
        self.is_in = answer.status_code == 200
        time.sleep(0.5)


class Meter:
    """What each process holds, every few seconds."""

    def __init__(self, fleet: Fleet, minute: Running, temporary: Path):
        self.fleet, self.minute, self.temporary = fleet, minute, temporary
        self.memory, self.files = defaultdict(list), defaultdict(list)  # by process, in the order of the looks
        self.connections: list[int] = []
        self.left_over: list[int] = []

    def processes(self) -> dict[str, int]:
        found = {"gunicorn": self.fleet.web.process.pid}
        found |= {f"web worker {pid}": pid for pid in sorted(self.fleet.web.children())}
        found |= {f"notification worker {number}": one.process.pid for number, one in enumerate(self.fleet.workers)}
        return found | {"every_minute": self.minute.process.pid}

    def look(self) -> None:
        for name, pid in self.processes().items():
            self.memory[name].append(pss(pid))
            self.files[name].append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        self.connections.append(int(self.fleet.postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'menpai'")))
        self.left_over.append(sum(path.stat().st_size for path in self.temporary.rglob("*") if path.is_file()))


def pss(pid: int) -> float:
    """Megabytes that are a process's own, and its part of what it shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def thirds(samples: list[float]) -> tuple[float, float]:
    """The means of the first and the last third of what comes after the warm-up, which is the first third of all."""
    kept = samples[len(samples) // 3 :]
    part = max(len(kept) // 3, 1)
    return statistics.mean(kept[:part]), statistics.mean(kept[-part:])


def flat(name: str, samples: dict[str, list[float]], *, share: float, more: float, unit: str) -> Line:
    before_after = {process: thirds(values) for process, values in samples.items() if len(values) >= 9}
    grown = [process for process, (before, after) in before_after.items() if after > before * (1 + share) + more]
    note = ", ".join(f"{process} {before:.0f} → {after:.0f}{unit}" for process, (before, after) in before_after.items())
    return Line(f"soak: {name} flat", len(before_after), len(before_after) - len(grown), len(grown), note=note)


def daily(fleet: Fleet, stop: threading.Event, failed: list[str], runs: Counter) -> None:
    """What cron does once a day, over and over."""
    while not stop.wait(5):
        for command in DAILY:
            try:
                fleet.stage.manage(*command, env=fleet.env)
            except Exception as error:  # noqa: BLE001 - said in the line
                failed.append(str(error)[-300:])
            runs[command[0]] += 1


def run(home: Path, *, seed: int, seconds: float) -> list[Line]:
    journal, stop, failed, runs = Journal("soak"), threading.Event(), [], Counter()
    with Stage(home) as stage, Gateway() as gateway:
        temporary = home / "tmp"
        temporary.mkdir()
        fleet = own_site(stage, gateway, TMPDIR=str(temporary))
        site = fleet.fill(helpers=2)
        fleet.start(minute=False)
        minute = stage.start("minute-loop", [sys.executable, "manage.py", "every_minute", "--loop"], env=fleet.env)
        meter = Meter(fleet, minute, temporary)
        lives = meter.processes()
        clients = [*everybody(site, journal, seed, residents=2, readers=2), Office(site, journal, f"{seed}o")]
        cron = threading.Thread(target=daily, args=(fleet, stop, failed, runs), daemon=True)
        with Load(journal, clients, pause=0.05):
            cron.start()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(EVERY)
                meter.look()
        stop.set()
        cron.join(120)
        same = lives == meter.processes()
        left = fleet.settle()
        found = fleet.compare(journal, home / "journal.json")
        fleet.end()
        minute.stop()
    answers = sum(count for name, count in journal.counts.items() if name.startswith("tried")) + len(journal.of("scan tried"))
    errors = len(journal.wrong) + sum(count for name, count in journal.counts.items() if name.startswith("answered 5") or name == "no answer")
    lost = sum(len(rows) for rows in (*found["missing"].values(), *found["twice"].values())) + sum(left.values())
    kept = sum(found["tried"].values())
    return [
        Line(f"soak of {seconds:.0f} s: answers as they are due", answers, answers - errors, errors, note=str(dict(Counter(journal.wrong).most_common(3)) or "")),
        Line("soak: what was acknowledged is there, once, and told", kept, kept - lost, lost),
        Line("soak: the daily commands beside it", sum(runs.values()), sum(runs.values()) - len(failed), len(failed), note=failed[0] if failed else str(dict(runs))),
        Line("soak: no process died or was replaced", len(lives), len(lives) if same else 0, 0 if same else 1),
        flat("memory (PSS)", meter.memory, share=0.08, more=4, unit=" MB"),
        flat("open files", meter.files, share=0, more=10, unit=""),
        flat("connections to the database", {"PostgreSQL": meter.connections}, share=0, more=2, unit=f", at most {max(meter.connections)}"),
        flat("temporary files", {"folder": [size / 1024 for size in meter.left_over]}, share=0, more=64, unit=" KB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=180)
    chosen = parser.parse_args()
    say(f"soak: seed {chosen.seed}, {chosen.seconds:.0f} s\n")
    give_up_after(int(chosen.seconds) + 400)
    with tempfile.TemporaryDirectory(prefix="menpai-soak-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        lines = run(Path(home) / "stage", seed=chosen.seed, seconds=chosen.seconds)
    sys.exit(bool(report("soak", lines)))


if __name__ == "__main__":
    main()
