"""楼栋 in and out of Excel, a hundred thousand of them too."""

import re
from collections.abc import Iterator

from django.core.exceptions import ValidationError

from doorplates.models import Building
from guides.area_names import FOREIGN, AreaNames
from guides.districts import within, works_somewhere
from guides.models import ContentStamp, Level
from menpai.cells import number_text, say_words, text, words, yes_no
from menpai.exchange import Column, Report, SheetShape, Table, Task, register, table_kind
from menpai.spreadsheets import LARGE

MOST = 200_000
HOUSEHOLD = re.compile(r"\d{1,2}-\d{1,2}-\d{3,4}|\d{3,4}室|户$")


def _community(found: str, names: AreaNames) -> str:
    if not found:
        raise ValidationError("写村（社区）的12位代码，或者名字，例如 水韵名都社区。")
    area = names.find(found, or_all="")
    if area is None or area.level != Level.COMMUNITY:
        raise ValidationError("这不是村（社区）。写村（社区）的12位代码，或者名字。")
    if names.is_foreign(area.pk):
        raise ValidationError(FOREIGN)
    return area.pk


_words = words(20, each="每个入口不超过20个字，中间用顿号，例如 1单元、2单元。")


def _entrances(found: str, context) -> list[str]:
    entrances = _words(found, context)
    if wrong := next((entrance for entrance in entrances if HOUSEHOLD.search(entrance)), ""):
        raise ValidationError(f"“{wrong}”像是哪一户。只写到单元，不写门户号。")
    return entrances


SHAPE = SheetShape("楼栋", (
    Column("村社区代码", "community_id", 16, _community, needed=True, say=lambda text, names: names.say(text), note="12位代码，或者名字，例如 水韵名都社区。"),
    Column("村社区", "community_name", 18, text(60), lambda row: row.community.short_name, compared=False, note="只是给人看的，导入时不用它。"),
    Column("小区自然村", "estate", 20, text(40), note="没有就空着。"),
    Column("楼栋", "name", 16, text(40, needed="写哪一栋，例如 8号楼。"), needed=True, note="例如 8号楼、村委会。村（社区）、小区、楼栋三样一起认出一栋楼，改名就是新的一栋。"),
    Column("入口", "entrances", 30, _entrances, lambda row: say_words(row.entrances), note="中间用顿号，例如 1单元、2单元；只有一个入口就空着。单元是最细的一级，不写门户号。"),
    Column("标准地址编码", "standard_address_code", 26, number_text(40), note="没有就空着。把这一列设成“文本”，开头的0才不会丢。"),
    Column("示例", "is_sample", 8, yes_no(empty=False), lambda row: "是" if row.is_sample else "", choices=("是",), note="真的楼栋空着；写“是”的，页面和打印件上会标明。"),
))  # fmt: skip
FIELDS = ["entrances", "standard_address_code", "is_sample"]


def _find(keys: list[tuple], task: Task) -> dict[tuple, Building]:
    communities, estates, names = map(set, zip(*keys, strict=True))
    rows = Building.objects.filter(community__in=communities, estate__in=estates, name__in=names)
    return {(row.community_id, row.estate, row.name): row for row in rows}


def _check(building: Building, before: dict, names: AreaNames) -> Iterator[tuple[str, str]]:
    return iter(())  # all there is to say was said of the cells


def _save(new: list[Building], changed: list[Building], task: Task, report: Report) -> None:
    Building.objects.bulk_create(new)
    Building.objects.bulk_update(changed, FIELDS)


TABLE = Table(
    shape=SHAPE, key=lambda values: (values["community_id"], values["estate"], values["name"]), find=_find, make=lambda values: Building(),
    check=_check, save=_save, context=lambda task: AreaNames(task.by), takes_examples=True,
)  # fmt: skip


def buildings_of(user):
    return within(Building.objects.select_related("community").order_by("community_id", "estate", "id"), user, "community__code").iterator(chunk_size=2000)


BUILDINGS = register(table_kind(
    TABLE, name="buildings", title="楼栋", unit="栋楼", model="doorplates.Building", only=works_somewhere, wrote=ContentStamp.advance, most=MOST, bounds=LARGE, in_background=True, export=buildings_of,
    samples=lambda: [
        ["640299102001", "示例社区", "示例小区", "8号楼", "1单元、2单元、3单元", "", "是"],
        ["640299102001", "示例社区", "示例小区", "物业办公室", "", "", "是"],
    ],
    hints=("超过2,000行的在后台做：先检查，再请您确认，做到第几行随时看得到。", "删楼栋、改楼栋的名字在列表里做，表里做不了。"),
))  # fmt: skip
