"""What a process keeps of the roster between two pages, and how it knows at once that it is old.

The database renews a random token whenever a row changes of which the roster, somebody's roles or their postings are made: by triggers (migration
0010), so that no writer can forget it, whether a page, an import, a command or a hand in psql. Each use asks for the token first: one small query, or,
on a page of staff, a column of the look at who is signed in (signed_in.py).
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connections, router
from django.db.models import Model, QuerySet

from helpdesk import prepared


def database() -> str:
    """The alias from which token and roster are both read: a token of one database says nothing of another that lags behind."""
    from helpdesk.models import Posting

    return router.db_for_read(Posting)


def token(alias: str) -> str | None:
    """The roster's token as this connection sees it, its own uncommitted changes included. None: unknown, keep and use nothing."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT token FROM helpdesk_roster_stamp")
        row = cursor.fetchone()
    return row[0] if row else None


class Kept:
    """At most `most` values by key, each good as long as its `mark` is the same; the one that was unused the longest goes."""

    def __init__(self, most: int):
        self._most = most
        self._values: OrderedDict[Any, tuple[Any, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key, mark, make: Callable[[], Any]):
        """What is kept for the key, if it was made under this mark; else what `make` returns, kept from now on unless the mark is None."""
        with self._lock:
            found = self._values.get(key)
            if found and mark is not None and found[0] == mark:
                self._values.move_to_end(key)
                return found[1]
        value = make()
        if mark is not None:
            with self._lock:
                self._values[key] = mark, value
                self._values.move_to_end(key)
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
        return value


_statements = Kept(4096)


class Ask(NamedTuple):
    """The rows of the values_list() that `build` makes of `values`. Its SQL is written once for each `key` and number of values; the key has to name
    everything else that goes into it. PostgreSQL plans it once for all whose SQL differs only in `values` and in what is `differing`."""

    key: tuple
    build: Callable[..., QuerySet]
    values: tuple[int | str, ...] = ()
    differing: Collection[int | str] = ()

    @property
    def places(self) -> list[int | str]:
        """What stands where the values will: no row has a negative key, and PostgreSQL has no text with a NUL in it."""
        return [f"\0{number}" if isinstance(value, str) else -1 - number for number, value in enumerate(self.values)]


def rows_of(*asks: Ask) -> list[list[tuple]]:
    """What is answered to each, in one exchange with PostgreSQL.

    Writing the SQL of a queue takes Django longer than PostgreSQL needs to answer it, and planning it longer still. SQLite, whose moments and booleans
    Django converts after reading, is asked the ordinary way, and so is whoever asks for a column that is opened while it is read (an encrypted one).
    """
    alias = database()
    statements = [_statements.get((alias, ask.key, len(ask.values)), True, partial(_written, ask, alias)) for ask in asks]
    if None in statements:
        return [list(ask.build(*ask.values).using(alias)) for ask in asks]
    return prepared.rows([(statement, _filled(statement, ask)) for statement, ask in zip(statements, asks, strict=True)], alias)


def _filled(statement: prepared.Statement, ask: Ask) -> list:
    given = dict(zip(ask.places, ask.values, strict=True))
    return [given.get(value, value) for value in statement.params] if given else list(statement.params)


def _written(ask: Ask, alias: str) -> prepared.Statement | None:
    compiler = ask.build(*ask.places).query.get_compiler(alias)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return None
    is_plain = not any(hasattr(column.output_field, "from_db_value") for column, *_ in compiler.select)
    return prepared.written(sql, params, {*ask.places, *ask.differing}, alias) if is_plain and connections[alias].vendor == "postgresql" else None


def insert(rows: list[Model], *, ignore_conflicts: bool = False) -> None:
    """Store new rows of one model in one statement, as bulk_create() does, and give them their keys unless conflicts are ignored. The statement is put
    together from the model's columns alone, for which Django's own way, made for every case, takes six times as long."""
    model, columns = type(rows[0]), [column for column in rows[0]._meta.concrete_fields if not column.primary_key]
    connection = connections[router.db_for_write(model)]
    quote, one = connection.ops.quote_name, f"({', '.join(['%s'] * len(columns))})"
    names = ", ".join(quote(column.column) for column in columns)
    values = [column.get_db_prep_save(column.pre_save(row, True), connection) for row in rows for column in columns]
    end = "ON CONFLICT DO NOTHING" if ignore_conflicts else f"RETURNING {quote(model._meta.pk.column)}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES {', '.join([one] * len(rows))} {end}", values)
        keys = [] if ignore_conflicts else [key for (key,) in cursor.fetchall()]
    for row, key in zip(rows, keys, strict=False):
        row.pk, row._state.adding, row._state.db = key, False, connection.alias
