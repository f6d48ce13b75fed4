"""What a resident may read: published guides and life events. The address of a withdrawn one still explains itself."""

from collections.abc import Iterable

from django.http import Http404

from guides.models import Guide, GuideRevision, LifeEvent, Material, Status
from guides.preparation import DEPTH, is_errand


def get_public_guide(slug: str, district: str) -> Guide:
    """The whole guide of a district (its 12-digit code), published or withdrawn. Raises Http404 for one that is being written or reviewed as for
    an unknown slug."""
    guide = Guide.objects.whole().filter(slug=slug, district=district, status__in=(Status.PUBLISHED, Status.WITHDRAWN)).first()
    if guide is None:
        raise Http404("没有这个事项。")
    return guide


def get_public_revision(guide: Guide, number: int) -> GuideRevision:
    """A version that residents could read. Raises Http404 for one that was a draft or withdrawn, as for one that never was."""
    revision = GuideRevision.objects.filter(guide=guide, number=number).first()
    if revision is None or revision.document.get("status") != Status.PUBLISHED:
        raise Http404("没有这一版。")
    return revision


def get_public_event(slug: str, district: str) -> LifeEvent:
    """The whole event of a district, published or withdrawn. Raises Http404 for a draft as for an unknown slug."""
    event = LifeEvent.objects.whole().filter(slug=slug, district=district).exclude(status=Status.DRAFT).first()
    if event is None:
        raise Http404("没有这一页。")
    return event


def issuers_of(guides: Iterable[Guide]) -> dict[int, Guide]:
    """The published guides from which these guides' papers come, and the papers of those, by primary key: what preparation.plan works on.

    `guides` come from whole(). Some of the answer may not matter in a reader's case. A constant number of queries: none where nothing is
    issued elsewhere, else one for each level of papers and the parts of all guides together.
    """
    known = {guide.pk for guide in guides}
    level = {m.issued_by_id for guide in guides for m in guide.materials.all() if is_errand(m) and m.issued_by.status == Status.PUBLISHED}
    found: set[int] = set()
    for _ in range(DEPTH - 1):
        level -= found
        found |= level
        if not level:
            break
        rows = Material.objects.filter(guide__in=level, issued_by__status=Status.PUBLISHED, is_identity_document=False)
        level = set(rows.exclude(later=True).values_list("issued_by_id", flat=True))
    wanted = (found | level) - known
    if not wanted:
        return {}
    return Guide.objects.published().prefetch_related("facts", "materials__issued_by", "situations__answers").in_bulk(wanted)
