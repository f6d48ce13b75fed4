"""去哪办: the offices that do this guide for people of this area, nearest level first."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import quote, urlencode

from django.db.models import prefetch_related_objects

from guides.gazetteer import Gazetteer
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
    key: tuple | None = None  # what its words depend on, all of it; None where nothing made from them may be kept

    @property
    def is_shared(self) -> bool:
        """Whether what is rendered of it serves other villages' pages too."""
        return self.key is not None and self.counter.kind != OfficeKind.STATION

    @property
    def name(self) -> str:
        return self.office.name if self.office else self.counter.get_kind_display()

    def opening_at(self, moment: datetime) -> Opening | None:
        """Its state at another moment (aware, local, not before the one it was found for); None where its hours are unknown."""
        return _opening(self.office, moment, self.calendar)

    @cached_property
    def maps(self) -> list[tuple[str, str]]:
        return map_links(self.office) if self.office else []


def places_for(guide: Guide, area: Area | None, *, now: datetime, gazetteer: Gazetteer | None = None) -> list[Place]:
    """Each counter of the guide with the nearest office of its kind: in the area, its township or its district. `now` aware, local.

    Without a gazetteer of the district everything is read from the database.
    """
    counters = list(guide.counters.all())
    if gazetteer:
        return [_place(counter, _office_in(gazetteer, counter, area), gazetteer.calendar(area), now, gazetteer.number) for counter in counters]
    prefetch_related_objects([c.office for c in counters if c.office], "hours")
    offices = _nearest_by_kind({c.kind for c in counters if c.office_id is None}, area)
    calendar = calendar_for(area, since=now.date())
    return [_place(counter, counter.office or offices.get(counter.kind), calendar, now) for counter in counters]


def _place(counter: Counter, office: Office | None, calendar: WorkCalendar, now: datetime, edition: int | None = None) -> Place:
    opening = _opening(office, now, calendar)
    key = (counter.pk, edition, office.pk if office else None, opening, now.date()) if edition else None
    return Place(counter, office, opening, calendar, key)


def _office_in(gazetteer: Gazetteer, counter: Counter, area: Area | None) -> Office | None:
    if counter.office_id:
        return gazetteer.offices.get(counter.office_id) or counter.office
    if area:
        return gazetteer.nearest(counter.kind, area.lineage_codes)
    return None if counter.kind in LOCAL_KINDS else gazetteer.nearest(counter.kind, [own_district()])


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
