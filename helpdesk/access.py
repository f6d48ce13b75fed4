"""Who sees which requests. Views take their rows from here, so that another village's request is simply not found."""

from functools import wraps

from django.contrib.auth import get_user_model
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.lookups import IsNull
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from doorplates.access import find_plate
from doorplates.models import Doorplate
from guides.districts import districts_of
from guides.models import Area, district_of, own_district
from helpdesk import behalf, kept
from helpdesk.coverage import Board, board_for
from helpdesk.models import Absence, Event, EventKind, HelpRequest, Posting, StaffAccount, State, is_reference
from helpdesk.wishes import is_untold
from menpai.roles import Role, has_role


def _working(**conditions):
    return Posting.objects.filter(user__is_active=True, user__groups__name__in=[Role.ASSISTANT, Role.SUPERVISOR], **conditions)


def supervisors_of(area: Area) -> list:
    """The active supervisors posted nearest above an area (or at it): those of its township, else those of the district."""
    found = _working(area__in=area.lineage_codes, user__groups__name=Role.SUPERVISOR).select_related("user").distinct()
    nearest = max((posting.area_id for posting in found), key=lambda code: -area.lineage_codes.index(code), default=None)
    return [posting.user for posting in found if posting.area_id == nearest]


def takers_of(request: HelpRequest) -> list:
    """Who may take a waiting request, and is told of it: those on duty for it now or next, neighbours included; with nobody there, all who are posted
    at its queue. Of a supervisor's request the supervisors there, never one whom it is about."""
    if request.for_supervisor:
        about = handlers_of(request.about)
        return [user for user in supervisors_of(request.queue) if user.pk not in about]
    return list(get_user_model().objects.filter(pk__in=taker_ids(request, board_for([request.area_id]))).order_by("pk"))


def taker_ids(request: HelpRequest, board: Board) -> list[int]:
    """The same of a request that is not for supervisors, by a board of its district; their primary keys in order."""
    posted = (post.user_id for post in board.roster.posts_at.get(request.queue_id, ()) if post.is_steward == request.for_steward)
    return sorted(set(board.of_request(request).user_ids or posted))


def helpers_of(request: HelpRequest) -> list:
    """Whom a request waits for: its owner, or, while it waits, who may take it."""
    return [request.owner] if request.owner else takers_of(request)


# Acts that only somebody who has the request in hand does: who did one of them is among those a complaint may be about.
HANDLING = (
    EventKind.CLAIMED, EventKind.RELEASED, EventKind.TAKEN_OVER, EventKind.CONTACTED, EventKind.MESSAGED, EventKind.PAUSED, EventKind.PAPER_TICKED,
    EventKind.SENT_BACK, EventKind.VISIT_SET, EventKind.VISITED, EventKind.VISIT_MISSED, EventKind.CLOSED,
)  # fmt: skip


def handlers_of(request: HelpRequest | None) -> set[int]:
    """The primary keys of all users who have, or had, a request in hand."""
    if request is None:
        return set()
    handled = request.events.filter(kind__in=HANDLING, by__isnull=False).values_list("by", flat=True)
    return {*handled, *([request.owner_id] if request.owner_id else [])}


def answering_for(area: Area, *, about: HelpRequest | None = None, from_district: bool = False) -> tuple[str, list]:
    """Who answers a complaint from an area, or calls back about `about`: the code of the area it queues at, and its supervisors.

    The nearest level with a supervisor who never had `about` in hand: nobody judges themselves. With `from_district` the township is passed
    over. With nobody anywhere: the district's code and no one.
    """
    codes = area.lineage_codes[-1:] if from_district else area.lineage_codes
    found = _working(area__in=codes, user__groups__name=Role.SUPERVISOR).exclude(user__in=handlers_of(about)).select_related("user").distinct()
    for code in codes:
        if users := [posting.user for posting in found if posting.area_id == code]:
            return code, users
    return codes[-1], []


def _about_oneself(user) -> Q:
    """A condition on complaints and call-backs: what they are about was, or is, in this user's hands."""
    mine = HelpRequest.objects.filter(pk=OuterRef("about"), owner=user)
    was_mine = Event.objects.filter(request=OuterRef("about"), by=user, kind__in=HANDLING)
    return Q(for_supervisor=True) & (Q(Exists(mine)) | Q(Exists(was_mine)))


