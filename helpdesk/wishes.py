"""“我要办这个”: requests for what search did not find, and whether their residents know of the guide that exists by now."""

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q

from guides import misses
from guides.models import SearchMiss, Status
from helpdesk.models import Event, EventKind, HelpRequest, State

TOLD = "告诉居民指南写好了"  # the detail of the event by which a helper says so; the mark on the desk goes


def wish_and_note(wish: str, note: str, *, district: str) -> tuple[SearchMiss | None, str]:
    """The miss of the wished words, and the note to keep: words that may be personal, or too long for a miss, stand in it and so are encrypted."""
    if not wish:
        return None, note
    miss = misses.miss_for(wish, district=district)
    if miss is None or len(wish) > misses.MAX_TEXT:
        note = f"想办：{wish}\n{note}".strip()
    return miss, note


def unanswered():
    """Requests, open or closed and not scrubbed, whose guide is published and whose resident was not yet written to."""
    written = Event.objects.filter(request=OuterRef("pk"), kind=EventKind.GUIDE_READY)
    rows = HelpRequest.objects.filter(wish__guide__status=Status.PUBLISHED).exclude(state=State.CANCELLED).exclude(phone_index="")
    return rows.exclude(Exists(written))


def untold() -> Q:
    """A condition on requests: the guide is ready, and no helper has said so by phone, nor closed the request since."""
    events = Event.objects.filter(request=OuterRef("pk"))
    ready = events.filter(kind=EventKind.GUIDE_READY)
    told = events.filter(kind=EventKind.NOTED, detail=TOLD)
    closed_since = events.filter(kind=EventKind.CLOSED, request__events__kind=EventKind.GUIDE_READY, request__events__id__lt=F("id"))
    return Q(Exists(ready)) & ~Q(Exists(told)) & ~Q(Exists(closed_since))


def is_untold_by(events: Iterable[tuple]) -> bool:
    """The same of the events (id, kind, detail) of one request, for pages that have read them."""
    ready = [key for key, kind, _ in events if kind == EventKind.GUIDE_READY]
    if not ready or any(kind == EventKind.NOTED and detail == TOLD for _, kind, detail in events):
        return False
    return not any(kind == EventKind.CLOSED and key > min(ready) for key, kind, _ in events)


def is_untold(request: HelpRequest) -> bool:
    return bool(request.wish_id) and HelpRequest.objects.filter(untold(), pk=request.pk).exclude(state=State.CANCELLED).exists()
