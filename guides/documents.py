"""One guide as a plain dictionary: the shape of the fixtures, of the revisions and of the open data.

Import writes it, export reads it back.
"""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model

from guides.document_shape import FACT_KEYS, HEAD, ORDER_STEP, STATEMENTS
from guides.models import (
    OFFICIAL_CHECKER,
    Answer,
    Counter,
    Fact,
    Guide,
    Mark,
    Material,
    Office,
    Situation,
    Sourced,
    Statement,
    StatementKind,
    Step,
)


def fill_head(guide: Guide, entry: dict) -> None:
    """Set the guide's own fields from an entry whose keys were checked. Does not save."""
    for name in HEAD:
        setattr(guide, name, entry[name] if name != "aliases" else list(entry.get("aliases") or []))
    for name in ("national_code", "implementation_code"):
        setattr(guide, name, str(entry.get(name) or ""))
    guide.phrasings = list(entry.get("phrasings") or [])
    guide.is_brief = bool(entry.get("brief"))
    guide.stage = entry.get("stage") or ""
    guide.featured = entry.get("featured")
    guide.checked_on = entry.get("checked_on")
    facts = entry.get("facts") or {}
    for name, keys in FACT_KEYS.items():
        for key, attribute in keys.items():
            model_field = Guide._meta.get_field(attribute)
            empty = model_field.get_default()
            value = facts.get(name, {}).get(key)
            setattr(guide, attribute, empty if value is None else value)


def _sourced(row: dict, checked_on: date | None) -> dict:
    """The Sourced fields of a row. An official mark counts as checked on the guide's date unless the row says otherwise."""
    mark = row.get("mark", Mark.COMMON)
    official = mark == Mark.OFFICIAL
    return {
        "mark": mark,
        "source": row.get("source") or "",
        "valid_for_year": row.get("year"),
        "verified_by": row.get("verified_by", OFFICIAL_CHECKER if official else ""),
        "verified_on": row.get("verified_on", checked_on if official and row.get("verified_by", True) else None),
    }


def write(guide: Guide, entry: dict, *, may_verify: bool = True) -> list[str]:
    """Make the guide and all its parts exactly what the entry says; returns warnings.

    Raises ValidationError naming each wrong part. Without `may_verify` a part comes in verified only when it was so
    before, word for word: an editor's file verifies nothing.
    """
    vouched = set() if may_verify else _vouched_parts(guide)
    fill_head(guide, entry)
    guide.full_clean()
    guide.save()
    for related in ("facts", "statements", "materials", "steps", "situations", "counters"):
        getattr(guide, related).all().delete()
    tokens = _write_situations(guide, entry.get("situations") or [])
    rows, warnings = _build_rows(guide, entry)
    _check_rows(rows, tokens)
    if not may_verify:
        newly = [row for _, row in rows if row.is_verified and _fingerprint(row) not in vouched]
        for row in newly:
            row.unverify()
        if newly:
            warnings.append(f"{len(newly)}条写着已核实，您的账号不能核实，先记为待核实，请审核来核实。")
    for model in (Fact, Statement, Step, Material, Counter):
        model.objects.bulk_create(row for _, row in rows if type(row) is model)
    return warnings


def _vouched_parts(guide: Guide) -> set[tuple]:
    parts = (guide.facts, guide.statements, guide.materials, guide.steps, guide.counters)
    return {_fingerprint(row) for part in parts for row in part.select_related("guide") if row.is_verified}


def _fingerprint(row: Sourced) -> tuple:
    """Everything a part says, so that the same words vouched for by the same person on the same day are recognised."""
    said = [getattr(row, field.attname) for field in row._meta.concrete_fields if field.name not in ("id", "guide", "order")]
    if isinstance(row, Fact):
        said += [getattr(row.guide, attribute) for attribute in FACT_KEYS[row.field].values()]
    return (type(row).__name__, *map(str, said))


