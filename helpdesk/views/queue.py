"""The desk's queue, and writing down a walk-in. Rows come from access.py, changes go through actions.py, no cache keeps a page."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.reading import Reading
from helpdesk import actions, wishes
from helpdesk.access import board_of, covers, desk_required, owner_away, postings_of, visible_requests
from helpdesk.attachments import unjudged_photos
from helpdesk.changes import is_flagged
from helpdesk.forms_desk import FindForm, LogForm
from helpdesk.models import OPEN_STATES, Escalation, HelpRequest, State, is_reference, normalise_reference
from helpdesk.standings import with_standing
from helpdesk.unread import with_unread
from helpdesk.views import live
from helpdesk.views.acts import ACTS
from menpai.roles import Role, has_role

PAGE_SIZE = 50
# FIRST: complaints and call-backs, which only supervisors see. LATE: overdue, for its supervisor. TELL: closed, but the guide that was wished for is
# there now. AWAY: in the hands of somebody who is not there: shown after what waits.
FIRST, LATE, MINE, WAITING, TELL, COLLEAGUES, AWAY = -2, -1, 0, 1, 2, 3, 4


def desk_page(view):
    """A page of the desk: for desk users only, never kept by a cache, and with refusals that look like the desk."""
    guarded = desk_required(view)

    @never_cache
    @wraps(view)
    def page(request, *args, **kwargs):
        try:
            return guarded(request, *args, **kwargs)
        except PermissionDenied:
            return render(request, "403.html", status=403)
        except Http404:
            # What was typed for a request that has moved on meanwhile is not lost either.
            typed = "\n".join(filter(None, (request.POST.get(name, "") for name in ("heard", "text"))))
            return render(request, "helpdesk/desk/missing.html", desk_context(request, typed=typed), status=404)

    return page


def desk_context(request, **extra) -> dict:
    """What templates/desk.html needs for its header on every page of a desk user."""
    return {"postings": postings_of(request.user), "here": "", "is_supervisor": has_role(request.user, Role.SUPERVISOR), **extra}


@desk_page
def queue(request):
    if "number" in request.GET:
        return _find(request)
    here = "closed" if request.GET.get("show") == "closed" else "queue"
    page = _page_of(request.user, request.GET.get("page"), here)
    context = desk_context(request, here=here, find=FindForm(label_suffix=""), keep=f"show={here}")
    if here == "queue":
        context |= _cards(request.user, page)
    return render(request, f"helpdesk/desk/{here}.html", context | {"page": page})


def _page_of(user, number, here: str):
    """One page of the rows of the queue, or of what is closed, as a card shows them: whole in a constant number of queries."""
    rows = visible_requests(user).select_related("guide", "wish", "area", "queue", "owner", "doorplate__building")
    if here == "closed":
        rows = rows.filter(state__in=(State.CLOSED, State.CANCELLED)).order_by("-closed_at", "-id")
    else:
        rows = _by_hand(rows, user)
    return Paginator(rows, PAGE_SIZE).get_page(number)


def _cards(user, page, part: dict | None = None) -> dict:
    """What the cards of the queue show besides their rows: how each promise stands, and for whom one steps in."""
    part = part or live.queue_part(page)  # before the rows are read: what comes in meanwhile is then news
    page.object_list = with_standing(page.object_list)
    for row in page.object_list:
        row.cover = board_of(user).cover_words(row) if covers(user, row) else ""
    return {"page": page, "live": part, "may_take_next": not has_role(user, Role.SUPERVISOR)}


@live.live_part
@desk_page
def queue_live(request):
    """The cards of the queue for a page that is open, when something changed since `stamp`; else 204."""
    page = _page_of(request.user, request.GET.get("page"), "queue")
    part = live.queue_part(page)
    if part["stamp"] == request.GET.get("stamp"):
        return HttpResponse(status=204)
    return render(request, "helpdesk/desk/_cards.html", desk_context(request, **_cards(request.user, page, part)))


def _by_hand(rows, user):
    """Complaints and call-backs, then what is overdue, for a supervisor; then own work, what waits, what absent colleagues hold, whom to tell of a new
    guide, what colleagues do; within each the oldest promise first, paused ones last.

    `untold` marks whose wished-for guide is ready; for `unread` and `last_word` see helpdesk.unread.
    """
    rows = with_unread(rows).annotate(untold=Case(When(wishes.untold(), then=Value(True)), default=Value(False)), guide_changed=is_flagged())
    rows = rows.filter(Q(state__in=OPEN_STATES) | Q(state=State.CLOSED, wish__isnull=False, untold=True))
    late = [When(escalation__gt=Escalation.NONE, state__in=OPEN_STATES, then=Value(LATE))] if has_role(user, Role.SUPERVISOR) else []
    return rows.annotate(
        is_paused=Case(When(paused_at__isnull=False, then=Value(True)), default=Value(False)),
        hand=Case(
            When(for_supervisor=True, then=Value(FIRST)), *late, When(state=State.CLOSED, then=Value(TELL)), When(owner=user, then=Value(MINE)),
            When(state=State.WAITING, then=Value(WAITING)), When(owner_away(user), then=Value(AWAY)), default=Value(COLLEAGUES),
        ),
        new_photo=Exists(unjudged_photos(OuterRef("pk"))),
    ).order_by(Case(When(hand=AWAY, then=Value(WAITING)), default=F("hand")), "hand", "is_paused", "promised_at", "id")


def _find(request):
    number = normalise_reference(request.GET["number"])
    if is_reference(number):
        return redirect("desk:detail", number)
    messages.warning(request, "编号不对，是9个数字。请居民再念一遍。")
    return redirect("desk:queue")


@desk_page
def claim_next(request):
    """领下一个: whichever waits longest in one's own queues, without looking through the list."""
    try:
        stored = actions.claim_next(by=request.user) if request.method == "POST" else None
    except actions.NotPossible as refusal:  # the account is being switched off at this moment
        messages.warning(request, str(refusal))
        return redirect("desk:queue")
    if stored is None:
        if request.method == "POST":
            messages.success(request, "没有等人接的了。")
        return redirect("desk:queue")
    messages.success(request, ACTS["claim"].done)
    return redirect("desk:detail", stored.reference)


@desk_page
def log(request):
    """Write down a walk-in or a call. The number is for the person to take home."""
    form = LogForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid() and (stored := _logged(request, form)):
        messages.success(request, f"记下了。编号 {stored.spoken_reference}，念给他听；交给了{stored.queue.short_name}{'的项目管家' if stored.for_steward else ''}。")
        visible = visible_requests(request.user).filter(pk=stored.pk).exists()
        return redirect("desk:detail", stored.reference) if visible else redirect("desk:queue")
    return render(request, "helpdesk/desk/log.html", desk_context(request, here="log", form=form))


def _logged(request, form: LogForm) -> HelpRequest | None:
    try:
        return actions.submit(_submission(form.cleaned_data), by=request.user)
    except actions.NotPossible as refusal:  # the guide changed between the look and the sending
        form.add_error("kind", str(refusal))
        return None


def _submission(data: dict) -> actions.Submission:
    kept = {key: data[key] for key in ("submission_key", "kind", "area", "name", "phone", "guide", "note", "channel")}
    reading = Reading(data["guide"], {}) if data["guide"] else None
    return actions.Submission(**kept, papers=reading.checklist() if reading else (), case=reading.query if reading else "")
