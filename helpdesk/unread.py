"""Which messages their reader has not seen, and who looks at a page: a person, or a browser that fetches ahead."""

from collections.abc import Iterable

from helpdesk.models import Channel, HelpRequest, Medium, Message, Sender


def is_a_look(request) -> bool:
    """Whether somebody opens the page now. What a browser fetches ahead (`Purpose`, `Sec-Purpose`, old Firefox's `X-Moz`) nobody has read."""
    ahead = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return request.method in ("GET", "POST") and "prefetch" not in ahead.lower()


# For the queue, which reads the messages of a whole page at once: (sender, by, read_at) of one request, oldest first.


def has_unread(messages: Iterable[tuple]) -> bool:
    """Whether the resident wrote something its owner has not opened."""
    return any(sender == Sender.RESIDENT and read_at is None for sender, _, read_at in messages)


def last_word(messages: Iterable[tuple]) -> str | None:
    """Whose the last word between them is. What was said by phone is answered there, and what the system wrote by itself answers nobody."""
    answers = {Sender.STAFF: lambda by: by is not None, Sender.RESIDENT: lambda by: by is None, Sender.NOTE: lambda by: False}
    words = [sender for sender, by, _ in messages if answers[sender](by)]
    return words[-1] if words else None


def unread_from(sender: Sender, thread: Iterable[Message]) -> list[Message]:
    return [message for message in thread if message.sender == sender and message.read_at is None]


def reads_nothing_online(stored: HelpRequest, thread: Iterable[Message]) -> bool:
    """Whether a resident probably never looks at the follow page: came by phone or in person, and nothing was ever written or opened there."""
    if stored.channel not in (Channel.PHONE, Channel.WALK_IN):
        return False
    wrote_there = any(m.sender == Sender.RESIDENT and m.medium == Medium.WEB for m in thread)
    looked_there = any(m.sender == Sender.STAFF and m.medium == Medium.WEB and m.read_at for m in thread)
    return not wrote_there and not looked_there
