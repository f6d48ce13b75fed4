"""How a request ends, and how it comes back."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from helpdesk import attachments, behalf, sla
from helpdesk.actions.alarms import alarm_if_nobody
from helpdesk.actions.base import NO_PAUSE, OWNED_ELSEWHERE, NotPossible, calendar_of, move, record, require_person
from helpdesk.actions.mandates import end_mandates
from helpdesk.actions.refusing import Refused, learn
from helpdesk.actions.visits import drop_visit
from helpdesk.coverage import board_for
from helpdesk.models import (
    OPEN_STATES,
    CloseReason,
    Consent,
    Escalation,
    EventKind,
    HelpRequest,
    NotificationKind,
    Principal,
    Rating,
    State,
)
from helpdesk.notifications import tell_resident, tell_takers

ONLY_THEMSELVES = "这件事是当事人叫停的，只有当事人说了才能再打开。请他用自己电话的后四位打开这一页，或者给帮办员打个电话。"
SAY_WHOSE = "“不归我们管”要写清归谁管，不能让居民白跑。不知道的先打12345问。"
SAY_WHAT_CHANGED = "投诉和回访办结，要写一句问清了什么、改了什么。居民看得到。"


@transaction.atomic
def close(*, request: HelpRequest, by, reason: CloseReason, text: str, whose: str = "", whose_phone: str = "", refused: Refused = ()) -> None:
    """End an own request with a reason of the fixed list. NOT_OURS must name whose it is: a resident is never just sent away.

    `refused` are papers that were not accepted on the way, for the guide to learn from.
    """
    if reason != CloseReason.NOT_OURS:
        whose = whose_phone = ""
    elif not whose.strip():
        raise NotPossible(SAY_WHOSE)
    if request.for_supervisor and not text.strip():
        raise NotPossible(SAY_WHAT_CHANGED)
    if reason == CloseReason.DONE and (why := behalf.consent_missing(request) or behalf.mandate_missing(request, timezone.localdate())):
        raise NotPossible(why)
    move(
        request,
        when={"state": State.CLAIMED, "owner": by},
        to={
            "state": State.CLOSED, "close_reason": reason, "close_text": text, "close_whose": whose, "close_whose_phone": whose_phone,
            "closed_at": timezone.now(), **NO_PAUSE,
        },
        otherwise=OWNED_ELSEWHERE,
    )
    drop_visit(request, by=by)
    attachments.shorten(request)
    learn(request=request, by=by, refused=refused)
    record(request, EventKind.CLOSED, by=by, detail=CloseReason(reason).label)
    tell_resident(request, NotificationKind.CLOSED)


@transaction.atomic
def cancel(*, request: HelpRequest) -> None:
    """The resident no longer needs it."""
    move(
        request,
        when={"state__in": OPEN_STATES},
        to={"state": State.CANCELLED, "owner": None, "claimed_at": None, "closed_at": timezone.now(), **NO_PAUSE},
        otherwise="这个诉求已经结束了，不用再取消。",
    )
    drop_visit(request)
    end_mandates(request, by=None)
    attachments.shorten(request)
    record(request, EventKind.CANCELLED)


@transaction.atomic
def reopen(*, request: HelpRequest, by_principal: bool = False) -> None:
    """没办好: back to the queue with a fresh promise; the rating given for the earlier end goes with it.

    A stopped request comes back only with a new consent: it is to be asked for again, and after the person's own stop only they bring it back.
    """
    require_person(request)
    _ask_consent_again(request, by_principal=by_principal)
    back_to_queue(
        request,
        when={"state__in": (State.CLOSED, State.CANCELLED)},
        also={"reopened": F("reopened") + 1},
        otherwise="这个诉求还在办，不用重新打开。有话可以直接留言。",
    )
    Rating.objects.filter(request=request).delete()
    record(request, EventKind.REOPENED)
    alarm_if_nobody(request, board_for([request.area_id]))
    tell_takers(request)


def back_to_queue(request: HelpRequest, *, when: dict, also: dict, otherwise: str) -> None:
    """An ended request waits again as if it had just come in: nothing of its end and nothing of its earlier clock is left."""
    now = timezone.now()
    promised = sla.promise(now, kind=request.kind, calendar=calendar_of(request, now))
    move(
        request,
        when=when,
        to={
            "state": State.WAITING, "owner": None, "claimed_at": None, "close_reason": "", "close_text": "", "close_whose": "",
            "close_whose_phone": "", "closed_at": None, "visit_at": None, "promised_at": promised, "contacted_at": None,
            "escalation": Escalation.NONE, "merged_into": None, "alarmed_at": None, **also,
        },
        otherwise=otherwise,
    )


def _ask_consent_again(request: HelpRequest, *, by_principal: bool) -> None:
    if request.state != State.CANCELLED or behalf.principal_of(request) is None:
        return
    if not by_principal and Principal.objects.filter(request=request, consent=Consent.WITHDRAWN).exists():
        raise NotPossible(ONLY_THEMSELVES)
    Principal.objects.filter(request=request).exclude(consent=Consent.DECLINED).update(consent=Consent.ASKED, how="", answered_at=None, asked_by=None)
    request.principal.refresh_from_db()
