"""办理地点 in and out of Excel, with their hours on a second sheet."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import time
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError

from guides.area_names import FOREIGN, AreaNames
from guides.districts import within, works_somewhere
from guides.models import ContentStamp, Mark, Office, OfficeHours, OfficeKind
from menpai.cells import choice, number_text, plain, say_yes_no, text, whole_number, yes_no
from menpai.exchange import EXAMPLE, Column, Kind, Report, SheetShape, Table, Task, apply_rows, parse, read_line, register
from menpai.spreadsheets import Book

MONTH_DAY = re.compile(r"(?:\d{4}[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?")
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")
KINDS, MARKS = tuple(map(str, OfficeKind.labels)), tuple(map(str, Mark.labels))


def _area(found: str, names: AreaNames) -> str:
    area = names.find(found, or_all="") if found else None
    if area is None:
        raise ValidationError("写这里的居民到这个点办的范围：村（社区）、乡镇（街道）、区（县）的名字，或者12位代码。")
    if names.is_foreign(area.pk):
        raise ValidationError(FOREIGN)
    return area.pk


def _degrees(least: int, most: int):
    def read(found: str, context) -> Decimal | None:
        if not found:
            return None
        try:
            value = Decimal(unicodedata.normalize("NFKC", found)).quantize(Decimal("0.000001"))
        except InvalidOperation as error:
            raise ValidationError("写小数，例如 106.775360；不知道就空着。") from error
        if not least < value < most:
            raise ValidationError(f"不在中国（{least}到{most}度）。看看经度、纬度是不是写反了。")
        return value

    return read


def _hours(office: Office) -> str:
    return "；".join(map(_say_slot, office.slots))


def _say_slot(slot: tuple) -> str:
    season_from, season_to, weekdays, opens, closes = slot
    season = "" if (season_from, season_to) == ("01-01", "12-31") else f"{season_from}到{season_to} "
    return f"{season}星期{weekdays} {opens:%H:%M}—{closes:%H:%M}"


def _words(office: Office) -> str:
    return f"{office.verified_by} {office.verified_on}" if office.is_verified else "待核实"


SHAPE = SheetShape("办理地点", (
    Column("代号", "code", 24, text(40, needed="写代号，例如 hall-huinong。"), needed=True, note="字母、数字和横线，例如 hall-huinong。已有的地点靠它认出来。"),
    Column("名称", "name", 30, text(60, needed="写全名。"), needed=True, note="全名，最多60个字。"),
    Column("类别", "kind", 22, choice(OfficeKind), lambda row: row.get_kind_display(), needed=True, choices=KINDS, note=f"{'；'.join(KINDS)}，写一种。"),
    Column("服务范围", "area_id", 18, _area, needed=True, say=lambda text, names: names.say(text), note="这里的居民到这个点办：名字，例如 水韵名都社区，或者12位代码。"),
    Column("地址", "address", 36, text(120), note="不知道就空着，页面上会请居民打12345问。"),
    Column("楼层和窗口", "floor", 20, text(60)),
    Column("电话", "phone", 18, number_text(40), note="核实过再填。"),
    Column("经度", "longitude", 14, _degrees(73, 136), note="高德、腾讯地图的坐标。经度和纬度要么都填，要么都空着。"),
    Column("纬度", "latitude", 14, _degrees(3, 54)),
    Column("轮椅能进", "step_free", 10, yes_no(empty=None), lambda row: say_yes_no(row.step_free), choices=("是", "否"), note="是、否；不知道就空着。"),
    Column("时间是示例", "hours_are_sample", 12, yes_no(empty=True), lambda row: say_yes_no(row.hours_are_sample), choices=("是", "否"),
           note="核实过真实时间后写“否”。空着就是“是”。"),
    Column("说明", "note", 30, text(200)),
    Column("出处类别", "mark", 14, choice(Mark, empty=Mark.COMMON), lambda row: row.get_mark_display(), choices=MARKS, note=f"{'；'.join(MARKS)}。空着就是“一般了解”。"),
    Column("出处", "source", 30, text(200), note="官方公开文件和网上转载的，要写明出处。"),
    Column("适用年份", "valid_for_year", 10, whole_number(2099, least=2000)),
    Column("开放时间", "slots", 0, lambda found, context: None, _hours, in_sheet=False),
    Column("核实", "verified_on", 0, lambda found, context: None, _words, in_sheet=False),
))  # fmt: skip


def _month_day(found: str, context) -> str:
    match = MONTH_DAY.fullmatch(plain(found))
    if not match or not (1 <= int(match[1]) <= 12 and 1 <= int(match[2]) <= 31):
        raise ValidationError("写成 月-日，例如 05-01。")
    return f"{int(match[1]):02d}-{int(match[2]):02d}"


def _clock(found: str, context) -> time:
    match = CLOCK.fullmatch(plain(found))
    if not match or not (int(match[1]) < 24 and int(match[2]) < 60):
        raise ValidationError("写成 9:00、17:30 这样。")
    return time(int(match[1]), int(match[2]))


def _weekdays(found: str, context) -> str:
    days = plain(found)
    if not re.fullmatch("[1-7]+", days) or len(set(days)) != len(days):
        raise ValidationError("用数字写，1是星期一，7是星期日，例如 12345。")
    return "".join(sorted(days))


HOURS = SheetShape("开放时间", (
    Column("代号", "code", 24, text(40, needed="写办理地点的代号。"), lambda row: row.office.code, needed=True, note="上一张表里的代号。一个地点一天上午、下午分两行。"),
    Column("季节起", "season_from", 10, _month_day, needed=True, note="月-日，例如 05-01；全年就是 01-01 到 12-31。"),
    Column("季节止", "season_to", 10, _month_day, needed=True),
    Column("星期", "weekdays", 10, _weekdays, needed=True, note="1是星期一，7是星期日，例如 12345。"),
    Column("开门", "opens", 10, _clock, lambda row: f"{row.opens:%H:%M}", needed=True, note="9:00 这样。"),
    Column("关门", "closes", 10, _clock, lambda row: f"{row.closes:%H:%M}", needed=True),
))  # fmt: skip
SLOT = ("season_from", "season_to", "weekdays", "opens", "closes")


def _find(keys: list[str], task: Task) -> dict[str, Office]:
    found = {office.code: office for office in Office.objects.filter(code__in=keys).prefetch_related("hours")}
    for office in found.values():
        office.slots = sorted(tuple(getattr(row, name) for name in SLOT) for row in office.hours.all())
    return found


def _make(values: dict) -> Office:
    office = Office()
    office.slots = []
    return office


def _check(office: Office, before: dict, names: AreaNames) -> Iterator[tuple[str, str]]:
    stored = before and before["服务范围"]
    if stored and names.is_foreign(stored):
        yield "代号", FOREIGN
    if (office.longitude is None) != (office.latitude is None):
        yield "纬度" if office.latitude is None else "经度", "经度和纬度要么都填，要么都空着。"
    if office.mark != Mark.COMMON and not office.source:
        yield "出处", "写明出处：哪个文件，或者哪个网站。"
    if not before:
        try:
            office.clean_fields(exclude=["area"])
        except ValidationError as error:
            titles = {column.field: column.name for column in SHAPE.columns}
            yield from ((titles[name], message) for name, said in error.message_dict.items() for message in said)
    after = SHAPE.written(office)
    if before and any(before[name] != after[name] for name in before if name not in ("开放时间", "时间是示例", "核实")):
        office.unverify()  # a changed statement is nobody's word any more


def _save(new: list[Office], changed: list[Office], task: Task, report: Report) -> None:
    Office.objects.bulk_create(new)
    names = [column.field for column in SHAPE.columns if column.in_sheet and column.field != "code"]
    Office.objects.bulk_update(changed, [*(name.removesuffix("_id") for name in names), "verified_by", "verified_on"])
    OfficeHours.objects.filter(office__in=changed).delete()
    rows = [OfficeHours(office=office, **dict(zip(SLOT, slot, strict=True))) for office in (*new, *changed) for slot in office.slots]
    OfficeHours.objects.bulk_create(rows)


TABLE = Table(
    shape=SHAPE, key=lambda values: values["code"], find=_find, make=_make, check=_check, save=_save, context=lambda task: AreaNames(task.by),
)  # fmt: skip


def _read(book: Book, task: Task, report: Report):
    lines = list(book.lines(columns=SHAPE.names, needed=SHAPE.required, most=Kind.most))
    rows = list(parse(TABLE, lines, task, report))
    if HOURS.title in book.titles():
        for code, slots in _read_hours(book, {line.values["代号"] for line in lines}, report).items():
            for _, values in rows:
                if values["code"] == code:
                    values["slots"] = sorted(slots)
    return rows


def _read_hours(book: Book, codes: set[str], report: Report) -> dict[str, list[tuple]]:
    """The slots of each office that has any here; the hours of the others stay."""
    found: dict[str, list[tuple]] = {}
    for line in book.lines(title=HOURS.title, columns=HOURS.names, needed=HOURS.required, most=Kind.most * 5, may_be_empty=True):
        if line.values["代号"].startswith(EXAMPLE):
            report.problem(line.number, "", "这一行是样子。删掉它，再导入。", HOURS.title)
            continue
        values = read_line(HOURS.columns, line, None, report, HOURS.title)
        if values is None:
            continue
        if values["code"] not in codes:
            report.problem(line.number, "代号", f"“办理地点”表里没有 {values['code']}。先在那里写上。", HOURS.title)
        elif values["opens"] >= values["closes"]:
            report.problem(line.number, "关门", "开门要早于关门。上午、下午分两行填。", HOURS.title)
        else:
            slots = found.setdefault(values["code"], [])
            slot = tuple(values[name] for name in SLOT)
            if slot in slots:
                report.problem(line.number, "代号", "这个时间写了两遍。", HOURS.title)
            slots.append(slot)
    return found


def offices_of(user):
    return within(Office.objects.order_by("code"), user, "area__code")


def _export(user):
    hours = OfficeHours.objects.filter(office__in=offices_of(user).order_by().values("pk")).select_related("office")
    return [map(SHAPE.row, offices_of(user)), map(HOURS.row, hours.order_by("office__code", "season_from", "weekdays", "opens"))]


def _samples():
    hall = [f"{EXAMPLE}hall-1", "示例政务服务中心", KINDS[2], "640299000000", "示例路1号", "一楼3号窗口", "", "", "", "是", "是", "样子，填自己的以前先删掉。", MARKS[2], "", ""]
    station = [f"{EXAMPLE}station-1", "示例社区便民服务站", KINDS[0], "示例社区", "", "", "", "", "", "", "是", "", MARKS[2], "", ""]
    slots = [[f"{EXAMPLE}hall-1", "01-01", "12-31", "12345", opens, closes] for opens, closes in (("09:00", "12:00"), ("13:30", "17:00"))]
    return [[hall, station], slots]


OFFICES = register(Kind(
    name="offices", title="办理地点", unit="个办理地点", model="guides.Office", only=works_somewhere, wrote=ContentStamp.advance, sheets=(SHAPE, HOURS), read=_read,
    apply=lambda rows, task, report: apply_rows(TABLE, rows, task, report), export=_export, samples=_samples,
    hints=("“开放时间”表里写了哪个地点，哪个地点的时间就照那几行换掉；一行没写的，原来的时间不动。", "改了内容的地点，要请审核重新核实。"),
))  # fmt: skip
