"""Somebody does not work here any more: what they hold, and the one act that switches the account off and gives it all to others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from guides.models import Area, EditorPosting, Guide, Status
from helpdesk.access import answering_for, colleagues_of_all, handlers_of, takers_of
from helpdesk.actions.base import NotPossible, staff_name
from helpdesk.actions.owning import pass_on, put_back
from helpdesk.models import (
    OPEN_STATES,
    Absence,
    AuditAct,
    AuditEntry,
    ContactCard,
    HelpRequest,
    Notification,
    NotificationKind,
    Posting,
    Robot,
    SecondFactor,
    SendState,
    StaffAccount,
    StaffSession,
)
from helpdesk.notifications import tell_staff
from menpai.roles import Role

REASON = "他不在这里工作了"


@dataclass
class Pile:
    """The open requests of one community in somebody's hands; complaints and call-backs, which only supervisors take, in a pile of their own."""

    area: Area
    for_supervisor: bool
    requests: list[HelpRequest] = field(default_factory=list)
    colleagues: list[Posting] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.area.pk}{'-supervisor' if self.for_supervisor else ''}"

    @property
    def words(self) -> str:
        return f"{self.area.short_name}的{'投诉、回访' if self.for_supervisor else '诉求'}，{len(self.requests)}件"


@dataclass(frozen=True)
class Holdings:
    """Everything that hangs on a person's account."""

    piles: list[Pile]
    postings: list[Posting]
    editor_postings: list[EditorPosting]
    absences: list[Absence]
    drafts: list[Guide]  # nobody owns them: they stay, and any editor goes on
    robots: list[Robot]  # groups of their areas, from whose chat they have to be removed by hand


@dataclass
class Left:
    """What was done."""

    handed_over: dict[str, list[HelpRequest]] = field(default_factory=dict)  # by the colleague's name
    put_back: list[HelpRequest] = field(default_factory=list)
    refused: list[HelpRequest] = field(default_factory=list)  # of these, what the chosen colleague could not take
    sessions: int = 0
    postings: int = 0


def open_requests_of(person):
    return HelpRequest.objects.filter(owner=person, state__in=OPEN_STATES)


def holdings_of(person) -> Holdings:
    postings = list(person.postings.select_related("area"))
    lineage = {code for posting in postings for code in posting.area.lineage_codes}
    written = Guide.everything.filter(status__in=(Status.DRAFT, Status.REVIEW)).only("slug", "plain_title", "authors", "status")
    return Holdings(
        piles=_piles_of(person),
        postings=postings,
        editor_postings=list(person.editor_postings.select_related("district")),
        absences=list(person.absences.filter(ends_on__gte=timezone.localdate())),
        drafts=[guide for guide in written if person.pk in guide.authors],
        robots=list(Robot.objects.filter(area__in=lineage, is_active=True)),
    )


def _piles_of(person) -> list[Pile]:
    piles: dict[str, Pile] = {}
    for request in open_requests_of(person).select_related("area", "about").order_by("area_id", "for_supervisor", "promised_at"):
        pile = Pile(request.area, request.for_supervisor)
        piles.setdefault(pile.key, pile).requests.append(request)
    for pile in piles.values():
        found = colleagues_of_all(pile.requests, person)
        if pile.for_supervisor:
            about = {key for request in pile.requests for key in handlers_of(request.about)}
            found = found.filter(user__groups__name=Role.SUPERVISOR).exclude(user__in=about)
        pile.colleagues = list(found)
    return list(piles.values())


@transaction.atomic
def leave(*, by, person, to: Mapping[str, Posting]) -> Left:
    """Switch the account off and give away what it holds, all or nothing. `to` names a colleague's posting by the key of a pile; what has none, or what
    the colleague cannot take, waits in its queue again, where the usual alarm is raised when nobody is there. Promised times stay as they are.

    Undone only by making the account active again; postings and the second factor are then given anew.
    """
    if by.pk == person.pk:
        raise NotPossible("自己的账号不能自己停，请另一位管理员来。")
    _hold_accounts({person.pk, *(posting.user_id for posting in to.values())})
    get_user_model().objects.filter(pk=person.pk).update(is_active=False)
    person.is_active = False
    done = Left(sessions=StaffSession.objects.filter(user=person).delete()[0], postings=Posting.objects.filter(user=person).delete()[0])
    _forget(person)
    for pile in _piles_of(person):
        for request in pile.requests:
            _give_away(request, by=by, person=person, to=to.get(pile.key), done=done)
    count = sum(len(requests) for requests in done.handed_over.values())
    detail = f"{staff_name(person)[:40]}走了：账号停用，转给同事{count}件，放回队列{len(done.put_back)}件，分工{done.postings}处"
    AuditEntry.objects.create(by=by, by_name=staff_name(by)[:60], act=AuditAct.ACCOUNT, detail=detail[:200])
    return done


def _hold_accounts(keys: set[int]) -> None:
    """One after the other in the order of their keys, so that two of these acts at once wait for each other instead of both for ever."""
    for key in sorted(keys):
        list(get_user_model().objects.select_for_update(no_key=True).filter(pk=key).values_list("pk"))


def _forget(person) -> None:
    """What lets them in, how they are reached, and when they would not have been there."""
    for model in (SecondFactor, StaffAccount, ContactCard, EditorPosting):
        model.objects.filter(user=person).delete()
    Absence.objects.filter(user=person, ends_on__gte=timezone.localdate()).delete()
    Notification.objects.filter(to_user=person, state=SendState.PENDING).update(state=SendState.SKIPPED)


def _give_away(request: HelpRequest, *, by, person, to: Posting | None, done: Left) -> None:
    if to is not None:
        try:
            _require_fit(request, to)
            with transaction.atomic():  # what a refusal had begun is taken back
                pass_on(request=request, by=by, to=to, reason=REASON)
            done.handed_over.setdefault(staff_name(to.user), []).append(request)
            return
        except NotPossible:
            request.refresh_from_db()
            done.refused.append(request)
    put_back(request=request, owner=person, by=by, reason=REASON)
    if request.for_supervisor:  # its queue may have lost its only supervisor
        request.queue_id, _ = answering_for(request.area, about=request.about)
        request.save(update_fields=["queue"])
    once = f"left:{request.pk}:{person.pk}:{timezone.now():%Y%m%d%H%M%S}"
    tell_staff(takers_of(request), NotificationKind.COMPLAINT if request.for_supervisor else NotificationKind.NEW, request=request, once=once)
    done.put_back.append(request)


def _require_fit(request: HelpRequest, to: Posting) -> None:
    """As the desk's own handing over in bulk has it; a posting that ended meanwhile fits nothing."""
    if to.area_id not in request.area.lineage_codes or not Posting.objects.filter(pk=to.pk).exists():
        raise NotPossible("这一件不归他那里管。")
    if request.for_supervisor and to.user_id in handlers_of(request.about):
        raise NotPossible("这一件说的就是他办的事。")
