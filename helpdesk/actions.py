"""The verbs of a help request. Each is one transaction: the change and its event together or not at all.

A state moves by a conditional UPDATE whose row count decides, so that two helpers at once get one winner on every database.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from doorplates.models import Doorplate
from guides.models import Area, Guide
from guides.workdays import calendar_for
from helpdesk import sla, wishes
from helpdesk.access import staffed_codes, stewards_codes
from helpdesk.models import (
    OPEN_STATES,
    CallTime,
    Channel,
    CloseReason,
    Event,
    EventKind,
    HelpRequest,
    Kind,
    Message,
    Paper,
    Posting,
    Rating,
    RatingLevel,
    Sender,
    State,
    new_reference,
)
from helpdesk.routing import route
from menpai.encryption import blind_index
from menpai.roles import Role, has_role

CONSENT_VERSION = "2026-11"  # the text in templates/helpdesk/_consent.html; a changed text gets a new version


class NotPossible(Exception):
    """The request is not in a state for this act. The text says, in Chinese, what happened and what to do."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a resident, or staff for a resident, asks. `papers` are (name, detail) of the checklist for their own case."""

    submission_key: UUID
    kind: Kind
    area: Area
    name: str
    phone: str  # digits, as menpai.validators.normalise_phone returns them
    guide: Guide | None = None
    doorplate: Doorplate | None = None
    for_someone: bool = False
    relation: str = ""
    call_time: CallTime = CallTime.ANY
    note: str = ""
    wish: str = ""  # what they searched in vain and want, in their own words
    papers: tuple[tuple[str, str], ...] = ()
    channel: Channel = Channel.WEB
    for_enterprise: bool = False  # said without a guide; a guide says it by itself


def _record(request: HelpRequest, kind: EventKind, *, by=None, by_name: str = "居民", detail: str = "") -> None:
    name = staff_name(by)[:60] if by else by_name
    Event.objects.create(request=request, kind=kind, by=by, by_name=name, detail=detail[:120])


def staff_name(user) -> str:
    return user.get_full_name() or user.get_username()


@transaction.atomic
def submit(submission: Submission, *, by=None) -> HelpRequest:
    """Store a request, route it and promise a time. The same submission_key twice returns the first request unchanged."""
    now = timezone.now()
    target = route(
        submission.area,
        for_enterprise=submission.guide.is_for_enterprise if submission.guide else submission.for_enterprise,
        staffed=staffed_codes(submission.area),
        stewards=stewards_codes(submission.area),
    )
    wish, note = wishes.wish_and_note(submission.wish, submission.note)
    # Not "look, then create": a double click arrives twice at the same moment, and the unique key decides.
    request, is_new = HelpRequest.objects.get_or_create(
        submission_key=submission.submission_key,
        defaults={
            "reference": _unused_reference(),
            "kind": submission.kind,
            "channel": submission.channel,
            "guide": submission.guide,
            "wish": wish,
            "area": submission.area,
            "doorplate": submission.doorplate,
            "name": submission.name,
            "phone": submission.phone,
            "phone_index": blind_index(submission.phone),
            "for_someone": submission.for_someone,
            "relation": submission.relation,
            "call_time": submission.call_time,
            "note": note,
            "consent_version": CONSENT_VERSION,
            "consent_at": now,
            "queue_id": target.area_code,
            "for_steward": target.for_steward,
            "created_at": now,
            "promised_at": sla.promise(now, kind=submission.kind, calendar=calendar_for(submission.area, since=timezone.localdate(now))),
        },
    )
    if not is_new:
        return request
    Paper.objects.bulk_create(Paper(request=request, name=name, detail=detail[:120]) for name, detail in submission.papers)
    _record(request, EventKind.LOGGED if by else EventKind.SUBMITTED, by=by)
    return request


def _unused_reference() -> str:
    """Random numbers meet once in a while; a request must not be lost to that."""
    reference = new_reference()
    while HelpRequest.objects.filter(reference=reference).exists():
        reference = new_reference()
    return reference


def _move(request: HelpRequest, *, when: dict, to: dict, otherwise: str) -> None:
    """Change the row only if it still is as `when` says; raise NotPossible(otherwise) if somebody was first."""
    if not HelpRequest.objects.filter(pk=request.pk, **when).update(**to):
        raise NotPossible(otherwise)
    request.refresh_from_db()


@transaction.atomic
def claim(*, request: HelpRequest, by) -> None:
    """Take a waiting request. One winner; the others learn who has it."""
    try:
        _move(request, when={"state": State.WAITING}, to={"state": State.CLAIMED, "owner": by, "claimed_at": timezone.now()}, otherwise="")
    except NotPossible:
        request.refresh_from_db()
        raise NotPossible(_why_not_waiting(request, by)) from None
    _record(request, EventKind.CLAIMED, by=by)


