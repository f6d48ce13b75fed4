"""区划 in and out of Excel: codes, names, and whom to call in each."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from guides.area_codes import code_problem, parent_code
from guides.area_names import FOREIGN, AreaNames
from guides.districts import within, works_somewhere
from guides.models import Area, ContentStamp, Level
from menpai.cells import choice, number_text, text
from menpai.exchange import Column, Kind, Report, SheetShape, Table, Task, apply_rows, parse, register
from menpai.spreadsheets import Book

SHORT = {"区": "district", "县": "district", "乡镇": "township", "乡": "township", "镇": "township", "街道": "township", "村": "community", "社区": "community"}
LEVELS = tuple(map(str, Level.labels))
SHAPE = SheetShape("区划", (
    Column("区划代码", "code", 16, number_text(12, needed="写12位区划代码。"), needed=True, note="12位数字。已有的区划靠它认出来，代码不能改。"),
    Column("名称", "name", 30, text(60, needed="写全名，例如 水韵名都社区居民委员会。"), needed=True, note="全名，例如 水韵名都社区居民委员会。"),
    Column("级别", "level", 16, choice(Level, also=SHORT), lambda area: area.get_level_display(), needed=True, choices=LEVELS,
           note=f"{'；'.join(LEVELS)}，写一种。已有的不能改。"),
    Column("上级", "parent_id", 16, lambda found, context: number_text(12)(found, context) or None, say=lambda text, names: names.say(text),
           note="上级的12位代码；区（县）空着。"),
    Column("帮办联系人", "contact_name", 16, text(30), note="称呼，例如 王姐、李主任。会显示给居民。"),
    Column("帮办电话", "contact_phone", 18, number_text(20), note="核实过再填；空着就请居民打 12345。"),
))  # fmt: skip
CHANGEABLE = ["name", "contact_name", "contact_phone"]


def _find(keys: list[str], task: Task) -> dict[str, Area]:
    return Area.objects.in_bulk(keys)


def _check(area: Area, before: dict, names: AreaNames, *, levels: dict[str, str]) -> Iterator[tuple[str, str]]:
    if before and (area.get_level_display(), area.parent_id or "") != (before["级别"], before["上级"]):
        yield "级别", "已有的区划不能改级别和上级。照原来的写；真的变了，就是一个新代码。"
        return
    if problem := code_problem(area.code, area.level):
        yield "区划代码", problem
        return
    if names.is_foreign(area.code):
        yield "区划代码", FOREIGN
    expected = parent_code(area.code, area.level)
    if (area.parent_id or "") != expected:
        yield "上级", f"应该是 {expected}。" if expected else "区（县）的上级空着。"
    elif expected and expected not in names.rows and expected not in levels:
        yield "上级", f"系统里没有 {expected}，这个文件里也没有。先加上它。"


def _save(new: list[Area], changed: list[Area], task: Task, report: Report) -> None:
    Area.objects.bulk_create(new)
    Area.objects.bulk_update(changed, CHANGEABLE)


TABLE = Table(
    shape=SHAPE, key=lambda values: values["code"], find=_find, make=lambda values: Area(), check=partial(_check, levels={}), save=_save,
    name=lambda area: f"{area.short_name}（{area.code}）", context=lambda task: AreaNames(task.by),
)  # fmt: skip


def _read(book: Book, task: Task, report: Report):
    return list(parse(TABLE, book.lines(columns=SHAPE.names, needed=SHAPE.required, most=Kind.most), task, report))


def _apply(rows, task: Task, report: Report) -> None:
    """The areas above first, so that one file may bring a district with everything in it."""
    levels = {values["code"]: values["level"] for _, values in rows}
    order = list(Level.values)
    apply_rows(replace(TABLE, check=partial(_check, levels=levels)), sorted(rows, key=lambda row: order.index(row[1]["level"])), task, report)


AREAS = register(Kind(
    name="areas", title="区划", unit="个区划", model="guides.Area", only=works_somewhere, wrote=ContentStamp.advance, sheets=(SHAPE,), read=_read, apply=_apply,
    export=lambda user: [map(SHAPE.row, within(Area.objects.all(), user, "code"))],
    samples=lambda: [[
        ["【示例】640299102000", "示例镇", LEVELS[1], "640299000000", "", ""],
        ["【示例】640299102001", "示例社区居民委员会", LEVELS[2], "640299102000", "王姐", ""],
    ]],
    hints=("已有的区划能改名称、帮办联系人和帮办电话；代码、级别、上级不能改。",),
))  # fmt: skip
