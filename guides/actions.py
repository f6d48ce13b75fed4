"""Verbs on guides and life events. Each leaves its trace in the history and tells every process that content changed."""

import json

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from guides import documents
from guides.models import ContentStamp, Guide, GuideRevision, LifeEvent, Sourced, Status


@transaction.atomic
def record_change(*, guide: Guide, by: str, whole: Guide | None = None) -> bool:
    """Call after a guide or a part of it was written. Keeps the new whole as a revision; False when nothing differs from the last one.

    `whole` is the guide as Guide.objects.whole() reads it now, where the caller has it already.
    """
    whole = whole or Guide.objects.whole().get(pk=guide.pk)
    text = json.dumps(documents.export(whole) | {"status": str(whole.status)}, cls=DjangoJSONEncoder, ensure_ascii=False)
    last = guide.revisions.order_by("-number").first()
    if last and last.text == text:
        return False
    GuideRevision.objects.create(guide=guide, number=last.number + 1 if last else 1, by=by, text=text)
    Guide.objects.filter(pk=guide.pk).update(content_version=ContentStamp.advance())
    return True


@transaction.atomic
def publish(*, guide: Guide, by: str) -> None:
    """Residents see it from now on."""
    Guide.objects.filter(pk=guide.pk).update(status=Status.PUBLISHED, updated_at=timezone.now())
    record_change(guide=guide, by=by)


@transaction.atomic
def withdraw(*, guide: Guide, by: str) -> None:
    """Residents no longer find it; its address says so and helps on."""
    Guide.objects.filter(pk=guide.pk).update(status=Status.WITHDRAWN, updated_at=timezone.now())
    record_change(guide=guide, by=by)


@transaction.atomic
def verify(*, rows: list[Sourced], guide: Guide, by: str) -> int:
    """A named person vouches for these parts of a guide today; returns how many were not vouched for before."""
    today, count = timezone.localdate(), 0
    for row in rows:
        if not row.is_verified:
            row.verified_by, row.verified_on = by, today
            row.save(update_fields=["verified_by", "verified_on"])
            count += 1
    record_change(guide=guide, by=by)
    return count


def publish_event(*, event: LifeEvent, by) -> bool:
    """Residents see it from now on. `by` is the user, who stands in its history; False when it was published already."""
    return _move_event(event, Status.PUBLISHED, by, "发布")


def withdraw_event(*, event: LifeEvent, by) -> bool:
    """Residents no longer find it; its address says so and helps on. `by` as above; False when it was not published."""
    return _move_event(event, Status.WITHDRAWN, by, "撤下")


@transaction.atomic
def _move_event(event: LifeEvent, status: Status, by, sentence: str) -> bool:
    rows = LifeEvent.objects.filter(pk=event.pk)
    rows = rows.filter(status=Status.PUBLISHED) if status == Status.WITHDRAWN else rows.exclude(status=status)
    if not rows.update(status=status, updated_at=timezone.now()):
        return False
    LogEntry.objects.log_actions(by.pk, [event], CHANGE, change_message=sentence, single_object=True)
    ContentStamp.advance()
    return True
