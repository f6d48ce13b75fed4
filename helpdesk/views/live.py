"""What a desk page that stays open asks for every few seconds: has anything changed? Mostly not, and then nothing is drawn.

A stamp is made of plain columns and opens nothing that is encrypted. A page that is out of date gets its part anew.
Asking is no look (it marks nothing read) and is written down nowhere.
"""

import hashlib
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from helpdesk.access import recognise
from helpdesk.models import Event, EventKind, HelpRequest, Message, Sender
from helpdesk.standings import with_standing
from menpai.roles import Role, has_role

WORDS = {EventKind.MESSAGED, EventKind.REPLIED, EventKind.NOTED, EventKind.REVEALED}  # shown in place; anything else may change what can be done


def live_part(view):
    """A part of a page for whoever still is signed in. Without a session the whole page goes to the sign-in, not the sign-in into the page."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if request.user.is_authenticated:
            recognise(request.user)
        if request.user.is_authenticated and has_role(request.user, Role.ASSISTANT, Role.SUPERVISOR):
            return view(request, *args, **kwargs)
        page = reverse("desk:detail", args=[kwargs["reference"]]) if "reference" in kwargs else reverse("desk:queue")
        response = HttpResponse(status=204)
        response["HX-Redirect"] = page if request.user.is_authenticated else f"{reverse('desk:login')}?{urlencode({'next': page})}"
        response["Cache-Control"] = "no-store"
        return response

    return guarded


def queue_stamp(page) -> str:
    """The stamp of one page of the queue: what its cards show, and their promises as they read now."""
    return _digest([page.number, page.paginator.num_pages, [card.stamp for card in page.object_list]])


def request_part(stored: HelpRequest) -> dict:
    """The stamp of one request, and its latest event, by which a page knows what came after it was opened."""
    event = Event.objects.filter(request=stored).order_by("-id").values_list("id", flat=True).first()
    messages = Message.objects.filter(request=stored).order_by("id").values_list("id", "sender", "read_at")
    messages = [(key, read_at if sender == Sender.STAFF else None) for key, sender, read_at in messages]  # 新 stays beside what is read just now
    with_standing([stored])
    seen = [stored.state, stored.owner_id, stored.visit_at, stored.promise, event, messages]
    return {"stamp": _digest(seen), "since": event or 0}


def changes(events: list[Event], since: int) -> list[Event]:
    """The events after `since` that may change what can be done on the page."""
    return [event for event in events if event.pk > since and event.kind not in WORDS]


def _digest(seen: list) -> str:
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:20]
