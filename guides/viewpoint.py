"""From where a page is seen: the community in its address, and whether it is the 长辈版. Both stand in the address, never in a cookie."""

import re
from dataclasses import dataclass
from functools import lru_cache, wraps

from django.core.exceptions import BadRequest
from django.http import Http404
from django.urls import reverse

from guides.gazetteer import area_at
from guides.models import Area, Level, district_of, own_district

ELDER = "/elder"
AREA_IN_PATH = re.compile(rf"(?:{ELDER})?/c/(\d{{12}})/")


@lru_cache(maxsize=4096)
def _path(name: str, *args) -> str:
    """reverse(), which a page asks for dozens of times. Our addresses depend on nothing but these."""
    return reverse(name, args=args)


@dataclass(frozen=True)
class Viewpoint:
    area: Area | None = None
    elder: bool = False

    @property
    def district(self) -> str:
        """The 12-digit code of the district whose guides and words stand on the page."""
        return district_of(self.area)

    @property
    def locality(self) -> Area | None:
        """The area where it says more than the district: a village (community) or a township."""
        return None if self.area is None or self.area.level == Level.DISTRICT else self.area

    @property
    def elsewhere(self) -> str:
        """For ?area= of the pages that stand outside the areas' addresses: empty in the installation's own district, which is theirs without it."""
        return self.area.code if self.area and self.district != own_district() else ""

    @property
    def prefix(self) -> str:
        return (ELDER if self.elder else "") + (f"/c/{self.area.code}" if self.area else "")

    def page(self, name: str, *args) -> str:
        """The address of a guide page (a name of guides.urls) from here."""
        return self.prefix + _path(f"guides:{name}", *args)

    def mode(self, name: str, *args) -> str:
        """The address of any other resident page, keeping the 长辈版 only."""
        return (ELDER if self.elder else "") + _path(name, *args)


def other_mode(path: str) -> str:
    """The same page in the other version: /elder added or taken away."""
    if not path.startswith(ELDER + "/"):
        return ELDER + path
    return "/" + path.removeprefix(ELDER).lstrip("/")  # one slash: two would name another host


def seen_from(request, area: Area | None) -> Viewpoint:
    """The viewpoint of a page outside the areas' addresses (help, a plate's check) that is about an area. Of the installation's own district it
    stays the plain one; of another it is the area, so that words and links are that district's."""
    return Viewpoint(area if district_of(area) != own_district() else None, request.viewpoint.elder)


def of_district(district: str, *, elder: bool = False) -> Viewpoint:
    """The viewpoint of a whole district: of the installation's own the plain one."""
    return Viewpoint(Area.objects.filter(pk=district).first() if district != own_district() else None, elder)


def viewpoint_at(path: str) -> Viewpoint:
    """The viewpoint of an address that no view has read, such as one that leads nowhere."""
    named = AREA_IN_PATH.match(path)
    return Viewpoint(Area.objects.filter(pk=named[1]).first() if named else None, path.startswith(ELDER + "/"))


def resident(view):
    """Turns the address's `area_code` and `elder` into request.viewpoint. An unknown area is a 404, a NUL character anywhere a 400."""

    @wraps(view)
    def seen(request, *args, area_code: str | None = None, elder: bool = False, **kwargs):
        if _has_nul(request):
            raise BadRequest("NUL")
        area = None
        if area_code:
            area = area_at(area_code)
            if area is None:
                raise Http404("没有这个村（社区）。")
        request.viewpoint = Viewpoint(area, elder)
        return view(request, *args, **kwargs)

    return seen


def _has_nul(request) -> bool:
    """No person types it, and PostgreSQL answers it with a fault where SQLite finds nothing."""
    given = [value for data in (request.GET, request.POST) for values in data.lists() for value in values[1]]
    return any("\0" in text for text in [request.path, *given])
