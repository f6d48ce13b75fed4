"""When what residents read has changed: one number that every process asks for before it uses something it kept.

A web process calls `follow()` when it starts; from its first question on it knows the number without asking the database for each request.
Everything else (commands, tests) asks the database each time.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

from django.db import DatabaseError, connection

from menpai import replica

CHANNEL = "menpai_content"  # PostgreSQL: ContentStamp.advance() notifies, delivered on commit and never before
HEARTBEAT = 5.0  # seconds after which the listener asks by itself: an address translator may have dropped its line without a word
SILENCE = 3 * HEARTBEAT  # without a sign of life for so long the number is unknown
AGAIN = 0.5  # seconds until the next try to listen
READ = "SELECT version FROM guides_contentstamp WHERE id = 1"

# Every model whose rows stand on a page that a cache may keep. Who writes one of them calls ContentStamp.advance() in the same transaction, as
# late in it as possible: the row is held until the commit. tests/guides/test_freshness.py finds what is read and is not here.
CONTENT = (
    "guides.Answer", "guides.Area", "guides.Counter", "guides.District", "guides.Domain", "guides.Fact", "guides.Guide", "guides.GuideRevision",
    "guides.JobPosting", "guides.LifeEvent", "guides.LifeEventStep", "guides.Material", "guides.Notice", "guides.Office", "guides.OfficeHours",
    "guides.Situation", "guides.SpecialDay", "guides.Statement", "guides.Step", "guides.Synonym", "doorplates.Building", "doorplates.Doorplate",
)  # fmt: skip

_is_followed = False
_source: Callable[[], int | None] | None = None
_starting = threading.Lock()


def generation() -> int | None:
    """The number of the content as it stands now; another number means that something residents read has changed. None: unknown, use nothing kept.

    Where the process follows it costs no query. A commit of this process is seen at once; one of another process at once on SQLite, on
    PostgreSQL as soon as its notification arrives (a few milliseconds).
    """
    if (shown := replica.shown()) is not None:  # a request that reads from the replica keeps what it reads under what the replica shows
        return shown
    return (_source or _begin())()


def settled(number: int | None) -> bool:
    """Whether what pages read from shows this content already. The primary always does; to a replica only those are sent who find all of it there
    (guides/from_replica.py), unless the primary is away."""
    shown = replica.shown()
    return shown is None or (number is not None and shown >= number)


def follow() -> None:
    """This process serves pages. Nothing is started yet: threads and connections do not survive a fork, so the first question starts them."""
    global _is_followed
    _is_followed = True


def is_followed() -> bool:
    """Whether `generation()` costs next to nothing here."""
    return _is_followed


def seen(number: int) -> None:
    """This process has committed a change of its own: known before the notification comes round."""
    if isinstance(_source, _Listener):
        _source.at_least(number)


def _begin() -> Callable[[], int | None]:
    global _source
    if not _is_followed:
        return _asked
    with _starting:
        if _source is None:
            _source = _Listener() if connection.vendor == "postgresql" else _Watcher(str(connection.settings_dict["NAME"]))
        return _source


def _forget_after_fork() -> None:
    global _source, _starting
    _source, _starting = None, threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)


def _asked() -> int | None:
    from guides.models import ContentStamp  # which needs this module itself

    try:
        return ContentStamp.current()
    except DatabaseError:
        return None


class _Watcher(threading.local):
    """SQLite. A connection of its own for each thread tells, without reading a table, whether anybody else has committed anything."""

    def __init__(self, path: str):
        self.path, self.cursor, self.moved, self.number = path, None, None, None

    def __call__(self) -> int | None:
        try:
            if self.cursor is None:
                self.moved = None
                self.cursor = sqlite3.connect(f"file:{quote(self.path)}?mode=rw", uri=True, isolation_level=None, timeout=1).cursor()
            moved = self.cursor.execute("PRAGMA data_version").fetchone()
            if moved != self.moved:  # first this, then the stamp: a commit between the two is looked at again next time
                row = self.cursor.execute(READ).fetchone()
                self.number, self.moved = row[0] if row else 0, moved
            return self.number
        except sqlite3.Error:
            self.cursor = None
            return None


class _Listener:
    """PostgreSQL. One thread listens on a connection of its own and keeps the number; while it is not connected the number is unknown."""

    def __init__(self):
        self.number: int | None = None
        self.until, self.lock = 0.0, threading.Lock()
        self.parameters = connection.get_connection_params() | {
            "autocommit": True, "connect_timeout": 5, "application_name": "menpai content stamp",
            "keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000,
        }  # fmt: skip
        self.parameters.pop("cursor_factory", None)  # Django's own
        self.is_ended = False
        self.thread = threading.Thread(target=self._run, name="content-stamp", daemon=True)
        self.thread.start()

    def __call__(self) -> int | None:
        return self.number if time.monotonic() < self.until else None

    def at_least(self, number: int) -> None:
        with self.lock:  # a commit of our own and one that is heard of, at the same moment
            if self.number is not None and self.number < number:
                self.number = number

    def _run(self) -> None:
        import psycopg

        while not self.is_ended:
            try:
                with psycopg.connect(**self.parameters) as line:
                    line.execute(f"LISTEN {CHANNEL}")  # first listen, then read: what is committed between the two is heard
                    self.number = self._read(line)  # as it is, also when another server took over with less
                    while True:
                        self.until = time.monotonic() + SILENCE
                        for _ in line.notifies(timeout=HEARTBEAT, stop_after=1):
                            pass
                        self.at_least(self._read(line))
            except (psycopg.Error, OSError):
                self.number = None
            time.sleep(AGAIN)

    @staticmethod
    def _read(line) -> int:
        row = line.execute(READ).fetchone()
        return row[0] if row else 0
