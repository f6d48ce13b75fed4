"""The rush of one winter morning, simulated on figures that were measured: how many processors answer it, and how long the slowest hundredth waits.

    python -m benchmarks.peak

What is drawn: arrivals second by second (a Poisson stream whose rate follows the hour, with one announcement that sends everybody to the same guide at
once), what each visitor does, and for each thing done its cost in processor time, as results.json has it, with an exponential spread. What is not
drawn: the network, the database's disk (its cost is measured as processor time of the whole), a machine that fails in that hour.
"""

import heapq
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.measure import RESULTS, say

HOUR = 3600
PATIENCE_MS = 1000  # what the slowest hundredth may wait on top of their phone's own network
SEED = 20261127


@dataclass(frozen=True)
class Region:
    """One size of installation. `scans_a_day` is assumed (1 plate of 30 scanned on a day), not measured; the article tells of 180 visitors a day in one district."""

    name: str
    plates: int
    scans_a_day: int


REGIONS = (
    Region("one district (惠农区)", 4_000, 180),
    Region("a busy district", 30_000, 1_000),
    Region("a province", 3_000_000, 100_000),
    Region("a large province", 30_000_000, 1_000_000),
    Region("ten times its rush", 30_000_000, 10_000_000),
)
IN_THE_RUSH = 0.25  # of the day's scans fall into one hour
ANNOUNCED = 10  # times the hour's mean in its worst five minutes, when the village loudspeakers have said it
PAGES = 3  # guide pages opened after a scan, of which
COLD = 0.02  # have to be rendered, the others are kept ones
ASKING = 0.01  # of the visitors send a help request
LOOKING = 0.05  # times a helper opens the queue for each scan


DONE = {"scan", "kept page", "cold page", "help request", "queue page"}


def costs() -> dict[str, float]:
    """Milliseconds of processor time for each thing done, web and database together, as the parts of `make bench` left them. Raises SystemExit."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    found = {name: value for part in kept.values() for name, value in part.get("notes", {}).get("ms", {}).items()}
    if missing := DONE - found.keys():
        raise SystemExit(f"not measured yet: {', '.join(sorted(missing))}. Run `scripts/bench warm cold scans requests queue` first.")
    return found


def rate(second: int, mean: float) -> float:
    """Scans a second: the mean of the hour, ANNOUNCED times as much in the five minutes after its first quarter, less before and after."""
    quiet = mean * (1 - ANNOUNCED * 300 / HOUR) / (1 - 300 / HOUR)
    return mean * ANNOUNCED if 900 <= second < 1200 else max(quiet, 0.0)


def arrivals(region: Region, cost: dict[str, float], draw: random.Random) -> Iterator[tuple[float, float]]:
    """(moment in seconds, processor time in seconds) of everything that is asked, in the order of time."""
    mean, events = region.scans_a_day * IN_THE_RUSH / HOUR, []
    for second in range(HOUR):
        moment, speed = float(second), rate(second, mean)
        while speed and (moment := moment + draw.expovariate(speed)) < second + 1:
            events.append((moment, "scan"))
            events += [(moment + draw.uniform(3, 90), "cold page" if draw.random() < COLD else "kept page") for _ in range(PAGES)]
            if draw.random() < ASKING:
                events.append((moment + draw.uniform(60, 240), "help request"))
            if draw.random() < LOOKING:
                events.append((moment + draw.uniform(0, 60), "queue page"))
    for moment, what in sorted(events):
        yield moment, draw.expovariate(1000 / cost[what])


def simulate(region: Region, processors: int, cost: dict[str, float]) -> tuple[float, float, float]:
    """Busy share of the processors, and the waits of the median and of the slowest hundredth in milliseconds (queue and work)."""
    free, waits, work = [0.0] * processors, [], 0.0
    for moment, seconds in arrivals(region, cost, random.Random(SEED)):
        start = max(moment, free[0])
        heapq.heapreplace(free, start + seconds)
        waits.append(start + seconds - moment)
        work += seconds
    waits.sort()
    return work / (processors * HOUR), 1000 * waits[len(waits) // 2], 1000 * waits[int(len(waits) * 0.99)]


def main() -> int:
    cost = costs()
    say("\npeak hour, simulated on measured costs: " + ", ".join(f"{name} {value:.2f} ms" for name, value in sorted(cost.items())) + "\n\n")
    for region in REGIONS:
        for processors in (1, 2, 4, 8, 16, 32):
            busy, median, slow = simulate(region, processors, cost)
            if slow <= PATIENCE_MS:
                worst = region.scans_a_day * IN_THE_RUSH / HOUR * ANNOUNCED
                say(f"  {region.name:24} {region.plates:11,} plates  {region.scans_a_day:9,} scans a day  {worst:7.1f} scans/s at worst: {processors:2} processors, {busy:5.1%} busy, median {median:6.1f} ms, slowest hundredth {slow:7.1f} ms\n")
                break
        else:
            say(f"  {region.name}: more than 32 processors\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
