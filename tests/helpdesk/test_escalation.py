"""Nothing waits in silence: who hears of a promise that runs out, one time each, whoever runs the command how often."""

from datetime import date, datetime, timedelta
from io import StringIO
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guides.models import SpecialDay
from helpdesk import actions
from helpdesk.actions import ContactHow, escalating
from helpdesk.models import CloseReason, HelpRequest, Notification, PauseReason, Robot
from menpai.roles import Role
from tests import people
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area, make_posting, make_request, make_user
from tests.helpdesk.desk import QUEUE, kinds, page
from tests.helpdesk.test_resident import page as resident_page

pytestmark = pytest.mark.django_db
LOCAL = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=LOCAL)


def quzhang():
    """曲科长, supervisor of the whole district."""
    user = make_user("quzhang", name="曲科长", role=Role.SUPERVISOR)
    make_posting(user, DISTRICT)
    return user


@pytest.fixture
def clock():
    """Monday morning, 10 o'clock: advice is promised until 15:00. `clock.move_to` goes on."""
    with time_machine.travel(at("03-02 10:00"), tick=False) as clock:
        people.zhuli(), people.xiaozhao(), people.zhuguan(), quzhang()
        yield clock


def run(clock=None, moment: str = "") -> tuple:
    """What one run moved: resumed, warned, raised, raised to the district."""
    if moment:
        clock.move_to(at(moment))
    done = actions.escalate(timezone.now())
    assert done.failed == 0
    return done.resumed, done.warned, done.raised, done.to_district


def told() -> set[tuple]:
    return set(rang().values_list("kind", "to_user__first_name"))


def rang():
    """What the clock told; that a request came in is told by itself."""
    return Notification.objects.exclude(kind__in=("new", "received"))


NOTHING = (0, 0, 0, 0)


def test_its_owner_is_reminded_once_when_an_hour_is_left(clock):
    stored = make_request(claimed_by=people.zhuli())
    assert run(clock, "03-02 13:59") == NOTHING
    assert run(clock, "03-02 14:01") == (0, 1, 0, 0)
    assert run() == NOTHING
    assert told() == {("due_soon", "朱丽")}
    assert (kinds(stored), rang().get().request) == (["submitted", "claimed"], stored)


def test_a_waiting_one_reminds_everybody_of_its_queue_and_nobody_else(clock):
    make_request()
    people.zhuli2(), people.guanjia()
    assert run(clock, "03-02 14:30") == (0, 1, 0, 0)
    assert told() == {("due_soon", "朱丽"), ("due_soon", "小赵")}


def test_soon_counts_desk_time_and_the_villages_own_days(clock):
    SpecialDay.objects.create(date=date(2026, 3, 3), area_id=SHUIYUN, name="停电")
    for code in (SHUIYUN, XIAZHUANGZI):
        make_request(make_area(code), row={"promised_at": at("03-04 09:30")})
    people.zhuli2()
    assert run(clock, "03-02 16:31") == (0, 1, 0, 0)  # Tuesday is off in 水韵名都 only: there, half an hour and half an hour are left
    assert {request.area_id for request in HelpRequest.objects.filter(warned_for__isnull=False)} == {SHUIYUN}
    assert run(clock, "03-03 16:31") == (0, 1, 0, 0)


def test_overdue_it_reaches_the_township_and_a_working_day_later_the_district(clock):
    stored = make_request(claimed_by=people.zhuli())
    assert run(clock, "03-02 15:01") == (0, 0, 1, 0)
    assert told() == {("overdue", "周主任"), ("overdue", "朱丽")}
    assert run(clock, "03-03 14:59") == NOTHING
    assert run(clock, "03-03 15:01") == (0, 0, 0, 1)
    assert run(clock, "03-09 10:00") == NOTHING
    assert told() == {("overdue", "周主任"), ("overdue", "朱丽"), ("overdue", "曲科长")}
    raised = stored.events.filter(kind="escalated")
    assert [(event.by, event.by_name, event.detail) for event in raised] == [(None, "系统", ""), (None, "系统", "又过了一个工作日，报到区里")]


