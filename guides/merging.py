"""Three texts of one guide: what the next version was begun from, what residents read now, and the next version itself.

Pure: documents (guides.documents.export, or a revision's). What only one side changed is kept; what both changed is named, never guessed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from guides.document_shape import FACT_KEYS, HEAD, OPTIONAL_HEAD, PARTS, WORD_LISTS
from guides.models import OFFICIAL_CHECKER, FactField, Guide, Mark

PART_NAMES = {
    "conditions": "谁能办", "situations": "情形", "materials": "要带什么", "steps": "怎么办", "notes": "注意", "legal_basis": "依据", "counters": "去哪办",
}  # fmt: skip
HEAD_NAMES = {"brief": "is_brief"}  # where a key of the document is called otherwise on the model
VOUCHED = ("verified_by", "verified_on")


@dataclass(frozen=True)
class Merged:
    """`document` is complete only where `conflicts` (names on screen of what both sides changed) is empty."""

    document: dict
    conflicts: tuple[str, ...]


def plain(document: dict) -> dict:
    """As a revision keeps it, every part with its verification written out: what an official mark implies depends on the guide's day."""
    found = json.loads(json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False))
    found.pop("status", None)
    for row in _sourced_rows(found):
        official = row.get("mark") == Mark.OFFICIAL
        row.setdefault("verified_by", OFFICIAL_CHECKER if official else "")
        row.setdefault("verified_on", found.get("checked_on") if row["verified_by"] else None)
    return found


def _sourced_rows(document: dict) -> Iterable[dict]:
    yield from (document.get("facts") or {}).values()
    for part in PARTS:
        if part not in ("facts", "situations"):
            yield from document.get(part) or []


def merge(base: dict, theirs: dict, ours: dict) -> Merged:
    """`theirs` is what residents read now, `ours` the next version; both came from `base`."""
    base, theirs, ours = plain(base), plain(theirs), plain(ours)
    document, conflicts = dict(ours), []
    for key in (*HEAD, *OPTIONAL_HEAD):
        if key in WORD_LISTS:
            document[key] = _words(base.get(key) or [], theirs.get(key) or [], ours.get(key) or [])
        else:
            document[key], clash = _one(base.get(key), theirs.get(key), ours.get(key))
            if clash and key == "checked_on":  # both looked at it: the later day is true
                document[key] = max(theirs.get(key) or "", ours.get(key) or "") or None
            elif clash:
                conflicts.append(_head_name(key))
    document["facts"], clashes = _facts(*(found.get("facts") or {} for found in (base, theirs, ours)))
    conflicts += clashes
    for part, name in PART_NAMES.items():
        document[part], clash = _rows(*(found.get(part) or [] for found in (base, theirs, ours)))
        conflicts += [name] * clash
    return Merged({key: value for key, value in document.items() if value not in (None, [], {}) or key in HEAD}, tuple(conflicts))


def _head_name(key: str) -> str:
    return str(Guide._meta.get_field(HEAD_NAMES.get(key, key)).verbose_name)


def _one(base: Any, theirs: Any, ours: Any) -> tuple[Any, bool]:
    """The value that holds, and whether both sides changed it, each another way."""
    if theirs in (base, ours):
        return ours, False
    return (theirs, False) if ours == base else (ours, True)


def _words(base: list, theirs: list, ours: list) -> list:
    """A list in which order means nothing: what either side added or took away is added or taken away."""
    kept = [word for word in ours if word in theirs or word not in base]
    return kept + [word for word in theirs if word not in base and word not in kept]


def _said(row: dict | None) -> dict | None:
    return None if row is None else {key: value for key, value in row.items() if key not in VOUCHED}


def _key(row: dict) -> str:
    return json.dumps(_said(row), ensure_ascii=False, sort_keys=True)


def _facts(base: dict, theirs: dict, ours: dict) -> tuple[dict, list[str]]:
    found, clashes = {}, []
    for name in FACT_KEYS:
        said, clash = _one(_said(base.get(name)), _said(theirs.get(name)), _said(ours.get(name)))
        clashes += [str(FactField(name).label)] * clash
        if said is not None:
            sides = [side.get(name) if _said(side.get(name)) == said else None for side in (base, theirs, ours)]
            found[name] = said | _vouched(*sides)
    return found, clashes


def _rows(base: list, theirs: list, ours: list) -> tuple[list, bool]:
    said, clash = _one([_said(row) for row in base], [_said(row) for row in theirs], [_said(row) for row in ours])
    sides = [{_key(row): row for row in side} for side in (base, theirs, ours)]
    return [row | _vouched(*(side.get(_key(row)) for side in sides)) for row in said], clash


def _vouched(base: dict | None, theirs: dict | None, ours: dict | None) -> dict:
    """Who stands behind a part that is the same word for word on each side where it stands."""
    was, now, mine = (None if row is None else tuple(row.get(name) for name in VOUCHED) for row in (base, theirs, ours))
    if mine is None or now is None:
        found = now if mine is None else mine
    elif mine == was:
        found = now
    elif now in (was, mine):
        found = mine
    else:  # both sides judged it: the later word of two who vouch, but nobody's where one of them took it back
        found = ("", None) if not (now[0] and mine[0]) else max(now, mine, key=lambda pair: pair[1] or "")
    return dict(zip(VOUCHED, found, strict=True)) if found and found != (None, None) else {}
