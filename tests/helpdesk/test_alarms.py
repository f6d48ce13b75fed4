"""Nobody is there at all: the supervisor hears of it once, and the resident is told honestly."""

from datetime import date, datetime
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import actions
from helpdesk.models import HelpRequest, Notification, Part, Robot
from helpdesk.sla import LOCAL
from tests import people
from tests.factories import SHUIYUN, make_absence, make_area, make_guide, make_request
from tests.helpdesk.desk import kinds

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
SAYS = "这会儿没有帮办员当班"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.fixture(autouse=True)
def monday_morning():
    """Advice asked for now is promised by three in the afternoon."""
    with time_machine.travel(at("2026-03-02 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def nobody():
    """朱丽, the only helper of 水韵名都社区, is on leave on Monday; 周主任 supervises."""
    make_absence(people.zhuli(), MONDAY)
    return people.zhuguan()


def told_of(stored: HelpRequest) -> list[str]:
    return sorted(row.to_user.username if row.to_user else row.to_robot.name for row in Notification.objects.filter(request=stored, kind="nobody"))


def test_a_request_that_nobody_takes_within_its_promise_alarms_the_supervisor(nobody):
    Robot.objects.create(name="园艺镇群", area=make_area(SHUIYUN).parent, kind="wecom", address="x")
    stored = make_request()
    stored.refresh_from_db()
    assert (stored.alarmed_at, kinds(stored)) == (timezone.now(), ["submitted", "alarmed"])
    assert told_of(stored) == ["zhuguan", "园艺镇群"]
    assert stored.events.last().by_name == "系统"


@pytest.mark.parametrize("who_is_there", ["colleague", "neighbour", "township", "back in the afternoon"])
def test_no_alarm_when_somebody_is_there_before_the_promise_runs_out(nobody, who_is_there):
    if who_is_there == "back in the afternoon":
        people.zhuli().absences.update(part=Part.MORNING)
    else:
        {"colleague": people.xiaozhao, "neighbour": people.limei, "township": people.zhenbang}[who_is_there]()
    stored = make_request()
    assert (stored.alarmed_at, kinds(stored), told_of(stored)) == (None, ["submitted"], [])


def test_when_the_supervisor_is_away_too_the_district_hears_of_it(nobody):
    people.quzhuguan()
    assert told_of(make_request()) == ["zhuguan"]
    make_absence(nobody, MONDAY)
    assert told_of(make_request()) == ["quzhuguan", "zhuguan"]


def test_without_anybody_to_tell_nothing_is_claimed_and_the_alarm_comes_later():
    make_absence(people.zhuli(), MONDAY)
    stored = make_request()
    assert (stored.alarmed_at, kinds(stored), actions.raise_alarms(timezone.now())) == (None, ["submitted"], 0)
    people.zhuguan()
    assert actions.raise_alarms(timezone.now()) == 1
    assert told_of(stored) == ["zhuguan"]


def test_a_request_given_back_or_opened_again_alarms_anew(nobody, monday_morning):
    stored = make_request(claimed_by=people.zhuli())
    monday_morning.shift(60)
    actions.release(request=stored, by=people.zhuli())
    assert kinds(stored)[-2:] == ["released", "alarmed"]
    actions.cancel(request=stored)
    monday_morning.shift(60)
    actions.reopen(request=stored)
    assert kinds(stored)[-2:] == ["reopened", "alarmed"]
    assert told_of(stored) == ["zhuguan"] * 3  # when it came, when it was given back, when it was opened again


def test_opened_again_with_somebody_there_the_old_alarm_is_over(nobody):
    stored = make_request()
    actions.cancel(request=stored)
    people.xiaozhao()
    actions.reopen(request=stored)
    assert (stored.alarmed_at, kinds(stored)[-1]) == (None, "reopened")


def test_leave_entered_after_the_request_came_is_found_by_the_run():
    people.zhuguan(), people.zhuli()
    stored = make_request()
    assert actions.raise_alarms(timezone.now()) == 0
    make_absence(people.zhuli(), MONDAY)
    assert [actions.raise_alarms(timezone.now()) for _ in range(3)] == [1, 0, 0]
    assert (kinds(stored).count("alarmed"), told_of(stored)) == (1, ["zhuguan"])


def test_what_is_in_hand_ended_or_for_the_supervisor_is_never_alarmed():
    people.zhuguan(), people.zhuli()
    make_request(claimed_by=people.zhuli())
    make_request(row={"for_supervisor": True})
    actions.cancel(request=make_request())
    make_absence(people.zhuli(), MONDAY)
    assert actions.raise_alarms(timezone.now()) == 0


def test_an_overdue_request_counts_for_the_running_half_day():
    people.zhuguan(), people.zhuli()
    make_request(row={"promised_at": at("2026-02-27 15:00")})
    make_absence(people.zhuli(), MONDAY, part=Part.MORNING)
    assert actions.raise_alarms(timezone.now()) == 1


def test_an_absent_steward_is_missed_too(monday_morning):
    people.zhuguan(), people.quzhuguan(), people.zhuli()
    make_absence(people.guanjia(), MONDAY, TUESDAY)
    stored = make_request(guide=make_guide("touzi-004", audience="enterprise"))
    assert (stored.for_steward, told_of(stored)) == (True, ["zhuguan"])


def test_looking_at_three_that_need_no_alarm_costs_as_much_as_at_one(django_assert_num_queries):
    people.zhuguan(), people.zhuli()
    make_request()
    with CaptureQueriesContext(connection) as used:
        actions.raise_alarms(timezone.now())
    make_request(), make_request()
    with django_assert_num_queries(len(used)):
        actions.raise_alarms(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_several_machines_at_once_raise_each_alarm_once():
    people.zhuguan(), people.zhuli()
    stored = [make_request() for _ in range(3)]
    make_absence(people.zhuli(), MONDAY)
    now, start, counts, failures = timezone.now(), Barrier(4), [], []

    def run():
        start.wait()
        try:
            counts.append(actions.raise_alarms(now))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(counts) == 3
    assert [(kinds(r).count("alarmed"), told_of(r)) for r in stored] == [(1, ["zhuguan"])] * 3


# What the resident reads


def follow(client, stored: HelpRequest, mode: str = "") -> str:
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": "8000"})
    return client.get(f"{mode}/help/{stored.reference}/").content.decode()


@pytest.mark.parametrize("mode", ["", "/elder"])
def test_the_follow_page_says_so_and_gives_the_hotline(client, nobody, mode):
    text = follow(client, make_request(), mode)
    assert f"{SAYS}。</b>已经告诉主管了" in text
    assert 'href="tel:12345"' in text.split(SAYS)[1].split("</div>")[0]


def test_it_claims_no_supervisor_who_does_not_know(client):
    make_absence(people.zhuli(), MONDAY)
    text = follow(client, make_request())
    assert SAYS in text
    assert "已经告诉主管" not in text


def test_it_says_so_only_while_it_is_true(client, nobody, monday_morning):
    stored = make_request()
    people.limei()
    assert SAYS not in follow(client, stored)  # the neighbour can take it now
    make_absence(people.limei(), MONDAY)
    assert SAYS in follow(client, stored)
    monday_morning.move_to(at("2026-03-02 20:00"))  # now it is about tomorrow, when 朱丽 is back
    assert SAYS not in follow(client, stored)
    monday_morning.move_to(at("2026-03-02 10:00"))
    actions.claim(request=stored, by=people.limei())
    assert SAYS not in follow(client, stored)


def test_a_helper_from_next_door_is_introduced(client, nobody):
    stored = make_request(claimed_by=people.limei())
    assert "李梅是<b>园艺村</b>的帮办员，来帮忙的。" in follow(client, stored)
    own, above = make_request(claimed_by=people.zhuli()), make_request(claimed_by=nobody)
    assert ["来帮忙的" in follow(client, r) for r in (own, above)] == [False, False]
