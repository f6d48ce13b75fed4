"""The two helpers of a village open the same request; then it waits for the resident, goes on by their word, and when nobody calls, the supervisor sees it."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from helpdesk import actions
from helpdesk.models import HelpRequest
from helpdesk.sla import LONGEST_PAUSE
from tests.factories import make_request
from tests.journeys.scene import TABLET_SIZE, sign_in
from tests.people import xiaozhao, zhuguan, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def open_door(page, stored) -> None:
    page.goto(f"/help/{stored.reference}/")
    page.get_by_label("留的电话的后四位").fill(stored.phone[-4:])
    page.get_by_role("button", name="查看").click()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain html"])
def test_two_helpers_one_request_and_nothing_waits_in_silence(town, person, live_server, javascript):
    here = town[0].building.community
    staff = zhuli(), xiaozhao(), zhuguan()
    stored, other = make_request(here), make_request(here, name="李叔", phone="13909521111")
    first, second, above = (person(size=TABLET_SIZE, javascript=javascript) for _ in staff)
    for page, user in zip((first, second, above), staff, strict=True):
        sign_in(page.context, user, live_server.url)

    # Both have it open and both press; one wins, the other reads who has it and takes the next.
    for page in (first, second):
        page.goto(f"/desk/{stored.reference}/")
    first.get_by_role("button", name="我来办，领取").click()
    expect(first.get_by_role("status")).to_contain_text("您领取了")
    second.get_by_role("button", name="我来办，领取").click()
    expect(second.get_by_role("status")).to_contain_text("朱丽刚刚领取了，您不用再办，看看下一个吧。")
    second.get_by_role("button", name="领下一个").click()
    expect(second.get_by_role("heading", level=2, name="正在办：小赵")).to_be_visible()
    expect(second.locator("main")).to_contain_text(other.spoken_reference)

    # 朱丽 calls; the resident has to look for the household book first.
    first.get_by_role("button", name="电话里说上话了").click()
    expect(first.get_by_role("status")).to_contain_text("记下了")
    first.locator("summary", has_text="停一停，等居民").click()
    first.get_by_label("等居民备材料").check()
    first.get_by_label("最晚哪天接着办").fill(f"{timezone.localdate() + LONGEST_PAUSE:%Y-%m-%d}")
    first.get_by_role("button", name="停下").click()
    expect(first.get_by_role("heading", name="停着：等居民备材料")).to_be_visible()

    # The resident sees what is waited for, and a word of theirs is enough.
    resident = person(javascript=javascript)
    open_door(resident, stored)
    expect(resident.locator("main")).to_contain_text("先停一停：等您备材料。")
    resident.get_by_label("给帮办员留言").fill("户口簿找着了。")
    resident.get_by_role("button", name="发送").click()
    expect(resident.locator("main")).to_contain_text("接着办：居民回话了")
    expect(resident.locator("main")).to_contain_text("前给您回话")
    first.goto("/desk/")
    expect(first.locator(".card", has_text=stored.spoken_reference)).to_contain_text("居民有留言")
    expect(first.locator(".card", has_text=stored.spoken_reference)).not_to_contain_text("停着")

    # 小赵 never called: when the time is over, 周主任 sees it on top.
    HelpRequest.objects.filter(pk=other.pk).update(promised_at=timezone.now() - timezone.timedelta(minutes=10))
    assert actions.escalate(timezone.now()).raised == 1
    above.goto("/desk/")
    late = above.get_by_role("region", name="超了时间的")
    expect(late).to_contain_text(other.spoken_reference)
    expect(late).to_contain_text("报给主管了")
    expect(late).to_contain_text("小赵")
    expect(late).not_to_contain_text(stored.spoken_reference)
