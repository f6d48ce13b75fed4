"""Verbs on guides, on life events and on what people searched in vain. Each leaves its trace in the history and tells every process that
content changed."""

import json

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from guides import documents, refusals
from guides.models import (
    ContentStamp,
    Correction,
    CorrectionState,
    Domain,
    Guide,
    GuideRevision,
    LifeEvent,
    MissState,
    Refusal,
    RefusalReason,
    RefusedAt,
    SearchMiss,
    Sourced,
    Status,
    Synonym,
)


class NotPossible(Exception):
    """The act does not fit what is there now. The text says, in Chinese, what happened and what to do."""


@transaction.atomic
def record_change(*, guide: Guide, by: str, whole: Guide | None = None) -> bool:
    """Call after a guide or a part of it was written. Keeps the new whole as a revision; False when nothing differs from the last one.

    `whole` is the guide as Guide.objects.whole() reads it now, where the caller has it already. A next version is nothing that any process
    shows or searches: the content stamp stays.
    """
    whole = whole or Guide.everything.whole().get(pk=guide.pk)
    text = json.dumps(documents.export(whole) | {"status": str(whole.status)}, cls=DjangoJSONEncoder, ensure_ascii=False)
    last = guide.revisions.order_by("-number").first()
    if last and last.text == text:
        return False
    GuideRevision.objects.create(guide=guide, number=last.number + 1 if last else 1, by=by, text=text)
    if whole.next_of_id is None:
        Guide.objects.filter(pk=guide.pk).update(content_version=ContentStamp.advance())
    return True


@transaction.atomic
def save_topic(*, domain: Domain) -> None:
    """Save a topic. Its name stands beside each of its guides in search, so every process reads those again."""
    domain.save()
    Guide.objects.filter(domain=domain).update(content_version=ContentStamp.advance())


@transaction.atomic
def publish(*, guide: Guide, by: str) -> None:
    """Residents see a guide that has no authors from now on: what a command loaded, or what `guides.editing` has just had reviewed. One that
    somebody is still writing goes through review. Raises NotPossible too where it was only begun, for instance from a search without a result."""
    now = Guide.objects.get(pk=guide.pk)
    if now.authors:
        raise NotPossible(f"“{now.plain_title}”是编辑写的，要先提交审核，由别人审了再发布。")
    require_written(now)
    Guide.objects.filter(pk=guide.pk).update(status=Status.PUBLISHED, updated_at=timezone.now())
    record_change(guide=guide, by=by)


def require_written(guide: Guide) -> None:
    """Raises NotPossible that names each field of a guide that may not be empty and is."""
    if missing := [str(field.verbose_name) for field in Guide._meta.fields if not field.blank and field.value_from_object(guide) in ("", None)]:
        raise NotPossible(f"“{guide.plain_title}”还没写好，缺：{'、'.join(missing)}。填好保存了再发布。")


@transaction.atomic
def withdraw(*, guide: Guide, by: str) -> None:
    """Residents no longer find it; its address says so and helps on."""
    Guide.objects.filter(pk=guide.pk).update(status=Status.WITHDRAWN, updated_at=timezone.now())
    record_change(guide=guide, by=by)


@transaction.atomic
def verify(*, rows: list[Sourced], guide: Guide, by: str) -> int:
    """A named person vouches for these parts of a guide today; returns how many were not vouched for before.

    The guide's row is held: a next version that is published at the same moment takes the marks along, or is there first and these parts are gone.
    """
    Guide.everything.filter(pk=guide.pk).update(priority=F("priority"))
    today = timezone.localdate()
    count = sum(type(row).objects.filter(pk=row.pk, verified_by="").update(verified_by=by, verified_on=today) for row in rows)
    record_change(guide=guide, by=by)
    return count


# what people searched in vain


def _settle(*, miss: SearchMiss, state: MissState, by: str, guide: Guide | None = None) -> None:
    """Take an open miss off the list, first of all: the row is held until the commit, so of two editors one wins and the other is told."""
    if not SearchMiss.objects.filter(pk=miss.pk, state=MissState.OPEN).update(state=state, guide=guide, handled_by=by[:60]):
        now = SearchMiss.objects.filter(pk=miss.pk).first()
        raise NotPossible(f"“{now}”{now.handled_by}已经处理了：{now.get_state_display()}。" if now else f"“{miss}”已经不在了，太久没人搜。")
    miss.refresh_from_db()


def _learn(*, guide: Guide, field: str, text: str, by: str) -> None:
    """One more name or phrasing. The guide's row is held, so that two that come at once are both kept."""
    held = Guide.objects.select_for_update().get(pk=guide.pk)
    words = getattr(held, field)
    if text not in words:
        setattr(held, field, [*words, text])
        held.save(update_fields=[field, "updated_at"])
        record_change(guide=held, by=by)


@transaction.atomic
def add_alias(*, miss: SearchMiss, guide: Guide, by: str) -> None:
    """The words become another name of the guide (别的叫法)."""
    _settle(miss=miss, state=MissState.ALIAS, guide=guide, by=by)
    _learn(guide=guide, field="aliases", text=miss.text, by=by)


