"""The papers of a request, checked before the trip (预审): what is in order, what is missing, and the photos that were sent for it."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from guides.actions import record_refusal
from guides.models import RefusalReason, RefusedAt
from helpdesk import attachments, behalf
from helpdesk.actions.base import NotPossible, record, require_owner
from helpdesk.models import OPEN_STATES, Attachment, AttachmentKind, EventKind, HelpRequest, NotificationKind, Paper, PaperState
from helpdesk.notifications import tell_staff
from menpai.uploads import Cleaned

FILES_CONSENT_VERSION = "2026-11"  # the text in templates/helpdesk/papers/_consent.html; a changed text gets a new version
MAX_FILES, MAX_FILES_A_PAPER = 20, 5
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a helper found of one paper. `reason` (a RefusalReason) belongs to BAD alone; `original_seen`: the original was looked at, no photo needed."""

    state: PaperState
    reason: str = ""
    remark: str = ""
    original_seen: bool = False


@transaction.atomic
def check_papers(*, request: HelpRequest, by, found: dict[int, Check]) -> list[Paper]:
    """Write down what was found of these papers (by primary key) of an own request; the others stay. Nothing changed: nothing recorded.

    A paper that is BAD only since now counts for the guide (退件原因回流), without anything of the person. Returns those that are MISSING or BAD since now.
    """
    require_owner(request, by)
    if why := behalf.consent_missing(request):
        raise NotPossible(why)
    now, changed, refused = timezone.now(), False, []
    for paper in request.papers.prefetch_related("attachments").filter(pk__in=found):
        check = found[paper.pk]
        if check.state == PaperState.BAD and not check.reason:
            raise NotPossible(f"“{paper.name}”不合格，要选哪里不行，居民才知道怎么改。")
        before = (paper.state, paper.reason, paper.remark, paper.original_seen_at is not None)
        after = (check.state, check.reason if check.state == PaperState.BAD else "", check.remark, check.original_seen)
        if before == after and not paper.has_new_photo:
            continue
        if check.state in (PaperState.MISSING, PaperState.BAD) and before[:2] != after[:2]:
            refused.append(paper)
        paper.state, paper.reason, paper.remark = after[:3]
        paper.original_seen_at = (paper.original_seen_at or now) if check.original_seen else None
        paper.checked_by, paper.checked_at = by, now
        paper.save(update_fields=["state", "reason", "remark", "original_seen_at", "checked_by", "checked_at"])
        changed = True
    if changed:
        record(request, EventKind.PAPER_TICKED, by=by, detail=_counts(request))
    for paper in refused:
        if request.guide and paper.state == PaperState.BAD:  # what is only missing may still be on its way
            record_refusal(guide=request.guide, material=paper.name, reason=RefusalReason(paper.reason), case=request.case, at=RefusedAt.PRECHECK)
    return refused


def _counts(request: HelpRequest) -> str:
    states = list(request.papers.values_list("state", flat=True))
    shown = [(state.label, states.count(state)) for state in (PaperState.OK, PaperState.MISSING, PaperState.BAD)]
    return "，".join(f"{label} {count} 样" for label, count in shown if count)


def add_files(*, request: HelpRequest, paper: Paper | None, files: list[Cleaned], by=None) -> list[Attachment]:
    """Keep these pictures with a paper (None: none of the list) of an open request, from the resident, or `by` its owner for them.

    Whoever calls has asked for the separate consent of FILES_CONSENT_VERSION. Files are written first and taken back when the rows are not:
    so a row never lacks its file, and durable=True keeps an outer transaction from undoing the rows alone.
    """
    keys = _written(files)
    try:
        with transaction.atomic(durable=True):
            return _rows(request, paper, list(zip(keys, files, strict=True)), by)
    except BaseException:
        _take_back(keys)
        raise


