"""An editor's change on its way: written beside the published guide, reviewed by somebody else, read by residents, and taken back again."""

import pytest
from playwright.sync_api import expect

from guides.actions import verify
from guides.models import Guide
from tests.factories import SHUIYUN
from tests.journeys.scene import DESKTOP_SIZE, title_of
from tests.journeys.test_bureau import sign_in_at_the_admin
from tests.people import bianji, can_sign_in, shenhe

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SLUG, OLD, NEW = "minzheng-005", "在窗口填表，签字或按手印。", "在窗口填一张表，按手印就行。"


def how_to(resident) -> str:
    """What somebody reads who has not looked before: a browser keeps a page for a minute."""
    resident.goto(f"/c/{SHUIYUN}/guides/{SLUG}/")
    return resident.locator("#how").inner_text()


def open_guide(page) -> None:
    page.goto("/admin/")
    page.locator(".model-guide").get_by_role("link", name="办事指南", exact=True).click()
    page.get_by_role("link", name=title_of(SLUG), exact=True).click()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def says(page, text: str) -> None:
    expect(page.locator(".messagelist")).to_contain_text(text)


def write_the_step(editor) -> None:
    """边吉 changes one step of the next version and submits it."""
    row = editor.locator("#steps-group .inline-related", has_text=OLD)
    row.locator("summary").click()
    row.locator("textarea").fill(NEW)
    press(editor, "保存")
    editor.get_by_role("link", name="和现在的比").click()
    expect(editor.locator(".changes")).to_contain_text(NEW)
    editor.get_by_role("link", name="回到这一版").click()
    press(editor, "保存，提交审核")
    says(editor, "提交了，等别人审")


def test_from_draft_to_the_residents_page_and_back(town, person):
    guide = Guide.objects.get(slug=SLUG)
    verify(rows=[guide.steps.get(text=OLD)], guide=guide, by="沈禾")
    for user in (bianji(), shenhe()):
        can_sign_in(user)
    editor, reviewer = person(size=DESKTOP_SIZE), person(size=DESKTOP_SIZE)
    sign_in_at_the_admin(editor, bianji())
    open_guide(editor)
    press(editor, "改这一份")
    write_the_step(editor)
    expect(editor.get_by_role("button", name="发布", exact=True)).to_be_disabled()
    assert OLD in how_to(person())

    sign_in_at_the_admin(reviewer, shenhe())
    reviewer.goto("/admin/guides/guide/?work=review")
    reviewer.locator(".field-being_written a").click()
    expect(reviewer.locator(".changes")).to_contain_text(NEW)
    reviewer.get_by_label("哪里要改").fill("按手印以后还要签字吗？")
    press(reviewer, "退回")
    says(reviewer, "退回去了")
    editor.reload()
    expect(editor.locator(".warning-line")).to_contain_text("按手印以后还要签字吗？")
    press(editor, "保存，提交审核")
    reviewer.reload()
    press(reviewer, "发布")
    says(reviewer, "居民现在就能看到")

    shown = how_to(person())
    assert NEW in shown
    assert OLD not in shown
    resident = person()
    resident.goto(f"/c/{SHUIYUN}/guides/{SLUG}/")
    assert "待核实" in resident.locator("#how li", has_text=NEW).inner_text()

    roll_back_and_withdraw(editor, reviewer, person)


def roll_back_and_withdraw(editor, reviewer, person) -> None:
    open_guide(editor)
    editor.get_by_role("link", name="历史版本").click()
    expect(editor.locator(".version").first).to_contain_text("边吉写，沈禾审")
    press(editor, "退回到第2版")
    press(editor, "保存，提交审核")
    reviewer.goto(editor.url)
    press(reviewer, "发布")
    assert OLD in how_to(person())
    press(reviewer, "撤下，居民不再看到")
    says(reviewer, "已撤下")
    gone = person(may_get=(410,))
    gone.goto(f"/guides/{SLUG}/")
    expect(gone.get_by_role("heading", level=1)).to_contain_text("撤下了")
