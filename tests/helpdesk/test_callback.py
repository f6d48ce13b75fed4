"""请人给我打电话: a phone number and a tick, and what happens with them."""

import re
import uuid

import pytest
from django.test import Client

from guides.actions import withdraw
from guides.models import Agency
from helpdesk.models import NO_NAME, HelpRequest, Kind
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, make_area, make_guide, make_plate, make_request, make_situation
from tests.helpdesk.test_resident import page, value_of
from tests.people import guanjia, zhuli

pytestmark = pytest.mark.django_db

PHONE = "13800138000"
ADDRESSES = ["/help/callback/", "/elder/help/callback/"]


@pytest.fixture(autouse=True)
def village():
    """水韵名都社区 with 朱丽 in it."""
    make_area(SHUIYUN), zhuli()


def asked(**fields) -> dict:
    return {"phone": PHONE, "consent": "on", "submission_key": str(uuid.uuid4())} | fields


def hidden(body: str) -> dict[str, str]:
    """What the page sends along by itself."""
    form = re.search(r'<form method="post".*?</form>', body, re.DOTALL)[0]
    names = re.findall(r'<input type="hidden" name="([^"]*)"', form)
    return {name: value_of(form, name) for name in names if name != "csrfmiddlewaretoken"}


def beside_the_field(body: str) -> list[str]:
    return re.findall(r'<p class="error" id="[^"]*">([^<]*)</p>', body)


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_the_phone_is_asked_and_somebody_has_it(client, address):
    body = page(client, address)
    shown = re.findall(r'<(?:input|select|textarea)[^>]*type="(?!hidden)[^"]*"[^>]*name="([^"]*)"|<input[^>]*name="(consent)"', body)
    assert {name for pair in shown for name in pair if name} == {"phone", "consent"}
    response = client.post(address, hidden(body) | {"phone": PHONE, "consent": "on"})
    stored = HelpRequest.objects.get()
    assert response["Location"] == f"{address.removesuffix('callback/')}{stored.reference}/?new=1"
    assert (stored.name, stored.phone, stored.kind, stored.area_id, stored.guide, stored.note) == (NO_NAME, PHONE, Kind.ADVICE, DISTRICT, None, "")
    assert stored.consent_version
    assert [event.kind for event in stored.events.all()] == ["submitted"]


def test_what_the_address_and_the_plate_know_goes_along(client):
    guide = make_guide(papers=("身份证",))
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    plate = make_plate()
    client.get(f"/D/{plate.code}")
    body = page(client, "/elder/help/callback/", guide="yibao-001", area=SHUIYUN, case="who=agent")
    assert guide.plain_title in body
    assert "水韵名都社区的帮办员最晚 " in body
    client.post("/elder/help/callback/", hidden(body) | {"phone": PHONE, "consent": "on"})
    stored = HelpRequest.objects.get()
    assert (stored.guide, stored.area_id, stored.queue_id, stored.doorplate) == (guide, SHUIYUN, SHUIYUN, plate)
    assert [paper.name for paper in stored.papers.all()] == ["身份证"]


@pytest.mark.parametrize("typed", ["１３８００１３８０００", "138 0013 8000", "+86 138-0013-8000", "0086138００138000"])
def test_a_number_is_understood_as_people_type_it(client, typed):
    client.post("/help/callback/", asked(phone=typed))
    assert HelpRequest.objects.get().phone == PHONE


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(("field", "value", "sentence"), [
    ("phone", "", "留个电话，帮办员好给您回。"), ("phone", "1380013", "电话好像不对。手机是11位数字；座机请带上区号，比如 0952 开头。"),
    ("phone", "1" * 31, "电话太长了，是不是多打了？"), ("consent", "", "要您同意，我们才能留您的电话。不同意可以直接打 12345。"),
])  # fmt: skip
def test_a_mistake_is_told_beside_the_field_and_what_was_typed_stays(client, address, field, value, sentence):
    make_guide()
    sent = asked(guide="yibao-001", area=SHUIYUN) | {field: value}
    body = client.post(address, sent).content.decode()
    assert beside_the_field(body) == [sentence]
    assert value_of(body, "phone") == sent["phone"]
    assert hidden(body) | {} == {"submission_key": sent["submission_key"], "guide": "yibao-001", "area": SHUIYUN, "plate": "", "case": "", "enterprise": ""}
    assert HelpRequest.objects.count() == 0