def _write_situations(guide: Guide, entries: list[dict]) -> set[str]:
    tokens, wrong = set(), []
    for number, item in enumerate(entries, start=1):
        situation = Situation(guide=guide, key=item["key"], question=item.get("question") or "", order=number * ORDER_STEP)
        try:
            situation.full_clean(exclude=["guide"], validate_constraints=False)
        except ValidationError as error:
            wrong += labelled(situation, error, f"situations 第{number}条")
            continue
        situation.save()
        for place, choice in enumerate(item["answers"], start=1):
            answer = Answer(
                situation=situation,
                key=str(choice["key"]),
                label=choice["label"] or "",
                note=choice.get("note") or "",
                order=place * ORDER_STEP,
            )
            try:
                answer.full_clean(exclude=["situation"], validate_constraints=False)
            except ValidationError as error:
                wrong += labelled(answer, error, f"situations 第{number}条第{place}个回答")
                continue
            answer.save()
            tokens.add(answer.token)
    if wrong:
        raise ValidationError(wrong)
    return tokens


def labelled(row: Model, error: ValidationError, where: str) -> list[str]:
    """The sentences of a row's error, each with its place and the field's name on screen."""
    if not hasattr(error, "error_dict"):
        return [f"{where}：{message}" for message in error.messages]
    names = {field.name: str(field.verbose_name) for field in row._meta.concrete_fields}
    return [
        f"{where}{'的' + names[name] if name in names else ''}：{message}"
        for name, messages in error.message_dict.items()
        for message in messages
    ]


Placed = list[tuple[str, Sourced]]  # unsaved parts, each with its place in the file


def _build_rows(guide: Guide, entry: dict) -> tuple[Placed, list[str]]:
    """Unsaved parts and warnings."""
    day = guide.checked_on
    facts = [
        (f"facts.{name}", Fact(guide=guide, field=name, note=fact.get("note") or "", **_sourced(fact, day)))
        for name, fact in (entry.get("facts") or {}).items()
    ]
    sentences = [
        (f"{part} 第{number}条", Statement(guide=guide, kind=kind, text=row["text"], **_row(row, number, day)))
        for part, kind in STATEMENTS.items()
        for number, row in enumerate(entry.get(part) or [], start=1)
    ]
    steps = [
        (f"steps 第{number}条", Step(guide=guide, text=row["text"], **_row(row, number, day)))
        for number, row in enumerate(entry.get("steps") or [], start=1)
    ]
    materials, warnings = _build_materials(guide, entry)
    return [*facts, *sentences, *steps, *materials, *_build_counters(guide, entry)], warnings


def _row(row: dict, number: int, day: date | None) -> dict:
    """What every line of a guide has: its cases, its place, its origin."""
    return {"only_for": row.get("only_for") or [], "order": number * ORDER_STEP, **_sourced(row, day)}


def _build_materials(guide: Guide, entry: dict) -> tuple[Placed, list[str]]:
    slugs, placed, warnings = dict(Guide.objects.filter(district=guide.district).values_list("slug", "pk")), [], []
    for number, row in enumerate(entry.get("materials") or [], start=1):
        issuer_slug = row.get("issued_by")
        if issuer_slug and issuer_slug not in slugs:
            warnings.append(f"材料“{row['name']}”指向的事项 {issuer_slug} 还没有，先不连。")
        material = Material(
            guide=guide,
            name=row["name"],
            is_identity_document=bool(row.get("identity")),
            form=row.get("form", "original"),
            copies=row.get("copies", 1),
            issuer=row.get("issuer") or "",
            how=row.get("how") or "",
            issued_by_id=slugs.get(issuer_slug),
            later=row.get("later"),
            **_row(row, number, guide.checked_on),
        )
        placed.append((f"materials 第{number}条", material))
    return placed, warnings


def _build_counters(guide: Guide, entry: dict) -> Placed:
    offices, placed = dict(Office.objects.filter(area__code__startswith=guide.district[:6]).values_list("code", "pk")), []
    for number, row in enumerate(entry.get("counters") or [], start=1):
        counter = Counter(
            guide=guide,
            kind=row["kind"],
            office_id=_office(row.get("office"), offices, number),
            note=row.get("note") or "",
            order=number * ORDER_STEP,
            **_sourced(row, guide.checked_on),
        )
        placed.append((f"counters 第{number}条", counter))
    return placed


def _office(code: str | None, offices: dict[str, int], number: int) -> int | None:
    if code and code not in offices:
        raise ValidationError(f"counters 第{number}条：没有代号是 {code} 的办理地点。")
    return offices[code] if code else None


