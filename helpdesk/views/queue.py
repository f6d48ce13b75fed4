"""The desk: a village's queue and one request at a time. Rows come from access.py, changes go through actions.py, no cache keeps a page."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Q, Value, When
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.reading import Reading
from helpdesk import actions, wishes
from helpdesk.access import acts_for, desk_required, get_request_or_404, postings_of, visible_requests
from helpdesk.forms_desk import ActForm, FindForm, LogForm
from helpdesk.models import OPEN_STATES, HelpRequest, ReplyTemplate, Sender, State, is_reference, normalise_reference
from helpdesk.pages import hotline_fact
from helpdesk.unread import is_a_look, reads_nothing_online, unread_from, with_unread
from helpdesk.views import live, templated
from helpdesk.views.acts import ACTS

PAGE_SIZE = 50
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
            typed = "\n".join(filter(None, (request.POST.get(name, "") for name in ("heard", "text"))))
            return render(request, "helpdesk/desk/missing.html", desk_context(request, typed=typed), status=404)

    return page


def desk_context(request, **extra) -> dict:
    """What templates/desk.html needs for its header on every page of a desk user."""
    return {"postings": postings_of(request.user), "here": "", **extra}


@desk_page
def queue(request):
    if "number" in request.GET:
        return _find(request)
    here = "closed" if request.GET.get("show") == "closed" else "queue"
    page = _page_of(request.user, request.GET.get("page"), here)
    context = desk_context(request, here=here, page=page, find=FindForm(label_suffix=""), keep=f"show={here}")
    if here == "queue":
        context["live"] = live.queue_part(page)
    return render(request, f"helpdesk/desk/{here}.html", context)


def _page_of(user, number, here: str):
    """One page of the rows of the queue, or of what is closed, as a card shows them: whole in a constant number of queries."""
    rows = visible_requests(user).select_related("guide", "wish", "area", "queue", "owner", "doorplate__building")
    if here == "closed":
        rows = rows.filter(state__in=(State.CLOSED, State.CANCELLED)).order_by("-closed_at", "-id")
    else:
        rows = _by_hand(rows, user)
    return Paginator(rows, PAGE_SIZE).get_page(number)


@live.live_part
@desk_page
def queue_live(request):
    """The cards of the queue for a page that is open, when something changed since `stamp`; else 204."""
    page = _page_of(request.user, request.GET.get("page"), "queue")
    part = live.queue_part(page)
    if part["stamp"] == request.GET.get("stamp"):
        return HttpResponse(status=204)
    return render(request, "helpdesk/desk/_cards.html", desk_context(request, page=page, live=part))


def _by_hand(rows, user):
    """Own work first, then what waits, then whom to tell of a new guide, then what colleagues do; within each the oldest promise first.

    `untold` marks whose wished-for guide is ready; for `unread` and `last_word` see helpdesk.unread.
    """
    rows = with_unread(rows).annotate(untold=Case(When(wishes.untold(), then=Value(True)), default=Value(False)))
    rows = rows.filter(Q(state__in=OPEN_STATES) | Q(state=State.CLOSED, wish__isnull=False, untold=True))
    return rows.annotate(
        hand=Case(When(state=State.CLOSED, then=Value(TELL)), When(owner=user, then=Value(MINE)), When(state=State.WAITING, then=Value(WAITING)), default=Value(COLLEAGUES)),
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
    stored = get_request_or_404(request.user, reference)
    template = templated.chosen(request.GET)
    if template and "message" in acts_for(request.user, stored):
        return _show(request, stored, act="message", draft={"text": templated.filled(template, stored, request.user)})
    return _show(request, stored)


def _show(request, stored: HelpRequest, *, refused: ActForm | None = None, act: str = "", draft: dict | None = None, phone: str = "", status: int = 200):
    """One request with the acts that are possible now. A refused form stays on the page with what was typed, whatever became of the request;
    so does the `draft` of a form that is not sent yet."""
    part = live.request_part(stored)  # before anything else is read: what comes in meanwhile is then news
    may = acts_for(request.user, stored) | ({act} if act else set())
    forms = {name: ACTS[name].form(act=name, stored=stored, user=request.user) for name in may}
    if refused is not None:
        forms[act] = refused
    elif draft:
        forms[act].initial |= draft
    context = _parts_of(request, stored) | {
        "forms": forms,  # an act without a form here is not offered
        "refused": refused,
        "refused_act": act,
        "has_draft": bool(draft),
        "phone": phone,
        "papers": list(stored.papers.all()),
        "reply_templates": list(ReplyTemplate.objects.all()) if may.intersection(templated.ACTS) else [],
        "guides_hotline": hotline_fact(stored.guide) if "close" in may else None,
        "live": part,
    }
    _has_read(request, stored, context["conversation"])
    return render(request, "helpdesk/desk/detail.html", desk_context(request, **context), status=status)


def _parts_of(request, stored: HelpRequest) -> dict:
    """What a request's page reads of it: the same when it is opened, and when its parts are drawn anew."""
    thread = list(stored.messages.select_related("by"))
    conversation = [message for message in thread if message.sender != Sender.NOTE]
    return {
        "stored": stored,
        "conversation": conversation,
        "notes": [message for message in thread if message.sender == Sender.NOTE],
        "events": list(stored.events.all()),
        "is_offline": reads_nothing_online(stored, conversation),
    }


def _has_read(request, stored: HelpRequest, conversation: list) -> None:
    """Its owner has the page before them now. A supervisor's or a colleague's look marks nothing."""
    if stored.owner_id == request.user.pk and is_a_look(request) and unread_from(Sender.RESIDENT, conversation):
        actions.mark_read(request=stored, sender=Sender.RESIDENT, up_to=conversation[-1].pk)


@live.live_part
@desk_page
def detail_live(request, reference):
    """The parts of a request's page without fields, when something changed since `stamp`; else 204. `since` is the last event the page knew."""
    try:
        stored = get_request_or_404(request.user, reference)
    except Http404:
        return render(request, "helpdesk/desk/_live_gone.html")
    part = live.request_part(stored)
    if part["stamp"] == request.GET.get("stamp"):
        return HttpResponse(status=204)
    since = request.GET.get("since", "")
    context = _parts_of(request, stored)
    context |= {
        "forms": {name: ACTS[name].form(act=name, stored=stored, user=request.user) for name in acts_for(request.user, stored)},
        "phone": "",
        "is_calling": "calling" in request.GET,  # the number stands on the page: it stays there
        "live": part | {"since": int(since) if since.isdecimal() and len(since) < 20 else part["since"]},
    }
    context["changes"] = live.changes(context["events"], context["live"]["since"])
    return render(request, "helpdesk/desk/_live.html", context)


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
    if act in templated.ACTS and templated.CHOICE in request.POST:  # the chooser is a button of the same form: nothing is sent, nothing is lost
        template = templated.chosen(request.POST)
        draft = templated.typed_and(request.POST, templated.filled(template, stored, request.user) if template else "")
        return _show(request, stored, act=act, draft=draft)
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
    messages.success(request, chosen.done)
    return redirect("desk:queue") if chosen.leaves else redirect("desk:detail", stored.reference)
