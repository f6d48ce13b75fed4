"""One guide as a plain dictionary: the shape of the fixtures, of the revisions and of the open data. Import writes it, export reads it back."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from guides.models import (
    OFFICIAL_CHECKER,
    Answer,
    Counter,
    Fact,
    FactField,
    Guide,
    Mark,
    Material,
    Situation,
    Sourced,
    Statement,
    StatementKind,
    Step,
)

HEAD = ("title", "plain_title", "audience", "department", "aliases", "counter_level", "priority", "answer")
OPTIONAL_HEAD = ("featured", "national_code", "implementation_code", "checked_on")
PARTS = ("facts", "conditions", "situations", "materials", "steps", "notes", "legal_basis", "counters")
SOURCED = ("mark", "source", "year", "verified_by", "verified_on")
STATEMENTS = {"conditions": StatementKind.CONDITION, "notes": StatementKind.NOTE, "legal_basis": StatementKind.BASIS}

# How each fact stands in a file: its own keys, and the guide's fields they fill.
FACT_KEYS: dict[str, dict[str, str]] = {
    "legal_limit": {"days": "legal_limit", "unit": "legal_limit_unit"},
    "promised_limit": {"days": "promised_limit", "unit": "promised_limit_unit"},
    "fee": {"text": "fee"},
    "visits": {"count": "visits"},
    "result": {"text": "result"},
    "hotline": {"text": "hotline"},
    "online": {"text": "online", "url": "online_url"},
    "agency": {"value": "agency"},
    "cross_province": {"value": "cross_province"},
    "video": {"value": "video"},
    "season": {"from": "season_from", "to": "season_to"},
}
OPTIONAL_FACT_KEYS = {"unit", "url"}
ROW_KEYS = {
    "materials": {"name", "identity", "form", "copies", "issuer", "how", "issued_by", "later", "only_for", *SOURCED},
    "steps": {"text", "only_for", *SOURCED},
    **{name: {"text", "only_for", *SOURCED} for name in STATEMENTS},
    "counters": {"kind", "note", *SOURCED},
    "situations": {"key", "question", "answers"},
}
REQUIRED_ROW_KEYS = {"materials": "name", "counters": "kind", "situations": "key"}


def check_keys(entry: Any) -> None:
    """Raises ValidationError that names each missing, unknown or misshapen key of one guide."""
    if not isinstance(entry, dict):
        raise ValidationError("这里应该是一个事项，以 slug: 开头。")
    wrong = [f"缺少 {key}。" for key in ("slug", *HEAD) if entry.get(key) in (None, "") and key != "aliases"]
    wrong += [f"不认识 {key}，是不是写错了？" for key in entry if key not in ("slug", *HEAD, *OPTIONAL_HEAD, *PARTS)]
    facts = entry.get("facts") or {}
    if not isinstance(facts, dict):
        raise ValidationError("facts 下面每行写一个内容，例如 fee: {text: 不收费, mark: K}。")
    for name, fact in facts.items():
        if name not in FACT_KEYS or not isinstance(fact, dict):
            wrong.append(f"facts 里不认识 {name}。")
            continue
        keys = FACT_KEYS[name]
        wrong += [f"facts.{name} 缺少 {key}。" for key in keys if key not in fact and key not in OPTIONAL_FACT_KEYS]
        wrong += [f"facts.{name} 里不认识 {key}。" for key in fact if key not in (*keys, "note", *SOURCED)]
    for part, allowed in ROW_KEYS.items():
        rows = entry.get(part) or []
        if not isinstance(rows, list):
            wrong.append(f"{part} 下面每条以 - 开头。")
            continue
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict) or not row.get(REQUIRED_ROW_KEYS.get(part, "text")):
                wrong.append(f"{part} 第{number}条缺少 {REQUIRED_ROW_KEYS.get(part, 'text')}。")
            elif unknown := set(row) - allowed:
                wrong.append(f"{part} 第{number}条里不认识 {'、'.join(sorted(unknown))}。")
    if wrong:
        raise ValidationError(wrong)


def fill_head(guide: Guide, entry: dict) -> None:
    """Set the guide's own fields from an entry whose keys were checked. Does not save."""
    for name in HEAD:
        setattr(guide, name, entry[name] if name != "aliases" else list(entry.get("aliases") or []))
    for name in ("national_code", "implementation_code"):
        setattr(guide, name, str(entry.get(name) or ""))
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
    """The Sourced fields of a row. An official mark counts as checked on the guide's own date unless the row says otherwise."""
    mark = row.get("mark", Mark.COMMON)
    official = mark == Mark.OFFICIAL
    return {
        "mark": mark,
        "source": row.get("source") or "",
        "valid_for_year": row.get("year"),
        "verified_by": row.get("verified_by", OFFICIAL_CHECKER if official else ""),
        "verified_on": row.get("verified_on", checked_on if official and row.get("verified_by", True) else None),
    }