def _check_rows(rows: list[tuple[str, Sourced]], tokens: set[str]) -> None:
    wrong = []
    for where, row in rows:
        # What the database's constraints say, said here without a query for each of thousands of rows.
        if bool(row.verified_by) != bool(row.verified_on):
            wrong.append(f"{where}：标了已核实，就要写核对日期（事项的 checked_on，或这一条的 verified_on）。")
        try:
            row.full_clean(exclude=["guide", "issued_by", "office"], validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            wrong += labelled(row, error, where)
        wrong += [f"{where}：没有“{token}”这个情形。" for token in getattr(row, "only_for", []) if token not in tokens]
        if row.mark in (Mark.OFFICIAL, Mark.REPOST) and not row.source:
            wrong.append(f"{where}：写明出处（source）。")
    if wrong:
        raise ValidationError(wrong)


def _export_sourced(row: Sourced, checked_on: date | None) -> dict:
    found: dict[str, Any] = {"mark": str(row.mark)}
    if row.source:
        found["source"] = row.source
    if row.valid_for_year:
        found["year"] = row.valid_for_year
    usual = (OFFICIAL_CHECKER, checked_on) if row.mark == Mark.OFFICIAL else ("", None)
    if (row.verified_by, row.verified_on) != usual:
        found |= {"verified_by": row.verified_by, "verified_on": row.verified_on}
    return found


def _known(**values) -> dict:
    """Without what is unknown, empty or as by default."""
    return {key.rstrip("_"): value for key, value in values.items() if value not in (None, "", [], {}, False)}


def export(guide: Guide) -> dict:
    """The guide as `write` takes it. Pass one from Guide.objects.whole() to keep the number of queries constant."""
    day = guide.checked_on
    entry: dict[str, Any] = {"slug": guide.slug}
    for name in HEAD:
        value = getattr(guide, name)
        entry[name] = list(value) if name == "aliases" else (str(value) if isinstance(value, str) else value)
        if name == "aliases":
            entry |= _known(phrasings=list(guide.phrasings))
        if name == "priority":
            entry |= _known(
                featured=guide.featured,
                national_code=guide.national_code,
                implementation_code=guide.implementation_code,
                checked_on=day,
                brief=guide.is_brief,
                stage=str(guide.stage),
            )
    known = {fact.field: fact for fact in guide.facts.all()}
    entry["facts"] = {name: _export_fact(guide, name, known[name], day) for name in FACT_KEYS if name in known}
    entry["conditions"] = _export_statements(guide, StatementKind.CONDITION, day)
    entry["situations"] = [
        {
            "key": s.key,
            "question": s.question,
            "answers": [{"key": a.key, "label": a.label} | _known(note=a.note) for a in s.answers.all()],
        }
        for s in guide.situations.all()
    ]
    entry["materials"] = [_export_material(row, day) for row in guide.materials.all()]
    entry["steps"] = [{"text": row.text} | _known(only_for=row.only_for) | _export_sourced(row, day) for row in guide.steps.all()]
    entry["notes"] = _export_statements(guide, StatementKind.NOTE, day)
    entry["legal_basis"] = _export_statements(guide, StatementKind.BASIS, day)
    entry["counters"] = [
        {"kind": str(row.kind)} | _known(office=row.office.code if row.office else "", note=row.note) | _export_sourced(row, day)
        for row in guide.counters.all()
    ]
    return {key: value for key, value in entry.items() if value not in ([], {})}


def _export_fact(guide: Guide, name: str, fact: Fact, day: date | None) -> dict:
    values = {key: getattr(guide, attribute) for key, attribute in FACT_KEYS[name].items()}
    if not values.get("url", True):
        del values["url"]
    values = {key: str(value) if isinstance(value, str) else value for key, value in values.items()}
    return values | _known(note=fact.note) | _export_sourced(fact, day)


def _export_statements(guide: Guide, kind: StatementKind, day: date | None) -> list[dict]:
    return [
        {"text": row.text} | _known(only_for=row.only_for) | _export_sourced(row, day) for row in guide.statements.all() if row.kind == kind
    ]


def _export_material(row: Material, day: date | None) -> dict:
    entry = {"name": row.name} | _known(identity=row.is_identity_document) | {"form": str(row.form), "copies": row.copies}
    entry |= _known(issuer=row.issuer, how=row.how, issued_by=row.issued_by.slug if row.issued_by else "")
    if row.later is not None:
        entry["later"] = row.later
    return entry | _known(only_for=row.only_for) | _export_sourced(row, day)
