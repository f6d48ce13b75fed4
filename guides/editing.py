"""The editorial life of a guide: written, submitted, reviewed by somebody else, published now or at a set time, withdrawn.

What was once published is never edited itself: its next version is a row of its own beside it (`next_of`) until it is published onto it.
Every verb holds the rows it moves first (the public one before its next version), so of two who act at once the second sees what the first did.
`by` is a user. A refusal is `guides.actions.NotPossible`; the sentence says what happened and what to do.
"""

from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from guides import actions, documents
from guides.actions import NotPossible, publish, record_change, require_written
from guides.departments import PUBLISH, may_write, name_of, reviewers_of
from guides.merging import Merged, merge, plain
from guides.models import ContentStamp, Guide, GuideRevision, Status

PUBLIC = (Status.PUBLISHED, Status.WITHDRAWN)  # what has an address that residents may know
IN_REVIEW = (Status.REVIEW, Status.SCHEDULED)
NOT_REVIEWED = {"reviewed_by": "", "reviewed_at": None, "publish_at": None}
LONGEST_WAIT = 366  # days between a review and its publication


def hold(guide: Guide) -> Guide:
    """The guide as it is now, held to the commit together with the public one it is to replace. A no-op update: SQLite knows no SELECT FOR UPDATE."""
    for pk in filter(None, (guide.next_of_id, guide.pk)):
        Guide.everything.filter(pk=pk).update(priority=F("priority"))
    now = Guide.everything.filter(pk=guide.pk).select_related("next_of").first()
    if now is None:
        raise NotPossible(f"“{guide.plain_title}”的这一版刚刚发布了，或者有人不要它了。到列表里看看现在的样子。")
    return now


def _log(guide: Guide, by, sentence: str) -> None:
    """An act stands in the history of the public guide, which outlives its next versions."""
    LogEntry.objects.log_actions(by.pk, [guide.next_of or guide], CHANGE, change_message=sentence, single_object=True)


def _require(guide: Guide, *statuses: Status) -> None:
    if guide.status not in statuses:
        raise NotPossible(f"“{guide.plain_title}”现在是“{guide.get_status_display()}”，刚刚有人动过。刷新看看，再决定怎么办。")


def _whole(guide: Guide) -> Guide:
    return Guide.everything.whole().get(pk=guide.pk)


def names_by_key(users) -> dict[int, str]:
    """The names of accounts by their keys; one that is gone has none. One query."""
    return {pk: name_of(user) for pk, user in get_user_model().objects.in_bulk(list(users)).items()}


def names_of(users: list[int]) -> list[str]:
    """As `names_by_key`, in the order given."""
    found = names_by_key(users) if users else {}
    return [found[pk] for pk in users if pk in found]


# writing


@transaction.atomic
def start_next(*, guide: Guide, by) -> Guide:
    """The next version of a public guide, a whole copy to be written; the one that is there already if somebody began."""
    now = hold(guide)
    if found := Guide.everything.filter(next_of=now).first():
        return found
    if now.status not in PUBLIC:
        raise NotPossible("这一份还没有发布过，直接改就行。")
    record_change(guide=now, by=name_of(by))  # only where its last revision does not say what it is now
    begun_from = now.revisions.values_list("number", flat=True).first()
    copy = Guide(slug=now.slug, district=now.district, domain=now.domain, next_of=now, authors=[by.pk], begun_from=begun_from, review_on=now.review_on)
    _write(copy, documents.export(_whole(now)))
    record_change(guide=copy, by=name_of(by))
    _log(copy, by, "开始改下一版")
    return copy


def _write(guide: Guide, document: dict) -> None:
    try:
        documents.write(guide, document)
    except ValidationError as error:
        raise NotPossible(f"写不进去：{'；'.join(error.messages)}") from error


@transaction.atomic
def record_saved(*, guide: Guide, by, changed: bool = True) -> None:
    """Call after a draft or a next version was written by hand or from a file: whoever changed it is one of its authors from now on."""
    if record_change(guide=guide, by=name_of(by)) or changed:
        authors = hold(guide).authors
        if by.pk not in authors:
            Guide.everything.filter(pk=guide.pk).update(authors=[*authors, by.pk])


@transaction.atomic
def drop_next(*, guide: Guide, by) -> None:
    """Nobody wants this next version: what residents read stays as it is."""
    now = hold(guide)
    if now.next_of is None:
        raise NotPossible("这一份不是下一版，不能这样去掉。")
    _require(now, Status.DRAFT)
    _log(now, by, "不要下一版了")
    now.delete()


