"""A daughter in another city asks for her mother: the mother is asked first, knows who will come, and can stop it; and 代办 under a signed paper."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from helpdesk import actions
from helpdesk.models import HelpRequest, Mandate, Visit
from menpai.templatetags.pages import clock
from tests.factories import make_request, workday_at
from tests.journeys.scene import TABLET_SIZE, last_four, sign_in
from tests.people import xiaozhao, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def asks_for_mother(page, plate) -> str:
    """From the short form's one line; a mistyped plate first. Returns the reference."""
    page.goto("/help/new/?guide=minzheng-005")
    expect(page.get_by_label("我是替家里人问的")).to_be_visible()
    page.get_by_role("link", name="家里人住在别处？按他（她）的门牌问").click()
    page.get_by_label("怎么称呼他（她）").fill("王阿姨")
    page.get_by_label("他（她）家的门牌编号").fill("7K3M9Q2A")
    page.get_by_label("他（她）的电话").fill("13952520002")
    page.get_by_label("怎么称呼您").fill("小王")
    page.get_by_label("您自己的电话").fill("13800138000")
    page.get_by_label("您是他（她）的什么人").fill("女儿")
    page.get_by_label("还想说什么").fill("我妈腿不好，下不了楼。")
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_contain_text("没有这个门牌编号")
    expect(page.get_by_label("怎么称呼他（她）")).to_have_value("王阿姨")
    page.get_by_label("他（她）家的门牌编号").fill(plate.spoken_code)
    page.get_by_role("button", name="提交").click()
    page.wait_for_url(re.compile(r"/help/\d{9}/"))
    expect(page.locator("main")).to_contain_text("已经交给水韵名都社区的帮办员")
    expect(page.locator("main")).to_contain_text("这是您替王阿姨问的")
    return re.search(r"/help/(\d{9})/", page.url).group(1)


def asks_her_and_agrees(desk, reference: str, at) -> None:
    """朱丽 is told to ask first, phones, records the yes and agrees to come."""
    desk.goto(f"/desk/{reference}/")
    expect(desk.locator("main")).to_contain_text("先问当事人：同不同意")
    desk.get_by_role("button", name="我来办，领取").click()
    visit = desk.locator("details#visit")
    visit.locator("summary").click()
    desk.get_by_label("约在什么时候").fill(f"{at:%Y-%m-%dT%H:%M}")
    visit.get_by_label("上门", exact=True).check()
    desk.get_by_role("button", name="就约这个时间").click()
    expect(visit).to_contain_text("还没问过当事人同不同意")
    expect(desk.get_by_label("约在什么时候")).to_have_value(f"{at:%Y-%m-%dT%H:%M}")
    desk.get_by_role("button", name="看当事人的电话").click()
    expect(desk.get_by_role("link", name="给当事人打电话 13952520002")).to_have_attribute("href", "tel:13952520002")
    desk.get_by_label("同意办").check()
    desk.get_by_label("电话里亲口说的").check()
    desk.get_by_role("button", name="记下他（她）的话").click()
    expect(desk.locator("main")).to_contain_text("✓ 当事人同意了")
    desk.locator("details#visit summary").click()
    desk.get_by_label("约在什么时候").fill(f"{at:%Y-%m-%dT%H:%M}")
    desk.get_by_role("button", name="就约这个时间").click()
    expect(desk.get_by_role("status")).to_contain_text("时间约好了")


