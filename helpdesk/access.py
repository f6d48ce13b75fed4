"""Who sees which requests. Views take their rows from here, so that another village's request is simply not found."""

from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse

from guides.models import Area
from helpdesk.models import HelpRequest, Posting, State
from helpdesk.wishes import is_untold
from menpai.roles import Role, has_role


def _working(**conditions):
    return Posting.objects.filter(user__is_active=True, user__groups__name__in=[Role.ASSISTANT, Role.SUPERVISOR], **conditions)


def staffed_codes(area: Area) -> set[str]:
    """Of the area and those above it, the codes where somebody is posted who takes residents' requests."""
    return set(_working(area__in=area.lineage_codes, is_steward=False).values_list("area_id", flat=True))


def stewards_codes(area: Area) -> set[str]:
    """The same for project stewards."""
    return set(_working(area__in=area.lineage_codes, is_steward=True).values_list("area_id", flat=True))


def supervisors_of(area: Area) -> list:
    """The active supervisors posted nearest above an area (or at it): those of its township, else those of the district."""
    found = _working(area__in=area.lineage_codes, user__groups__name=Role.SUPERVISOR).select_related("user").distinct()
    nearest = max((posting.area_id for posting in found), key=lambda code: -area.lineage_codes.index(code), default=None)
    return [posting.user for posting in found if posting.area_id == nearest]


def takers_of(request: HelpRequest) -> list:
    """The active users who may take a waiting request: those posted at its queue, stewards for a steward's; of a supervisor's the supervisors there."""
    if request.for_supervisor:
        return supervisors_of(request.queue)
    found = _working(area=request.queue_id, is_steward=request.for_steward).select_related("user").distinct().order_by("user_id")
    return list({posting.user_id: posting.user for posting in found}.values())


def postings_of(user) -> list[Posting]:
    if not hasattr(user, "_postings"):
        user._postings = list(user.postings.select_related("area"))
    return user._postings


def visible_requests(user):
    """Requests a desk user may read and work.

    An assistant: the queues they are posted to, plus what is in their own hands. A steward: the enterprise requests of the queue. A supervisor:
    everything queued in, or coming from, the areas below their postings. Anybody else: nothing.
    """
    if not has_role(user, Role.ASSISTANT, Role.SUPERVISOR):
        return HelpRequest.objects.none()
    mine = Q(owner=user)
    for posting in postings_of(user):
        if has_role(user, Role.SUPERVISOR):
            mine |= Q(queue__code__startswith=posting.area.prefix) | Q(area__code__startswith=posting.area.prefix)
        else:
            mine |= Q(queue_id=posting.area_id, for_steward=posting.is_steward, for_supervisor=False)
    return HelpRequest.objects.filter(mine)


def get_request_or_404(user, reference: str) -> HelpRequest:
    rows = visible_requests(user).select_related("guide", "wish__guide", "area", "queue", "owner", "doorplate__building")
    return get_object_or_404(rows, reference=reference)


def colleagues_for(request: HelpRequest):
    """Postings a request may be handed to: those of its own lineage of areas (village, township, district), other than its owner's own.

    So an owner cannot give it to themselves, and a supervisor can take over for a colleague on leave.
    """
    return (
        _working(area__in=request.area.lineage_codes)
        .exclude(user_id=request.owner_id)
        .select_related("user", "area")
        .order_by("-area_id", "id")
        .distinct()
    )


def acts_for(user, request: HelpRequest) -> set[str]:
    """What a desk user who sees a request may do with it now: the acts their page offers. The verbs in actions.py check again."""
    is_supervisor = has_role(user, Role.SUPERVISOR)
    is_owner = request.owner_id == user.pk
    acts = {"note"}
    if is_owner or is_supervisor:
        acts |= {"reveal"}
    if request.state == State.WAITING:
        acts |= {"claim"}
    if (is_owner or is_supervisor or request.state == State.CLOSED) and is_untold(request):
        acts |= {"told"}
    if is_owner and request.state == State.CLAIMED:
        acts |= {"message", "visit", "papers", "close", "release"}
    if request.is_open and (is_owner or is_supervisor):
        acts |= {"hand_over"}
    return acts


def communities_of(user):
    """The communities for which a desk user may log a walk-in or a call."""
    inside = Q(pk__in=[])
    for posting in postings_of(user):
        inside |= Q(code__startswith=posting.area.prefix)
    return Area.objects.filter(inside, level="community")


def desk_required(view):
    """Signed in, with a desk role; the admin's editors are not."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_authenticated:
            # Back to the page after signing in, but never to the address of an act: opening that again would do nothing.
            return redirect_to_login(request.get_full_path() if request.method == "GET" else reverse("desk:queue"))
        if not has_role(request.user, Role.ASSISTANT, Role.SUPERVISOR):
            raise PermissionDenied("工作台只给帮办员和主管用。")
        return view(request, *args, **kwargs)

    return guarded