@transaction.atomic
def roll_back(*, guide: Guide, number: int, by) -> Guide:
    """A next version that says what revision `number` said; it goes through review like any other. Names and phrasings learnt since are kept."""
    now = hold(guide)
    if Guide.everything.filter(next_of=now).exists():
        raise NotPossible("有人正在改下一版。先把那一版提交了，或者不要了，再退回到以前的。")
    revision = GuideRevision.objects.filter(guide=now, number=number).first()
    if revision is None:
        raise NotPossible(f"没有第{number}版。")
    copy = start_next(guide=now, by=by)
    _write(copy, revision.document | {"aliases": now.aliases, "phrasings": now.phrasings})
    record_change(guide=copy, by=name_of(by))
    _log(copy, by, f"下一版照第{number}版写")
    return copy


def against_public(guide: Guide) -> Merged:
    """What publishing this next version would make of the public one, which may have changed since it was begun."""
    theirs = documents.export(_whole(guide.next_of))
    base = GuideRevision.objects.filter(guide=guide.next_of, number=guide.begun_from).first()
    return merge(base.document if base else theirs, theirs, documents.export(_whole(guide)))


@transaction.atomic
def keep_mine(*, guide: Guide, by) -> None:
    """Somebody looked at what changed on both sides and wrote this version accordingly: from now on it counts as begun from what is public."""
    now = hold(guide)
    _require(now, Status.DRAFT)
    record_change(guide=now.next_of, by=name_of(by))
    Guide.everything.filter(pk=now.pk).update(begun_from=now.next_of.revisions.values_list("number", flat=True).first())
    _log(now, by, "看过两边的改动，以下一版写的为准")


# review


def _require_whole(guide: Guide) -> None:
    require_written(guide)
    if guide.next_of and (conflicts := against_public(guide).conflicts):
        raise NotPossible(
            f"您在改的时候，居民看到的那一份也改了，两边都动过：{'、'.join(conflicts)}。打开“和现在的比”，看清楚了写进这一版，再提交。"
        )


@transaction.atomic
def submit(*, guide: Guide, by) -> None:
    """Ready to be looked at by somebody else; until that is done or it is taken back nobody writes in it."""
    now = hold(guide)
    _require(now, Status.DRAFT)
    _require_whole(now)
    if now.next_of and against_public(now).document == plain(documents.export(_whole(now.next_of))) and now.domain_id == now.next_of.domain_id:
        raise NotPossible("和居民现在看到的一样，没有要审的。改好、保存了再提交；不改了，就点“不要这一版了”。")
    _move(now, Status.REVIEW, submitted_by=name_of(by)[:60], submitted_at=timezone.now(), review_remark="", **NOT_REVIEWED)
    _log(now, by, "提交审核")


def _move(guide: Guide, status: Status, **fields) -> None:
    Guide.everything.filter(pk=guide.pk).update(status=status, updated_at=timezone.now(), **fields)


@transaction.atomic
def take_back(*, guide: Guide, by) -> None:
    """收回来改: it is written on, and submitted again afterwards."""
    now = hold(guide)
    _require(now, *IN_REVIEW)
    _move(now, Status.DRAFT, **NOT_REVIEWED)
    _log(now, by, "收回来改")


def _require_reviewer(guide: Guide, by) -> None:
    if not by.has_perm(PUBLISH) or not may_write(by, district=guide.district, department=guide.department):
        raise NotPossible("发布要由管这个部门的审核来做。")
    if by.pk in guide.authors:
        raise NotPossible(own_work(guide))


def own_work(guide: Guide) -> str:
    """Why an author may not review, and who may."""
    others = "、".join(map(name_of, reviewers_of(guide)))
    return "这一版您写过，不能自己审。" + (f"可以审的有：{others}。" if others else "现在没有别人能审，请管理员再给一个人“审核”的角色。")


@transaction.atomic
def send_back(*, guide: Guide, by, remark: str) -> None:
    """The reviewer says what is to be changed; the writer reads it above the form."""
    now = hold(guide)
    _require(now, *IN_REVIEW)
    _require_reviewer(now, by)
    if not remark.strip():
        raise NotPossible("写一句要改哪里，再退回。")
    _move(now, Status.DRAFT, **NOT_REVIEWED | {"review_remark": remark.strip()[:300], "reviewed_by": name_of(by)[:60], "reviewed_at": timezone.now()})
    _log(now, by, f"退回：{remark.strip()}")


