"""An appointment from both sides: agreed, moved, kept or called off; and the four digits that only the right two know."""

import re
from datetime import datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guides.workdays import WorkCalendar
from helpdesk import actions, visits
from helpdesk.models import CloseReason, HelpRequest, Kind, Notification, NotificationKind, Visit
from tests import people
from tests.factories import make_plate, make_request
from tests.helpdesk.desk import checked, detail, kinds, page, press

pytestmark = pytest.mark.django_db

LOCAL = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 25, 9, tzinfo=LOCAL)  # a Wednesday
TUESDAY = datetime(2026, 12, 1, 10, tzinfo=LOCAL)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def mine(zhuli) -> HelpRequest:
    return make_request(claimed_by=zhuli)


def agree(stored: HelpRequest, at: datetime = TUESDAY, **fields) -> Visit:
    return actions.agree_visit(request=stored, by=stored.owner, at=at, **fields)


def refused(verb, **arguments) -> str:
    with pytest.raises(actions.NotPossible) as refusal:
        verb(**arguments)
    return str(refusal.value)


def follow(client, stored: HelpRequest, prefix: str = "") -> str:
    address = f"{prefix}/help/{stored.reference}/"
    client.post(address, {"act": "open", "last_four": stored.phone[-4:]})
    return client.get(address).content.decode()


def come_to(client, clock, moment: datetime) -> None:
    """The clock goes on and 朱丽 signs in again: a session does not last for days."""
    clock.move_to(moment)
    client.force_login(people.zhuli())


def in_step(stored: HelpRequest) -> bool:
    """visit_at says what the planned row says."""
    stored.refresh_from_db()
    planned = visits.planned(stored)
    return stored.visit_at == (planned.at if planned else None)


# agreeing


def test_agreeing_and_moving_keep_one_planned_row_and_tell_the_resident_each_time(mine):
    first = agree(mine)
    moved = agree(mine, TUESDAY + timedelta(hours=3), place="station", where="村委会一楼")
    assert Visit.objects.get() == first == moved
    assert (Visit.objects.get().code, Visit.objects.get().where) == (first.code, "村委会一楼")
    assert in_step(mine)
    assert kinds(mine)[2:] == ["visit_set", "visit_set"]
    assert Notification.objects.filter(kind=NotificationKind.VISIT, to_resident=True).count() == 2
    before = (kinds(mine), Notification.objects.count())
    agree(mine, TUESDAY + timedelta(hours=3), place="station", where="村委会一楼")
    assert (kinds(mine), Notification.objects.count()) == before, "the same again tells nobody"


@pytest.mark.parametrize(
    ("at", "sentence"), [(NOW, "已经过了"), (NOW - timedelta(minutes=1), "已经过了"), (NOW + timedelta(days=60, minutes=1), "60天以内")]
)
def test_moments_that_the_verb_refuses_whoever_calls_it(mine, at, sentence):
    assert sentence in refused(actions.agree_visit, request=mine, by=mine.owner, at=at)
    assert (Visit.objects.count(), mine.visit_at) == (0, None)


def test_a_video_link_is_https_and_only_a_video_has_one(mine):
    assert "https://" in refused(actions.agree_visit, request=mine, by=mine.owner, at=TUESDAY, place="video", link="http://meet.example/1")
    assert agree(mine, place="video", link="https://meet.example/1").link == "https://meet.example/1"
    assert agree(mine, place="home", link="https://meet.example/1").link == ""


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_leave_one_planned_row():
    owner = people.zhuli()
    stored, barrier, failures = make_request(claimed_by=owner), Barrier(2), []

    def agree_on(hour):
        try:
            barrier.wait()
            actions.agree_visit(request=HelpRequest.objects.get(pk=stored.pk), by=owner, at=TUESDAY.replace(hour=hour))
        except Exception as error:  # told by the assertion below
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=agree_on, args=[hour]) for hour in (9, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Visit.objects.filter(state="planned").count() == 1
    assert in_step(stored)


# what is asked first


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 12, 1, 8, tzinfo=LOCAL), []),
        (datetime(2026, 12, 1, 7, 59, tzinfo=LOCAL), ["这个点太早或太晚"]),
        (datetime(2026, 12, 1, 19, tzinfo=LOCAL), ["这个点太早或太晚"]),
        (datetime(2026, 12, 5, 10, tzinfo=LOCAL), ["那天是周六，不上班"]),
        (datetime(2026, 10, 1, 21, tzinfo=LOCAL), ["这个点太早或太晚", "那天是国庆节，不上班"]),
    ],
)
def test_nights_and_days_off_are_asked_about(at, words):
    assert visits.questions(at, calendar=WorkCalendar(), others=[]) == words


