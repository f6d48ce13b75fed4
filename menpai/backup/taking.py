"""Taking a backup while the site runs: under a name that nobody takes for a backup, until the last byte is on the disk."""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import django
from django.conf import settings
from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.utils import timezone

from menpai.backup import ATTACHMENTS, CHUNK, FORMAT, KEYS, MANIFEST, PREFIX, STAMP, Refused, databases, keys, moment_of
from menpai.models import BackupTaken

HALF = ".part"
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Taken:
    path: Path
    keys: Path | None
    rows: int
    photos: int
    bytes: int
    deleted: list[str]  # older backups that went


def take(folder: Path, *, keys_to: Path | None = None, with_keys: bool = True, with_attachments: bool = True, keep_days: int = 0) -> Taken:
    """One backup in `folder`; those older than `keep_days` go afterwards (0: none goes). Raises Refused, and leaves nothing half then."""
    began = timezone.now()
    with _trouble_in_words(), _alone(folder):
        name = timezone.localtime(began).strftime(PREFIX + STAMP)
        half, whole = folder / f".{name}{HALF}", folder / name
        if whole.exists():
            raise Refused("这一秒已经有一份备份了，请再来一次。")
        try:
            manifest = _fill(half, began, with_attachments)
            beside = (keys_to or folder / f"{name}{KEYS}") if with_keys else None
            if beside:
                keys.write(beside)  # before the backup gets its name: one whose keys are missing is worse than keys without a backup
            half.rename(whole)
        finally:
            shutil.rmtree(half, ignore_errors=True)
        _sync(folder)
        size = sum(one["size"] for one in manifest["files"].values())
        _remember(began, size)
        rows = sum(table["rows"] for table in manifest["tables"].values())
        return Taken(whole, beside, rows, sum(name.startswith(ATTACHMENTS) for name in manifest["files"]), size, forget(folder, keep_days))


def _fill(half: Path, began, with_attachments: bool) -> dict:
    half.mkdir(mode=0o700)
    # Photos twice, around the dump: one that is deleted meanwhile, or gets another name because the keys change, is missed neither way.
    if with_attachments:
        (half / ATTACHMENTS).mkdir(mode=0o700)
        _copy_photos(half / ATTACHMENTS, _stored())
    database = half / databases.FILES[connection.vendor]
    held, versions = databases.dump(database)
    database.chmod(0o600)
    gone = _only_living(half / ATTACHMENTS, held.photos) if with_attachments else []
    manifest = {
        "format": FORMAT, "taken": began.isoformat(timespec="seconds"), "site": settings.SITE_URL, "vendor": connection.vendor, "versions": versions | {"django": django.get_version()},
        "tables": held.tables, "migrations": held.migrations, "attachments": with_attachments, "gone": gone, "keys": keys.fingerprints(),
        "files": {str(path.relative_to(half)): _measured(path) for path in sorted(half.rglob("*")) if path.is_file()},
    }  # fmt: skip
    manifest["seal"] = keys.seal(manifest)
    with (half / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    _sync(half)
    return manifest


def _stored() -> list[str]:
    try:
        return storages["private"].listdir("")[1]
    except FileNotFoundError:  # nothing was ever sent
        return []


def _copy_photos(folder: Path, names: list[str]) -> list[str]:
    """Through the storage, be it our disk or an S3-compatible store; the names that were no longer there."""
    gone = []
    for name in names:
        try:
            with storages["private"].open(name) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target, CHUNK)
        except FileNotFoundError:
            (folder / name).unlink(missing_ok=True)
            gone.append(name)
    return gone


def _only_living(folder: Path, living: list[str]) -> list[str]:
    """Those that the dump knows, no other: what was deleted must be gone. Returns the ones that the dump knows and nobody has any more."""
    here = {path.name for path in folder.iterdir()}
    for name in here - set(living):
        (folder / name).unlink()
    return _copy_photos(folder, sorted(set(living) - here))


def _measured(path: Path) -> dict:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
        os.fsync(file.fileno())
    return {"size": path.stat().st_size, "sha256": digest.hexdigest()}


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time in a folder; what a killed one left there goes first. Raises Refused while another one runs."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("另一个备份正在做，等它做完再来。") from None
        for left in folder.glob(f".{PREFIX}*{HALF}"):
            shutil.rmtree(left, ignore_errors=True)
        yield


@contextmanager
def _trouble_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise Refused("磁盘满了，备份没有做成，也没有留下半份。请腾出地方（旧的备份、日志），再来一次。") from error
        raise Refused(f"备份没有做成，也没有留下半份：{error.strerror}（{error.filename}）。") from error
    except DatabaseError as error:
        if "full" in str(error):
            raise Refused("磁盘满了，备份没有做成，也没有留下半份。请腾出地方（旧的备份、日志），再来一次。") from error
        raise Refused(f"备份没有做成，也没有留下半份：数据库说“{str(error).splitlines()[0]}”。") from error


def _remember(began, size: int) -> None:
    """For the operator's page. A backup is good without it, so a database that cannot be written does not spoil it."""
    try:
        BackupTaken.objects.update_or_create(pk=1, defaults={"at": began, "size": size})
    except DatabaseError:
        return


def forget(folder: Path, days: int) -> list[str]:
    """Delete the backups and their keys that are older; their names. What does not bear a name of ours is left alone."""
    if not days:
        return []
    limit = timezone.localtime().replace(tzinfo=None) - timedelta(days=days)
    old = [path for path in sorted(folder.iterdir()) if (moment := moment_of(path)) and moment < limit]
    for path in old:
        if path.is_dir():
            aside = path.rename(folder / f".{path.name}{HALF}")  # in one step: half a backup is never seen under its name
            shutil.rmtree(aside, ignore_errors=True)
        else:
            path.unlink()
    return [path.name for path in old]
