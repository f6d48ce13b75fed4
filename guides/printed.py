"""会过期的明白纸: what a printed guide carries so that whoever holds it later can see whether it is still true."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from guides.models import Guide, GuideRevision, Status
from guides.reading import Reading
from guides.viewpoint import Viewpoint
from menpai.qr import inline_svg

# How a revision's text (json.dumps) says that residents could read it. In a value the quotes would be escaped: nothing else looks like it.
PUBLIC = f'"status": "{Status.PUBLISHED}"'


@dataclass(frozen=True)
class Sheet:
    """The version a page was printed from. `address` is whole, as the symbol holds it; `shown` without https://, for typing."""

    number: int
    at: datetime
    address: str

    @property
    def shown(self) -> str:
        return self.address.partition("://")[2]

    @property
    def symbol(self) -> SafeString:
        return mark_safe(inline_svg(self.address))  # our own drawing, which holds no text


def public_revisions(guide: Guide):
    """The versions residents could read, newest first. Only the database looks into the texts: a list of them would be heavy."""
    return GuideRevision.objects.filter(guide=guide, text__contains=PUBLIC).order_by("-number")


def latest_number(guide: Guide) -> int | None:
    """The number of the version that residents read now; None for a guide without a history."""
    return public_revisions(guide).values_list("number", flat=True).first()


@dataclass(frozen=True)
class Version:
    """Which version of a guide residents read now, and since when."""

    number: int
    at: datetime


def latest_version(guide: Guide) -> Version | None:
    """None for a guide without a history."""
    latest = public_revisions(guide).values_list("number", "at").first()
    return Version(*latest) if latest else None


def sheet_of(guide: Guide, version: Version, viewpoint: Viewpoint, reading: Reading) -> Sheet:
    """What the printed page of a published guide carries."""
    query = reading.whole_query
    path = viewpoint.page("sheet", guide.slug, version.number) + (f"?{query}" if query else "")
    return Sheet(version.number, version.at, settings.SITE_URL + path)
