"""The bureau at its desks: the administrator prints a plate, and residents have it at once. What editors do is in test_editing.py."""

from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import expect

from doorplates.models import Building, Doorplate
from tests.factories import SHUIYUN
from tests.journeys.scene import DESKTOP_SIZE
from tests.people import PASSWORD, can_sign_in, guanli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def sign_in_at_the_admin(page, user) -> None:
    page.goto("/admin/")
    page.get_by_label("用户名").fill(user.username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


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