def _why_not_waiting(request: HelpRequest, by) -> str:
    if request.state == State.CANCELLED:
        return "这个诉求居民已经取消了，不用办了。"
    if request.state == State.CLOSED:
        return "这个诉求已经办结了。"
    if request.owner_id == by.pk:
        return "您已经领取了，接着办就行。"
    if request.owner is None:  # given back between the failed UPDATE and this look
        return "刚才有人领了又放回来了，您再点一次“领取”就行。"
    return f"{staff_name(request.owner)}刚刚领取了，您不用再办，看看下一个吧。"


OWNED_ELSEWHERE = "这个诉求现在不在您手上，刷新看看是谁在办。"


@transaction.atomic
def release(*, request: HelpRequest, by) -> None:
    """Put an own request back into its queue."""
    _move(request, when={"state": State.CLAIMED, "owner": by}, to={"state": State.WAITING, "owner": None, "claimed_at": None}, otherwise=OWNED_ELSEWHERE)
    _record(request, EventKind.RELEASED, by=by)


@transaction.atomic
def hand_over(*, request: HelpRequest, by, to: Posting, reason: str) -> None:
    """Give an open request to a colleague by their posting; it moves to that posting's queue.

    Its owner may, and a supervisor, who also hands out waiting ones. `reason` is kept as an internal note: free text is encrypted, events are not.
    """
    if request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible(OWNED_ELSEWHERE)
    _move(
        request,
        when={"state__in": OPEN_STATES, "owner": request.owner},
        to={"state": State.CLAIMED, "owner": to.user, "claimed_at": timezone.now(), "queue": to.area, "for_steward": to.is_steward},
        otherwise="这个诉求刚刚变了：有人接了，或者已经结束了。刷新看看再转。",
    )
    Message.objects.create(request=request, sender=Sender.NOTE, by=by, text=f"转给{staff_name(to.user)}：{reason}")
    _record(request, EventKind.HANDED_OVER, by=by, detail=f"转给{staff_name(to.user)}")


def _require_open(request: HelpRequest) -> None:
    """Lock the row for the rest of the transaction (a no-op update, which SQLite honours too) and refuse an ended request."""
    if not HelpRequest.objects.filter(pk=request.pk, state__in=OPEN_STATES).update(state=F("state")):
        raise NotPossible("这个诉求已经结束了，留言没有发出去。要接着办，先点下面的按钮重新打开。")


def _require_owner(request: HelpRequest, by) -> None:
    """The same lock, and only for whom has it in hand."""
    if not HelpRequest.objects.filter(pk=request.pk, state=State.CLAIMED, owner=by).update(state=F("state")):
        raise NotPossible(OWNED_ELSEWHERE)


@transaction.atomic
def write_message(*, request: HelpRequest, by, text: str) -> None:
    """A message of the owner, which the resident reads on the follow page."""
    _require_owner(request, by)
    Message.objects.create(request=request, sender=Sender.STAFF, by=by, text=text)
    _record(request, EventKind.MESSAGED, by=by)


@transaction.atomic
def write_note(*, request: HelpRequest, by, text: str) -> None:
    """An internal note; residents never see it. Allowed after the end too."""
    Message.objects.create(request=request, sender=Sender.NOTE, by=by, text=text)
    _record(request, EventKind.NOTED, by=by)


@transaction.atomic
def reply(*, request: HelpRequest, text: str) -> None:
    """The resident writes."""
    _require_open(request)
    Message.objects.create(request=request, sender=Sender.RESIDENT, text=text)
    _record(request, EventKind.REPLIED)


@transaction.atomic
def set_visit(*, request: HelpRequest, by, at: datetime) -> None:
    """Agree on a time to come or to meet. The resident sees it."""
    _move(request, when={"state": State.CLAIMED, "owner": by}, to={"visit_at": at}, otherwise=OWNED_ELSEWHERE)
    _record(request, EventKind.VISIT_SET, by=by, detail=f"{timezone.localtime(at):%m月%d日 %H:%M}")


@transaction.atomic
def tick_papers(*, request: HelpRequest, by, ready: set[int]) -> None:
    """Mark exactly these papers (by primary key) of an own request as ready, the others as not. Nothing changed: nothing recorded."""
    _require_owner(request, by)
    changed = request.papers.filter(pk__in=ready, ready=False).update(ready=True)
    changed += request.papers.exclude(pk__in=ready).filter(ready=True).update(ready=False)
    if changed:
        _record(request, EventKind.PAPER_TICKED, by=by, detail=f"备齐 {request.papers.filter(ready=True).count()} 样")


