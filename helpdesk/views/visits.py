"""A helper's appointments of one day as a route to print, and the calendar files of both sides."""

from datetime import date, timedelta

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from guides.viewpoint import resident
from helpdesk import invitation, visits
from helpdesk.access import get_request_or_404, visible_requests
from helpdesk.models import HelpRequest, PaperState, Visit, VisitState, normalise_reference
from helpdesk.views.follow import may_follow
from helpdesk.views.queue import desk_context, desk_page


@desk_page
def day(request):
    """?day=2026-11-30 shows another day. Only one's own: a colleague's codes are none of one's business."""
    shown = _day(request.GET.get("day", ""))
    own = Visit.objects.filter(helper=request.user, state=VisitState.PLANNED, request__in=visible_requests(request.user))
    rows = own.filter(at__date=shown).select_related("request__guide", "request__wish", "request__area", "request__doorplate__building")
    stops = [_stop(visit, request.user) for visit in rows.prefetch_related("request__papers").order_by("at", "id")]
    later = own.filter(at__date__gt=shown).order_by("at").values_list("at", flat=True).first()
    context = desk_context(
        request, here="visits", shown=shown, is_today=shown == timezone.localdate(), stops=stops,
        before=shown - timedelta(days=1), after=shown + timedelta(days=1), next_day=timezone.localdate(later) if later else None,
    )  # fmt: skip
    return render(request, "helpdesk/desk/visits.html", context)


def _day(typed: str) -> date:
    """The day of the address, today for what is no day or lies outside of what one could have agreed on."""
    today = timezone.localdate()
    try:
        asked = date.fromisoformat(typed)
    except ValueError:
        return today
    return asked if abs(asked - today) <= timedelta(days=366) else today


def _stop(visit: Visit, user) -> dict:
    papers = [paper for paper in visit.request.papers.all() if paper.state != PaperState.OK]
    return {"visit": visit, "stored": visit.request, "where": visits.where_of(visit), "code": visits.spaced(visits.code_for(visit, user)), "papers": papers}


@desk_page
def calendar_of_desk(request, reference):
    stored = get_request_or_404(request.user, reference)
    return _file(stored, address=settings.SITE_URL + reverse("desk:detail", args=[stored.reference]), for_staff=True)


@never_cache
@resident
def calendar_of_resident(request, reference):
    reference = normalise_reference(reference)
    if not may_follow(request, reference):
        return redirect(request.viewpoint.mode("help:follow", reference or "0"))
    stored = HelpRequest.objects.get(reference=reference)
    return _file(stored, address=settings.SITE_URL + request.viewpoint.mode("help:follow", reference), for_staff=False)


def _file(stored: HelpRequest, *, address: str, for_staff: bool) -> HttpResponse:
    visit = invitation.newest_visit(stored)
    if visit is None:
        raise Http404("没有约好的时间。")
    body = invitation.calendar_file(visit, now=timezone.now(), address=address, for_staff=for_staff)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{stored.reference}.ics"'
    return response
