"""Open data of guides and areas: published content only, read only, the same for everybody. menpai.api mounts it."""

from collections.abc import Callable
from typing import Annotated, Literal

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from ninja import Path, Query, Router

from guides import documents
from guides.access import get_public_guide
from guides.api_shapes import AreaPage, GuidePage, GuideWhole, Problem, SearchAnswer
from guides.models import OFFICIAL_CHECKER, Area, Audience, Guide, Level, Mark, Status, district_code_of, own_district
from guides.search import MAX_QUERY, search

READ = ["GET", "HEAD"]
GUIDES_A_PAGE, AREAS_A_PAGE = 20, 100
SOURCED_PARTS = ("facts", "statements", "materials", "steps", "counters")
ROWS = ("conditions", "materials", "steps", "notes", "legal_basis", "counters")

# Bounded, because a database refuses a page beyond 64 bits and a NUL in a word, and a refusal there would be our fault here.
PageNumber = Annotated[int, Query(ge=1, le=100_000, description="第几页，从1起。")]
TopicSlug = Annotated[str, Query(pattern=r"^[-\w]*$", max_length=20, description="只要这个主题的，例如 yibao。")]
AreaCode = Annotated[str, Query(pattern=r"^([0-9]{12})?$", description="只要紧挨着这一级下面的，写它的12位代码。")]
OfArea = Annotated[str, Query(pattern=r"^([0-9]{12})?$", description="哪个区（县）的，写它或者它下面任何一处的12位代码；空着就是本系统自己的区。")]
OnlyArea = Annotated[str, Query(pattern=r"^([0-9]{12})?$", description="只要一个区（县）的，写它或者它下面任何一处的12位代码；空着就是全部。")]
AudienceCode = Annotated[Literal[("", *Audience.values)], Query(description="只要这类办事人的：personal 是个人，enterprise 是企业。")]
LevelCode = Annotated[Literal[("", *Level.values)], Query(description="只要这一级的：district 区，township 乡镇街道，community 村社区。")]
Typed = Annotated[str, Query(description=f"要找什么，居民怎么说就怎么写。只读前{MAX_QUERY}个字，空着就什么也找不到。")]
Slug = Annotated[str, Path(description="事项的代号，例如 yibao-001。")]

router = Router(tags=["办事指南"])
areas_router = Router(tags=["区划"])


@router.api_operation(READ, "/guides", response={200: GuidePage, 422: Problem}, operation_id="list_guides", summary="已发布的事项")
def list_guides(request, topic: TopicSlug = "", audience: AudienceCode = "", area: OfArea = "", page: PageNumber = 1):
    rows = Guide.objects.published().filter(district=_district(area)).select_related("domain").prefetch_related(*SOURCED_PARTS)
    if topic:
        rows = rows.filter(domain__slug=topic)
    if audience:
        rows = rows.filter(audience=audience)
    return _page(rows, page, GUIDES_A_PAGE, _summary)


@router.api_operation(
    READ,
    "/guides/{slug:slug}",
    response={200: GuideWhole, 404: Problem, 422: Problem},
    operation_id="read_guide",
    summary="一个事项的全部内容，每一条都写明出处和有没有核实",
    by_alias=True,
)
def read_guide(request, slug: Slug, area: OfArea = ""):
    guide = get_public_guide(slug, _district(area))
    if guide.status != Status.PUBLISHED:
        raise Http404("这个事项已经撤下。")
    return _whole(guide)


@router.api_operation(READ, "/search", response={200: SearchAnswer, 422: Problem}, operation_id="search_guides", summary="用大白话找事项")
def search_guides(request, q: Typed = "", area: OfArea = ""):
    found = search(q, district=_district(area))
    return {"results": found.hits, "confident": found.confident}


@areas_router.api_operation(READ, "/areas", response={200: AreaPage, 422: Problem}, operation_id="list_areas", summary="区、乡镇街道、村社区")
def list_areas(request, parent: AreaCode = "", level: LevelCode = "", area: OnlyArea = "", page: PageNumber = 1):
    rows = Area.objects.order_by("code")
    if area:  # without it all there are: the official names belong to nobody
        rows = rows.filter(code__startswith=_district(area)[:6])
    if parent:
        rows = rows.filter(parent=parent)
    if level:
        rows = rows.filter(level=level)
    return _page(rows, page, AREAS_A_PAGE, _area)


def _page(rows: QuerySet, number: int, size: int, shown: Callable) -> dict:
    """One page; beyond the last it is empty, so that who counts upwards comes to an end."""
    paginator = Paginator(rows, size)
    items = paginator.page(number) if number <= paginator.num_pages else []
    return {"count": paginator.count, "page": number, "pages": paginator.num_pages, "items": [shown(row) for row in items]}


def _district(area: str) -> str:
    return district_code_of(area) if area else own_district()


def _head(guide: Guide) -> dict:
    place = "" if guide.district == own_district() else f"/c/{guide.district}"
    address = settings.SITE_URL + place + reverse("guides:guide", args=[guide.slug])
    return {"url": address, "topic": {"slug": guide.domain.slug, "name": guide.domain.name}}


def _summary(guide: Guide) -> dict:
    parts = {name: list(getattr(guide, name).all()) for name in SOURCED_PARTS}
    stated = [row for rows in parts.values() for row in rows]
    counts = {
        "materials": len(parts["materials"]),
        "steps": len(parts["steps"]),
        "statements": len(stated),
        "verified": sum(row.is_verified for row in stated),
    }
    names = ("slug", "title", "plain_title", "audience", "department", "aliases", "counter_level", "priority", "featured", "answer")
    names += ("national_code", "implementation_code", "checked_on", "stage")
    return {name: getattr(guide, name) for name in names} | {"brief": guide.is_brief} | _head(guide) | {"counts": counts}


def _whole(guide: Guide) -> dict:
    """The document of documents.export with what it leaves unsaid, and without the address of what is not public."""
    entry, day = documents.export(guide), guide.checked_on
    entry["facts"] = {name: _spelled_out(fact, day) for name, fact in entry.get("facts", {}).items()}
    for part in ROWS:
        entry[part] = [_spelled_out(row, day) for row in entry.get(part, [])]
    entry.setdefault("situations", [])
    entry.pop("phrasings", None)  # what search listens for is no statement to anybody
    for shown, material in zip(entry["materials"], guide.materials.all(), strict=True):
        if material.issued_by and material.issued_by.status != Status.PUBLISHED:
            del shown["issued_by"]
    for shown, counter in zip(entry["counters"], guide.counters.all(), strict=True):
        shown["office_name"] = counter.office.name if counter.office else ""
    return entry | _head(guide)


def _spelled_out(statement: dict, checked_on) -> dict:
    """A file does not repeat who stands behind an official source; the open data says it with every statement."""
    official = statement["mark"] == Mark.OFFICIAL
    return {"verified_by": OFFICIAL_CHECKER if official else "", "verified_on": checked_on if official else None} | statement


def _area(area: Area) -> dict:
    return {"code": area.code, "name": area.name, "short_name": area.short_name, "level": area.level, "parent": area.parent_id}
