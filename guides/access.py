"""Which guides a resident may read: published ones. A withdrawn guide's address still explains itself."""

from django.http import Http404

from guides.models import Guide, GuideRevision, Status


def get_public_guide(slug: str) -> Guide:
    """The whole guide, published or withdrawn. Raises Http404 for a draft as for an unknown slug."""
    guide = Guide.objects.whole().filter(slug=slug).exclude(status=Status.DRAFT).first()
    if guide is None:
        raise Http404("没有这个事项。")
    return guide


def get_public_revision(guide: Guide, number: int) -> GuideRevision:
    """A version that residents could read. Raises Http404 for one that was a draft or withdrawn, as for one that never was."""
    revision = GuideRevision.objects.filter(guide=guide, number=number).first()
    if revision is None or revision.document.get("status") != Status.PUBLISHED:
        raise Http404("没有这一版。")
    return revision
