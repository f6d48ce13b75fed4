"""The page behind a plate: where am I, is it real, what do people here need."""

from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from doorplates import codes
from doorplates.actions import replace, revoke
from doorplates.models import Scan
from guides.models import Area
from tests.factories import SHUIYUN, make_building, make_guide, make_plate
from tests.people import bianji, guanli, zhuguan, zhuli

pytestmark = pytest.mark.django_db

CODE = "015A7VMX"  # holds characters with lookalikes; the check character is put right below
CODE = CODE[:7] + codes._check(CODE[:7])


@pytest.fixture
def plate():
    make_guide(featured=1)
    return make_plate(code=CODE)


def page(client, address, status=200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def forms_of(code: str) -> dict[str, str]:
    return {
        "as printed": code,
        "lower case": code.lower(),
        "with a blank": f"{code[:4]} {code[4:]}",
        "with a dash": f"{code[:4]}-{code[4:]}",
        "letter O for zero, I for one, S for five, U for V": code.replace("0", "O").replace("1", "I").replace("5", "S").replace("V", "U"),
        "small l for one": code.lower().replace("1", "l"),
        "full width": "".join(chr(ord(c) + 0xFEE0) for c in code),
    }


@pytest.mark.parametrize("form", forms_of(CODE))
@pytest.mark.parametrize("address", ["/D/{}", "/d/{}", "/D/{}/", "/elder/D/{}"])
def test_every_way_to_type_a_code_leads_to_the_same_plate(client, plate, form, address):
    body = page(client, address.format(forms_of(CODE)[form]))
    assert f'<span class="number">{plate.spoken_code}</span>' in body


def test_the_page_says_where_one_is_that_it_is_genuine_and_that_reading_is_free(client, plate):
    body = page(client, f"/D/{plate.code}")
    assert "您扫的是 水韵名都社区" in body
    assert "<b>示例小区 8号楼 2单元</b>（示例楼栋）" in body
    assert "这块门牌是真的，正在用。" in body
    assert "网址是 <b>127.0.0.1:8000</b>" in body
    assert "不用登录、不要手机号、不要验证码、不收钱" in body
    assert "大家常办的" in body
    assert "按主题找" in body
    assert f'action="/c/{SHUIYUN}/guides/"' in body  # search from here
    assert f'href="/c/{SHUIYUN}/guides/yibao-001/"' in body


def test_a_real_building_is_not_called_a_sample(client):
    building = make_building()
    building.is_sample = False
    building.save()
    body = page(client, f"/D/{make_plate(building).code}")
    assert "（示例楼栋）" not in body


def test_the_helper_of_the_community_stands_on_the_plate_when_known(client, plate):
    assert "帮办电话还没登记" in page(client, f"/D/{plate.code}")
    Area.objects.filter(pk=SHUIYUN).update(contact_name="王姐", contact_phone="0000-0000000")
    body = page(client, f"/D/{plate.code}")
    assert '本社区帮办 王姐 <a href="tel:00000000000">0000-0000000</a>' in body


def test_a_mistyped_code_says_so_and_offers_to_try_again(client, plate):
    wrong = plate.code[:6] + ("3" if plate.code[6] != "3" else "4") + plate.code[7]
    for typed in (wrong, "7K3M", "你好", "x" * 40):
        body = page(client, f"/D/{typed}", 404)
        assert "可能打错了一个字" in body
        assert "可能是假的" not in body
        assert 'name="code"' in body
        assert 'href="tel:12345"' in body


def test_a_code_that_was_never_given_out_warns_of_a_fake(client, plate):
    unknown = codes.generate()
    body = page(client, f"/D/{unknown}", 404)
    assert "我们没有发过这个编号。" in body
    assert "不要付钱，不要报验证码和密码" in body
    assert 'href="tel:96110"' in body
    assert "可能打错了" not in body


def test_a_revoked_plate_is_gone_and_still_helps(client, plate):
    revoke(plate, by="沈禾", reason="楼拆了")
    body = page(client, f"/D/{plate.code}", 410)
    assert "这块门牌作废了" in body
    assert "这块门牌是真的" not in body
    assert "楼拆了" not in body  # the reason is the bureau's own
    assert f'href="/c/{SHUIYUN}/"' in body
    assert 'href="tel:12345"' in body


def test_a_replaced_plate_leads_to_its_successor(client, plate):
    successor = replace(plate, by="沈禾", reason="破了")
    body = page(client, f"/D/{plate.code}", 410)
    assert "这块门牌换新的了" in body
    assert f'href="/D/{successor.code}"' in body
    assert f"<b>{successor.spoken_code}</b>" in body
    page(client, f"/D/{successor.code}")
    assert f'href="/elder/D/{successor.code}"' in page(client, f"/elder/D/{plate.code}", 410)


@pytest.mark.parametrize("end", ["unknown", "revoked", "replaced"])
def test_only_a_plate_in_use_counts_or_leaves_a_cookie(client, plate, end):
    code = plate.code
    if end == "unknown":
        code = codes.generate()
    else:
        {"revoked": revoke, "replaced": replace}[end](plate, by="沈禾", reason="")
    response = client.get(f"/D/{code}")
    assert response.cookies == {}
    assert Scan.objects.count() == 0


def test_no_shared_cache_keeps_a_plates_page(client, plate):
    for address in (f"/D/{plate.code}", f"/elder/D/{plate.code}", f"/D/{codes.generate()}"):
        assert client.get(address)["Cache-Control"] == "private, no-cache"


def test_the_address_in_the_symbol_is_upper_case():
    assert reverse("doorplates:plate", args=[CODE]) == f"/D/{CODE}"


# ---- the plate someone came from


def test_the_plate_cookie_is_closed_to_scripts_and_short_lived(client, plate):
    cookie = client.get(f"/D/{plate.code}").cookies["plate"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (plate.code, True, "Lax", 12 * 60 * 60)


def test_the_plate_cookie_is_only_sent_safely_where_there_is_https(client, plate, settings):
    settings.HTTPS = True
    assert client.get(f"/D/{plate.code}").cookies["plate"]["secure"] is True


def test_the_plate_cookie_changes_the_help_form_and_no_other_page(plate):
    came = Client()
    came.get(f"/D/{plate.code}")
    assert "8号楼" in page(came, "/help/new/")
    assert "8号楼" not in page(Client(), "/help/new/")
    for address in ("/", "/guides/", "/guides/yibao-001/", f"/c/{SHUIYUN}/", "/areas/", "/verify/", "/help/"):
        assert page(came, address) == page(Client(), address), address


# ---- for whoever is signed in


STAFF_LINK = "记下这块门牌的情况"


def test_a_resident_gets_the_same_bytes_whoever_works_here(plate):
    """Also with a session cookie that is nobody's any more. The panel of staff exists, or this would prove nothing."""
    zhuli(), guanli()
    plain = Client().get(f"/D/{plate.code}")
    left_over = Client()
    left_over.cookies["sessionid"] = "x" * 32
    assert plain.content == Client().get(f"/D/{plate.code}").content == left_over.get(f"/D/{plate.code}").content
    assert STAFF_LINK not in plain.content.decode()
    assert "Cookie" not in plain.get("Vary", "")
    helper = Client()
    helper.force_login(zhuli())
    assert STAFF_LINK in helper.get(f"/D/{plate.code}").content.decode()


def test_staff_come_from_the_wall_to_where_they_may_mark(client, plate):
    shown = {}
    for person in (zhuli(), zhuguan(), guanli(), bianji()):
        client.force_login(person)
        response = client.get(f"/D/{plate.code}")
        assert response["Cache-Control"] == "private, no-cache"
        body = response.content.decode()
        shown[person.username] = (f'href="/desk/plates/{plate.code}/"' in body, f'href="/admin/doorplates/doorplate/{plate.pk}/change/"' in body)
    assert shown == {"zhuli": (True, False), "zhuguan": (True, False), "guanli": (False, True), "bianji": (False, False)}
    replace(plate, by="沈禾", reason="破了")
    client.force_login(zhuli())
    assert f'href="/desk/plates/{plate.code}/"' in page(client, f"/D/{plate.code}", 410)


def test_a_plates_page_asks_nothing_of_the_database_about_staff_unless_somebody_signed_in(client, plate):
    with CaptureQueriesContext(connection) as seen:
        client.get(f"/D/{plate.code}")
    assert not [query for query in seen.captured_queries if "auth_" in query["sql"] or "django_session" in query["sql"]]


# ---- is this one genuine?


@pytest.mark.parametrize("prefix", ["", "/elder"])
@pytest.mark.parametrize("typed", forms_of(CODE).values())
def test_a_number_from_the_wall_is_answered_with_its_place(client, plate, typed, prefix):
    response = client.get(f"{prefix}/verify/", {"code": typed})
    body = response.content.decode()
    assert response.status_code == 200
    assert "编号是真的，在用" in body
    assert "水韵名都社区 示例小区 8号楼 2单元" in body
    assert f'href="{prefix}/D/{plate.code}"' in body
    assert "网址照不了" in body  # a true number may be copied under a false symbol


def test_checking_a_number_is_no_scan_and_leaves_no_cookie(client, plate):
    response = client.get("/verify/", {"code": plate.code})
    assert (response.cookies, Scan.objects.count()) == ({}, 0)
    assert (response["X-Robots-Tag"], response["Cache-Control"]) == ("noindex", "public, max-age=60, stale-while-revalidate=30")


def test_a_replaced_number_names_its_successor_and_the_day(client, plate):
    successor = replace(plate, by="沈禾", reason="雨水泡坏了")
    body = page(client, f"/verify/?code={plate.code}")
    assert "换新的了，这块停用" in body
    assert f"{timezone.localdate():%Y}年" in body
    assert successor.spoken_code in body
    assert f'href="/D/{successor.code}"' in body
    assert "雨水泡坏了" not in body
    assert "编号是真的" not in body


def test_a_revoked_number_is_not_to_be_used(client, plate):
    revoke(plate, by="沈禾", reason="楼拆了")
    body = page(client, f"/verify/?code={plate.code}")
    assert "作废了，不要再用" in body
    assert "楼拆了" not in body
    assert f'href="/D/{plate.code}"' not in body


def test_a_number_that_was_never_given_out_warns(client, plate):
    body = page(client, f"/verify/?code={codes.generate()}")
    assert "我们没有发过这个编号" in body
    assert "不要付钱，不要报验证码和密码" in body


def test_a_mistyped_number_tells_nothing_of_the_plates_it_is_like(client, plate):
    wrong = plate.code[:6] + ("3" if plate.code[6] != "3" else "4") + plate.code[7]
    body = page(client, f"/verify/?code={wrong}")
    assert "再看一遍编号" in body
    assert "里面有一个字不对" in body
    assert "8号楼" not in body
    assert plate.code not in body
    assert "编号是8个字，您打了6个" in page(client, f"/verify/?code={plate.code[:6]}")


@pytest.mark.parametrize("address, named", [("https://menpai.example.gov.cn", True), ("http://127.0.0.1:8000", False)])
def test_how_to_tell_a_fake_names_the_host_and_https_only_where_it_is_true(client, settings, address, named):
    settings.SITE_URL = address
    body = page(client, "/verify/")
    assert ("<b>https://</b>" in body) is named
    assert f"<b>{address.partition('://')[2]}</b>" in body
    for must in ("不装软件", "不收钱", "验证码", 'href="tel:96110"', 'href="tel:110"', 'href="tel:12345"'):
        assert must in body


@pytest.mark.parametrize("typed", ["../../admin", "//evil.example", "?", "#", " ", "。。。", "😀", "<script>x", "x" * 500])
def test_whatever_is_typed_is_answered_on_the_same_page_and_comes_out_as_text(client, typed):
    body = page(client, "/verify/?" + urlencode({"code": typed}))
    assert "<script>x" not in body
    assert ("再看一遍编号" in body) is bool(typed.strip())


def test_what_was_typed_comes_out_as_text(client):
    body = page(client, "/D/<script>x", 404)
    assert "<script>" not in body
    assert "&lt;script&gt;x" in body


def test_a_plate_costs_the_same_in_a_village_with_one_plate_and_with_three(client, plate):
    counts = []
    for entrances in ([], ["1单元", "3单元"]):
        for entrance in entrances:
            make_plate(plate.building, entrance=entrance)
        with CaptureQueriesContext(connection) as seen:
            client.head(f"/D/{plate.code}")
        counts.append(len(seen))
    assert counts[0] == counts[1]