def test_a_working_day_is_no_weekend(clock):
    make_request(row={"promised_at": at("03-06 16:00")})
    assert run(clock, "03-06 16:01") == (0, 0, 1, 0)
    assert run(clock, "03-08 23:00") == NOTHING
    assert run(clock, "03-09 15:59") == NOTHING
    assert run(clock, "03-09 16:01") == (0, 0, 0, 1)


def test_a_township_without_a_supervisor_is_the_districts_from_the_start(clock):
    people.zhuli2()
    make_request(make_area(XIAZHUANGZI))
    assert run(clock, "03-02 15:01") == (0, 0, 1, 0)
    assert told() == {("overdue", "曲科长"), ("overdue", "马兰")}


def test_groups_hear_of_it_once_without_anybodys_name(clock):
    for code, name in ((SHUIYUN, "社区群"), (TOWNSHIP, "镇群"), (DISTRICT, "区群"), (XIAZHUANGZI, "别处的群")):
        Robot.objects.create(name=name, area=make_area(code), kind="wecom", address="https://example.invalid/x")
    make_request()
    run(clock, "03-02 15:01"), run()
    groups = rang().filter(to_robot__isnull=False)
    assert sorted(groups.values_list("to_robot__name", flat=True)) == sorted(["社区群", "镇群", "区群"])
    run(clock, "03-04 10:00"), run()
    assert groups.filter(to_robot__name="区群").count() == 2
    assert groups.count() == 4


def test_a_renewed_promise_starts_from_the_bottom(clock):
    stored = make_request(claimed_by=people.zhuli())
    run(clock, "03-02 14:30"), run(clock, "03-04 10:00"), run()
    stored.refresh_from_db()
    assert stored.escalation == 2
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    assert run() == NOTHING
    assert run(clock, "03-09 09:30") == (0, 1, 0, 0)  # promised for 10:00
    assert run(clock, "03-09 10:01") == (0, 0, 1, 0)
    assert Notification.objects.filter(kind="due_soon", to_user=people.zhuli()).count() == 2


def test_a_paused_one_never_escalates_and_resumes_on_its_day(clock):
    stored = make_request(claimed_by=people.zhuli())
    actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
    actions.pause(request=stored, by=people.zhuli(), reason=PauseReason.PAPERS, resume_on=date(2026, 3, 12))
    for moment in ("03-05 09:30", "03-06 12:00", "03-11 23:59"):
        assert run(clock, moment) == NOTHING
    assert run(clock, "03-12 00:01") == (1, 0, 0, 0)
    assert run() == NOTHING
    stored.refresh_from_db()
    assert (stored.paused_at, stored.promised_at) == (None, at("03-16 17:00"))
    assert (kinds(stored)[-1], stored.events.last().detail) == ("resumed", "到了说好的日子")
    assert rang().count() == 0


def test_the_ended_are_left_in_peace(clock):
    done, gone = make_request(claimed_by=people.zhuli()), make_request()
    actions.close(request=done, by=people.zhuli(), reason=CloseReason.DONE, text="")
    actions.cancel(request=gone)
    assert run(clock, "03-09 10:00") == NOTHING


def test_a_promise_renewed_between_the_list_and_the_row_is_left_in_peace(clock, monkeypatch):
    stored = make_request(claimed_by=people.zhuli())
    real = escalating._each

    def meanwhile(keys, act, run):
        keys = list(keys)
        if keys:
            actions.contact(request=stored, by=people.zhuli(), how=ContactHow.PHONE)
        return real(keys, act, run)

    monkeypatch.setattr(escalating, "_each", meanwhile)
    assert run(clock, "03-02 15:01") == NOTHING
    assert "escalated" not in kinds(stored)