@pytest.mark.parametrize("brought", [{"guide": "yibao-001"}, {"area": TOWNSHIP}, {"area": "x", "guide": "<b>", "plate": "x" * 50, "case": "x" * 300}])
def test_what_no_longer_fits_does_not_stand_in_the_way(client, brought):
    withdraw(guide=make_guide(), by="沈禾")
    client.post("/help/callback/", asked(**brought))
    assert (HelpRequest.objects.get().guide, HelpRequest.objects.get().area_id) == (None, DISTRICT)


def test_the_same_form_twice_is_one_request_and_a_corrected_number_another(client):
    sent = asked()
    for phone in (PHONE, PHONE, "13800138001"):
        client.post("/help/callback/", sent | {"phone": phone})
    assert [stored.phone for stored in HelpRequest.objects.order_by("id")] == [PHONE, "13800138001"]


def test_the_limit_counts_both_forms_together_and_keeps_the_number(client):
    for _ in range(29):
        client.post("/help/callback/", asked())
    client.post("/help/new/", asked(name="王阿姨"))
    body = client.post("/elder/help/callback/", asked()).content.decode()
    assert "这会儿提交得太勤了" in body
    assert value_of(body, "phone") == PHONE
    assert HelpRequest.objects.count() == 30


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_that_was_open_too_long_keeps_the_number(address):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(address, asked())
    body = response.content.decode()
    assert response.status_code == 403
    assert "这一页放得太久了。您填的都在，请再点一次提交。" in body
    assert value_of(body, "phone") == PHONE
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', body)[1]
    assert strict.post(address, hidden(body) | {"phone": PHONE, "consent": "on", "csrfmiddlewaretoken": token}).status_code == 302


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_cache_keeps_it(client, address):
    for response in (client.get(address), client.post(address, asked())):
        assert "no-store" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]


def test_the_page_after_shows_the_number_and_how_to_use_it(client):
    client.post("/elder/help/callback/", asked(area=SHUIYUN))
    stored = HelpRequest.objects.get()
    body = page(client, f"/elder/help/{stored.reference}/", new="1")
    assert f'<p class="number-big">{stored.spoken_reference}</p>' in body
    for words in ("收到了，已经交给水韵名都社区的帮办员。", "拿笔记下来，或者截个图。", "填这个号和您电话的后四位"):
        assert words in body


def test_the_desk_sees_that_no_name_was_left(client):
    client.post("/help/callback/", asked(area=SHUIYUN))
    assert HelpRequest.objects.get().masked_name == NO_NAME
    client.force_login(zhuli())
    assert NO_NAME in page(client, "/desk/")


# ---- the whole form of the 长辈版


def test_enter_before_the_end_sends_nothing_and_loses_nothing(client):
    typed = {"phone": PHONE, "note": "腿不好", "submission_key": str(uuid.uuid4())}
    body = client.post("/elder/help/new/", typed | {"next": "1"}).content.decode()
    assert (value_of(body, "phone"), value_of(body, "note"), value_of(body, "submission_key")) == (PHONE, "腿不好", typed["submission_key"])
    assert ('class="error"' in body, HelpRequest.objects.count()) == (False, 0)
    assert re.search(r'class="question first" id="q-(\w+)"', body)[1] == "name"


