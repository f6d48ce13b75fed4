"""Leave is the norm: neighbours step in just then and see no more than they need; what an absent owner holds can be taken over."""

from datetime import date, datetime
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk import actions
from helpdesk.access import acts_for, visible_requests
from helpdesk.models import CloseReason, Cover, HelpRequest, MarketDay, Message, Part
from helpdesk.sla import LOCAL
from menpai.roles import Role
from tests import people
from tests.factories import (
    SHUIYUN,
    TOWNSHIP,
    XIAZHUANGZI,
    YUANYI,
    make_absence,
    make_area,
    make_guide,
    make_posting,
    make_request,
    make_user,
)
from tests.helpdesk.desk import QUEUE, detail, kinds, offered_in, page, press, told

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 3, 2)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(at("2026-03-02 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def village():
    """水韵名都社区 with 朱丽 and 小赵, its neighbour 园艺村 with 李梅, and 马兰 in another township."""
    return people.zhuli(), people.xiaozhao(), people.limei(), people.zhuli2()


def both_off(**fields) -> None:
    make_absence(people.zhuli(), MONDAY, **fields)
    make_absence(people.xiaozhao(), MONDAY, **fields)


def seen_by(user) -> set[int]:
    return set(visible_requests(user).values_list("pk", flat=True))


def test_the_neighbour_sees_what_waits_only_while_nobody_of_the_village_is_there(village, monday_morning):
    stored = make_request()
    assert seen_by(people.limei()) == set()
    make_absence(people.zhuli(), MONDAY)
    assert seen_by(people.limei()) == set()  # 小赵 is there
    make_absence(people.xiaozhao(), MONDAY, part=Part.MORNING)
    assert seen_by(people.limei()) == {stored.pk}
    assert seen_by(people.zhuli2()) == set()  # another township, no agreement
    monday_morning.move_to(at("2026-03-02 12:00"))
    assert seen_by(people.limei()) == set()  # 小赵 is back


def test_of_the_village_nothing_else_is_seen(village):
    """First everything there is to leak: one closed, one in the hands of a colleague who is there, one for the steward, one for the supervisor."""
    helper = make_user("third", name="王芳", role=Role.ASSISTANT)
    posting = make_posting(helper, SHUIYUN)
    waiting, closed, held = make_request(), make_request(claimed_by=people.zhuli()), make_request(claimed_by=helper)
    actions.close(request=closed, by=people.zhuli(), reason=CloseReason.DONE, text="")
    make_request(row={"for_steward": True})
    make_request(row={"for_supervisor": True})
    cancelled = make_request()
    actions.cancel(request=cancelled)
    both_off()
    assert seen_by(people.limei()) == set()  # 王芳 is there
    posting.weekdays = "2345"
    posting.save()
    assert seen_by(people.limei()) == {waiting.pk, held.pk}
    posting.delete()  # she works elsewhere in the district, and is there
    make_posting(helper, XIAZHUANGZI)
    assert seen_by(people.limei()) == {waiting.pk}


def test_neighbours_by_agreement(village):
    stored = make_request()
    both_off()
    Cover.objects.create(area=make_area(SHUIYUN), neighbour=make_area(XIAZHUANGZI), order=1)
    Cover.objects.create(area=make_area(SHUIYUN), neighbour=make_area(YUANYI), order=2)
    assert (seen_by(people.zhuli2()), seen_by(people.limei())) == ({stored.pk}, set())
    make_absence(people.zhuli2(), MONDAY)
    assert (seen_by(people.zhuli2()), seen_by(people.limei())) == (set(), {stored.pk})


def test_on_market_day_the_neighbour_helps_in_the_morning(village, monday_morning):
    stored = make_request()
    MarketDay.objects.create(area=make_area(SHUIYUN), rule="solar", digits="2")
    assert seen_by(people.limei()) == {stored.pk}
    monday_morning.move_to(at("2026-03-02 14:00"))
    assert seen_by(people.limei()) == set()


def test_a_helper_at_the_township_takes_it_when_the_neighbours_are_away_too(village):
    stored = make_request()
    both_off()
    assert seen_by(people.zhenbang()) == set()
    make_absence(people.limei(), MONDAY)
    assert seen_by(people.zhenbang()) == {stored.pk}


def test_a_village_without_anybody_is_looked_after_by_its_neighbours():
    stored = make_request()
    people.limei()
    assert seen_by(people.limei()) == {stored.pk}
    people.zhuli()  # from now on it has its own; this one still waits at the district, where nobody is
    assert seen_by(people.zhuli()) == {stored.pk}


def test_the_card_says_whose_village_it_is_and_why(client, village, monday_morning):
    make_request(make_area(YUANYI))
    make_request()
    client.force_login(people.limei())
    assert "请您帮一把" not in page(client, QUEUE)
    both_off()
    text = page(client, QUEUE)
    assert text.count("请您帮一把") == 1
    assert "水韵名都社区今天没人，请您帮一把" in text
    monday_morning.move_to(at("2026-03-02 14:00"))
    assert "水韵名都社区今天下午没人，请您帮一把" in page(client, QUEUE)


def test_claiming_for_the_neighbour_and_next_day_it_is_theirs(client, village, monday_morning):
    stored = make_request()
    both_off()
    client.force_login(people.limei())
    text = page(client, detail(stored))
    assert "水韵名都社区今天没人，请您帮一把" in text
    assert offered_in(text, stored) == {"note", "claim"}
    assert "您领取了" in told(client, press(client, stored, "claim"))
    monday_morning.move_to(at("2026-03-03 10:00"))
    client.force_login(people.limei())
    assert "close" in offered_in(page(client, detail(stored)), stored)
    assert press(client, stored, "release").status_code == 302
    page(client, detail(stored), status=404)  # back in its own village, whose people are there again


def test_at_all_other_times_the_neighbour_finds_nothing(client, village):
    stored = make_request()
    client.force_login(people.limei())
    assert stored.spoken_reference not in page(client, QUEUE)
    page(client, detail(stored), status=404)
    for act in ("claim", "take_over", "note", "reveal"):
        assert press(client, stored, act, text="x").status_code == 404
    stored.refresh_from_db()
    assert (stored.state, kinds(stored)) == ("waiting", ["submitted"])


@pytest.mark.nothing_kept
def test_the_queue_costs_the_same_with_one_covered_row_and_with_three(client, village, django_assert_num_queries):
    both_off()
    client.force_login(people.limei())

    def one_of_each():
        make_request(guide=make_guide(f"yibao-{HelpRequest.objects.count():03}"))
        make_request(claimed_by=people.zhuli())
        make_absence(people.zhenbang(), MONDAY)

    one_of_each()
    client.get(QUEUE)  # reads the roster
    with CaptureQueriesContext(connection) as used:
        client.get(QUEUE)
    number = len(used)  # now: the next page empties the list
    one_of_each(), one_of_each()
    client.get(QUEUE)  # which has changed
    with django_assert_num_queries(number):
        client.get(QUEUE)


# Taking over


def test_what_an_absent_colleague_holds_stands_in_a_group_of_its_own(client, village):
    held, beside = make_request(claimed_by=people.zhuli()), make_request(claimed_by=people.xiaozhao())
    third = make_user("third", name="王芳", role=Role.ASSISTANT)
    make_posting(third, SHUIYUN)
    client.force_login(third)
    assert "请假同事手上的" not in page(client, QUEUE)
    make_absence(people.zhuli(), MONDAY)
    text = page(client, QUEUE)
    places = [text.index(words) for words in ("请假同事手上的", held.spoken_reference, "同事在办", beside.spoken_reference)]
    assert places == sorted(places)


def test_take_over_is_offered_only_when_the_owner_is_away_or_gone(village, monday_morning):
    held = make_request(claimed_by=people.zhuli())
    boss = people.zhuguan()
    offered = lambda user: "take_over" in acts_for(type(user).objects.get(pk=user.pk), held)  # noqa: E731
    assert (offered(people.xiaozhao()), offered(boss)) == (False, False)
    make_absence(people.zhuli(), MONDAY, part=Part.MORNING)
    assert (offered(people.xiaozhao()), offered(boss), offered(people.zhuli()), offered(people.limei())) == (True, True, False, False)
    monday_morning.move_to(at("2026-03-02 15:00"))
    assert offered(people.xiaozhao()) is False
    gone = people.zhuli()
    gone.is_active = False
    gone.save()
    assert (offered(people.xiaozhao()), offered(boss)) == (True, True)


def test_a_colleague_takes_over_and_the_absent_one_can_read_it(client, village):
    held = make_request(claimed_by=people.zhuli())
    make_absence(people.zhuli(), MONDAY)
    client.force_login(people.xiaozhao())
    text = page(client, detail(held))
    assert "朱丽请假" in text
    assert "接过来了" in told(client, press(client, held, "take_over"))
    held.refresh_from_db()
    assert (held.owner, held.state) == (people.xiaozhao(), "claimed")
    assert kinds(held)[-1] == "taken_over"
    client.force_login(people.zhuli())
    text = page(client, detail(held))
    for words in ("正在办：小赵", "朱丽不在，小赵接过来办。", "原来是朱丽在办"):
        assert words in text


def test_a_covering_neighbour_takes_over_and_only_then(client, village):
    held = make_request(claimed_by=people.zhuli())
    make_absence(people.zhuli(), MONDAY)
    client.force_login(people.limei())
    page(client, detail(held), status=404)  # 小赵 is there
    make_absence(people.xiaozhao(), MONDAY)
    assert offered_in(page(client, detail(held)), held) == {"note", "take_over"}
    press(client, held, "take_over")
    held.refresh_from_db()
    assert held.owner == people.limei()


@pytest.mark.parametrize("person", [people.xiaozhao, people.zhuguan, people.limei])
def test_the_verb_refuses_while_the_owner_is_there(village, person):
    held = make_request(claimed_by=people.zhuli())
    with pytest.raises(actions.NotPossible, match="不用接手"):
        actions.take_over(request=held, by=person())
    assert Message.objects.count() == 0


def test_a_stranger_cannot_take_over_by_the_verb(village):
    held = make_request(claimed_by=people.zhuli())
    both_off()
    with pytest.raises(actions.NotPossible):
        actions.take_over(request=held, by=people.zhuli2())


def test_the_second_of_two_is_told(village):
    held = make_request(claimed_by=people.zhuli())
    make_absence(people.zhuli(), MONDAY)
    as_the_boss_saw_it = HelpRequest.objects.get(pk=held.pk)
    actions.take_over(request=held, by=people.xiaozhao())
    with pytest.raises(actions.NotPossible):
        actions.take_over(request=as_the_boss_saw_it, by=people.zhuguan())
    assert kinds(held).count("taken_over") == 1


def test_a_paused_request_stays_paused(village):
    row = {"paused_at": at("2026-03-02 09:30"), "pause_reason": "papers", "minutes_left": 60, "resume_on": MONDAY}
    held = make_request(claimed_by=people.zhuli(), row=row)
    make_absence(people.zhuli(), MONDAY)
    actions.take_over(request=held, by=people.xiaozhao())
    held.refresh_from_db()
    assert (held.pause_reason, held.minutes_left) == ("papers", 60)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_takes_over():
    colleagues = [people.xiaozhao(), people.zhuguan(), make_user("third", role=Role.SUPERVISOR)]
    make_posting(colleagues[2], TOWNSHIP)
    held = make_request(claimed_by=people.zhuli())
    make_absence(people.zhuli(), MONDAY)
    start, refused, failures = Barrier(3), [], []

    def run(user):
        mine = HelpRequest.objects.get(pk=held.pk)
        start.wait()
        try:
            actions.take_over(request=mine, by=user)
        except actions.NotPossible as refusal:
            refused.append(str(refusal))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[user]) for user in colleagues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (len(refused), kinds(held).count("taken_over"), held.messages.count()) == (2, 1, 1)
