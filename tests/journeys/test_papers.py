"""预审: a photo instead of a trip. The resident sends it, the helper says what is wrong, a better one comes, and on the promised day all are gone."""

from io import StringIO

import pytest
import time_machine
from django.core.files.storage import storages
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from guides.models import Guide
from guides.reading import Reading
from helpdesk import actions
from helpdesk.models import CloseReason, HelpRequest
from tests import pictures
from tests.factories import make_request
from tests.journeys.scene import TABLET_SIZE, sign_in
from tests.people import xiaozhao, zhuli

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
CARD = "老人的社会保障卡"


@pytest.fixture
def asked(town) -> HelpRequest:
    xiaozhao()
    guide = Guide.objects.whole().get(slug="minzheng-005")
    place = {"area": town[0].building.community, "doorplate": town[0]}
    return make_request(guide=guide, papers=Reading(guide, {"who": "agent"}).checklist(), claimed_by=zhuli(), **place)


def file(words: str) -> dict:
    return {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": pictures.paper_photo(words)}


def send_a_photo(page, words: str) -> None:
    page.get_by_label("从手机里选").set_input_files([file(words)])
    page.get_by_label("我看了，同意传这些照片").check()
    page.get_by_role("button", name="传给帮办员").click()
    expect(page.get_by_role("status")).to_contain_text("收到1张")


def judge(page, stored, choice: str, reason: str = "") -> None:
    """By hand and without a script: open the photo, come back, choose."""
    page.goto(f"/desk/{stored.reference}/")
    card = page.get_by_role("group", name=CARD)
    expect(card).to_contain_text("有新照片")
    photo = card.get_by_role("link", name="看第").last
    answer = page.goto(photo.get_attribute("href"))
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    page.go_back()
    card.get_by_role("radio", name=choice, exact=True).check()
    if reason:
        card.get_by_label("哪里不行").select_option(label=reason)
    page.get_by_role("button", name="把核对结果存下").click()
    expect(page.get_by_role("status")).to_contain_text("材料记下了")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_photo_instead_of_a_trip(asked, person, live_server, javascript):
    resident = person(javascript=javascript)
    resident.goto(f"/help/{asked.reference}/")
    resident.get_by_label("留的电话的后四位").fill("8000")
    resident.get_by_role("button", name="查看").click()
    resident.get_by_role("link", name=CARD).click()
    resident.get_by_label("从手机里选").set_input_files([file("BLURRED")])
    resident.get_by_role("button", name="传给帮办员").click()
    expect(resident.get_by_role("alert")).to_contain_text("要您同意才能传")
    send_a_photo(resident, "BLURRED")

    helper = person(size=TABLET_SIZE, javascript=javascript)
    sign_in(helper.context, zhuli(), live_server.url)
    judge(helper, asked, "不合格", "看不清")

    resident.goto(f"/help/{asked.reference}/")
    expect(resident.locator("main")).to_contain_text("不行：看不清")
    resident.get_by_role("link", name=CARD).click()
    send_a_photo(resident, "SHARP")
    judge(helper, asked, "合格")
    resident.goto(f"/help/{asked.reference}/")
    expect(resident.get_by_role("link", name=CARD)).to_contain_text("✓ 合格")

    colleague = person(size=TABLET_SIZE, may_get=(404,))
    sign_in(colleague.context, xiaozhao(), live_server.url)
    colleague.goto(f"/desk/{asked.reference}/")
    expect(colleague.locator("#papers")).to_contain_text("✓ 合格")
    expect(colleague.get_by_role("link", name="看第")).to_have_count(0)
    for photo in asked.attachments.all():
        assert colleague.goto(f"/desk/{asked.reference}/file/{photo.key}/").status == 404

    the_promised_day_comes(asked)
    resident.goto(f"/help/{asked.reference}/")
    resident.get_by_role("link", name=CARD).click()
    day = timezone.localdate(asked.attachments.first().deleted_at)
    expect(resident.locator("#sent").locator("..")).to_contain_text(f"已于{day.month}月{day.day}日删除")
    expect(resident.get_by_role("link", name="看第")).to_have_count(0)


def the_promised_day_comes(asked) -> None:
    actions.close(request=asked, by=zhuli(), reason=CloseReason.DONE, text="办好了。")
    day = asked.attachments.first().delete_on
    assert (day - timezone.localdate()).days == 3
    with time_machine.travel(f"{day} 04:00+08:00"):
        call_command("scrub_requests", stdout=StringIO())
    assert asked.attachments.filter(deleted_at=None).count() == 0
    assert storages["private"].listdir("")[1] == []
