"""Resident pages of life events (一件事). As any resident page they are the same for everybody who asks for their address."""

from urllib.parse import urlencode

from django.shortcuts import render

from guides.access import get_public_event, issuers_of
from guides.counting import note
from guides.life_events import EventReading
from guides.models import Audience, LifeEvent, Opened, Status
from guides.viewpoint import Viewpoint, resident
from guides.views import page_context, public_page

ELDER_QUESTIONS = (("do", "要办哪几样"), ("bring", "要带什么"), ("first", "先办哪样"))


@public_page
@resident
def event_list(request):
    events = list(LifeEvent.objects.published().filter(district=request.viewpoint.district))
    groups = [("个人和家里的事", Audience.PERSONAL), ("开店、办企业", Audience.ENTERPRISE)]
    shown = [(title, audience, [e for e in events if e.audience == audience]) for title, audience in groups]
    return render(request, "guides/events.html", page_context(request, request.viewpoint, groups=[group for group in shown if group[2]]))


@public_page
@resident
def event(request, slug):
    found = get_public_event(slug, request.viewpoint.district)
    if found.status == Status.WITHDRAWN:
        return render(request, "guides/event_withdrawn.html", page_context(request, request.viewpoint, event=found), status=410)
    note(request, Opened.EVENT, slug)
    return render_event(request, found, request.viewpoint)


def render_event(request, event: LifeEvent, viewpoint: Viewpoint, *, preview: bool = False):
    """The page of an event (from LifeEvent.objects.whole()) for the answers in the address; in the 长辈版 one question a page."""
    issuers = issuers_of([step.guide for step in event.steps.all()])
    reading = EventReading(event, request.GET, issuers)
    context = page_context(request, viewpoint, event=event, reading=reading, help_query=_help_query(reading, viewpoint), preview=preview)
    if not viewpoint.elder:
        return render(request, "guides/event.html", context)
    questions = [(key, label) for key, label in ELDER_QUESTIONS if key != "first" or reading.errands]
    keys = [key for key, _ in questions]
    step = request.GET.get("step", "")
    index = keys.index(step) if step in keys else None
    following = questions[index + 1] if index is not None and index + 1 < len(questions) else None
    context |= {"questions": questions, "step": step if index is not None else "", "following": following}
    return render(request, "guides/event_elder.html", context)


def _help_query(reading: EventReading, viewpoint: Viewpoint) -> str:
    """What the help form is to know. An enterprise's request goes to a project steward by the guide it names, so it names the first."""
    query = {"note": f"想一次办好：{reading.event.title}"}
    if reading.event.audience == Audience.ENTERPRISE and reading.steps:
        query["guide"] = reading.steps[0].guide.slug
    return urlencode(query | ({"area": viewpoint.area.code} if viewpoint.area else {}))
