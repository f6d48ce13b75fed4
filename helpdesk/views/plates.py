"""门牌 at the desk: what hangs on the walls, said by a tap. No photo, no position, no time of day, and nowhere a list of whose work it was
(国办函〔2026〕12号)."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from doorplates.actions import NotPossible, record_check, undo_check
from doorplates.entrances import count_entrances, lacking, name_missing
from doorplates.models import Building, CheckKind, Doorplate
from doorplates.walk import MOST, walk_list
from helpdesk.access import get_plate_or_404, plate_communities_of
from helpdesk.actions import staff_name
from helpdesk.views.overview import supervisor_page
from helpdesk.views.queue import desk_context, desk_page

HISTORY = 6
PAGE_SIZE = 25
UNDO = "undo"


@desk_page
def plates(request):
    """要去看的门牌: at most MOST, in the order of a walk, of one community or of all that one looks after."""
    communities, shown = _chosen(request)
    stops = walk_list(Doorplate.objects.filter(building__community__in=[shown] if shown else communities))
    context = desk_context(request, here="plates", communities=communities, shown=shown, stops=stops, most=MOST, today=timezone.localdate())
    return render(request, "helpdesk/desk/plates.html", context)


def _chosen(request) -> tuple[list, object]:
    """The communities one looks after and the one that is asked for; None for all of them."""
    communities = list(plate_communities_of(request.user).select_related("parent"))
    wanted = request.GET.get("area", "")
    return communities, next((area for area in communities if area.code == wanted), communities[0] if len(communities) == 1 else None)


@desk_page
def plate(request, code):
    """One plate: how it hangs, what residents said, and the buttons to say what one sees."""
    try:
        found = get_plate_or_404(request.user, code)
    except Http404:
        return render(request, "helpdesk/desk/plate_missing.html", desk_context(request, here="plates"), status=404)
    if request.method == "POST":
        _mark(request, found)
        return redirect(_back(request, found))
    checks = list(found.checks.all()[:HISTORY])
    mine = checks and (checks[0].by, checks[0].on) == (staff_name(request.user)[:60], timezone.localdate())
    context = desk_context(
        request, here="plates", plate=found, checks=checks, undo=checks[0] if mine else None, kinds=CheckKind.choices, instead_of=found.predecessors.first(),
        reports=found.reports.filter(settled_on=None),
    )  # fmt: skip
    return render(request, "helpdesk/desk/plate.html", context)


def _mark(request, plate: Doorplate) -> None:
    kind, by = request.POST.get("kind", ""), staff_name(request.user)
    check = plate.checks.first()
    try:
        if kind == UNDO and check and str(check.pk) == request.POST.get("check"):
            undo_check(check=check, by=by)
            messages.success(request, "撤回了，跟没点过一样。")
        elif kind in CheckKind.values:
            record_check(plate=plate, kind=kind, by=by)
            messages.success(request, _done(plate, CheckKind(kind)))
        else:
            messages.warning(request, "没有记上，看看现在的样子，再点一次。")
    except NotPossible as refusal:
        messages.warning(request, str(refusal))


def _done(plate: Doorplate, kind: CheckKind):
    address = reverse("desk:plate", args=[plate.code])
    return format_html('记下了：{}，{}。<a href="{}">点错了，去撤回</a>', plate.place, kind.label, f"{address}#undo")


def _back(request, plate: Doorplate) -> str:
    """To the list the tap was made on, else to the plate."""
    if "list" not in request.POST:
        return reverse("desk:plate", args=[plate.code])
    area = request.POST["list"]
    return reverse("desk:plates") + (f"?{urlencode({'area': area})}" if area else "")


@supervisor_page
def entrances(request):
    """哪些入口还没有门牌: the counts of each community in order of their codes, or with ?area= the entrances of one."""
    communities, shown = _chosen(request)
    if shown and "area" in request.GET:
        rows = lacking(Building.objects.filter(community=shown))
        page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
        page.object_list = name_missing(page.object_list)
        context = desk_context(request, here="overview", shown=shown, page=page, keep=urlencode({"area": shown.code}))
        return render(request, "helpdesk/desk/entrances_of.html", context)
    page = Paginator(plate_communities_of(request.user).order_by("code"), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = count_entrances(page.object_list)
    return render(request, "helpdesk/desk/entrances.html", desk_context(request, here="overview", page=page, keep=""))
