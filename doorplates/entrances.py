"""Which entrances have a plate, community by community. In order of the area codes: no ranking, and nothing of whose work it is.

An entrance is a line of Building.entrances; a building without any has one, named "". Everything is counted by the database, so that a
district of 100,000 entrances costs a few queries and no memory.
"""

from collections.abc import Iterable

from django.db.models import Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Greatest

from doorplates.models import Building, Condition, Doorplate, PlateReport, PlateState
from guides.models import Area

TROUBLED = (Condition.DAMAGED, Condition.MOVED, Condition.GONE)
HANGING = (Condition.FINE, Condition.DAMAGED)


class EntryCount(Func):
    """How many entries a JSON list has."""

    output_field = IntegerField()

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, function="jsonb_array_length")

    def as_sqlite(self, compiler, connection):
        return self.as_sql(compiler, connection, function="json_array_length")


class Holds(Func):
    """1 when a JSON list (the first argument) holds a text (the second), else 0."""

    output_field = IntegerField()

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, template="jsonb_exists(%(expressions)s)::int")

    def as_sqlite(self, compiler, connection):
        entries, entries_params = compiler.compile(self.source_expressions[0])
        text, text_params = compiler.compile(self.source_expressions[1])
        return f"EXISTS (SELECT 1 FROM json_each({entries}) WHERE value = {text})", (*entries_params, *text_params)


def _plated(more: Q = Q()) -> Count:  # noqa: B008 - an empty condition is a constant
    """How many active plates hang at entrances that their building has today (not one whose entrance was renamed since), counted from the buildings."""
    at_entrance = Q(is_listed=1) | Q(entry_count=0, doorplates__entrance="")
    return Count("doorplates", filter=Q(doorplates__state=PlateState.ACTIVE) & more & at_entrance)


def _with_entries(buildings: QuerySet[Building]) -> QuerySet[Building]:
    return buildings.annotate(is_listed=Holds("entrances", "doorplates__entrance"), entry_count=EntryCount("entrances"))


def count_entrances(communities: Iterable[Area]) -> list[Area]:
    """Give each community `entrances`, `plated`, `missing`, `hanging` (somebody saw it on the wall) and `troubled`, with two queries for all."""
    communities = list(communities)
    buildings = Building.objects.filter(community__in=communities).order_by()
    totals = dict(buildings.values("community").annotate(total=Sum(Greatest(EntryCount("entrances"), Value(1)))).values_list("community", "total"))
    reported = Exists(PlateReport.objects.filter(doorplate=OuterRef("doorplates"), settled_on=None))
    plates = _with_entries(buildings).values("community").annotate(
        plated=_plated(),
        hanging=_plated(Q(doorplates__condition__in=HANGING)),
        troubled=_plated(Q(doorplates__condition__in=TROUBLED) | Q(reported)),
    )
    counts = {row["community"]: row for row in plates}
    for area in communities:
        area.entrances = totals.get(area.pk, 0)
        for name in ("plated", "hanging", "troubled"):
            setattr(area, name, counts[area.pk][name] if area.pk in counts else 0)
        area.missing = area.entrances - area.plated
    return communities


def lacking(buildings: QuerySet[Building]) -> QuerySet[Building]:
    """Those of these buildings that have an entrance without an active plate."""
    itself = _with_entries(Building.objects.filter(pk=OuterRef("pk"))).order_by()
    plated = Subquery(itself.values("pk").annotate(total=_plated()).values("total"), output_field=IntegerField())
    return buildings.annotate(entrance_total=Greatest(EntryCount("entrances"), Value(1)), plated_total=plated).filter(plated_total__lt=F("entrance_total"))


def name_missing(buildings: Iterable[Building]) -> list[Building]:
    """Give each building `missing`, its entrances without an active plate, with one query for all of them."""
    buildings = list(buildings)
    plated = set(Doorplate.objects.active().filter(building__in=buildings).values_list("building_id", "entrance"))
    for building in buildings:
        building.missing = [entrance for entrance in building.entrances or [""] if (building.pk, entrance) not in plated]
    return buildings
