"""The database as one file of one moment, and what it holds, table by table. SQLite by VACUUM INTO (nothing that was deleted comes along, unlike with a copy
of the file), PostgreSQL by pg_dump within a snapshot that the counting shares. The site goes on meanwhile: neither stops a writer."""

import sqlite3
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, transaction

from menpai.backup import Refused, clients
from menpai.moving import WRITTEN_BY_SETUP, tables

FILES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
PHOTOS = ("helpdesk.Attachment", "key", "deleted_at")  # whose files lie in the private store, under which name, until when
LOCK_WAIT = "SET lock_timeout = '10s';"
Query = Callable[[str], Iterable[tuple]]


@dataclass(frozen=True)
class Contents:
    """What a database held at one moment."""

    tables: dict[str, dict]  # name: {"rows": 3, "sum": "…"}; the sum depends on every value of every row and not on their order
    migrations: list[str]
    photos: list[str]  # names in the private store


def dump(path: Path) -> tuple[Contents, dict]:
    """Write the database to `path`; what is in that file, and the versions of what made it. Raises Refused, OSError or DatabaseError."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(path)])
        return contents_of_file(path), {"server": sqlite3.sqlite_version, "client": 0}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version')")
        snapshot, version = cursor.fetchone()
        client = clients.dump(path, snapshot)
        return contents(), {"server": version, "client": client}


def contents_of_file(path: Path) -> Contents:
    """Of a SQLite database in a file that nobody writes to."""
    with closing(sqlite3.connect(path.as_uri() + "?mode=ro", uri=True)) as file:
        return _contents(file.execute, _sqlite_tables(file.execute), _sqlite_sum)


def contents() -> Contents:
    """Of the site's own database as the running transaction sees it."""
    if connection.vendor == "sqlite":  # not through Django's connection, which makes dates of texts
        return contents_of_file(Path(connection.settings_dict["NAME"]).absolute())
    with transaction.atomic():  # the same text of a row on every server, whatever it is set to
        for setting in ("TimeZone = 'UTC'", "DateStyle = 'ISO'", "extra_float_digits = 1", "bytea_output = 'hex'", "IntervalStyle = 'postgres'"):
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL {setting}")
        names = [name for (name,) in _query("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 1")]
        return _contents(_query, names, _postgres_sum)


def _query(sql: str) -> Iterable[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(2000):
            yield from rows


def _sqlite_tables(query: Query) -> list[str]:
    return [name for (name,) in query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1")]


def _contents(query: Query, names: list[str], summed: Callable) -> Contents:
    sums = {name: dict(zip(("rows", "sum"), summed(query, name), strict=True)) for name in names}
    done = sorted(f"{app}.{name}" for app, name in query("SELECT app, name FROM django_migrations")) if "django_migrations" in names else []
    return Contents(sums, done, _photos(query, names))


def _sqlite_sum(query: Query, table: str) -> tuple[int, str]:
    count = total = 0
    for row in query(f'SELECT * FROM "{table}"'):
        total += int.from_bytes(sha256(repr(tuple(row)).encode()).digest()[:16], "big")
        count += 1
    return count, f"{total % 2**128:032x}"


def _postgres_sum(query: Query, table: str) -> tuple[int, str]:
    """In the server: ten million plates are not carried over the wire to be counted."""
    hashed = "('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric"
    [(count, total)] = query(f'SELECT count(*), coalesce(sum({hashed}), 0)::text FROM "{table}" t')
    return count, total


def _photos(query: Query, names: list[str]) -> list[str]:
    label, key, deleted = PHOTOS
    meta = apps.get_model(label)._meta
    if meta.db_table not in names:
        return []
    columns = [meta.get_field(name).column for name in (key, deleted)]
    return sorted(uuid.UUID(str(found)).hex for (found,) in query('SELECT "{0}" FROM "{2}" WHERE "{1}" IS NULL'.format(*columns, meta.db_table)))


def require_empty() -> None:
    """The database holds no more than what `migrate` and `setup_roles` write. Raises Refused."""
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return
    there = set(connection.introspection.table_names())
    for model in tables():
        if model._meta.label not in WRITTEN_BY_SETUP and model._meta.db_table in there and _holds_anything(model._meta.db_table):
            raise Refused(
                f"数据库里已经有内容了（{model._meta.verbose_name}）。什么都没有写。换一个空的数据库再来；"
                "确实要用备份盖掉现在的全部内容，就停掉网站，加上 --overwrite。"
            )


def _holds_anything(table: str) -> bool:
    return any(True for _ in _query(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1"))


def restore(path: Path, made_by: int) -> None:
    """Put the file in the place of everything that the database holds, all or nothing. Raises Refused when the site holds it, or it does not take it."""
    if connection.vendor == "sqlite":
        _restore_sqlite(path)
    else:
        clients.restore(path, made_by, LOCK_WAIT + _drop_everything())
    connection.close()


def _restore_sqlite(path: Path) -> None:
    """Into the file that is there, by the backup API: another process that has it open sees the old content or the new one."""
    connection.close()
    target = Path(settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"])
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path.as_uri() + "?mode=ro", uri=True)) as source, closing(sqlite3.connect(target, timeout=10, isolation_level=None)) as into:
        try:
            into.execute("BEGIN EXCLUSIVE")
            into.execute("ROLLBACK")
        except sqlite3.OperationalError as busy:
            raise Refused("数据库正在用着。什么都没有写。请先停掉网站，再来一次。") from busy
        source.backup(into)
    target.chmod(0o600)


def _drop_everything() -> str:
    """Statements that empty the schema, extensions excepted: they belong to the server, and often to somebody else."""
    mine = "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')"
    here = "current_schema()::regnamespace"
    kinds = {"v": "VIEW", "m": "MATERIALIZED VIEW", "r": "TABLE", "p": "TABLE", "S": "SEQUENCE"}
    relations = _query(f"SELECT relkind::text, oid::regclass::text FROM pg_class o WHERE relnamespace = {here} AND relkind IN ('v','m','r','p','S') AND {mine}")
    functions = _query(f"SELECT oid::regprocedure::text FROM pg_proc o WHERE pronamespace = {here} AND {mine}")
    drops = [f"DROP {kinds[kind]} IF EXISTS {name} CASCADE;" for kind, name in sorted(relations, key=lambda row: "vmrpS".index(row[0]))]
    return "\n".join(drops + [f"DROP ROUTINE IF EXISTS {name} CASCADE;" for (name,) in functions])


def first_filled(model, field) -> int | None:
    """The key of a row whose encrypted column holds something, if there is one."""
    name = connection.ops.quote_name
    return next((pk for (pk,) in _query(f"SELECT {name(model._meta.pk.column)} FROM {name(model._meta.db_table)} WHERE {name(field.column)} <> '' LIMIT 1")), None)
