"""Statements of Django's own compiler that PostgreSQL plans once for each connection and from then on only carries out: for those of a queue planning takes
longer than the answer. What is written by hand has menpai/prepared.py.

What differs from reader to reader is passed to the statement; everything else stands in its text, so that indexes of a part of the rows (the open ones) can
be used. PostgreSQL itself plans anew when a table's statistics or its columns change.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.db import DatabaseError, connections
from psycopg import errors

from menpai.prepared import PLAN_ONCE

MOST = 48  # statements of one connection; a queue's takes the server some 200 KB
# Prepared for another server connection of a pooler, or before a column changed its type; or the types of what is passed cannot be told.
NOT_PREPARED = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement, errors.FeatureNotSupported, errors.IndeterminateDatatype)
PASSED = re.compile("'\1([0-9]+)\1'")

_names: WeakKeyDictionary = WeakKeyDictionary()  # of connections: the names that are prepared there, the one unused the longest first; None: nothing may be


class Statement(NamedTuple):
    sql: str
    params: tuple
    passed: tuple[int, ...]  # the places of those among params that are passed
    text: str  # with $1, $2 … in these places
    name: str  # by its text: the same for all readers whose statements differ only in what is passed


def written(sql: str, params: tuple, differing: Collection, alias: str) -> Statement:
    """A statement as Django's compiler writes it; `differing` are the values that are not the same for all readers."""
    passed = tuple(place for place, value in enumerate(params) if value in differing)
    marked = [f"\1{passed.index(place) + 1}\1" if place in passed else value for place, value in enumerate(params)]
    with connections[alias].cursor() as cursor:
        text = PASSED.sub(r"$\1", cursor.mogrify(sql, marked))
    return Statement(sql, tuple(params), passed, text, f"menpai_{hashlib.sha256(text.encode()).hexdigest()[:20]}")


def rows(asked: list[tuple[Statement, list]], alias: str) -> list[list[tuple]]:
    """What each of the statements answers for its parameters, all of them in one exchange. They only read: if the first use of a connection in a request
    finds it lost, it is opened anew and asked again, instead of being asked first whether it is still there (Django's health check)."""
    wrapper = connections[alias]
    if wrapper.connection is None or wrapper.in_atomic_block or wrapper.health_check_done or not wrapper.health_check_enabled:
        return _rows(asked, wrapper)
    wrapper.health_check_done = True
    try:
        return _rows(asked, wrapper)
    except DatabaseError:
        if wrapper.is_usable():
            raise
        wrapper.close()
        return _rows(asked, wrapper)


def _rows(asked: list[tuple[Statement, list]], wrapper) -> list[list[tuple]]:
    """Where the connection has lost what was prepared, it is asked the ordinary way from then on."""
    with wrapper.cursor() as cursor:
        if (names := _names.setdefault(wrapper.connection, OrderedDict())) is not None:
            try:
                return _executed(asked, names, cursor)
            except DatabaseError as error:
                if wrapper.in_atomic_block or not isinstance(error.__cause__, NOT_PREPARED):
                    raise
                _names[wrapper.connection] = None
        answers = []
        for statement, params in asked:
            cursor.execute(statement.sql, params)
            answers.append(cursor.fetchall())
        return answers


def _executed(asked: list[tuple[Statement, list]], names: OrderedDict[str, None], cursor) -> list[list[tuple]]:
    calls, given = [], []
    for statement, params in asked:
        if statement.name not in names:
            _prepare(statement, names, cursor)
        names.move_to_end(statement.name)
        calls.append(f"EXECUTE {statement.name}" + (f" ({', '.join(['%s'] * len(statement.passed))})" if statement.passed else ""))
        given += [params[place] for place in statement.passed]
    cursor.execute("; ".join(calls), given)
    answers = [cursor.fetchall()]
    while cursor.nextset():
        answers.append(cursor.fetchall())
    return answers


def _prepare(statement: Statement, names: OrderedDict[str, None], cursor) -> None:
    if not names:
        cursor.execute(PLAN_ONCE)
    cursor.execute(f"PREPARE {statement.name} AS {statement.text}")
    names[statement.name] = None
    while len(names) > MOST:
        cursor.execute(f"DEALLOCATE {names.popitem(last=False)[0]}")
