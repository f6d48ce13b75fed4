"""Content packs, the pure part: what of a guide may leave its district, and how three texts of one guide become one.

A guide is a document as guides.documents has it. The merge goes field by field and row by row: only they changed it, theirs; only we changed it, ours;
both the same, that; both differently, a conflict in which ours stays and theirs is shown.
"""

import difflib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from guides.document_shape import FACT_KEYS, HEAD, OPTIONAL_HEAD, PARTS, WORD_LISTS
from guides.models import OFFICIAL_CHECKER, FactField, Guide, Mark, Unit
from guides.phones import without_phones

FROM = "来自"
PHONE_GAP = "【待补电话】"  # guides.placeholders finds it where it arrives
NATIONAL_DIGITS = 6  # 12345, 12333, 96110 answer everywhere
SOURCE_LENGTH = 200
ROW_PARTS = tuple(part for part in PARTS if part != "facts")
PART_NAMES = {
    "conditions": "谁能办", "situations": "情形", "materials": "要带什么", "steps": "怎么办", "notes": "注意", "legal_basis": "依据", "counters": "去哪办",
}  # fmt: skip
HEAD_FIELDS = {"brief": "is_brief"}
KEY_OF = {"materials": ("name",), "counters": ("kind", "office"), "situations": ("key",)}  # else: the text


# Leaving


def portable(document: dict, *, district_name: str, with_local: bool = False, office_names: dict[str, str] | None = None) -> dict:
    """The guide as it may stand in a pack. Nobody's verification goes along; what is local names the district it comes from.

    Without `with_local` no office code, no implementation code and no telephone of a single office leaves; national lines such as 12345 do.
    """
    found = json.loads(json.dumps(document, default=str, ensure_ascii=False))
    found.pop("checked_on", None)
    if not with_local:
        found.pop("implementation_code", None)
        found = _without_phones(found)
    facts = found.get("facts") or {}
    if hotline := facts.get("hotline"):
        if with_local or sum(map(str.isdigit, hotline["text"])) <= NATIONAL_DIGITS:
            _name_origin(hotline, district_name)
        else:
            del facts["hotline"]
    for counter in found.get("counters") or []:
        if code := counter.get("office"):
            if not with_local:
                del counter["office"]
            _name_origin(counter, district_name, f"原来只在“{(office_names or {}).get(code, code)}”办")
    for row in _sourced(found):
        if row.get("verified_by", "") not in ("", OFFICIAL_CHECKER):
            _name_origin(row, district_name, anew=True)
    return arriving(found)


def _name_origin(row: dict, district_name: str, remark: str = "", *, anew: bool = False) -> None:
    """来自惠农区：…. Who passes on what came from elsewhere names that, unless somebody here vouched for it."""
    source = row.get("source") or ""
    if source.startswith(FROM) and not anew:
        return
    source = source.partition("：")[2] if source.startswith(FROM) else source
    said = "，".join(filter(None, [remark, source]))
    row["source"] = (f"{FROM}{district_name}：{said}" if said else f"{FROM}{district_name}")[:SOURCE_LENGTH]


