"""Reading from a streaming replica (DATABASE_REPLICA_URL). Which requests do is decided in guides/from_replica.py; here are the rules of the router.

Read from it is only what anybody may see, by whoever has not just written anything. Everything else is asked of the primary: staff, forms, one's own
request, commands, and whatever happens inside a transaction. A row that came from the replica is written, like every other, to the primary.
"""

import logging
import time
from contextvars import ContextVar

from django.db import DEFAULT_DB_ALIAS, connections

ALIAS = "replica"
AWAY = 5  # seconds during which a replica that did not answer is not asked again by this process

_shown: ContextVar[int | None] = ContextVar("content number that the replica shows to this request", default=None)
_away_until = 0.0
log = logging.getLogger(__name__)


def shown() -> int | None:
    """The number of the content as this request sees it on the replica; None: this request reads from the primary.

    What is kept by the number of the content must take this one, not the primary's: that may have moved on since, and the replica not yet.
    """
    return _shown.get()


def read_here(number: int | None) -> None:
    """From now on this request reads from the replica, which shows that content; None: from the primary."""
    _shown.set(number)


def is_asked() -> bool:
    """Whether the replica may be tried: it has not just failed."""
    return time.monotonic() >= _away_until


def failed(error: Exception) -> None:
    """It did not answer: the primary reads for a while."""
    global _away_until
    if is_asked():
        log.warning("the replica does not answer (%s); the primary reads for %s seconds", type(error).__name__, AWAY)
    _away_until = time.monotonic() + AWAY
    connections[ALIAS].close()


class Router:
    """Always names a database: with None Django would write a row to wherever it was read from."""

    def db_for_read(self, model, **hints):
        is_here = _shown.get() is not None and not connections[DEFAULT_DB_ALIAS].in_atomic_block
        return ALIAS if is_here else DEFAULT_DB_ALIAS

    def db_for_write(self, model, **hints):
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one, other, **hints):
        return True  # the same rows on both

    def allow_migrate(self, db, app_label, **hints):
        return db == DEFAULT_DB_ALIAS
