"""How many entrances there are below some areas, and how many have a valid plate. One function, so that the rule stands in one place."""

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count, Sum
from django.db.models.functions import Greatest

from doorplates.entrances import EntryCount
from doorplates.models import Building, Doorplate
from guides.figures import below
from guides.rollup import lineage


def coverage(prefixes: Iterable[str]) -> tuple[Counter, Counter]:
    """Entrances and valid plates by area code: each community with buildings, and its township and district. A building without 单元 is one entrance."""
    prefixes = list(prefixes)
    entrances = Building.objects.filter(below(prefixes, "community_id")).order_by().values_list("community_id")
    entrances = entrances.annotate(n=Sum(Greatest(EntryCount("entrances"), 1)))
    plates = Doorplate.objects.active().filter(below(prefixes, "building__community_id")).order_by().values_list("building__community_id").annotate(n=Count("pk"))
    return _with_above(entrances), _with_above(plates)


def _with_above(rows: Iterable[tuple[str, int]]) -> Counter:
    found: Counter = Counter()
    for community, n in rows:
        for code in lineage(community):
            found[code] += n
    return found
