"""The guides that people ask help for, as their requests need them. A process keeps each whole, with its parts, as long as its row stays as it was:
whatever changes a guide or a part of it gives the row a new content version (guides.actions.record_change)."""

from guides.models import Guide
from guides.printed import latest_number
from helpdesk import kept

MARKS = ("pk", "content_version", "updated_at", "agency", "audience", "plain_title")

_guides = kept.Kept(1024)


def guide_of(district: str, slug: str) -> Guide | None:
    """A published guide of a district by its slug, with its parts; to be read only. One query, or ten when it changed."""
    found = kept.rows_of(("guide",), _row, district, slug)
    return _guides.get((kept.database(), found[0][0]), found[0], lambda: _read(found[0][0])) if found else None


def number_of(guide: Guide) -> int | None:
    """The number of the version that residents read, of a guide from guide_of() the one that it is; None for a guide without a history."""
    return guide.public_number if hasattr(guide, "public_number") else latest_number(guide)


def _row(district: str, slug: str):
    return Guide.objects.published().filter(district=district, slug=slug).values_list(*MARKS)


def _read(key: int) -> Guide:
    guide = Guide.objects.whole().get(pk=key)
    guide.public_number = latest_number(guide)
    return guide
