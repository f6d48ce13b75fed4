"""A bad signal: what was opened stays readable, and nothing of a person is kept on the phone. Ticks stay on the phone, too."""

import json

import pytest
from playwright.sync_api import expect

from tests.factories import SHUIYUN, make_request
from tests.journeys.scene import sign_in, title_of
from tests.people import zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
HERE = f"/c/{SHUIYUN}/guides/minzheng-005/"
KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) {
        const url = new URL(request.url);
        if (!url.pathname.startsWith("/static/")) found.push(url.pathname + url.search);
    }
    return found;
}"""


def worker_is_ready(page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def is_kept(page, path: str) -> None:
    page.wait_for_function(f"async () => (await ({KEPT})()).includes({json.dumps(path)})")


def cut_off(page) -> None:
    """No signal, and the minute is over for which the browser itself keeps a page."""
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.context.set_offline(True)


@pytest.fixture
def offline_person(browser, live_server):
    """Not watched: a request that fails is what these journeys are about."""
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 360, "height": 740}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_the_page_that_was_opened_first_is_readable_without_a_signal(town, offline_person):
    page = offline_person
    page.goto(HERE)
    worker_is_ready(page)
    is_kept(page, HERE)
    cut_off(page)
    page.goto(HERE)
    expect(page.get_by_role("heading", level=1)).to_have_text(title_of("minzheng-005"))
    expect(page.get_by_role("status")).to_contain_text("没有信号，这是您上次打开时的内容（")
    expect(page.locator("#bring")).to_contain_text("老人的居民身份证")
    assert page.evaluate("getComputedStyle(document.querySelector('.answer')).borderLeftWidth") == "6px"  # the style sheet is there as well
    page.goto("/guides/?topic=minzheng")
    expect(page.get_by_role("heading", level=1)).to_have_text("没有信号，这一页打不开")
    page.context.set_offline(False)
    page.goto(HERE)
    expect(page.get_by_role("status")).to_have_count(0)


def test_nothing_of_a_person_and_nothing_momentary_is_kept(town, offline_person, live_server):
    stored = make_request(town[0].building.community)
    page = offline_person
    page.goto("/")
    worker_is_ready(page)
    is_kept(page, "/")
    sign_in(page.context, zhuli(), live_server.url)
    for path in ("/help/new/", "/help/", f"/help/{stored.reference}/", "/elder/help/new/", "/help/complain/", f"/D/{town[0].code}", "/verify/", "/desk/",
                 "/admin/", "/guides/?q=%E8%80%81%E4%BA%BA", f"{HERE}ready/?have=123456", "/api/v1/guides", "/nosuchpage/", "/guides/nosuch-001/"):  # fmt: skip
        page.goto(path)
        page.evaluate("navigator.serviceWorker.controller.postMessage({keep: location.href})")  # even when a page asks for it
    page.goto(HERE)
    is_kept(page, HERE)
    assert sorted(page.evaluate(KEPT)) == ["/", HERE]
    cut_off(page)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(f"/help/{stored.reference}/")


def test_no_more_than_sixty_pages_are_kept_the_oldest_go(town, offline_person):
    page = offline_person
    page.goto("/")
    worker_is_ready(page)
    is_kept(page, "/")
    page.evaluate("""async () => {
        const cache = await caches.open((await caches.keys())[0]);
        for (let n = 0; n < 60; n++) await cache.put(`/guides/old-${n}/`, new Response("x"));
    }""")
    page.goto("/areas/")
    is_kept(page, "/areas/")
    page.wait_for_function(f"async () => (await ({KEPT})()).length === 60")
    kept = page.evaluate(KEPT)
    assert ("/" in kept, "/guides/old-0/" in kept, kept[-1]) == (False, False, "/areas/")


def test_without_a_worker_nothing_breaks(town, person):
    page = person()
    page.add_init_script("delete Navigator.prototype.serviceWorker")
    page.goto(HERE)
    expect(page.get_by_role("heading", level=1)).to_have_text(title_of("minzheng-005"))


# ---- ticks


def boxes(page):
    return page.locator("#bring").get_by_role("checkbox")


def ticked(page) -> list[bool]:
    return [box.is_checked() for box in boxes(page).all()]


def test_ticks_stay_on_this_phone_for_this_case(town, person):
    page = person()
    page.goto(HERE + "?who=agent&group=other")
    clear = page.get_by_role("button", name="清掉勾选")
    expect(clear).to_be_hidden()
    boxes(page).nth(0).check()
    boxes(page).nth(2).check()
    page.goto("/")
    page.goto(HERE + "?who=agent&group=other")
    assert ticked(page) == [True, False, True]
    page.goto(HERE + "?who=self&group=other")
    assert True not in ticked(page)
    page.goto("/guides/minzheng-005/?who=agent&group=other")  # the same guide and case, seen from elsewhere
    assert ticked(page) == [True, False, True]
    clear.click()
    page.reload()
    assert ticked(page) == [False] * 3
    expect(clear).to_be_hidden()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain html"])
def test_from_the_ticks_to_the_verdict(town, person, javascript):
    page = person(javascript=javascript)
    page.goto(HERE + "?who=self&group=other")
    boxes(page).first.check()
    page.get_by_role("button", name="这些都有了，现在去能办成吗").click()
    page.wait_for_url("**/ready/?who=self&group=other&have=*")
    expect(page.get_by_role("heading", level=1)).to_have_text("差一点，先别急着去")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="再算一次").click()
    expect(page.locator(".verdict")).not_to_contain_text("还差")


def test_somebody_elses_ticks_in_an_address_do_not_overwrite_ones_own(town, person):
    page = person()
    page.goto(HERE + "?who=agent&group=other")
    boxes(page).first.check()
    other = boxes(page).nth(1).get_attribute("value")
    page.goto(f"{HERE}?who=agent&group=other&have={other}")
    assert ticked(page) == [False, True, False]
    page.goto(HERE + "?who=agent&group=other")
    assert ticked(page) == [True, False, False]
