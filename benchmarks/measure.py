"""Ratios measured side by side. Each part of `make bench` hands its figures to `report`, which prints them beside their limits and adds them to results.json.

Two things are compared in alternating rounds, so that a busy machine slows both; each sample is divided by the other's of the same round.
"""

import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results.json"
say = sys.stdout.write


@dataclass(frozen=True)
class Figure:
    """One ratio: median and spread over the rounds, and the limit it is held against ("at least" unless `at_most`)."""

    name: str
    median: float
    least: float
    most: float
    rounds: int
    limit: float
    at_most: bool = False
    note: str = ""

    @property
    def is_reached(self) -> bool:
        return self.median <= self.limit if self.at_most else self.median >= self.limit


def ratios(ours: Callable[[], float], other: Callable[[], float], *, rounds: int = 7) -> list[float]:
    """`ours() / other()` for each round; which of them goes first alternates. Both return a rate (or both a cost)."""
    found = []
    for number in range(rounds):
        if number % 2:
            mine, theirs = ours(), other()
        else:
            theirs, mine = other(), ours()
        found.append(mine / theirs)
    return found


def figure(name: str, samples: Sequence[float], *, limit: float, at_most: bool = False, note: str = "") -> Figure:
    return Figure(name, statistics.median(samples), min(samples), max(samples), len(samples), limit, at_most, note)


def report(part: str, figures: Sequence[Figure], *, packages: Sequence[str] = (), notes: dict | None = None) -> int:
    """Print the figures, keep them under `part` in results.json with the versions of `packages`; how many did not reach their limit."""
    say(f"\n{part}\n")
    for one in figures:
        sign, verdict = ("at most" if one.at_most else "at least"), ("reached" if one.is_reached else "NOT REACHED")
        say(f"  {one.name:64} {one.median:9.3g}  [{one.least:.3g} … {one.most:.3g}, {one.rounds} rounds]  {sign} {one.limit:g}: {verdict}\n")
        if one.note:
            say(f"      {one.note}\n")
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept[part] = {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": round(os.getloadavg()[0], 1),
        "versions": {name: _version(name) for name in packages},
        "figures": [asdict(one) | {"is_reached": one.is_reached} for one in figures],
        **({"notes": notes} if notes else {}),
    }
    RESULTS.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return sum(not one.is_reached for one in figures)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def wrk(url: str, **how) -> float:
    """Requests a second that wrk gets answered from the address; see wrk_counted."""
    return wrk_counted(url, **how)[0]


def wrk_counted(url: str, *, seconds: float = 3, connections: int = 32, script: Path | None = None, headers: Sequence[str] = (), timeout: float = 20) -> tuple[float, int]:
    """Requests a second that wrk gets answered from the address, and how many in all. Raises SystemExit when one answer was not 2xx or 3xx, or a
    socket failed or waited longer than `timeout` seconds. Up to `connections` more are under way when it ends."""
    command = ["wrk", "-t1", "--timeout", f"{timeout}s", f"-c{connections}", f"-d{seconds}s", *(part for header in headers for part in ("-H", header)), *(["-s", str(script)] if script else []), url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"wrk on {url} met errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), int(re.search(r"(\d+) requests in", text)[1])
