"""排班: who is there in the next two weeks, and one's own days off."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from guides.models import Area
from helpdesk import actions
from helpdesk.access import absences_seen_by, board_of, communities_of
from helpdesk.coverage import Board
from helpdesk.forms_roster import AbsenceForm
from helpdesk.models import OPEN_STATES, HelpRequest
from helpdesk.views.bulk import show_hand_over
from helpdesk.views.queue import desk_context, desk_page

DAYS = 14
PAGE_SIZE = 25


@desk_page
def roster(request):
    form = AbsenceForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid() and _entered(request, form):
        return redirect("desk:roster")
    communities = list(communities_of(request.user).select_related("parent"))
    shown = next((area for area in communities if area.code == request.GET.get("area")), communities[0] if communities else None)
    absences = Paginator(absences_seen_by(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = desk_context(
        request,
        here="roster",
        form=form,
        communities=communities,
        shown=shown,
        days=days_of(board_of(request.user), shown) if shown else [],
        page=absences,
        keep=f"area={shown.code}" if shown else "area=",
        today=timezone.localdate(),
        in_hand=in_hand_of(request.user) if any(row.user_id == request.user.pk for row in absences) else 0,
    )
    return render(request, "helpdesk/desk/roster.html", context)


def _entered(request, form: AbsenceForm) -> bool:
    data, person = form.cleaned_data, form.person
    try:
        actions.enter_absence(
            by=request.user, user=person, starts_on=data["starts_on"], ends_on=data["ends_on"], part=data["part"], kind=data["kind"]
        )
    except actions.NotPossible as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, "记下了。您不在的时候，诉求由在岗的同事接。" if person == request.user else f"记下了，{actions.staff_name(person)}这几天不排班。")
    if in_hand := in_hand_of(person):
        mine = person == request.user
        address = reverse("desk:roster-hand-over") if mine else f"{reverse('desk:overview-hand-over')}?person={person.pk}"
        whose = "您" if mine else actions.staff_name(person)
        messages.warning(request, format_html('{}手上还有{}件没办完。<a href="{}">现在转给同事</a>', whose, in_hand, address))
    return True


def in_hand_of(user) -> int:
    return HelpRequest.objects.filter(owner=user, state__in=OPEN_STATES).count()


def days_of(board: Board, area: Area) -> list[dict]:
    """One row a working day: the day, and in words who is there in the morning and in the afternoon."""
    days: dict = {}
    for half in board.half_days_of(area.code, days=DAYS):
        days.setdefault(half.day, {"day": half.day, "morning": None, "afternoon": None})[half.part] = board.on_duty_words(area.code, half)
    return list(days.values())


@desk_page
def end(request, key):
    """Back earlier, or not going at all."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    absence = get_object_or_404(absences_seen_by(request.user), pk=key)
    try:
        actions.end_absence(by=request.user, absence=absence)
        messages.success(request, "改好了。")
    except actions.NotPossible as refusal:
        messages.warning(request, str(refusal))
    return redirect("desk:roster")


@desk_page
def hand_over(request):
    """What one has in hand oneself, to a colleague, before going."""
    return show_hand_over(request, request.user, here="roster", back="desk:roster")
