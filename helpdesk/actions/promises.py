"""The promise of the next word: kept by a contact, stopped while the resident has something to do, and running on after that."""

from datetime import date

from django.db import models, transaction
from django.utils import timezone

from helpdesk import sla
from helpdesk.actions.base import NotPossible, calendar_of, end_pause, record, renew, require_owner
from helpdesk.models import EventKind, HelpRequest, PauseReason


class ContactHow(models.TextChoices):
    PHONE = "phone", "电话里说上话了"
    IN_PERSON = "person", "当面说上话了"
    NOBODY = "nobody", "打了，没人接"


@transaction.atomic
def contact(*, request: HelpRequest, by, how: ContactHow) -> None:
    """The owner called or met the resident: the next word is promised anew. A call that reached nobody is written down and keeps the clock running."""
    require_owner(request, by)
    if how != ContactHow.NOBODY:
        renew(request)
    record(request, EventKind.CONTACTED, by=by, detail=ContactHow(how).label)


@transaction.atomic
def pause(*, request: HelpRequest, by, reason: PauseReason, resume_on: date) -> None:
    """Stop the clock while the resident has something to do, until the morning of `resume_on` (at most 14 days ahead, local date).

    Only by its owner, only after the resident was spoken to, and never after the promise ran out: nothing of our own stops the clock.
    """
    require_owner(request, by)
    request.refresh_from_db()
    now = timezone.now()
    today = timezone.localdate(now)
    if request.paused_at:
        raise NotPossible("已经停着了，不用再停一次。")
    if request.contacted_at is None:
        raise NotPossible("还没跟居民说上话，不能停。先打个电话，说好等什么、等到哪天。")
    if request.promised_at < now:
        raise NotPossible("说好的时间已经过了，不能停。先联系居民，记上一笔，再停。")
    if not today < resume_on <= today + sla.LONGEST_PAUSE:
        raise NotPossible(f"选明天以后、{sla.LONGEST_PAUSE.days}天以内的日子。")
    left = round(sla.desk_minutes(now, request.promised_at, calendar=calendar_of(request, now)))
    HelpRequest.objects.filter(pk=request.pk).update(paused_at=now, pause_reason=reason, minutes_left=left, resume_on=resume_on)
    request.refresh_from_db()
    record(request, EventKind.PAUSED, by=by, detail=f"{PauseReason(reason).label}，最晚{resume_on.month}月{resume_on.day}日接着办")


@transaction.atomic
def resume(*, request: HelpRequest, by) -> None:
    """The owner goes on before the day comes."""
    require_owner(request, by)
    if not end_pause(request):
        raise NotPossible("没有停着，已经在接着办了。")
    record(request, EventKind.RESUMED, by=by)
