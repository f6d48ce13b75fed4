"""Single openings add up to figures of a day. A row is counted exactly once, whichever machine does it and however late it came in.

A batch is one transaction: rows not yet counted are taken (others are passed over while somebody else holds them), their sums are added, the rows
are marked. Killed in between, nothing of the batch has happened. So a row that comes in late is counted like any other.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from guides.models import DayFigure, Opened, View, What

BATCH = 2000  # rows a transaction
IN_ONE = 200  # rows a statement: SQLite takes a bounded number of parameters
KEPT_DAYS = 90  # of a counted row, after its day

Figure = tuple[str, str, date, str]  # area, what, day, key


def lineage(code: str) -> list[str]:
    """An area's own code and those of the areas above, without asking the database; official codes nest by prefix."""
    return list(dict.fromkeys([code, code[:9] + "000", code[:6] + "000000"]))


def figures_of_view(area: str, day: date, kind: str, key: str, entry: bool) -> list[Figure]:
    """What one opening adds one to: the figure of its kind and, from outside, that of openings; in its area and those above."""
    kinds = ([] if kind == Opened.PAGE else [(str(kind), key)]) + ([(str(What.OPEN), "")] if entry else [])
    return [(code, what, day, name) for code in lineage(area) for what, name in kinds]


def roll_up_views(*, batch: int = BATCH) -> int:
    """Count up to `batch` openings; how many. 0: nothing is left, or other machines have it in hand."""

    def sums(rows: list[tuple]) -> None:
        found = Counter(figure for row in rows for figure in figures_of_view(*row))
        add(DayFigure, ("area", "what", "day", "key"), "number", found)

    return take(View.objects.values_list("area", "day", "kind", "key", "entry"), sums, batch=batch)


def take(rows: QuerySet, sums: Callable[[list], None], *, batch: int) -> int:
    """Hand up to `batch` of `rows` that are not yet `rolled` to `sums`, and mark them, in one transaction. Returns how many."""
    every = rows.model._base_manager
    with transaction.atomic():
        waiting = every.filter(rolled=False).order_by("day").select_for_update(skip_locked=True)  # on SQLite the transaction itself is alone
        keys = list(waiting.values_list("pk", flat=True)[:batch])
        parts = [keys[start : start + IN_ONE] for start in range(0, len(keys), IN_ONE)]
        sums([row for part in parts for row in rows.filter(pk__in=part)])
        for part in parts:
            every.filter(pk__in=part).update(rolled=True)
    return len(keys)


def add(model: type[Model], names: tuple[str, ...], number: str, found: Mapping[tuple, int]) -> None:
    """Add to the rows of `model` told by the unique fields `names`, making them where they are missing. In a transaction.

    One statement, so that two machines add up, and in a fixed order, so that neither waits for the other in a ring. Both databases read it alike;
    Django's own upsert can only overwrite.
    """
    fields = [model._meta.get_field(name) for name in (*names, number)]
    table, *columns = (connection.ops.quote_name(name) for name in (model._meta.db_table, *(field.column for field in fields)))
    line = "(" + ", ".join(["%s"] * len(fields)) + ")"
    rows = [[field.get_db_prep_save(value, connection) for field, value in zip(fields, (*key, n), strict=True)] for key, n in sorted(found.items())]
    for start in range(0, len(rows), IN_ONE):
        part = rows[start : start + IN_ONE]
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([line] * len(part))} "
            f"ON CONFLICT ({', '.join(columns[:-1])}) DO UPDATE SET {columns[-1]} = {table}.{columns[-1]} + excluded.{columns[-1]}"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [value for row in part for value in row])


def outdated(model: type[Model], today: date) -> QuerySet:
    """Rows of a counted model whose time is over: only such as are counted."""
    return model._base_manager.filter(rolled=True, day__lt=today - timedelta(days=KEPT_DAYS))
