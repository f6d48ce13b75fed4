"""A real Chromium: one for the session, a fresh context for each person. What a person's browser complains of fails the journey."""

import shutil
from collections.abc import Callable

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright

from tests.journeys import scene

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
PATIENCE = 15_000  # milliseconds; two slow cores share everything


def launch(playwright) -> Browser:
    """The machine's own Chromium. Fails with what to install when there is none."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise RuntimeError("Chromium was not found. `make test` installs it; by hand: apt-get install -y chromium")
    return playwright.chromium.launch(executable_path=path, args=OPTIONS)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
        connections.close_all()  # Playwright's loop gives this thread connections of its own, which would keep the test database from going


def watch(page: Page, site: str, may_get: set[int]) -> list[str]:
    """The list of what goes wrong on the page from now on: console errors (a violated CSP is one), failed, refused and foreign requests."""
    problems: list[str] = []

    def heard(message):
        # The browser also writes down each refused answer, without its address: `answered` below tells it better.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            problems.append(f"console: {message.text}")

    def asked(request):
        if not request.url.startswith((site, "data:", "blob:")):
            problems.append(f"another host: {request.url}")

    def answered(response):
        if response.status >= 400 and not (response.request.is_navigation_request() and response.status in may_get):
            problems.append(f"{response.status} {response.url}")

    def failed(request):
        # A download is no page: the browser calls the navigation to it aborted.
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"failed: {request.url} {request.failure}")

    page.on("console", heard)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("request", asked)
    page.on("response", answered)
    page.on("requestfailed", failed)
    return problems


@pytest.fixture
def new_person(browser) -> Callable[..., Page]:
    """Call with the site's address for the page of one more person with a browser of their own; `may_get` are refusals they walk into on purpose."""
    contexts, watched = [], []

    def new(site: str, *, size: dict = scene.PHONE_SIZE, javascript: bool = True, may_get: tuple[int, ...] = ()) -> Page:
        context = browser.new_context(
            base_url=site, viewport=size, java_script_enabled=javascript, locale="zh-CN", timezone_id="Asia/Shanghai", accept_downloads=True
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watched.append(watch(page, site, set(may_get)))
        return page

    yield new
    for context in contexts:
        context.close()
    assert [problem for problems in watched for problem in problems] == []


@pytest.fixture
def person(live_server, new_person) -> Callable[..., Page]:
    """A person on a site whose database starts empty and is emptied afterwards."""
    return lambda **how: new_person(live_server.url, **how)


@pytest.fixture
def town(transactional_db):
    """Places, four guides and the plates of 水韵名都 8号楼, committed for a live server to see. Returns the plates."""
    scene.load_places()
    scene.load_guides("minzheng-005", "huji-006", "shebao-011", "shangshi-001")
    return scene.put_up_plates()
