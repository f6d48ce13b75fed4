"""What an open desk page is answered when it asks for news."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse

from helpdesk import actions
from helpdesk.models import CloseReason, HelpRequest
from tests import people
from tests.factories import make_guide, make_plate, make_request
from tests.helpdesk.desk import QUEUE, checked, detail, page, press

pytestmark = pytest.mark.django_db


def asks(text: str) -> str:
    """The address that the page will ask."""
    return re.search(r'hx-get="([^"]*)"', text)[1].replace("&amp;", "&")


def test_nothing_new_is_answered_with_nothing(client, zhuli):
    make_request(), make_request(claimed_by=zhuli)
    response = client.get(asks(page(client, QUEUE)))
    assert (response.status_code, response.content) == (204, b"")
    assert "no-store" in response["Cache-Control"]


CHANGES = {
    "claimed": lambda r: actions.claim(request=r, by=people.xiaozhao()),
    "cancelled": lambda r: actions.cancel(request=r),
    "written to": lambda r: actions.reply(request=r, text="有人吗"),
    "another one": lambda r: make_request(name="刘叔"),
    "due": lambda r: HelpRequest.objects.filter(pk=r.pk).update(promised_at=r.created_at),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_a_card_shows_draws_the_cards_anew(client, zhuli, change):
    stored = make_request()
    address = asks(page(client, QUEUE))
    change(stored)
    answer = client.get(address)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert text.lstrip().startswith('<div id="live"')
    assert "<main" not in text
    assert client.get(asks(text)).status_code == 204


def test_a_promise_that_comes_near_is_news_though_no_row_changed(client, zhuli):
    morning = datetime(2026, 11, 25, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    with time_machine.travel(morning) as clock:
        make_request(row={"promised_at": morning + timedelta(minutes=61)})
        address = asks(page(client, QUEUE))
        clock.move_to(morning + timedelta(minutes=10))
        assert "快到了" in client.get(address).content.decode()


def test_a_read_message_is_news_to_a_colleagues_queue(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    actions.reply(request=stored, text="有人吗")
    client.force_login(people.xiaozhao())
    address = asks(page(client, QUEUE))
    client.force_login(zhuli)
    page(client, detail(stored))
    client.force_login(people.xiaozhao())
    assert client.get(address).status_code == 200


def test_a_page_asks_the_database_as_often_for_one_three_and_fifty_cards(client, zhuli, django_assert_num_queries, django_assert_max_num_queries):
    plate = make_plate()

    def more(count: int) -> str:
        for number in range(HelpRequest.objects.count(), count):
            stored = make_request(guide=make_guide(f"yibao-{number:03}"), doorplate=plate, claimed_by=(None, zhuli, people.xiaozhao())[number % 3])
            actions.reply(request=stored, text="有人吗")
        return asks(page(client, QUEUE))

    address = more(1)
    with django_assert_max_num_queries(10) as seen:
        client.get(address)
        quiet = len(seen)
    with django_assert_max_num_queries(10) as seen:
        client.get(QUEUE)
        drawn = len(seen)
    for count in (3, 50):
        address = more(count)
        with django_assert_num_queries(quiet):
            assert client.get(address).status_code == 204
        with django_assert_num_queries(drawn):
            assert client.get(QUEUE).content.count(b'class="card"') == count


def test_the_second_page_stays_the_second_page(client, zhuli):
    for _ in range(51):
        make_request()
    address = asks(page(client, QUEUE + "?page=2"))
    assert client.get(address).status_code == 204
    make_request()
    assert client.get(address).content.decode().count('class="card"') == 2


def test_an_open_request_learns_what_others_did(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    address = asks(page(client, detail(stored)))
    assert client.get(address).status_code == 204
    actions.reply(request=stored, text="我明天不在家")
    text = client.get(address).content.decode()
    assert "我明天不在家" in text
    assert "这一页有变化" not in text  # words are shown in their place
    assert "<textarea" not in text
    actions.cancel(request=stored)
    text = client.get(asks(text)).content.decode()
    assert "这一页有变化：居民 居民取消" in text
    assert 'id="now"' in text
    assert client.get(asks(text)).status_code == 204


def test_opening_marks_as_read_and_that_is_no_news_to_the_page_itself(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    actions.reply(request=stored, text="在吗")
    text = page(client, detail(stored))
    assert stored.messages.get().read_at
    assert ">新</span>" in text
    assert client.get(asks(text)).status_code == 204  # else the mark would go before anybody saw it
    actions.write_message(request=stored, by=zhuli, text="在")
    text = page(client, detail(stored))
    actions.mark_read(request=stored, sender="staff", up_to=stored.messages.last().pk)
    assert "他看过了" in client.get(asks(text)).content.decode()


def test_asking_is_no_look_and_leaves_no_trace(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    address = asks(page(client, detail(stored)))
    actions.reply(request=stored, text="在吗")
    events = stored.events.count()
    client.get(address), client.get(asks(page(client, QUEUE)))
    assert (stored.messages.get().read_at, stored.events.count()) == (None, events)


def test_the_revealed_number_is_not_taken_away(client, zhuli):
    stored = make_request(claimed_by=zhuli)
    address = asks(checked(press(client, stored, "reveal")))
    actions.reply(request=stored, text="在吗")
    assert 'id="now"' not in client.get(address).content.decode()


def test_another_villages_request_and_none_at_all_answer_the_same(client, zhuli):
    stored = make_request(name="王秀英")
    client.force_login(people.zhuli2())
    answers = [client.get(reverse("desk:detail_live", args=[number])) for number in (stored.reference, "123456789")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert "不归您这里了" in answers[0].content.decode()
    assert stored.spoken_reference not in client.get(reverse("desk:queue_live")).content.decode()


@pytest.mark.parametrize(("name", "args", "goes"), [("desk:queue_live", [], "/desk/"), ("desk:detail_live", ["123456789"], "/desk/123456789/")])
def test_without_a_session_the_whole_page_goes_to_the_sign_in(client, name, args, goes):
    response = client.get(reverse(name, args=args))
    assert (response.status_code, response.content) == (204, b"")
    assert response["HX-Redirect"] == "/desk/login/?next=" + goes.replace("/", "%2F")
    client.force_login(people.bianji())
    assert client.get(reverse(name, args=args))["HX-Redirect"] == goes


def test_the_policy_and_the_settings_of_the_script_allow_no_code_from_text(client, zhuli):
    response = client.get(QUEUE)
    settings = re.search(r"<meta name=\"htmx-config\" content='([^']*)'>", response.content.decode())[1]
    for strict in ('"includeIndicatorStyles":false', '"allowEval":false', '"allowScriptTags":false', '"historyEnabled":false'):
        assert strict in settings
    assert "unsafe" not in response["Content-Security-Policy"]


def test_nothing_to_do_is_calm_and_counts_nothing(client, zhuli):
    beside = make_request(claimed_by=people.xiaozhao())
    text = page(client, QUEUE)
    assert "没有等您接的。" in text
    assert beside.spoken_reference in text
    actions.close(request=beside, by=people.xiaozhao(), reason=CloseReason.DONE, text="")
    assert "都办完了。" in page(client, QUEUE)


@pytest.mark.parametrize("address", [reverse("desk:log"), QUEUE])
def test_forms_that_a_tablet_shares_remember_nobody(client, zhuli, address):
    text = page(client, address)
    form = re.search(r'<form[^>]*(?:data-clean|class="find")[^>]*>', text)[0]
    assert 'autocomplete="off"' in form
