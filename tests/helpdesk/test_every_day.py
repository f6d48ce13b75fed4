"""The jobs of the day: each once a day whatever the number of machines, a failing one again in an hour, and it is written down when they ran."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from threading import Barrier

import pytest
import time_machine
from django.core.management import CommandError, call_command, get_commands
from django.db import connection
from django.utils import timezone

from helpdesk.management.commands import every_day
from menpai import runs
from menpai.logs import RequestIdFilter, request_id
from menpai.models import JobRun
from tests.menpai.test_metrics import arrived

NIGHT = datetime(2026, 11, 26, 19, 30, tzinfo=UTC)  # 3:30 in the morning of the 27th where the site is
TODAY = date(2026, 11, 27)


@pytest.fixture
def called(monkeypatch, db) -> list[str]:
    """The jobs that ran; the one named broken fails."""
    names = []

    def run(name, *arguments, **options):
        names.append(name)
        if name == "broken":
            raise RuntimeError("王桂英 13800138000")

    monkeypatch.setattr(every_day, "call_command", run)
    monkeypatch.setattr(every_day, "JOBS", (("scrub_requests", ()), ("broken", ()), ("check_links", ())))
    return names


def once(**options) -> None:
    call_command("every_day", stdout=StringIO(), **options)


@pytest.mark.django_db
def test_the_jobs_exist_and_find_nothing_to_do(monkeypatch):
    names = {name for name, _ in every_day.JOBS}
    assert names <= set(get_commands())
    # A backup sees only what is committed (tests/menpai/test_backup.py, tests/deploy/test_start.py make real ones).
    monkeypatch.setattr(every_day, "JOBS", tuple(job for job in every_day.JOBS if job[0] != "backup"))
    once()
    assert set(JobRun.objects.filter(day=timezone.localdate()).values_list("name", flat=True)) == names - {"backup"}


def test_each_job_is_done_once_a_day_and_a_failing_one_holds_up_nobody(called):
    with time_machine.travel(NIGHT, tick=False) as clock:
        with pytest.raises(CommandError, match="broken"):
            once()
        assert called == ["scrub_requests", "broken", "check_links"]
        once()
        assert called == ["scrub_requests", "broken", "check_links"]
        clock.shift(timedelta(minutes=61))
        with pytest.raises(CommandError, match="broken"):
            once()
        assert called[3:] == ["broken"]
        clock.shift(timedelta(days=1))
        with pytest.raises(CommandError, match="broken"):
            once()
        assert called[4:] == ["scrub_requests", "broken", "check_links"]


def test_it_is_written_down_when_each_ran_and_of_a_fault_the_kind_alone(called):
    with time_machine.travel(NIGHT, tick=False), pytest.raises(CommandError):
        once()
    good, bad = JobRun.objects.get(pk="scrub_requests"), JobRun.objects.get(pk="broken")
    assert (good.succeeded_at, good.day, good.leased_until, good.trouble) == (NIGHT, TODAY, None, "")
    assert (bad.ended_at, bad.succeeded_at, bad.day, bad.trouble) == (NIGHT, None, None, "RuntimeError")


def test_each_line_and_each_statement_of_a_job_carries_an_id_of_its_own(db, caplog, settings):
    settings.SQL_IDS = True
    caplog.handler.addFilter(RequestIdFilter())
    marked = []

    def work():
        marked.extend(arrived(lambda: JobRun.objects.exists()))
        raise RuntimeError("no")

    assert not runs.attempt("scrub_requests", work)
    [record] = [one for one in caplog.records if one.name == "menpai.runs"]
    assert re.fullmatch(r"scrub_requests-[0-9a-f]{8}", record.request_id)
    assert [sql for sql in marked if not sql.startswith(f"/* request_id={record.request_id} */")] == []
    assert marked
    assert request_id.get() != record.request_id


def test_the_loop_waits_for_its_time_of_day_and_catches_up_later(called, settings):
    settings.DAILY_AT = time(3, 10)
    command = every_day.Command(stdout=StringIO())
    with time_machine.travel(NIGHT - timedelta(minutes=30), tick=False) as clock:  # 3:00
        command._when_it_is_time()
        assert called == []
        clock.shift(timedelta(hours=9))  # the machine was off at night
        command._when_it_is_time()
        assert called == ["scrub_requests", "broken", "check_links"]


def test_told_to_stop_it_ends_the_job_in_hand_and_begins_no_other(called, monkeypatch):
    monkeypatch.setattr(every_day.runs, "is_stopping", lambda: bool(called))
    once()
    assert called == ["scrub_requests"]


def test_a_job_whose_machine_died_is_taken_up_again_and_not_before_its_lease_is_over(db):
    assert runs.take_today("scrub_requests", TODAY, NIGHT)
    assert not runs.take_today("scrub_requests", TODAY, NIGHT + timedelta(hours=5))
    assert runs.take_today("scrub_requests", TODAY, NIGHT + runs.LEASE)


@pytest.mark.django_db(transaction=True)
def test_of_four_machines_one_does_the_job():
    ready = Barrier(4)

    def take(number):
        try:
            ready.wait()
            return runs.take_today("scrub_requests", TODAY, NIGHT)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as machines:
        assert sorted(machines.map(take, range(4))) == [False, False, False, True]
    runs.finish_today("scrub_requests", TODAY, done=True)
    assert not runs.take_today("scrub_requests", TODAY, NIGHT + timedelta(hours=12))
    assert runs.take_today("scrub_requests", TODAY + timedelta(days=1), NIGHT + timedelta(hours=24))


def test_a_loop_shows_that_it_lives_by_a_file_and_by_a_row(db, tmp_path, monkeypatch):
    monkeypatch.setattr(runs.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(runs, "_last_beat", {})
    runs.beat("every_day")
    assert (tmp_path / "menpai-every_day").exists()
    assert JobRun.objects.get(pk="every_day").succeeded_at is not None
    JobRun.objects.all().delete()
    runs.beat("every_day")  # the file each time, the row every half minute
    assert not JobRun.objects.exists()
