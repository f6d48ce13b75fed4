"""Each page that a resident opens is one narrow row: which kind of page, from which village's address, on which day. Never who, never the words of a search.

What a shared cache or the phone's own cache answers is not counted (public pages stay there for 60 seconds); the page of figures says so. What
this process answers from its memory is: it waits there for at most FLUSH_SECONDS, which is what a killed process loses.
"""

import atexit
import logging
import os
import threading
import time
from collections import Counter, deque
from contextlib import nullcontext

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from guides.models import Opened, View, own_district
from menpai.page_cache import OPENED
from menpai.visitors import before_it, from_outside, is_browser, is_person, is_same, is_same_again

FLUSH_SECONDS = 2.0
MOST_WAITING = 200_000  # openings between two rounds
MOST_KINDS = 50_000  # different ones that wait while the database is away; beyond that they are given up
ONE_OF_IT = "INSERT INTO guides_view (day, area, kind, key, entry, rolled) VALUES (%s, %s, %s, %s, %s, %s)"
MORE_OF_IT = """
INSERT INTO guides_view (day, area, kind, key, entry, rolled)
WITH RECURSIVE many(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM many WHERE number < %s)
SELECT day, area, kind, key, entry, rolled FROM guides_view, many WHERE id = %s
"""
logger = logging.getLogger(__name__)

_opened: deque[tuple] = deque(maxlen=MOST_WAITING)  # filled by every thread without a lock
_unsaved: Counter[tuple] = Counter()
_saving = threading.Lock()
_saver: threading.Thread | None = None


def note(request: HttpRequest, kind: Opened, key: str = "") -> None:
    """Count one opening of a resident page (request.viewpoint is set). Never raises for want of a database that can be written.

    A reload or a step within the page is not counted; of PAGE only what is opened from outside.
    """
    area = request.viewpoint.area.code if request.viewpoint.area else own_district()
    request.META[OPENED] = (kind, key, area)  # for those who get the same page from memory
    if not is_person(request) or is_same_again(request):
        return
    entry = from_outside(request)
    if kind == Opened.PAGE and not entry:
        return
    try:
        _insert((timezone.localdate().isoformat(), area, str(kind), key, entry, False))
    except DatabaseError as error:  # a read-only replica, a locked file: the page matters more
        logger.warning("an opened page was not counted: %s", type(error).__name__)


def _insert(row: tuple) -> None:
    """One statement, committed by itself: a third of what the ORM and a transaction of its own cost, and it is the one write of a page."""
    with transaction.atomic() if connection.in_atomic_block else nullcontext(), connection.cursor() as cursor:
        cursor.execute(ONE_OF_IT, row)


def note_kept(environ: dict, opened: tuple[Opened, str, str]) -> None:
    """Count one opening of a page that is answered from memory, by the same rules; `opened` is what `note` left when the page was made.
    There is no session cookie: such requests are not answered from memory. Costs no query: the row comes with the next `save_opened`."""
    if not is_browser(environ):
        return
    before = before_it(environ)
    if is_same(environ, before) or (opened[0] == Opened.PAGE and before is not None):
        return
    _opened.append((*opened, before is None))
    if _saver is None:
        _start()


def save_opened() -> None:
    """Write what waits as rows of today, in one transaction. What cannot be written waits on, as long as there is room."""
    with _saving:
        day = timezone.localdate()
        while _opened:
            _unsaved[day, *_opened.popleft()] += 1
        if not _unsaved:
            return
        try:
            _write()
        except DatabaseError as error:
            logger.warning("%s opened pages wait to be counted: %s", _unsaved.total(), type(error).__name__)
            if len(_unsaved) <= MOST_KINDS:
                return
        _unsaved.clear()


@transaction.atomic
def _write() -> None:
    """One row for each kind of opening, and from it as many more as there were: the database multiplies faster than we do."""
    rows = [View(day=day, kind=kind, key=key, area=area, entry=entry) for day, kind, key, area, entry in _unsaved]
    with connection.cursor() as cursor:
        for row, number in zip(View.objects.bulk_create(rows, batch_size=500), _unsaved.values(), strict=True):
            if number > 1:
                cursor.execute(MORE_OF_IT, [number - 1, row.pk])


def _start() -> None:
    global _saver
    with _saving:
        if _saver is None:
            _saver = threading.Thread(target=_save_for_ever, name="opened-pages", daemon=True)
            _saver.start()
            atexit.register(save_opened)


def _save_for_ever() -> None:
    while True:
        time.sleep(FLUSH_SECONDS)
        close_old_connections()
        try:
            save_opened()
        except Exception:
            logger.exception("opened pages were not counted")


def _forget_after_fork() -> None:
    """What waits is the parent's to write, and its thread is not here."""
    global _saver, _saving
    _saver, _saving = None, threading.Lock()
    _opened.clear()
    _unsaved.clear()


os.register_at_fork(after_in_child=_forget_after_fork)
