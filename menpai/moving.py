"""A whole site from one database into another, row by row: from the SQLite of the first months into PostgreSQL.

Not by `dumpdata`: its file would hold every name and phone readable. Here rows pass through memory only and are ciphertext on both sides.
"""

from collections.abc import Callable, Iterator

import dj_database_url
from django.apps import apps
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, ConnectionHandler, DatabaseError, connections, models, transaction
from django.db.migrations.recorder import MigrationRecorder

AT_A_TIME = 500  # rows in memory
# Written by `migrate` and `setup_roles` on an empty site; the old site's own rows come instead, because others point at their keys.
WRITTEN_BY_SETUP = ("contenttypes.ContentType", "auth.Permission", "auth.Group", "auth.Group_permissions")


class CannotMove(Exception):
    """Nothing was written. The text says, in Chinese, why and what to do."""


def connect(url: str, alias: str) -> None:
    """Open the database at `url` (as in DATABASE_URL) under an alias of this thread."""
    connection = ConnectionHandler({DEFAULT_DB_ALIAS: dj_database_url.parse(url)})[DEFAULT_DB_ALIAS]
    connection.alias = alias
    connections[alias] = connection


def tables() -> list[type[models.Model]]:
    """Every model with a table of its own, those between two models too."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]


def copy(source: str, target: str, *, told: Callable[[str, int], None] = lambda name, rows: None) -> int:
    """Copy everything from the database `source` into the empty database `target` (aliases); returns the number of rows.

    All or nothing. Nobody may write to either meanwhile. Raises CannotMove when they differ in their schema, when `target` holds anything but what
    setting up writes, when `target` refuses a row, or when a row does not read back as it was.
    """
    _require_same_schema(source, target)
    _require_empty(target)
    total = 0
    with transaction.atomic(using=source), transaction.atomic(using=target):
        for label in reversed(WRITTEN_BY_SETUP):
            apps.get_model(label)._base_manager.using(target).all().delete()
        for model in tables():
            told(model._meta.label, count := _copy_table(model, source, target))
            total += count
        for model in tables():
            _compare(model, source, target)
        _continue_numbers(target)
    return total


def _require_same_schema(source: str, target: str) -> None:
    applied = [set(MigrationRecorder(connections[alias]).applied_migrations()) for alias in (source, target)]
    if applied[0] != applied[1]:
        names = "、".join(sorted(f"{app}.{name}" for app, name in applied[0] ^ applied[1])[:5])
        raise CannotMove(f"两个数据库的版本不一样（{names}）。两边都先用这一版程序运行 manage.py migrate，再来一次。")


def _require_empty(target: str) -> None:
    for model in tables():
        if model._meta.label not in WRITTEN_BY_SETUP and model._base_manager.using(target).exists():
            raise CannotMove(f"新数据库里已经有内容了（{model._meta.verbose_name}）。换一个空的数据库，运行 manage.py migrate，再来一次。")


def _rows(model: type[models.Model], alias: str) -> Iterator[models.Model]:
    return model._base_manager.using(alias).order_by("pk").iterator(chunk_size=AT_A_TIME)


def _copy_table(model: type[models.Model], source: str, target: str) -> int:
    count = 0
    for row in _rows(model, source):
        try:
            row.save_base(raw=True, force_insert=True, using=target)  # raw: the times of writing stay as they were
        except DatabaseError as error:
            raise CannotMove(f"新数据库不收{model._meta.verbose_name}的第 {row.pk} 号：{error}。在旧网站上改好这一条，再来一次。") from error
        count += 1
    return count


def _compare(model: type[models.Model], source: str, target: str) -> None:
    names = [field.attname for field in model._meta.concrete_fields]
    for old, new in zip(_rows(model, source), _rows(model, target), strict=True):
        if [getattr(old, name) for name in names] != [getattr(new, name) for name in names]:
            raise CannotMove(f"{model._meta.verbose_name}的第 {old.pk} 号写过去以后读出来不一样。什么都没有写入，请把这句话告诉开发的人。")


def _continue_numbers(target: str) -> None:
    """The next new row gets the number after the last one that was copied."""
    with connections[target].cursor() as cursor:
        for statement in connections[target].ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)