@pytest.mark.parametrize(("minutes", "is_asked"), [(29, True), (-29, True), (30, False), (-30, False)])
def test_two_appointments_within_half_an_hour_are_asked_about(minutes, is_asked):
    asked = visits.questions(TUESDAY, calendar=WorkCalendar(), others=[TUESDAY + timedelta(minutes=minutes)])
    assert bool(asked) is is_asked


def test_the_desk_asks_about_a_saturday_and_takes_the_answer_for_that_very_time(client, mine):
    saturday, sunday = "2026-12-05T10:00", "2026-12-06T10:00"
    text = checked(press(client, mine, "visit", at=saturday, where="门卫室等"))
    assert "那天是周六，不上班" in text
    assert 'value="门卫室等"' in text
    sure = re.search(r'name="sure" value="([^"]+)"', text)[1]
    assert "那天是周日" in checked(press(client, mine, "visit", at=sunday, sure=sure)), "another day is asked about again"
    assert press(client, mine, "visit", at=saturday, sure=sure).status_code == 302
    assert in_step(mine)


def test_the_desk_asks_about_an_overlap_of_ones_own_and_not_of_a_colleagues(client, mine, zhuli):
    agree(make_request(claimed_by=people.xiaozhao()))
    assert press(client, mine, "visit", at="2026-12-01T10:20").status_code == 302
    other = make_request(claimed_by=zhuli)
    assert "您10:20已经约了另一件" in checked(press(client, other, "visit", at="2026-12-01T10:00"))
    assert press(client, mine, "visit", at="2026-12-01T10:10").status_code == 302, "its own earlier time is no other appointment"


# how it ends


def test_done_with_result_and_next_step_which_the_resident_reads(client, mine, clock):
    agree(mine)
    come_to(client, clock, TUESDAY + timedelta(hours=1))
    press(client, mine, "end_visit", state="done", result="表填好了，差一张照片", next_step="周四他送照片来")
    assert in_step(mine)
    assert (Visit.objects.get().state, kinds(mine)[-1]) == ("done", "visited")
    body = follow(client, mine)
    assert "见过面了" in body
    assert "周四他送照片来" in body
    assert "没有约好的时间" in refused(actions.end_visit, request=mine, by=mine.owner, state="done", result="x", next_step="")


def test_missed_and_then_another_one(client, mine, clock):
    agree(mine)
    clock.move_to(TUESDAY + timedelta(hours=1))
    actions.end_visit(request=mine, by=mine.owner, state="missed", result="敲门没人", next_step="")
    assert (kinds(mine)[-1], in_step(mine)) == ("visit_missed", True)
    agree(mine, TUESDAY + timedelta(days=1))
    assert list(Visit.objects.values_list("state", flat=True)) == ["missed", "planned"]


def test_it_cannot_be_marked_before_its_day(client, mine):
    agree(mine)
    assert "还没到约的那天" in refused(actions.end_visit, request=mine, by=mine.owner, state="done", result="x", next_step="")
    assert "记下这次见面" not in page(client, detail(mine))
    assert in_step(mine)


def test_the_helper_calls_it_off_and_says_why(client, mine):
    agree(mine)
    assert "写一句为什么" in checked(press(client, mine, "cancel_visit"))
    press(client, mine, "cancel_visit", reason="站里临时开会")
    assert in_step(mine)
    assert "约好的12月01日 10:00取消了。站里临时开会" in follow(client, mine)
    assert Notification.objects.filter(kind=NotificationKind.STAFF_WROTE, to_resident=True).count() == 1


