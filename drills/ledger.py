"""What a drill tried, what survived and what was lost. A drill that lost something ends with exit code 1."""

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results.json"
say = sys.stdout.write


@dataclass(frozen=True)
class Line:
    """One fault. `allowed` is what may be lost by what is written down (docs/operations.md); `note` says it in words."""

    fault: str
    tried: int
    survived: int
    lost: int
    allowed: int = 0
    note: str = ""

    @property
    def is_held(self) -> bool:
        return self.tried > 0 and self.lost <= self.allowed


def report(part: str, lines: list[Line]) -> int:
    """Print and keep the lines under `part` in drills/results.json; how many did not hold."""
    say(f"\n{part}\n")
    for one in lines:
        say(f"  {one.fault:72} tried {one.tried:6}  survived {one.survived:6}  lost {one.lost:4}  {'held' if one.is_held else 'NOT HELD'}\n")
        if one.note:
            say(f"      {one.note}\n")
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept[part] = {"taken": datetime.now(UTC).isoformat(timespec="seconds"), "lines": [asdict(one) | {"is_held": one.is_held} for one in lines]}
    RESULTS.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return sum(not one.is_held for one in lines)
