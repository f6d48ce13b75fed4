"""What somebody does with the data that is held about them (个人信息保护法第四十四条到第五十条): put right, take away, delete.

By themselves behind the door of their number, or by a helper for whoever stands at the counter: then `by` is the helper and `asked` says who asked.
"""

from django.db import transaction
from django.utils import timezone

from helpdesk.actions.base import NotPossible, record, require_person
from helpdesk.actions.ending import cancel
from helpdesk.actions.papers import delete_all_of
from helpdesk.models import EventKind, HelpRequest, Kind, Message, NotificationKind, Principal, Sender
from helpdesk.notifications import tell_staff
from helpdesk.retention import scrub_requests
from menpai.encryption import blind_index
from menpai.roles import Role, has_role

OWN = {"name": "称呼", "phone": "电话", "call_time": "打电话的时间", "note": "说明"}  # what each may put right, and how it is called
PRINCIPALS = ("name", "phone")


@transaction.atomic
def correct(*, request: HelpRequest, changes: dict[str, str], as_principal: bool = False, by=None, asked: str = "") -> None:
    """Put right what is wrong: names of OWN to new values, the phone as digits; of the person whose matter it is if `as_principal`.

    The door's last four digits follow a new phone. Whoever works the request is told that something changed, not what to.
    Raises NotPossible when the data is gone by now or is not theirs, ValueError for a field that is none of OWN.
    """
    _require_person_and_hand(request, by)
    allowed = PRINCIPALS if as_principal else tuple(OWN)
    if not changes or set(changes) - set(allowed):
        raise ValueError(f"not to be corrected: {sorted(set(changes) - set(allowed))}")
    values = dict(changes)
    if "phone" in values:
        values["phone_index"] = blind_index(values["phone"])
    rows = Principal.objects.filter(request=request) if as_principal else HelpRequest.objects.filter(pk=request.pk)
    if not rows.update(**values):
        raise NotPossible("这个诉求没有登记当事人，没有改。刷新看看。")
    request.refresh_from_db()
    words = "、".join(label for name, label in OWN.items() if name in changes)
    record(request, EventKind.CORRECTED, by=by, by_name="当事人" if as_principal else "居民", detail="，".join(filter(None, [words, asked])))
    if request.is_open and by is None:
        whose = "当事人的" if as_principal else "我的"
        Message.objects.create(request=request, sender=Sender.RESIDENT, text=f"我改了{whose}{words}，请照新的来。")
    if request.is_open and request.owner and request.owner != by:
        tell_staff([request.owner], NotificationKind.RESIDENT_WROTE, request=request)


@transaction.atomic
def take_away(*, request: HelpRequest, how: str, by=None, by_name: str = "居民", asked: str = "") -> None:
    """Note that a copy left: `how` says as what. Making the copy is the caller's part. A helper who prints one reads the number: that is noted too."""
    _require_person_and_hand(request, by)
    if by:
        record(request, EventKind.REVEALED, by=by, detail="打印信息清单")
    record(request, EventKind.EXPORTED, by=by, by_name=by_name, detail="，".join(filter(None, [how, asked])))


def erase(*, request: HelpRequest, by=None, by_name: str = "居民", asked: str = "") -> None:
    """Delete the person now, photos included. An open request is cancelled first, and whoever had it in hand is told to stop; a call-back about it, which
    copied name and phone, goes with it. Twice is a refusal, not a fault. Never inside a transaction: files do not come back with a rollback."""
    with transaction.atomic():
        _require_person_and_hand(request, by)
        request.refresh_from_db()
        owner, was_open = request.owner, request.is_open
        about = list(HelpRequest.objects.filter(about=request, kind=Kind.REVISIT).exclude(phone_index=""))
        for each in (request, *about):
            if each.is_open:
                cancel(request=each)
        scrub_requests([each.pk for each in (request, *about)], timezone.now())
        request.refresh_from_db()
        record(request, EventKind.ERASED, by=by, by_name=by_name, detail=asked)
        if was_open and owner and owner != by:
            tell_staff([owner], NotificationKind.STOPPED, request=request)
    delete_all_of(request, by=by, by_name=by_name)  # should this not come about, the daily round does it today


def _require_person_and_hand(request: HelpRequest, by) -> None:
    """The person is still there; and a helper has the request in hand (after closing too) or supervises, as for the full number."""
    require_person(request)
    if by and request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible("这件诉求在别的同事手上，请他来办，或者找主管。")