SAY_WHOSE = "“不归我们管”要写清归谁管、电话多少，不能让居民白跑。"


@transaction.atomic
def close(*, request: HelpRequest, by, reason: CloseReason, text: str) -> None:
    """End an own request with a reason of the fixed list. NOT_OURS must say in `text` whose it is: a resident is never just sent away."""
    if reason == CloseReason.NOT_OURS and not text.strip():
        raise NotPossible(SAY_WHOSE)
    _move(
        request,
        when={"state": State.CLAIMED, "owner": by},
        to={"state": State.CLOSED, "close_reason": reason, "close_text": text, "closed_at": timezone.now()},
        otherwise=OWNED_ELSEWHERE,
    )
    _record(request, EventKind.CLOSED, by=by, detail=CloseReason(reason).label)


@transaction.atomic
def cancel(*, request: HelpRequest) -> None:
    """The resident no longer needs it."""
    _move(
        request,
        when={"state__in": OPEN_STATES},
        to={"state": State.CANCELLED, "owner": None, "claimed_at": None, "closed_at": timezone.now()},
        otherwise="这个诉求已经结束了，不用再取消。",
    )
    _record(request, EventKind.CANCELLED)


@transaction.atomic
def reopen(*, request: HelpRequest) -> None:
    """没办好: back to the queue with a fresh promise; the rating given for the earlier end goes with it."""
    now = timezone.now()
    promised = sla.promise(now, kind=request.kind, calendar=calendar_for(request.area, since=timezone.localdate(now)))
    _move(
        request,
        when={"state__in": (State.CLOSED, State.CANCELLED)},
        to={
            "state": State.WAITING, "owner": None, "claimed_at": None, "close_reason": "", "close_text": "", "closed_at": None,
            "visit_at": None, "promised_at": promised, "reopened": request.reopened + 1,
        },
        otherwise="这个诉求还在办，不用重新打开。有话可以直接留言。",
    )
    Rating.objects.filter(request=request).delete()
    _record(request, EventKind.REOPENED)


@transaction.atomic
def rate(*, request: HelpRequest, level: RatingLevel, text: str) -> None:
    """One rating for one closed request; a second one replaces the first."""
    if not HelpRequest.objects.filter(pk=request.pk, state=State.CLOSED).exists():
        raise NotPossible("办结以后才能评价。")
    Rating.objects.update_or_create(request=request, defaults={"level": level, "text": text})
    _record(request, EventKind.RATED, detail=RatingLevel(level).label)


def reveal(*, request: HelpRequest, by) -> str:
    """The full phone number, in exchange for an entry in the audit trail; for its owner (after closing too) and a supervisor."""
    if request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible("谁领取谁打电话，免得几个人都打过去。要打就先领取。")
    _record(request, EventKind.REVEALED, by=by)
    return request.phone


def answer_wishes() -> int:
    """Write to everybody whose wished-for guide is published by now; how many. Each hears once, however often and by whomever this is run."""
    return sum(_answer_wish(key) for key in wishes.unanswered().order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _answer_wish(key: int) -> bool:
    # The no-op update holds the row until the commit. Only then is it asked whether somebody else wrote already: a condition on the events
    # inside the update itself would, on PostgreSQL, still see them as they were before the wait.
    if not HelpRequest.objects.filter(pk=key).update(state=F("state")):
        return False
    request = wishes.unanswered().filter(pk=key).select_related("wish__guide").first()
    if request is None:
        return False
    guide = request.wish.guide
    address = settings.SITE_URL + reverse("guides:guide", args=[guide.slug])
    text = f"您要找的指南写好了：“{guide.plain_title}”。打开看：{address} 。不方便上网的，打{settings.HOTLINE}，或者问村（社区）的帮办员。"
    Message.objects.create(request=request, sender=Sender.STAFF, text=text)
    _record(request, EventKind.GUIDE_READY, by_name="系统", detail=guide.plain_title)
    return True


@transaction.atomic
def mark_told(*, request: HelpRequest, by) -> None:
    """A helper has told the resident that the guide is there; the mark goes for everybody, once.

    Of an open request its owner or a supervisor tells; of a closed one whoever sees it, for its owner may be on leave.
    """
    HelpRequest.objects.filter(pk=request.pk).update(state=F("state"))  # two helpers at once: the second waits and is told
    request.refresh_from_db()
    if request.state != State.CLOSED and request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible("先领取，再给他打电话。")
    if not wishes.is_untold(request):
        raise NotPossible("已经有人告诉他了，您不用再打。")
    _record(request, EventKind.NOTED, by=by, detail=wishes.TOLD)