def _without_phones(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: part if key == "hotline" else _without_phones(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_phones(part) for part in value]
    return without_phones(value, PHONE_GAP) if isinstance(value, str) else value


def _sourced(document: dict) -> list[dict]:
    rows = [row for part in ROW_PARTS if part != "situations" for row in document.get(part) or []]
    return [*(document.get("facts") or {}).values(), *rows]


# Arriving


def arriving(entry: dict) -> dict:
    """An entry of a file whose keys were checked, as `documents.export` would say it, and vouched for by nobody: what a pack calls verified is not."""
    found: dict[str, Any] = {"slug": entry["slug"]}
    for key in (*HEAD, *OPTIONAL_HEAD):
        value = entry.get(key)
        if key != "checked_on" and (value not in (None, "", [], False) or key in HEAD):
            found[key] = list(value or []) if key in WORD_LISTS else value
    facts = {name: _arriving_fact(name, fact) for name, fact in (entry.get("facts") or {}).items()}
    found["facts"] = {name: facts[name] for name in FACT_KEYS if name in facts}
    for part in ROW_PARTS:
        found[part] = [_arriving_row(part, row) for row in entry.get(part) or []]
    return {key: value for key, value in found.items() if value not in ([], {})}


def _arriving_fact(name: str, fact: dict) -> dict:
    found = {key: fact.get(key) for key in FACT_KEYS[name]}
    if "unit" in found:
        found["unit"] = found["unit"] or str(Unit.WORKDAY)
    if not found.get("url", True):
        del found["url"]
    return found | _given(note=fact.get("note")) | _unvouched(fact)


def _arriving_row(part: str, row: dict) -> dict:
    if part == "situations":
        answers = [{"key": str(a["key"]), "label": a["label"]} | _given(note=a.get("note")) for a in row["answers"]]
        return {"key": row["key"], "question": row.get("question") or "", "answers": answers}
    found = {key: value for key, value in row.items() if key not in ("mark", "source", "year", "verified_by", "verified_on")}
    later = found.pop("later", None)
    found = _given(**found)
    if part == "materials":
        found = {"form": "original", "copies": 1} | found | ({} if later is None else {"later": later})
    return found | _unvouched(row)


def _given(**values) -> dict:
    return {key: value for key, value in values.items() if value not in (None, "", [], False)}


def _unvouched(row: dict) -> dict:
    mark = row.get("mark") or str(Mark.COMMON)
    nobody = {"verified_by": "", "verified_on": None} if mark == Mark.OFFICIAL else {}
    return {"mark": mark} | _given(source=row.get("source"), year=row.get("year")) | nobody


# Three texts


@dataclass(frozen=True)
class Conflict:
    """Both changed the same field or row, differently. `key` names it within the guide (steps:2), `part` in words; a side that deleted it is None."""

    key: str
    part: str
    ours: Any
    theirs: Any


@dataclass(frozen=True)
class Merged:
    """The result, what in it was taken from them and what of ours was kept against their text (both in words), and the conflicts."""

    document: dict
    taken: tuple[str, ...]
    kept: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


class _Merge:
    """The state of one merge: what was decided so far."""

    def __init__(self, take_theirs: Collection[str], has_base: bool):
        self.take_theirs, self.has_base = take_theirs, has_base
        self.taken, self.kept, self.conflicts = [], [], []

    def one(self, key: str, part: str, base: Any, ours: Any, theirs: Any) -> Any:
        """The value that holds of one field or one row; None where there is none."""
        if ours == theirs:
            return ours
        if theirs == base:
            self.kept.append(part)
            return ours
        if ours == base:
            self.taken.append(part)
            return theirs
        self.conflicts.append(Conflict(key, part, ours, theirs))
        return theirs if key in self.take_theirs else ours

    def words(self, key: str, base: list, ours: list, theirs: list) -> list:
        """A list in which order means nothing: what either side added or took away is added or taken away. Never a conflict."""
        part = _head_name(key)
        if ours != theirs and base not in (ours, theirs):
            kept = [word for word in base if word in ours and word in theirs]
            new = sorted({*ours, *theirs} - {*base})
            self.taken.append(part)
            return kept + new
        return self.one(key, part, base, ours, theirs)

    def rows(self, part: str, base: list, ours: list, theirs: list) -> list:
        name = PART_NAMES[part]
        if not self.has_base:  # whole lists: without a common past nobody knows which rows belong together
            return self.one(part, name, [], ours, theirs)
        (ours_rows, ours_new), (theirs_rows, theirs_new) = _script(part, base, ours), _script(part, base, theirs)
        found = []
        for place in range(len(base) + 1):
            where = f"{name} 第{len(found) + 1}条"
            found += self._added(f"{part}:{place}+", where, part, ours_new[place], theirs_new[place])
            if place < len(base):
                row = self.one(f"{part}:{place}", f"{name} 第{len(found) + 1}条", base[place], ours_rows[place], theirs_rows[place])
                found += [] if row is None else [row]
        return found

    def _added(self, key: str, where: str, part: str, ours: list, theirs: list) -> list:
        """New rows of both at one place: all of them, unless two are the same thing said differently."""
        only_ours, only_theirs = [row for row in ours if row not in theirs], [row for row in theirs if row not in ours]
        if not only_ours or not only_theirs or {_key(part, row) for row in only_ours} & {_key(part, row) for row in only_theirs}:
            return self.one(key, where, [], ours, theirs) or []
        self.taken.append(where)
        first, second = sorted([ours, theirs], key=lambda rows: json.dumps(rows, ensure_ascii=False, sort_keys=True, default=str))
        return [*first, *(row for row in second if row not in first)]


def merge(base: dict | None, ours: dict, theirs: dict, *, take_theirs: Collection[str] = ()) -> Merged:
    """`base`: what came from them last time, None when nothing did. `take_theirs`: keys of conflicts in which theirs is to hold."""
    state, was = _Merge(take_theirs, base is not None), base or {}
    found: dict[str, Any] = {"slug": ours["slug"]}
    for key in (*HEAD, *OPTIONAL_HEAD):
        sides = (was.get(key), ours.get(key), theirs.get(key))
        if key in WORD_LISTS:
            found[key] = state.words(key, *(side or [] for side in sides))
        elif key == "checked_on" and base is None:
            found[key] = ours.get(key)  # no pack carries one: the day somebody here checked
        else:
            found[key] = state.one(key, _head_name(key), *sides)
    sides = [side.get("facts") or {} for side in (was, ours, theirs)]
    facts = {name: state.one(f"facts.{name}", str(FactField(name).label), *(side.get(name) for side in sides)) for name in FACT_KEYS}
    found["facts"] = {name: fact for name, fact in facts.items() if fact is not None}
    for part in ROW_PARTS:
        found[part] = state.rows(part, *(side.get(part) or [] for side in (was, ours, theirs)))
    document = {key: value for key, value in found.items() if value not in (None, "", [], {})}
    return Merged(document, *(tuple(dict.fromkeys(names)) for names in (state.taken, state.kept)), tuple(state.conflicts))


def _head_name(key: str) -> str:
    return str(Guide._meta.get_field(HEAD_FIELDS.get(key, key)).verbose_name)


def _key(part: str, row: dict) -> tuple:
    return tuple(str(row.get(name) or "") for name in KEY_OF.get(part, ("text",)))


def _script(part: str, base: list, side: list) -> tuple[list, list[list]]:
    """How a side differs from the base: for each base row what it became (None: deleted), and the new rows before each base row and at the end.

    Rows are known by their key; where rows stand in place of others they are taken as those rewritten, one for one.
    """
    became: list = [None] * len(base)
    new: list[list] = [[] for _ in range(len(base) + 1)]
    keys = [[_key(part, row) for row in rows] for rows in (base, side)]
    for _, start, end, first, last in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        pairs = min(end - start, last - first)
        became[start : start + pairs] = side[first : first + pairs]
        new[end] += side[first + pairs : last]
    return became, new
