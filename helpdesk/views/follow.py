"""The follow page: where a resident sees and steers their own request. Its door is the number and the last four digits of the phone."""

from django.conf import settings
from django.core import signing
from django.http import HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.viewpoint import Viewpoint, resident
from guides.views import page_context
from helpdesk import actions
from helpdesk.forms import MAX_NOTE, FollowForm, RatingForm, ReplyForm
from helpdesk.models import HelpRequest, Sender, normalise_reference
from helpdesk.pages import follow_parts, hotline_fact, must_come_instead
from helpdesk.unread import is_a_look, unread_from
from menpai import throttle

FOLLOW_COOKIE = "follow"
FOLLOW_SECONDS = 2 * 60 * 60
WRONG_PAIR = "编号和电话后四位对不上。看看是不是打错了；忘了编号就打 12345 问。"


def let_follow(response, stored: HelpRequest):
    """This browser may read this request for two hours without the last four digits."""
    value = signing.dumps(stored.reference, salt=FOLLOW_COOKIE)
    response.set_cookie(FOLLOW_COOKIE, value, max_age=FOLLOW_SECONDS, httponly=True, samesite="Lax", secure=settings.HTTPS)
    return response


def may_follow(request, reference: str) -> bool:
    try:
        return signing.loads(request.COOKIES.get(FOLLOW_COOKIE, ""), salt=FOLLOW_COOKIE, max_age=FOLLOW_SECONDS) == reference
    except signing.BadSignature:
        return False


@never_cache
@resident
def follow(request, reference):
    reference = normalise_reference(reference)
    if not may_follow(request, reference):
        return _ask_last_four(request, reference)
    stored = HelpRequest.objects.select_related("guide", "wish__guide", "area", "queue", "owner", "rating", "doorplate__building").get(reference=reference)
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
    thread = list(stored.messages.exclude(sender=Sender.NOTE))
    unread = unread_from(Sender.STAFF, thread)
    shown = follow_parts(stored, elder=request.viewpoint.elder, step=step)
    if unread and "talk" in shown and is_a_look(request):
        actions.mark_read(request=stored, sender=Sender.STAFF, up_to=thread[-1].pk)
    context = page_context(
        request,
        Viewpoint(None, request.viewpoint.elder),
        stored=stored,
        events=[event for event in stored.events.all() if event.is_public],
        thread=thread,
        unread=unread,
        # The number of the guide's own carries the guide's own mark; one that the helper typed is the helper's word.
        is_guides_phone=bool(stored.close_whose_phone and stored.guide and stored.close_whose_phone == stored.guide.hotline),
        guides_hotline=hotline_fact(stored.guide) if stored.close_whose_phone else None,
        rating=getattr(stored, "rating", None),
        is_new="new" in request.GET,
        refused=refused,
        reply_form=reply,
        rating_form=rate,
        must_come_instead=must_come_instead(stored.kind, stored.guide),
        shown=shown,
    )
    return render(request, "helpdesk/follow.html", context)


RESIDENT_ACTS = {
    "reply": (ReplyForm, lambda stored, data: actions.reply(request=stored, text=data["text"])),
    "cancel": (None, lambda stored, data: actions.cancel(request=stored)),
    "reopen": (None, lambda stored, data: actions.reopen(request=stored)),
    "rate": (RatingForm, lambda stored, data: actions.rate(request=stored, level=data["level"], text=data["text"])),
}


def _ask_last_four(request, reference: str):
    """The door to a request. Every wrong pair gets the same answer, whether such a number exists or not.

    A message that came when the door had closed meanwhile waits in the form and stands in its field again once the door is open.
    """
    if request.POST.get("act", "open") != "open":
        return show_door(request, reference, FollowForm(initial=draft_of(request)))
    form = FollowForm(request.POST or None)
    if form.is_bound and form.is_valid():
        here = f"{reference}:{throttle.client_address(request)}"
        if not (throttle.allow("follow", here, limit=5, minutes=15) and throttle.allow("follow-all", reference, limit=50, minutes=24 * 60)):
            form.add_error(None, "试的次数太多了，过15分钟再来。着急就打 12345。")
        else:
            stored = HelpRequest.objects.filter(reference=reference).first()
            if stored and stored.phone[-4:] == form.cleaned_data["last_four"]:
                throttle.forget("follow", here)
                return let_follow(_opened(request, stored, form.cleaned_data["draft"]), stored)
            form.add_error("last_four", WRONG_PAIR)
    return show_door(request, reference, form)


def draft_of(request) -> dict:
    return {"draft": request.POST.get("text", "")[:MAX_NOTE]}


def _opened(request, stored: HelpRequest, draft: str):
    if not draft:
        return redirect(request.path)
    refused = "刚才写的还没发出去，再点一次“发送”。"
    return _show_followed(request, stored, reply=ReplyForm(initial={"text": draft}), rate=RatingForm(), refused=refused, step="talk")


def show_door(request, reference: str, form: FollowForm, *, status: int = 200):
    context = page_context(request, request.viewpoint, form=form, reference=reference, is_stale=status == 403)
    return render(request, "helpdesk/open.html", context, status=status)
