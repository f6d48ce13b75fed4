"""One's own account: where it is signed in, its password, and what an administrator may do for somebody."""

from io import StringIO

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from helpdesk import actions
from helpdesk.checks import second_factor_off_a_trial
from helpdesk.models import AuditEntry, SecondFactor, StaffAccount, StaffSession
from helpdesk.sessions import in_words
from tests import people
from tests.guides.admin_pages import form_data
from tests.helpdesk.desk import checked, page
from tests.helpdesk.test_second_factor import has_factor

pytestmark = pytest.mark.django_db
LOGIN, ACCOUNT, OUT, PASSWORD = "/desk/login/", "/desk/account/", "/desk/account/sign-out/", "/desk/account/password/"
TABLET = "Mozilla/5.0 (Linux; Android 10; AGS3K-W09) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.93 Safari/537.36"
PHONE = "Mozilla/5.0 (Linux; Android 12; V2136A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0.44"
OTHER_PASSWORD = "shuiyun-gaile-2027"


def signed_in(user, agent: str = TABLET) -> Client:
    client = Client(headers={"User-Agent": agent})
    answer = client.post(LOGIN, {"username": user.get_username(), "password": people.PASSWORD})
    assert answer.status_code == 302
    return client


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (TABLET, "安卓平板上的浏览器"),
        (PHONE, "安卓手机上的微信"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Windows电脑上的浏览器"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0", "苹果手机上的微信"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "Linux电脑上的浏览器"),
        ("", "一台设备"),
        ("<script>alert(1)</script>", "一台设备"),
    ],
)
def test_the_machine_is_told_in_words(agent, words):
    assert in_words(agent) == words


def test_one_sees_where_one_is_signed_in_and_since_when_and_nobody_elses():
    user = people.can_sign_in(people.zhuli())
    with time_machine.travel("2026-11-24 23:50+08:00"):
        signed_in(user, PHONE)
    with time_machine.travel("2026-11-25 08:00+08:00"):
        signed_in(people.can_sign_in(people.xiaozhao()), "Windows")
        text = page(signed_in(user), ACCOUNT)
    assert text.count("11月24日登录") == 1
    assert ("安卓平板上的浏览器" in text, "安卓手机上的微信" in text, "Windows" in text) == (True, True, False)
    assert [row.session_key for row in StaffSession.objects.all() if row.session_key in text] == []  # the key of a sign-in opens it


def test_the_page_for_deleting_an_account_shows_no_key_of_a_sign_in(bureau):
    user = people.can_sign_in(people.zhuli())
    signed_in(user)
    text = bureau.get(reverse("admin:auth_user_delete", args=[user.pk])).content.decode()
    assert "安卓平板上的浏览器" in text
    assert StaffSession.objects.get(user=user).session_key not in text


def test_the_last_day_is_kept_with_the_sign_in():
    user = people.can_sign_in(people.zhuli())
    with time_machine.travel("2026-11-24 23:50+08:00", tick=False) as clock:
        client = signed_in(user)
        clock.move_to("2026-11-25 00:10+08:00")
        client.get("/desk/")
        row = StaffSession.objects.get()
        assert (f"{row.first_on:%d}", f"{row.last_on:%d}", row.device, row.user) == ("24", "25", "安卓平板上的浏览器", user)
        assert "11月25日还用过" in page(client, ACCOUNT)


def test_one_signs_out_elsewhere_one_by_one_or_all():
    user = people.can_sign_in(people.zhuli())
    here, phone, third = signed_in(user), signed_in(user, PHONE), signed_in(user, "Windows")
    handle = StaffSession.objects.get(device="安卓手机上的微信").handle
    other = people.can_sign_in(people.xiaozhao())
    elsewhere = signed_in(other)
    assert elsewhere.post(OUT, {"which": handle}).url == ACCOUNT  # somebody else's is not theirs to end
    assert phone.get("/desk/").status_code == 200
    assert here.get(OUT).status_code == 405
    here.post(OUT, {"which": handle})
    assert (phone.get("/desk/").status_code, third.get("/desk/").status_code, here.get("/desk/").status_code) == (302, 200, 200)
    assert "别处的都退出了，一共1处" in checked(here.post(OUT, follow=True))
    assert (third.get("/desk/").status_code, here.get("/desk/").status_code, elsewhere.get("/desk/").status_code) == (302, 200, 200)


def test_a_sign_in_ends_with_the_working_day_and_its_row_with_it():
    with time_machine.travel("2026-11-24 08:00+08:00", tick=False) as clock:
        client = signed_in(people.can_sign_in(people.zhuli()))
        clock.shift(django_settings.SESSION_COOKIE_AGE + 1)
        assert client.get("/desk/").status_code == 302
        call_command("clearsessions")
        assert StaffSession.objects.count() == 0


def change_password(client, new: str = OTHER_PASSWORD, **typed):
    return client.post(PASSWORD, {"old_password": people.PASSWORD, "new_password1": new, "new_password2": new, **typed})


