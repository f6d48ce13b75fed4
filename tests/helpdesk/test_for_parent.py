"""A child asks for a parent: the parent's place decides who helps, both follow one number, and neither learns the other's phone."""

import re

import pytest
from django.test import Client

from doorplates.actions import replace, revoke
from doorplates.scanning import PLATE_COOKIE
from guides.models import Agency
from helpdesk.forms import TOO_MANY
from helpdesk.models import HelpRequest, Principal
from menpai.encryption import blind_index
from menpai.throttle import allow
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, make_area, make_building, make_guide, make_plate

pytestmark = pytest.mark.django_db

HERE = "/help/for-parent/"


@pytest.fixture
def plate():
    people.zhuli()
    return make_plate()


def asked(**fields) -> dict:
    return {
        "principal_name": "王阿姨", "principal_phone": "139 5252 0002", "name": "小王", "phone": "138 0013 8000", "relation": "女儿", "consent": "on",
        "submission_key": "8c0c4a1e-6f5b-4b6e-9c4e-1f1f1f1f1f1f",
    } | fields  # fmt: skip


def value_of(body: str, name: str) -> str:
    field = re.search(rf'<(?:input|textarea|select)[^>]*name="{name}"[^>]*>', body)[0]
    if field.startswith("<input"):
        return (re.search(r'value="([^"]*)"', field) or ["", ""])[1]
    rest = body[body.index(field) + len(field):]
    if field.startswith("<textarea"):
        return rest[: rest.index("</textarea>")].strip()
    return re.search(r'value="([^"]*)" selected', rest[: rest.index("</select>")])[1]


@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_the_request_goes_to_the_parents_village_whatever_plate_the_child_scanned(client, plate, prefix):
    childs = make_plate(make_building(make_area(XIAZHUANGZI), name="3号楼"))
    client.cookies[PLATE_COOKIE] = childs.code
    typed = plate.spoken_code.lower().replace("0", "o")
    response = client.post(prefix + HERE, asked(plate=f" {typed} "))
    stored = HelpRequest.objects.get()
    assert response.url == f"{prefix}/help/{stored.reference}/?new=1"
    assert (stored.area_id, stored.queue_id, stored.doorplate) == (SHUIYUN, SHUIYUN, plate)
    assert (stored.name, stored.phone, stored.for_someone, stored.relation) == ("小王", "13800138000", True, "女儿")
    principal = Principal.objects.get()
    assert (principal.name, principal.phone, principal.phone_index) == ("王阿姨", "13952520002", blind_index("13952520002"))
    assert (principal.consent, principal.answered_at) == ("asked", None)


def test_the_village_alone_is_enough_and_the_same_form_twice_is_one_request(client, plate):
    for _ in range(2):
        assert client.post(HERE, asked(area=SHUIYUN, principal_phone="")).status_code == 302
    assert (HelpRequest.objects.get().area_id, HelpRequest.objects.get().doorplate) == (SHUIYUN, None)
    assert (Principal.objects.get().phone, Principal.objects.get().phone_index) == ("", "")


def test_a_replaced_plate_leads_to_the_new_one_and_a_revoked_one_still_says_where(client, plate):
    successor = replace(plate, by="沈禾", reason="")
    client.post(HERE, asked(plate=plate.code))
    assert HelpRequest.objects.get().doorplate == successor
    revoke(successor, by="沈禾", reason="")
    client.post(HERE, asked(plate=successor.code, name="小李"))
    second = HelpRequest.objects.get(doorplate=None)
    assert second.area_id == SHUIYUN


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "填他（她）家的门牌编号，或者在下面选村（社区）"),
        ({"plate": "7K3M9Q2A"}, "没有这个门牌编号"),
        ({"area": SHUIYUN, "principal_name": ""}, "写个称呼就行"),
        ({"area": SHUIYUN, "relation": ""}, "比如 女儿、侄子"),
        ({"area": SHUIYUN, "phone": "123"}, "手机是11位数字"),
        ({"area": SHUIYUN, "principal_phone": "123"}, "手机是11位数字"),
        ({"area": SHUIYUN, "principal_phone": "13800138000"}, "和您自己的电话一样"),
        ({"area": SHUIYUN, "consent": ""}, "要您同意"),
        ({"area": SHUIYUN, "note": "身份证640205194001011234"}, "不要写身份证号"),
    ],
)
def test_mistakes_say_what_to_do_and_keep_what_was_typed(client, plate, wrong, sentence):
    sent = asked(**{"note": "腿不好", "principal_phone": "13952520002"} | wrong)
    body = client.post(HERE, sent).content.decode()
    assert sentence in body
    for name in ("principal_name", "name", "phone", "principal_phone", "relation", "note"):
        assert value_of(body, name) == sent[name]
    assert HelpRequest.objects.count() == 0


