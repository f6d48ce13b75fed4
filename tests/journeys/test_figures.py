"""看数 in a browser: axe finds nothing, nothing goes sideways on a phone, and the pictures are there without a script."""

import pytest

from tests.journeys.scene import ADMIN_LOOKS, DESK_LOOKS, DESKTOP_SIZE, PHONE_SIZE, _figures, load_places, put_up_plates
from tests.journeys.test_pages import faults_of
from tests.people import zhuguan

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
LOOKS = [look for look in [*DESK_LOOKS, *ADMIN_LOOKS] if "figures" in look.name]
OF_DJANGO = ('link-in-text-block: <a href="/admin/">首页</a>',)  # the line above every page of the admin


@pytest.mark.parametrize("size", [PHONE_SIZE, DESKTOP_SIZE], ids=["phone", "desktop"])
def test_the_figures_are_accessible_on_a_phone_and_on_a_desk(live_server, new_person, size):
    load_places(), put_up_plates(), _figures()
    page, faults = new_person(live_server.url, size=size), {}
    for look in LOOKS:
        page.context.clear_cookies()
        look.open(page, live_server.url, {})
        least = 44 if look.name.startswith("desk") else 0
        faults[look.name] = [fault for fault in faults_of(page, size["width"], least) if not fault.startswith(OF_DJANGO)]
    assert {name: found for name, found in faults.items() if found} == {}


def test_the_numbers_open_under_their_picture(live_server, new_person):
    load_places(), _figures()
    page = new_person(live_server.url)
    look = next(look for look in LOOKS if look.name == "desk-figures")
    assert look.who is zhuguan
    look.open(page, live_server.url, {})
    picture = page.get_by_role("img", name="扫码次数（按天）").first
    assert picture.bounding_box()["height"] > 100
    table = page.locator("figure", has=picture).locator("table")
    assert not table.is_visible()
    page.locator("figure", has=picture).locator("summary").click()
    assert table.is_visible()
    page.get_by_role("link", name="园艺村").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "看数：园艺村"
