"""Every page as a browser sees it: no violation that axe finds, nothing to scroll sideways, targets a thumb can hit."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.journeys.scene import DESK_LOOKS, PHONE_SIZE, RESIDENT_LOOKS, TABLET_SIZE, Look, set_scene

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
TARGET, ELDER_TARGET = 44, 60

# A link inside a sentence is exempt (WCAG 2.5.8); a tick box is as large as the label around it; what is folded away has no box.
SMALL_TARGETS = """(least) => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, label")].filter(element => {
    const box = element.getBoundingClientRect(), parent = element.parentElement;
    if (element.type === "hidden" || !element.getClientRects().length || box.right < 0 || element.closest("label") && element.tagName !== "LABEL") return false;
    if (element.tagName === "LABEL" && !element.querySelector("input")) return false;
    const inSentence = getComputedStyle(element).display === "inline" && parent.textContent.trim() !== element.textContent.trim();
    return !inSentence && box.height < least;
}).map(element => `${element.tagName.toLowerCase()} ${element.textContent.trim().slice(0, 30)}: ${element.getBoundingClientRect().height}`)"""


def axe_violations(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {node['html'][:160]} {node['failureSummary']}" for v in found for node in v["nodes"]]


def dark_violations(page) -> list[str]:
    """Contrast as a phone in dark mode shows the page."""
    page.emulate_media(color_scheme="dark")
    found = Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    page.emulate_media(color_scheme="light")
    return [f"dark {v['id']}: {node['html'][:160]} {node['failureSummary']}" for v in found for node in v["nodes"]]


def faults_of(page, width: int, least: int) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth")
    sideways = [f"{wide} px wide"] if wide > width else []
    return axe_violations(page) + page.evaluate(SMALL_TARGETS, least) + sideways


def faults_of_all(looks: list[Look], site: str, new_person, size: dict) -> dict[str, list[str]]:
    """All pages in one test, because loading the content takes longer than looking at them. Only pages with a fault are named."""
    words, faults = set_scene(), {}
    page = new_person(site, size=size, may_get=(403, 404, 410))  # each look itself says which it expects
    for look in looks:
        page.context.clear_cookies()
        look.open(page, site, words)
        faults[look.name] = faults_of(page, size["width"], ELDER_TARGET if look.is_elder else TARGET)
        if look.who is None:  # the desk has no dark dress
            faults[look.name] += dark_violations(page)
    return {name: found for name, found in faults.items() if found}


def test_resident_pages_are_accessible_and_fit_a_phone(live_server, new_person):
    assert faults_of_all(RESIDENT_LOOKS, live_server.url, new_person, PHONE_SIZE) == {}


def test_desk_pages_are_accessible_and_fit_a_tablet(live_server, new_person):
    assert faults_of_all(DESK_LOOKS, live_server.url, new_person, TABLET_SIZE) == {}
