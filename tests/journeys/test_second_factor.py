"""朱丽's first day with the second factor: set up, out, in again with the digits, and one morning without her phone with the paper."""

import re
import time

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import expect

from helpdesk import actions
from helpdesk.models import SecondFactor
from tests import people
from tests.journeys.scene import PHONE_SIZE, TABLET_SIZE, load_places

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def app_shows(*, steps: int = 0) -> str:
    """What her phone shows now, or half a minute from now: a code that has been used is not waited out."""
    clock = TOTP(bytes.fromhex(SecondFactor.objects.get().key))
    clock.time = time.time() + 30 * steps
    return f"{clock.token():06d}"


def type_password(page, password: str = people.PASSWORD) -> None:
    page.goto("/desk/")
    page.get_by_label("账号").fill("zhuli")
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


@pytest.mark.parametrize("javascript", [True, False])
def test_set_up_then_in_by_digits_then_by_paper(person, transactional_db, settings, javascript):
    settings.SECOND_FACTOR = True
    load_places()
    user = people.can_sign_in(people.zhuli())
    actions.require_password_change(user=user)

    tablet = person(size=TABLET_SIZE, javascript=javascript)
    type_password(tablet)
    expect(tablet.get_by_role("heading", level=1)).to_have_text("先换成您自己的密码")
    tablet.get_by_label("现在的密码").fill(people.PASSWORD)
    tablet.get_by_label("新密码", exact=True).fill("mingdu-caochang-27")
    tablet.get_by_label("新密码再写一遍").fill("mingdu-caochang-27")
    tablet.get_by_role("button", name="改好了").click()

    expect(tablet.get_by_role("heading", level=1)).to_have_text("设验证器，只要一次")
    tablet.get_by_label("6位数").fill(app_shows())
    tablet.get_by_role("button", name="设好了").click()
    codes = tablet.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    tablet.get_by_role("link", name="收好了，接着用").click()
    expect(tablet).to_have_url(re.compile("/desk/$"))
    tablet.get_by_role("button", name="退出").click()

    type_password(tablet, "mingdu-caochang-27")
    expect(tablet.get_by_role("heading", level=1)).to_have_text("再输6位数")
    tablet.goto("/desk/roster/")  # the address typed by hand opens nothing
    expect(tablet.get_by_role("heading", level=1)).to_have_text("再输6位数")
    tablet.get_by_label("6位数").fill(app_shows(steps=1))
    tablet.get_by_role("button", name="登录").click()
    expect(tablet).to_have_url(re.compile("/desk/roster/$"))

    phone = person(size=PHONE_SIZE, javascript=javascript)
    type_password(phone, "mingdu-caochang-27")
    phone.get_by_role("link", name="手机不在身边？用备用码").click()
    phone.get_by_label("备用码").fill(codes[0])
    phone.get_by_role("button", name="登录").click()
    expect(phone.get_by_role("status")).to_contain_text("还剩9个")
    phone.get_by_role("button", name="别处的全部退出").click()
    tablet.goto("/desk/")
    expect(tablet.get_by_role("heading", level=1)).to_have_text("登录工作台")