def kept_from(user) -> Q:
    """A condition on requests: those that somebody who may open the back office, and also works at the desk, must not read even there."""
    if has_role(user, Role.ASSISTANT) and not has_role(user, Role.SUPERVISOR):
        return Q(for_supervisor=True)
    return _about_oneself(user)


def postings_of(user) -> list[Posting]:
    if not hasattr(user, "_postings"):
        user._postings = list(user.postings.select_related("area"))
    return user._postings


_staff = kept.Kept(2048)


def recognise(user) -> None:
    """Put the roles and postings of whoever is signed in on the user object: what this process has kept, if nothing of anybody's has changed since."""
    if hasattr(user, "_must_change_password"):
        return
    alias = kept.database()
    known = _staff.get((alias, user.pk), _token_of(user, alias), lambda: _as_stored(user, alias))
    user._role_names, user._postings, user._must_change_password = known


def _token_of(user, alias: str) -> str | None:
    """The roster's token as it was when the request of this user began, or as it is."""
    return user._roster_token if hasattr(user, "_roster_token") else kept.token(alias)


def must_change_password(user) -> bool:
    """Whether somebody else chose their password: then nothing opens before it is their own."""
    recognise(user)
    return user._must_change_password


def _as_stored(user, alias: str) -> tuple[set[str], list[Posting], bool]:
    return (
        set(user.groups.using(alias).values_list("name", flat=True)),
        list(user.postings.using(alias).select_related("area")),
        StaffAccount.objects.using(alias).filter(user=user.pk, must_change_password=True).exists(),
    )


def works_in(user) -> str:
    """The code of the district whose words a member of staff reads: where they are posted, else whose guides they write; of several, and of none, the
    installation's own if it may be."""
    codes = {district_of(posting.area) for posting in postings_of(user)} or districts_of(user) or {own_district()}
    return own_district() if own_district() in codes else min(codes)


def board_of(user) -> Board:
    """The roster of the districts where a desk user is posted, as it is now. Kept on the user object, which lives for one page."""
    if not hasattr(user, "_board"):
        user._board = board_for((posting.area_id for posting in postings_of(user)), token=_token_of(user, kept.database()))
    return user._board


def visible_requests(user):
    """Requests a desk user may read and work.

    An assistant: the queues they are posted to, plus what is in their own hands, plus what they cover just now. A steward: the enterprise requests
    of the queue. A supervisor: everything queued in, or coming from, the areas below their postings; of complaints and call-backs (`for_supervisor`)
    only those queued there, and none about a request that was in their own hands. Anybody else: nothing.
    """
    if not has_role(user, Role.ASSISTANT, Role.SUPERVISOR):
        return HelpRequest.objects.none()
    if has_role(user, Role.SUPERVISOR):
        return HelpRequest.objects.filter(Q(owner=user) | _below(user)).exclude(_about_oneself(user))
    mine = Q(owner=user, for_supervisor=False)
    for posting in postings_of(user):
        mine |= Q(queue_id=posting.area_id, for_steward=posting.is_steward, for_supervisor=False)
    return HelpRequest.objects.filter(mine | _covered(user))


def _below(user) -> Q:
    below = Q(pk__in=[])
    for posting in postings_of(user):
        below |= _within("queue_id", posting.area) | (_within("area_id", posting.area) & Q(for_supervisor=False))
    return below


def _within(column: str, area: Area) -> Q:
    """Codes of an area and everything inside, as a range: any index serves it, whatever the database's language."""
    return Q(**{f"{column}__gte": area.prefix, f"{column}__lt": str(int(area.prefix) + 1)})


def requests_below(user):
    """What is queued in, or comes from, the areas of a supervisor, and is not about themselves; for anybody else nothing."""
    if not has_role(user, Role.SUPERVISOR):
        return HelpRequest.objects.none()
    return HelpRequest.objects.filter(_below(user)).exclude(_about_oneself(user))


