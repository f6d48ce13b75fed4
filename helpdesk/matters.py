"""The guides that people ask help for, as their requests need them: those that the pages are made of, which a process keeps whole (guides.shelf)."""

from django.http import Http404

from guides.models import Guide, Status
from guides.printed import latest_number
from guides.shelf import get_public_volume


def guide_of(district: str, slug: str) -> Guide | None:
    """A published guide of a district by its slug, with its parts; to be read only. No query while the content stays as it is."""
    try:
        volume = get_public_volume(slug, district)
    except Http404:
        return None
    guide = volume.guide
    guide.public_number = volume.version.number if volume.version else None
    return guide if guide.status == Status.PUBLISHED else None


def number_of(guide: Guide) -> int | None:
    """The number of the version that residents read, of a guide from guide_of() the one that it is; None for a guide without a history."""
    return guide.public_number if hasattr(guide, "public_number") else latest_number(guide)