@transaction.atomic
def add_phrasing(*, miss: SearchMiss, guide: Guide, by: str) -> None:
    """The words become a way to ask for the guide (居民怎么问); on no page, only search and the assistant hear it."""
    _settle(miss=miss, state=MissState.ALIAS, guide=guide, by=by)
    _learn(guide=guide, field="phrasings", text=miss.text, by=by)


@transaction.atomic
def add_synonym(*, miss: SearchMiss, word: str, by: str, group: Synonym | None = None, other: str = "", guide: Guide | None = None) -> Synonym:
    """`word` joins a group, or makes a new one with `other`. `guide`, if known, is what the words were about. Raises ValidationError too."""
    _settle(miss=miss, state=MissState.SYNONYM, guide=guide, by=by)
    if group is None:
        synonym = Synonym(words=[other, word])
    else:
        synonym = Synonym.objects.select_for_update().filter(pk=group.pk).first()
        if synonym is None:
            raise NotPossible("这一组同义词刚刚被删了。换一组，或者写一组新的。")
        synonym.words = list(dict.fromkeys([*synonym.words, word]))
    save_synonym(synonym=synonym)
    return synonym


@transaction.atomic
def start_guide(*, miss: SearchMiss, domain: Domain, plain_title: str, by: str, author: int | None = None) -> Guide:
    """A draft with the words as its name, on the next free number of its topic. The rest is for its writer: nothing is made up.

    `author` is the account of whoever started it, who may then not review it."""
    Domain.objects.select_for_update().get(pk=domain.pk)  # two drafts of one topic get their numbers one after the other
    _settle(miss=miss, state=MissState.DRAFT, by=by)
    numbers = [int(slug[-3:]) for slug in Guide.objects.filter(domain=domain, slug__startswith=f"{domain.slug}-").values_list("slug", flat=True)]
    number = max(numbers, default=0) + 1
    if number > 999:
        raise NotPossible(f"“{domain}”的代号用完了，换一个主题。")
    guide = Guide.objects.create(slug=f"{domain.slug}-{number:03d}", domain=domain, plain_title=plain_title, aliases=[miss.text], authors=[author] if author else [])
    miss.guide = guide
    miss.save(update_fields=["guide"])
    record_change(guide=guide, by=by)
    return guide


@transaction.atomic
def drop_miss(*, miss: SearchMiss, by: str) -> None:
    """Nothing of ours. It stays known, so that it does not come up again."""
    _settle(miss=miss, state=MissState.DROPPED, by=by)


# synonyms


@transaction.atomic
def save_synonym(*, synonym: Synonym) -> None:
    """Store a group, new or changed; every process searches with it from now on. Raises ValidationError."""
    synonym.full_clean()
    synonym.save()
    ContentStamp.advance()


@transaction.atomic
def delete_synonyms(*, synonyms) -> None:
    """Delete a queryset of groups; every process forgets them."""
    synonyms.delete()
    ContentStamp.advance()


# what went wrong with a guide in real life


@transaction.atomic
def record_refusal(*, guide: Guide, material: str, reason: RefusalReason, case: str, at: RefusedAt) -> None:
    """退件: one paper was not accepted once, today. `material` is its name in the guide, `case` the answers (who=agent); nothing says whose it was."""
    Guide.objects.filter(pk=guide.pk).update(priority=F("priority"))  # held to the commit: of two at once the second counts the first
    Refusal.objects.create(guide=guide, material=material[:80], reason=reason, case=case[:200], at=at, on=timezone.localdate())
    _count_refusals(guide)


@transaction.atomic
def forget_refusals() -> int:
    """Delete the refusals of more than thirteen months ago and count every guide anew, whose year has moved on too; how many were deleted.

    Also mends a guide that an editor saved, with the count as it was on opening, while a refusal was written.
    """
    today = timezone.localdate()
    gone = refusals.outdated(today).delete()[0]
    counted = Guide.objects.filter(pk__in=Refusal.objects.values("guide")) | Guide.objects.exclude(often_refused=[])
    for guide in counted.order_by("pk"):
        Guide.objects.filter(pk=guide.pk).update(priority=F("priority"))
        _count_refusals(guide)
    return gone


def _count_refusals(guide: Guide) -> None:
    """The guide's row is held. No change of content, so no revision and no new content_version: search has nothing to read again."""
    now = refusals.often(refusals.counted(guide, timezone.localdate()))
    if Guide.objects.values_list("often_refused", flat=True).get(pk=guide.pk) != now:
        Guide.objects.filter(pk=guide.pk).update(often_refused=now)
        ContentStamp.advance()


@transaction.atomic
def settle_corrections(*, corrections: list[Correction], state: CorrectionState, answer: str, by: str) -> int:
    """Answer these corrections, which an editor has read, all the same way; those who sent them read `answer`. How many were still open.

    One that came meanwhile is not among them and stays open: nobody has read it.
    """
    rows = Correction.objects.filter(pk__in=[row.pk for row in corrections], state=CorrectionState.OPEN)
    done = rows.update(state=state, answer=answer, handled_by=by[:60], handled_at=timezone.now())
    if not done:
        raise NotPossible("这一条刚刚有人处理过了，刷新看看。")
    return done


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
