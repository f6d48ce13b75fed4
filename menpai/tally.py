"""Errors and refused tries counted by the hour, so that the operator's page tells of all processes and of yesterday.

Whoever counts writes nothing at that moment: it may be inside a transaction that is about to be rolled back. What is pending is written by `flush`,
which the end of a request and each turn of a loop call. Counts that cannot be written wait; nothing here ever raises.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from menpai.logs import current_view, request_id

PAUSE, AFTER_A_FAILURE = 1, 30  # seconds between two writes of one process
MOST = 200  # kinds of places that wait in one process
pending: dict[tuple[str, str, datetime], "Waiting"] = {}
_lock, _writing = threading.Lock(), threading.Lock()
_not_before = 0.0


@dataclass
class Waiting:
    count: int
    last_at: datetime
    last_id: str


def note(kind: str, where: str) -> None:
    """Count one of `kind` ("error", "throttled") at `where`: the name of a view or a logger, never an address or a person."""
    now = timezone.now()
    key = (kind, where[:80], now.replace(minute=0, second=0, microsecond=0))
    with _lock:
        if key in pending:
            pending[key] = Waiting(pending[key].count + 1, now, request_id.get())
        elif len(pending) < MOST:
            pending[key] = Waiting(1, now, request_id.get())


def flush(*, at_once: bool = False) -> None:
    """Write what is pending, at most once a second; after a failure not for half a minute, so that a database that hangs is not asked by every request."""
    global _not_before
    if not pending or (not at_once and time.monotonic() < _not_before) or not _writing.acquire(blocking=False):
        return
    try:
        with _lock:
            taken = dict(pending)
            pending.clear()
        try:
            _write(taken)
            _not_before = time.monotonic() + PAUSE
        except Exception:  # a count is worth no page; the fault itself has been logged
            _not_before = time.monotonic() + AFTER_A_FAILURE
            _put_back(taken)
    finally:
        _writing.release()


def _write(taken: dict[tuple[str, str, datetime], Waiting]) -> None:
    from menpai.models import HourCount  # read by the logging set-up, before there are models

    with transaction.atomic():
        for (kind, where, hour), found in sorted(taken.items()):
            HourCount.objects.bulk_create([HourCount(kind=kind, where=where, hour=hour, last_at=found.last_at)], ignore_conflicts=True)
            HourCount.objects.filter(kind=kind, where=where, hour=hour).update(count=F("count") + found.count, last_at=found.last_at, last_id=found.last_id[:64])


def _put_back(taken: dict[tuple[str, str, datetime], Waiting]) -> None:
    with _lock:
        for key, found in taken.items():
            later = pending.get(key)
            pending[key] = Waiting(found.count + later.count, later.last_at, later.last_id) if later else found


class ErrorCounter(logging.Handler):
    """Counts records of level ERROR by the view that was being answered, or by the logger. What strangers send to no address of ours is none of ours."""

    def __init__(self):
        super().__init__(level=logging.ERROR)

    def emit(self, record):
        if not record.name.startswith("django.security"):
            note("error", current_view.get() or record.name)
