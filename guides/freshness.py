"""When what residents read has changed: one number that every process asks for before it uses something it kept."""

from django.db import DatabaseError

from guides.models import ContentStamp
from menpai import replica


def generation() -> int | None:
    """The number of the content as it stands now; another number means that something residents read has changed. None: unknown, use nothing kept."""
    if (shown := replica.shown()) is not None:  # a request that reads from the replica keeps what it reads under what the replica shows
        return shown
    try:
        return ContentStamp.current()
    except DatabaseError:
        return None
