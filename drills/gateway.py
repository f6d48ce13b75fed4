"""A gateway for text messages that is slow, hangs, refuses, cuts the line or talks nonsense: the site does not feel it, and everything arrives, once.

    .venv/bin/python -m drills.gateway [--seed 7] [--seconds 8]

The pages are measured in alternating rounds, gateway well and gateway hanging with every worker caught in it, so that a busy machine slows both.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from drills.fleet import Fleet, own_site
from drills.ledger import Line, report, say
from drills.outside import Gateway
from drills.traffic import Browser, Helper, Journal, Load, Resident, Site, everybody
from tests.running import Stage, give_up_after

MODES = ("error", "busy", "close", "garbage", "slow", "late", "cut")
SAME = 1.5  # times; pages with the gateway hanging beside pages with the gateway well, medians
LEASE = 30  # seconds; here a send may take its 20, as in production
PATIENCE = 20  # seconds that one send may take at most (helpdesk.outgoing.DEADLINE, and 15 to hear anything)


def run(home: Path, *, seed: int, seconds: float) -> list[Line]:
    journal = Journal()
    with Stage(home) as stage, Gateway() as gateway:
        fleet = own_site(stage, gateway, lease=LEASE)
        site = fleet.fill(helpers=3)
        fleet.start()
        lines = [speed(site, journal, gateway, seed, rounds=5)]
        with Load(journal, everybody(site, journal, seed, residents=2), pause=0.1):
            for mode in MODES:
                gateway.mode = mode
                rested(fleet)
                gateway.is_open.clear()
                time.sleep(seconds)
        lines.append(ends_cleanly(fleet, gateway))
        gateway.mode = "fine"
        rested(fleet)
        left = fleet.settle(seconds=60)
        fleet.minute_at_once = False
        found = fleet.compare(journal, home / "journal.json")
        fleet.end()
    return [*lines, delivered(found["outbox"], left, gateway), kept(found, journal)]


def speed(site: Site, journal: Journal, gateway: Gateway, seed: int, *, rounds: int) -> Line:
    """A scan, a guide, a request for help and the desk, one after the other: how long with the gateway well, how long with it hanging."""
    took: dict[str, list[float]] = {"fine": [], "hang": []}
    resident, helper = Resident(site, journal, f"{seed}s"), Helper(site, journal, f"{seed}t", site.helpers[0])
    reader = Browser(site, journal, random.Random(seed))
    helper.sign_in()
    for number in range(rounds * 2 + 2):
        gateway.mode = ("fine", "hang")[number % 2]
        resident.ask_for_help()  # something to tell, so that the workers are caught
        time.sleep(1)
        started = time.monotonic()
        for _ in range(3):
            resident.scan()
            reader.get(f"/guides/{site.guides[0]}/")
            helper.browser.get("/desk/", "queue")
            resident.ask_for_help()
            resident.browser.renew()
        if number > 1:  # the first of each warm the site up
            took[gateway.mode].append(time.monotonic() - started)
    gateway.is_open.set()
    ratios = [hang / fine for hang, fine in zip(took["hang"], took["fine"], strict=True)]
    middle = statistics.median(ratios)
    note = f"time with the gateway hanging / well: {middle:.2f} [{min(ratios):.2f} … {max(ratios):.2f}], at most {SAME}"
    return Line("gateway hangs: scan, guide, request and desk answer as fast", rounds, rounds if middle <= SAME else 0, 0 if middle <= SAME else rounds, note=note)


def ends_cleanly(fleet: Fleet, gateway: Gateway) -> Line:
    """SIGTERM to both workers while the gateway hangs: each gives up its one message in bounded time, writes that down and ends with 0."""
    gateway.is_open.clear()
    gateway.mode = "hang"
    time.sleep(2)
    started = time.monotonic()
    for worker in fleet.workers:
        worker.process.send_signal(signal.SIGTERM)
    ends = []
    for worker in fleet.workers:
        try:
            ends.append(worker.process.wait(PATIENCE * 2))
        except Exception:  # noqa: BLE001 - whatever keeps it from ending is the finding
            ends.append(None)
            worker.kill()
    took = time.monotonic() - started
    gateway.is_open.set()
    fleet.workers = [fleet.start_worker(number) for number in range(2)]
    good = sum(code == 0 for code in ends)
    return Line("worker told to stop while the gateway hangs ends by itself", 2, good, 2 - good, note=f"exit codes {ends} after {took:.0f} s, at most {PATIENCE * 2}")


def rested(fleet: Fleet) -> None:
    """What failed rests for a minute, then five, then thirty: here it is due at once. Only the waiting is cut short."""
    fleet.postgres.sql("UPDATE helpdesk_notification SET not_before = now() - interval '1 min' WHERE state = 'pending'", "menpai")


def delivered(outbox: dict, left: dict, gateway: Gateway) -> Line:
    """What the gateway took without saying so comes again under its own id, by which it can tell; nothing else does."""
    again, allowed = outbox["again"] + outbox["other"], len(gateway.untold)
    lost = outbox["missing"] + sum(left.values()) + outbox["states"].get("failed", 0)
    total = outbox["messages"] + sum(left.values())
    note = f"{len(gateway.refused)} tries were not taken; {allowed} were and the answer got lost: {again} came again, {outbox['other']} under another id; rows {outbox['states']}"
    note += f"; still on its way: {left}" if left else ""
    return Line("gateway well again: everything arrived, nothing twice but the unanswered", total, total - lost, lost + max(again - allowed, 0), note=note)


def kept(found: dict, journal: Journal) -> Line:
    """What residents and helpers were told has been taken while the gateway failed."""
    lost = sum(len(rows) for rows in (*found["missing"].values(), *found["twice"].values())) + len(journal.wrong)
    total = sum(found["tried"].values())
    return Line("scans, requests, claims and messages meanwhile: there, and once", total, total - lost, lost, note=str(dict(Counter(journal.wrong).most_common(3)) or ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=6, help="of each way to fail")
    chosen = parser.parse_args()
    say(f"gateway: seed {chosen.seed}\n")
    give_up_after(600)
    with tempfile.TemporaryDirectory(prefix="menpai-gateway-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        lines = run(Path(home) / "stage", seed=chosen.seed, seconds=chosen.seconds)
    sys.exit(bool(report("gateway", lines)))


if __name__ == "__main__":
    main()
