"""投诉建议: a resident complains about a helper, who sees nothing; 周主任 calls and closes. A bad rating brings a call from above."""

import re

import pytest
from playwright.sync_api import expect

from helpdesk import actions
from helpdesk.models import CloseReason
from tests.factories import SHUIYUN, make_area, make_request
from tests.journeys.scene import TABLET_SIZE, sign_in
from tests.people import xiaozhao, zhuguan, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
WORDS = "打了三次电话没人接，去了也没人。"


def desk_of(user, person, site, **how):
    page = person(size=TABLET_SIZE, **how)
    sign_in(page.context, user, site)
    page.goto("/desk/")
    return page


def call_and_close(page, title: str, said: str, phone: str) -> None:
    """周主任 takes the first of the list, calls, and writes down what was put right."""
    first = page.locator("section", has=page.get_by_role("heading", name="投诉和回访，先打电话"))
    first.get_by_role("link", name=title).click()
    page.get_by_role("button", name="我来办，领取").click()
    page.get_by_role("button", name="看完整电话").click()
    expect(page.get_by_role("link", name=f"打电话 {phone}")).to_be_visible()
    page.get_by_label("讲清楚了").check()
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.locator("#close")).to_contain_text("要写一句问清了什么")
    page.get_by_label("跟居民说的话").fill(said)
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("办结了")


def nothing_for(page, *words: str) -> None:
    for address in ("/desk/", "/desk/?show=closed"):
        page.goto(address)
        for word in words:
            expect(page.locator("body")).not_to_contain_text(word)


def test_a_complaint_about_a_helper_goes_past_them(town, person, live_server):
    people = zhuli(), xiaozhao(), zhuguan()
    about = make_request(make_area(SHUIYUN), name="李嫂", phone="13909526666", claimed_by=people[0])
    resident = person()
    resident.goto(f"/D/{town[0].code}")
    resident.get_by_role("link", name="投诉建议").click()
    resident.get_by_role("button", name="提交").click()
    expect(resident.get_by_role("alert")).to_contain_text("写几句")
    resident.get_by_label("帮办员", exact=True).check()
    resident.get_by_label("怎么回事").fill(WORDS)
    resident.get_by_label("您的电话").fill("139 0952 6666")
    resident.get_by_label("我看了，同意").check()
    resident.get_by_label("说的是哪件诉求").fill(about.spoken_reference)
    resident.get_by_role("button", name="提交").click()
    resident.wait_for_url(re.compile(r"/help/\d{9}/"))
    reference = re.search(r"/help/(\d{9})/", resident.url).group(1)
    expect(resident.locator("main")).to_contain_text("已经交给园艺镇的主管")
    expect(resident.locator("main")).to_contain_text("最晚")

    helper = desk_of(people[0], person, live_server.url, may_get=(404,))
    spoken = resident.locator(".number-big").inner_text()
    nothing_for(helper, spoken, WORDS, "投诉")
    helper.goto(f"/desk/{about.reference}/")
    expect(helper.locator("body")).not_to_contain_text(spoken)
    helper.goto("/desk/")
    helper.get_by_label("按编号找").fill(reference)
    helper.get_by_role("button", name="找", exact=True).click()
    expect(helper.locator("h1")).to_have_text("找不到这个诉求")

    call_and_close(desk_of(people[2], person, live_server.url), "投诉建议", "跟您道歉了，以后电话有人接。", "13909526666")
    nothing_for(helper, spoken, WORDS)
    resident.goto(f"/help/{reference}/")
    expect(resident.locator("main")).to_contain_text("以后电话有人接")


def test_a_bad_rating_brings_a_call_from_above(town, person, live_server):
    people = zhuli(), xiaozhao(), zhuguan()
    stored = make_request(make_area(SHUIYUN), claimed_by=people[0])
    actions.close(request=stored, by=people[0], reason=CloseReason.DONE, text="办好了")
    resident = person()
    resident.goto(f"/help/{stored.reference}/")
    resident.get_by_label("留的电话的后四位").fill("8000")
    resident.get_by_role("button", name="查看").click()
    expect(resident.get_by_role("radio", checked=True)).to_have_count(0)
    resident.get_by_label("不满意", exact=True).check()
    resident.get_by_label("想说的话").fill("让我跑了三趟。")
    resident.get_by_role("button", name="提交评价").click()
    expect(resident.locator("main")).to_contain_text("园艺镇的主管最晚")
    expect(resident.get_by_role("button", name="不用打")).to_be_visible()

    helper = desk_of(people[0], person, live_server.url)
    nothing_for(helper, "不满意", "让我跑了三趟", "回访")
    helper.goto(f"/desk/{stored.reference}/")
    for word in ("不满意", "让我跑了三趟", "评价"):
        expect(helper.locator("body")).not_to_contain_text(word)

    boss = desk_of(people[2], person, live_server.url)
    expect(boss.locator("main")).to_contain_text("不满意回访")
    call_and_close(boss, "不满意回访", "材料我们替您补齐了。", "13800138000")
    resident.reload()
    expect(resident.locator("main")).to_contain_text("材料我们替您补齐了")