@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_the_resident_calls_it_off_and_the_helper_is_told(client, mine, prefix, zhuli):
    agree(mine)
    follow(client, mine, prefix)
    shown = client.get(f"{prefix}/help/{mine.reference}/?step=visit").content.decode()
    assert "取消这次约的时间</button>" in shown
    assert client.post(f"{prefix}/help/{mine.reference}/", {"act": "cancel_visit"}).status_code == 302
    assert (in_step(mine), kinds(mine)[-1], mine.state) == (True, "visit_cancelled", "claimed")
    assert Notification.objects.get(kind=NotificationKind.RESIDENT_WROTE).to_user == zhuli
    again = client.post(f"{prefix}/help/{mine.reference}/", {"act": "cancel_visit"})
    assert "现在没有约好的时间" in again.content.decode()


@pytest.mark.parametrize("ending", ["close", "cancel", "release"])
def test_it_ends_with_the_request_and_with_giving_it_back(client, mine, ending):
    agree(mine)
    how = {"close": {"by": mine.owner, "reason": CloseReason.EXPLAINED, "text": ""}, "cancel": {}, "release": {"by": mine.owner}}
    getattr(actions, ending)(request=mine, **how[ending])
    assert (in_step(mine), Visit.objects.get().state) == (True, "cancelled")
    assert "visit_cancelled" in kinds(mine)
    if ending == "release":
        assert "接的人再跟您约" in follow(client, mine)


def test_handing_over_sends_the_new_owner_with_a_new_code_and_says_so(client, mine):
    before = agree(mine).code
    actions.hand_over(request=mine, by=mine.owner, to=people.xiaozhao().postings.get(), reason="请假")
    visit = Visit.objects.get()
    assert (visit.helper, visit.state, in_step(mine)) == (people.xiaozhao(), "planned", True)
    assert visit.code != before
    body = follow(client, mine)
    assert "来的人换成小赵。对暗号的四个数字也换了" in body
    assert visits.spaced(visit.code) in body
    assert visits.spaced(before) not in body


def test_a_renewed_code_is_another_one_and_the_resident_hears_of_it(client, mine, monkeypatch):
    before = agree(mine).code
    drawn = iter([before, before, "4821"])
    monkeypatch.setattr("helpdesk.actions.visits.new_code", lambda: next(drawn))
    press(client, mine, "renew_code")
    assert "4 8 2 1" in follow(client, mine)
    assert "对暗号的四个数字换了" in follow(client, mine)


# the four digits


@pytest.mark.parametrize("prefix", ["", "/elder"])
@pytest.mark.parametrize(
    ("place", "words"), [("home", ("来的人", "别开门")), ("station", ("跟您见面的人", "别跟他走")), ("video", ("视频那头的人", "挂掉"))]
)
def test_the_resident_sees_who_comes_and_what_must_be_said_first(client, mine, prefix, place, words):
    visit = agree(mine, place=place)
    Visit.objects.update(code="4821")
    body = follow(client, mine, prefix)
    assert '<p class="number-big say-first">4 8 2 1</p>' in body  # speak.js spells what stands in .number-big
    assert f"{words[0]}是：<b>朱丽</b>，水韵名都社区的帮办员" in body
    assert words[1] in body
    assert 'href="tel:12345"' in body
    assert body.index("4 8 2 1") < body.index("现在：")
    assert visit.helper == people.zhuli()


def test_the_helper_is_shown_the_code_from_the_day_before(client, mine, clock):
    agree(mine)
    Visit.objects.update(code="4821")
    text = page(client, detail(mine))
    assert "4 8 2 1" not in text
    assert "11月30日（前一天）起在这里看" in text
    come_to(client, clock, datetime(2026, 11, 30, 0, 1, tzinfo=LOCAL))
    assert "4 8 2 1" in page(client, detail(mine))


@pytest.mark.parametrize("person", [people.xiaozhao, people.zhuguan], ids=["colleague", "supervisor"])
def test_nobody_else_at_the_desk_sees_the_code(client, mine, clock, person):
    agree(mine)
    Visit.objects.update(code="4821")
    come_to(client, clock, TUESDAY - timedelta(hours=2))
    assert "4 8 2 1" in page(client, detail(mine))
    client.force_login(person())
    text = page(client, detail(mine))
    assert "4 8 2 1" not in text
    assert "4821" not in text
    assert "四个数字只给去的人看" in text


