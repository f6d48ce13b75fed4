"""When what residents read has changed: one number that every process asks for before it uses something it kept."""

from guides.models import ContentStamp


def generation() -> int | None:
    """The number of the content as it stands now; another number means that something residents read has changed. None: unknown, use nothing kept."""
    return ContentStamp.current()
