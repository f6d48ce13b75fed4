"""去哪办: the offices that do this guide for people of this area, nearest level first."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from django.db.models import prefetch_related_objects

from guides.hours import Opening, opening_at
from guides.models import Area, Counter, Guide, Office, OfficeKind, own_district
from guides.workdays import WorkCalendar, calendar_for

LOCAL_KINDS = (OfficeKind.STATION, OfficeKind.CENTRE)  # one in each community and township: which one is known only with an area


@dataclass(frozen=True)
class Place:
    """A counter of a guide and the office it means here; office is None where none is known."""

    counter: Counter
    office: Office | None
    opening: Opening | None
    calendar: WorkCalendar

    @property
    def name(self) -> str:
        return self.office.name if self.office else self.counter.get_kind_display()

    def opening_at(self, moment: datetime) -> Opening | None:
        """Its state at another moment (aware, local, not before the one it was found for); None where its hours are unknown."""
        return _opening(self.office, moment, self.calendar)

    @property
    def maps(self) -> list[tuple[str, str]]:
        return map_links(self.office) if self.office else []


def places_for(guide: Guide, area: Area | None, *, now: datetime) -> list[Place]:
    """Each counter of the guide with the nearest office of its kind: in the area, its township or its district. `now` aware, local."""
    counters = list(guide.counters.all())
    prefetch_related_objects([c.office for c in counters if c.office], "hours")
    offices = _nearest_by_kind({c.kind for c in counters if c.office_id is None}, area)
    calendar = calendar_for(area, since=now.date())
    places = []
    for counter in counters:
        office = counter.office or offices.get(counter.kind)
        places.append(Place(counter, office, _opening(office, now, calendar), calendar))
    return places


def _nearest_by_kind(kinds: set[str], area: Area | None) -> dict[str, Office]:
    rows = Office.objects.filter(kind__in=kinds).select_related("area").prefetch_related("hours")
    if area is None:
        rows = rows.exclude(kind__in=LOCAL_KINDS).filter(area=own_district())
        order = []
    else:
        rows = rows.filter(area__in=area.lineage_codes)
        order = area.lineage_codes
    found: dict[str, Office] = {}
    for office in sorted(rows, key=lambda o: (order.index(o.area_id) if order else 0, o.code)):
        found.setdefault(office.kind, office)
    return found


def _opening(office: Office | None, now: datetime, calendar: WorkCalendar) -> Opening | None:
    hours = list(office.hours.all()) if office else []
    return opening_at(now, hours, calendar) if hours else None


def map_links(office: Office) -> list[tuple[str, str]]:
    """Navigation in the map apps people have, built on GCJ-02 coordinates; nothing is fetched until somebody taps. Empty without a coordinate."""
    if office.longitude is None or office.latitude is None:
        return []
    lng, lat, name = f"{office.longitude:.6f}", f"{office.latitude:.6f}", office.name
    return [
        ("高德地图", "https://uri.amap.com/marker?" + urlencode({"position": f"{lng},{lat}", "name": name, "coordinate": "gaode", "callnative": 1})),
        ("百度地图", "https://api.map.baidu.com/marker?" + urlencode(
            {"location": f"{lat},{lng}", "title": name, "content": name, "coord_type": "gcj02", "output": "html", "src": "menpai"})),
        ("腾讯地图", "https://apis.map.qq.com/uri/v1/marker?" + urlencode({"marker": f"coord:{lat},{lng};title:{name}", "referer": "menpai"})),
        ("手机自带地图", f"geo:{lat},{lng}?q={lat},{lng}({quote(name)})"),
    ]