def test_the_code_is_in_no_message_no_event_and_no_calendar(client, mine):
    agree(mine)
    Visit.objects.update(code="4821")
    actions.hand_over(request=mine, by=mine.owner, to=people.xiaozhao().postings.get(), reason="请假")
    Visit.objects.update(code="4821")
    written = [event.detail for event in mine.events.all()] + [message.text for message in mine.messages.all()]
    assert len(written) >= 4
    assert not any("4821" in text.replace(" ", "") for text in written)
    follow(client, mine)
    assert b"4821" not in client.get(f"/help/{mine.reference}/visit.ics").content


def test_the_day_after_the_page_asks_to_call_and_shows_no_digits(client, mine, clock):
    agree(mine)
    Visit.objects.update(code="4821")
    clock.move_to(TUESDAY + timedelta(days=1))
    body = follow(client, mine)
    assert "这个时间过了" in body
    assert "4 8 2 1" not in body


def test_the_door_comes_before_the_code_and_the_link(client, mine):
    agree(mine, place="video", link="https://meet.example/1")
    client.logout()
    body = client.get(f"/help/{mine.reference}/").content.decode()
    assert "meet.example" not in body
    assert "say-first" not in body
    assert 'href="https://meet.example/1" rel="noreferrer"' in follow(client, mine)


# the route of a day


def route(client, day: str = "") -> str:
    return page(client, reverse("desk:visits") + (f"?day={day}" if day else ""))


def test_the_route_is_in_order_of_time_with_place_code_and_papers_and_no_phone(client, zhuli, clock):
    plate = make_plate()
    papers = (("身份证", "原件1份"), ("户口簿", ""))
    late = make_request(claimed_by=zhuli, doorplate=plate, papers=papers, name="王秀英", phone="13800138000")
    early = make_request(claimed_by=zhuli, name="李大爷", phone="13900139000")
    agree(late)
    agree(early, TUESDAY - timedelta(hours=1), place="station", where="站里二楼")
    agree(make_request(claimed_by=people.xiaozhao(), name="邵先生"), TUESDAY)
    Visit.objects.filter(request=late).update(code="4821")
    actions.check_papers(request=late, by=zhuli, found={late.papers.get(name="户口簿").pk: actions.Check(state="ok")})
    come_to(client, clock, TUESDAY - timedelta(hours=2))
    text = route(client)
    assert text.index("9:00 来村（社区）站点") < text.index("10:00 上门")
    for shown in ("站里二楼", plate.place, "王**", "李**", "4 8 2 1", "身份证", "原件1份", early.spoken_reference, "点“看完整电话”"):
        assert shown in text
    for hidden in ("王秀英", "大爷", "13800138000", "138****", "8000", "户口簿", "邵"):
        assert hidden not in text


def test_a_route_further_ahead_keeps_the_codes_back(client, mine):
    agree(mine)
    Visit.objects.update(code="4821")
    text = route(client, "2026-12-01")
    assert "前一天起才显示" in text
    assert "4 8 2 1" not in text


def test_a_day_without_any_says_so_and_when_the_next_is(client, mine):
    agree(mine)
    assert "今天没有约见" in route(client)
    assert "12月1日" in route(client)
    assert "这一天没有约见" in route(client, "2026-12-02")
    for nonsense in ("2026-13-40", "9999-12-31", "x"):
        assert "今天没有约见" in route(client, nonsense)


@pytest.mark.nothing_kept
def test_the_route_takes_the_same_number_of_queries_for_one_and_for_three(client, zhuli):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            route(client, "2026-12-01")
        return len(captured)

    agree(make_request(claimed_by=zhuli, doorplate=make_plate(), papers=(("身份证", ""),)))
    one = queries()
    for hour in (11, 14):
        agree(make_request(claimed_by=zhuli, kind=Kind.HOME, papers=(("身份证", ""),)), TUESDAY.replace(hour=hour))
    assert queries() == one
