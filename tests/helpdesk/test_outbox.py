"""The outbox worked off: when, merged, by whom, and what becomes of a message that does not go."""

import logging
import re
from datetime import time, timedelta
from io import StringIO
from threading import Barrier, Thread
from types import SimpleNamespace

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from helpdesk import actions, delivery, outbox, sending_times
from helpdesk.models import CloseReason, ContactCard, Notification, NotificationKind, Robot, SendState
from helpdesk.notifications import tell_group, tell_resident, tell_staff
from menpai.logs import RequestIdFilter
from tests import people
from tests.factories import SHUIYUN, make_area, make_request
from tests.helpdesk.outside import WECOM_KEY, Outside, as_wecom

pytestmark = pytest.mark.django_db
K = NotificationKind
MORNING = "2026-11-27 10:00+08:00"


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def gateway(settings):
    """The SMS gateway, and robots on the same machine."""
    with Outside() as server:
        settings.SMS_URL, settings.RESIDENT_SMS, settings.ROBOT_HOSTS = f"{server.url}/sms", True, [server.host]
        yield server


@pytest.fixture
def stored(clock):
    """A claimed request whose own notifications are out of the way."""
    stored = make_request(claimed_by=people.zhuli())
    Notification.objects.all().delete()
    return stored


def reachable(user, **card):
    return ContactCard.objects.create(user=user, **{"mobile": "13900000001", **card})


def send() -> dict:
    return outbox.send_due(stop=lambda: False)


def texts(gateway) -> list[str]:
    return [sent.json["text"] for sent in gateway.sent]


def states() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("state", flat=True))


def ring(stored, *kinds, user=None):
    for kind in kinds:
        tell_staff([user or people.zhuli()], kind, request=stored)


def test_what_comes_within_minutes_is_one_message(gateway, clock, stored):
    reachable(people.zhuli())
    ring(stored, K.RESIDENT_WROTE)
    assert send()["sent"] == 0
    clock.shift(timedelta(minutes=1))
    ring(stored, K.DUE_SOON)
    clock.shift(timedelta(minutes=1))
    assert send()["sent"] == 1
    assert states() == ["sent", "sent"]
    assert "2件事要看" in texts(gateway)[0]
    assert send()["sent"] == 0


def test_two_people_get_two_messages(gateway, clock, stored):
    for user in (people.zhuli(), people.xiaozhao()):
        reachable(user)
        ring(stored, K.DUE_SOON, user=user)
    clock.shift(timedelta(minutes=2))
    assert send()["sent"] == 2


def test_a_digest_waits_for_its_time(gateway, clock, stored):
    reachable(people.zhuli(), digest_at=time(17))
    ring(stored, K.DUE_SOON)
    for moment, count in (("2026-11-27 16:30+08:00", 0), ("2026-11-27 17:00+08:00", 1)):
        clock.move_to(moment)
        if count:
            ring(stored, K.RESIDENT_WROTE)  # comes at that very moment
        assert send()["sent"] == count
    assert states() == ["sent", "sent"]


def test_an_alarm_waits_for_no_digest_but_for_the_morning(gateway, clock, stored):
    reachable(people.zhuli(), digest_at=time(17))
    ring(stored, K.OVERDUE)
    assert send()["sent"] == 1
    clock.move_to("2026-11-27 20:00+08:00")
    ring(stored, K.OVERDUE)
    assert send()["sent"] == 0
    clock.move_to("2026-11-28 07:59+08:00")
    assert send()["sent"] == 0
    clock.move_to("2026-11-28 08:00+08:00")
    assert send()["sent"] == 1


def test_an_alarm_takes_along_what_is_about_to_go(gateway, clock, stored):
    reachable(people.zhuli())
    ring(stored, K.RESIDENT_WROTE)
    assert send()["sent"] == 0
    ring(stored, K.OVERDUE)
    assert send()["sent"] == 1
    assert states() == ["sent", "sent"]