def _written(files: list[Cleaned]) -> list[UUID]:
    keys = []
    try:
        for file in files:
            keys.append(attachments.put(file.content))
    except Exception as error:  # a full disk, a store that does not answer
        log.exception("photos could not be stored")
        _take_back(keys)
        raise NotPossible("现在存不了照片，过几分钟再传。着急就把材料带来当面看。") from error
    return keys


def _take_back(keys: list[UUID]) -> None:
    for key in keys:
        with suppress(Exception):  # what stays is a stray file, which the daily command removes
            attachments.erase(key)


def _rows(request: HelpRequest, paper: Paper | None, files: list, by) -> list[Attachment]:
    if by:
        require_owner(request, by)
    elif not HelpRequest.objects.filter(pk=request.pk, state__in=OPEN_STATES).update(state=F("state")):
        raise NotPossible("这个诉求已经结束了，照片没有收。还要办，先点“接着办”或“没办好，请再帮我办”。")
    living = request.attachments.filter(deleted_at=None)
    if living.filter(paper=paper).count() + len(files) > MAX_FILES_A_PAPER:
        raise NotPossible(f"一样材料最多{MAX_FILES_A_PAPER}张。先删掉看不清的，再传。")
    if living.count() + len(files) > MAX_FILES:
        raise NotPossible(f"一个诉求最多{MAX_FILES}张。先删掉用不着的，再传。")
    day, purpose = attachments.delete_on(), attachments.purpose_of(request)
    rows = [
        Attachment.objects.create(
            key=key, request=request, paper=paper, kind=AttachmentKind.PDF if file.is_pdf else AttachmentKind.IMAGE,
            size=len(file.content), purpose=purpose, by=by, delete_on=day,
        )
        for key, file in files
    ]  # fmt: skip
    record(request, EventKind.FILE_ADDED, by=by, detail=f"{len(rows)}张，同意了告知书（{FILES_CONSENT_VERSION}版）")
    request.refresh_from_db(fields=["owner", "state"])
    if not by and request.owner:
        tell_staff([request.owner], NotificationKind.FILE_ADDED, request=request)
    return rows


def open_file(*, attachment: Attachment, by) -> bytes:
    """The picture for a member of staff who handles the request (access.may_open_files), in exchange for an entry in the story."""
    try:
        content = attachments.read(attachment.key)
    except FileNotFoundError:
        raise NotPossible("这张照片不在了，请居民再传一次。") from None
    record(attachment.request, EventKind.FILE_OPENED, by=by, detail=attachment.paper.name if attachment.paper else "")
    return content


def delete_file(*, attachment: Attachment, by=None, by_name: str = "居民") -> None:
    """Delete a photo now; its row stays as the receipt. The file goes first: a receipt that stands is true, and a try that failed can be repeated."""
    try:
        attachments.erase(attachment.key)
    except Exception as error:
        log.exception("a photo could not be deleted")
        raise NotPossible("现在删不了，过几分钟再点一次“删掉”。") from error
    with transaction.atomic():
        if Attachment.objects.filter(pk=attachment.pk, key=attachment.key, deleted_at=None).update(deleted_at=timezone.now()):
            record(attachment.request, EventKind.FILE_DELETED, by=by, by_name=by_name)


def delete_due(today: date) -> tuple[int, int]:
    """Delete the photos whose day has come; how many were, and how many could not be and are tried again tomorrow."""
    done = failed = 0
    for attachment in attachments.due(today).select_related("request"):
        try:
            delete_file(attachment=attachment, by_name="到期自动删除")
            done += 1
        except NotPossible:
            failed += 1
    return done, failed


def delete_all_of(request: HelpRequest, *, by=None, by_name: str = "居民") -> int:
    """Delete every photo of a request now, for instance when its person takes back their consent; how many. Never inside a transaction."""
    rows = list(request.attachments.filter(deleted_at=None).select_related("request"))
    for attachment in rows:
        delete_file(attachment=attachment, by=by, by_name=by_name)
    return len(rows)
