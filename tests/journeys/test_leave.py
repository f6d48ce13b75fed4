"""The leave day: two helpers a village, both away. The neighbour helps out; and where nobody is there at all, the resident is told."""

import re
from datetime import date, datetime

import pytest
import time_machine
from playwright.sync_api import expect

from helpdesk.models import Absence, HelpRequest, Notification
from helpdesk.sla import LOCAL
from tests import people
from tests.factories import make_request
from tests.journeys.scene import TABLET_SIZE, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
FRIDAY = date(2026, 11, 27)


@pytest.fixture(autouse=True)
def friday():
    with time_machine.travel(datetime(2026, 11, 27, 9, 30, tzinfo=LOCAL)) as clock:
        yield clock


def days_off(page, first: date, last: date) -> None:
    page.goto("/desk/roster/")
    page.get_by_label("从哪天").fill(first.isoformat())
    page.get_by_label("到哪天（含这天）").fill(last.isoformat())
    page.get_by_role("button", name="记下", exact=True).click()


def ask(page, plate) -> str:
    """王阿姨 leaves her number at her own door. Returns the reference."""
    page.goto(f"/D/{plate.code}")
    page.goto("/help/new/")
    page.get_by_label("怎么称呼您").fill("王阿姨")
    page.get_by_label("您的电话").fill("13800138000")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="提交").first.click()
    page.wait_for_url(re.compile(r"/help/\d{9}/"))
    return re.search(r"/help/(\d{9})/", page.url).group(1)


def test_both_are_off_and_the_neighbour_takes_it_and_keeps_it(town, person, live_server, friday):
    zhuli, xiaozhao, limei = people.zhuli(), people.xiaozhao(), people.limei()
    in_hand = make_request(town[0].building.community, claimed_by=zhuli, name="张大爷", phone="13909521111")
    going = person(size=TABLET_SIZE)
    sign_in(going.context, zhuli, live_server.url)
    days_off(going, FRIDAY, FRIDAY)
    expect(going.locator("main")).to_contain_text("您手上还有1件没办完")
    Absence.objects.create(user=xiaozhao, starts_on=FRIDAY, ends_on=FRIDAY, entered_by=xiaozhao)

    resident = person()
    reference = ask(resident, town[0])
    expect(resident.locator("main")).not_to_contain_text("没有帮办员当班")  # somebody is: the neighbour

    helper = person(size=TABLET_SIZE, may_get=(404,))
    sign_in(helper.context, limei, live_server.url)
    helper.goto("/desk/")
    card = helper.locator(".card", has_text=HelpRequest.objects.get(reference=reference).spoken_reference)
    expect(card).to_contain_text("水韵名都社区今天没人，请您帮一把")
    card.get_by_role("button", name="领取").click()
    expect(helper.get_by_role("status")).to_contain_text("您领取了")
    helper.goto("/desk/")
    helper.get_by_role("link", name="打开，接手").click()
    expect(helper.locator("main")).to_contain_text("朱丽请假")
    helper.get_by_role("button", name="接过来我办").click()
    expect(helper.get_by_role("status")).to_contain_text("接过来了")

    friday.move_to(datetime(2026, 11, 30, 9, 30, tzinfo=LOCAL))
    for page, user in ((helper, limei), (going, zhuli)):
        sign_in(page.context, user, live_server.url)
    helper.goto(f"/desk/{reference}/")
    expect(helper.get_by_role("button", name="办结", exact=True)).to_be_visible()
    unseen = make_request(town[0].building.community)
    assert helper.goto(f"/desk/{unseen.reference}/").status == 404  # 朱丽 is back: it is hers again
    going.goto(f"/desk/{in_hand.reference}/")
    expect(going.locator("main")).to_contain_text("朱丽不在，李梅接过来办。")
    assert {r.owner for r in HelpRequest.objects.exclude(pk=unseen.pk)} == {limei}


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain html"])
def test_with_nobody_anywhere_the_supervisor_knows_and_the_resident_is_told(town, person, live_server, javascript):
    zhuli, boss = people.zhuli(), people.zhuguan()
    away = person(size=TABLET_SIZE, javascript=javascript)
    sign_in(away.context, boss, live_server.url)
    away.goto("/desk/roster/")
    away.get_by_label("谁", exact=True).select_option(label="朱丽")
    away.get_by_label("从哪天").fill("2026-11-27")
    away.get_by_label("到哪天（含这天）").fill("2026-11-30")
    away.get_by_role("button", name="记下", exact=True).click()
    expect(away.get_by_role("status")).to_contain_text("朱丽这几天不排班")

    resident = person(javascript=javascript)
    reference = ask(resident, town[0])
    expect(resident.locator("main")).to_contain_text("这会儿没有帮办员当班。已经告诉主管了")
    expect(resident.locator(".caution").get_by_role("link", name="12345")).to_have_attribute("href", "tel:12345")
    stored = HelpRequest.objects.get(reference=reference)
    assert list(stored.events.values_list("kind", flat=True)) == ["submitted", "alarmed"]
    assert Notification.objects.get(request=stored, kind="nobody").to_user == boss

    away.goto("/desk/overview/")
    expect(away.locator("section", has_text="各村（社区）谁在").locator("tr", has_text="水韵名都社区")).to_contain_text("没人")
    away.get_by_role("link", name="要办的").click()
    away.get_by_role("button", name=f"领取 {stored.spoken_reference}").click()
    expect(away.get_by_role("status")).to_contain_text("您领取了")
    resident.reload()
    expect(resident.locator("main")).not_to_contain_text("没有帮办员当班")
    assert zhuli.absences.get().entered_by == boss