def test_whose_hours_differ_sleeps_at_other_times(gateway, clock, stored):
    reachable(people.zhuli(), quiet_from=time(9), quiet_to=time(11))
    reachable(people.xiaozhao(), quiet_from=time(9), quiet_to=time(9))
    ring(stored, K.OVERDUE)
    ring(stored, K.OVERDUE, user=people.xiaozhao())
    assert send()["sent"] == 1
    assert states() == ["pending", "sent"]


def test_new_hours_count_for_what_waits_already(gateway, clock, stored):
    reachable(people.zhuli(), digest_at=time(17))
    ring(stored, K.DUE_SOON)
    send()
    actions.save_contact(by=people.zhuli(), email="", mobile="13900000001", digest_at=None, quiet_from=time(20), quiet_to=time(8))
    clock.shift(timedelta(minutes=2))
    assert send()["sent"] == 1


def test_a_resident_is_written_to_by_day_only_and_once_for_several_things(gateway, clock, stored):
    clock.move_to("2026-11-27 20:30+08:00")
    tell_resident(stored, K.STAFF_WROTE)
    tell_resident(stored, K.VISIT)
    clock.shift(timedelta(minutes=5))
    assert send()["sent"] == 0
    clock.move_to("2026-11-28 08:00+08:00")
    assert send()["sent"] == 1
    assert gateway.sent[0].json["phone"] == stored.phone
    assert "约了" in texts(gateway)[0]


def test_residents_get_nothing_unless_the_district_wants_it(gateway, clock, stored, settings):
    settings.RESIDENT_SMS = False
    tell_resident(stored, K.STAFF_WROTE)
    clock.shift(timedelta(minutes=2))
    assert send()["skipped"] == 1
    assert Notification.objects.get().answer.startswith("没有配置")
    assert gateway.sent == []


def test_a_landline_gets_no_text_message(gateway, clock):
    stored = make_request(phone="09523311111")
    send()
    assert "座机收不到短信" in Notification.objects.get(to_resident=True).answer
    assert stored.phone not in str([sent.body for sent in gateway.sent])


def test_with_nothing_set_up_rows_are_marked_and_do_not_pile_up(clock):
    make_request(claimed_by=people.zhuli())
    tell_staff([people.zhuli()], K.OVERDUE)
    clock.shift(timedelta(minutes=3))
    call_command("send_notifications", "--once", stdout=StringIO())
    assert set(states()) == {"skipped"}
    assert all(row.answer for row in Notification.objects.all())


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        (K.NEW, lambda stored: None),  # it is claimed
        (K.OVERDUE, lambda stored: actions.close(request=stored, by=people.zhuli(), reason=CloseReason.DONE, text="")),
        (K.HANDED_OVER, lambda stored: actions.release(request=stored, by=people.zhuli())),
        (K.RESIDENT_WROTE, lambda stored: actions.cancel(request=stored)),
        (K.OVERDUE, lambda stored: type(people.zhuli()).objects.filter(username="zhuli").update(is_active=False)),
    ],
)
def test_what_is_no_longer_true_is_not_told(gateway, clock, stored, kind, spoil):
    reachable(people.zhuli())
    ring(stored, kind)
    spoil(stored)
    clock.shift(timedelta(minutes=2))
    send()
    row = Notification.objects.get(kind=kind, to_user__username="zhuli")
    assert (row.state, bool(row.answer)) == ("skipped", True)
    assert "13900000001" not in [sent.json["phone"] for sent in gateway.sent]


@pytest.mark.parametrize("spoil", [actions.reopen, lambda request: (actions.reopen(request=request), actions.cancel(request=request))])
def test_a_resident_is_not_told_of_an_end_that_is_none_any_more(gateway, clock, stored, spoil):
    actions.close(request=stored, by=people.zhuli(), reason=CloseReason.DONE, text="")
    spoil(request=stored)
    clock.shift(timedelta(minutes=2))
    send()
    assert Notification.objects.get(kind=K.CLOSED).state == "skipped"
    assert gateway.sent == []


