"""The watch that every journey relies on does notice what it should."""

import pytest

from tests.journeys.conftest import watch

pytestmark = pytest.mark.journey
SITE = "http://127.0.0.1:9"
FAULTS = [
    ('<p style="color:red">x</p>', ["console: Applying"]),
    ('<img src="http://elsewhere.invalid/x.png" alt="">', ["another host:", "failed: http://elsewhere.invalid/x.png"]),
    ('<link rel="stylesheet" href="/missing.css">', [f"404 {SITE}/missing.css"]),
    ("<p>x</p>", []),
]


@pytest.mark.parametrize(("body", "noticed"), FAULTS, ids=["violates the policy", "asks another host", "lacks a file", "is fine"])
def test_what_goes_wrong_on_a_page_is_noticed(browser, body, noticed):
    page = browser.new_page()
    problems = watch(page, SITE, set())

    def answer(route):
        if route.request.url == SITE + "/":
            headers = {"Content-Security-Policy": "default-src 'self' data: http://elsewhere.invalid; style-src 'self'"}
            route.fulfill(body=f"<!DOCTYPE html><link rel=icon href=data:,>{body}", headers=headers, content_type="text/html")
        elif "elsewhere" in route.request.url:
            route.abort("connectionrefused")
        else:
            route.fulfill(status=404)

    page.route("**/*", answer)
    page.goto(SITE + "/")
    page.close()
    assert [" ".join(problem.split(" ")[:2]) for problem in problems] == noticed


def test_a_refused_page_is_noticed_unless_it_was_expected(browser):
    page = browser.new_page()
    page.route("**/*", lambda route: route.fulfill(status=404, body="gone"))
    careless, careful = watch(page, SITE, set()), watch(page, SITE, {404})
    page.goto(SITE + "/")
    page.close()
    assert (careless, careful) == ([f"404 {SITE}/"], [])
