"""A desk page that stays open: it shows what others do, disturbs nobody, and can be worked by keyboard."""

import re

import pytest
from playwright.sync_api import expect

from guides.models import Area
from helpdesk import actions
from helpdesk.models import StaffSession
from tests.factories import SHUIYUN, make_request
from tests.journeys.scene import DESKTOP_SIZE, TABLET_SIZE, load_places, sign_in
from tests.people import xiaozhao, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

# Instead of waiting twenty seconds: whatever would ask now and then, asks now. The page decides whether it does.
ASK = "() => { Date.now = (real => () => real() + 60000)(Date.now); htmx.trigger(document.getElementById('live'), 'look'); }"


@pytest.fixture
def village(transactional_db):
    load_places()
    zhuli(), xiaozhao()
    return Area.objects.get(pk=SHUIYUN)


@pytest.fixture
def desk(person, live_server):
    def open_desk(path: str = "/desk/", *, size=TABLET_SIZE, **how):
        page = person(size=size, **how)
        sign_in(page.context, zhuli(), live_server.url)
        page.goto(path)
        return page

    return open_desk


def answers(page) -> list[int]:
    """The status of each answer to a page that asked for news, from now on."""
    found = []
    page.on("response", lambda response: found.append(response.status) if "/desk/live/" in response.url else None)
    return found


def ask_for_news(page) -> int:
    with page.expect_response(re.compile("/desk/live/")) as answer:
        page.evaluate(ASK)
    return answer.value.status


def test_a_new_request_appears_and_is_told_while_nothing_changed_draws_nothing(village, desk):
    old = make_request(village)
    page = desk()
    assert ask_for_news(page) == 204
    expect(page.locator("#say")).to_be_empty()
    new = make_request(village, name="刘叔")
    assert ask_for_news(page) == 200
    expect(page.locator(f"[data-card='{new.reference}']")).to_be_visible()
    expect(page.locator("#say")).to_have_text("有新的诉求")
    assert ask_for_news(page) == 204
    actions.claim(request=old, by=xiaozhao())
    assert ask_for_news(page) == 200
    expect(page.get_by_role("region", name="同事在办")).to_contain_text(old.spoken_reference)


def test_without_a_script_the_queue_is_whole(village, desk):
    stored = make_request(village)
    page = desk(javascript=False)
    page.get_by_role("button", name=f"领取 {stored.spoken_reference}").click()
    expect(page.get_by_role("status").first).to_contain_text("您领取了")


def test_half_a_message_and_the_cursor_stay_while_the_page_learns_of_news(village, desk):
    stored = make_request(village, claimed_by=zhuli())
    page = desk(f"/desk/{stored.reference}/")
    box = page.get_by_label("给居民留言")
    box.fill("您好，明天")
    actions.reply(request=stored, text="我明天不在家")
    assert ask_for_news(page) == 200
    expect(page.locator("#said")).to_contain_text("我明天不在家")
    expect(page.locator("#say")).to_have_text("居民有新的留言")
    expect(box).to_have_value("您好，明天")
    expect(box).to_be_focused()
    stored.refresh_from_db()
    assert stored.messages.get().read_at is None  # a page that draws itself is no look
    actions.cancel(request=stored)
    assert ask_for_news(page) == 200
    expect(page.locator("#live")).to_contain_text("这一页有变化：居民 居民取消")
    expect(box).to_have_value("您好，明天")


def test_the_number_stays_while_somebody_dials(village, desk):
    stored = make_request(village, claimed_by=zhuli())
    page = desk(f"/desk/{stored.reference}/")
    page.get_by_role("button", name="看完整电话").click()
    actions.reply(request=stored, text="快一点")
    assert ask_for_news(page) == 200
    expect(page.locator("#said")).to_contain_text("快一点")
    expect(page.get_by_role("link", name="打电话 13800138000")).to_be_visible()


