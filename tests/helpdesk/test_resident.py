"""Asking for help and following it, as a resident does."""

import re
import uuid
from datetime import datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import actions
from helpdesk.models import CloseReason, EventKind, HelpRequest, Kind, Message, new_reference
from menpai.roles import Role
from menpai.throttle import allow
from tests.factories import (
    DISTRICT,
    SHUIYUN,
    TOWNSHIP,
    XIAZHUANGZI,
    make_area,
    make_building,
    make_guide,
    make_plate,
    make_posting,
    make_request,
    make_situation,
    make_user,
)
from tests.people import guanjia, xiaozhao, zhuguan, zhuli, zhuli2

pytestmark = pytest.mark.django_db

NAME, PHONE = "王阿姨", "13800138000"


def asked(**fields) -> dict:
    least = {"name": NAME, "phone": PHONE, "consent": "on", "submission_key": str(uuid.uuid4())}
    return least | fields


def ask(client, address="/help/new/", **fields) -> HelpRequest:
    """Send the form and get the stored request; the answer must lead to its page."""
    response = client.post(address, asked(**fields))
    assert response.status_code == 302, re.findall(r'class="error"[^>]*>([^<]*)', response.content.decode())
    stored = HelpRequest.objects.order_by("-id").first()
    assert response["Location"] == f"{'/elder' if address.startswith('/elder') else ''}/help/{stored.reference}/?new=1"
    return stored


def page(client, address, status=200, **query) -> str:
    response = client.get(address, query)
    assert response.status_code == status
    return response.content.decode()


