"""From the plate on the wall to the answer: a resident asks, an assistant of that very village helps, the resident has the last word."""

import re

import pytest
from playwright.sync_api import expect

from doorplates.models import Scan
from helpdesk.models import HelpRequest
from menpai.templatetags.pages import clock
from tests.factories import make_request, workday_at
from tests.journeys.scene import TABLET_SIZE, sign_in, title_of
from tests.people import PASSWORD, can_sign_in, xiaozhao, zhuli, zhuli2

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def ask_from_the_plate(page, plate) -> str:
    """王阿姨's daughter scans, reads, picks her case and asks, with one wrong number first. Returns the reference."""
    page.goto(f"/D/{plate.code}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("您扫的是 水韵名都社区")
    page.get_by_role("link", name=title_of("minzheng-005")).click()
    page.get_by_role("link", name="家里人代办", exact=True).click()
    expect(page.locator("#bring")).to_contain_text("代办人的居民身份证")
    page.get_by_role("link", name="帮我办", exact=True).click()
    expect(page.locator("main")).to_contain_text("水韵名都 8号楼 1单元")
    page.get_by_label("怎么称呼您").fill("王阿姨")
    page.get_by_label("您的电话").fill("1380013")
    page.get_by_role("button", name="提交").first.click()
    expect(page.get_by_role("alert")).to_contain_text("手机是11位数字")
    expect(page.get_by_role("alert")).to_contain_text("要您同意")
    expect(page.get_by_label("怎么称呼您")).to_have_value("王阿姨")
    page.get_by_label("您的电话").fill("138 0013 8000")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="提交").first.click()
    page.wait_for_url(re.compile(r"/help/\d{9}/"))
    expect(page.locator("main")).to_contain_text("已经交给水韵名都社区的帮办员")
    expect(page.locator("main")).to_contain_text("最晚")
    return re.search(r"/help/(\d{9})/", page.url).group(1)


def sign_in_at_the_desk(page, user) -> None:
    page.goto("/desk/")
    page.get_by_label("账号").fill(user.username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def work_on(page, reference: str) -> None:
    """朱丽 claims, calls, writes, agrees on a time, checks the papers and closes."""
    page.get_by_role("link", name=title_of("minzheng-005")).click()
    claim = page.get_by_role("button", name="我来办，领取")
    claim.wait_for()
    assert "13800138000" not in page.content()
    claim.click()
    page.get_by_role("button", name="看完整电话").click()
    expect(page.get_by_role("link", name="打电话 13800138000")).to_have_attribute("href", "tel:13800138000")
    page.get_by_label("给居民留言").fill("您好，社保卡也要带上。")
    page.get_by_role("button", name="发给居民").click()
    at = workday_at(9)
    page.locator("summary", has_text="约时间").click()
    page.get_by_label("约在什么时候").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="就约这个时间").click()
    expect(page.locator("main")).to_contain_text(f"约好了：{clock(at)}")
    papers = page.locator("#papers")
    card = papers.get_by_role("group", name="代办人的居民身份证")
    card.get_by_role("radio", name="合格", exact=True).check()
    card.get_by_label("看过原件了").check()
    page.get_by_role("button", name="把核对结果存下").click()
    expect(page.get_by_role("status")).to_contain_text("材料记下了")
    expect(card.get_by_role("radio", name="合格", exact=True)).to_be_checked()
    expect(card.get_by_label("看过原件了")).to_be_checked()
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.locator("#close")).to_contain_text("选一个结果")
    page.get_by_label("办好了").check()
    page.get_by_label("跟居民说的话").fill("材料交上去了，下个月起打到社保卡上。")
    page.get_by_role("button", name="办结", exact=True).click()
    page.wait_for_url(re.compile(r"/desk/(#close)?$"))
    expect(page.get_by_role("status")).to_contain_text("办结了")


def open_with_last_four(page, reference: str) -> None:
    page.goto(f"/help/{reference}/")
    page.get_by_label("留的电话的后四位").fill("8000")
    page.get_by_role("button", name="查看").click()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain html"])
def test_from_the_scan_to_the_last_word(town, person, javascript):
    can_sign_in(zhuli())
    reference = ask_from_the_plate(person(javascript=javascript), town[0])
    assert Scan.objects.filter(doorplate=town[0]).count() == 1

    desk = person(size=TABLET_SIZE, javascript=javascript)
    sign_in_at_the_desk(desk, zhuli())
    work_on(desk, reference)

    resident = person(javascript=javascript)
    open_with_last_four(resident, reference)
    for words in ("结果：办好了", "材料交上去了，下个月起打到社保卡上。", "您好，社保卡也要带上。"):
        expect(resident.locator("main")).to_contain_text(words)
    assert [radio.is_checked() for radio in resident.get_by_role("radio").all()] == [False] * 5
    resident.get_by_label("基本满意").check()
    resident.get_by_role("button", name="提交评价").click()
    expect(resident.locator("main")).to_contain_text("您评的是：基本满意")

    resident.get_by_role("button", name="没办好，请再帮我办").click()
    expect(resident.locator("main")).to_contain_text("现在：等人接")
    desk.goto("/desk/")
    expect(desk.locator(".card", has_text=title_of("minzheng-005"))).to_contain_text("又打开的")
    stored = HelpRequest.objects.get(reference=reference)
    assert (stored.state, stored.reopened, stored.owner) == ("waiting", 1, None)


def test_of_two_who_claim_one_wins_and_the_other_is_told_kindly(town, person, live_server):
    staff = zhuli(), xiaozhao()
    asked = make_request(town[0].building.community)
    first, second = person(size=TABLET_SIZE), person(size=TABLET_SIZE)
    for page, user in zip((first, second), staff, strict=True):
        sign_in(page.context, user, live_server.url)
        page.goto(f"/desk/{asked.reference}/")
    for page in (first, second):
        page.get_by_role("button", name="我来办，领取").click()
    expect(first.get_by_role("status")).to_contain_text("您领取了")
    expect(second.get_by_role("status")).to_contain_text("朱丽刚刚领取了，您不用再办，看看下一个吧。")
    assert HelpRequest.objects.get().owner == zhuli()


def test_another_village_never_sees_it(town, person, live_server):
    asked = make_request(town[0].building.community, claimed_by=zhuli())
    page = person(size=TABLET_SIZE, may_get=(404,))
    sign_in(page.context, zhuli2(), live_server.url)
    page.goto("/desk/")
    expect(page.locator("main")).to_contain_text("都办完了。")
    assert page.goto(f"/desk/{asked.reference}/").status == 404
    page.goto("/desk/")
    page.get_by_label("按编号找").fill(asked.spoken_reference)
    page.get_by_role("button", name="找", exact=True).click()
    expect(page.locator("main")).to_contain_text("找不到这个诉求")
    expect(page.locator("main")).not_to_contain_text("王")
