"""What resident and helper say to each other, and what helpers note for themselves."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from guides.site_words import words_for
from guides.viewpoint import of_district
from helpdesk import wishes
from helpdesk.actions.base import NotPossible, end_pause, record, renew, require_open, require_owner
from helpdesk.models import EventKind, HelpRequest, Medium, Message, NotificationKind, Sender, State
from helpdesk.notifications import tell_resident, tell_staff
from menpai.roles import Role, has_role

SAY_SOMETHING = "他说了什么，您说了什么，至少写一样再存。"
SENT_AGAIN = timedelta(minutes=10)


def is_sent_again(request: HelpRequest, sender: Sender, text: str, *, by=None, medium: Medium = Medium.WEB) -> bool:
    """Whether the same hand has just written the very same words: the answer got lost on the way, and a person pressed again. It is there already.

    Told by the words and not by a key of the form, because who goes back and sends once more has a fresh form. The row of the request must be held.
    """
    written = Message.objects.filter(request=request, sender=sender, by=by, medium=medium, at__gt=timezone.now() - SENT_AGAIN)
    return any(message.text == text for message in written)


@transaction.atomic
def write_message(*, request: HelpRequest, by, text: str) -> None:
    """A message of the owner, which the resident reads on the follow page."""
    require_owner(request, by)
    if is_sent_again(request, Sender.STAFF, text, by=by):
        return
    Message.objects.create(request=request, sender=Sender.STAFF, by=by, text=text)
    renew(request, spoken=False)
    record(request, EventKind.MESSAGED, by=by)
    tell_resident(request, NotificationKind.STAFF_WROTE)


@transaction.atomic
def log_talk(*, request: HelpRequest, by, medium: Medium, said: str, heard: str = "") -> None:
    """What its owner and the resident said to each other by phone or face to face, in the one conversation. Counts as told, both ways."""
    require_owner(request, by)
    if not said and not heard:
        raise NotPossible(SAY_SOMETHING)
    sides = [(sender, text) for sender, text in ((Sender.RESIDENT, heard), (Sender.STAFF, said)) if text]
    if all(is_sent_again(request, sender, text, by=by, medium=medium) for sender, text in sides):
        return
    for sender, text in sides:
        Message.objects.create(request=request, sender=sender, by=by, medium=medium, text=text, read_at=timezone.now())
    renew(request)
    record(request, EventKind.MESSAGED, by=by, detail={Medium.PHONE: "打电话说的", Medium.IN_PERSON: "当面说的"}.get(Medium(medium), ""))


def mark_read(*, request: HelpRequest, sender: Sender, up_to: int) -> None:
    """The other side has seen what `sender` wrote, up to that message (a primary key): one that came while the page was made stays unread."""
    Message.objects.filter(request=request, sender=sender, read_at=None, pk__lte=up_to).update(read_at=timezone.now())


@transaction.atomic
def write_note(*, request: HelpRequest, by, text: str) -> None:
    """An internal note; residents never see it. Allowed after the end too."""
    HelpRequest.objects.filter(pk=request.pk).update(state=F("state"))  # held, so that the same note sent twice at once is one
    if is_sent_again(request, Sender.NOTE, text, by=by):
        return
    Message.objects.create(request=request, sender=Sender.NOTE, by=by, text=text)
    record(request, EventKind.NOTED, by=by)


@transaction.atomic
def reply(*, request: HelpRequest, text: str) -> None:
    """The resident writes. Where we waited for them, the clock runs on by itself."""
    require_open(request)
    if is_sent_again(request, Sender.RESIDENT, text):
        return
    Message.objects.create(request=request, sender=Sender.RESIDENT, text=text)
    record(request, EventKind.REPLIED)
    if end_pause(request):
        record(request, EventKind.RESUMED, by_name="系统", detail="居民回话了")
    owner = get_user_model().objects.filter(owned_requests=request).first()  # as it is under the lock
    tell_staff([owner] if owner else [], NotificationKind.RESIDENT_WROTE, request=request)


def reveal(*, request: HelpRequest, by) -> str:
    """The full phone number, in exchange for an entry in the audit trail; for its owner (after closing too) and a supervisor."""
    if request.owner_id != by.pk and not has_role(by, Role.SUPERVISOR):
        raise NotPossible("谁领取谁打电话，免得几个人都打过去。要打就先领取。")
    record(request, EventKind.REVEALED, by=by)
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
    request = wishes.unanswered().filter(pk=key).select_related("wish__guide", "area").first()
    if request is None:
        return False
    guide = request.wish.guide
    address = settings.SITE_URL + of_district(guide.district).page("guide", guide.slug)
    text = f"您要找的指南写好了：“{guide.plain_title}”。打开看：{address} 。不方便上网的，打{words_for(request.area).hotline}，或者问村（社区）的帮办员。"
    Message.objects.create(request=request, sender=Sender.STAFF, text=text)
    record(request, EventKind.GUIDE_READY, by_name="系统", detail=guide.plain_title)
    tell_resident(request, NotificationKind.STAFF_WROTE)
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
    record(request, EventKind.NOTED, by=by, detail=wishes.TOLD)