def _covered(user) -> Q:
    """Of the communities where nobody of their own is on duty and this helper is the one to step in: what waits, and what their absent people hold.

    Closed requests, those in the hands of somebody who is there, and what is for stewards or supervisors are never among them.
    """
    if not any(not posting.is_steward for posting in postings_of(user)):
        return Q(pk__in=[])
    pairs: dict[str, list[str]] = {}
    for queue, area in sorted(board_of(user).covered_by(user.pk)):  # in the same order in the SQL of all who cover the same
        pairs.setdefault(queue, []).append(area)
    own = [queue for queue in pairs if pairs[queue] == [queue]]
    places = Q(queue__in=own)
    for queue in [queue for queue in pairs if queue not in own]:
        places |= Q(queue=queue, area__in=pairs[queue])
    held = Q(state=State.CLAIMED) & owner_away(user)
    return places & Q(for_steward=False, for_supervisor=False) & (Q(state=State.WAITING) | held)


def owner_away(user) -> Q:
    """Requests in the hands of somebody who is not on duty now, or whose account is closed, as this desk user's roster has it."""
    # By one account looked up for one row: a join with an "or" costs PostgreSQL twenty times as long to plan, and a list of such accounts is all of them read.
    closed = get_user_model().objects.filter(pk=OuterRef("owner"), is_active=False).order_by().values("pk")
    return Q(owner__in=board_of(user).away_ids) | Q(IsNull(Subquery(closed), False))


def owner_away_words(user, request: HelpRequest) -> str:
    """Why the owner of a request is not there, as colleagues may know it."""
    return board_of(user).why_away(request.owner_id) or "已经不在这里工作"


def covers(user, request: HelpRequest) -> bool:
    """Whether a desk user sees a request only because they step in for its own people."""
    if request.owner_id == user.pk or has_role(user, Role.SUPERVISOR):
        return False
    return all(posting.area_id != request.queue_id for posting in postings_of(user))


def may_take_over(user, request: HelpRequest) -> bool:
    """Whether a claimed request may change hands without its owner: they are away or gone, and this desk user sees it."""
    return visible_requests(user).filter(owner_away(user), pk=request.pk, state=State.CLAIMED).exclude(owner=user).exists()


def waiting_for(user):
    """What waits in the user's own queues, the oldest promise first. For a supervisor too: only the queues they are posted to."""
    queues = [posting.area_id for posting in postings_of(user)]
    return visible_requests(user).filter(state=State.WAITING, queue__in=queues).order_by("promised_at", "id")


def trail_for(user, request: HelpRequest) -> list[Event]:
    """The events of a request for a desk user. What a resident rated is for supervisors, and for none who had the request in hand."""
    events = list(request.events.all())
    if has_role(user, Role.SUPERVISOR) and user.pk not in handlers_of(request):
        return events
    return [event for event in events if event.kind != EventKind.RATED]


def get_request_or_404(user, reference: str) -> HelpRequest:
    if not is_reference(reference):  # no number at all: PostgreSQL would answer a NUL in it with a fault
        raise Http404("没有这个诉求。")
    # What most requests do not have is looked up apart: all in one join takes PostgreSQL thirty times as long to plan as to answer.
    rows = visible_requests(user).select_related("guide", "area", "queue", "owner", "principal")
    return get_object_or_404(rows.prefetch_related("wish__guide", "doorplate__building", "about__owner"), reference=reference)


def colleagues_for(request: HelpRequest):
    """Postings a request may be handed to: those of its own lineage of areas (village, township, district), other than its owner's own.

    So an owner cannot give it to themselves, and a supervisor can take over for a colleague on leave. A complaint goes to supervisors only, and
    to none whom it may be about.
    """
    working = _working(area__in=request.area.lineage_codes)
    if request.for_supervisor:
        working = working.filter(user__groups__name=Role.SUPERVISOR).exclude(user__in=handlers_of(request.about))
    return (
        working
        .exclude(user_id=request.owner_id)
        .select_related("user", "area")
        .order_by("-area_id", "id")
        .distinct()
    )


def colleagues_of_all(requests, person):
    """Postings to which at least one of these requests of a person may be handed; the verb leaves those that do not fit."""
    codes = {code for request in requests for code in request.area.lineage_codes}
    return _working(area__in=codes).exclude(user=person).select_related("user", "area").order_by("-area_id", "id").distinct()


def absences_seen_by(user):
    """Days off that are not over: one's own, and for a supervisor those of everybody below."""
    mine = Q(user=user) | Q(user__in=people_below(user))
    return Absence.objects.filter(mine, ends_on__gte=timezone.localdate()).select_related("user").order_by("starts_on", "user_id", "id")


