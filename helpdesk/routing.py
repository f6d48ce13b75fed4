"""Whose queue a request goes to. Pure: the caller says which areas are staffed."""

from collections.abc import Collection
from dataclasses import dataclass

from guides.models import Area


@dataclass(frozen=True)
class Route:
    """The code of the area whose people take the request, and whether the project steward is meant."""

    area_code: str
    for_steward: bool


def route(area: Area, *, for_enterprise: bool, staffed: Collection[str], stewards: Collection[str]) -> Route:
    """Enterprise matters go to the project steward (项目管家) nearest above the plate; everything else to the community itself, or, where
    nobody is posted, to its township, or to the district. With nobody anywhere it waits at the district, where a supervisor looks.

    `staffed` and `stewards` are area codes with at least one active assistant, or steward, posted.
    """
    if for_enterprise:
        for code in area.lineage_codes:
            if code in stewards:
                return Route(code, True)
    for code in area.lineage_codes:
        if code in staffed:
            return Route(code, False)
    return Route(area.lineage_codes[-1], False)
