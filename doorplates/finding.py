"""Plates found by their codes and their scans counted, several at once: one statement and one commit on PostgreSQL."""

import logging
from datetime import date
from typing import NamedTuple
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from doorplates.models import Doorplate, Scan

log = logging.getLogger(__name__)

# The order of Found. One text for any number of plates, so that the server plans it once. A code that is asked twice is found and counted twice.
FIND_AND_COUNT = b"""
WITH found AS (
    SELECT asked.n, asked.counts, plate.id, plate.code, building.estate, building.name, plate.entrance, building.is_sample,
        area.code AS area, area.name AS area_name, area.contact_name, area.contact_phone
    FROM unnest($1::text[], $2::boolean[]) WITH ORDINALITY AS asked (code, counts, n)
    JOIN doorplates_doorplate plate ON plate.code = asked.code AND plate.state = 'active'
    JOIN doorplates_building building ON building.id = plate.building_id
    JOIN guides_area area ON area.code = building.community_id
), counted AS (
    INSERT INTO doorplates_scan (doorplate_id, day, rolled) SELECT id, $3::date, false FROM found WHERE counts
)
SELECT * FROM found
"""
NAME = b"menpai_find_and_count"
_prepared: WeakSet = WeakSet()  # connections
COLUMNS = (
    "pk", "code", "building__estate", "building__name", "entrance", "building__is_sample",
    "building__community__code", "building__community__name", "building__community__contact_name", "building__community__contact_phone",
)  # fmt: skip


class Found(NamedTuple):
    """A plate in use, with what its page says of its place."""

    is_counted: bool
    pk: int
    code: str
    estate: str
    building: str
    entrance: str
    is_sample: bool
    area: str
    area_name: str
    contact_name: str
    contact_phone: str


def find_and_count(asked: list[tuple[str, bool]]) -> list[Found | None]:
    """For each (valid code, whether this is a scan to be counted) the plate in use, or None; each counted scan is committed on return.

    Raises DatabaseError; on PostgreSQL nothing is counted then (if the line broke, perhaps everything is).
    """
    today = timezone.localdate()
    return _on_postgresql(asked, today) if connections[DEFAULT_DB_ALIAS].vendor == "postgresql" else _anywhere(asked, today)


def _on_postgresql(asked: list[tuple[str, bool]], today: date) -> list[Found | None]:
    """By libpq itself, through psycopg: what its cursors do for a query costs more than this query. Valid codes need no quotes in an array."""
    wrapper, answers = connections[DEFAULT_DB_ALIAS], [None] * len(asked)
    if not wrapper.in_atomic_block:  # as always but in tests
        wrapper.close_if_unusable_or_obsolete()  # as Django does at the start of a request
    wrapper.ensure_connection()
    with wrapper.wrap_database_errors:
        line = wrapper.connection.pgconn
        if wrapper.connection not in _prepared:
            _answered(wrapper, line.prepare(NAME, FIND_AND_COUNT))
            _prepared.add(wrapper.connection)
        codes, counts = ",".join(code for code, _ in asked), ",".join("t" if counts else "f" for _, counts in asked)
        given = [f"{{{codes}}}".encode(), f"{{{counts}}}".encode(), today.isoformat().encode()]
        result = _answered(wrapper, line.exec_prepared(NAME, given))
    for row in range(result.ntuples):
        n, is_counted, pk, code, estate, building, entrance, is_sample, *area = (result.get_value(row, column).decode() for column in range(result.nfields))
        answers[int(n) - 1] = Found(is_counted == "t", int(pk), code, estate, building, entrance, is_sample == "t", *area)
    return answers


def _answered(wrapper, result):
    """The result, unless the server refused. Raises DatabaseError."""
    if result.error_message:
        wrapper.errors_occurred = True  # Django asks the line whether it is still good before it is used again
        raise DatabaseError(result.error_message.decode(errors="replace").strip())
    return result


def _anywhere(asked: list[tuple[str, bool]], today: date) -> list[Found | None]:
    rows = Doorplate.objects.active().filter(code__in={code for code, _ in asked}).values_list(*COLUMNS)
    plates = {row[1]: row for row in rows}
    scans = [Scan(doorplate_id=plates[code][0], day=today) for code, counts in asked if counts and code in plates]
    is_stored = _stored(scans)
    return [Found(counts and is_stored, *plates[code]) if code in plates else None for code, counts in asked]


def _stored(scans: list[Scan]) -> bool:
    try:
        Scan.objects.bulk_create(scans)
    except DatabaseError:
        log.exception("a scan was not counted")  # and its page comes all the same
        return False
    return True
