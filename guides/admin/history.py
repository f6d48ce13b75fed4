"""历史版本: who changed a guide when, in the words of the guide, and the way back to an earlier version."""

import difflib
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import path

from guides import editing
from guides.actions import NotPossible
from guides.changes import Change, compare_whole
from guides.merging import plain
from guides.models import Guide, GuideRevision, Office, Status
from guides.transfer import dump

PER_PAGE = 20
SHOWN = 4  # changes told in the list; the rest on the version's own page
ACTS_SHOWN = 30


@dataclass(frozen=True)
class Version:
    revision: GuideRevision
    changes: list[Change]
    state: str  # what residents had of it: its label where the status moved, else ""

    @property
    def told(self) -> list[Change]:
        return self.changes[:SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.changes) - SHOWN, 0)


def urls(model_admin) -> list:
    wrap, extra = model_admin.admin_site.admin_view, {"model_admin": model_admin}
    return [
        path("<int:pk>/revisions/<int:number>/", wrap(revision), extra, name="guides_guide_revision"),
        path("<int:pk>/revisions/<int:number>/roll-back/", wrap(roll_back), extra, name="guides_guide_roll-back"),
    ]


def history(request, pk, model_admin):
    guide = model_admin.open_guide(request, pk)
    guide = guide.next_of or guide
    page = Paginator(guide.revisions.all(), PER_PAGE).get_page(request.GET.get("p"))
    rows = list(page)
    earlier = guide.revisions.filter(number__lt=rows[-1].number).first() if rows else None
    offices = dict(Office.objects.values_list("code", "name"))
    before = [*rows[1:], earlier] if rows else []  # one that nobody saved yet has no version
    versions = [version(row, was, offices) for row, was in zip(rows, before, strict=True)]
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Guide), object_id=str(guide.pk))
    context = {"versions": versions, "page": page, "title": "历史版本", "may_roll_back": _may_roll_back(request, guide, model_admin)}
    context["entries"] = entries.select_related("user").order_by("-action_time", "-pk")[:ACTS_SHOWN]
    return model_admin.render_page(request, "revisions.html", guide, context)


def version(row: GuideRevision, before: GuideRevision | None, offices) -> Version:
    document, was = row.document, before.document if before else {}
    status, old = document.get("status"), was.get("status")
    state = Status(status).label if status in Status.values and status != old else ""
    return Version(row, compare_whole(plain(was), plain(document), offices=offices) if was else [], state)


def difference(earlier: GuideRevision | None, later: GuideRevision) -> list[tuple[str, str]]:
    """(added | removed | same | place, line) of what changed in the files' form between two revisions; the whole text for a first one."""
    before = dump([earlier.document]).splitlines() if earlier else []
    marks = {"+": "added", "-": "removed", "@": "place"}
    lines = list(difflib.unified_diff(before, dump([later.document]).splitlines(), n=1, lineterm=""))[2:]
    return [(marks.get(line[:1], "same"), line) for line in lines]


def _may_roll_back(request, guide, model_admin) -> bool:
    return guide.status in editing.PUBLIC and model_admin.may_edit(request)


def revision(request, pk, number, model_admin):
    """One version beside the one before it, in words first; the files' form below it, for whoever keeps the files."""
    guide = model_admin.open_guide(request, pk)
    row = get_object_or_404(GuideRevision, guide=guide, number=number)
    earlier = guide.revisions.filter(number__lt=number).first()
    offices = dict(Office.objects.values_list("code", "name"))
    context = {"revision": row, "earlier": earlier, "version": version(row, earlier, offices), "lines": difference(earlier, row)}
    is_last = not guide.revisions.filter(number__gt=number).exists()
    context |= {"title": f"第{number}版改了什么", "may_roll_back": not is_last and _may_roll_back(request, guide, model_admin)}
    return model_admin.render_page(request, "revision.html", guide, context)


def roll_back(request, pk, number, model_admin):
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    guide = model_admin.open_guide(request, pk)
    if not model_admin.may_edit(request):
        raise PermissionDenied
    try:
        copy = editing.roll_back(guide=guide, number=number, by=request.user)
    except NotPossible as refusal:
        model_admin.message_user(request, str(refusal), messages.WARNING)
        return redirect("admin:guides_guide_history", guide.pk)
    model_admin.message_user(request, f"照第{number}版写好了下一版。看一遍，提交审核，发布以后居民才看到。", messages.SUCCESS)
    return redirect("admin:guides_guide_change", copy.pk)