def test_a_plate_and_a_village_that_do_not_fit_are_asked_about(client, plate):
    make_area(XIAZHUANGZI)
    assert "这块门牌在水韵名都社区" in client.post(HERE, asked(plate=plate.code, area=XIAZHUANGZI)).content.decode()


def test_agency_is_refused_where_the_person_must_come_with_everything_kept(client, plate):
    make_guide(agency=Agency.ACCOMPANY)
    sent = asked(plate=plate.code, guide="yibao-001", kind="agent", note="腿不好")
    body = client.post(HERE, sent).content.decode()
    assert "改选“帮办”" in body
    assert value_of(body, "note") == "腿不好"
    assert HelpRequest.objects.count() == 0
    assert client.post(HERE, sent | {"kind": "accompany"}).status_code == 302


def test_the_limit_and_a_stale_page_lose_nothing(client, plate):
    body = Client(enforce_csrf_checks=True).post(HERE, asked(area=SHUIYUN)).content.decode()
    assert "您填的都在" in body
    assert value_of(body, "principal_name") == "王阿姨"
    for _ in range(30):
        allow("help", "127.0.0.1", limit=30, minutes=60)
    assert TOO_MANY in client.post(HERE, asked(area=SHUIYUN)).content.decode()
    assert HelpRequest.objects.count() == 0


def test_the_short_form_stays_short_and_leads_here(client, plate):
    make_guide()
    for prefix in ("", "/elder"):
        body = client.get(f"{prefix}/help/new/?guide=yibao-001").content.decode()
        assert f'href="{prefix}{HERE}?guide=yibao-001"' in body
        assert "principal_name" not in body
    body = client.get(f"{HERE}?guide=yibao-001&plate={plate.code}").content.decode()
    assert value_of(body, "plate") == plate.code
    assert value_of(body, "guide") == "yibao-001"


# the door that both have


def asks(client, plate, **fields) -> HelpRequest:
    client.post(HERE, asked(plate=plate.code, **fields))
    client.cookies.clear()
    return HelpRequest.objects.get()


def knock(client, stored, last_four: str, prefix: str = ""):
    return client.post(f"{prefix}/help/{stored.reference}/", {"act": "open", "last_four": last_four})


@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_either_phone_opens_and_each_side_sees_the_other_but_not_their_phone(client, plate, prefix):
    stored = asks(client, plate)
    seen = {}
    for side, digits in (("child", "8000"), ("parent", "0002")):
        assert knock(client, stored, digits, prefix).status_code == 302
        seen[side] = client.get(f"{prefix}/help/{stored.reference}/").content.decode()
        client.cookies.clear()
    assert "这是您替<b>王阿姨</b>问的" in seen["child"]
    assert "138****8000" in seen["child"]
    assert "0002" not in seen["child"].replace(stored.reference, "").replace(stored.spoken_reference, "")
    assert "您的<b>女儿 小王</b>替您问的" in seen["parent"]
    assert "139****0002" in seen["parent"]
    assert "8000" not in seen["parent"].replace(stored.reference, "").replace(stored.spoken_reference, "")


def test_wrong_pairs_get_equal_answers_whether_there_is_a_parent_or_not(client, plate):
    stored = asks(client, plate)

    def answer(reference: str) -> str:
        body = client.post(f"/help/{reference}/", {"act": "open", "last_four": "1234"}).content.decode()
        return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", body).replace(reference, "N")

    assert answer(stored.reference) == answer("123456789")


def test_the_limit_counts_the_tries_of_both_phones_together(client, plate):
    stored = asks(client, plate)
    for digits in ("1111", "2222", "3333", "4444", "5555"):
        knock(client, stored, digits)
    assert "试的次数太多了" in knock(client, stored, "0002").content.decode()


def test_without_a_phone_of_the_parent_nothing_more_opens(client, plate):
    stored = asks(client, plate, principal_phone="")
    assert knock(client, stored, "0000").status_code == 200
    assert knock(client, stored, "8000").status_code == 302
