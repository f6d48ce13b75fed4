"""The bureau at its desks: an editor changes a guide, the administrator prints a plate, and residents have it at once."""

from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import expect

from doorplates.models import Building, Doorplate
from guides.actions import verify
from guides.models import Guide
from tests.factories import SHUIYUN
from tests.journeys.scene import DESKTOP_SIZE, title_of
from tests.people import PASSWORD, bianji, can_sign_in, guanli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
OLD, NEW = "在窗口填表，签字或按手印。", "在窗口填一张表，按手印就行。"


def sign_in_at_the_admin(page, user) -> None:
    page.goto("/admin/")
    page.get_by_label("用户名").fill(user.username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def step_on_the_page(resident, text: str) -> str:
    """What somebody reads who has not looked before: a browser keeps a page for a minute."""
    resident.goto(f"/c/{SHUIYUN}/guides/minzheng-005/")
    return resident.locator("#how li", has_text=text).inner_text()


def test_an_editor_changes_a_verified_step_and_the_resident_reads_it_unverified(town, person):
    guide = Guide.objects.get(slug="minzheng-005")
    verify(rows=[guide.steps.get(text=OLD)], guide=guide, by="沈禾")
    assert "已核实" in step_on_the_page(person(), OLD)

    can_sign_in(bianji())
    editor = person(size=DESKTOP_SIZE)
    sign_in_at_the_admin(editor, bianji())
    editor.locator(".model-guide").get_by_role("link", name="办事指南", exact=True).click()
    editor.get_by_role("link", name=title_of("minzheng-005")).click()
    row = editor.locator("#steps-group .inline-related", has_text=OLD)
    row.locator("summary").click()
    row.locator("textarea").fill(NEW)
    editor.get_by_role("button", name="保存", exact=True).click()
    expect(editor.locator(".messagelist")).to_contain_text("成功")

    resident = person()
    shown = step_on_the_page(resident, NEW)
    assert "待核实" in shown
    assert "已核实" not in shown
    assert resident.locator("#how li", has_text=OLD).count() == 0


def test_the_bureau_prints_a_plate_and_its_symbol_leads_to_the_page(town, person, settings, live_server):
    settings.SITE_URL = live_server.url
    fields = {"community_id": SHUIYUN, "estate": "水韵名都", "name": "9号楼", "entrances": ["1单元", "2单元"]}
    building = Building.objects.create(**fields)
    can_sign_in(guanli())
    page = person(size=DESKTOP_SIZE)
    sign_in_at_the_admin(page, guanli())
    page.get_by_role("link", name="楼栋", exact=True).first.click()
    choose(page, building, "给选中的楼栋生成门牌")
    expect(page.locator(".messagelist")).to_contain_text("新发了 2 块门牌")
    choose(page, building, "打印门牌（PDF）")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载PDF").click()
    [sheet] = pypdfium2.PdfDocument(download.value.path())
    symbols = [symbol.text for symbol in zxingcpp.read_barcodes(sheet.render(scale=2).to_pil())]
    assert sorted(symbols) == sorted(f"{live_server.url}/D/{plate.code}".upper() for plate in Doorplate.objects.filter(building=building))

    resident = person()
    resident.goto(urlsplit(symbols[0]).path)
    expect(resident.get_by_role("heading", level=1)).to_contain_text("您扫的是 水韵名都社区")
    expect(resident.locator(".plate")).to_contain_text("水韵名都 9号楼")


def choose(page, row, action: str) -> None:
    page.locator(f"input[name=_selected_action][value='{row.pk}']").check()
    page.get_by_label("动作").select_option(label=action)
    page.get_by_role("button", name="执行").click()