def write(guide: Guide, entry: dict) -> list[str]:
    """Make the guide and all its parts exactly what the entry says; returns warnings. Raises ValidationError naming each wrong part."""
    fill_head(guide, entry)
    guide.full_clean()
    guide.save()
    for related in ("facts", "statements", "materials", "steps", "situations", "counters"):
        getattr(guide, related).all().delete()
    tokens = _write_situations(guide, entry.get("situations") or [])
    rows, warnings = _build_rows(guide, entry)
    _check_rows(rows, tokens)
    for model in (Fact, Statement, Step, Material, Counter):
        model.objects.bulk_create(row for _, row in rows if type(row) is model)
    return warnings


def _write_situations(guide: Guide, entries: list[dict]) -> set[str]:
    tokens = set()
    for order, item in enumerate(entries):
        situation = Situation(guide=guide, key=item["key"], question=item.get("question", ""), order=order)
        situation.full_clean(exclude=["guide"])
        situation.save()
        for number, choice in enumerate(item.get("answers") or []):
            answer = Answer(situation=situation, key=str(choice.get("key", "")), label=choice.get("label", ""), note=choice.get("note", ""), order=number)
            answer.full_clean(exclude=["situation"])
            answer.save()
            tokens.add(answer.token)
    return tokens


def _build_rows(guide: Guide, entry: dict) -> tuple[list[tuple[str, Sourced]], list[str]]:
    """Unsaved parts, each with its place in the file, and warnings."""
    day, rows, warnings = guide.checked_on, [], []
    for name, fact in (entry.get("facts") or {}).items():
        rows.append((f"facts.{name}", Fact(guide=guide, field=name, note=fact.get("note", ""), **_sourced(fact, day))))
    for part, kind in STATEMENTS.items():
        for order, row in enumerate(entry.get(part) or []):
            rows.append((f"{part} 第{order + 1}条", Statement(
                guide=guide, kind=kind, text=row["text"], only_for=row.get("only_for") or [], order=order, **_sourced(row, day))))
    for order, row in enumerate(entry.get("steps") or []):
        rows.append((f"steps 第{order + 1}条", Step(
            guide=guide, text=row["text"], only_for=row.get("only_for") or [], order=order, **_sourced(row, day))))
    slugs = dict(Guide.objects.values_list("slug", "pk"))
    for order, row in enumerate(entry.get("materials") or []):
        issuer_slug = row.get("issued_by")
        if issuer_slug and issuer_slug not in slugs:
            warnings.append(f"材料“{row['name']}”指向的事项 {issuer_slug} 还没有，先不连。")
        rows.append((f"materials 第{order + 1}条", Material(
            guide=guide, name=row["name"], is_identity_document=bool(row.get("identity")), form=row.get("form", "original"), copies=row.get("copies", 1),
            issuer=row.get("issuer") or "", how=row.get("how") or "", issued_by_id=slugs.get(issuer_slug), later=row.get("later"),
            only_for=row.get("only_for") or [], order=order, **_sourced(row, day))))
    for order, row in enumerate(entry.get("counters") or []):
        rows.append((f"counters 第{order + 1}条", Counter(guide=guide, kind=row["kind"], note=row.get("note") or "", order=order, **_sourced(row, day))))
    return rows, warnings


def _check_rows(rows: list[tuple[str, Sourced]], tokens: set[str]) -> None:
    wrong = []
    for where, row in rows:
        try:
            row.full_clean(exclude=["guide", "issued_by"], validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            wrong += [f"{where}：{message}" for message in error.messages]
        wrong += [f"{where}：没有“{token}”这个情形。" for token in getattr(row, "only_for", []) if token not in tokens]
        if bool(row.verified_by) != bool(row.verified_on):  # the constraint's own check would ask the database once a row
            wrong.append(f"{where}：核实人和核实日期要一起写。")
        if row.mark != Mark.COMMON and not row.source:
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
        if name == "priority":
            entry |= _known(featured=guide.featured, national_code=guide.national_code, implementation_code=guide.implementation_code, checked_on=day)
    known = {fact.field: fact for fact in guide.facts.all()}
    entry["facts"] = {
        name: _export_fact(guide, name, known[name], day) for name in FACT_KEYS if name in known
    }
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
    entry["counters"] = [{"kind": str(row.kind)} | _known(note=row.note) | _export_sourced(row, day) for row in guide.counters.all()]
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


