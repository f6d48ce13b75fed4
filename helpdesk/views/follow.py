"""The follow page: where a resident sees and steers their own request. Its door is the number and the last four digits of the phone."""

from collections.abc import Callable

from django.conf import settings
from django.core import signing
from django.http import HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from guides.viewpoint import resident, seen_from
from guides.views import page_context
from guides.workdays import calendar_for
from helpdesk import actions, door, sla
from helpdesk.behalf import must_come_instead, principal_of
from helpdesk.changes import papers_changed
from helpdesk.forms import MAX_NOTE, FollowForm, RatingForm, ReplyForm
from helpdesk.held import Side
from helpdesk.models import HelpRequest, Sender, normalise_reference
from helpdesk.pages import follow_parts, has_nobody_now, helper_from, hotline_fact
from helpdesk.unread import is_a_look, unread_from
from helpdesk.views.beside import beside_follow
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


def may_follow(request, reference: str) -> bool:
    return side_of(request, reference) is not None


def side_behind(stored: HelpRequest, typed: str) -> Side | None:
    """Whose phone it is, or ends so (four digits). Nobody's once the person was scrubbed."""
    principal = principal_of(stored)
    if _is_of(stored.phone, typed):
        return Side.ASKER
    return Side.PRINCIPAL if principal and _is_of(principal.phone, typed) else None


def _is_of(phone: str, typed: str) -> bool:
    return bool(phone) and typed == (phone[-4:] if len(typed) == 4 else phone)


def find_followed(request, reference: str) -> tuple[HelpRequest | None, Side | None]:
    """The request behind an open door with the side that came in; (None, None) before a closed one. What was scrubbed has no door."""
    side = side_of(request, reference)
    rows = HelpRequest.objects.select_related("guide", "wish__guide", "area", "queue", "owner", "rating", "principal", "doorplate__building", "merged_into")
    stored = rows.exclude(phone_index="").filter(reference=reference).first() if side else None
    if stored is None:
        return None, None
    stored.by_principal = side == Side.PRINCIPAL  # who looks, for the acts below and the page
    return stored, side


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
    now, beside = timezone.now(), beside_follow(stored)
    if stored.for_supervisor:
        reply.fields["text"].label = "给主管留言"
    thread = list(stored.messages.exclude(sender=Sender.NOTE))
    unread = unread_from(Sender.STAFF, thread)
    shown = follow_parts(stored, elder=request.viewpoint.elder, step=step, has_mandate=beside["mandate"] is not None)
    if unread and "talk" in shown and is_a_look(request):
        actions.mark_read(request=stored, sender=Sender.STAFF, up_to=thread[-1].pk)
    context = page_context(
        request,
        seen_from(request, stored.area),
        stored=stored,
        events=[event for event in stored.events.all() if event.is_public],
        thread=thread,
        unread=unread,
        # The number of the guide's own carries the guide's own mark; one that the helper typed is the helper's word.
        is_guides_phone=bool(stored.close_whose_phone and stored.guide and stored.close_whose_phone == stored.guide.hotline),
        guides_hotline=hotline_fact(stored.guide) if stored.close_whose_phone else None,
        rating=getattr(stored, "rating", None),
        revisit=actions.revisit_of(stored),
        changed=papers_changed(stored),
        is_new="new" in request.GET,
        refused=refused,
        promise=sla.standing(stored, now, calendar=calendar_for(stored.area, since=timezone.localdate(now))) if stored.is_open else None,
        reply_form=reply,
        rating_form=rate,
        papers=list(stored.papers.prefetch_related("attachments")),
        other_photos=list(stored.attachments.filter(paper=None)),
        must_come_instead=must_come_instead(stored.kind, stored.guide),
        nobody_there=has_nobody_now(stored),
        helper_from=helper_from(stored),
        shown=shown,
        **beside,
    )
    return render(request, "helpdesk/follow.html", context)


def _stop(stored: HelpRequest) -> None:
    actions.stop(request=stored, by_principal=stored.by_principal)


RESIDENT_ACTS = {
    "reply": (ReplyForm, lambda stored, data: actions.reply(request=stored, text=data["text"])),
    # With a 当事人 calling it off is stopping it (叫停), also from a page that was open before.
    "cancel": (None, lambda stored, data: _stop(stored) if principal_of(stored) else actions.cancel(request=stored)),
    "stop": (None, lambda stored, data: _stop(stored)),
    "cancel_visit": (None, lambda stored, data: actions.cancel_visit(request=stored)),
    "revoke": (None, lambda stored, data: actions.revoke_mandate(request=stored)),
    "reopen": (None, lambda stored, data: actions.reopen(request=stored, by_principal=stored.by_principal)),
    "rate": (RatingForm, lambda stored, data: actions.rate(request=stored, level=data["level"], text=data["text"])),
    "no_call": (None, lambda stored, data: actions.decline_revisit(request=stored)),
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
        address, typed = throttle.client_address(request), form.cleaned_data["last_four"]
        if refusal := door.refusal(reference, address, typed):
            form.add_error(None, refusal)
        else:
            stored = HelpRequest.objects.select_related("principal").filter(reference=reference).first()
            if stored and (side := side_behind(stored, typed)):
                door.opened(reference, address, typed)
                stored.by_principal = side == Side.PRINCIPAL
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
