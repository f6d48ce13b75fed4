"""现在去能办成吗: a page about one moment, with the reader's ticks in its address, so that it can be shared and works without a script."""

from urllib.parse import urlencode

from django.shortcuts import render
from django.utils import timezone

from guides.gazetteer import gazetteer_of
from guides.models import Status
from guides.readiness import judge, tick_of
from guides.reading import ALL, Reading
from guides.shelf import get_public_volume
from guides.viewpoint import resident
from guides.views import page_context, public_page
from guides.where import places_for


@public_page
@resident
def ready(request, slug):
    """`?have=` once for each ticked paper; unknown ones and ?all= are ignored, because a verdict is about one case."""
    volume, viewpoint, now = get_public_volume(slug, request.viewpoint.district), request.viewpoint, timezone.localtime()
    guide, gazetteer = volume.guide, gazetteer_of(viewpoint.district) if volume.number else None
    if guide.status == Status.WITHDRAWN:
        return render(request, "guides/withdrawn.html", page_context(request, viewpoint, guide=guide), status=410)
    reading = Reading(guide, {key: value for key, value in request.GET.items() if key != ALL})
    asked = set(request.GET.getlist("have"))
    have = [tick for material, _ in reading.materials if (tick := tick_of(material)) in asked]
    places = places_for(guide, viewpoint.area, now=now, gazetteer=gazetteer)
    context = {
        "guide": guide,
        "reading": reading,
        "have": have,
        "back": urlencode([*reading.chosen.items(), *(("have", tick) for tick in have)]),
        "ready": judge(reading, have=have, places=places, area=viewpoint.locality, now=now),
        "now": now,
    }
    return render(request, "guides/ready.html", page_context(request, viewpoint, **context))
