"""The desk's pages: signing in, the queue, one request."""

import re
from datetime import timedelta

import html5lib
import pytest
from django.urls import reverse
from django.utils import timezone

from helpdesk import actions
from helpdesk.access import OF_THE_PERSON
from helpdesk.models import CloseReason, HelpRequest
from tests import people
from tests.factories import SHUIYUN, make_building, make_guide, make_plate, make_request
from tests.helpdesk.desk import LOG, QUEUE, checked, detail, kinds, offered_in, page, press, told

pytestmark = pytest.mark.django_db


def test_signing_in_and_out(client):
    people.can_sign_in(people.zhuli())
    assert "登录工作台" in page(client, "/desk/login/")
    text = checked(client.post("/desk/login/", {"username": "zhuli", "password": "wrong"}))
    assert "账号或密码不对" in text
    assert 'value="zhuli"' in text
    assert "填上密码。" in checked(client.post("/desk/login/", {"username": "zhuli", "password": ""}))
    response = client.post("/desk/login/", {"username": "zhuli", "password": people.PASSWORD, "next": LOG})
    assert (response.status_code, response.url) == (302, LOG)
    assert "朱丽" in page(client, QUEUE)
    assert client.get("/desk/logout/").status_code == 405
    assert client.post("/desk/logout/").url == "/desk/login/"
    assert client.get(QUEUE).status_code == 302


def test_the_sixth_wrong_password_gets_a_rest_and_an_explanation(client):
    people.can_sign_in(people.zhuli())
    for _ in range(5):
        response = client.post("/desk/login/", {"username": "zhuli", "password": "wrong"})
    response = client.post("/desk/login/", {"username": "zhuli", "password": people.PASSWORD})
    assert response.status_code == 429
    assert "15分钟" in response.content.decode()
    html5lib.HTMLParser(strict=True).parse(response.content.decode())


def test_an_empty_queue_is_quiet(client, zhuli):
    text = page(client, QUEUE)
    assert "都办完了" in text
    assert not re.search(r"\d+\s*(件|个|条|次)", text.split("<main")[1])


def test_a_row_says_what_is_asked_and_hides_who_asks(client, zhuli):
    plate = make_plate(make_building(estate="水韵名都", name="8号楼"), entrance="2单元")
    guide = make_guide(plain_title="交医保")
    stored = make_request(guide=guide, doorplate=plate, kind="agent", name="王秀英", phone="13800138000", note="腿脚不好")
    text = page(client, QUEUE)
    for shown in ("交医保", "代办", "水韵名都社区", "水韵名都 8号楼 2单元", "王**", "138****8000", stored.spoken_reference):
        assert shown in text
    for hidden in ("王秀英", "13800138000", "腿脚不好"):
        assert hidden not in text


def test_the_queue_is_in_three_parts_with_the_oldest_promise_first(client, zhuli):
    now = timezone.now()

    def due(minutes, **kwargs):
        return make_request(row={"promised_at": now + timedelta(minutes=minutes)}, **kwargs)

    beside, late, soon, own = due(1, claimed_by=people.xiaozhao()), due(-130), due(500), due(900, claimed_by=zhuli)
    closed = due(5, claimed_by=zhuli)
    actions.close(request=closed, by=zhuli, reason=CloseReason.DONE, text="")
    text = page(client, QUEUE)
    wanted = ["在我手上", own.spoken_reference, "等人接", late.spoken_reference, soon.spoken_reference, "同事在办", beside.spoken_reference, "小赵"]
    places = [text.index(word) for word in wanted]
    assert places == sorted(places)
    assert closed.spoken_reference not in text
    assert "已过 2 小时" in text
    assert text.count(">领取</button>") == 2