@transaction.atomic
def approve(*, guide: Guide, by, publish_at: datetime | None = None) -> None:
    """Residents read it from now on, or from `publish_at`. Never by one of its authors; a draft that has any must have been submitted."""
    now = hold(guide)
    if now.status == Status.DRAFT and (now.authors or now.next_of):
        raise NotPossible(f"“{now.plain_title}”还在写，没有提交审核。")
    _require(now, Status.DRAFT, Status.WITHDRAWN, *IN_REVIEW)
    _require_reviewer(now, by)
    _require_whole(now)
    if publish_at is None:
        _publish(now, reviewer=name_of(by), at=timezone.now())
        _log(now, by, "审核通过，发布")
        return
    ahead = publish_at - timezone.now()
    if not 0 < ahead.total_seconds() <= LONGEST_WAIT * 86400:
        raise NotPossible("定时发布要选以后的时间，最多一年。")
    if now.status == Status.WITHDRAWN:
        raise NotPossible("撤下的要再发布，直接点“发布”；要改，先点“改这一份”。")
    _move(now, Status.SCHEDULED, publish_at=publish_at, reviewed_by=name_of(by)[:60], reviewed_at=timezone.now(), review_remark="")
    _log(now, by, f"审核通过，{timezone.localtime(publish_at):%Y年%m月%d日 %H:%M} 发布")


def _publish(guide: Guide, *, reviewer: str, at: datetime) -> None:
    """The rows are held. One revision says who wrote and who reviewed."""
    credit = "，".join(filter(None, (f"{'、'.join(names)}写" if (names := names_of(guide.authors)) else "", f"{reviewer}审")))[:60]
    done = {"reviewed_by": reviewer[:60], "reviewed_at": at, "review_remark": "", "publish_at": None, "authors": []}
    public = guide.next_of
    if public is None:
        Guide.objects.filter(pk=guide.pk).update(**done)
        publish(guide=guide, by=credit)
        return
    merged = against_public(guide)
    moved = public.domain_id != guide.domain_id
    public.domain, public.status = guide.domain, Status.PUBLISHED
    public.review_on = max(filter(None, (public.review_on, guide.review_on)), default=None)
    public.submitted_by, public.submitted_at = guide.submitted_by, guide.submitted_at
    for name, value in done.items():
        setattr(public, name, value)
    guide.delete()
    guide.pk = None
    _write(public, merged.document)
    if not record_change(guide=public, by=credit) and moved:
        Guide.objects.filter(pk=public.pk).update(content_version=ContentStamp.advance())


def publish_due(now: datetime) -> int:
    """Publish what is scheduled up to `now`; how many. Safe on several machines at once: each row is held, and looked at again, before it moves.

    What cannot be published after all goes back to its writer with the reason as the remark.
    """
    due = Guide.everything.filter(status=Status.SCHEDULED, publish_at__lte=now).order_by("publish_at", "pk")
    return sum(_publish_one(guide, now) for guide in list(due))


@transaction.atomic
def _publish_one(listed: Guide, now: datetime) -> bool:
    try:
        guide = hold(listed)
    except NotPossible:  # another machine was faster
        return False
    if guide.status != Status.SCHEDULED or guide.publish_at > now:
        return False
    try:
        with transaction.atomic():
            _require_whole(guide)
            _publish(guide, reviewer=guide.reviewed_by, at=guide.reviewed_at)
    except NotPossible as refusal:
        remark = f"到了时间没有发布。{refusal}"[:300]
        Guide.everything.filter(pk=listed.pk).update(status=Status.DRAFT, publish_at=None, review_remark=remark, updated_at=timezone.now())
        return False
    return True


# what is public


@transaction.atomic
def withdraw(*, guide: Guide, by) -> None:
    """Residents no longer find it; its address says so and helps on. A next version that is being written stays."""
    now = hold(guide)
    _require(now, Status.PUBLISHED)
    actions.withdraw(guide=now, by=name_of(by))
    _log(now, by, "撤下")


@transaction.atomic
def still_valid(*, guide: Guide, by) -> None:
    """仍然有效: looked at today, and all of it still holds. The next look is due in a year, or on the day that was set if that is ahead.

    Who vouches for which part stays as it is: this is a look at the whole, not a check of each fact.
    """
    now = hold(guide)
    _require(now, Status.PUBLISHED)
    today = timezone.localdate()
    due = now.review_on if now.review_on and now.review_on > today else a_year_after(today)
    Guide.objects.filter(pk=now.pk).update(checked_on=today, review_on=due, updated_at=timezone.now())
    record_change(guide=now, by=name_of(by))
    _log(now, by, "仍然有效")


def a_year_after(day):
    return day.replace(year=day.year + 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)
