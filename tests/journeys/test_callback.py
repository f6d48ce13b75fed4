"""The elder's callback: a phone number and nothing else, a call, and the family reads the same."""

import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from helpdesk.models import HelpRequest
from tests.factories import SHUIYUN
from tests.journeys.scene import FIXTURES, TABLET_SIZE, sign_in, title_of
from tests.people import zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def ask_to_be_called(page) -> HelpRequest:
    """马奶奶 in the 长辈版 of her village leaves her number for one matter."""
    page.goto(f"/elder/help/callback/?guide=minzheng-005&area={SHUIYUN}")
    page.get_by_label("您的电话").fill("13909528888")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="请给我打电话").click()
    page.wait_for_url("**/elder/help/*/?new=1")
    return HelpRequest.objects.get()


def see_it_appear(desk) -> None:
    """The page that 朱丽 left open asks by itself; the clock of her browser runs, not ours."""
    expect(desk.locator("#live")).to_contain_text("都办完了。")
    with desk.expect_response(re.compile("/desk/live/")):
        desk.clock.fast_forward("00:25")
    expect(desk.get_by_role("heading", name="等人接")).to_be_visible()
    desk.clock.run_for(100)
    expect(desk.locator("#say")).to_have_text("有新的诉求")


def call_and_write_down(desk, stored: HelpRequest) -> None:
    desk.get_by_role("button", name=f"领取 {stored.spoken_reference}").click()
    desk.get_by_role("button", name="看完整电话").click()
    expect(desk.get_by_role("link", name="打电话 13909528888")).to_be_visible()
    desk.locator("summary", has_text="打过电话，说了什么").click()
    talk = desk.locator("#talk")
    talk.get_by_label("他说了什么").fill("问要带什么，腿不好，想让女儿去。")
    talk.locator("summary", has_text="用常用回复").click()
    talk.get_by_role("button", name="要带什么", exact=True).click()
    expect(talk.get_by_label("他说了什么")).to_have_value("问要带什么，腿不好，想让女儿去。")
    expect(talk.get_by_label("您说了什么")).to_have_value(re.compile("^您好，办“.*要带：.*居民身份证"))
    talk.get_by_role("button", name="记下", exact=True).click()
    expect(desk.get_by_role("status").first).to_contain_text("记下了")
    expect(desk.locator("#said")).to_contain_text("居民（电话里）")


def close(desk) -> None:
    desk.get_by_label("讲清楚了，居民自己去办").check()
    desk.get_by_label("跟居民说的话").fill("女儿带上两个人的身份证，到社区办。")
    desk.get_by_role("button", name="办结", exact=True).click()
    desk.wait_for_url(re.compile(r"/desk/(#close)?$"))
    expect(desk.locator("#live")).to_contain_text("都办完了。")


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain html"])
def test_from_a_phone_number_to_what_the_family_reads(town, person, live_server, javascript):
    call_command("load_reply_templates", FIXTURES / "reply_templates.yaml", verbosity=0)
    desk = person(size=TABLET_SIZE, javascript=javascript)
    sign_in(desk.context, zhuli(), live_server.url)
    if javascript:
        desk.clock.install()
    desk.goto("/desk/")
    stored = ask_to_be_called(person(javascript=False))
    if javascript:
        see_it_appear(desk)
    else:
        desk.reload()
    expect(desk.locator(".card")).to_contain_text(title_of("minzheng-005"))
    call_and_write_down(desk, stored)
    close(desk)

    child = person(javascript=javascript)
    child.goto(f"/help/{stored.reference}/")
    child.get_by_label("留的电话的后四位").fill("8888")
    child.get_by_role("button", name="查看").click()
    said = child.get_by_role("region", name="留言")
    expect(said).to_contain_text("您（电话里）")
    expect(said).to_contain_text("问要带什么，腿不好，想让女儿去。")
    expect(said).to_contain_text("帮办员（电话里）")
    expect(said).to_contain_text("居民身份证")
    expect(child.locator("main")).to_contain_text("女儿带上两个人的身份证，到社区办。")
    expect(child.locator("main")).not_to_contain_text("帮办员给您留了言")  # she was told by phone
