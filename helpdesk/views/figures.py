"""看数 at the desk, for supervisors; the bureau's page (helpdesk.admin_figures) is made of the same parts."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from guides.models import Area
from helpdesk.access import postings_of
from helpdesk.figures import Scope, look, without_nested
from helpdesk.figures_csv import CSV_TYPE, write_csv
from helpdesk.forms_figures import PRESETS, PeriodForm
from helpdesk.views.overview import supervisor_page
from helpdesk.views.queue import desk_context


@supervisor_page
def figures(request):
    scope = scope_of(request, without_nested(posting.area for posting in postings_of(request.user)))
    found = figures_page(request, scope, contents=False, requests=True)
    if isinstance(found, HttpResponse):
        return found
    return render(request, "helpdesk/desk/figures.html", desk_context(request, here="overview", **found))


def scope_of(request: HttpRequest, roots: tuple[Area, ...]) -> Scope:
    """What is chosen by ?area= among these areas and those below them; anything else is not there."""
    code = request.GET.get("area", "")
    if not code:
        return Scope(roots, roots[0] if len(roots) == 1 else None)
    chosen = Area.objects.filter(pk=code).first() if code.isdecimal() else None
    if chosen is None or not any(root.contains(chosen.code) for root in roots):
        raise Http404("没有这个地方，或者不归您看。")
    return Scope(roots, chosen)


def figures_page(request: HttpRequest, scope: Scope, *, contents: bool, requests: bool) -> dict | HttpResponse:
    """The context of the page, or with ?csv= one of its parts as a file."""
    now = timezone.now()
    form = PeriodForm(request.GET, today=timezone.localdate(now))
    parts = look(scope, form.period, now, contents=contents, requests=requests) if form.is_valid() and scope.areas else []
    if wanted := request.GET.get("csv"):
        return _file(scope, form, next((part for part in parts if part.key == wanted and part.download), None))
    area = {"area": scope.chosen.code} if scope.chosen else {}
    keep = urlencode({"since": form["since"].value(), "until": form["until"].value()})
    return {
        "form": form, "scope": scope, "parts": parts, "keep": keep, "keep_area": urlencode(area), "choices": _choices(scope),
        "presets": [(label, urlencode({"days": days, **area})) for days, label in PRESETS],
    }  # fmt: skip


def _choices(scope: Scope) -> list[tuple[str, str, bool]]:
    """(code, name, chosen) in the order of the codes, which is that of the tree: the way down, what lies beside a community, what lies below the rest."""
    chosen = scope.chosen
    areas = {*scope.roots, *scope.above}
    if chosen:
        beside = Area.objects.filter(parent=chosen.parent_id) if scope.above else []
        areas |= {chosen, *(scope.below or beside)}
    depth = {6: "", 9: "　", 12: "　　"}
    every = [("", "全部", chosen is None)] if len(scope.roots) > 1 else []
    return every + [(area.code, depth[len(area.prefix)] + area.short_name, area == chosen) for area in sorted(areas, key=lambda area: area.code)]


def _file(scope: Scope, form: PeriodForm, part) -> HttpResponse:
    if part is None:
        raise Http404("没有这张表。")
    response = HttpResponse(write_csv(part.download), content_type=CSV_TYPE)
    code = scope.chosen.code if scope.chosen else "all"
    response["Content-Disposition"] = f'attachment; filename="{part.key}-{code}-{form.period.first:%Y%m%d}-{form.period.last:%Y%m%d}.csv"'
    return response
