"""kill -9 of every process at random moments, under scans, requests for help, claims and messages. What was acknowledged is there, and nothing twice.

    .venv/bin/python -m drills.kill [--seed 7] [--seconds 75] [--database postgres|sqlite]

The clients send again whatever got no answer, as people do. Told apart by what was killed while it was acknowledged.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from drills.fleet import LEASE, own_site
from drills.ledger import Line, report, say
from drills.outside import Gateway
from drills.traffic import Journal, Load, everybody
from tests.running import Stage, give_up_after

TARGETS = {"postgres": ("web worker", "web", "notification worker", "every_minute", "PostgreSQL"), "sqlite": ("web worker", "web", "notification worker", "every_minute")}
KINDS = {"scan": "scans", "request": "requests", "claim": "claims", "message": "messages", "close": "closings"}
DELIVERED = (
    "at least once: a worker killed between sending and writing that down has its one message sent again, under the same id, when its lease runs out "
    f"(5 minutes; here {LEASE} s). So at most one message a killed worker comes twice, and none is lost"
)


def run(home: Path, *, database: str, seed: int, seconds: float, residents: int = 3, helpers: int = 4, targets: tuple[str, ...] = (), least: int = 3) -> tuple[list[Line], Journal]:
    """The drill on a site of its own below `home`, each target killed at least `least` times: its lines, and what the clients wrote down."""
    rng, journal, kills = random.Random(seed), Journal(), Counter()
    targets = targets or TARGETS[database]
    with Stage(home) as stage, Gateway() as gateway:
        fleet = own_site(stage, gateway, database=database)
        site = fleet.fill(helpers=helpers)
        fleet.start()
        journal.phase = targets[0]
        with Load(journal, everybody(site, journal, seed, residents=residents)):
            for target in targets:
                journal.phase, until = target, time.monotonic() + seconds / len(targets)
                fleet.minute_at_once = target == "every_minute"
                while time.monotonic() < until or kills[target] < least:
                    fleet.kill(target, rng)
                    kills[target] += 1
                    under_load(journal, rng)
        left = fleet.settle()
        fleet.end()
        fleet.start_web()
        found = fleet.compare(journal, home / "journal.json")
        fleet.web.stop()
    return [*lines_of(found, kills, journal), outbox_line(found["outbox"], kills, left)], journal


def under_load(journal: Journal, rng: random.Random, *, at_least: int = 6, longest: float = 15) -> None:
    """A random while, and not before some writes were acknowledged: a machine that is still coming up has nothing to lose."""
    before, until = len(journal.items), time.monotonic() + longest
    while len(journal.items) < before + at_least and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(rng.uniform(0.0, 1.5))


def lines_of(found: dict, kills: Counter, journal: Journal) -> list[Line]:
    """For each kind of process that was killed: acknowledged writes, and which of them are missing or there twice."""
    made = []
    for target, number in kills.items():
        tried = {kind: found["tried"].get(f"{target}|{kind}", 0) for kind in KINDS}
        bad = {kind: [*found["missing"].get(f"{target}|{kind}", []), *found["twice"].get(f"{target}|{kind}", [])] for kind in (*KINDS, "request tried", "message tried")}
        lost, total = sum(len(rows) for rows in bad.values()), sum(tried.values())
        words = ", ".join(f"{count} {KINDS[kind]}" for kind, count in tried.items())
        faults = "".join(f"; {kind}: {rows[0]}" for kind, rows in bad.items() if rows)
        made.append(Line(f"kill -9 of {target}, {number} times: acknowledged, there, and once", total, total - lost, lost, note=words + faults))
    odd = Counter(journal.wrong)
    answers = sum(count for name, count in journal.counts.items() if name.startswith("tried"))
    made.append(Line("answers that a client should not get, tries without an answer set aside", answers, answers - len(journal.wrong), len(journal.wrong),
                     note=f"{journal.counts['no answer']} tries had no answer and {journal.counts['answered 500']} a fault page, each was sent again; {dict(odd.most_common(3)) or ''}"))  # fmt: skip
    return made


def outbox_line(outbox: dict, kills: Counter, left: dict) -> Line:
    """Nothing lost; twice at most what the rule allows. What nobody has sent when the time is over counts as lost."""
    lost, allowed = outbox["missing"] + sum(left.values()), kills["notification worker"]
    again = outbox["again"] + outbox["other"]
    note = f"{again} came twice, {allowed} allowed: {DELIVERED}" + (f"; still on its way: {left}" if left else "")
    total = outbox["messages"] + sum(left.values())
    return Line("notifications: each message sent arrived outside, once or as the rule says", total, total - lost, lost + max(again - allowed, 0), note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=75, help="of kills on PostgreSQL; a third of it on SQLite")
    parser.add_argument("--database", choices=TARGETS, action="append")
    chosen = parser.parse_args()
    failed = 0
    for database in chosen.database or ["postgres", "sqlite"]:
        seconds = chosen.seconds if database == "postgres" else chosen.seconds / 3
        say(f"kill on {database}: seed {chosen.seed}, {seconds:.0f} s of kills\n")
        give_up_after(int(seconds * 2) + 600)  # a hang, not a slow machine
        with tempfile.TemporaryDirectory(prefix="menpai-kill-", ignore_cleanup_errors=True) as home:
            Path(home).chmod(0o755)
            lines, _ = run(Path(home) / "stage", database=database, seed=chosen.seed, seconds=seconds)
        failed += report("kill" if database == "postgres" else f"kill on {database}", lines)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