def test_a_mistake_opens_its_own_question_with_everything_typed(client):
    sent = asked(name="老李", phone="138", note="腿不好", call_time="evening", for_someone="on", relation="女儿", kind="home", area=SHUIYUN)
    body = client.post("/elder/help/new/", sent).content.decode()
    assert re.search(r'class="question first" id="q-(\w+)"', body)[1] == "phone"
    assert '<a href="#q-phone">电话好像不对。' in body
    assert {name: value_of(body, name) for name in sent} == sent


# ---- 代办 where the person must come


@pytest.mark.parametrize("mode", ["", "/elder"])
def test_the_form_says_that_nobody_can_go_instead_and_refuses_it_with_what_to_choose(client, mode):
    make_guide(agency=Agency.ACCOMPANY)
    said = "代办：<b>这件事不能代办</b>，本人必须到场。请选“帮办”"
    assert said in page(client, f"{mode}/help/new/", guide="yibao-001", help="agent")
    assert "代办：替您跑腿" in page(client, f"{mode}/help/new/")
    sent = asked(name="王阿姨", guide="yibao-001", kind="agent", note="腿不好", area=SHUIYUN)
    body = client.post(f"{mode}/help/new/", sent).content.decode()
    assert "这件事本人必须到场，不能代办。改选“帮办”：帮办员先打电话，再陪着去。" in body
    assert {name: value_of(body, name) for name in sent} == sent
    assert HelpRequest.objects.count() == 0
    if mode:
        assert re.search(r'class="question first" id="q-(\w+)"', body)[1] == "kind"
    assert client.post(f"{mode}/help/new/", sent | {"kind": "accompany"}).status_code == 302


def test_others_are_not_told_so(client):
    make_guide(agency=Agency.AGENT)
    response = client.post("/help/new/", asked(name="王阿姨", guide="yibao-001", kind="agent"))
    assert "必须到场" not in page(client, response["Location"])


# ---- following, one part a page


def opened(client, **fields) -> HelpRequest:
    stored = make_request(**fields)
    client.post(f"/elder/help/{stored.reference}/", {"act": "open", "last_four": "8000"})
    return stored


def test_a_message_is_written_on_its_own_page_and_seen_there(client):
    here = f"/elder/help/{opened(client).reference}/"
    assert 'name="text"' not in page(client, here)
    assert 'href="?step=talk">给帮办员留言' in page(client, here)
    response = client.post(f"{here}?step=talk", {"act": "reply", "text": "明天在家"})
    assert response["Location"] == f"{here}?step=talk"
    assert "明天在家" in page(client, here, step="talk")
    empty = client.post(f"{here}?step=talk", {"act": "reply", "text": ""}).content.decode()
    assert beside_the_field(empty) == ["写点什么再发。"]


def test_cancelling_is_asked_for_on_its_own_page(client):
    stored = opened(client)
    here = f"/elder/help/{stored.reference}/"
    assert "取消这个诉求" not in page(client, here)
    assert "取消这个诉求" in page(client, here, step="cancel")
    client.post(f"{here}?step=cancel", {"act": "cancel"})
    assert "现在：已取消" in page(client, here)
    assert "取消这个诉求" not in page(client, here, step="cancel")  # nothing left to cancel: the state instead


def test_a_message_that_came_after_the_door_closed_is_still_there(client):
    stored = make_request()
    here = f"/elder/help/{stored.reference}/"
    body = client.post(f"{here}?step=talk", {"act": "reply", "text": "明天在家"}).content.decode()
    body = client.post(here, {"act": "open", "last_four": "8000", "draft": value_of(body, "draft")}).content.decode()
    assert value_of(body, "text") == "明天在家"


def test_an_enterprise_is_called_by_the_steward(client):
    guanjia()
    make_guide("shangshi-001", audience="enterprise")
    for address in ("/elder/help/callback/?guide=shangshi-001", "/help/callback/?enterprise=1"):
        body = page(client, address)
        assert "项目管家最晚 " in body
        client.post("/help/callback/", hidden(body) | {"phone": PHONE, "consent": "on"})
        assert HelpRequest.objects.last().for_steward
    assert "项目管家" not in page(client, "/help/callback/")