OF_THE_PERSON = {"reveal", "correct", "take", "erase"}  # what is done with the data of whoever asked


def acts_for(user, request: HelpRequest) -> set[str]:
    """What a desk user who sees a request may do with it now: the acts their page offers. The verbs in actions.py check again."""
    is_supervisor = has_role(user, Role.SUPERVISOR)
    is_owner = request.owner_id == user.pk
    acts = {"note"}
    if (is_owner or is_supervisor) and request.phone_index:  # once the person is scrubbed there is nothing to read or change
        acts |= OF_THE_PERSON
    if request.state == State.WAITING:
        acts |= {"claim"}
    if (is_owner or is_supervisor or request.state == State.CLOSED) and is_untold(request):
        acts |= {"told"}
    if is_owner and request.state == State.CLAIMED:
        acts |= {"message", "talk", "visit", "papers", "close", "release"}
    if request.is_open and (is_owner or is_supervisor):
        acts |= {"hand_over", "merge"}
    if is_owner and request.state == State.CLAIMED:
        acts |= {"contact"} | ({"resume"} if request.paused_at else {"pause"} if request.contacted_at else set())
    if request.merged_into_id:
        acts |= {"split"}
    if request.state == State.CLAIMED and not is_owner and may_take_over(user, request):
        acts |= {"take_over"}
    if is_owner and request.state == State.CLAIMED and request.guide_id and not request.for_supervisor:
        acts |= {"sent_back", "follow_new_guide"}
    return acts | behalf.acts_for(request, is_owner=is_owner, is_supervisor=is_supervisor)


def people_below(user):
    """Active desk users whose days off a supervisor keeps: those posted in the areas of the supervisor's own postings."""
    inside = Q(pk__in=[])
    for posting in postings_of(user):
        inside |= Q(area__code__startswith=posting.area.prefix)
    found = _working().filter(inside) if has_role(user, Role.SUPERVISOR) else Posting.objects.none()
    return get_user_model().objects.filter(pk__in=found.values("user")).order_by("first_name", "username")


def may_open_files(user, request: HelpRequest) -> bool:
    """Photos of papers: who has the request in hand (after closing too, until they are deleted) and a supervisor who sees it.

    Not every colleague of the queue, who may read its text: an identity card is sensitive (个人信息保护法第二十八条), and whoever takes the request
    over gets its photos with it. Before somebody claims it, only a supervisor may.
    """
    return request.owner_id == user.pk or has_role(user, Role.SUPERVISOR)


def communities_of(user):
    """The communities for which a desk user may log a walk-in or a call."""
    inside = Q(pk__in=[])
    for posting in postings_of(user):
        inside |= Q(code__startswith=posting.area.prefix)
    return Area.objects.filter(inside, level="community")


def plate_communities_of(user):
    """The communities whose plates a desk user looks after: where they are posted (a steward's posting is for enterprises), and which they cover now."""
    inside = Q(pk__in=[])
    for posting in postings_of(user):
        if not posting.is_steward:
            inside |= Q(code__startswith=posting.area.prefix)
    if has_role(user, Role.ASSISTANT) and not has_role(user, Role.SUPERVISOR):
        inside |= Q(code__in=[code for queue, code in board_of(user).covered_by(user.pk) if queue == code])  # not what a township covers for it
    return Area.objects.filter(inside, level="community")


def get_plate_or_404(user, typed: str) -> Doorplate:
    """The plate of a code as scanned or typed, ended ones too; 404 where the user does not look after it."""
    plate = find_plate(typed)
    if plate is None or not plate_communities_of(user).filter(pk=plate.building.community_id).exists():
        raise Http404("没有这块门牌。")
    return plate


def desk_required(view):
    """Signed in, with a desk role; the admin's editors are not."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_authenticated:
            # Back to the page after signing in, but never to the address of an act: opening that again would do nothing.
            return redirect_to_login(request.get_full_path() if request.method == "GET" else reverse("desk:queue"))
        recognise(request.user)
        request.district = works_in(request.user)  # whose words the page says
        if not has_role(request.user, Role.ASSISTANT, Role.SUPERVISOR):
            raise PermissionDenied("工作台只给帮办员和主管用。")
        return view(request, *args, **kwargs)

    return guarded
