"""A guide changed under an open request: its owner is told once, and takes the new version over when they are ready."""

from django.db import transaction
from django.db.models import F, Max

from guides.changes import Change, chosen_in
from guides.models import Guide, GuideRevision, Status
from guides.printed import PUBLIC
from guides.reading import Reading, holds
from helpdesk.actions.base import NotPossible, record, require_owner
from helpdesk.changes import Difference, case_of, difference_for, outrun, version_label
from helpdesk.models import OPEN_STATES, Event, EventKind, HelpRequest, Message, NotificationKind, Paper, PaperState, Sender
from helpdesk.notifications import tell_resident, tell_staff


@transaction.atomic
def follow_new_guide(*, request: HelpRequest, by) -> None:
    """照新的办: the checklist becomes that of the guide as it is now, and the resident reads what changed in their papers.

    What was checked stays checked where the paper is asked for as before; where another form or number is asked for it is to be checked again.
    """
    require_owner(request, by)
    request.refresh_from_db()
    found = difference_for(request)
    if found is None:
        raise NotPossible("这件事已经是照现在的指南办了。")
    guide = Guide.objects.whole().get(pk=request.guide_id)
    if guide.status != Status.PUBLISHED:
        raise NotPossible("这份指南撤下了，没有新的可照。先打12345问清楚现在怎么办。")
    _take_over(request, Reading(guide, case_of(request)).checklist(), _names_of(found.document, case_of(request)))
    HelpRequest.objects.filter(pk=request.pk).update(guide_revision=found.number)
    request.refresh_from_db()
    record(request, EventKind.TOLD_CHANGE, by=by, detail=version_label(found.number))
    if found.papers:
        Message.objects.create(request=request, sender=Sender.STAFF, by=by, text=in_words(found.papers))
        tell_resident(request, NotificationKind.STAFF_WROTE)


def _names_of(document: dict, case: dict[str, str]) -> set[str]:
    """The papers of the case in an earlier version: those the checklist took from the guide, and not by hand."""
    chosen = chosen_in(document, case)
    return {row["name"] for row in document.get("materials") or [] if holds(row.get("only_for") or [], chosen)}


def _take_over(request: HelpRequest, now: tuple[tuple[str, str], ...], before: set[str]) -> None:
    kept = list(request.papers.all())
    for name, detail in now:
        same = next((paper for paper in kept if paper.name == name), None)
        if same is None:
            Paper.objects.create(request=request, name=name, detail=detail[:120])
            continue
        kept.remove(same)  # two papers of one name are matched in their order
        if same.detail != detail[:120]:
            fresh = {"state": PaperState.UNCHECKED, "reason": "", "original_seen_at": None, "checked_by": None, "checked_at": None}
            Paper.objects.filter(pk=same.pk).update(detail=detail[:120], **fresh)
    Paper.objects.filter(pk__in=[paper.pk for paper in kept if paper.name in before]).delete()


def in_words(changes: tuple[Change, ...]) -> str:
    """For the resident, a line a paper."""
    lines = []
    for change in changes:
        if not change.before:
            lines.append(f"新加：{change.name}，{change.now}")
        elif not change.now:
            lines.append(f"不用带了：{change.name}")
        else:
            lines.append(f"{change.name}：以前是{change.before}，现在是{change.now}")
    return "办这件事的规定改了，您要带的有变化：\n" + "\n".join(lines)


def flag_changes() -> int:
    """Tell the owners of open requests that their guide changed; how many requests were flagged.

    Once for each version, however often and by however many machines this is run, and only where something changed for that very case: where
    nothing did, the request quietly counts as prepared by the later version.
    """
    candidates = list(outrun().order_by("pk").values_list("pk", "guide"))
    if not candidates:
        return 0
    public = GuideRevision.objects.filter(guide__in={guide for _, guide in candidates}, text__contains=PUBLIC)
    latest = {guide: version_label(number) for guide, number in public.order_by().values_list("guide").annotate(number=Max("number"))}
    said = set(Event.objects.filter(request__in=[pk for pk, _ in candidates], kind=EventKind.GUIDE_CHANGED).values_list("request", "detail"))
    return sum(_flag(pk) for pk, guide in candidates if (pk, latest[guide]) not in said)


@transaction.atomic
def _flag(key: int) -> bool:
    # Held to the commit; only then is it asked what another machine wrote meanwhile.
    if not HelpRequest.objects.filter(pk=key, state__in=OPEN_STATES).update(state=F("state")):
        return False
    request = HelpRequest.objects.select_related("guide", "owner").get(pk=key)
    found: Difference | None = difference_for(request)
    if found is None:
        return False
    if not found.changes:
        HelpRequest.objects.filter(pk=key).update(guide_revision=found.number)
        return False
    version = version_label(found.number)
    if request.events.filter(kind=EventKind.GUIDE_CHANGED, detail=version).exists():
        return False
    record(request, EventKind.GUIDE_CHANGED, by_name="系统", detail=version)
    if request.owner:
        tell_staff([request.owner], NotificationKind.GUIDE_CHANGED, request=request, once=f"guide-changed:{key}:{found.number}")
    return True