def test_nobody_is_told_of_last_week_by_a_worker_that_stood_still(gateway, clock, stored):
    reachable(people.zhuli())
    ring(stored, K.OVERDUE)
    clock.shift(sending_times.STALE + timedelta(minutes=1))
    assert send()["skipped"] == 1


def test_a_failure_rests_longer_each_time_and_ends_loudly(gateway, clock, stored, caplog):
    reachable(people.zhuli(), quiet_from=time(0), quiet_to=time(0))
    gateway.answer = lambda sent: (503, {}, b"")
    ring(stored, K.OVERDUE)
    pauses = []
    for _ in range(sending_times.MAX_TRIES - 1):
        assert send()["later"] == 1
        row = Notification.objects.get()
        pauses.append((row.not_before - timezone.now()) / timedelta(minutes=1))
        clock.move_to(row.not_before - timedelta(seconds=1))
        assert send() == {"sent": 0, "skipped": 0, "later": 0, "failed": 0}
        clock.move_to(row.not_before)
    for pause, usual in zip(pauses, (1, 5, 30, 120, 360, 720), strict=True):
        assert usual <= pause <= usual * 1.25
    with caplog.at_level(logging.ERROR), pytest.raises(CommandError) as gave_up:
        call_command("send_notifications", "--once", stdout=StringIO())
    assert gave_up.value.returncode == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.channel, row.answer) == ("failed", 7, "sms", "状态503")
    assert "Gave up on notifications" in caplog.text
    assert "13900000001" not in caplog.text


def test_each_line_about_a_message_carries_the_messages_own_id(gateway, clock, stored, caplog):
    reachable(people.zhuli())
    caplog.handler.addFilter(RequestIdFilter())
    gateway.answer = lambda sent: (503, {}, b"")
    ring(stored, NotificationKind.OVERDUE)
    send()
    lines = [one for one in caplog.records if one.name == "helpdesk.outbox"]
    assert lines
    assert all(re.fullmatch("notice-[0-9a-f]{12}", one.request_id) for one in lines)


def test_a_hopeless_refusal_is_given_up_at_once(gateway, clock, stored):
    reachable(people.zhuli())
    gateway.answer = lambda sent: (401, {}, b"")
    ring(stored, K.OVERDUE)
    assert send()["failed"] == 1


def test_who_asks_for_a_rest_gets_it(gateway, clock, stored):
    reachable(people.zhuli())
    gateway.answer = lambda sent: (429, {"Retry-After": "900"}, b"")
    ring(stored, K.OVERDUE)
    send()
    assert timedelta(minutes=15) <= Notification.objects.get().not_before - timezone.now() <= timedelta(minutes=19)


def test_what_may_have_arrived_is_tried_again_as_it_was_under_the_same_id(gateway, clock, stored):
    reachable(people.zhuli())
    ring(stored, K.OVERDUE)
    gateway.answer = lambda sent: (500, {}, b"")
    send()
    gateway.answer = lambda sent: (200, {}, b"")
    clock.shift(timedelta(minutes=2))
    ring(stored, K.OVERDUE, K.STOPPED)
    assert send()["sent"] == 2
    first, again, other = gateway.sent
    assert (first.id, first.body) == (again.id, again.body)
    assert other.id != first.id


def test_what_surely_did_not_arrive_goes_together_with_what_came_since(gateway, clock, stored):
    reachable(people.zhuli())
    ring(stored, K.OVERDUE)
    gateway.answer = lambda sent: (503, {}, b"")
    send()
    gateway.answer = lambda sent: (200, {}, b"")
    clock.shift(timedelta(minutes=2))
    ring(stored, K.STOPPED)
    assert send()["sent"] == 1


def test_a_lease_that_ran_out_is_sent_again_under_the_same_id_and_the_late_one_changes_nothing(gateway, clock, stored):
    reachable(people.zhuli())
    ring(stored, K.OVERDUE)
    [rows] = outbox.find_messages(timezone.now())
    dead = outbox.lease(rows, timezone.now())
    assert outbox.find_messages(timezone.now()) == []
    clock.shift(outbox.LEASE)
    assert send()["sent"] == 1
    assert outbox._in_hand(dead).count() == 0
    row = Notification.objects.get()
    assert (row.state, row.attempts) == ("sent", 2)
    assert gateway.sent[0].id == delivery._message_id([row])


