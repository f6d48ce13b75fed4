"""After the password six digits; before them nothing opens. Codes are taken once, wrong ones slow down, and paper opens when the phone is lost."""

import io
import time
from threading import Barrier, Thread

import pytest
import time_machine
import zxingcpp
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django_otp.oath import TOTP
from PIL import Image

from helpdesk import actions
from helpdesk.forms_account import CodeForm
from helpdesk.gate import staff_gate
from helpdesk.keys import rotate
from helpdesk.models import AuditEntry, SecondFactor
from menpai.qr import make_symbol
from tests import people
from tests.factories import make_request
from tests.helpdesk.desk import checked, page
from tests.helpdesk.staff_addresses import Rows, filled, staff_routes

pytestmark = pytest.mark.django_db
LOGIN, CODE, SET_UP, ACCOUNT, CODES = (f"/desk/{name}" for name in ("login/", "account/code/", "account/set-up/", "account/", "account/codes/"))
NOON = "2026-11-27 12:00:10+08:00"


@pytest.fixture(autouse=True)
def switched_on(settings):
    settings.SECOND_FACTOR = True


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def digits(factor: SecondFactor, *, steps: int = 0) -> str:
    """What the app shows now, or so many half-minutes from now."""
    clock = TOTP(bytes.fromhex(factor.key))
    clock.time = time.time() + 30 * steps
    return f"{clock.token():06d}"


def has_factor(user) -> tuple[SecondFactor, list[str]]:
    """The person has set it up an hour ago; the factor and what stands on the paper."""
    with time_machine.travel(time.time() - 3600):
        factor = actions.begin_factor(by=user)
        answer, codes = actions.finish_factor(by=user, factor=factor, token=digits(factor))
    assert answer.factor, answer.refusal
    return answer.factor, codes


def half_in(user) -> Client:
    """Signed in with the password."""
    client = Client()
    client.force_login(user)
    return client


def wholly_in(user, factor: SecondFactor) -> Client:
    client = half_in(user)
    assert client.post(CODE, {"code": digits(factor)}).status_code == 302
    return client


# --- the gate ------------------------------------------------------------------------------------------------------------------------------

BEFORE = {"/desk/login/", "/desk/logout/", "/admin/login/", "/admin/logout/"}


@pytest.mark.parametrize(("who", "has_one"), [(people.zhuguan, True), (people.guanli, False)])
def test_before_the_second_factor_no_staff_address_opens(who, has_one):
    user, rows = who(), Rows.of(make_request(claimed_by=people.zhuli()))
    step = CODE if has_one else SET_UP
    if has_one:
        has_factor(user)
    client = half_in(user)
    addresses = [address for route in staff_routes() for address in filled(route, rows)]
    assert len(addresses) > 100
    for address in addresses:
        if address in BEFORE | {step}:
            continue
        for answer in (client.get(address), client.post(address, {"a": "b"})):
            assert (answer.status_code, answer.url.partition("?")[0]) == (302, step), address


def test_it_comes_back_to_the_page_that_was_wanted_but_to_no_other_site(noon):
    factor, _ = has_factor(people.zhuli())
    client = half_in(people.zhuli())
    led = client.get("/desk/roster/?area=640205102006")
    assert led.url == f"{CODE}?next=%2Fdesk%2Froster%2F%3Farea%3D640205102006"
    assert client.post(led.url, {"code": digits(factor)}).url == "/desk/roster/?area=640205102006"
    noon.shift(60)
    client = half_in(people.zhuli())
    assert client.post(f"{CODE}?next=https://evil.example/", {"code": digits(factor)}).url == "/desk/"
    noon.shift(60)
    editor, _ = has_factor(people.bianji())
    assert half_in(people.bianji()).post(CODE, {"code": digits(editor)}).url == "/admin/"


def test_who_is_half_in_is_nobody_outside_the_staff_pages():
    """A resident page that asks who is there must not take the password alone for a member of staff."""
    user = people.zhuli()
    seen = []

    def page_of_residents(request):
        seen.append(request.user.is_authenticated)
        return HttpResponse()

    for verified in (False, True):
        user.is_verified = lambda verified=verified: verified
        request = RequestFactory().get("/D/7K3M2PXB")
        request.user, request.session = user, Client().session
        staff_gate(page_of_residents)(request)
    assert seen == [False, True]


