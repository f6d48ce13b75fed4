"""A request with everything that belongs to it, stored by one statement and one commit of PostgreSQL, its limit counted in the same."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DatabaseError, connections, models, router

from helpdesk.models import Event, HelpRequest, Notification, Paper, Principal
from menpai.encryption import EncryptedTextField
from menpai.prepared import Prepared
from menpai.throttle import COUNT, Try, Values

log = logging.getLogger(__name__)

_as_json = json.JSONEncoder(ensure_ascii=False, default=str).encode  # moments, keys and dates as PostgreSQL reads them
BELONGING = (Paper, Principal, Event, Notification)  # what may point to a request from its first moment, in this order


@dataclass(frozen=True)
class Draft:
    """A request without a key, and of each kind of BELONGING the rows that will point to it: their columns where they differ from the model's defaults."""

    request: HelpRequest
    belonging: dict[type[models.Model], list[dict[str, Any]]]


def is_possible() -> bool:
    """Whether one statement is a transaction here: on PostgreSQL, with none open."""
    connection = connections[router.db_for_write(HelpRequest)]
    return connection.vendor == "postgresql" and not connection.in_atomic_block and connection.get_autocommit()


def store(draft: Draft, *, token: str, attempt: Try | None) -> HelpRequest | None:
    """Store all of it, if the roster's token is still this one and the attempt is allowed. None: nothing is stored (if the line broke, perhaps it is),
    and the plain way has to tell why; whether the attempt is counted the attempt knows.

    Only where is_possible(). No rules of its own: the database's constraints hold as for any other statement.
    """
    connection = connections[router.db_for_write(HelpRequest)]
    connection.ensure_connection()  # what cannot be reached fails here: the plain way would only wait for it once more
    is_counting = attempt is not None and attempt.is_open()
    values = [token, *_rows_as_json(draft), *([*attempt.values(), attempt.limit] if is_counting else [])]
    try:
        result = _statement(is_counting).ask(connection, [str(value).encode() for value in values])
    except DatabaseError as error:
        why = type(error.__cause__).__name__
        if why != "UniqueViolation":  # its key or its number is taken, which happens
            # For instance a line that broke while it was kept, or a pooler that knows no prepared statements. The message may hold what was written.
            log.warning("a request goes the long way: %s", why)
        return None
    if is_counting:
        attempt.counted(int(result.get_value(0, 1)))
    key = result.get_value(0, 0)
    if key is None:
        return None
    request = draft.request
    request.pk, request._state.adding, request._state.db = int(key), False, connection.alias
    return request


def _rows_as_json(draft: Draft) -> Iterator[str]:
    """The request and the rows of BELONGING, as PostgreSQL reads rows of their tables. A column that is not named is null."""
    request = draft.request
    yield _as_json(_sealed(HelpRequest, {field.attname: value for field in _fields(HelpRequest) if (value := getattr(request, field.attname)) is not None}))
    for model in BELONGING:
        yield _as_json([_sealed(model, {**_defaults(model), **row}) for row in draft.belonging.get(model, ())])


def _sealed(model: type[models.Model], row: dict[str, Any]) -> dict[str, Any]:
    """The row with its encrypted columns encrypted."""
    return row | {field.attname: field.get_prep_value(row[field.attname]) for field in _personal(model) if row.get(field.attname)}


@cache
def _fields(model: type[models.Model]) -> tuple[models.Field, ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """Of each column that has one which is always the same."""
    fixed = (field for field in _fields(model) if field.default is models.NOT_PROVIDED or not callable(field.default))
    return {field.attname: value for field in fixed if (value := field.get_default()) is not None}


@cache
def _personal(model: type[models.Model]) -> tuple[EncryptedTextField, ...]:
    return tuple(field for field in _fields(model) if isinstance(field, EncryptedTextField))


@cache
def _statement(is_counting: bool) -> Prepared:
    """$1 is the roster's token, $2 the request, then the rows of BELONGING, then what COUNT needs and the limit. Returns the key, and the count.

    Rows are numbered as they are listed: the papers of a request stand in the order of their keys.
    """
    counting, condition, count = "", "", "NULL"
    if is_counting:
        counted = COUNT % {name: f"${number}" for number, name in enumerate(Values._fields, 3 + len(BELONGING))}
        limit = f"${3 + len(BELONGING) + len(Values._fields)}::int"
        counting, condition, count = f"counted AS ({counted}),", f"AND (SELECT count FROM counted) <= {limit}", "(SELECT count FROM counted)"
    names = ", ".join(f'"{field.column}"' for field in _fields(HelpRequest))
    parts = ", ".join(_belonging(model, number) for number, model in enumerate(BELONGING, 3))
    text = f"""
WITH {counting} request AS (
    INSERT INTO {HelpRequest._meta.db_table} ({names})
    SELECT {names} FROM json_populate_record(NULL::{HelpRequest._meta.db_table}, $2)
    WHERE (SELECT token FROM helpdesk_roster_stamp) = $1 {condition}
    RETURNING id
), {parts}
SELECT (SELECT id FROM request), {count}"""
    return Prepared(b"menpai_request_counted" if is_counting else b"menpai_request", text.encode())


def _belonging(model: type[models.Model], number: int) -> str:
    table, names = model._meta.db_table, [f'"{field.column}"' for field in _fields(model)]
    values = ", ".join("request.id" if name == '"request_id"' else f"one.{name}" for name in names)
    rows = f"json_populate_recordset(NULL::{table}, ${number}) WITH ORDINALITY one"
    return f"{table} AS (INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM request, {rows} ORDER BY one.ordinality)"
