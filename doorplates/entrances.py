"""Which entrances have a plate, community by community. In order of the area codes: no ranking, and nothing of whose work it is.

An entrance is a line of Building.entrances; a building without any has one, named "". Everything is counted by the database, so that a
district of 100,000 entrances costs one query and no memory.
"""

from collections.abc import Iterable

from django.db.models import Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest

from doorplates.models import Building, Condition, Doorplate, PlateReport

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


def _plates() -> QuerySet[Doorplate]:
    """The active plates at entrances that their buildings have today: not one whose entrance was renamed since."""
    entries = {"is_listed": Holds("building__entrances", "entrance"), "entry_count": EntryCount("building__entrances")}
    return Doorplate.objects.active().order_by().annotate(**entries).filter(Q(is_listed=1) | Q(entry_count=0, entrance=""))


def _count(plates: QuerySet[Doorplate], path: str) -> Coalesce:
    """How many of these plates belong to the outer row; `path` leads from the plate to it."""
    counted = plates.filter(**{path: OuterRef("pk")}).values(path).annotate(total=Count("pk")).values("total")
    return Coalesce(Subquery(counted), 0)


def with_counts(communities: QuerySet) -> QuerySet:
    """Each community with `entrances`, `plated`, `missing`, `hanging` (somebody saw it on the wall) and `troubled`."""
    buildings = Building.objects.filter(community=OuterRef("pk")).order_by().values("community")
    entrances = buildings.annotate(total=Sum(Greatest(EntryCount("entrances"), Value(1)))).values("total")
    reported = Exists(PlateReport.objects.filter(doorplate=OuterRef("pk"), settled_on=None))
    path = "building__community"
    return communities.annotate(
        entrances=Coalesce(Subquery(entrances, output_field=IntegerField()), 0),
        plated=_count(_plates(), path),
        hanging=_count(_plates().filter(condition__in=HANGING), path),
        troubled=_count(_plates().filter(Q(condition__in=TROUBLED) | reported), path),
    ).annotate(missing=F("entrances") - F("plated"))


def lacking(buildings: QuerySet[Building]) -> QuerySet[Building]:
    """Those of these buildings that have an entrance without an active plate."""
    return buildings.annotate(entrance_total=Greatest(EntryCount("entrances"), Value(1)), plated_total=_count(_plates(), "building")).filter(plated_total__lt=F("entrance_total"))


def name_missing(buildings: Iterable[Building]) -> list[Building]:
    """Give each building `missing`, its entrances without an active plate, with one query for all of them."""
    buildings = list(buildings)
    plated = set(Doorplate.objects.active().filter(building__in=buildings).values_list("building_id", "entrance"))
    for building in buildings:
        building.missing = [entrance for entrance in building.entrances or [""] if (building.pk, entrance) not in plated]
    return buildings
