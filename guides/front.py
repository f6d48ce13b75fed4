"""What the front page and a plate's page offer: what people need most, the topics, what is new. Kept as long as the content and the day stay the same."""

from collections.abc import Callable, Hashable

from django.db.models import Count, Q
from django.utils import timezone

from guides.freshness import generation, settled
from guides.kept import Kept
from guides.models import Audience, Domain, Guide, JobPosting, LifeEvent, Notice, Status
from guides.viewpoint import Viewpoint

MOST = 2000  # a few rows each: the shared ones of a district, and the board of each village

_kept: Kept[tuple[int, dict]] = Kept(MOST)


def front_context(viewpoint: Viewpoint) -> dict:
    """For templates/_partials/front.html. No query where neither the content nor the day has changed."""
    district, area = viewpoint.district, viewpoint.locality
    now, today = generation(), timezone.localdate()
    offered = _at(now, ("offered", district), lambda: _offered(district))
    return offered | _at(now, ("board", district, area and area.code, today), lambda: _board(viewpoint))


def topics_with_guides(district: str, audience: str = ""):
    """The topics in which a district has a published guide; all districts share their names and order."""
    published = Q(guides__status=Status.PUBLISHED, guides__district=district)
    if audience:
        published &= Q(guides__audience=audience)
    topics = Domain.objects.annotate(count=Count("guides", filter=published)).filter(count__gt=0)
    return topics.order_by("order", "slug")  # a query with GROUP BY forgets the model's own ordering


def _offered(district: str) -> dict:
    published = Guide.objects.published().filter(district=district)
    return {
        "featured": list(published.filter(featured__isnull=False).order_by("featured", "slug").only("slug", "plain_title")[:8]),
        "topics": list(topics_with_guides(district)),
        "events": list(LifeEvent.objects.published().filter(district=district, audience=Audience.PERSONAL)[:3]),
    }


def _board(viewpoint: Viewpoint) -> dict:
    area, district = viewpoint.locality, viewpoint.district
    return {
        "notices": list(Notice.objects.current(area=area, district=district)[:3]),
        "jobs": list(JobPosting.objects.current(area=area, district=district)[:3]),
    }


def _at(now: int | None, key: Hashable, make: Callable[[], dict]) -> dict:
    """What was made under this key at this generation of the content, else made now. Where nobody knows the generation nothing is kept."""
    if not now:
        return make()
    kept = _kept.get(key)
    if kept and kept[0] == now:
        return kept[1]
    may_be_kept, made = settled(now), make()  # in this order: what a replica has now is read after it was asked
    if may_be_kept:
        _kept.put(key, (now, made))
    return made
