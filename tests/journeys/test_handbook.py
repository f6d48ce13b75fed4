"""The handbooks as paper: what somebody prints and pins to the wall."""

import pypdfium2
import pytest

from tests import people
from tests.journeys import scene

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def pages_of(pdf: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded().replace("\r\n", "") for page in pypdfium2.PdfDocument(pdf)]


def test_the_helpers_handbook_prints_on_four_sheets_in_large_type(person, live_server):
    scene.load_places()
    page = person(size=scene.TABLET_SIZE)
    scene.sign_in(page.context, people.zhuli(), live_server.url)
    page.goto(f"{live_server.url}/desk/")
    page.get_by_role("link", name="帮办员手册").click()
    page.wait_for_load_state()
    pictures = page.evaluate("[...document.images].map(one => [one.complete && one.naturalWidth, one.width / one.height - one.naturalWidth / one.naturalHeight])")
    assert len(pictures) == 4
    assert all(width > 300 and abs(skew) < 0.02 for width, skew in pictures)
    paper = pages_of(page.pdf(prefer_css_page_size=True))
    assert [text[:7] for text in paper] == [f"帮办员手册 {number}" for number in (1, 2, 3, 4)]
    page.emulate_media(media="print")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.leaf li')).fontSize)") >= 20  # CSS pixels: 15 points
