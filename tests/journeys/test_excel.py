"""An editor who lives in Excel: takes the offices out, changes them with three slips, is told where, mends them, and they are in."""

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from guides.models import Office
from tests.factories import SHUIYUN
from tests.journeys.scene import DESKTOP_SIZE
from tests.journeys.test_bureau import sign_in_at_the_admin
from tests.people import bianji, can_sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
STATION = f"station-{SHUIYUN}"


def cell(sheet, code: str, column: str):
    """The cell of the first row with this 代号."""
    place = next(head.column for head in sheet[1] if head.value == column)
    return next(row[place - 1] for row in sheet.iter_rows(min_row=2) if row[0].value == code)


def try_file(page, path) -> None:
    page.get_by_label("Excel 文件").set_input_files(path)
    page.get_by_role("button", name="先试一遍").click()


def test_three_slips_are_told_mended_and_the_offices_are_in(town, person, tmp_path):
    can_sign_in(bianji())
    editor = person(size=DESKTOP_SIZE)
    sign_in_at_the_admin(editor, bianji())
    editor.locator(".model-office").get_by_role("link", name="办理地点", exact=True).click()
    editor.get_by_role("link", name="导入和导出").click()
    with editor.expect_download() as download:
        editor.get_by_role("link", name="全部办理地点（Excel）").click()
    file = tmp_path / "办理地点.xlsx"
    download.value.save_as(file)

    book = load_workbook(file)
    offices, hours = book["办理地点"], book["开放时间"]
    phone, ramp, opens = cell(offices, STATION, "电话"), cell(offices, STATION, "轮椅能进"), cell(hours, STATION, "开门")
    phone.value, ramp.value, opens.value = "0952-3311112", "大概能", "早上"
    before, offices["D2"].value = offices["D2"].value, "火星社区"
    book.save(file)
    try_file(editor, file)
    report = editor.locator(".report")
    expect(report).to_contain_text("还不能导入，有3处要改")
    for place, column in ((f"第{ramp.row}行", "轮椅能进"), (f"“开放时间”表第{opens.row}行", "开门")):
        expect(report.get_by_role("row").filter(has_text=place).filter(has_text=column)).to_have_count(1)
    expect(report.get_by_role("row").filter(has_text="没有“火星社区”")).to_have_count(1)
    assert Office.objects.get(code=STATION).phone == ""

    ramp.value, opens.value, offices["D2"].value = "是", "8:00", before
    book.save(file)
    try_file(editor, file)
    expect(report).to_contain_text("试了一遍，没有写入")
    expect(report.get_by_role("row").filter(has_text="0952-3311112")).to_contain_text("更新")
    assert Office.objects.get(code=STATION).phone == ""
    editor.get_by_role("button", name="确认导入").click()
    expect(editor.locator(".messagelist")).to_contain_text("已导入：新增0个办理地点，更新1")
    office = Office.objects.get(code=STATION)
    assert (office.phone, office.step_free, str(office.hours.first())[:5]) == ("0952-3311112", True, "08:00")