def test_another_password_ends_every_other_sign_in():
    user = people.can_sign_in(people.zhuli())
    here, phone = signed_in(user), signed_in(user, PHONE)
    assert change_password(here).url == "/desk/"
    assert (here.get("/desk/").status_code, phone.get("/desk/").status_code) == (200, 302)
    assert StaffSession.objects.filter(user=user).count() == 1
    user.refresh_from_db()
    assert user.check_password(OTHER_PASSWORD)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"old_password": "falsch"}, "现在的密码不对"),
        ({"new_password2": "anders-als-das"}, "两次写的新密码不一样"),
        ({"new_password1": people.PASSWORD, "new_password2": people.PASSWORD}, "和现在的一样"),
        ({"new_password1": "kurz", "new_password2": "kurz"}, "密码太短了，至少 10 个字符。"),
        ({"new_password1": "", "new_password2": ""}, "写一个新密码"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_beside_its_field(typed, sentence):
    client = signed_in(people.can_sign_in(people.zhuli()))
    assert sentence in checked(change_password(client, **typed))
    assert people.zhuli().check_password(people.PASSWORD)


def test_a_password_is_not_guessed_from_an_open_tablet():
    client = signed_in(people.can_sign_in(people.zhuli()))
    for _ in range(10):
        change_password(client, old_password="falsch")
    assert "试得太勤了" in checked(client.post(PASSWORD, {"old_password": people.PASSWORD, "new_password1": OTHER_PASSWORD, "new_password2": OTHER_PASSWORD}, follow=True))
    assert people.zhuli().check_password(people.PASSWORD)


# --- a password made by somebody else --------------------------------------------------------------------------------------------------------


@pytest.fixture
def bureau(client):
    client.force_login(people.guanli())
    return client


def test_the_first_password_is_changed_before_anything_else_opens(bureau):
    data = {"username": "xin", "first_name": "新人", "password1": people.PASSWORD, "password2": people.PASSWORD}
    address = reverse("admin:auth_user_add")
    groups = form_data(bureau.get(address), "user_form")
    data["groups"] = [str(Group.objects.get(name="帮办员").pk)]
    assert bureau.post(address, groups | data).status_code == 302
    new = Client()
    answer = new.post(LOGIN, {"username": "xin", "password": people.PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0].startswith(PASSWORD)
    assert "先换成您自己的密码" in checked(answer)
    assert [new.get(address).url.partition("?")[0] for address in ("/desk/", "/desk/me/", ACCOUNT, "/admin/")] == [PASSWORD] * 4
    assert change_password(new).url == "/desk/"
    assert new.get("/desk/").status_code == 200


def test_a_password_that_an_administrator_gives_is_good_for_one_sign_in(bureau):
    user = people.can_sign_in(people.zhuli())
    before = signed_in(user)
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    bureau.post(address, {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD})
    assert before.get("/desk/").status_code == 302
    assert StaffSession.objects.filter(user=user).count() == 0
    answer = Client().post(LOGIN, {"username": "zhuli", "password": OTHER_PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0].startswith(PASSWORD)


def test_ones_own_password_has_one_page(bureau):
    own = reverse("admin:auth_user_password_change", args=[people.guanli().pk])
    assert bureau.get(own).url == PASSWORD
    assert bureau.get("/admin/password_change/").url == PASSWORD
    assert StaffAccount.objects.count() == 0


def test_whoever_has_a_second_factor_gives_it_before_the_password_can_be_changed(settings):
    settings.SECOND_FACTOR = True
    user = people.can_sign_in(people.zhuli())
    has_factor(user)
    actions.require_password_change(user=user)
    client = signed_in(user)
    assert change_password(client).url == "/desk/account/code/"
    assert people.zhuli().check_password(people.PASSWORD)


# --- for somebody else -------------------------------------------------------------------------------------------------------------------------


def test_an_administrator_ends_all_sign_ins_of_somebody(bureau):
    user = people.can_sign_in(people.zhuli())
    tablet, phone = signed_in(user), signed_in(user, PHONE)
    address = reverse("admin:auth_user_safety", args=[user.pk])
    assert "安卓手机上的微信" in bureau.get(address).content.decode()
    assert "2处都退出了" in bureau.post(address, {"end": "1"}, follow=True).content.decode()
    assert (tablet.get("/desk/").status_code, phone.get("/desk/").status_code) == (302, 302)
    assert AuditEntry.objects.filter(detail="让朱丽在所有地方退出").count() == 1
    assert "没有别的地方登录着" in bureau.post(address, {"end": "1"}, follow=True).content.decode()


def test_an_administrator_resets_a_lost_phone_on_the_same_page(bureau):
    has_factor(people.zhuli())
    address = reverse("admin:auth_user_safety", args=[people.zhuli().pk])
    assert "备用码还剩10个" in bureau.get(address).content.decode()
    assert "下次登录会重新设" in bureau.post(address, {"reset": "1"}, follow=True).content.decode()
    assert SecondFactor.objects.count() == 0
    has_factor(people.guanli())
    own = reverse("admin:auth_user_safety", args=[people.guanli().pk])
    assert 'name="reset"' not in bureau.get(own).content.decode()
    assert "自己的不能自己清" in bureau.post(own, {"reset": "1"}, follow=True).content.decode()
    assert SecondFactor.objects.count() == 1


def test_the_operator_resets_by_a_command_and_that_is_written_down():
    has_factor(people.guanli())
    out = StringIO()
    call_command("reset_second_factor", "guanli", stdout=out)
    assert "清掉了" in out.getvalue()
    assert AuditEntry.objects.filter(by=None, by_name="系统管理员（命令行）", detail="清掉管理的验证器").count() == 1
    with pytest.raises(CommandError, match="没有叫 nemo"):
        call_command("reset_second_factor", "nemo")
    with pytest.raises(CommandError, match="还没有设"):
        call_command("reset_second_factor", "guanli")


def test_a_real_site_without_the_second_factor_is_warned_of(settings):
    states = [(False, False, False), (True, False, False), (False, True, False), (False, False, True)]
    found = []
    for settings.SECOND_FACTOR, settings.DEMO, settings.DEBUG in states:
        found.append([warning.id for warning in second_factor_off_a_trial(None)])
    assert found == [["helpdesk.W001"], [], [], []]
