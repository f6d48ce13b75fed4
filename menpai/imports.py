"""The way of one file in: tried, confirmed, written. A small file goes it in the request, a large one is worked off by `work_imports`."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from menpai.exchange import KINDS, Kind, Report, Task, log_import
from menpai.models import ImportJob, ImportState
from menpai.spreadsheets import open_book

IN_REQUEST = 2000  # rows; more take longer than anybody's browser waits
LEASE = timedelta(minutes=10)  # from the last sign of life of a worker
KEPT = timedelta(days=7)
ATTEMPTS = 3
MAX_TEXT = 2 * 1024 * 1024
TEXTS = (".yaml", ".yml")
NOT_UTF8 = "文件不是 UTF-8 编码。用记事本打开，另存为，编码选 UTF-8。"
STOPPED = "做到一半停了几次，什么都没有写入。把表分成几个文件再导入；还不行，请告诉管理员。"
log = logging.getLogger(__name__)


class Lost(Exception):
    """Somebody else works on it, or it was given up."""


def is_text(kind: Kind, name: str) -> bool:
    return kind.read_text is not None and name.lower().endswith(TEXTS)


def start(kind: Kind, file, *, by) -> ImportJob:
    """Try a file, or put a long one aside for the worker. Nothing is stored of one that cannot be read: ValidationError says what to do."""
    name = (file.name or "")[-100:]
    job = ImportJob(kind=kind.name, name=name, asked_by=by)
    if not is_text(kind, name):
        job.rows_total = max(open_book(file, kind.bounds).rows - 1, 0)
    job.is_large = kind.in_background and job.rows_total > IN_REQUEST
    if not job.is_large:
        job.report, job.state = _tried(kind, file, name, _task(by, dry_run=True)), ImportState.CHECKED
    file.seek(0)
    job.file = storages["imports"].save(str(uuid4()), file)
    job.save()
    return job


def _task(by, *, dry_run: bool, tell: Callable[[int], None] = lambda done: None) -> Task:
    return Task(by=by, today=timezone.localdate(), dry_run=dry_run, tell=tell)


def _read(kind: Kind, file, name: str, task: Task, report: Report):
    """What the kind makes of the file; problems with rows are in the report."""
    if not is_text(kind, name):
        return kind.read(open_book(file, kind.bounds), task, report)
    if file.seek(0, 2) > MAX_TEXT:
        raise ValidationError("文件太大，最大 2 MB。可以按主题分成几个文件。")
    file.seek(0)
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(NOT_UTF8) from error
    return kind.read_text(text, task, report)


def _tried(kind: Kind, file, name: str, task: Task) -> dict:
    report = Report()
    kind.apply(_read(kind, file, name, task, report), task, report)
    return report.stored()


def confirm(job: ImportJob, digest: str, *, by) -> Report | None:
    """Write exactly what was shown. None: it goes on in the background, was shown anew because rows changed meanwhile, or was confirmed before."""
    if not digest or digest != job.report.get("digest"):
        return None
    if job.is_large:
        ImportJob.objects.filter(pk=job.pk, state=ImportState.CHECKED).update(state=ImportState.WRITE, rows_done=0, attempts=0, leased_until=None)
        return None
    return _write(job, _task(by, dry_run=False), state=ImportState.CHECKED)


def _write(job: ImportJob, task: Task, *, state: str) -> Report | None:
    kind, report = KINDS[job.kind], Report()
    with storages["imports"].open(job.file, "rb") as file:
        prepared = _read(kind, file, job.name, task, report)
    try:
        with transaction.atomic():
            _only_one(kind)
            done = ImportJob.objects.filter(pk=job.pk, state=state, lease=job.lease)
            if not done.update(state=ImportState.DONE, ended_at=timezone.now()):
                return None
            kind.apply(prepared, task, report)
            if report.problems or report.digest != job.report.get("digest"):
                transaction.set_rollback(True)
            else:
                log_import(kind, task, report)
                done.model.objects.filter(pk=job.pk).update(report=report.stored())
    except IntegrityError:  # somebody wrote the same row between our look and our writing
        log.info("import %s met another writer", job.pk)
        report.problems.total += 1
    if report.problems or report.digest != job.report.get("digest"):
        _show_again(job, task)
        return None
    forget_file(job)
    return report


def _only_one(kind: Kind) -> None:
    """Of two imports of one kind the second waits, and then finds what the first wrote. NO KEY: the log may go on."""
    model = ContentType.objects.get_for_model(apps.get_model(kind.model))
    ContentType.objects.select_for_update(no_key=True).get(pk=model.pk)


def _show_again(job: ImportJob, task: Task) -> None:
    """Rows changed since it was shown: it is tried anew and to be confirmed anew."""
    with storages["imports"].open(job.file, "rb") as file:
        report = _tried(KINDS[job.kind], file, job.name, _task(task.by, dry_run=True, tell=task.tell))
    ImportJob.objects.filter(pk=job.pk).update(state=ImportState.CHECKED, report=report | {"again": True}, leased_until=None)


def forget_file(job: ImportJob) -> None:
    if job.file:
        storages["imports"].delete(job.file)
        ImportJob.objects.filter(pk=job.pk).update(file="")


def give_up(job: ImportJob) -> None:
    forget_file(job)
    job.delete()


# The worker


def work(now: datetime) -> str:
    """Do the next step of one long import, if there is one and nobody else is at it; what was done, in words."""
    forget_old(now)
    if ImportJob.objects.filter(leased_until__gte=now).exists():
        return ""
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    job = ImportJob.objects.filter(free, state__in=(ImportState.CHECK, ImportState.WRITE), is_large=True).order_by("asked_at").first()
    if job is None:
        return ""
    job.lease = uuid4()
    mine = ImportJob.objects.filter(free, pk=job.pk, state=job.state)
    if not mine.update(lease=job.lease, leased_until=now + LEASE, attempts=F("attempts") + 1, rows_done=0):
        return ""
    try:
        _step(job)
    except Lost:
        return ""
    except ValidationError as error:
        _fail(job, "".join(error.messages))
    except Exception:
        log.exception("import %s failed", job.pk)
        ImportJob.objects.filter(pk=job.pk, lease=job.lease).update(leased_until=None)
    return f"{KINDS[job.kind].title}：{ImportState(ImportJob.objects.values_list('state', flat=True).get(pk=job.pk)).label}"


def _step(job: ImportJob) -> None:
    kind = KINDS[job.kind]
    if job.attempts >= ATTEMPTS:
        return _fail(job, STOPPED)
    if not kind.may_import(job.asked_by):
        return _fail(job, "这个账号现在不能导入。")
    task = _task(job.asked_by, dry_run=job.state == ImportState.CHECK, tell=partial(_tell, job))
    if job.state == ImportState.WRITE:
        _write(job, task, state=ImportState.WRITE)
    else:
        with storages["imports"].open(job.file, "rb") as file:
            report = _tried(kind, file, job.name, task)
        ImportJob.objects.filter(pk=job.pk, lease=job.lease).update(state=ImportState.CHECKED, report=report, rows_done=job.rows_total)
    ImportJob.objects.filter(pk=job.pk, lease=job.lease).update(leased_until=None)
    return None


def _tell(job: ImportJob, done: int) -> None:
    """How far it is, for the page; and a sign of life. Raises Lost when another worker has taken it up."""
    if not ImportJob.objects.filter(pk=job.pk, lease=job.lease).update(rows_done=done, leased_until=timezone.now() + LEASE):
        raise Lost


def _fail(job: ImportJob, sentence: str) -> None:
    ImportJob.objects.filter(pk=job.pk, lease=job.lease).update(
        state=ImportState.FAILED, report={"failed": sentence}, ended_at=timezone.now(), leased_until=None
    )
    forget_file(job)


def forget_old(now: datetime) -> int:
    """Delete what was asked for more than 7 days ago, file and row; how many."""
    old = list(ImportJob.objects.filter(asked_at__lt=now - KEPT))
    for job in old:
        give_up(job)
    return len(old)
