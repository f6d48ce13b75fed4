"""内容体检 in the admin: what is wrong with the guides, one line each, the most urgent first; the same as an Excel file."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from guides import health, passages, readability
from guides.departments import guides_of
from guides.forms_health import HealthFilter
from guides.health import Finding, Kind
from guides.models import Guide, Link
from menpai.spreadsheets import XLSX_TYPE, write_table

PER_PAGE = 50
LONGEST = 2000  # characters measured while somebody types
COLUMNS = {"指南": 26, "代号": 14, "主题": 12, "主管部门": 24, "哪一类": 14, "哪里": 26, "怎么办": 70, "状态": 10}


def list_view(request, model_admin):
    form, counted, found = _found(request, model_admin)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    others = {name: value for name, value in form.query.items() if name != "kind"}
    tabs = [(kind, counted[kind], urlencode(others | {"kind": kind.value}), form.query.get("kind") == kind) for kind in Kind]
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts, "title": "内容体检", "form": form, "page": page, "tabs": tabs, "all": urlencode(others), "keep": urlencode(form.query),
        "links_checked": Link.objects.aggregate(at=Max("checked_at"))["at"],
    }  # fmt: skip
    return TemplateResponse(request, "admin/guides/guide/health.html", context)


def download_view(request, model_admin):
    """The chosen findings, one a row, for those who work in Excel."""
    rows = [row for guide, findings in _found(request, model_admin)[2] for row in _rows(guide, findings)]
    name = f"neirong-tijian-{timezone.localdate():%Y%m%d}.xlsx"
    content = write_table("内容体检", COLUMNS, rows)
    return HttpResponse(content, content_type=XLSX_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _rows(guide: Guide, findings: list[Finding]) -> list[tuple]:
    shown = (guide.plain_title, guide.slug, guide.domain, guide.department)
    return [(*shown, found.kind.label, found.part, found.todo, guide.get_status_display()) for found in findings]


def _found(request, model_admin) -> tuple[HealthFilter, dict[Kind, int], list[tuple[Guide, list[Finding]]]]:
    """The filter, how many guides have each kind of trouble, and the guides with their findings of the chosen kind."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    mine = guides_of(request.user).filter(next_of=None)
    form = HealthFilter(request.GET, guides=mine)
    found = health.examine(form.applied(mine).whole().select_related("domain", "next_version"), health.Surroundings.load(timezone.localdate()))
    return form, health.tally(found), health.only(found, form.chosen["kind"])


# On the page on which a guide is written


@dataclass(frozen=True)
class Reading:
    """How a guide reads as it is saved, what is wrong with it, and the passages that could be easier, the hardest first."""

    score: int
    findings: list[Finding]
    harder: list[tuple[passages.Passage, readability.Measure]]

    @property
    def grade(self) -> str:
        return readability.grade(self.score)

    @property
    def count(self) -> int:
        return len(self.findings) + len(self.harder)


def reading_of(guide: Guide) -> Reading:
    """Of one guide, a next version too; the score is the mean of its passages by their length."""
    whole = Guide.everything.whole().get(pk=guide.pk)
    measured = [(passage, readability.measure(passage.text)) for passage in passages.of(whole) if passage.is_prose]
    length = sum(len(passage.text) for passage, _ in measured) or 1
    score = round(sum(found.score * len(passage.text) for passage, found in measured) / length) if measured else 100
    found = health.findings(whole, health.Surroundings.load(timezone.localdate()))
    between = sorted((pair for pair in measured if readability.HARD <= pair[1].score < readability.EASY), key=lambda pair: pair[1].score)
    return Reading(score, found, between)


def readability_view(request, model_admin):
    """The measure of one text while it is typed: the same rule as everywhere, so the script has none of its own."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    found = readability.measure(request.POST.get("text", "")[:LONGEST])
    return JsonResponse({"score": found.score, "grade": found.grade, "is_hard": found.is_hard, "reasons": found.reasons[:3]})
