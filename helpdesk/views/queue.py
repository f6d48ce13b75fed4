"""The desk: a village's queue and one request at a time. Rows come from access.py, changes go through actions.py, no cache keeps a page."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from guides.reading import Reading
from guides.workdays import calendar_for
from helpdesk import actions, sla, wishes
from helpdesk.access import (
    acts_for,
    board_of,
    covers,
    desk_required,
    get_request_or_404,
    may_open_files,
    owner_away,
    owner_away_words,
    postings_of,
    trail_for,
    visible_requests,
)
from helpdesk.attachments import unjudged_photos
from helpdesk.changes import difference_for, is_flagged
from helpdesk.duplicates import differences, similar_to
from helpdesk.forms_desk import ActForm, FindForm, LogForm
from helpdesk.models import OPEN_STATES, Escalation, HelpRequest, Message, Sender, State, is_reference, normalise_reference
from helpdesk.standings import with_standing
from helpdesk.views.acts import ACTS
from helpdesk.views.beside import for_and_with
from menpai.roles import Role, has_role

PAGE_SIZE = 25
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
            typed = request.POST.get("text", "")
            return render(request, "helpdesk/desk/missing.html", desk_context(request, typed=typed), status=404)

    return page


def desk_context(request, **extra) -> dict:
    """What templates/desk.html needs for its header on every page of a desk user."""
    return {"postings": postings_of(request.user), "here": "", "is_supervisor": has_role(request.user, Role.SUPERVISOR), **extra}


@desk_page
def queue(request):
    if "number" in request.GET:
        return _find(request)
    rows = visible_requests(request.user).select_related("guide", "wish", "area", "queue", "owner", "doorplate__building")
    show_closed = request.GET.get("show") == "closed"
    if show_closed:
        rows = rows.filter(state__in=(State.CLOSED, State.CANCELLED)).order_by("-closed_at", "-id")
    else:
        rows = _by_hand(rows, request.user)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = with_standing(page.object_list)
    for row in page.object_list:
        row.cover = board_of(request.user).cover_words(row) if covers(request.user, row) else ""
    here, may_take_next = "closed" if show_closed else "queue", not has_role(request.user, Role.SUPERVISOR)
    template = "helpdesk/desk/closed.html" if show_closed else "helpdesk/desk/queue.html"
    return render(request, template, desk_context(request, here=here, page=page, find=FindForm(label_suffix=""), keep=f"show={here}", may_take_next=may_take_next))


def _by_hand(rows, user):
    """Complaints and call-backs, then what is overdue, for a supervisor; then own work, what waits, what absent colleagues hold, whom to tell of a new
    guide, what colleagues do; within each the oldest promise first, paused ones last.

    `last_word` tells an unanswered resident; what the system wrote by itself answers nobody. `untold` marks whose wished-for guide is ready.
    """
    words = Message.objects.filter(request=OuterRef("pk")).exclude(sender=Sender.NOTE).exclude(sender=Sender.STAFF, by=None).order_by("-id")
    rows = rows.annotate(untold=Case(When(wishes.untold(), then=Value(True)), default=Value(False)), guide_changed=is_flagged())
    rows = rows.filter(Q(state__in=OPEN_STATES) | Q(state=State.CLOSED, wish__isnull=False, untold=True))
    late = [When(escalation__gt=Escalation.NONE, state__in=OPEN_STATES, then=Value(LATE))] if has_role(user, Role.SUPERVISOR) else []
    return rows.annotate(
        is_paused=Case(When(paused_at__isnull=False, then=Value(True)), default=Value(False)),
        hand=Case(
            When(for_supervisor=True, then=Value(FIRST)), *late, When(state=State.CLOSED, then=Value(TELL)), When(owner=user, then=Value(MINE)),
            When(state=State.WAITING, then=Value(WAITING)), When(owner_away(user), then=Value(AWAY)), default=Value(COLLEAGUES),
        ),
        last_word=Subquery(words.values("sender")[:1]),
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
    stored = actions.claim_next(by=request.user) if request.method == "POST" else None
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


@desk_page
def detail(request, reference):
    return _show(request, get_request_or_404(request.user, reference))


def _show(request, stored: HelpRequest, *, refused: ActForm | None = None, act: str = "", phone: str = "", principal_phone: str = "", status: int = 200):
    """One request with the acts that are possible now. A refused form stays on the page with what was typed, whatever became of the request."""
    may = acts_for(request.user, stored) | ({act} if refused else set())
    forms = {name: ACTS[name].form(act=name, stored=stored, user=request.user) for name in may}
    if refused is not None:
        forms[act] = refused
    thread = list(stored.messages.select_related("by"))
    context = desk_context(
        request,
        stored=stored,
        **_promise_and_duplicates(request.user, stored),
        forms=forms,  # an act without a form here is not offered
        refused=refused,
        refused_act=act if refused else "",
        phone=phone,
        **for_and_with(stored, request.user, phone=principal_phone),
        papers=list(stored.papers.prefetch_related("attachments")),
        other_photos=list(stored.attachments.filter(paper=None, deleted_at=None)),
        may_open_files=may_open_files(request.user, stored),
        cover=board_of(request.user).cover_words(stored) if covers(request.user, stored) else "",
        owner_away=owner_away_words(request.user, stored) if "take_over" in forms else "",
        conversation=[message for message in thread if message.sender != Sender.NOTE],
        notes=[message for message in thread if message.sender == Sender.NOTE],
        events=trail_for(request.user, stored),
        difference=difference_for(stored),
        afterwards=list(visible_requests(request.user).filter(about=stored)),
    )
    return render(request, "helpdesk/desk/detail.html", context, status=status)


def _promise_and_duplicates(user, stored: HelpRequest) -> dict:
    """How the promise stands, and which requests may be, are or were the same matter, of those the user may see."""
    now, visible = timezone.now(), visible_requests(user)
    similar = similar_to(stored, visible).select_related("wish", "area", "doorplate__building", "owner")
    return {
        "promise": sla.standing(stored, now, calendar=calendar_for(stored.area, since=timezone.localdate(now))) if stored.is_open else None,
        "similar": [(other, differences(stored, other)) for other in similar],
        "joined": visible.filter(merged_into=stored),
        "went_into": visible.filter(pk=stored.merged_into_id).first(),
    }


@desk_page
def act(request, reference, act):
    """One act on one request: its form, its verb, and where to go on."""
    chosen = ACTS.get(act)
    if chosen is None:
        raise Http404("没有这个操作。")
    stored = get_request_or_404(request.user, reference)
    if request.method != "POST":
        response = render(request, "helpdesk/desk/go_back.html", desk_context(request, stored=stored), status=405)
        response["Allow"] = "POST"
        return response
    form = chosen.form(request.POST, act=act, stored=stored, user=request.user)
    if not form.is_valid():
        return _show(request, stored, refused=form, act=act)
    try:
        answer = chosen.verb(stored, request.user, form.cleaned_data)
    except actions.NotPossible as refusal:
        if not form.fields:
            messages.warning(request, str(refusal))
            return redirect("desk:queue")
        form.add_error(None, str(refusal))
        return _show(request, get_request_or_404(request.user, reference), refused=form, act=act)
    if act == "reveal":
        return _show(request, stored, phone=answer)
    if act == "reveal_principal":
        return _show(request, stored, principal_phone=answer)
    messages.success(request, chosen.done)
    return redirect("desk:queue") if chosen.leaves else redirect("desk:detail", stored.reference)