def value_of(body: str, name: str) -> str:
    """What an input, a textarea or a select holds."""
    if found := re.search(rf'<textarea name="{name}"[^>]*>\s?(.*?)</textarea>', body, re.DOTALL):
        return unescape(found[1])
    if found := re.search(rf'<select name="{name}".*?</select>', body, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', found[0])
        return chosen[1] if chosen else ""
    for tag in re.findall(rf'<input[^>]*name="{name}"[^>]*>', body):
        if 'type="radio"' in tag or 'type="checkbox"' in tag:
            if " checked" in tag:
                return re.search(r'value="([^"]*)"', tag)[1] if 'type="radio"' in tag else "on"
            continue
        return unescape(found[1]) if (found := re.search(r'value="([^"]*)"', tag)) else ""
    return ""


def errors_beside(body: str) -> list[str]:
    return re.findall(r'<p class="error"[^>]*>(?!有\d)([^<]*)</p>', body)


@pytest.fixture
def village():
    """水韵名都社区 with its two assistants, a guide and a plate."""
    make_area(SHUIYUN)
    zhuli(), xiaozhao()
    make_guide(papers=("身份证",))
    return make_plate()


# ---- the form


def test_the_form_asks_for_a_name_a_phone_and_consent(client, village):
    body = page(client, "/help/new/")
    assert (value_of(body, "name"), value_of(body, "phone"), value_of(body, "consent")) == ("", "", "")
    assert value_of(body, "kind") == "advice"
    assert "您的称呼和电话只给接这件事的帮办员看" in body
    assert "办完30天后删掉" in body


def test_a_name_and_a_phone_are_enough(client, village):
    stored = ask(client)
    assert (stored.name, stored.phone, stored.kind, stored.guide, stored.doorplate, stored.note) == (NAME, PHONE, Kind.ADVICE, None, None, "")
    assert stored.area_id == DISTRICT
    assert stored.consent_version == actions.CONSENT_VERSION


def test_everything_that_is_known_is_prefilled(client, village):
    client.get(f"/D/{village.code}")
    body = page(client, "/help/new/", guide="yibao-001", help="agent", case="who=agent", note="腿不好")
    assert "您在：<b>水韵名都社区 示例小区 8号楼 2单元</b>" in body
    assert '<p class="answer">交医保（城乡居民）</p>' in body
    seen = {name: value_of(body, name) for name in ("guide", "area", "plate", "kind", "case", "note")}
    assert seen == {"guide": "yibao-001", "area": SHUIYUN, "plate": village.code, "kind": "agent", "case": "who=agent", "note": "腿不好"}


def test_what_was_prefilled_is_stored(client, village):
    stored = ask(client, guide="yibao-001", area=SHUIYUN, plate=village.code, kind="home", call_time="evening", for_someone="on", relation="女儿", note="腿不好")
    assert (stored.guide.slug, stored.area_id, stored.doorplate, stored.kind, stored.call_time) == ("yibao-001", SHUIYUN, village, "home", "evening")
    assert (stored.for_someone, stored.relation, stored.note) == (True, "女儿", "腿不好")
    assert stored.queue_id == SHUIYUN


def test_the_checklist_of_the_own_case_comes_along(client, village):
    guide = make_guide("yibao-007", papers=("身份证",))
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    guide.materials.create(name="委托书", only_for=["who=agent"], order=9)
    own = ask(client, guide="yibao-007", case="who=agent")
    assert list(own.papers.values_list("name", flat=True)) == ["身份证", "委托书"]
    usual = ask(client, guide="yibao-007", case="who=nobody&&=%zz")
    assert list(usual.papers.values_list("name", flat=True)) == ["身份证"]


def test_a_plate_of_another_community_is_not_used(client, village):
    elsewhere = make_plate(make_building(make_area(XIAZHUANGZI)), entrance="1单元")
    client.get(f"/D/{elsewhere.code}")
    body = page(client, "/help/new/", area=SHUIYUN)
    assert "您在：" not in body
    assert (value_of(body, "plate"), value_of(body, "area")) == ("", SHUIYUN)
    stored = ask(client, area=SHUIYUN, plate=elsewhere.code)
    assert (stored.area_id, stored.doorplate) == (SHUIYUN, None)


def test_a_plate_that_ended_is_not_used(client, village):
    client.get(f"/D/{village.code}")
    village.state, village.ended_at = "revoked", timezone.now()
    village.save()
    assert "您在：" not in page(client, "/help/new/")
    assert ask(client, plate=village.code).doorplate is None


WRONG = {
    "name": ("", "写个称呼就行，比如 王阿姨、老李。"),
    "phone": ("1380013800", "电话好像不对。手机是11位数字；座机请带上区号，比如 0952 开头。"),
    "consent": ("", "要您同意，我们才能留您的电话。不同意可以直接打 12345。"),
    "guide": ("yibao-999", "这个事项现在没有，换一个，或者选“说不清”。"),
    "area": ("640205999999", "请从列表里选一个村（社区）。"),
    "relation": ("亲" * 21, "20个字以内就行，比如 女儿。"),
    "note": ("号640205195001011234", "不要写身份证号、银行卡号，我们用不着。请删掉再提交。"),
}
FULL = {
    "name": '老李 "<b>"', "phone": "138-0013-8000", "kind": "home", "call_time": "morning", "for_someone": "on", "relation": "儿子",
    "note": "第一行\n第二行 & <b>", "guide": "yibao-001", "area": SHUIYUN,
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_has_a_sentence_beside_its_field_and_nothing_typed_is_lost(client, village, name):
    wrong, sentence = WRONG[name]
    sent = asked(**FULL, case="who=self") | {name: wrong}
    response = client.post("/help/new/", sent)
    body = response.content.decode()
    assert response.status_code == 200
    assert errors_beside(body) == [sentence]
    assert f'<a href="#id_{name}' in body  # the summary leads to the field
    lost = {field: (value, value_of(body, field)) for field, value in sent.items() if value_of(body, field).replace("\r\n", "\n") != value}
    # A choice that is not on the list cannot be shown as chosen.
    assert set(lost) <= ({name} if name in ("guide", "area") else set())
    assert HelpRequest.objects.count() == 0


def test_a_prefilled_guide_and_plate_survive_an_error(client, village):
    client.get(f"/D/{village.code}")
    body = client.post("/help/new/", asked(guide="yibao-001", area=SHUIYUN, plate=village.code, phone="1")).content.decode()
    assert {n: value_of(body, n) for n in ("guide", "area", "plate")} == {"guide": "yibao-001", "area": SHUIYUN, "plate": village.code}
    assert "您在：<b>水韵名都社区" in body


def test_pressing_twice_makes_one_request(client, village):
    sent = asked()
    first, second = client.post("/help/new/", sent), client.post("/help/new/", sent)
    assert first["Location"] == second["Location"]
    assert HelpRequest.objects.count() == 1


def test_each_opened_form_is_a_request_of_its_own(client, village):
    keys = {value_of(page(client, "/help/new/"), "submission_key") for _ in range(2)}
    assert len(keys) == 2


def test_a_form_open_too_long_keeps_what_was_typed_and_then_goes_through(village):
    strict = Client(enforce_csrf_checks=True)
    sent = asked(**FULL)
    response = strict.post("/help/new/", sent)
    body = response.content.decode()
    assert response.status_code == 403
    assert "这一页放得太久了。您填的都在，请再点一次提交。" in body
    assert {n: value_of(body, n).replace("\r\n", "\n") for n in FULL} == FULL
    assert value_of(body, "submission_key") == sent["submission_key"]
    assert HelpRequest.objects.count() == 0
    again = strict.post("/help/new/", sent | {"csrfmiddlewaretoken": value_of(body, "csrfmiddlewaretoken")})
    assert again.status_code == 302
    assert HelpRequest.objects.get().name == FULL["name"]


def test_the_elder_form_open_too_long_stays_in_the_elder_version(village):
    response = Client(enforce_csrf_checks=True).post("/elder/help/new/", asked())
    assert (response.status_code, 'class="elder"' in response.content.decode()) == (403, True)
    assert 'action="/elder/help/new/"' in response.content.decode()


def test_a_door_open_too_long_is_shown_afresh(village):
    stored = make_request()
    response = Client(enforce_csrf_checks=True).post(f"/help/{stored.reference}/", {"act": "open", "last_four": "8000"})
    assert response.status_code == 403
    assert "这一页放得太久了，请再填一次后四位。" in response.content.decode()


def test_a_message_written_while_the_door_closed_is_not_lost(village):
    stored, text = make_request(phone=PHONE), "我明天下午在家"
    strict = Client(enforce_csrf_checks=True)
    body = strict.post(f"/help/{stored.reference}/", {"act": "reply", "text": text}).content.decode()
    assert (value_of(body, "draft"), "您写的还在" in body) == (text, True)
    sent = {"act": "open", "last_four": PHONE[-4:], "draft": text, "csrfmiddlewaretoken": value_of(body, "csrfmiddlewaretoken")}
    body = strict.post(f"/help/{stored.reference}/", sent).content.decode()
    assert (value_of(body, "text"), "刚才写的还没发出去" in body) == (text, True)
    sent = {"act": "reply", "text": text, "csrfmiddlewaretoken": value_of(body, "csrfmiddlewaretoken")}
    assert strict.post(f"/help/{stored.reference}/", sent).status_code == 302
    assert [message.text for message in stored.messages.all()] == [text]


def test_the_form_sent_again_with_a_corrected_phone_is_not_dropped(client, village):
    sent = asked(phone="13800138001")
    client.post("/help/new/", sent)
    client.post("/help/new/", sent | {"phone": PHONE})
    assert [stored.phone for stored in HelpRequest.objects.order_by("id")] == ["13800138001", PHONE]


def test_more_than_thirty_an_hour_from_one_address_are_asked_to_wait(client, village):
    with time_machine.travel("2026-11-24 10:00+08:00", tick=False) as clock:
        for _ in range(30):
            ask(client)
        response = client.post("/help/new/", asked(note="腿不好"))
        body = response.content.decode()
        assert "这会儿提交得太勤了，过一会儿再试。着急的话请直接打 12345。" in body
        assert (value_of(body, "name"), value_of(body, "note")) == (NAME, "腿不好")
        assert HelpRequest.objects.count() == 30
        Client(REMOTE_ADDR="10.0.0.9").post("/help/new/", asked())
        assert HelpRequest.objects.count() == 31
        clock.shift(timedelta(minutes=61))
        ask(client)


def test_a_mistake_does_not_count_towards_the_limit(client, village):
    for _ in range(35):
        client.post("/help/new/", asked(phone="1"))
    ask(client)


def test_the_form_can_be_sent_in_the_elder_version(client, village):
    stored = ask(client, address="/elder/help/new/")
    assert 'class="elder"' in page(client, f"/elder/help/{stored.reference}/")


# ---- whose it is, and until when


def told(client, stored) -> str:
    """The page after sending, in one line."""
    return re.sub(r"<[^>]*>", "", page(client, f"/help/{stored.reference}/", new="1"))


@time_machine.travel("2026-11-24 09:30+08:00", tick=False)
def test_the_answer_names_who_has_it_and_until_when(client, village):
    stored = ask(client, area=SHUIYUN)
    said = told(client, stored)
    assert stored.promised_at == datetime.fromisoformat("2026-11-24 14:30+08:00")  # four desk hours, without lunch
    assert "收到了，已经交给水韵名都社区的帮办员。" in said
    assert "最晚 今天 14:30 前给您打电话。" in said
    assert stored.spoken_reference in said
    assert re.fullmatch(r"\d{3}-\d{3}-\d{3}", stored.spoken_reference)


def test_a_village_nobody_works_in_goes_to_its_township(client):
    make_area(SHUIYUN), zhuguan()
    stored = ask(client, area=SHUIYUN)
    assert stored.queue_id == TOWNSHIP
    assert "已经交给园艺镇。" in told(client, stored)


def test_and_without_anybody_there_to_the_district(client):
    make_area(SHUIYUN), zhuli2()
    stored = ask(client, area=SHUIYUN)
    assert stored.queue_id == DISTRICT
    assert "已经交给惠农区。" in told(client, stored)


def test_a_helper_whose_account_was_closed_is_nobody(client):
    leaver = zhuli()
    leaver.is_active = False
    leaver.save()
    assert ask(client, area=SHUIYUN).queue_id == DISTRICT


def test_an_enterprise_matter_goes_to_the_project_steward(client, village):
    guanjia()
    make_guide("touzi-001", audience="enterprise", plain_title="盖厂房")
    stored = ask(client, area=SHUIYUN, guide="touzi-001")
    assert (stored.queue_id, stored.for_steward) == (DISTRICT, True)
    assert "已经交给惠农区的项目管家" in told(client, stored)


def test_without_a_steward_an_enterprise_matter_goes_where_the_others_go(client, village):
    make_guide("touzi-001", audience="enterprise")
    stored = ask(client, area=SHUIYUN, guide="touzi-001")
    assert (stored.queue_id, stored.for_steward) == (SHUIYUN, False)


# ---- the door to a request


def open_door(client, reference: str, digits: str):
    return client.post(f"/help/{reference}/", {"act": "open", "last_four": digits})


def is_open(client, stored) -> bool:
    return "您的诉求编号" in page(client, f"/help/{stored.reference}/")


@pytest.mark.parametrize("typed", ["{}", "{0:.3}-{0}"])
def test_a_number_leads_to_the_door(client, typed):
    reference = make_request().reference
    assert client.get("/help/", {"reference": reference})["Location"] == f"/help/{reference}/"
    assert client.get("/elder/help/", {"reference": reference})["Location"] == f"/elder/help/{reference}/"


def test_a_number_that_cannot_be_is_told_so(client):
    reference = make_request().reference
    wrong = reference[:-1] + str((int(reference[-1]) + 1) % 10)
    assert "编号不对，是9个数字。" in page(client, "/help/", reference=wrong)


def test_without_the_digits_nothing_is_shown(client):
    stored = make_request(note="腿不好")
    body = page(client, f"/help/{stored.reference}/")
    for secret in (NAME, PHONE, "8000", "腿不好", "水韵名都", "138****"):
        assert secret not in body


def skeleton(response) -> str:
    """The page without what differs each time: the token, and the number in the address."""
    return re.sub(r'value="[A-Za-z0-9]{64}"|\d{9}|X-Request-ID.*', "", response.content.decode())


def test_an_unknown_number_looks_like_a_wrong_pair(client):
    stored = make_request()
    unknown = new_reference()
    wrong, missing = open_door(client, stored.reference, "1234"), open_door(client, unknown, "1234")
    assert wrong.status_code == missing.status_code == 200
    assert skeleton(wrong) == skeleton(missing)
    assert "编号和电话后四位对不上" in wrong.content.decode()
    assert skeleton(client.get(f"/help/{stored.reference}/")) == skeleton(client.get(f"/help/{unknown}/"))


def test_the_right_digits_open_it_for_two_hours(client):
    stored = make_request()
    response = open_door(client, stored.reference, "８０００")
    assert (response.status_code, response["Location"]) == (302, f"/help/{stored.reference}/")
    cookie = response.cookies["follow"]
    assert (cookie["httponly"], cookie["max-age"]) == (True, 7200)
    assert (stored.reference in cookie.value, PHONE in cookie.value) == (False, False)
    assert is_open(client, stored)
    with time_machine.travel(timezone.now() + timedelta(hours=2, minutes=1)):
        client.cookies["follow"] = cookie.value
        assert not is_open(client, stored)


def test_the_cookie_opens_this_number_and_no_other(client):
    mine, other = make_request(), make_request(phone="13900139000")
    open_door(client, mine.reference, "8000")
    assert is_open(client, mine)
    assert not is_open(client, other)


def test_a_forged_cookie_opens_nothing(client):
    stored = make_request()
    for forged in (stored.reference, f'"{stored.reference}":x:y', "", "a" * 5000):
        client.cookies["follow"] = forged
        assert not is_open(client, stored)


def test_five_wrong_tries_close_the_door_for_this_address_only(client):
    stored = make_request()
    for _ in range(5):
        assert "对不上" in open_door(client, stored.reference, "1234").content.decode()
    for digits in ("1234", "8000"):
        response = open_door(client, stored.reference, digits)
        assert (response.status_code, "试的次数太多了，后四位先不认了。" in response.content.decode()) == (200, True)
    assert open_door(Client(REMOTE_ADDR="10.0.0.9"), stored.reference, "8000").status_code == 302
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert open_door(client, stored.reference, "8000").status_code == 302


def test_a_right_answer_starts_the_count_afresh(client):
    stored = make_request()
    for _ in range(3):
        for _ in range(4):
            open_door(client, stored.reference, "1234")
        assert open_door(client, stored.reference, "8000").status_code == 302
        client.cookies.clear()


def test_many_addresses_together_cannot_try_all_digits():
    stored = make_request()
    for _ in range(50):
        assert allow("follow-all", stored.reference, limit=50, minutes=24 * 60)
    response = open_door(Client(REMOTE_ADDR="10.9.9.9"), stored.reference, "8000")
    assert "试的次数太多了" in response.content.decode()


def test_going_back_and_opening_again_leads_in(client):
    stored = make_request()
    open_door(client, stored.reference, "8000")
    assert open_door(client, stored.reference, "8000").status_code == 302


# ---- what the resident sees and does


@pytest.fixture
def mine(client, village) -> HelpRequest:
    """A request of 水韵名都社区 which this browser sent."""
    return ask(client, area=SHUIYUN, guide="yibao-001")


def act(client, stored, name: str, **data):
    return client.post(f"/help/{stored.reference}/", {"act": name, **data})


def refused(response) -> str:
    """The sentence of an act that could not be done."""
    assert response.status_code == 200
    return re.search(r'role="alert"><p class="error">([^<]*)</p>', response.content.decode())[1]


def in_page(client, stored) -> str:
    return page(client, f"/help/{stored.reference}/")


def close(stored):
    actions.close(request=stored, by=zhuli(), reason=CloseReason.DONE, text="证拿到了")


def test_the_whole_story(client, mine):
    assert "现在：等人接" in in_page(client, mine)
    actions.claim(request=mine, by=zhuli())
    assert "<b>朱丽</b>（水韵名都社区）在办。" in in_page(client, mine)
    actions.write_message(request=mine, by=zhuli(), text="带上身份证")
    assert act(client, mine, "reply", text="好的，\n明天来").status_code == 302
    actions.agree_visit(request=mine, by=zhuli(), at=timezone.now() + timedelta(days=1), place="station")
    body = in_page(client, mine)
    assert "带上身份证" in body
    assert "好的，<br>明天来" in body
    assert "约好了：来村（社区）站点" in body
    close(mine)
    body = in_page(client, mine)
    assert "结果：<b>办好了</b>" in body
    assert "证拿到了" in body
    assert act(client, mine, "rate", level="5", text="很好").status_code == 302
    assert "您评的是：<b>非常满意</b>" in in_page(client, mine)
    assert act(client, mine, "reopen").status_code == 302
    body = in_page(client, mine)
    assert "现在：等人接" in body
    assert "证拿到了" not in body
    assert act(client, mine, "cancel").status_code == 302
    assert "现在：已取消" in in_page(client, mine)
    assert [event.kind for event in mine.events.all()] == [
        "submitted", "claimed", "messaged", "replied", "visit_set", "visit_cancelled", "closed", "rated", "reopened", "cancelled",
    ]


def test_an_ended_request_takes_no_message_and_keeps_what_was_typed(client, mine):
    act(client, mine, "cancel")
    response = act(client, mine, "reply", text="还在吗")
    assert refused(response) == "这个诉求已经结束了，留言没有发出去。要接着办，先点下面的按钮重新打开。"
    assert value_of(response.content.decode(), "text") == "还在吗"
    assert Message.objects.count() == 0


def test_what_cannot_be_done_now_says_why(client, mine):
    assert refused(act(client, mine, "reopen")) == "这个诉求还在办，不用重新打开。有话可以直接留言。"
    assert refused(act(client, mine, "rate", level="5")) == "办结以后才能评价。"
    act(client, mine, "cancel")
    assert refused(act(client, mine, "cancel")) == "这个诉求已经结束了，不用再取消。"
    assert [event.kind for event in mine.events.all()] == ["submitted", "cancelled"]


@pytest.mark.parametrize("name", ["claim", "close", "reveal", "", "__class__", "reply "])
def test_there_are_no_other_acts(client, mine, name):
    assert act(client, mine, name).status_code == 400
    assert mine.events.count() == 1


def test_an_empty_message_and_no_word_of_rating_are_told_what_is_missing(client, mine):
    assert errors_beside(act(client, mine, "reply", text=" ").content.decode()) == ["写点什么再发。"]
    actions.claim(request=mine, by=zhuli())
    close(mine)
    body = act(client, mine, "rate", text="挺好").content.decode()
    assert errors_beside(body) == ["选一个再提交，不想评也没关系。"]
    assert value_of(body, "text") == "挺好"


def test_no_word_of_rating_is_chosen_beforehand(client, mine):
    actions.claim(request=mine, by=zhuli())
    close(mine)
    body = in_page(client, mine)
    words = re.findall(r'name="level" value="\d"[^>]*><span>([^<]*)', body)
    assert words == ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]
    assert value_of(body, "level") == ""


def test_without_the_door_no_act_is_done(mine):
    stranger = Client()
    for name in ("reply", "cancel", "reopen", "rate"):
        response = act(stranger, mine, name, text="x", level="1")
        assert response.status_code == 200
        assert "请填留的电话的最后四位" in response.content.decode()
    assert mine.events.count() == 1


def test_internal_notes_reveals_and_ticks_never_appear(client, mine):
    actions.claim(request=mine, by=zhuli())
    actions.write_note(request=mine, by=zhuli(), text="家里情况特殊，小心说话")
    actions.reveal(request=mine, by=zhuli())
    actions.check_papers(request=mine, by=zhuli(), found={pk: actions.Check(state="ok") for pk in mine.papers.values_list("pk", flat=True)})
    posting = make_posting(make_user("lima", name="李马", role=Role.ASSISTANT), TOWNSHIP)
    actions.hand_over(request=mine, by=zhuli(), to=posting, reason="朱丽生病了")
    assert {EventKind.NOTED, EventKind.REVEALED, EventKind.PAPER_TICKED} <= {event.kind for event in mine.events.all()}
    body = in_page(client, mine)
    for inner in ("家里情况特殊", "内部备注", "查看完整电话", "核对材料", "合格 ", "生病", PHONE):
        assert inner not in body
    assert "电话 138****8000" in body
    assert "<b>李马</b>" in body  # who has it now


def test_whatever_is_typed_comes_out_as_text(client, village):
    evil = '<script>alert("x")</script>'
    stored = ask(client, name=evil[:30], note=evil, relation="<b>儿子</b>", area=SHUIYUN)
    act(client, stored, "reply", text=evil)
    actions.claim(request=stored, by=zhuli())
    actions.write_message(request=stored, by=zhuli(), text=evil)
    actions.close(request=stored, by=zhuli(), reason=CloseReason.DONE, text=evil)
    bodies = [in_page(client, stored), client.post("/help/new/", asked(name=evil, note=evil, phone=evil[:20])).content.decode()]
    bodies.append(page(client, "/help/new/", note=evil, guide=evil, case=evil, help=evil))
    bodies.append(page(client, f"/help/{evil[:8]}x/"))
    for body in bodies:
        assert "<script>" not in body
        assert "alert(" not in body or "&lt;script&gt;alert(" in body
    assert bodies[0].count("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;") == 3


def test_no_page_of_a_request_is_ever_kept(client, mine):
    reference = mine.reference
    for address in ("/help/", "/help/new/", "/help/complain/", f"/help/{reference}/", "/elder/help/new/"):
        control = client.get(address)["Cache-Control"]
        assert "no-store" in control, address
        assert "private" in control, address
        assert "public" not in control, address
    assert "no-store" in Client().get(f"/help/{reference}/")["Cache-Control"]
    assert "no-store" in client.post("/help/new/", asked())["Cache-Control"]


def test_long_talks_cost_as_many_queries_as_short_ones(client, mine):
    counts = []
    for more in (1, 2):
        for _ in range(more):
            actions.reply(request=mine, text="在吗")
        with CaptureQueriesContext(connection) as seen:
            in_page(client, mine)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_complaints_have_an_entrance_on_every_page(client, village):
    for address, query in (("/", ""), ("/help/new/", ""), (f"/D/{village.code}", f"?area={SHUIYUN}")):
        assert f'href="/help/complain/{query}">投诉建议</a>' in page(client, address)
