"""One request on the desk: its page, its acts, and what of it is drawn anew while the page is open."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from guides.workdays import calendar_for
from helpdesk import actions, sla
from helpdesk.access import acts_for, board_of, covers, get_request_or_404, may_open_files, owner_away_words, trail_for, visible_requests
from helpdesk.changes import difference_for
from helpdesk.duplicates import differences, similar_to
from helpdesk.forms_desk import ActForm
from helpdesk.held import held_for
from helpdesk.models import HelpRequest, ReplyTemplate, Sender
from helpdesk.pages import hotline_fact
from helpdesk.unread import is_a_look, reads_nothing_online, unread_from
from helpdesk.views import live, templated
from helpdesk.views.acts import ACTS
from helpdesk.views.beside import for_and_with
from helpdesk.views.queue import desk_context, desk_page


@desk_page
def detail(request, reference):
    stored = get_request_or_404(request.user, reference)
    template = templated.chosen(request.GET)
    if template and "message" in acts_for(request.user, stored):
        return _show(request, stored, act="message", draft={"text": templated.filled(template, stored, request.user)})
    return _show(request, stored)


def _show(
    request, stored: HelpRequest, *, refused: ActForm | None = None, act: str = "", draft: dict | None = None, phone: str = "", principal_phone: str = "",
    status: int = 200,
):  # fmt: skip
    """One request with the acts that are possible now. A refused form stays on the page with what was typed, whatever became of the request;
    so does the `draft` of a form that is not sent yet."""
    part = live.request_part(stored)  # before anything else is read: what comes in meanwhile is then news
    may = acts_for(request.user, stored) | ({act} if act else set())
    forms = {name: ACTS[name].form(act=name, stored=stored, user=request.user) for name in may}
    if refused is not None:
        forms[act] = refused
    elif draft:
        forms[act].initial |= draft
    context = _parts_of(request, stored, may) | _beside(request.user, stored) | for_and_with(stored, request.user, phone=principal_phone)
    context |= {
        "forms": forms,  # an act without a form here is not offered
        "refused": refused,
        "refused_act": act,
        "has_draft": bool(draft),
        "phone": phone,
        "reply_templates": list(ReplyTemplate.objects.all()) if may.intersection(templated.ACTS) else [],
        "guides_hotline": hotline_fact(stored.guide) if "close" in may else None,
        "live": part,
    }
    _has_read(request, stored, context["conversation"])
    return render(request, "helpdesk/desk/detail.html", desk_context(request, **context), status=status)


def _parts_of(request, stored: HelpRequest, may: set[str]) -> dict:
    """What a request's page reads of it: the same when it is opened, and when its parts are drawn anew."""
    user, now = request.user, timezone.now()
    thread = list(stored.messages.select_related("by"))
    conversation = [message for message in thread if message.sender != Sender.NOTE]
    return {
        "stored": stored,
        "promise": sla.standing(stored, now, calendar=calendar_for(stored.area, since=timezone.localdate(now))) if stored.is_open else None,
        "cover": board_of(user).cover_words(stored) if covers(user, stored) else "",
        "owner_away": owner_away_words(user, stored) if "take_over" in may else "",
        "conversation": conversation,
        "notes": [message for message in thread if message.sender == Sender.NOTE],
        "events": trail_for(user, stored),
        "is_offline": reads_nothing_online(stored, conversation),
    }


def _beside(user, stored: HelpRequest) -> dict:
    """Its papers, what changed in its guide, and which other requests, of those the user may see, belong to it."""
    visible = visible_requests(user)
    similar = similar_to(stored, visible).select_related("wish", "area", "doorplate__building", "owner")
    return {
        "papers": list(stored.papers.prefetch_related("attachments")),
        "other_photos": list(stored.attachments.filter(paper=None, deleted_at=None)),
        "may_open_files": may_open_files(user, stored),
        "difference": difference_for(stored),
        "afterwards": list(visible.filter(about=stored)),
        "similar": [(other, differences(stored, other)) for other in similar],
        "joined": visible.filter(merged_into=stored),
        "went_into": visible.filter(pk=stored.merged_into_id).first(),
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
    since, may = request.GET.get("since", ""), acts_for(request.user, stored)
    context = _parts_of(request, stored, may) | {
        "forms": {name: ACTS[name].form(act=name, stored=stored, user=request.user) for name in may},
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
    if act == "reveal_principal":
        return _show(request, stored, principal_phone=answer)
    if act == "take":
        return render(request, "helpdesk/desk/held.html", desk_context(request, stored=stored, **held_for(stored, form.cleaned_data["asked"])))
    messages.success(request, chosen.done)
    return redirect("desk:queue") if chosen.leaves else redirect("desk:detail", stored.reference)
