"""委托书, the written mandate for 代办: printed, signed by hand, taken back; and the kind of help as agreed."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from helpdesk import behalf
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, move, record, require_owner
from helpdesk.models import OFFERED_KINDS, EventKind, HelpRequest, Kind, Mandate, NotificationKind, State
from helpdesk.notifications import tell_staff


@transaction.atomic
def make_mandate(*, request: HelpRequest, by, principal_name: str, scope: str, starts_on: date, ends_on: date) -> Mandate:
    """A 委托书 to print, in the words of today's version, by which the owner may act. A draft that was not signed is replaced."""
    require_owner(request, by)
    if why := behalf.consent_missing(request):
        raise NotPossible(why)
    if behalf.must_come_instead(request.kind, request.guide):
        raise NotPossible(behalf.MUST_COME)
    if request.kind != Kind.AGENT:
        raise NotPossible("代办才要委托书。先把帮助方式改成“代办”。")
    today = timezone.localdate()
    if ends_on < today or (ends_on - starts_on).days not in range(behalf.MANDATE_DAYS + 1):
        raise NotPossible(f"到哪天：从今天往后，最多{behalf.MANDATE_DAYS}天。")
    current = behalf.current_mandate(request, today)
    if current and current.signed_on and current.agent_id == by.pk:
        raise NotPossible("已经有一份签过的委托书。要改，先收回那一份。")
    Mandate.objects.filter(request=request, revoked_at=None).update(revoked_at=timezone.now())
    return Mandate.objects.create(
        request=request, text_version=behalf.MANDATE_VERSION, principal_name=principal_name, scope=scope, starts_on=starts_on, ends_on=ends_on, agent=by
    )


@transaction.atomic
def sign_mandate(*, request: HelpRequest, by, signed_on: date) -> None:
    """The paper was signed by hand on that date; the owner has it before them."""
    require_owner(request, by)
    if why := behalf.consent_missing(request):
        raise NotPossible(why)
    mandate = behalf.current_mandate(request, timezone.localdate())
    if mandate is None or mandate.agent_id != by.pk:
        raise NotPossible("没有等着签的委托书，先打一份。")
    if signed_on > timezone.localdate() or signed_on < timezone.localdate(mandate.made_at) or signed_on > mandate.ends_on:
        raise NotPossible("签字的日子不对：不能早于打出来的那天，也不能晚于今天。")
    if not Mandate.objects.filter(pk=mandate.pk, signed_on=None, revoked_at=None).update(signed_on=signed_on):
        raise NotPossible("这一份已经登记签过了。")
    record(request, EventKind.MANDATED, by=by, detail=f"管到{mandate.ends_on:%m月%d日}")


@transaction.atomic
def revoke_mandate(*, request: HelpRequest, by=None) -> None:
    """Taken back: by the resident on the follow page (`by` None; its agent is told), or said to the owner."""
    if by:
        require_owner(request, by)
    current = behalf.current_mandate(request, timezone.localdate())
    if current is None or not end_mandates(request, by=by):
        raise NotPossible("没有管用的委托书，不用再收回。")
    if not by:
        tell_staff([current.agent], NotificationKind.STOPPED, request=request)


def end_mandates(request: HelpRequest, *, by) -> int:
    """Inside a transaction: take back what is not over; how many. What was never signed ends without a word in the story."""
    rows = Mandate.objects.filter(request=request, revoked_at=None, ends_on__gte=timezone.localdate())
    signed = rows.exclude(signed_on=None).count()
    ended = rows.update(revoked_at=timezone.now())
    if signed:
        record(request, EventKind.MANDATE_ENDED, by=by)
    return ended


@transaction.atomic
def set_kind(*, request: HelpRequest, by, kind: Kind) -> None:
    """Another kind of help than was asked for, as agreed with the resident. 代办 is refused where the person must come."""
    if kind not in OFFERED_KINDS or request.kind not in OFFERED_KINDS:
        raise NotPossible("这件事不能改成别的帮助方式。")
    if behalf.must_come_instead(kind, request.guide):
        raise NotPossible(behalf.MUST_COME)
    if kind == request.kind:
        return
    before = request.get_kind_display()
    move(request, when={"state": State.CLAIMED, "owner": by, "kind": request.kind}, to={"kind": kind}, otherwise=OWNED_ELSEWHERE)
    record(request, EventKind.KIND_CHANGED, by=by, detail=f"{before}改成{Kind(kind).label}")
