"""The sheets of a workbook of guides: which column is which key of a guide's document (guides/documents.py), and how a cell is read and written."""

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from guides.document_shape import STATEMENTS, YES_NO_FACTS
from guides.models import OFFICIAL_CHECKER, Agency, Audience, Domain, FactField, Form, Level, Mark, OfficeKind, Stage, StatementKind, Unit
from menpai.cells import choice, day, number_text, plain, say_words, say_yes_no, text, whole_number, words, yes_no
from menpai.exchange import Column, SheetShape

LONG = 2000  # no cell of a guide is longer; each field's own length is checked with the guide
LIMITS = ("legal_limit", "promised_limit")
SEASON = re.compile(r"(\d\d-\d\d)(?:到|至|~|—|--)(\d\d-\d\d)")


def labels(choices) -> tuple[str, ...]:
    return tuple(map(str, choices.labels))


def _lines(found: str, context) -> list[str]:
    """One a line; on one line, with 、 between them."""
    parts = found.split("\n") if "\n" in found else re.split("[、；;]", found)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _say_lines(values: list[str]) -> str:
    return "\n".join(values)


def _topic(found: str, context) -> str:
    """The slug of a topic, by its name or its slug."""
    names = dict(Domain.objects.values_list("name", "slug")) if context is None else context
    if found in names.values():
        return found
    if found not in names:
        raise ValidationError(f"没有这个主题。写这几个里的一个：{'、'.join(names)}。")
    return names[found]


def _get(key: str) -> Callable[[dict], Any]:
    return lambda row: row.get(key)


def _label(key: str, choices) -> Callable[[dict], str]:
    return lambda row: str(choices(row[key]).label) if row.get(key) else ""


def _needed(what: str):
    return text(LONG, needed=what, lines=True)


def _column(name: str, key: str, width: int, read, write=None, **more) -> Column:
    return Column(name, key, width, read, write or _get(key), **more)


SLUG = _column("代号", "slug", 14, _needed("写指南的代号，例如 yibao-001。"), needed=True, note="拼音-三位数字，例如 yibao-001。各张表都靠它对上。")
ONLY_FOR = _column("仅限情形", "only_for", 22, words(40, each="写成 who=agent 这样。"), lambda row: say_words(row.get("only_for") or []),
                   note="写成 who=agent 这样，几个中间用顿号；空着就是谁都要。")  # fmt: skip
SOURCED = (
    _column("出处类别", "mark", 14, choice(Mark, empty=Mark.COMMON), _label("mark", Mark), choices=labels(Mark), note=f"{'；'.join(labels(Mark))}。空着就是“一般了解”。"),
    _column("出处", "source", 30, text(LONG, lines=True)),
    _column("适用年份", "year", 10, whole_number(2099, least=2000)),
    _column("核实人", "verified_by", 12, text(LONG), note="谁核实的；没有核实的空着。您的账号不能核实的，写了也先记成待核实。"),
    _column("核实日期", "verified_on", 14, day, note="和核实人一起填，或者都空着。"),
)  # fmt: skip

GUIDES = SheetShape("指南", (
    SLUG,
    _column("大白话名称", "plain_title", 26, _needed("写居民怎么说。"), needed=True, note="居民怎么说就怎么写，20个字以内最好。"),
    _column("事项名称", "title", 30, _needed("写正式的名称。"), needed=True),
    _column("一句话回答", "answer", 50, _needed("用一句话回答。"), needed=True, note="不写没有核实的金额、天数和日期。"),
    _column("主题", "domain", 14, _topic, needed=True, note="后台里已有的主题。"),
    _column("办事人", "audience", 10, choice(Audience), _label("audience", Audience), needed=True, choices=labels(Audience)),
    _column("主管部门", "department", 24, _needed("写哪个部门管。"), needed=True),
    _column("一般在哪一级办", "counter_level", 16, choice(Level), _label("counter_level", Level), needed=True, choices=labels(Level)),
    _column("别的叫法", "aliases", 30, _lines, lambda row: _say_lines(row.get("aliases") or []), note="一行一个：在格子里换行按 Alt+Enter。"),
    _column("居民怎么问", "phrasings", 40, _lines, lambda row: _say_lines(row.get("phrasings") or []), note="一行一句。"),
    _column("优先级", "priority", 8, whole_number(99, empty=2), note="空着就是2。"),
    _column("常用排第几", "featured", 10, whole_number(999), note="填了数字就出现在首页“大家常办的”里。"),
    _column("简版", "brief", 8, yes_no(empty=False), lambda row: "是" if row.get("brief") else "", choices=("是",)),
    _column("建设项目的阶段", "stage", 16, choice(Stage, empty=""), _label("stage", Stage), choices=labels(Stage), note="只有投资建设的事项要填。"),
    _column("国家基本编码", "national_code", 18, number_text(40)),
    _column("实施编码", "implementation_code", 34, number_text(60)),
    _column("最近核对日期", "checked_on", 14, day),
))  # fmt: skip

FACT_NAMES = {str(field.label): field.value for field in FactField}


def _fact_value(row: dict) -> str:
    """What the fact says, in one cell."""
    name = row["field"]
    if name in LIMITS:
        return "" if row.get("days") is None else str(row["days"])
    if name in YES_NO_FACTS:
        return say_yes_no(row.get("value"))
    if name == "agency":
        return str(Agency(row["value"]).label) if row.get("value") else ""
    if name == "season":
        return f"{row['from']}到{row['to']}" if row.get("from") else ""
    value = row.get("count" if name == "visits" else "text")
    return "" if value is None else str(value)


