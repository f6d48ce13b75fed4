"""A crowd that writes at the same moment stands in line, on SQLite.

SQLite has one write lock, and who waits for it looks again every tenth of a second: among 160 threads some were passed over for a minute
until they gave up with "database is locked". Within one process we can do better: first come, first served, and nobody looks in vain.
"""

from collections import deque
from contextlib import AbstractContextManager, nullcontext
from threading import Lock

from django.db import connection


class Line:
    """A lock for the threads of one process that is handed on in the order in which they came."""

    def __init__(self):
        self._guard, self._turns, self._is_taken = Lock(), deque(), False

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            turn = Lock()
            turn.acquire()
            self._turns.append(turn)
        turn.acquire()  # until whoever is before us hands it on

    def __exit__(self, *error) -> None:
        with self._guard:
            if self._turns:
                self._turns.popleft().release()
            else:
                self._is_taken = False


_writers = Line()


def one_at_a_time() -> AbstractContextManager:
    """Enter it before a transaction that a crowd may begin at once. Nothing on PostgreSQL, which waits fairly, and nothing inside a transaction,
    which on SQLite has the write lock already: to wait there would be to wait for ourselves."""
    return nullcontext() if connection.vendor != "sqlite" or connection.in_atomic_block else _writers
