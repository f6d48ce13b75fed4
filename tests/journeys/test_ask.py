"""Asking and asking on, without a script."""

import pytest
from playwright.sync_api import expect

from tests.factories import SHUIYUN
from tests.journeys.scene import title_of

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_a_conversation_of_three_questions_and_on_to_the_guide(town, person, prefix):
    page = person(javascript=False)
    page.goto(f"{prefix}/c/{SHUIYUN}/")
    page.get_by_role("link", name="问一问").click()
    page.get_by_label("想问什么").fill("高龄补贴要带什么")
    page.get_by_role("button", name="问").click()
    expect(page.locator("main")).to_contain_text(f"{title_of('minzheng-005')}：要带什么")
    page.get_by_label("想问什么").fill("那周末开门不")
    page.get_by_role("button", name="问").click()
    expect(page.locator("main")).to_contain_text("水韵名都社区便民服务站")
    page.get_by_role("link", name="要多少钱").click()
    expect(page.locator("main")).to_contain_text(f"{title_of('minzheng-005')}：要多少钱")
    page.get_by_role("link", name="看完整的指南").click()
    assert f"{prefix}/c/{SHUIYUN}/guides/minzheng-005/" in page.url


def test_what_it_does_not_know_becomes_a_request_that_holds_the_question(town, person):
    page = person(javascript=False)
    page.goto("/ask/?q=修飞船")
    page.get_by_role("link", name="请人给我回电话").click()
    expect(page.get_by_label("还想说什么")).to_have_value("修飞船")