def test_an_open_part_is_left_alone_and_a_request_that_left_says_so(village, desk):
    stored = make_request(village, claimed_by=zhuli())
    page = desk(f"/desk/{stored.reference}/")
    seen = answers(page)
    page.get_by_role("button", name="看完整电话").focus()
    page.evaluate(ASK)
    page.evaluate("document.activeElement.blur()")
    type(stored).objects.filter(pk=stored.pk).update(owner=xiaozhao(), queue="640205102000")
    assert ask_for_news(page) == 200
    expect(page.locator("#live")).to_contain_text("不归您这里了")
    assert seen == [200]  # the first time somebody was on a button of that part, and nothing was asked


def test_a_lost_session_leads_to_the_sign_in_once_and_back(village, desk):
    page = desk()
    StaffSession.objects.all().delete()
    with page.expect_navigation(url=re.compile(r"/desk/login/\?next=%2Fdesk%2F")):
        page.evaluate(ASK)
    expect(page.get_by_role("heading", level=1)).to_have_text("登录工作台")


def test_a_lost_session_does_not_take_words_with_it(village, desk):
    stored = make_request(village, claimed_by=zhuli())
    page = desk(f"/desk/{stored.reference}/")
    page.get_by_label("给居民留言").fill("写了一半")
    StaffSession.objects.all().delete()
    assert ask_for_news(page) == 204
    expect(page.locator("#say")).to_contain_text("登录过期了")
    expect(page.get_by_label("给居民留言")).to_have_value("写了一半")


def test_the_queue_by_keyboard(village, desk):
    first, second = make_request(village), make_request(village, name="刘叔")
    page = desk(size=DESKTOP_SIZE)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f"#open-{second.reference}")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator(f"#open-{first.reference}")).to_be_focused()
    third = make_request(village, name="陈姐")
    assert ask_for_news(page) == 200
    expect(page.locator(f"[data-card='{third.reference}']")).to_be_visible()
    expect(page.locator(f"#open-{first.reference}")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/{first.reference}/")
    page.goto("/desk/")
    page.keyboard.press("/")
    number = page.get_by_label("按编号找")
    expect(number).to_be_focused()
    page.keyboard.press("c")
    page.keyboard.press("j")
    expect(number).to_have_value("cj")  # letters are letters in a field
    page.locator(f"#open-{second.reference}").focus()
    page.keyboard.press("c")
    page.wait_for_url(f"**/desk/{second.reference}/")
    second.refresh_from_db()
    assert second.owner == zhuli()


def test_single_keys_can_be_turned_off_and_stay_off(village, desk):
    stored = make_request(village)
    page = desk(size=DESKTOP_SIZE)
    page.keyboard.press("?")
    expect(page.locator("#keys-list")).to_be_visible()
    page.get_by_role("button", name="快捷键开着，点这里关掉").click()
    page.reload()
    page.keyboard.press("j")
    expect(page.locator(f"#open-{stored.reference}")).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#keys-list")).to_be_hidden()
    page.get_by_role("button", name="快捷键", exact=True).click()
    page.get_by_role("button", name="快捷键关着，点这里打开").click()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(page.locator(f"#open-{stored.reference}")).to_be_focused()


def test_who_goes_back_after_writing_down_a_person_finds_an_empty_form(village, desk):
    page = desk("/desk/new/")
    page.get_by_label("打电话来").check()
    page.get_by_label("怎么称呼").fill("王阿姨")
    page.get_by_label("电话", exact=True).fill("13800138000")
    page.get_by_label("已经当面").check()
    page.get_by_role("button", name="记下，给编号").click()
    page.wait_for_url(re.compile(r"/desk/\d{9}/"))
    page.go_back()
    expect(page.get_by_label("怎么称呼")).to_have_value("")
    expect(page.get_by_label("电话", exact=True)).to_have_value("")
    expect(page.get_by_label("打电话来")).not_to_be_checked()