class Hand:
    """A watch that somebody moves with the clock: under the clock of these tests nothing tells real seconds."""

    def __init__(self, clock):
        self.clock, self.moved = clock, False

    def set_clock(self, by: timedelta) -> None:
        self.clock.shift(by)
        self.moved = True

    def was_set(self) -> bool:
        moved, self.moved = self.moved, False
        return moved


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=1), timedelta(hours=-1), timedelta(days=-1)])
def test_a_clock_that_is_set_while_a_message_is_being_sent_makes_no_other_worker_send_it(gateway, clock, stored, by):
    reachable(people.zhuli(), quiet_from=time(0), quiet_to=time(0))
    ring(stored, K.OVERDUE)
    [rows] = outbox.find_messages(timezone.now())
    assert outbox.lease(rows, timezone.now())  # the first worker is at it
    second = Hand(clock)
    second.set_clock(by)
    assert outbox.send_due(stop=lambda: False, watch=second)["sent"] == 0
    clock.shift(outbox.LEASE)  # the first has died over it: one lease later, whatever the clock says, another sends it
    assert outbox.send_due(stop=lambda: False, watch=second)["sent"] == 1


def test_a_clock_that_is_set_between_the_look_and_the_sending_is_noticed(gateway, clock, stored):
    for user in (people.zhuli(), people.xiaozhao()):
        reachable(user, quiet_from=time(0), quiet_to=time(0))
        ring(stored, K.OVERDUE, user=user)
    worker, looks, taken = Hand(clock), [], []

    def was_set() -> bool:
        looks.append(clock)
        if len(looks) == 3:  # it looked, sent the first, and is about to take the second: another worker has it by now, and then the clock is set
            [rows] = outbox.find_messages(timezone.now())
            taken.append(outbox.lease(rows, timezone.now()))
            clock.shift(timedelta(hours=1))
            return True
        return False

    worker.was_set = was_set
    assert outbox.send_due(stop=lambda: False, watch=worker)["sent"] == 1
    assert outbox._in_hand(taken[0]).count() == 1


def test_a_worker_tells_by_seconds_that_nobody_can_set(monkeypatch):
    now = {"time": 1000.0, "monotonic": 5.0}
    monkeypatch.setattr(outbox, "time", SimpleNamespace(**{name: lambda name=name: now[name] for name in now}))
    watch = outbox.Watch()
    now["time"] += 3600.5
    now["monotonic"] += 3600
    assert not watch.was_set()
    for jump in (3600, -3600, 86400):
        now["time"] += jump
        assert [watch.was_set(), watch.was_set()] == [True, False]


def test_what_was_written_while_the_clock_was_a_day_ahead_goes_out_when_it_is_right_again(gateway, clock, stored):
    reachable(people.zhuli(), quiet_from=time(0), quiet_to=time(0))
    clock.shift(timedelta(days=1))
    ring(stored, K.RESIDENT_WROTE)
    ring(stored, K.OVERDUE, user=people.xiaozhao())
    reachable(people.xiaozhao(), quiet_from=time(0), quiet_to=time(0))
    [rows] = outbox.find_messages(timezone.now())
    assert outbox.lease(rows, timezone.now())
    clock.shift(timedelta(days=-1))
    assert send()["sent"] == 0
    call_command("every_minute", stdout=StringIO())
    clock.shift(outbox.LEASE)
    assert send()["sent"] == 2


def test_a_message_that_kills_its_worker_every_time_ends_too(gateway, clock, stored):
    reachable(people.zhuli(), quiet_from=time(0), quiet_to=time(0))
    ring(stored, K.OVERDUE)
    for _ in range(sending_times.MAX_TRIES):
        [rows] = outbox.find_messages(timezone.now())
        assert outbox.lease(rows, timezone.now())
        clock.shift(outbox.LEASE)
    assert send()["failed"] == 1
    assert gateway.sent == []


