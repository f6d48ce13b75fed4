"""How one guide stands in a file: its keys and their kinds. fixtures/README.md says the same to people."""

from typing import Any

from django.core.exceptions import ValidationError

from guides.models import StatementKind

HEAD = ("title", "plain_title", "audience", "department", "aliases", "counter_level", "priority", "answer")
OPTIONAL_HEAD = ("phrasings", "featured", "national_code", "implementation_code", "checked_on", "brief", "stage")
WORD_LISTS = ("aliases", "phrasings")
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
YES_NO_FACTS = {"cross_province", "video"}
ROW_KEYS = {
    "materials": {"name", "identity", "form", "copies", "issuer", "how", "issued_by", "later", "only_for", *SOURCED},
    "steps": {"text", "only_for", *SOURCED},
    **{name: {"text", "only_for", *SOURCED} for name in STATEMENTS},
    "counters": {"kind", "office", "note", *SOURCED},
    "situations": {"key", "question", "answers"},
}
REQUIRED_ROW_KEYS = {"materials": "name", "counters": "kind", "situations": "key"}
ORDER_STEP = 10  # room to put a row between two others in the admin


def check_keys(entry: Any) -> None:
    """Raises ValidationError that names each missing, unknown or misshapen key of one guide."""
    if not isinstance(entry, dict):
        raise ValidationError("这里应该是一个事项，以 slug: 开头。")
    wrong = [f"缺少 {key}。" for key in ("slug", *HEAD) if entry.get(key) in (None, "") and key != "aliases"]
    wrong += [f"不认识 {key}，是不是写错了？" for key in entry if key not in ("slug", *HEAD, *OPTIONAL_HEAD, *PARTS)]
    wrong += [
        f"{key} 后面应该是一句话或一个数。" for key in ("slug", *HEAD, *OPTIONAL_HEAD) if key not in WORD_LISTS and not is_plain(entry.get(key))
    ]
    wrong += [f"{key} 写成 [叫法一, 叫法二] 这样。" for key in WORD_LISTS if not _is_words(entry.get(key) or [])]
    if not isinstance(entry.get("brief"), (bool, type(None))):
        wrong.append("brief 写 true 或 false，不加引号。")
    wrong += _wrong_facts(entry.get("facts") or {})
    for part, allowed in ROW_KEYS.items():
        wrong += _wrong_rows(part, entry.get(part) or [], allowed)
    if wrong:
        raise ValidationError(wrong)


def is_plain(value: Any) -> bool:
    """One value, and no NUL character, which PostgreSQL cannot keep."""
    return not isinstance(value, (dict, list)) and "\0" not in str(value)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) and word.strip() and is_plain(word) for word in value)


def _wrong_facts(facts: Any) -> list[str]:
    if not isinstance(facts, dict):
        return ["facts 下面每行写一个内容，例如 fee: {text: 不收费, mark: K}。"]
    wrong = []
    for name, fact in facts.items():
        if name not in FACT_KEYS:
            wrong.append(f"facts 里不认识 {name}。")
            continue
        if not isinstance(fact, dict):
            wrong.append(f"facts.{name} 后面写成 {{…, mark: K}} 这样。")
            continue
        keys = FACT_KEYS[name]
        wrong += [f"facts.{name} 缺少 {key}。" for key in keys if key not in fact and key not in OPTIONAL_FACT_KEYS]
        wrong += [f"facts.{name} 里不认识 {key}。" for key in fact if key not in (*keys, "note", *SOURCED)]
        wrong += [f"facts.{name} 的 {key} 应该是一句话或一个数。" for key, value in fact.items() if not is_plain(value)]
        if name in YES_NO_FACTS and not isinstance(fact.get("value"), (bool, type(None))):
            wrong.append(f"facts.{name} 的 value 写 yes 或 no，不加引号。")
    return wrong


def _wrong_rows(part: str, rows: Any, allowed: set[str]) -> list[str]:
    if not isinstance(rows, list):
        return [f"{part} 下面每条以 - 开头。"]
    wrong, needed = [], REQUIRED_ROW_KEYS.get(part, "text")
    for number, row in enumerate(rows, start=1):
        where = f"{part} 第{number}条"
        if not isinstance(row, dict) or row.get(needed) in (None, ""):
            wrong.append(f"{where}缺少 {needed}。")
            continue
        if unknown := {str(key) for key in row} - allowed:
            wrong.append(f"{where}里不认识 {'、'.join(sorted(unknown))}。")
        wrong += [
            f"{where}的 {key} 应该是一句话或一个数。"
            for key, value in row.items()
            if key not in ("only_for", "answers") and not is_plain(value)
        ]
        wrong += [
            f"{where}的 {key} 写 yes 或 no，不加引号。" for key in ("identity", "later") if not isinstance(row.get(key), (bool, type(None)))
        ]
        if not _is_words(row.get("only_for") or []):
            wrong.append(f"{where}的 only_for 写成 [who=agent] 这样。")
        if part == "situations":
            wrong += _wrong_answers(where, row.get("answers"))
    if part == "situations":
        wrong += _repeated("situations", rows)
    return wrong


def _repeated(where: str, entries: list) -> list[str]:
    keys = [str(entry.get("key")) for entry in entries if isinstance(entry, dict)]
    return [f"{where} 的代号 {key} 写了两遍。" for key in dict.fromkeys(keys) if keys.count(key) > 1]


def _wrong_answers(where: str, answers: Any) -> list[str]:
    if not isinstance(answers, list) or not answers:
        return [f"{where}的 answers 下面至少写一个回答。"]
    wrong = []
    for answer in answers:
        if not isinstance(answer, dict) or set(answer) - {"key", "label", "note"} or not {"key", "label"} <= set(answer):
            wrong.append(f"{where}的回答写成 {{key: self, label: 本人去}} 这样，可以加 note。")
        elif isinstance(answer["key"], bool):
            wrong.append(f'{where}的回答代号 yes、no、on、off 要加引号，例如 key: "yes"。')
        elif not all(is_plain(value) for value in answer.values()):
            wrong.append(f"{where}的回答里每样写一句话。")
    return wrong + _repeated(where, answers)
