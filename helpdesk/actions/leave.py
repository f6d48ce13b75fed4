"""Days off, and what becomes of the requests of somebody who is away."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from helpdesk.access import may_take_over, people_below
from helpdesk.actions.base import NotPossible, hold_active, move, record, staff_name
from helpdesk.actions.owning import hand_over
from helpdesk.actions.visits import pass_on_visit
from helpdesk.models import Absence, AbsenceKind, AuditAct, AuditEntry, EventKind, HelpRequest, Message, Part, Posting, Sender, State

MAX_DAYS_OFF = 366


@transaction.atomic
def enter_absence(*, by, user, starts_on: date, ends_on: date, part: Part, kind: AbsenceKind) -> Absence:
    """Somebody is away from `starts_on` to `ends_on`, both included. One's own, or as their supervisor. Days that are entered already are refused."""
    _require_own_or_below(by, user)
    # Two browsers at once: a no-op update holds the person's row, then the overlap is looked for.
    get_user_model().objects.filter(pk=user.pk).update(is_active=F("is_active"))
    same_days = Absence.objects.filter(user=user, starts_on__lte=ends_on, ends_on__gte=starts_on)
    if same_days.filter(part__in=[Part.DAY, part] if part != Part.DAY else Part.values).exists():
        raise NotPossible("这几天里有已经登记过的。看看下面的单子，要改就先撤掉那一条。")
    absence = Absence.objects.create(user=user, starts_on=starts_on, ends_on=ends_on, part=part, kind=kind, entered_by=by)
    _audit(by, f"登记 {_words(absence)}")
    return absence


@transaction.atomic
def end_absence(*, by, absence: Absence) -> None:
    """Back from today on: days off that have begun end yesterday, others are withdrawn whole."""
    _require_own_or_below(by, absence.user)
    today = timezone.localdate()
    running = Absence.objects.filter(pk=absence.pk, starts_on__lt=today, ends_on__gte=today)
    if running.update(ends_on=today - timedelta(days=1)):
        _audit(by, f"提前回来 {_words(absence)}")
    elif Absence.objects.filter(pk=absence.pk, starts_on__gte=today).delete()[0]:
        _audit(by, f"撤掉 {_words(absence)}")
    else:
        raise NotPossible("这一条已经过完了，或者刚刚有人改过。刷新看看。")


def _require_own_or_below(by, user) -> None:
    if user.pk != by.pk and not people_below(by).filter(pk=user.pk).exists():
        raise NotPossible("只能登记自己的，主管可以登记自己管的人的。")


def _words(absence: Absence) -> str:
    return f"{staff_name(absence.user)[:40]} {absence.starts_on:%Y-%m-%d}—{absence.ends_on:%Y-%m-%d} {absence.get_part_display()} {absence.get_kind_display()}"


def _audit(by, detail: str, act: AuditAct = AuditAct.ROSTER) -> None:
    AuditEntry.objects.create(by=by, by_name=staff_name(by)[:60], act=act, detail=detail[:200])


@transaction.atomic
def take_over(*, request: HelpRequest, by) -> None:
    """Take a claimed request whose owner is away or gone. For whoever sees it: a colleague of the queue, who covers the village now, a supervisor."""
    owner = request.owner
    if request.state != State.CLAIMED or owner is None or not may_take_over(by, request):
        raise NotPossible("这个诉求现在不用接手：在办的人在岗，或者已经有人接了。刷新看看。")
    hold_active(by)
    move(
        request,
        when={"state": State.CLAIMED, "owner": owner},
        to={"owner": by, "claimed_at": timezone.now()},
        otherwise="刚刚有人先接过去了，您不用再接，刷新看看。",
    )
    Message.objects.create(request=request, sender=Sender.NOTE, by=by, text=f"{staff_name(owner)}不在，{staff_name(by)}接过来办。")
    pass_on_visit(request, to=by, by=by)
    record(request, EventKind.TAKEN_OVER, by=by, detail=f"原来是{staff_name(owner)}在办")


def hand_over_all(*, by, person, requests: Iterable[HelpRequest], to: Posting, reason: str) -> tuple[list[HelpRequest], list[HelpRequest]]:
    """Give these requests of one person to a colleague, each in its own transaction: (moved, left). One that changed meanwhile, or comes from
    an area that is not the colleague's, is left as it is."""
    moved, left = [], []
    for request in requests:
        try:
            if request.owner_id != person.pk or to.area_id not in request.area.lineage_codes:
                raise NotPossible("")
            hand_over(request=request, by=by, to=to, reason=reason)
            moved.append(request)
        except NotPossible:
            left.append(request)
    if moved:
        detail = f"{staff_name(person)[:40]}手上的转给{staff_name(to.user)[:40]}：{'、'.join(r.reference for r in moved)}"
        _audit(by, detail, AuditAct.BULK_HAND_OVER)
    return moved, left