def test_one_bad_row_does_not_hold_up_the_others_and_the_command_says_so(clock, monkeypatch, caplog):
    bad, good = make_request(claimed_by=people.zhuli()), make_request(claimed_by=people.zhuli())
    real = escalating.record

    def fails_on_one(request, *args, **kwargs):
        if request.pk == bad.pk:
            raise ValueError("broken")
        real(request, *args, **kwargs)

    clock.move_to(at("03-02 15:01"))
    monkeypatch.setattr(escalating, "record", fails_on_one)
    out = StringIO()
    with pytest.raises(CommandError, match="有 1 件没处理成"):
        call_command("escalate", stdout=out)
    assert "报给主管 1 件" in out.getvalue()
    assert "could not be escalated" in caplog.text
    assert (HelpRequest.objects.get(pk=bad.pk).escalation, HelpRequest.objects.get(pk=good.pk).escalation) == (0, 1)
    assert set(rang().values_list("request", flat=True)) == {good.pk}
    monkeypatch.undo()
    call_command("escalate", stdout=out)
    assert HelpRequest.objects.get(pk=bad.pk).escalation == 1


def test_what_cannot_be_decrypted_is_raised_all_the_same(clock):
    stored = make_request()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE helpdesk_helprequest SET name = 'not a token' WHERE id = %s", [stored.pk])
    assert run(clock, "03-02 15:01") == (0, 0, 1, 0)


def test_a_run_has_an_end(clock, monkeypatch):
    monkeypatch.setattr(escalating, "AT_MOST", 2)
    for _ in range(5):
        make_request()
    clock.move_to(at("03-02 15:01"))
    assert [run()[2] for _ in range(4)] == [2, 2, 1, 0]


def test_a_quiet_minute_takes_the_same_few_queries_however_much_is_open(clock):
    def queries() -> int:
        with CaptureQueriesContext(connection) as used:
            assert run() == NOTHING
        return len(used)

    make_request()
    one = queries()
    for _ in range(4):
        make_request()
    assert queries() == one <= 8


@pytest.mark.django_db(transaction=True)
def test_several_machines_at_once_do_nothing_twice():
    helper = people.zhuli()
    people.zhuguan(), quzhang()
    Robot.objects.create(name="镇群", area=make_area(TOWNSHIP), kind="wecom", address="https://example.invalid/x")
    now = timezone.now()
    late = [make_request(claimed_by=helper, row={"promised_at": now - timedelta(minutes=5)}) for _ in range(6)]
    very_late = [make_request(row={"promised_at": now - timedelta(days=40), "escalation": 1}) for _ in range(3)]
    soon = [make_request(claimed_by=helper, row={"promised_at": now + timedelta(seconds=90)}) for _ in range(3)]
    paused = make_request(claimed_by=helper, row={
        "paused_at": now, "pause_reason": "papers", "minutes_left": 900, "resume_on": timezone.localdate(now), "contacted_at": now,
    })  # fmt: skip
    start, runs, failures = Barrier(4), [], []

    def machine():
        start.wait()
        try:
            runs.append(actions.escalate(now))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=machine) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [sum(getattr(run, step) for run in runs) for step in ("resumed", "warned", "raised", "to_district", "failed")] == [1, 3, 6, 3, 0]
    assert [kinds(stored).count("escalated") for stored in (*late, *very_late, *soon)] == [1] * 9 + [0] * 3
    assert kinds(paused).count("resumed") == 1
    rows = list(rang().values_list("kind", "request", "to_user", "to_robot"))
    assert len(rows) == len(set(rows)) == 3 + 6 * 3 + 3 * 2


def test_its_supervisor_sees_what_is_overdue_first(client, clock):
    waiting, mine = make_request(row={"promised_at": at("03-02 09:30")}), make_request(claimed_by=people.zhuli())
    run()
    client.force_login(people.zhuguan())
    text = page(client, QUEUE)
    assert text.index("超了时间的") < text.index(waiting.spoken_reference) < text.index(mine.spoken_reference)
    assert "报给主管了" in text
    client.force_login(people.zhuli())
    text = page(client, QUEUE)
    assert "超了时间的" not in text
    assert "报给主管了" in text


def test_the_resident_reads_that_it_was_reported(client, clock):
    stored = make_request()
    run(clock, "03-02 15:01")
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": stored.phone[-4:]})
    text = resident_page(client, f"/help/{stored.reference}/")
    assert "已经报给了主管" in text
    assert "超时，报给主管" in text
