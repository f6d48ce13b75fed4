"""Handing over in bulk: the one page for one's own requests and for those of somebody below."""

from django.contrib import messages
from django.shortcuts import redirect, render

from helpdesk import actions
from helpdesk.access import board_of, colleagues_of_all, visible_requests
from helpdesk.forms_roster import BulkHandOverForm
from helpdesk.models import OPEN_STATES
from helpdesk.standings import with_standing
from helpdesk.views.queue import desk_context

MOST = 100  # at a time; the page says when there are more


def show_hand_over(request, person, *, here: str, back: str):
    """The open requests of `person` that the desk user sees, each with a tick; POST hands over what is ticked and says what was left."""
    rows = visible_requests(request.user).filter(owner=person, state__in=OPEN_STATES).select_related("guide", "wish", "area")
    listed = list(rows.oldest_promise_first()[: MOST + 1])
    colleagues = colleagues_of_all(listed[:MOST], person)
    form = BulkHandOverForm(request.POST if request.method == "POST" else None, rows=rows, colleagues=colleagues, board=board_of(request.user))
    if request.method == "POST":
        # What is no longer there in this person's hands is not a mistake of the form: the rest goes, and this is reported.
        ticked = request.POST.getlist("which")
        chosen = [row for row in listed[:MOST] if row.reference in ticked]
        if not ticked:
            form.add_error("which", "勾上要转的诉求。")
        elif not form.errors.keys() & {"to", "reason"}:
            return _handed_over(request, form, person, chosen, gone=len(ticked) - len(chosen), back=back)
    context = desk_context(
        request, here=here, back=back, person=person, form=form, rows=with_standing(listed[:MOST]), has_more=len(listed) > MOST, most=MOST,
        ticked=request.POST.getlist("which") if request.method == "POST" else [row.reference for row in listed],
        why_away=board_of(request.user).why_away(person.pk),
    )
    return render(request, "helpdesk/desk/hand_over_all.html", context)


def _handed_over(request, form: BulkHandOverForm, person, chosen: list, *, gone: int, back: str):
    to = form.cleaned_data["to"]
    moved, left = actions.hand_over_all(by=request.user, person=person, requests=chosen, to=to, reason=form.cleaned_data["reason"])
    if moved:
        messages.success(request, f"转好了{len(moved)}件，{actions.staff_name(to.user)}那里能看到。")
    if left:
        numbers = "、".join(row.spoken_reference for row in left)
        messages.warning(request, f"这些没转：{numbers}。有的刚刚变了，有的不归{actions.staff_name(to.user)}那里管，一件一件看。")
    if gone:
        messages.warning(request, f"有{gone}件已经不在{actions.staff_name(person)}手上了，没有动。")
    return redirect(back)
