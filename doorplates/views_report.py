"""“这块门牌有问题”: said by one tap, without typing. A page of its own, so that the plate's page needs no form and sets no cookie for one."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from doorplates import actions, codes
from doorplates.access import find_plate
from doorplates.models import Doorplate, PlateState, ReportKind
from guides.viewpoint import Viewpoint, resident
from guides.views import page_context
from menpai import throttle

A_DAY = 24 * 60
TOO_MANY = "这会儿点得太勤了，过一会儿再来。着急的话请直接打 12345。"


@never_cache
@resident
def report(request, code):
    found = find_plate(code)
    if found is None:
        context = page_context(request, request.viewpoint, typed=code, is_mistyped=not codes.is_valid(codes.normalise(code)))
        return render(request, "doorplates/unknown.html", context, status=404)
    if found.state != PlateState.ACTIVE:
        return _ended(request, found)
    kind = request.POST.get("kind", "")
    if request.method != "POST":
        return show_report(request, found)
    if kind not in ReportKind.values:
        return show_report(request, found, problem="没有收到您点的是哪一样，请再点一次。")
    if not throttle.allow("plate-report", throttle.client_address(request), limit=20, minutes=60):
        return show_report(request, found, problem=TOO_MANY)
    return _said(request, found, ReportKind(kind))


def show_report(request, plate: Doorplate, *, problem: str = "", status: int = 200) -> HttpResponse:
    """The three buttons, or with ?said= the thanks and what comes next."""
    said = request.GET.get("said", "")
    context = page_context(
        request, _from_here(request, plate), plate=plate, kinds=ReportKind.choices, problem=problem, said=said if said in ReportKind.values else "",
        is_safe=settings.SITE_URL.startswith("https://"),
    )  # fmt: skip
    return render(request, "doorplates/report.html", context, status=status)


def _from_here(request, plate: Doorplate) -> Viewpoint:
    return Viewpoint(plate.building.community, request.viewpoint.elder)


def _said(request, plate: Doorplate, kind: ReportKind) -> HttpResponse:
    """Count it, once a day from one address for this plate and kind, and thank in either case."""
    is_first = throttle.allow(f"plate-report:{plate.pk}:{kind}", throttle.client_address(request), limit=1, minutes=A_DAY)
    try:
        if is_first:
            actions.report_plate(plate=plate, kind=kind)
    except actions.NotPossible:  # it ended between the look and the tap
        return _ended(request, find_plate(plate.code))
    return redirect(f"{request.viewpoint.mode('doorplates:report', plate.code)}?said={kind}")


def _ended(request, plate: Doorplate) -> HttpResponse:
    return render(request, "doorplates/ended.html", page_context(request, _from_here(request, plate), plate=plate, staff_page=""), status=410)
