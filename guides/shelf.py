"""Whole guides with everything their page shows that does not depend on the reader, kept by each process.

When the content has changed, the shelf of a district reads the guides' own rows again in one query. A guide whose row is the same keeps its
parts: parts change only together with `content_version` (guides.actions.record_change), as search relies on too. The rest of a page (events,
neighbours, the guides that issue papers) is compared, and what is still the same keeps what was rendered of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from threading import RLock

from django.db.models import Q
from django.http import Http404

from guides.access import get_public_guide, issuers_of
from guides.enterprise import Position, position_of
from guides.freshness import generation, settled
from guides.kept import Kept
from guides.models import Guide, LifeEvent, LifeEventStep, Material, Status
from guides.preparation import DEPTH, is_errand
from guides.printed import Version, latest_version
from guides.reading import ALL, Reading

MOST_DISTRICTS = 32
MOST_GUIDES = 1000  # whole ones in all districts together, some 80 KB each
MOST_READINGS = 2000
PARTS = ("facts", "statements", "materials", "steps", "situations__answers", "counters")  # of whole(); what lies outside the guide is looked up
_numbers = count(1)


@dataclass(eq=False)
class Volume:
    """One guide as its page needs it. `number` is never used twice; without one nothing made from it may be kept."""

    guide: Guide
    issuers: Mapping[int, Guide]
    events: list[LifeEvent]
    position: Position | None
    version: Version | None
    number: int | None = None
    said: tuple = ()  # what of other guides and events stands on the page, to be compared
    generation: int = 0  # of the content when it was last compared
    _questions: list[tuple[str, frozenset[str]]] | None = None

    def read(self, params: Mapping[str, str]) -> tuple[Reading, tuple | None]:
        """The guide read for the answers in an address, and what names this case of this volume; None where nothing may be kept."""
        if self.number is None:
            return Reading(self.guide, params), None
        if self._questions is None:
            self._questions = [(s.key, frozenset(answer.key for answer in s.answers.all())) for s in self.guide.situations.all()]
        answers = (answer if (answer := params.get(key)) in known else None for key, known in self._questions)
        case = (self.number, ALL in params, *answers)
        return _readings.get(case) or _readings.put(case, Reading(self.guide, params)), case


def get_public_volume(slug: str, district: str) -> Volume:
    """As get_public_guide, with everything its page needs; from what is kept, where the content is still the same. Raises Http404 alike."""
    now = generation()
    shelf = _shelves.get(district) or _shelves.put(district, _Shelf(district))
    if not now or (shelf.generation != now and not settled(now)):
        return volume_now(get_public_guide(slug, district))
    with shelf.lock:
        volume = shelf.volume(slug, now)
    if volume is None:
        raise Http404("没有这个事项。")
    return volume


def volume_now(guide: Guide) -> Volume:
    """The same of a guide (from whole()) that is shown only this once, such as a preview."""
    staged = Guide.objects.published().filter(district=guide.district).exclude(stage="") if guide.stage else ()
    issuers = issuers_of([guide])
    return Volume(guide, issuers, list(LifeEvent.objects.containing(guide)), position_of(guide, staged), latest_version(guide))


class _Shelf:
    """The guides of one district. Hold the lock."""

    def __init__(self, district: str):
        self.district, self.generation, self.lock = district, 0, RLock()
        self.rows: dict[int, Guide] = {}
        self.by_slug: dict[str, Guide] = {}
        self.events: dict[int, list[LifeEvent]] = {}

    def follow(self, now: int) -> None:
        """Read the guides' rows and the events anew. `now` was asked for before, so what is read is at least as new."""
        papers = Material.objects.filter(guide__district=self.district, issued_by__isnull=False)
        elsewhere = papers.exclude(issued_by__district=self.district).values("issued_by")
        rows = {guide.pk: guide for guide in Guide.objects.filter(Q(district=self.district) | Q(pk__in=elsewhere)).select_related("domain")}
        for pk, row in rows.items():
            if pk in self.rows and not _is_same(row, self.rows[pk]):
                _wholes.drop(pk)
        self.rows, self.by_slug = rows, {guide.slug: guide for guide in rows.values() if guide.district == self.district}
        self.events = {}
        steps = LifeEventStep.objects.filter(event__status=Status.PUBLISHED, guide__district=self.district).select_related("event")
        for step in steps.order_by("event__order", "event__slug"):
            self.events.setdefault(step.guide_id, []).append(step.event)
        self.generation = now

    def volume(self, slug: str, now: int) -> Volume | None:
        if self.generation != now:
            self.follow(now)
        row = self.by_slug.get(slug)
        if row is None or row.status not in (Status.PUBLISHED, Status.WITHDRAWN):
            return None
        known = _volumes.get(row.pk)
        if known and known.generation == now:
            return known
        made = self._make(row, known)
        made.generation = now
        return _volumes.put(row.pk, made)

    def _make(self, row: Guide, known: Volume | None) -> Volume:
        """The volume from what is kept and read; the one that was known, where nothing on its page has changed."""
        guide = self._wholes([row.pk])[row.pk]
        issuers, events = self._issuers(guide), self.events.get(guide.pk, [])
        staged = [r for r in self.rows.values() if r.stage and r.status == Status.PUBLISHED] if guide.stage else ()
        named = [m.issued_by for m in guide.materials.all() if m.issued_by_id]
        said = (
            tuple((event.slug, event.title) for event in events),
            tuple((other.pk, other.slug, other.plain_title, other.stage) for other in staged),
            tuple((other.pk, other.slug, other.title, other.status) for other in named),
        )
        same = known and known.guide is guide and known.said == said and known.issuers.keys() == issuers.keys()
        if same and all(known.issuers[pk] is issuer for pk, issuer in issuers.items()):
            return known
        version = known.version if known and known.guide is guide else latest_version(guide)
        return Volume(guide, issuers, events, position_of(guide, staged), version, next(_numbers), said)

    def _wholes(self, pks: Iterable[int]) -> dict[int, Guide]:
        """Whole guides by primary key, from what is kept or in one reading; the papers' issuers are the rows as they are now."""
        found = {pk: guide for pk in pks if (guide := _wholes.get(pk))}
        missing = [pk for pk in pks if pk not in found]
        if missing:
            for guide in Guide.objects.select_related("domain").prefetch_related(*PARTS).filter(pk__in=missing):
                found[guide.pk] = _wholes.put(guide.pk, guide)
        for guide in found.values():
            for material in guide.materials.all():
                if material.issued_by_id in self.rows and material.issued_by is not self.rows[material.issued_by_id]:
                    material.issued_by = self.rows[material.issued_by_id]
        return found

    def _issuers(self, guide: Guide) -> dict[int, Guide]:
        """As issuers_of, from what is kept."""
        level, found = [guide], {}
        for _ in range(DEPTH):
            wanted = {m.issued_by_id for one in level for m in one.materials.all() if is_errand(m) and m.issued_by.status == Status.PUBLISHED}
            new = self._wholes(sorted(wanted - found.keys() - {guide.pk}))
            found |= new
            level = list(new.values())
        return found


_shelves: Kept[_Shelf] = Kept(MOST_DISTRICTS)
_wholes: Kept[Guide] = Kept(MOST_GUIDES)
_volumes: Kept[Volume] = Kept(MOST_GUIDES)
_readings: Kept[Reading] = Kept(MOST_READINGS)


def _is_same(one: Guide, other: Guide) -> bool:
    """Whether two readings of a guide's row are equal in every column, and in the topic's words."""
    columns = [f.attname for f in Guide._meta.concrete_fields]
    return all(getattr(one, name) == getattr(other, name) for name in columns) and (one.domain.name, one.domain.slug) == (other.domain.name, other.domain.slug)


def warm(district: str) -> list[Volume]:
    """Read all published guides of a district at once, as many as may be kept; their volumes."""
    now = generation()
    if not now or not settled(now):
        return []
    shelf = _shelves.get(district) or _shelves.put(district, _Shelf(district))
    with shelf.lock:
        shelf.follow(now)
        published = [guide for guide in shelf.rows.values() if guide.status == Status.PUBLISHED][:MOST_GUIDES]
        shelf._wholes([guide.pk for guide in published])
        return [shelf.volume(guide.slug, now) for guide in published]