def read_fact(name: str, found: str) -> dict:
    """The keys of one fact (document_shape.FACT_KEYS) from its cell. Raises ValidationError."""
    if name in LIMITS:
        return {"days": whole_number(9999)(found, None)}
    if name == "visits":
        return {"count": whole_number(99)(found, None)}
    if name in YES_NO_FACTS:
        return {"value": yes_no(empty=None)(found, None)}
    if name == "agency":
        return {"value": choice(Agency, empty="")(found, None)}
    if name == "season":
        match = SEASON.fullmatch(plain(found))
        if found and not match:
            raise ValidationError("写成 05-01到06-30 这样。")
        return {"from": match[1], "to": match[2]} if match else {"from": "", "to": ""}
    return {"text": text(LONG, lines=True)(found, None)}


def _fact_name(found: str, context) -> str:
    if plain(found) not in FACT_NAMES:
        raise ValidationError(f"写这几种里的一种：{'；'.join(FACT_NAMES)}。")
    return FACT_NAMES[plain(found)]


FACTS = SheetShape("时限费用等", (
    SLUG,
    _column("内容", "field", 14, _fact_name, lambda row: str(FactField(row["field"]).label), needed=True, choices=tuple(FACT_NAMES)),
    _column("写什么", "value", 40, text(LONG, lines=True), _fact_value,
            note="时限、次数写数（0是当场办完）；跨省通办、视频办写“是”“否”；每年什么时候办写 05-01到06-30；不知道就空着。"),
    _column("单位", "unit", 12, choice(Unit, empty=""), _label("unit", Unit), choices=labels(Unit), note="只有时限要写。"),
    _column("网址", "url", 30, text(LONG), note="只有“网上怎么办”要写。"),
    _column("补充说明", "note", 30, text(LONG, lines=True)),
    *SOURCED,
))  # fmt: skip

STATEMENT_KINDS = {part: str(StatementKind(kind).label) for part, kind in STATEMENTS.items()}
_PARTS = {label: part for part, label in STATEMENT_KINDS.items()}


def _part(found: str, context) -> str:
    if plain(found) not in _PARTS:
        raise ValidationError(f"写这几种里的一种：{'；'.join(_PARTS)}。")
    return _PARTS[plain(found)]


SENTENCES = SheetShape("条件注意依据", (
    SLUG,
    _column("类别", "part", 10, _part, lambda row: STATEMENT_KINDS[row["part"]], needed=True, choices=tuple(_PARTS)),
    _column("内容", "text", 60, _needed("写内容。"), needed=True),
    ONLY_FOR,
    *SOURCED,
))  # fmt: skip
MATERIALS = SheetShape("材料", (
    SLUG,
    _column("名称", "name", 28, _needed("写材料的名称。"), needed=True),
    _column("必备证件", "identity", 10, yes_no(empty=False), lambda row: "是" if row.get("identity") else "", choices=("是",)),
    _column("形式", "form", 14, choice(Form, empty=Form.ORIGINAL), _label("form", Form), choices=labels(Form), note="空着就是原件。"),
    _column("份数", "copies", 8, whole_number(99, empty=1), note="空着就是1。"),
    _column("谁出的", "issuer", 20, text(LONG, lines=True)),
    _column("怎么拿到", "how", 36, text(LONG, lines=True)),
    _column("开这份材料的事项", "issued_by", 16, text(LONG), note="那份指南的代号。"),
    _column("可以后补", "later", 10, yes_no(empty=None), lambda row: say_yes_no(row.get("later")), choices=("是", "否"), note="不知道就空着。"),
    ONLY_FOR,
    *SOURCED,
))  # fmt: skip
STEPS = SheetShape("步骤", (SLUG, _column("这一步", "text", 60, _needed("写这一步做什么。"), needed=True), ONLY_FOR, *SOURCED))
SITUATIONS = SheetShape("情形和回答", (
    SLUG,
    _column("情形代号", "key", 12, _needed("写小写字母，例如 who。"), needed=True, note="小写字母，例如 who。一个回答一行，同一个情形的写在一起。"),
    _column("问题", "question", 28, text(LONG, lines=True), note="写在这个情形的第一行。"),
    _column("回答代号", "answer_key", 12, _needed("写小写字母或数字，例如 agent。"), needed=True),
    _column("回答", "label", 24, _needed("写居民选的那句话。"), needed=True),
    _column("选它时的提示", "note", 36, text(LONG, lines=True)),
))  # fmt: skip
COUNTERS = SheetShape("去哪办", (
    SLUG,
    _column("哪类地方", "kind", 22, choice(OfficeKind), _label("kind", OfficeKind), needed=True, choices=labels(OfficeKind)),
    _column("只在这一处", "office", 24, text(LONG), note="那个办理地点的代号；空着就按居民住的地方找最近的一处。"),
    _column("说明", "note", 36, text(LONG, lines=True)),
    *SOURCED,
))  # fmt: skip
SHEETS = (GUIDES, MATERIALS, STEPS, SENTENCES, SITUATIONS, COUNTERS, FACTS)


def origin(row: dict, checked_on) -> dict:
    """The keys of a part's origin as a document has them: who vouches for it only where that does not follow from its mark."""
    found = {"mark": str(row["mark"])}
    if row["source"]:
        found["source"] = row["source"]
    if row["year"]:
        found["year"] = row["year"]
    usual = (OFFICIAL_CHECKER, checked_on) if row["mark"] == Mark.OFFICIAL else ("", None)
    if (row["verified_by"], row["verified_on"]) != usual:
        found |= {"verified_by": row["verified_by"], "verified_on": row["verified_on"]}
    return found


def full_origin(row: dict, checked_on) -> dict:
    """The same the other way: what follows from the mark is written out, so that the sheet says who vouches for it."""
    if row["mark"] == Mark.OFFICIAL and "verified_by" not in row:
        return row | {"verified_by": OFFICIAL_CHECKER if checked_on else "", "verified_on": checked_on}
    return row
