"""Reading with a thumb, with a keyboard, in large type, on paper."""

from io import BytesIO
from itertools import pairwise

import pypdfium2
import pytest
from playwright.sync_api import expect

from helpdesk.models import HelpRequest
from tests.factories import SHUIYUN
from tests.journeys.scene import DESKTOP_SIZE, title_of
from tests.people import zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
QUESTIONS = ["谁能办", "要带什么", "去哪办", "怎么办", "多久、多少钱"]


def test_the_elder_version_from_the_plate_to_a_request_and_back(town, person):
    zhuli()  # somebody to ask
    page = person()
    page.goto(f"/D/{town[0].code}")
    page.get_by_role("link", name="长辈版").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("您扫的是 水韵名都社区")
    page.get_by_role("link", name=title_of("minzheng-005")).click()
    page.get_by_role("link", name=QUESTIONS[0]).click()
    for question, following in pairwise(QUESTIONS):
        expect(page.get_by_role("heading", level=2).first).to_have_text(question)
        page.get_by_role("link", name=f"下一页：{following}").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text(QUESTIONS[-1])
    expect(page.get_by_role("link", name="下一页")).to_have_count(0)
    page.get_by_role("link", name="请人给我打电话").click()
    page.get_by_role("link", name="想先说清楚是什么事").click()
    page.get_by_label("您的电话").fill("0952-3311111")
    page.get_by_role("link", name="下一步").click()
    page.get_by_label("怎么称呼您").fill("老李")
    page.get_by_role("link", name="下一步").click()
    page.get_by_role("link", name="下一步").click()
    page.get_by_label("我看了，同意").check()
    page.get_by_role("button", name="提交").click()
    page.wait_for_url("**/?new=1")
    asked = HelpRequest.objects.get()
    assert (asked.name, asked.guide.slug, asked.doorplate, asked.area_id) == ("老李", "minzheng-005", town[0], SHUIYUN)
    assert page.url.endswith(f"/elder/help/{asked.reference}/?new=1")
    page.get_by_role("link", name="普通版").click()
    expect(page.get_by_role("link", name="长辈版")).to_be_visible()
    assert page.url.endswith(f"/help/{asked.reference}/?new=1")
    assert "/elder/" not in page.url
    expect(page.locator("main")).to_contain_text(asked.spoken_reference)


def focused(page) -> dict:
    """What has the keyboard, and whether one can see it: a ring around it, on the screen."""
    return page.evaluate("""() => {
        const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
        const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        return {text: element.textContent.trim() || element.name, seen: ring && box.left >= 0 && box.top >= 0 && box.top < innerHeight};
    }""")


def tab_to(page, text: str) -> None:
    """Press Tab until the element is reached; fails when focus cannot be seen on the way, or it is never reached."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = focused(page)
        assert here["seen"], here
        if here["text"].startswith(text):
            return
    pytest.fail(f"{text} was not reached by Tab")


def test_everything_by_keyboard(town, person):
    page = person(size=DESKTOP_SIZE)
    page.goto("/")
    tab_to(page, "跳到正文")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    tab_to(page, "q")
    page.keyboard.type("身份证")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guides/?q=*")
    tab_to(page, title_of("huji-006"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/guides/huji-006/")
    tab_to(page, "丢了")
    tab_to(page, "帮我办")
    page.keyboard.press("Enter")
    page.wait_for_url("**/help/new/*")
    tab_to(page, "name")


def test_papers_are_ticked_without_javascript(town, person):
    page = person(javascript=False)
    page.goto(f"/c/{SHUIYUN}/guides/minzheng-005/")
    papers = page.locator("#bring").get_by_role("checkbox")
    papers.first.check()
    page.locator("#bring").get_by_text("老人的社会保障卡").click()  # the whole line is the target
    assert [box.is_checked() for box in papers.all()] == [True, True]


def test_a_guide_prints_as_a_notice_to_take_along(town, person):
    page = person(size=DESKTOP_SIZE)
    page.goto(f"/c/{SHUIYUN}/guides/minzheng-005/?who=agent&group=other")
    document = pypdfium2.PdfDocument(BytesIO(page.pdf(prefer_css_page_size=True, print_background=False)))
    sheets = [sheet.get_textpage().get_text_bounded() for sheet in document]
    text = "".join(sheets)
    assert 1 <= len(sheets) <= 3
    assert [round(side) for side in document[0].get_size()] == [595, 842]  # A4 in points
    assert "一次性告知单 · 水韵名都社区" in sheets[0]
    assert "家里人代办" in sheets[0]
    for words in ("必备证件", "代办人的居民身份证", "水韵名都社区便民服务站", "12345"):
        assert words in text
    for words in ("长辈版", "帮我办", "查我的诉求", "老人自己去"):  # header, bar, footer, the other case
        assert words not in text
