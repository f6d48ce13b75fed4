"""What a process makes before the first resident comes: the search index, the district's guides, and the page of each as most will ask for it."""

from django.http import HttpRequest

from guides import search, shelf
from guides.gazetteer import gazetteer_of
from guides.models import Level, own_district
from guides.viewpoint import Viewpoint
from guides.views import render_guide


def warm() -> int:
    """Make it now, for the installation's own district; how many guides. gunicorn calls it before it forks, so that its processes share the memory."""
    search.warm()
    volumes, gazetteer = shelf.warm(own_district()), gazetteer_of(own_district())
    villages = [area for area in gazetteer.areas.values() if area.level == Level.COMMUNITY] if gazetteer else []
    for volume in volumes:
        for viewpoint in [Viewpoint(), *(Viewpoint(area, elder) for area in villages[:1] for elder in (False, True))]:
            request = HttpRequest()
            request.path = viewpoint.page("guide", volume.guide.slug)
            render_guide(request, volume, viewpoint)
    return len(volumes)
