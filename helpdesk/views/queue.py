"""The desk: a village's queue and one request at a time. Rows come from access.py, changes go through actions.py, no cache keeps a page."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.reading import Reading
from helpdesk import actions, wishes
from helpdesk.access import acts_for, desk_required, get_request_or_404, postings_of, visible_requests
from helpdesk.forms_desk import ActForm, FindForm, LogForm
from helpdesk.held import held_for
from helpdesk.models import OPEN_STATES, HelpRequest, Message, Sender, State, is_reference, normalise_reference
from helpdesk.views.acts import ACTS

PAGE_SIZE = 25
MINE, WAITING, TELL, COLLEAGUES = 0, 1, 2, 3  # TELL: closed, but the guide that was wished for is there now


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
    return {"postings": postings_of(request.user), "here": "", **extra}


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
    here = "closed" if show_closed else "queue"
    template = "helpdesk/desk/closed.html" if show_closed else "helpdesk/desk/queue.html"
    return render(request, template, desk_context(request, here=here, page=page, find=FindForm(label_suffix=""), keep=f"show={here}"))


def _by_hand(rows, user):
    """Own work first, then what waits, then whom to tell of a new guide, then what colleagues do; within each the oldest promise first.

    `last_word` tells an unanswered resident; what the system wrote by itself answers nobody. `untold` marks whose wished-for guide is ready.
    """
    words = Message.objects.filter(request=OuterRef("pk")).exclude(sender=Sender.NOTE).exclude(sender=Sender.STAFF, by=None).order_by("-id")
    rows = rows.annotate(untold=Case(When(wishes.untold(), then=Value(True)), default=Value(False)))
    rows = rows.filter(Q(state__in=OPEN_STATES) | Q(state=State.CLOSED, wish__isnull=False, untold=True))
    return rows.annotate(
        hand=Case(When(state=State.CLOSED, then=Value(TELL)), When(owner=user, then=Value(MINE)), When(state=State.WAITING, then=Value(WAITING)), default=Value(COLLEAGUES)),
        last_word=Subquery(words.values("sender")[:1]),
    ).order_by("hand", "promised_at", "id")


def _find(request):
    number = normalise_reference(request.GET["number"])
    if is_reference(number):
        return redirect("desk:detail", number)
    messages.warning(request, "编号不对，是9个数字。请居民再念一遍。")
    return redirect("desk:queue")


@desk_page
def log(request):
    """Write down a walk-in or a call. The number is for the person to take home."""
    form = LogForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        stored = actions.submit(_submission(form.cleaned_data), by=request.user)
        messages.success(request, f"记下了。编号 {stored.spoken_reference}，念给他听；交给了{stored.queue.short_name}{'的项目管家' if stored.for_steward else ''}。")
        visible = visible_requests(request.user).filter(pk=stored.pk).exists()
        return redirect("desk:detail", stored.reference) if visible else redirect("desk:queue")
    return render(request, "helpdesk/desk/log.html", desk_context(request, here="log", form=form))


def _submission(data: dict) -> actions.Submission:
    kept = {key: data[key] for key in ("submission_key", "kind", "area", "name", "phone", "guide", "note", "channel")}
    reading = Reading(data["guide"], {}) if data["guide"] else None
    return actions.Submission(**kept, papers=reading.checklist() if reading else (), case=reading.query if reading else "")


@desk_page
def detail(request, reference):
    return _show(request, get_request_or_404(request.user, reference))


def _show(request, stored: HelpRequest, *, refused: ActForm | None = None, act: str = "", phone: str = "", status: int = 200):
    """One request with the acts that are possible now. A refused form stays on the page with what was typed, whatever became of the request."""
    may = acts_for(request.user, stored) | ({act} if refused else set())
    forms = {name: ACTS[name].form(act=name, stored=stored, user=request.user) for name in may}
    if refused is not None:
        forms[act] = refused
    thread = list(stored.messages.select_related("by"))
    context = desk_context(
        request,
        stored=stored,
        forms=forms,  # an act without a form here is not offered
        refused=refused,
        refused_act=act if refused else "",
        phone=phone,
        papers=list(stored.papers.all()),
        conversation=[message for message in thread if message.sender != Sender.NOTE],
        notes=[message for message in thread if message.sender == Sender.NOTE],
        events=list(stored.events.all()),
    )
    return render(request, "helpdesk/desk/detail.html", context, status=status)


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
    if act == "take":
        return render(request, "helpdesk/desk/held.html", desk_context(request, stored=stored, **held_for(stored, form.cleaned_data["asked"])))
    messages.success(request, chosen.done)
    return redirect("desk:queue") if chosen.leaves else redirect("desk:detail", stored.reference)
