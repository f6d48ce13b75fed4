"""Jobs that run by themselves: each attempt is written down, a daily one is done once a day whatever the number of machines, a loop shows that it lives."""

import logging
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, connections
from django.db.models import Q
from django.utils import timezone

from menpai import metrics, tally
from menpai.logs import request_id
from menpai.models import JobRun

log = logging.getLogger(__name__)
LEASE = timedelta(hours=6)  # no daily job takes longer; one that died with its machine is taken up again after that
AFTER_A_FAILURE = timedelta(hours=1)
BEAT = 30  # seconds between two notes of a loop in the database
_last_beat: dict[str, float] = {}
_stop = Event()


def attempt(name: str, work: Callable[[], object]) -> bool:
    """Do the work under an id of its own and write down what became of it; False when it raised, which is logged and goes no further."""
    token = request_id.set(f"{name}-{secrets.token_hex(4)}")
    started, trouble = time.monotonic(), ""
    try:
        with ExitStack() as named:
            if settings.SQL_IDS:
                for alias in connections:
                    named.enter_context(connections[alias].execute_wrapper(metrics.statement))
            work()
    except Exception as error:
        log.exception("%s failed", name)
        trouble = type(error).__name__
    finally:
        _write(name, seconds=time.monotonic() - started, trouble=trouble)
        request_id.reset(token)
    return not trouble


def _write(name: str, *, seconds: float, trouble: str) -> None:
    now = timezone.now()
    changes = {"ended_at": now, "seconds": round(seconds, 2), "trouble": trouble[:80]} | ({} if trouble else {"succeeded_at": now})
    try:
        if not JobRun.objects.filter(pk=name).update(**changes):
            JobRun.objects.bulk_create([JobRun(name=name, **changes)], ignore_conflicts=True)
        tally.flush(at_once=True)
    except DatabaseError as error:
        log.error("%s: when it ran could not be written down (%s)", name, type(error).__name__)
        connection.close()


def take_today(name: str, today: date, now: datetime) -> bool:
    """Take the job of a day in hand. False when it is done for today, or another machine is at it, or it failed less than an hour ago."""
    JobRun.objects.bulk_create([JobRun(name=name)], ignore_conflicts=True)
    is_due = Q(day=None) | Q(day__lt=today)
    is_free = Q(leased_until=None) | Q(leased_until__lte=now)
    return bool(JobRun.objects.filter(is_due, is_free, pk=name).update(leased_until=now + LEASE))


def finish_today(name: str, today: date, *, done: bool) -> None:
    """Give the job of a day back: done, or to be tried again in an hour."""
    changes = {"day": today, "leased_until": None} if done else {"leased_until": timezone.now() + AFTER_A_FAILURE}
    JobRun.objects.filter(pk=name).update(**changes)


def beat(name: str) -> None:
    """Show that a loop lives: a file for the probe of its own container at each call, a row for everybody else every half minute. Never raises."""
    with suppress(OSError):  # a full disk: the probe will say that the loop is stuck, and the loop goes on
        beat_file(name).touch()
    if time.monotonic() - _last_beat.get(name, -BEAT) >= BEAT:
        _last_beat[name] = time.monotonic()
        _write(name, seconds=0, trouble="")


def beat_file(name: str) -> Path:
    """deploy/probe.py looks at its age."""
    return Path(tempfile.gettempdir()) / f"menpai-{name}"


def loop(name: str, once: Callable[[], object], *, pause: int, beside: int | None = None) -> None:
    """Call `once` every `pause` seconds until SIGTERM or SIGINT, which let it end what it is at; or until the process `beside` is gone."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop.set())
    while True:
        close_old_connections()  # a database that was restarted in between must not fail every job from then on
        beat(name)
        once()
        for _ in range(pause):
            if _stop.wait(1) or (beside and not _is_alive(beside)):
                return


def is_stopping() -> bool:
    """Whether the loop was told to end: the job in hand is finished, no other is begun."""
    return _stop.is_set()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, and alive
        pass
    return True
