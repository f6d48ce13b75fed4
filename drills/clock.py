"""The clock of the machine is set: an hour or a day ahead, and back. Nothing is lost, nothing is sent twice, nothing falls over, and nobody has to mend anything.

    .venv/bin/python -m drills.clock [--seed 7] [--seconds 10]

Every process of the site takes its time of day from a file (drills/set_clock); PostgreSQL keeps the right one, as no rule of ours asks it. Not under
libfaketime: 0.9.10 makes Python's time.sleep fail.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from drills.fleet import Fleet, own_site
from drills.ledger import Line, report, say
from drills.outside import Gateway
from drills.traffic import Browser, Journal, Load, Resident, Site, everybody
from tests.running import ROOT, Stage, give_up_after

JUMPS = ("+3600", "+86400", "-3600", "-86400")  # seconds; after each the clock is right again
LEASE = 8
WRONG_FOUR = "0000"
NOTE = (
    "while the clock is wrong, times that are written are wrong by as much: promised times and days of scans of that while stay so, overdue requests are "
    "reported early, staff sign in again"
)


class Clock:
    """What the processes of the site take for the time of day."""

    def __init__(self, file: Path):
        self.file = file
        self.set("+0")

    def set(self, offset: str) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{offset}\n")
        fresh.rename(self.file)  # never half a line
        time.sleep(0.5)  # they look five times a second

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT / "drills" / "set_clock"), "DRILL_CLOCK": str(self.file)}


def run(home: Path, *, seed: int, seconds: float) -> list[Line]:
    journal, home = Journal("right"), home
    home.mkdir(parents=True)
    clock = Clock(home / "clock")
    with Stage(home) as stage, Gateway() as gateway:
        fleet = own_site(stage, gateway, lease=LEASE)
        site = fleet.fill(helpers=3)
        fleet.env |= clock.environment
        fleet.start(older=False)
        gateway.mode = "slow"  # so that a message is on its way whenever the clock is set
        locked: list[bool] = []
        with Load(journal, everybody(site, journal, seed, residents=2), pause=0.1):
            time.sleep(seconds / 2)
            for jump in JUMPS:
                door = locked_out(site, journal, f"{seed}{jump}", before=lambda jump=jump: clock.set(jump))
                journal.phase = f"clock {jump} s"
                time.sleep(seconds)
                clock.set("+0")
                journal.phase = "right again"
                locked.append(door())
                time.sleep(seconds / 2)
        gateway.mode = "fine"
        alive = sum(one.is_alive for one in (fleet.web, *fleet.workers))
        stuck = nothing_waits_for_another_day(fleet)
        fleet.grow_older()
        left = fleet.settle(seconds=60)
        fleet.end()
        found = fleet.compare(journal, home / "journal.json")
        twice = int(fleet.postgres.sql("SELECT count(*) FROM (SELECT 1 FROM helpdesk_event WHERE kind = 'escalated' GROUP BY request_id, detail HAVING count(*) > 1) x", "menpai"))
    failed = sum(bool(code) for code in fleet.minute_ends)
    return [*kept(found, journal), outbox_line(found["outbox"], left, stuck), others(alive, failed, len(fleet.minute_ends), locked, twice)]


def locked_out(site: Site, journal: Journal, seed: str, *, before):
    """Somebody uses up their tries at the door of their own request while the clock is wrong. Returns what tells whether it lets them in afterwards.

    Locked for 15 minutes is right; what must not be is a lock for as long as the clock was ahead. So a fresh address is let in at once, and the one that
    was locked out while it was ahead as well, because that lock ends on no day that has come.
    """
    resident = Resident(site, journal, seed)
    reference = resident.ask_for_help()
    phone = journal.of("request")[-1]["phone"] if not reference else next(one["phone"] for one in journal.of("request") if one["reference"] == reference)
    before()
    browser = Browser(site, journal, random.Random(seed))
    path = f"/help/{reference}/"
    browser.get(path)

    def open_with(four: str) -> int:
        data = {"csrfmiddlewaretoken": browser.session.cookies.get("csrftoken", ""), "act": "open", "last_four": four}
        return browser.post(path, data, "door").status_code

    for _ in range(6):
        open_with(WRONG_FOUR if phone[-4:] != WRONG_FOUR else "1111")
    return lambda: open_with(phone[-4:]) == 302


def nothing_waits_for_another_day(fleet: Fleet) -> int:
    """How many rows of the outbox still wait for a time that only a wrong clock can have written, a while after it was set right."""
    later = f"interval '{timedelta(minutes=3).seconds} s'"
    statement = f"SELECT count(*) FROM helpdesk_notification WHERE state IN ('pending', 'sending') AND (created_at > now() + {later} OR leased_until > now() + {later})"
    deadline = time.monotonic() + 40
    while (stuck := int(fleet.postgres.sql(statement, "menpai"))) and time.monotonic() < deadline:
        time.sleep(1)
    return stuck


def kept(found: dict, journal: Journal) -> list[Line]:
    made = []
    for jump in JUMPS:
        keys = f"clock {jump} s|"
        tried = sum(count for key, count in found["tried"].items() if key.startswith(keys))
        bad = [row for side in ("missing", "twice") for key, rows in found[side].items() if key.startswith(keys) for row in rows]
        made.append(Line(f"clock set by {jump} s: what was acknowledged is there, once", tried, tried - len(bad), len(bad), note=bad[0] if bad else ""))
    answers = sum(count for name, count in journal.counts.items() if name.startswith("tried")) + len(journal.of("scan tried"))
    failed = len(journal.wrong) + sum(count for name, count in journal.counts.items() if name.startswith("answered 5") or name == "no answer")
    made.append(Line("clock: answers as they are due, whatever the time", answers, answers - failed, failed, note=f"{dict(Counter(journal.wrong).most_common(3)) or ''} {NOTE}"))
    return made


def outbox_line(outbox: dict, left: dict, stuck: int) -> Line:
    again, lost = outbox["again"] + outbox["other"], outbox["missing"] + sum(left.values()) + stuck
    total = outbox["messages"] + sum(left.values())
    note = f"{again} came twice, {stuck} wait for a day that is not; rows {outbox['states']}" + (f"; still on its way {left}" if left else "")
    return Line("clock: notifications arrived, once", total, total - lost, lost + again, note=note)


def others(alive: int, failed: int, runs: int, locked: list[bool], twice: int) -> Line:
    # Set back, a lock of those minutes lies ahead as any other: it ends by the right clock. Set ahead, it must not outlast the return.
    ahead = [is_in for jump, is_in in zip(JUMPS, locked, strict=True) if jump.startswith("+")]
    lost = (3 - alive) + failed + ahead.count(False) + twice
    total = 3 + runs + len(ahead)
    note = f"{alive} of 3 processes never fell over, {runs - failed} of {runs} runs of every_minute, {ahead.count(True)} of {len(ahead)} locked out while it was ahead came in at once when it was right, {twice} reported twice"  # noqa: E501
    return Line("clock: processes, jobs of the minute, locks, reports upwards", total, total - lost, lost, note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=8, help="for which the clock is wrong each time")
    chosen = parser.parse_args()
    say(f"clock: seed {chosen.seed}\n")
    give_up_after(500)
    with tempfile.TemporaryDirectory(prefix="menpai-clock-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        lines = run(Path(home) / "stage", seed=chosen.seed, seconds=chosen.seconds)
    sys.exit(bool(report("clock", lines)))


if __name__ == "__main__":
    main()
