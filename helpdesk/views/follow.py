"""The follow page: where a resident sees and steers their own request. Its door is the number and the last four digits of the phone."""

from collections.abc import Callable

from django.conf import settings
from django.core import signing
from django.http import HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.viewpoint import Viewpoint, resident
from guides.views import page_context
from helpdesk import actions
from helpdesk.forms import MAX_NOTE, FollowForm, RatingForm, ReplyForm
from helpdesk.held import Side, principal_of
from helpdesk.models import HelpRequest, normalise_reference
from helpdesk.pages import follow_parts, must_come_instead
from menpai import throttle

FOLLOW_COOKIE = "follow"
FOLLOW_SECONDS = 2 * 60 * 60
KEPT = ("name", "phone", "phone_again", "call_time", "note")  # typed on the page of one's own data
WRONG_PAIR = "编号和电话后四位对不上。看看是不是打错了；忘了编号就打 12345 问。"


def let_follow(response, stored: HelpRequest, side: Side = Side.ASKER):
    """This browser may read this request, as that side of it, for two hours without the last four digits."""
    value = signing.dumps(f"{stored.reference}:{side}", salt=FOLLOW_COOKIE)
    response.set_cookie(FOLLOW_COOKIE, value, max_age=FOLLOW_SECONDS, httponly=True, samesite="Lax", secure=settings.HTTPS)
    return response


def side_of(request, reference: str) -> Side | None:
    """Which side of this request the browser was let in as; None: it was not, or its time is over."""
    try:
        number, _, side = signing.loads(request.COOKIES.get(FOLLOW_COOKIE, ""), salt=FOLLOW_COOKIE, max_age=FOLLOW_SECONDS).partition(":")
    except signing.BadSignature:
        return None
    return Side(side) if number == reference and side in set(Side) else None


def side_behind(stored: HelpRequest, last_four: str) -> Side | None:
    """Whose phone ends so. Nobody's once the person was scrubbed."""
    principal = principal_of(stored)
    if stored.phone and stored.phone[-4:] == last_four:
        return Side.ASKER
    return Side.PRINCIPAL if principal and principal.phone and principal.phone[-4:] == last_four else None


def find_followed(request, reference: str) -> tuple[HelpRequest | None, Side | None]:
    """The request behind an open door with the side that came in; (None, None) before a closed one. What was scrubbed has no door."""
    side = side_of(request, reference)
    rows = HelpRequest.objects.select_related("guide", "wish__guide", "area", "queue", "owner", "rating", "doorplate__building", "principal")
    stored = rows.exclude(phone_index="").filter(reference=reference).first() if side else None
    return (stored, side) if stored else (None, None)


@never_cache
@resident
def follow(request, reference):
    reference = normalise_reference(reference)
    stored, _ = find_followed(request, reference)
    if stored is None:
        return ask_last_four(request, reference)
    forms_, step = {"reply": ReplyForm(), "rate": RatingForm()}, request.GET.get("step", "")
    refused = ""
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act == "open":  # the door was open already, for instance after going back
            return redirect(request.path)
        if act not in RESIDENT_ACTS:
            return HttpResponseBadRequest("没有这个操作，请返回再试。")
        form_class, verb = RESIDENT_ACTS[act]
        form = form_class(request.POST) if form_class else None
        if form is not None:
            forms_[act] = form
        if form is None or form.is_valid():
            try:
                verb(stored, form.cleaned_data if form else {})
                return redirect(f"{request.path}?step=talk" if act == "reply" and step == "talk" else request.path)
            except actions.NotPossible as error:
                refused = str(error)
    return _show_followed(request, stored, reply=forms_["reply"], rate=forms_["rate"], refused=refused, step=step)


def _show_followed(request, stored: HelpRequest, *, reply: ReplyForm, rate: RatingForm, refused: str = "", step: str = ""):
    context = page_context(
        request,
        Viewpoint(None, request.viewpoint.elder),
        stored=stored,
        events=[event for event in stored.events.all() if event.is_public],
        thread=stored.messages.exclude(sender="note"),
        rating=getattr(stored, "rating", None),
        is_new="new" in request.GET,
        refused=refused,
        reply_form=reply,
        rating_form=rate,
        must_come_instead=must_come_instead(stored.kind, stored.guide),
        shown=follow_parts(stored, elder=request.viewpoint.elder, step=step),
    )
    return render(request, "helpdesk/follow.html", context)


RESIDENT_ACTS = {
    "reply": (ReplyForm, lambda stored, data: actions.reply(request=stored, text=data["text"])),
    "cancel": (None, lambda stored, data: actions.cancel(request=stored)),
    "reopen": (None, lambda stored, data: actions.reopen(request=stored)),
    "rate": (RatingForm, lambda stored, data: actions.rate(request=stored, level=data["level"], text=data["text"])),
}


def ask_last_four(request, reference: str, *, opened: Callable | None = None):
    """The door to a request. Every wrong pair gets the same answer, whether such a number exists or not.

    What was typed when the door had closed meanwhile waits in the form and stands in its field again once the door is open: `opened` (request,
    stored, side, draft) makes that page, by default the follow page with the message.
    """
    if request.POST.get("act", "open") != "open":
        return show_door(request, reference, FollowForm(initial=draft_of(request)))
    form = FollowForm(request.POST or None)
    if form.is_bound and form.is_valid():
        here = f"{reference}:{throttle.client_address(request)}"
        if not (throttle.allow("follow", here, limit=5, minutes=15) and throttle.allow("follow-all", reference, limit=50, minutes=24 * 60)):
            form.add_error(None, "试的次数太多了，过15分钟再来。着急就打 12345。")
        else:
            stored = HelpRequest.objects.select_related("principal").filter(reference=reference).first()
            if stored and (side := side_behind(stored, form.cleaned_data["last_four"])):
                throttle.forget("follow", here)
                return let_follow((opened or _opened)(request, stored, side, form.cleaned_data["draft"]), stored, side)
            form.add_error("last_four", WRONG_PAIR)
    return show_door(request, reference, form)


def draft_of(request) -> dict:
    return {"draft": request.POST.get("text", "")[:MAX_NOTE]}


def _opened(request, stored: HelpRequest, side: Side, draft: str):
    if not draft:
        return redirect(request.path)
    refused = "刚才写的还没发出去，再点一次“发送”。"
    return _show_followed(request, stored, reply=ReplyForm(initial={"text": draft}), rate=RatingForm(), refused=refused, step="talk")


def show_door(request, reference: str, form: FollowForm, *, status: int = 200):
    kept = [(name, request.POST[name][:MAX_NOTE]) for name in KEPT if name in request.POST]
    context = page_context(request, request.viewpoint, form=form, reference=reference, kept=kept, is_stale=status == 403)
    return render(request, "helpdesk/open.html", context, status=status)
