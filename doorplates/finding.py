"""Plates found by their codes and their scans counted, several at once: one statement and one commit on PostgreSQL."""

import logging
from datetime import date
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from doorplates.models import Doorplate, Scan
from menpai.prepared import Prepared

log = logging.getLogger(__name__)

# The order of Found. One text for any number of plates, so that the server plans it once. A code that is asked twice is found and counted twice.
# OFFSET 0 keeps each step a look into an index: a plan that is made once, and perhaps while the tables were small, must not read a whole one.
FIND_AND_COUNT = b"""
WITH found AS (
    SELECT asked.n, asked.day, plate.id, asked.code, building.estate, building.name, plate.entrance, building.is_sample,
        area.code AS area, area.name AS area_name, area.contact_name, area.contact_phone
    FROM unnest($1::text[], $2::date[]) WITH ORDINALITY AS asked (code, day, n),
        LATERAL (SELECT id, building_id, entrance FROM doorplates_doorplate WHERE code = asked.code AND state = 'active' OFFSET 0) plate,
        LATERAL (SELECT estate, name, is_sample, community_id FROM doorplates_building WHERE id = plate.building_id OFFSET 0) building,
        LATERAL (SELECT code, name, contact_name, contact_phone FROM guides_area WHERE code = building.community_id OFFSET 0) area
), counted AS (
    INSERT INTO doorplates_scan (doorplate_id, day, rolled) SELECT id, day, false FROM found WHERE day IS NOT NULL
)
SELECT * FROM found
"""
_prepared = Prepared(b"menpai_find_and_count", FIND_AND_COUNT)
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


def find_and_count(asked: list[tuple[str, date | None]]) -> list[Found | None]:
    """For each (valid code, the day this is a scan of or None when it is not to be counted) the plate in use, or None; each counted scan is
    committed on return.

    Raises DatabaseError; on PostgreSQL nothing is counted then (if the line broke, perhaps everything is).
    """
    return _on_postgresql(asked) if connections[DEFAULT_DB_ALIAS].vendor == "postgresql" else _anywhere(asked)


def _on_postgresql(asked: list[tuple[str, date | None]]) -> list[Found | None]:
    """Valid codes need no quotes in an array."""
    answers: list[Found | None] = [None] * len(asked)
    codes, days = ",".join(code for code, _ in asked), ",".join(day.isoformat() if day else "NULL" for _, day in asked)
    result = _prepared.ask(connections[DEFAULT_DB_ALIAS], [f"{{{codes}}}".encode(), f"{{{days}}}".encode()])
    value, columns = result.get_value, range(2, result.nfields)
    for row in range(result.ntuples):
        pk, code, estate, building, entrance, is_sample, *area = (value(row, column).decode() for column in columns)
        answers[int(value(row, 0)) - 1] = Found(value(row, 1) is not None, int(pk), code, estate, building, entrance, is_sample == "t", *area)
    return answers


def _anywhere(asked: list[tuple[str, date | None]]) -> list[Found | None]:
    rows = Doorplate.objects.active().filter(code__in={code for code, _ in asked}).values_list(*COLUMNS)
    plates = {row[1]: row for row in rows}
    scans = [Scan(doorplate_id=plates[code][0], day=day) for code, day in asked if day and code in plates]
    is_stored = _stored(scans)
    return [Found(day is not None and is_stored, *plates[code]) if code in plates else None for code, day in asked]


def _stored(scans: list[Scan]) -> bool:
    try:
        Scan.objects.bulk_create(scans)
    except DatabaseError:
        log.exception("a scan was not counted")  # and its page comes all the same
        return False
    return True
