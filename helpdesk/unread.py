"""Which messages their reader has not seen, and who looks at a page: a person, or a browser that fetches ahead."""

from collections.abc import Iterable

from django.db.models import OuterRef, Q, QuerySet

from helpdesk.models import Channel, HelpRequest, Medium, Message, Sender


def is_a_look(request) -> bool:
    """Whether somebody opens the page now. What a browser fetches ahead (`Purpose`, `Sec-Purpose`, old Firefox's `X-Moz`) nobody has read."""
    ahead = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return request.method in ("GET", "POST") and "prefetch" not in ahead.lower()


# For the queue, which asks for a whole page of requests at once: of the request that the query around it is at.


def an_unread() -> QuerySet:
    """The keys of what the resident wrote and its owner has not opened."""
    return Message.objects.filter(request=OuterRef("pk"), sender=Sender.RESIDENT, read_at=None).order_by().values("id")


def last_word() -> QuerySet:
    """Whose the last word between them is, latest first. What was said by phone is answered there, and what the system wrote by itself answers nobody."""
    words = Q(sender=Sender.STAFF, by__isnull=False) | Q(sender=Sender.RESIDENT, by=None)
    return Message.objects.filter(words, request=OuterRef("pk")).order_by("-id").values("sender")


def unread_from(sender: Sender, thread: Iterable[Message]) -> list[Message]:
    return [message for message in thread if message.sender == sender and message.read_at is None]


def reads_nothing_online(stored: HelpRequest, thread: Iterable[Message]) -> bool:
    """Whether a resident probably never looks at the follow page: came by phone or in person, and nothing was ever written or opened there."""
    if stored.channel not in (Channel.PHONE, Channel.WALK_IN):
        return False
    wrote_there = any(m.sender == Sender.RESIDENT and m.medium == Medium.WEB for m in thread)
    looked_there = any(m.sender == Sender.STAFF and m.medium == Medium.WEB and m.read_at for m in thread)
    return not wrote_there and not looked_there
