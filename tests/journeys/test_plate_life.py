"""A plate's life: from the list of buildings to print, onto the wall, damaged, said so by a resident, replaced, and its successor on the wall."""

from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import expect

from doorplates.models import Building, Doorplate, Scan
from tests.factories import SHUIYUN
from tests.journeys.scene import DESKTOP_SIZE, sign_in
from tests.journeys.test_bureau import choose
from tests.people import guanli, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def symbols_of(path) -> list[str]:
    """Where the symbols on a printed sheet lead, each as the path on this site."""
    sheets = pypdfium2.PdfDocument(path)
    return [urlsplit(found.text).path for sheet in sheets for found in zxingcpp.read_barcodes(sheet.render(scale=2).to_pil())]


def printed(page, row) -> list[str]:
    choose(page, row, "打印门牌（PDF）")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载PDF").click()
    return symbols_of(download.value.path())


def mark(helper, symbol: str, what: str) -> None:
    """A helper scans what hangs there and says what they see."""
    helper.goto(symbol)
    helper.get_by_role("link", name="我是帮办员").click()
    helper.get_by_role("button", name=what, exact=True).click()
    expect(helper.get_by_role("status")).to_contain_text(f"记下了：水韵名都 9号楼 1单元，{what}")


@pytest.fixture
def bureau(town, person, settings, live_server):
    settings.SITE_URL = live_server.url
    page = person(size=DESKTOP_SIZE)
    sign_in(page.context, guanli(), live_server.url)
    return page


@pytest.fixture
def helper(town, person, live_server):
    page = person(may_get=(410,))
    sign_in(page.context, zhuli(), live_server.url)
    return page


def test_from_the_building_to_print_to_the_wall_to_its_successor(bureau, helper, person):
    building = Building.objects.create(community_id=SHUIYUN, estate="水韵名都", name="9号楼", entrances=["1单元"])

    # The coverage says which entrance has none; there its plate is made and printed.
    bureau.goto("/admin/")
    bureau.get_by_role("link", name="门牌覆盖").first.click()
    bureau.get_by_role("link", name="1（去生成）").click()
    expect(bureau.locator("#result_list")).to_contain_text("1单元")
    choose(bureau, building, "给选中的楼栋生成门牌")
    bureau.goto("/admin/doorplates/building/")
    [symbol] = printed(bureau, building)

    # It is put up, and a resident scans it.
    mark(helper, symbol, "贴上了")
    resident = person(may_get=(410,))
    resident.goto(symbol)
    expect(resident.get_by_text("这块门牌是真的，正在用")).to_be_visible()

    # Rain. The resident says so with two taps, and the helper has it on the list.
    resident.get_by_role("link", name="这块门牌有问题？").click()
    resident.get_by_role("button", name="破了、扫不出来").click()
    expect(resident.locator("main")).to_contain_text("记下了，谢谢您")
    helper.get_by_role("link", name="要去看的门牌").click()
    card = helper.locator(".plate-card", has_text="9号楼 1单元")
    expect(card).to_contain_text("居民说：破了、扫不出来")
    card.get_by_role("link").click()
    helper.get_by_role("button", name="看过，好好的").click()  # a mis-tap
    helper.get_by_role("button", name="点错了，撤回").click()
    expect(helper.locator("main")).to_contain_text("居民说：破了、扫不出来")
    helper.get_by_role("button", name="破了、看不清").click()
    expect(helper.locator("main")).to_contain_text("区里在后台能看到这块要换")

    # The bureau finds it among what to visit, replaces it and prints the new one.
    bureau.goto("/admin/doorplates/doorplate/")
    bureau.get_by_role("link", name="看过，要换或者要补").click()
    old = Doorplate.objects.get(building=building)
    choose(bureau, old, "更换选中的门牌")
    bureau.get_by_label("原因").fill("雨水泡坏了")
    bureau.get_by_role("button", name="更换").click()
    bureau.get_by_role("link", name="选中新门牌，打印出来贴上").click()
    old.refresh_from_db()
    [successor] = printed(bureau, old.successor)
    assert successor == f"/D/{old.successor.code}"

    # The helper still scans the old one, is led to the new one, and puts it up.
    helper.goto(symbol)
    helper.get_by_role("link", name="我是帮办员").click()
    helper.get_by_role("link", name="记新门牌的情况").click()
    expect(helper.locator("main")).to_contain_text(f"这块接替 {old.spoken_code}")
    mark(helper, successor, "贴上了")
    helper.get_by_role("link", name="要去看的门牌").click()
    expect(helper.locator("main")).not_to_contain_text("9号楼")

    # Whoever kept a photo of the old one arrives too, and its number tells what became of it.
    resident.goto(symbol)
    resident.get_by_role("link", name="打开新门牌的页面").click()
    expect(resident.get_by_text("这块门牌是真的，正在用")).to_be_visible()
    resident.get_by_role("link", name="查门牌真假").click()
    resident.get_by_label("门牌编号").fill(old.spoken_code.lower())
    resident.get_by_role("button", name="查一查").click()
    expect(resident.locator(".verdict")).to_contain_text(f"换成了 {old.successor.spoken_code}")
    assert Scan.objects.count() == 2  # the resident's, one for each plate: neither staff nor the checking of a number
