"""规则变更追单: what a changed guide means for the open requests that were prepared by its earlier version. Reads only."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.db.models import Exists, OuterRef

from guides.changes import Change, compare
from guides.models import GuideRevision, Office
from guides.printed import PUBLIC, latest_number
from helpdesk.models import OPEN_STATES, HelpRequest

PAPERS = "要带什么"  # the topic of guides.changes under which papers stand


@dataclass(frozen=True)
class Difference:
    """What changed for one request between the version its checklist came from and version `number`, which residents read now."""

    number: int
    changes: tuple[Change, ...]
    document: dict  # of the earlier version

    @property
    def papers(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.topic == PAPERS)


def case_of(request: HelpRequest) -> dict[str, str]:
    return dict(parse_qsl(request.case))


def version_label(number: int) -> str:
    """How a version stands in the detail of an event; by it is known that an event was written for this version."""
    return f"第{number}版"


def difference_for(request: HelpRequest) -> Difference | None:
    """None where nothing is to be compared: no guide, an ended request, no later version."""
    if not request.is_open or request.guide_id is None or request.guide_revision is None:
        return None
    latest = latest_number(request.guide)
    if latest is None or latest <= request.guide_revision:
        return None
    found = {row.number: row for row in GuideRevision.objects.filter(guide=request.guide_id, number__in=(request.guide_revision, latest))}
    if request.guide_revision not in found:
        return None
    was, now = found[request.guide_revision].document, found[latest].document
    offices = dict(Office.objects.values_list("code", "name"))
    return Difference(latest, tuple(compare(was, now, case_of(request), offices=offices)), was)


def papers_changed(request: HelpRequest) -> tuple[Change, ...]:
    """For the resident: what changed in the papers they were told to bring."""
    found = difference_for(request)
    return found.papers if found else ()


def outrun():
    """Open requests whose guide has a public version later than theirs."""
    later = GuideRevision.objects.filter(guide=OuterRef("guide"), number__gt=OuterRef("guide_revision"), text__contains=PUBLIC)
    return HelpRequest.objects.filter(Exists(later), state__in=OPEN_STATES, guide_revision__isnull=False)
