"""The desk's queue, and writing down a walk-in. Rows come from access.py, changes go through actions.py, no cache keeps a page."""

from functools import wraps
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from guides.reading import Reading
from guides.site_words import words_of
from helpdesk import actions, cards, drawn
from helpdesk.access import desk_required, postings_of, visible_requests
from helpdesk.forms_desk import LogForm
from helpdesk.models import HelpRequest, State, is_reference, normalise_reference
from helpdesk.views import live
from helpdesk.views.acts import ACTS
from menpai.roles import Role, has_role

MOST_ENDED = 1000  # older ones are found by their number


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
    number = request.GET.get("page")
    if request.GET.get("show") == "closed":
        return render(request, "helpdesk/desk/closed.html", desk_context(request, here="closed", keep="show=closed", page=_closed(request.user, number)))
    return _drawn(request, "helpdesk/desk/queue.html", cards.page_of(request.user, number), tuple(messages.get_messages(request)))


def _closed(user, number):
    """One page of the MOST_ENDED that ended last, the latest first. A supervisor's are found by the end of everybody's, a helper's few among their own:
    asked for both at once PostgreSQL would look through a whole country for one village's."""
    rows = visible_requests(user).filter(state__in=(State.CLOSED, State.CANCELLED)).order_by("-closed_at", "-id")
    if has_role(user, Role.SUPERVISOR):
        page = Paginator(rows.values_list("pk", flat=True)[:MOST_ENDED], cards.PAGE_SIZE).get_page(number)
    else:
        latest = sorted(rows.filter(closed_at__isnull=False).order_by().values_list("closed_at", "pk"), reverse=True)[:MOST_ENDED]
        page = Paginator([key for _, key in latest], cards.PAGE_SIZE).get_page(number)
    shown = HelpRequest.objects.select_related("guide", "wish", "area", "doorplate__building").in_bulk(list(page.object_list))
    page.object_list = [shown[key] for key in page.object_list if key in shown]
    return page


class Reader(NamedTuple):
    """A member of staff as the frame of the page names them."""

    get_full_name: str
    get_username: str
    is_authenticated: bool = True


class Place(NamedTuple):
    short_name: str


class Posted(NamedTuple):
    area: Place
    is_steward: bool


def _drawn(request, template: str, page, told: tuple = ()) -> HttpResponse:
    """The queue, whole or as the part that replaces its cards while it lies open. The frame is given plain values: they are the key under which it is kept.
    Not so where something is `told`, or where there are more pages."""
    user, is_supervisor = request.user, has_role(request.user, Role.SUPERVISOR)
    given = {
        "user": Reader(user.get_full_name(), user.get_username()), "site": words_of(request.district), "is_supervisor": is_supervisor,
        "postings": tuple(Posted(Place(posting.area.short_name), posting.is_steward) for posting in postings_of(user)),
        "here": "queue", "number": page.number, "may_take_next": not is_supervisor,
    }  # fmt: skip
    if once := told or page.paginator.num_pages > 1:
        given |= {"messages": told, "page": page, "keep": "show=queue"}
    hands, stamp = drawn.hands_of(page.object_list, user), live.queue_stamp(page)
    return HttpResponse(drawn.page(template, given, hands=hands, stamp=stamp, token=get_token(request), keep=not once))


@live.live_part
@desk_page
def queue_live(request):
    """The cards of the queue for a page that is open, when something changed since `stamp`; else 204."""
    page = cards.page_of(request.user, request.GET.get("page"))
    if live.queue_stamp(page) == request.GET.get("stamp"):
        return HttpResponse(status=204)
    return _drawn(request, "helpdesk/desk/_cards.html", page)


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
