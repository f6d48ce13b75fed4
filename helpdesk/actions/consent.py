"""The person whose matter it is: whether they agree, and how they, or whoever asked for them, stop it (叫停)."""

from django.db import transaction
from django.utils import timezone

from helpdesk import behalf
from helpdesk.actions.base import NotPossible, move, record, require_owner
from helpdesk.actions.ending import reopen
from helpdesk.actions.mandates import end_mandates
from helpdesk.actions.visits import drop_visit
from helpdesk.models import OPEN_STATES, Consent, ConsentHow, EventKind, HelpRequest, Message, NotificationKind, Principal, Sender, State
from helpdesk.notifications import tell_resident, tell_staff
from menpai.roles import Role, has_role

NOT_FOR_ANOTHER = "这件事没有当事人要问，直接办就行。"


@transaction.atomic
def record_consent(*, request: HelpRequest, by, given: bool, how: ConsentHow) -> None:
    """What the person themselves said when the owner asked. After their own stop see `reopen_for_principal`."""
    require_owner(request, by)
    answer = Consent.GIVEN if given else Consent.DECLINED
    rows = Principal.objects.filter(request=request).exclude(consent=answer)
    if not rows.update(consent=answer, how=how, answered_at=timezone.now(), asked_by=by):
        raise NotPossible("这个回答已经记下了。" if behalf.principal_of(request) else NOT_FOR_ANOTHER)
    label = ConsentHow(how).label
    record(request, EventKind.CONSENTED if given else EventKind.DECLINED, by=by, detail=label)
    request.principal.refresh_from_db()
    if not given:
        drop_visit(request, by=by)
        end_mandates(request, by=by)
        text = "问过当事人了，当事人不同意，所以不能用他的名义办。想好了再跟帮办员说。"
        Message.objects.create(request=request, sender=Sender.STAFF, text=text)
        tell_resident(request, NotificationKind.STAFF_WROTE)


@transaction.atomic
def stop(*, request: HelpRequest, by_principal: bool, by=None) -> None:
    """叫停: the person, or the one who asked for them, wants it no longer. `by` is the helper to whom the person said so.

    The request is cancelled, the appointment and the mandate with it, and its owner is told. Stopped by the person, the consent is taken back.
    """
    if behalf.principal_of(request) is None:
        raise NotPossible(NOT_FOR_ANOTHER)
    if by:
        require_owner(request, by)
    owner = request.owner
    move(
        request,
        when={"state__in": OPEN_STATES, "owner": owner},
        to={
            "state": State.CANCELLED, "owner": None, "claimed_at": None, "closed_at": timezone.now(), "paused_at": None, "pause_reason": "",
            "minutes_left": None, "resume_on": None,
        },
        otherwise="这个诉求刚刚变了，刷新看看。已经结束的，不用再叫停。",
    )
    if by_principal:
        Principal.objects.filter(request=request).update(consent=Consent.WITHDRAWN, answered_at=timezone.now())
        request.principal.refresh_from_db()
    drop_visit(request, by=by)
    end_mandates(request, by=by)
    record(request, EventKind.STOPPED, by=by, detail="当事人叫停" if by_principal else "家里人叫停")
    if owner and not by:
        tell_staff([owner], NotificationKind.STOPPED, request=request)


@transaction.atomic
def reopen_for_principal(*, request: HelpRequest, by, how: ConsentHow) -> None:
    """The person who stopped it told a helper that it shall go on: back to the queue, with this as the new consent."""
    if not Principal.objects.filter(request=request, consent=Consent.WITHDRAWN).exists():
        raise NotPossible("当事人没有叫停过，不用这样打开。")
    reopen(request=request, by_principal=True)
    Principal.objects.filter(request=request).update(consent=Consent.GIVEN, how=how, answered_at=timezone.now(), asked_by=by)
    record(request, EventKind.CONSENTED, by=by, detail=ConsentHow(how).label)
    request.principal.refresh_from_db()


@transaction.atomic
def reveal_principal(*, request: HelpRequest, by) -> str:
    """The full phone of the person whose matter it is, in exchange for an entry in the audit trail; for the owner and a supervisor."""
    if request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible("谁领取谁打电话，免得几个人都打过去。要打就先领取。")
    principal = behalf.principal_of(request)
    if principal is None or not principal.phone:
        raise NotPossible("没留当事人的电话。问问家里人，或者上门当面问。")
    record(request, EventKind.REVEALED, by=by, detail="当事人的电话")
    return principal.phone