def test_one_message_that_cannot_be_put_together_does_not_hold_up_the_others(gateway, clock, stored, settings):
    for user in (people.zhuli(), people.xiaozhao()):
        card = reachable(user)
        ring(stored, K.OVERDUE, user=user)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE helpdesk_contactcard SET mobile = 'no key opens this' WHERE id <> %s", [card.pk])
    assert send() == {"sent": 1, "skipped": 0, "later": 1, "failed": 0}


def test_a_group_gets_one_message_and_no_more_than_it_can_take(gateway, clock, stored):
    gateway.answer = as_wecom
    address = f"{gateway.url}/cgi-bin/webhook/send?key={WECOM_KEY}"
    robot = Robot.objects.create(name="园艺镇帮办群", area=make_area("640205102000"), kind="wecom", address=address)
    Robot.objects.create(name="尾闸镇帮办群", area=make_area("640205101000"), kind="wecom", address=address)
    for _ in range(outbox.ROBOT_A_MINUTE + 3):
        tell_group(make_area(SHUIYUN), K.OVERDUE, request=stored)
        send()
    assert len(gateway.sent) == outbox.ROBOT_A_MINUTE
    clock.shift(timedelta(minutes=1))
    assert send()["sent"] == 1  # the three that waited, in one
    assert set(states()) == {"sent"}
    assert robot.notifications.count() == outbox.ROBOT_A_MINUTE + 3


def test_a_robot_that_was_stopped_says_nothing(gateway, clock, stored):
    robot = Robot.objects.create(name="群", area=make_area(SHUIYUN), kind="wecom", address=f"{gateway.url}/x")
    tell_group(make_area(SHUIYUN), K.OVERDUE, request=stored)
    Robot.objects.filter(pk=robot.pk).update(is_active=False)
    assert send()["skipped"] == 1
    assert gateway.sent == []


def test_old_rows_go_after_ninety_days_whatever_they_are(clock, stored):
    for state in SendState:
        Notification.objects.create(kind=K.OVERDUE, to_user=people.zhuli(), not_before=timezone.now(), state=state)
    clock.shift(outbox.KEPT)
    assert outbox.delete_old(timezone.now()) == 0
    ring(stored, K.OVERDUE)
    clock.shift(timedelta(seconds=1))
    assert outbox.delete_old(timezone.now(), batch=2) == len(SendState)
    assert Notification.objects.count() == 1


def test_without_a_worker_the_daily_scrubbing_bounds_the_table(clock, stored):
    ring(stored, K.OVERDUE)
    clock.shift(outbox.KEPT + timedelta(seconds=1))
    call_command("scrub_requests", stdout=StringIO())
    assert Notification.objects.count() == 0


def test_finding_what_is_due_takes_one_query_for_one_person_and_for_three(clock, stored, django_assert_num_queries):
    for number, user in enumerate((people.zhuli(), people.xiaozhao(), people.zhuli2()), start=1):
        reachable(user)
        ring(stored, K.OVERDUE, user=user)
        with django_assert_num_queries(1):
            assert len(outbox.find_messages(timezone.now())) == number


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_send_nothing_twice(settings):
    with Outside() as gateway, time_machine.travel(MORNING):
        settings.SMS_URL = f"{gateway.url}/sms"
        stored = make_request()
        Notification.objects.all().delete()
        users = [people.zhuli(), people.xiaozhao(), people.zhuli2(), people.zhuguan(), people.guanjia()]
        for number, user in enumerate(users):
            reachable(user, mobile=f"1390000000{number}")
            ring(stored, K.OVERDUE, K.STOPPED, user=user)
        start, failures = Barrier(4), []

        def work():
            start.wait()
            try:
                send()
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert set(states()) == {"sent"}
        assert sorted(sent.json["phone"] for sent in gateway.sent) == [f"1390000000{number}" for number in range(5)]
