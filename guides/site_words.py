"""What a district says of itself in header, footer and print: its own row, where that is empty the settings (or, of another district, nothing)."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from guides.districts import districts_of
from guides.models import Area, District, district_of, own_district

ANYBODYS_HOTLINE = "12345"  # the government hotline everywhere in the country


@dataclass(frozen=True)
class Words:
    """Empty identifiers are not shown; none is ever made up, and one district's are never another's."""

    district: str
    name: str
    hotline: str
    organiser: str
    icp: str
    police: str
    identifier: str

    @property
    def home(self) -> str:
        """The address of the district's front page."""
        return "/" if self.district == own_district() else f"/c/{self.district}/"

    @property
    def host(self) -> str:
        return settings.SITE_URL.partition("://")[2]

    @property
    def demo(self) -> bool:
        return settings.DEMO


def others() -> list[District]:
    """The districts beside the installation's own that were set up here."""
    return [row for code, row in sorted(District.known().items()) if code != own_district()]


def words_of(district: str) -> Words:
    """The words of a district by its 12-digit code; also of one without a row."""
    row = District.known().get(district) or District()
    if district == own_district():
        spare = (settings.SITE_NAME, settings.HOTLINE, settings.ORGANISER, settings.ICP_NUMBER, settings.POLICE_NUMBER, settings.SITE_ID)
    else:
        spare = (f"{row.area.name}数字政务门牌" if row.area_id else "数字政务门牌", ANYBODYS_HOTLINE, "", "", "", "")
    said = (row.site_name, row.hotline, row.organiser, row.icp, row.police_record, row.site_identifier)
    return Words(district, *(own or other for own, other in zip(said, spare, strict=True)))


def words_for(area: Area | None) -> Words:
    """The words of the district an area lies in; without one those of the installation's own."""
    return words_of(district_of(area))


def site(request) -> dict:
    """For templates: the words of the district of the page (its viewpoint), of a desk or admin page the district of its user (`request.district`)."""
    return {"site": SimpleLazyObject(lambda: words_of(_district_of_page(request)))}


def _district_of_page(request) -> str:
    viewpoint = getattr(request, "viewpoint", None)
    if viewpoint:
        return viewpoint.district
    if request.path.startswith("/admin/") and request.user.is_authenticated:
        codes = districts_of(request.user) or set()
        return next(iter(sorted(codes)), own_district()) if own_district() not in codes else own_district()
    return getattr(request, "district", "") or own_district()
