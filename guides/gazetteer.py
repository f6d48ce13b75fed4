"""The areas, offices and special days of one district, read together and kept by each process as long as the content stays the same.

They are few and every page seen from a village needs them: the village with those above it, the offices that serve it, the days they rest.
"""

from dataclasses import dataclass, field
from itertools import count

from django.db.models import Q
from django.utils import timezone

from guides.freshness import generation, settled
from guides.kept import Kept
from guides.models import Area, Counter, Office, SpecialDay, district_code_of
from guides.workdays import WorkCalendar, calendar_from

MOST_DISTRICTS = 64
_numbers = count(1)


@dataclass(eq=False)
class Gazetteer:
    """One district as one generation of the content has it. `number` is never used twice: what was made from one gazetteer is known by it."""

    district: str
    generation: int | None
    areas: dict[str, Area]
    offices: dict[int, Office]  # by primary key, also those elsewhere that a guide of the district names
    serving: dict[tuple[str, str], Office]  # (kind, area): the first by code
    special: list[SpecialDay]
    number: int = field(default_factory=lambda: next(_numbers))
    _calendars: dict[str | None, WorkCalendar] = field(default_factory=dict)

    def nearest(self, kind: str, codes: list[str]) -> Office | None:
        """The office of a kind that serves the first of these areas which has one."""
        return next((office for code in codes if (office := self.serving.get((kind, code)))), None)

    def calendar(self, area: Area | None) -> WorkCalendar:
        """The calendar of an area from the day of reading on."""
        code = area.code if area else None
        if code not in self._calendars:
            self._calendars[code] = calendar_from(self.special, area.lineage_codes if area else [])
        return self._calendars[code]


_kept: Kept[Gazetteer] = Kept(MOST_DISTRICTS)


def gazetteer_of(district: str) -> Gazetteer | None:
    """The district (its 12-digit code) as the content is now; None where nothing may be kept, because nobody knows whether it changed."""
    now = generation()
    if not now:
        return None
    found = _kept.get(district)
    if found and found.generation == now:
        return found
    read = _read(district, now) if settled(now) else None
    return _kept.put(district, read) if read else None


def area_at(code: str) -> Area | None:
    """The area of a 12-digit code, with those above it; None for an unknown one."""
    gazetteer = gazetteer_of(district_code_of(code)) if code.isascii() and code.isdigit() and len(code) == 12 else None
    return gazetteer.areas.get(code) if gazetteer else Area.objects.filter(pk=code).first()


def _read(district: str, now: int) -> Gazetteer | None:
    """In four queries; None for a district without areas, which is not kept: codes that nobody has are many. `now` was asked for before, so
    what is read is at least as new."""
    areas = {area.code: area for area in Area.objects.filter(code__startswith=district[:6])}
    if not areas:
        return None
    for area in areas.values():
        if area.parent_id in areas:
            area.parent = areas[area.parent_id]
    inside = Q(area__code__startswith=district[:6])
    named = Counter.objects.filter(guide__district=district, office__isnull=False).values("office")
    offices = list(Office.objects.filter(inside | Q(pk__in=named)).prefetch_related("hours"))
    serving: dict[tuple[str, str], Office] = {}
    for office in sorted(offices, key=lambda office: office.code):
        serving.setdefault((office.kind, office.area_id), office)
    days = SpecialDay.objects.filter(date__gte=timezone.localdate()).filter(inside | Q(area=None))
    return Gazetteer(district, now, areas, {office.pk: office for office in offices}, serving, list(days))
