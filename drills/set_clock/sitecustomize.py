"""On PYTHONPATH of a process of the site: its time of day is the machine's plus the seconds in the file DRILL_CLOCK, read five times a second.

Seconds that nobody can set (time.monotonic) go on as they are, as with a real clock that is set.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

FILE = Path(os.environ["DRILL_CLOCK"])
real, wait = time.time, time.sleep  # kept before they are replaced
traveller, offset = time_machine.travel(real(), tick=True).start(), 0.0


def follow() -> None:
    global offset
    while True:
        wanted = float(FILE.read_text())
        if wanted != offset:
            traveller.shift(wanted - offset)
            offset = wanted
        wait(0.2)


def begin() -> None:
    threading.Thread(target=follow, daemon=True).start()


wanted = float(FILE.read_text())
traveller.shift(wanted)
offset = wanted
begin()
os.register_at_fork(after_in_child=begin)  # a worker of gunicorn has no thread of its master