def test_the_daughter_asks_and_the_mother_has_the_last_word(town, person, live_server):
    zhuli()
    daughter = person()
    reference = asks_for_mother(daughter, town[0])
    desk = person(size=TABLET_SIZE)
    sign_in(desk.context, zhuli(), live_server.url)
    at = workday_at(10)
    asks_her_and_agrees(desk, reference, at)
    code = " ".join(Visit.objects.get().code)

    mother = person()
    mother.goto(f"/elder/help/{reference}/")
    last_four("0002")(mother)
    expect(mother.locator(".say-first")).to_have_text(code)
    expect(mother.locator("main")).to_contain_text("来的人要先说出这四个数字")
    said = "，".join("零幺二三四五六七八九"[int(digit)] for digit in code.split())
    assert said in mother.evaluate("menpaiSpeech.read().join('')")  # aloud, digit by digit
    expect(mother.locator("main")).to_contain_text(clock(at))
    expect(mother.locator("main")).to_contain_text("您的女儿 小王替您问的")
    assert "8000" not in mother.locator("main").inner_text().replace(reference, "")
    mother.get_by_role("link", name="叫停，不办了").click()
    mother.get_by_role("button", name="叫停这件事").click()
    expect(mother.locator("main")).to_contain_text("您叫停了")

    daughter.goto(f"/help/{reference}/")
    expect(daughter.locator("main")).to_contain_text("王阿姨自己叫停了")
    expect(daughter.get_by_role("button", name="接着办")).to_have_count(0)
    desk.goto(f"/desk/{reference}/")
    expect(desk.locator("main")).to_contain_text("当事人叫停了")
    expect(desk.get_by_role("button", name="办结")).to_have_count(0)
    stored = HelpRequest.objects.get()
    assert (stored.state, stored.owner, stored.visit_at, stored.principal.consent) == ("cancelled", None, None, "withdrawn")


def test_the_helper_and_no_colleague_has_the_code(town, person, live_server):
    asked = make_request(town[0].building.community, claimed_by=zhuli(), doorplate=town[0])
    desk, colleague = person(size=TABLET_SIZE), person(size=TABLET_SIZE)
    sign_in(desk.context, zhuli(), live_server.url)
    sign_in(colleague.context, xiaozhao(), live_server.url)
    soon = timezone.localtime() + timedelta(minutes=45)
    actions.agree_visit(request=asked, by=zhuli(), at=soon)
    code = " ".join(Visit.objects.get().code)
    desk.goto(f"/desk/visits/?day={soon:%Y-%m-%d}")
    expect(desk.locator(".code-digits")).to_have_text(code)
    expect(desk.locator("main")).to_contain_text(town[0].place)
    colleague.goto(f"/desk/{asked.reference}/")
    expect(colleague.locator("main")).to_contain_text("四个数字只给去的人看")
    expect(colleague.locator("main")).not_to_contain_text(code)


def test_agency_under_a_signed_paper_that_is_taken_back(town, person, live_server):
    asked = make_request(town[0].building.community, claimed_by=zhuli(), kind="agent", name="王阿姨", phone="13800138000")
    desk = person(size=TABLET_SIZE)
    sign_in(desk.context, zhuli(), live_server.url)
    desk.goto(f"/desk/{asked.reference}/")
    desk.get_by_label("办好了").check()
    desk.get_by_role("button", name="办结", exact=True).click()
    expect(desk.locator("#close")).to_contain_text("代办要有管用的委托书")
    desk.locator("details#mandate summary").click()
    desk.get_by_label("委托人全名").fill("王秀英")
    desk.get_by_label("委托办什么").fill("到窗口交高龄补贴的材料")
    desk.get_by_role("button", name="写好，去打印").click()
    desk.get_by_role("link", name="看委托书，打印").click()
    expect(desk.locator(".paper").first).to_contain_text("王秀英")
    expect(desk.locator(".paper")).to_have_count(2)
    desk.get_by_role("link", name="‹ 诉求").click()
    desk.get_by_role("button", name="登记：签过了").click()
    expect(desk.locator("main")).to_contain_text("✓ 管用，还剩 31 天")

    resident = person()
    resident.goto(f"/help/{asked.reference}/")
    last_four("8000")(resident)
    resident.locator("summary", has_text="收回委托书").click()
    resident.get_by_role("button", name="现在就收回").click()
    expect(resident.locator("main")).to_contain_text("收回委托")
    assert Mandate.objects.get().revoked_at is not None

    desk.reload()
    desk.get_by_label("办好了").check()
    desk.get_by_role("button", name="办结", exact=True).click()
    expect(desk.locator("#close")).to_contain_text("代办要有管用的委托书")
