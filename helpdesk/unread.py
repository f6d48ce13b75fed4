"""Which messages their reader has not seen, and who looks at a page: a person, or a browser that fetches ahead."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Subquery

from helpdesk.models import Channel, HelpRequest, Medium, Message, Sender


def is_a_look(request) -> bool:
    """Whether somebody opens the page now. What a browser fetches ahead (`Purpose`, `Sec-Purpose`, old Firefox's `X-Moz`) nobody has read."""
    ahead = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return request.method in ("GET", "POST") and "prefetch" not in ahead.lower()


def with_unread(rows):
    """Requests with `unread`: the resident wrote something its owner has not opened; and `unanswered`: the last word between them is the
    resident's. What was said by phone is answered there, and what the system wrote by itself answers nobody."""
    messages = Message.objects.filter(request=OuterRef("pk"))
    words = messages.exclude(sender=Sender.NOTE).exclude(sender=Sender.STAFF, by=None).exclude(sender=Sender.RESIDENT, by__isnull=False)
    return rows.annotate(
        unread=Exists(messages.filter(sender=Sender.RESIDENT, read_at=None)),
        last_word=Subquery(words.order_by("-id").values("sender")[:1]),
    )


def unread_from(sender: Sender, thread: Iterable[Message]) -> list[Message]:
    return [message for message in thread if message.sender == sender and message.read_at is None]


def reads_nothing_online(stored: HelpRequest, thread: Iterable[Message]) -> bool:
    """Whether a resident probably never looks at the follow page: came by phone or in person, and nothing was ever written or opened there."""
    if stored.channel not in (Channel.PHONE, Channel.WALK_IN):
        return False
    wrote_there = any(m.sender == Sender.RESIDENT and m.medium == Medium.WEB for m in thread)
    looked_there = any(m.sender == Sender.STAFF and m.medium == Medium.WEB and m.read_at for m in thread)
    return not wrote_there and not looked_there
