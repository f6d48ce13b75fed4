"""退件原因回流: a window sends the same paper back five times; the guide tells the next person, and the editor sees how often."""

import re

import pytest
from playwright.sync_api import expect

from guides.models import Guide
from guides.reading import Reading
from tests.factories import SHUIYUN, make_area, make_request
from tests.journeys.scene import DESKTOP_SIZE, TABLET_SIZE, sign_in
from tests.people import bianji, xiaozhao, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
GUIDE, CASE = "minzheng-005", {"who": "agent"}


def send_back(page, reference: str, paper: str, reason: str) -> None:
    """朱丽 comes back from the window with a paper that was not taken."""
    page.goto(f"/desk/{reference}/")
    page.locator("summary", has_text="材料被窗口退了").click()
    page.locator("#sent_back").get_by_label(paper, exact=True).select_option(label=reason)
    page.get_by_role("button", name="记下，接着办").click()
    expect(page.get_by_role("status")).to_contain_text("记下了")
    expect(page.locator("main")).to_contain_text(f"{paper}：{reason}")


def test_a_paper_refused_five_times_is_told_to_the_next(town, person, live_server):
    guide = Guide.objects.whole().get(slug=GUIDE)
    reading = Reading(guide, CASE)
    paper = reading.materials[0][0].name
    zhuli(), xiaozhao()
    asked = [make_request(make_area(SHUIYUN), guide=guide, case=reading.query, papers=reading.checklist(), claimed_by=zhuli()) for _ in range(5)]
    desk = person(size=TABLET_SIZE)
    sign_in(desk.context, zhuli(), live_server.url)

    for stored in asked[:4]:
        send_back(desk, stored.reference, paper, "少复印件")
    reader = person()
    reader.goto(f"/c/{SHUIYUN}/guides/{GUIDE}/?who=agent")
    expect(reader.locator("#bring")).not_to_contain_text("最常被退的")

    send_back(desk, asked[4].reference, paper, "少复印件")
    expect(desk.get_by_role("button", name="办结", exact=True)).to_be_visible()  # the request is in hand still
    reader = person()  # the next one; the first's browser may keep the page for a minute
    reader.goto(f"/c/{SHUIYUN}/guides/{GUIDE}/?who=agent")
    expect(reader.locator("#bring")).to_contain_text("最常被退的")
    expect(reader.locator("#bring")).to_contain_text(f"{paper}：有人少带复印件")
    reader.goto(f"/elder/guides/{GUIDE}/?step=bring&who=agent")
    expect(reader.locator("main")).to_contain_text(f"{paper}：有人少带复印件")

    office = person(size=DESKTOP_SIZE)
    sign_in(office.context, bianji(), live_server.url)
    office.goto(f"/admin/guides/guide/{guide.pk}/change/")
    expect(office.locator("#materials-group")).to_contain_text("本月退了5次：少复印件")
    office.goto("/admin/guides/refusal/")
    expect(office.locator("#content tbody tr")).to_have_count(1)
    expect(office.locator("#content tbody tr")).to_contain_text(re.compile(f"5.*{GUIDE}.*{paper}.*少复印件", re.DOTALL))