def test_the_queue_tells_what_has_no_answer_yet(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    assert "居民有留言" not in page(client, QUEUE)
    actions.reply(request=stored, text="有人吗")
    actions.write_note(request=stored, by=zhuli, text="一会儿回")
    assert "居民有留言" in page(client, QUEUE)
    told(client, press(client, stored, "message", text="在"))
    text = page(client, QUEUE)
    assert "居民有留言" not in text
    assert "还没回他" not in text


def test_closed_requests_are_a_page_away_50_at_a_time(client, zhuli):
    assert "还没有办完的" in page(client, QUEUE + "?show=closed")
    for _ in range(51):
        stored = make_request(claimed_by=zhuli)
        actions.close(request=stored, by=zhuli, reason=CloseReason.DONE, text="")
    cancelled = make_request()
    actions.cancel(request=cancelled)
    first, second = page(client, QUEUE + "?show=closed"), page(client, QUEUE + "?show=closed&page=2")
    assert (first.count('class="card"'), second.count('class="card"')) == (50, 2)
    assert cancelled.spoken_reference in first
    assert "居民取消了" in first


def test_a_long_queue_is_paged(client, zhuli):
    for _ in range(51):
        make_request()
    assert (page(client, QUEUE).count('class="card"'), page(client, QUEUE + "?page=2").count('class="card"')) == (50, 1)


@pytest.mark.parametrize("show", ["", "?show=closed"])
def test_one_row_and_three_rows_take_the_same_queries(client, zhuli, show, django_assert_num_queries, django_assert_max_num_queries):
    plate = make_plate()

    def one_of_each():
        guide = make_guide(f"yibao-{HelpRequest.objects.count():03}")
        make_request(guide=guide, doorplate=plate)
        actions.reply(request=make_request(guide=guide, doorplate=plate, claimed_by=people.xiaozhao()), text="有人吗")
        actions.close(request=make_request(guide=guide, claimed_by=zhuli), by=zhuli, reason=CloseReason.DONE, text="好")

    one_of_each()
    client.get(QUEUE + show)  # reads the roster, which is kept from then on
    with django_assert_max_num_queries(11) as used:
        client.get(QUEUE + show)
    one_of_each(), one_of_each()
    with django_assert_num_queries(len(used)):
        client.get(QUEUE + show)


def test_a_number_read_out_by_phone_leads_to_the_request(client, zhuli):
    stored = make_request()
    assert client.get(QUEUE, {"number": f" {stored.spoken_reference} "}).url == detail(stored)
    assert "编号不对" in told(client, client.get(QUEUE, {"number": "12345"}))


def test_times_are_said_in_words(client, zhuli):
    now = timezone.now()
    make_request(row={"promised_at": now + timedelta(minutes=5)})
    make_request(row={"promised_at": now - timedelta(days=2, minutes=1)})
    text = page(client, QUEUE)
    assert "快到了" in text
    assert "已过 2 天" in text


def test_the_page_of_a_waiting_request(client, zhuli):
    guide = make_guide(plain_title="交医保", papers=("身份证",))
    stored = make_request(
        guide=guide, papers=(("身份证", "原件1份"),), name="王秀英", phone="13800138000", note="腿脚不好", for_someone=True, relation="女儿"
    )
    text = page(client, detail(stored))
    for shown in ("交医保", "王**", "138****8000", "腿脚不好", "替家里人问", "女儿", "身份证", "原件1份", f"/c/{SHUIYUN}/guides/yibao-001/", "我来办，领取"):
        assert shown in text
    for hidden in ("王秀英", "13800138000", "看完整电话", "发给居民", "办结</button>", "转给他"):
        assert hidden not in text


def test_only_the_owner_is_offered_the_owners_acts(client, zhuli):
    stored = make_request(claimed_by=people.xiaozhao(), papers=(("身份证", ""),))
    text = page(client, detail(stored))
    offered = offered_in(text, stored)
    assert offered == {"note"}
    client.force_login(people.xiaozhao())
    offered = offered_in(page(client, detail(stored)), stored)
    assert offered == {"note", *OF_THE_PERSON, "message", "talk", "visit", "papers", "close", "release", "hand_over", "contact", "set_kind"}
    client.force_login(people.zhuguan())
    offered = offered_in(page(client, detail(stored)), stored)
    assert offered == {"note", *OF_THE_PERSON, "hand_over"}


def test_the_page_of_a_closed_request(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    actions.close(request=stored, by=zhuli, reason=CloseReason.NOT_OURS, text="归税务局管，电话 12366。", whose="区税务局")
    text = page(client, detail(stored))
    assert "不归我们管" in text
    assert "归税务局管，电话 12366。" in text
    assert offered_in(text, stored) == {"note", *OF_THE_PERSON}


def test_an_unknown_number_and_an_unknown_act(client, zhuli):
    stored = make_request()
    assert "找不到这个诉求" in page(client, "/desk/123456789/", status=404)
    assert press(client, stored, "delete").status_code == 404


def test_opening_the_address_of_an_act_changes_nothing_and_leads_back(client, zhuli):
    stored = make_request()
    response = client.get(reverse("desk:act", args=[stored.reference, "claim"]))
    text = checked(response, status=405)
    assert response["Allow"] == "POST"
    assert detail(stored) in text
    assert kinds(stored) == ["submitted"]
