"""The guides that people ask help for, as their requests need them: those that the pages are made of, which a process keeps whole (guides.shelf)."""

from urllib.parse import parse_qsl

from django.http import Http404

from guides.models import Guide, Status
from guides.printed import latest_number
from guides.reading import Reading
from guides.shelf import get_public_volume


def guide_of(district: str, slug: str) -> Guide | None:
    """A published guide of a district by its slug, with its parts; to be read only. No query while the content stays as it is."""
    try:
        volume = get_public_volume(slug, district)
    except Http404:
        return None
    guide = volume.guide
    guide.volume = volume
    return guide if guide.status == Status.PUBLISHED else None


def number_of(guide: Guide) -> int | None:
    """The number of the version that residents read, of a guide from guide_of() the one that it is; None for a guide without a history."""
    if not hasattr(guide, "volume"):
        return latest_number(guide)
    return guide.volume.version.number if guide.volume.version else None


def reading_of(guide: Guide, case: str) -> Reading:
    """A guide from guide_of() for the answers in `case` (who=agent&kind=first); to be read only."""
    return guide.volume.read(dict(parse_qsl(case)))[0]
