"""总览: what a supervisor needs to see so that nothing waits past its promise. Only their areas, figures by area only."""

from functools import wraps

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from helpdesk import reports, transfer
from helpdesk.access import board_of, people_below
from helpdesk.actions import staff_name
from helpdesk.models import AuditAct, AuditEntry
from helpdesk.standings import with_standing
from helpdesk.views.bulk import show_hand_over
from helpdesk.views.queue import desk_context, desk_page
from menpai.roles import Role, has_role
from menpai.small_cells import SMALLEST
from menpai.spreadsheets import XLSX_TYPE

FIRST = 8  # of each list, on the overview itself
PAGE_SIZE = 25
LISTS = {
    "late": ("过了时间的", lambda user: reports.late(user, timezone.now())),
    "paused": ("等居民的", reports.paused),
    "reveals": ("谁看过完整电话", lambda user: reports.reveals(user, timezone.now())),
}


def supervisor_page(view):
    """A desk page for supervisors only."""

    @desk_page
    @wraps(view)
    def page(request, *args, **kwargs):
        if not has_role(request.user, Role.SUPERVISOR):
            return render(request, "helpdesk/desk/only_supervisors.html", desk_context(request), status=403)
        return view(request, *args, **kwargs)

    return page


@supervisor_page
def overview(request):
    board = board_of(request.user)
    lists = [_first(request.user, what) for what in LISTS]
    places = Paginator(reports.places(request.user, board), PAGE_SIZE).get_page(request.GET.get("page"))
    context = desk_context(
        request, here="overview", lists=lists, page=places, keep="", most=transfer.MOST, smallest=SMALLEST,
        away=[(board.names[user_id], user_id, board.why_away(user_id)) for user_id in _away_below(request.user, board)],
    )
    return render(request, "helpdesk/desk/overview.html", context)


def _first(user, what: str) -> dict:
    title, rows = LISTS[what]
    found = list(rows(user)[: FIRST + 1])
    shown = found[:FIRST] if what == "reveals" else with_standing(found[:FIRST])
    return {"what": what, "title": title, "rows": shown, "has_more": len(found) > FIRST}


def _away_below(user, board) -> list[int]:
    below = set(people_below(user).values_list("pk", flat=True))
    return [user_id for user_id in board.roster.posts_of if user_id in below and user_id in board.away_ids]


@supervisor_page
def listing(request, what):
    """One of the lists whole, a page at a time."""
    if what not in LISTS:
        raise Http404("没有这张单子。")
    title, rows = LISTS[what]
    page = Paginator(rows(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    if what != "reveals":
        page.object_list = with_standing(page.object_list)
    return render(request, "helpdesk/desk/overview_list.html", desk_context(request, here="overview", what=what, title=title, page=page, keep=""))


@supervisor_page
def hand_over(request):
    """First whose requests, then which and to whom."""
    chosen = request.GET.get("person", "")
    if not chosen:
        people = people_below(request.user)
        board = board_of(request.user)
        context = desk_context(request, here="overview", people=[(staff_name(user), user.pk, board.why_away(user.pk)) for user in people])
        return render(request, "helpdesk/desk/hand_over_whose.html", context)
    person = get_object_or_404(people_below(request.user), pk=chosen if chosen.isdecimal() else 0)
    return show_hand_over(request, person, here="overview", back="desk:overview")


@supervisor_page
def export(request):
    """The open and recent requests as a workbook. By POST only, because it leaves an entry behind."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    rows = reports.recent(request.user, timezone.now())[: transfer.MOST]
    data, count = transfer.write_requests(rows.iterator(chunk_size=500))
    AuditEntry.objects.create(by=request.user, by_name=staff_name(request.user)[:60], act=AuditAct.EXPORT, detail=f"诉求清单，{count}行")
    response = HttpResponse(data, content_type=XLSX_TYPE)
    response["Content-Disposition"] = f'attachment; filename="requests-{timezone.localdate():%Y%m%d}.xlsx"'
    return response
