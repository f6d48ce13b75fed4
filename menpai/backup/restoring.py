"""Restoring a backup into an empty machine. Everything that can be wrong is looked for before anything is written; the database comes last and in one
piece, so that a restore that was killed is simply begun again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from menpai.backup import ATTACHMENTS, CHUNK, FORMAT, MANIFEST, Refused, databases, keys, moment_of
from menpai.encryption import EncryptedTextField
from menpai.moving import tables

Told = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    taken: datetime
    tables: int
    rows: int
    photos: int
    gone: int  # photos that were deleted while the backup was made
    encrypted: int  # encrypted columns of which one value each was read
    migrated: bool
    warnings: list[str]


def restore(backup: Path, *, overwrite: bool = False, told: Told = lambda words: None) -> Restored:
    """Restore the backup in that folder. `overwrite`: over what the database holds now. Raises Refused; its text says whether anything was written."""
    manifest = read(backup)
    told("清单和每个文件都对过了，完整无损。")
    warnings = _require_fit(manifest, backup)
    if not overwrite:
        _require_empty_database()
    if manifest["attachments"]:
        _write_photos(backup / ATTACHMENTS, told)
    databases.restore(backup / databases.FILES[manifest["vendor"]], manifest["versions"]["client"])
    _compare(manifest)
    told(f"数据库恢复好了：{len(manifest['tables'])} 张表，每张的行数和内容都和备份时一样。")
    older = set(_known_migrations()) - set(manifest["migrations"])
    if older:
        call_command("migrate", interactive=False, verbosity=0)
        told("备份来自旧一点的程序，数据库已经升级到这一版。")
    return Restored(
        datetime.fromisoformat(manifest["taken"]), len(manifest["tables"]), sum(table["rows"] for table in manifest["tables"].values()),
        sum(name.startswith(ATTACHMENTS) for name in manifest["files"]), _receipts_for_gone(manifest), _read_encrypted(), bool(older), warnings,
    )  # fmt: skip


def read(backup: Path) -> dict:
    """The manifest of a backup whose files are all there, as long and of the same SHA-256 as when they were written. Raises Refused."""
    try:
        manifest = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        others = sorted(path.name for path in backup.iterdir() if path.is_dir() and moment_of(path)) if backup.is_dir() else []
        hint = f"这里面有 {len(others)} 份备份，最新的是 {backup / others[-1]}。" if others else "做到一半的备份没有清单，不能用。"
        raise Refused(f"{backup} 不是一份备份：里面没有 {MANIFEST}。{hint}") from None
    except (OSError, ValueError) as error:
        raise Refused(f"备份的清单 {MANIFEST} 读不出来，这份备份不能用。什么都没有写。请换另一份备份。") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Refused("这份备份来自更新的程序，这一版不认识它。什么都没有写。请先升级程序，再来一次。")
    for name, kept in manifest["files"].items():
        if _damaged(backup / name, kept):
            raise Refused(f"备份里的文件 {name} 不见了或者坏了。什么都没有写。请换另一份备份。")
    return manifest


def _damaged(path: Path, kept: dict) -> bool:
    try:
        if path.stat().st_size != kept["size"]:
            return True
        digest = sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return True
    return digest.hexdigest() != kept["sha256"]


def _require_fit(manifest: dict, backup: Path) -> list[str]:
    """This machine can take the backup: its keys, its kind of database, its code. What else the operator should know."""
    warnings = keys.require(manifest)
    if manifest["vendor"] != connection.vendor:
        raise Refused(
            f"备份来自 {manifest['vendor']}，这里的 DATABASE_URL 是 {connection.vendor}。什么都没有写。"
            "先恢复到同一种数据库，再用 manage.py move_database 搬过来。"
        )
    if unknown := sorted(set(manifest["migrations"]) - set(_known_migrations())):
        raise Refused(f"备份来自更新的程序（{unknown[0]}），这一版读不懂。什么都没有写。请先换上做备份时的程序或者更新的，再来一次。")
    if manifest["site"] != settings.SITE_URL:
        warnings.append(f"备份的网站是 {manifest['site']}，这里的 MENPAI_SITE_URL 是 {settings.SITE_URL}：贴在墙上的门牌印的是前一个。")
    if not manifest["attachments"]:
        warnings.append("这份备份没有带照片：照片要从存它的地方另外恢复。")
    return warnings


def _known_migrations() -> list[str]:
    return [f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations]


def _require_empty_database() -> None:
    try:
        databases.require_empty()
    except OperationalError as error:
        raise Refused(f"数据库连不上：{str(error).splitlines()[0]}。什么都没有写。请看 DATABASE_URL，先建好一个空的数据库。") from error


def _write_photos(folder: Path, told: Told) -> None:
    """Under the names that the rows know. Ones left by an earlier try are written again."""
    store, paths = storages["private"], sorted(folder.iterdir())
    for path in paths:
        store.delete(path.name)
        with path.open("rb") as file:
            store.save(path.name, File(file))
    told(f"照片恢复好了：{len(paths)} 张。")


def _compare(manifest: dict) -> None:
    now = databases.contents()
    different = sorted(name for name in manifest["tables"].keys() | now.tables.keys() if manifest["tables"].get(name) != now.tables.get(name))
    if different:
        raise Refused(f"数据库写好了，但是 {'、'.join(different[:5])} 读出来和备份时不一样。先不要开网站，请把这句话告诉开发的人。")


def _receipts_for_gone(manifest: dict) -> int:
    """Photos that somebody deleted between the dump and the copying of files: their rows say so, as they do on the site that was backed up."""
    label, key, deleted = databases.PHOTOS
    return apps.get_model(label)._base_manager.filter(**{f"{key}__in": manifest["gone"], f"{deleted}__isnull": True}).update(**{deleted: timezone.now()})


def _read_encrypted() -> int:
    """Read one value of every encrypted column that holds any; how many. An InvalidToken here means that something was written with a key nobody kept."""
    count = 0
    for model in tables():
        for field in (field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)):
            filled = databases.first_filled(model, field)
            count += filled is not None and bool(model._base_manager.values_list(field.name, flat=True).get(pk=filled))
    return count