def test_a_part_of_an_open_page_sends_the_whole_page_there():
    has_factor(people.zhuli())
    answer = half_in(people.zhuli()).get("/desk/live/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, CODE)


def test_switched_off_the_password_is_enough(settings):
    settings.SECOND_FACTOR = False
    has_factor(people.zhuli())
    assert half_in(people.zhuli()).get("/desk/").status_code == 200


def test_the_sign_in_form_of_both_doors_leads_to_the_digits():
    people.can_sign_in(people.bianji()), people.can_sign_in(people.zhuli())
    for door, name, home in (("/admin/login/", "bianji", "/admin/"), (LOGIN, "zhuli", "/desk/")):
        client = Client()
        answer = client.post(f"{door}?next={home}", {"username": name, "password": people.PASSWORD, "next": home}, follow=True)
        assert answer.redirect_chain[-1][0].startswith(SET_UP)


# --- setting up ----------------------------------------------------------------------------------------------------------------------------


def key_on(text: str) -> str:
    return text.split('class="key">')[1].split("<")[0]


def test_set_up_by_scanning_then_the_codes_are_shown_this_once():
    client = half_in(people.zhuli())
    text = page(client, SET_UP)
    factor = SecondFactor.objects.get()
    assert (factor.confirmed, key_on(text)) == (False, factor.text_key)
    assert "<svg" in text
    text = checked(client.post(SET_UP, {"code": "000000" if digits(factor) != "000000" else "111111"}))
    assert "还没有设好" in text
    assert key_on(text) == factor.text_key  # a wrong code does not change the picture that was scanned
    text = checked(client.post(SET_UP, {"code": digits(factor)}))
    codes = [part.partition("<")[0] for part in text.split("<li>")[1:]]
    assert len(set(codes)) == 10
    assert page(client, "/desk/")
    assert [code for code in codes if code in page(client, ACCOUNT)] == []
    assert actions.use_recovery_code(by=people.zhuli(), code=codes[3]).factor


def test_the_picture_holds_the_key_as_apps_read_it():
    factor = actions.begin_factor(by=people.zhuli())
    file = io.BytesIO()
    make_symbol(factor.address, error="m").save(file, kind="png", scale=6)
    text = zxingcpp.read_barcode(Image.open(file)).text
    assert text.startswith("otpauth://totp/")
    assert f"secret={factor.text_key.replace(' ', '')}&" in text


def test_neither_key_nor_codes_can_be_read_in_the_database():
    factor, codes = has_factor(people.zhuli())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM helpdesk_secondfactor")
        rows = str(cursor.fetchall())
        cursor.execute("SELECT * FROM helpdesk_recoverycode")
        rows += str(cursor.fetchall())
    assert "gAAAA" in rows
    plain = codes[0].replace("-", "")
    assert [secret for secret in (factor.key, factor.text_key.replace(" ", ""), codes[0], plain) if secret in rows] == []


def test_another_sign_in_gets_another_key():
    """Whoever knew the password and saw a key before the owner came must not hold the one that the owner then scans."""
    first, second = half_in(people.zhuli()), half_in(people.zhuli())
    seen = key_on(page(first, SET_UP))
    assert key_on(page(second, SET_UP)) != seen
    assert SecondFactor.objects.count() == 1
    assert key_on(page(first, SET_UP)) != seen


# --- six digits ----------------------------------------------------------------------------------------------------------------------------


def test_a_code_is_taken_once(noon):
    factor, _ = has_factor(people.zhuli())
    code = digits(factor)
    assert half_in(people.zhuli()).post(CODE, {"code": code}).status_code == 302
    assert "不对" in checked(half_in(people.zhuli()).post(CODE, {"code": code}))
    noon.shift(30)
    assert half_in(people.zhuli()).post(CODE, {"code": digits(factor)}).status_code == 302


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(noon, steps, right):
    factor, _ = has_factor(people.zhuli())
    assert bool(actions.check_code(by=people.zhuli(), token=digits(factor, steps=steps)).factor) is right


@pytest.mark.parametrize("typed", [" 123 456 ", "１２３４５６", "123-456"])
def test_digits_may_be_typed_as_keyboards_write_them(typed):
    form = CodeForm({"code": typed})
    assert form.is_valid()
    assert form.cleaned_data["code"] == "123456"


@pytest.mark.parametrize(("typed", "sentence"), [("", "现在显示的6位数"), ("12345", "要6位数字"), ("abcdef", "要6位数字"), ("²²²²²²²", "要6位数字")])
def test_what_is_no_code_is_said_and_counts_nothing(typed, sentence):
    has_factor(people.zhuli())
    client = half_in(people.zhuli())
    assert sentence in checked(client.post(CODE, {"code": typed}))
    assert SecondFactor.objects.get().throttling_failure_count == 0


def test_after_five_wrong_codes_one_waits_a_minute_then_two(noon):
    factor, codes = has_factor(people.zhuli())
    client = half_in(people.zhuli())
    right = digits(factor)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    said = [checked(client.post(CODE, {"code": wrong})) for _ in range(5)]
    assert ["60秒以后" in text for text in said] == [False] * 4 + [True]
    assert "60秒以后" in checked(client.post(CODE, {"code": right}))  # now not even the right one
    assert "60秒以后" in checked(half_in(people.zhuli()).post(f"{CODE}?paper=1", {"code": codes[0]}))  # nor from elsewhere, nor the paper
    noon.shift(61)
    assert "2分钟以后" in checked(client.post(CODE, {"code": f"{(int(digits(factor)) + 1) % 1_000_000:06d}"}))
    noon.shift(121)
    assert client.post(CODE, {"code": digits(factor)}).status_code == 302
    assert SecondFactor.objects.get().throttling_failure_count == 0


def test_wrong_codes_while_the_clock_was_a_day_ahead_lock_nobody_out_for_a_day(noon):
    factor, _ = has_factor(people.zhuli())
    noon.shift(86400)
    client, wrong = half_in(people.zhuli()), f"{(int(digits(factor)) + 1) % 1_000_000:06d}"
    for _ in range(5):
        client.post(CODE, {"code": wrong})
    noon.shift(-86400)
    client = half_in(people.zhuli())
    assert "60秒以后" in checked(client.post(CODE, {"code": digits(factor)}))
    noon.shift(61)
    assert client.post(CODE, {"code": digits(factor)}).status_code == 302


def test_somebody_elses_digits_do_not_open():
    has_factor(people.xiaozhao())
    factor, _ = has_factor(people.zhuli())
    assert half_in(people.xiaozhao()).post(CODE, {"code": digits(factor)}).status_code == 200


# --- the paper -----------------------------------------------------------------------------------------------------------------------------


def test_a_recovery_code_opens_once_however_it_is_written(noon):
    _, codes = has_factor(people.zhuli())
    answer = half_in(people.zhuli()).post(f"{CODE}?paper=1", {"code": codes[0].upper().replace("-", " ")}, follow=True)
    text = checked(answer)
    assert "还剩9个" in text
    assert "已经用过了" in checked(half_in(people.zhuli()).post(f"{CODE}?paper=1", {"code": codes[0]}))
    assert AuditEntry.objects.filter(detail__contains="用了一个备用码，还剩9个").count() == 1


def test_a_new_paper_ends_the_old_one(noon):
    factor, codes = has_factor(people.zhuli())
    client = wholly_in(people.zhuli(), factor)
    assert client.get(CODES).url == ACCOUNT
    assert checked(client.post(CODES)).count("<li>") == 10
    assert actions.use_recovery_code(by=people.zhuli(), code=codes[0]).factor is None


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_recovery_code_one_comes_in():
    user = people.zhuli()
    _, codes = has_factor(user)
    opened = in_parallel(lambda: bool(actions.use_recovery_code(by=user, code=codes[0]).factor))
    assert sorted(opened) == [False, False, False, True]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_the_same_digits_one_comes_in():
    user = people.zhuli()
    factor, _ = has_factor(user)
    code = digits(factor, steps=1)  # good for this half-minute and the next, however slow the machine
    opened = in_parallel(lambda: bool(actions.check_code(by=user, token=code).factor))
    assert sorted(opened) == [False, False, False, True]


def in_parallel(act, count: int = 4) -> list:
    start, found = Barrier(count), []

    def run():
        try:
            start.wait()
            found.append(act())
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# --- another phone, a lost one -------------------------------------------------------------------------------------------------------------


def test_another_phone_needs_a_code_of_the_old_one(noon):
    factor, codes = has_factor(people.zhuli())
    client = wholly_in(people.zhuli(), factor)
    assert client.get(SET_UP).url == "/desk/account/new-phone/"
    assert client.post(SET_UP, {"code": "123456"}).url == ACCOUNT
    assert client.post("/desk/account/new-phone/?paper=1", {"code": codes[1]}).url == SET_UP
    checked(client.get(SET_UP))
    new = SecondFactor.objects.get(confirmed=False)
    assert SecondFactor.objects.get(confirmed=True) == factor  # until the new one has shown a code, the old one counts
    assert checked(client.post(SET_UP, {"code": digits(new)})).count("<li>") == 10
    assert SecondFactor.objects.get() == new
    assert page(client, "/desk/")
    assert client.get(SET_UP).url == "/desk/account/new-phone/"


def test_the_leave_to_set_up_another_phone_runs_out(noon):
    factor, _ = has_factor(people.zhuli())
    client = wholly_in(people.zhuli(), factor)
    noon.shift(60)
    assert client.post("/desk/account/new-phone/", {"code": digits(factor)}).url == SET_UP
    noon.shift(601)
    assert client.get(SET_UP).url == "/desk/account/new-phone/"


def test_an_administrator_resets_it_and_the_person_is_told():
    factor, _ = has_factor(people.zhuli())
    client = wholly_in(people.zhuli(), factor)
    actions.reset_factor(by=people.guanli(), user=people.zhuli())
    assert client.get("/desk/").url == f"{LOGIN}?next=/desk/"
    text = page(half_in(people.zhuli()), SET_UP)
    assert "管理清掉了您原来的验证器" in text
    assert AuditEntry.objects.filter(act="account", by=people.guanli(), detail="清掉朱丽的验证器").count() == 1
    with pytest.raises(actions.NotPossible, match="还没有设"):
        actions.reset_factor(by=people.guanli(), user=people.zhuli())
    has_factor(people.zhuli())
    assert people.zhuli().staff_account.reset_by == ""


def test_nobody_resets_their_own():
    has_factor(people.guanli())
    with pytest.raises(actions.NotPossible, match="自己的不能自己清"):
        actions.reset_factor(by=people.guanli(), user=people.guanli())
    assert SecondFactor.objects.count() == 1


def test_the_key_is_carried_over_when_the_keys_of_personal_data_change(settings):
    factor, _ = has_factor(people.zhuli())
    old = settings.PII_KEYS
    settings.PII_KEYS = [Fernet.generate_key().decode(), *old]
    list(rotate(write=True))
    settings.PII_KEYS = settings.PII_KEYS[:1]
    assert SecondFactor.objects.get().key == factor.key


def test_a_key_that_nobody_can_read_any_more_is_loud_and_can_be_reset(settings):
    """The site was restored with other keys: whoever is asked for digits meets a fault, not a silent refusal, and the operator's reset does not need the key."""
    factor, _ = has_factor(people.zhuli())
    code = digits(factor)
    settings.PII_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(InvalidToken):
        actions.check_code(by=people.zhuli(), token=code)
    actions.reset_factor(by=None, user=people.zhuli())
    assert SecondFactor.objects.count() == 0


def test_the_account_page_is_reached_from_the_desk_and_from_the_back_office(settings):
    settings.SECOND_FACTOR = False
    assert f'href="{ACCOUNT}"' in page(half_in(people.zhuli()), "/desk/me/")
    assert f'href="{reverse("desk:account")}"' in half_in(people.bianji()).get("/admin/").content.decode()
    assert "设验证器" in page(half_in(people.bianji()), ACCOUNT)
