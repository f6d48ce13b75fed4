"""How far a long command is: one line that redraws itself on a screen, a line at every tenth in a log file."""

import time
from typing import TextIO

WIDTH = 30
REDRAW = 0.2  # seconds


class Progress:
    """Tell `total` at the start, `step(n)` whenever n more are done, `close()` at the end. The sentences are Chinese; `unit` is the measure word."""

    def __init__(self, out: TextIO, total: int, unit: str):
        self.out, self.total, self.unit, self.done = out, total, unit, 0
        self.on_screen = bool(getattr(out, "isatty", lambda: False)())
        self.started = self.drawn = time.monotonic()
        self.tenth = 0

    def step(self, count: int = 1) -> None:
        self.done += count
        now = time.monotonic()
        if self.on_screen and now - self.drawn >= REDRAW:
            self.drawn = now
            self.out.write(f"\r{self._line()}\033[K")
            self.out.flush()
        elif not self.on_screen and self.total and self.done * 10 // self.total > self.tenth:
            self.tenth = self.done * 10 // self.total
            self.out.write(self._line() + "\n")

    def close(self) -> None:
        """The last state stays on the screen, and what follows begins on a line of its own."""
        if self.on_screen:
            self.out.write(f"\r{self._line()}\033[K\n")

    def _line(self) -> str:
        share = min(1, self.done / self.total) if self.total else 1
        filled = round(share * WIDTH)
        seconds = (time.monotonic() - self.started) * (1 - share) / share if share else 0
        left = f"，还要大约{self._spoken(seconds)}" if 0 < share < 1 else ""
        return f"[{'█' * filled}{'·' * (WIDTH - filled)}] {share:4.0%}  {self.done:,} / {self.total:,} {self.unit}{left}"

    @staticmethod
    def _spoken(seconds: float) -> str:
        return f"{seconds / 60:.0f}分钟" if seconds >= 90 else f"{max(1, seconds):.0f}秒"
