"""How a request ends, and how it comes back."""

from django.db import transaction
from django.utils import timezone

from guides.workdays import calendar_for
from helpdesk import sla
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, move, record
from helpdesk.models import OPEN_STATES, CloseReason, EventKind, HelpRequest, NotificationKind, Rating, RatingLevel, State
from helpdesk.notifications import tell_resident, tell_takers

SAY_WHOSE = "“不归我们管”要写清归谁管，不能让居民白跑。不知道的先打12345问。"


@transaction.atomic
def close(*, request: HelpRequest, by, reason: CloseReason, text: str, whose: str = "", whose_phone: str = "") -> None:
    """End an own request with a reason of the fixed list. NOT_OURS must name whose it is: a resident is never just sent away."""
    if reason != CloseReason.NOT_OURS:
        whose = whose_phone = ""
    elif not whose.strip():
        raise NotPossible(SAY_WHOSE)
    move(
        request,
        when={"state": State.CLAIMED, "owner": by},
        to={
            "state": State.CLOSED, "close_reason": reason, "close_text": text, "close_whose": whose, "close_whose_phone": whose_phone,
            "closed_at": timezone.now(),
        },
        otherwise=OWNED_ELSEWHERE,
    )
    record(request, EventKind.CLOSED, by=by, detail=CloseReason(reason).label)
    tell_resident(request, NotificationKind.CLOSED)


@transaction.atomic
def cancel(*, request: HelpRequest) -> None:
    """The resident no longer needs it."""
    move(
        request,
        when={"state__in": OPEN_STATES},
        to={"state": State.CANCELLED, "owner": None, "claimed_at": None, "closed_at": timezone.now()},
        otherwise="这个诉求已经结束了，不用再取消。",
    )
    record(request, EventKind.CANCELLED)


@transaction.atomic
def reopen(*, request: HelpRequest) -> None:
    """没办好: back to the queue with a fresh promise; the rating given for the earlier end goes with it."""
    now = timezone.now()
    promised = sla.promise(now, kind=request.kind, calendar=calendar_for(request.area, since=timezone.localdate(now)))
    move(
        request,
        when={"state__in": (State.CLOSED, State.CANCELLED)},
        to={
            "state": State.WAITING, "owner": None, "claimed_at": None, "close_reason": "", "close_text": "", "close_whose": "",
            "close_whose_phone": "", "closed_at": None,
            "visit_at": None, "promised_at": promised, "reopened": request.reopened + 1,
        },
        otherwise="这个诉求还在办，不用重新打开。有话可以直接留言。",
    )
    Rating.objects.filter(request=request).delete()
    record(request, EventKind.REOPENED)
    tell_takers(request)


@transaction.atomic
def rate(*, request: HelpRequest, level: RatingLevel, text: str) -> None:
    """One rating for one closed request; a second one replaces the first."""
    if not HelpRequest.objects.filter(pk=request.pk, state=State.CLOSED).exists():
        raise NotPossible("办结以后才能评价。")
    Rating.objects.update_or_create(request=request, defaults={"level": level, "text": text})
    record(request, EventKind.RATED, detail=RatingLevel(level).label)
