"""Promised times on the real calendar of 2026: Spring Festival is 15 to 23 February, and Saturday 14 February is worked for it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides.workdays import WorkCalendar
from helpdesk.models import Kind
from helpdesk.sla import DESK_HOURS, LOCAL, due_at, late_words, promise

PLAIN = WorkCalendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("what", "opened", "due"),
    [
        ("across lunch", "2026-03-02 10:00", "2026-03-02 15:00"),
        ("during lunch counts from one o'clock", "2026-03-02 12:30", "2026-03-02 17:00"),
        ("exactly the rest of the day", "2026-03-02 13:00", "2026-03-02 17:00"),
        ("before the desk opens", "2026-03-02 07:15", "2026-03-02 14:00"),
        ("at night", "2026-03-02 22:40", "2026-03-03 14:00"),
        ("late in the afternoon", "2026-03-02 16:30", "2026-03-03 13:30"),
        ("Friday evening", "2026-03-06 18:00", "2026-03-09 14:00"),
        ("Saturday", "2026-03-07 10:00", "2026-03-09 14:00"),
        ("Friday before a worked Saturday (调休)", "2026-02-13 16:00", "2026-02-14 12:00"),
        ("on the worked Saturday itself", "2026-02-14 09:00", "2026-02-14 14:00"),
        ("into Spring Festival", "2026-02-14 16:30", "2026-02-24 13:30"),
        ("on New Year's Day of the festival", "2026-02-17 10:00", "2026-02-24 14:00"),
    ],
)
def test_four_hours_of_desk_time(what, opened, due):
    assert due_at(at(opened), minutes=240, calendar=PLAIN) == at(due)


def test_help_in_person_takes_a_working_day():
    assert promise(at("2026-03-02 10:00"), kind=Kind.HOME, calendar=PLAIN) == at("2026-03-03 10:00")
    assert promise(at("2026-03-02 10:00"), kind=Kind.ADVICE, calendar=PLAIN) == at("2026-03-02 15:00")


def test_every_kind_has_a_promise():
    assert all(promise(at("2026-03-02 10:00"), kind=kind, calendar=PLAIN) for kind in Kind.values)


def test_a_regional_day_off_and_an_extra_working_day():
    eid = WorkCalendar({date(2026, 3, 20): (False, "开斋节")})
    assert due_at(at("2026-03-19 16:00"), minutes=240, calendar=PLAIN) == at("2026-03-20 12:00")
    assert due_at(at("2026-03-19 16:00"), minutes=240, calendar=eid) == at("2026-03-23 12:00")
    saturday = WorkCalendar({date(2026, 3, 21): (True, "加班")})
    assert due_at(at("2026-03-20 16:00"), minutes=240, calendar=saturday) == at("2026-03-21 12:00")


def test_the_moment_may_come_in_any_time_zone():
    assert due_at(datetime(2026, 3, 2, 2, 0, tzinfo=ZoneInfo("UTC")), minutes=240, calendar=PLAIN) == at("2026-03-02 15:00")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 30), timezones=st.just(LOCAL)),
    st.integers(1, 3000),
    st.integers(0, 600),
)
def test_due_within_desk_hours_and_never_earlier_for_who_comes_later(opened, minutes, later):
    due = due_at(opened, minutes=minutes, calendar=PLAIN)
    assert due >= opened + timedelta(minutes=minutes)
    assert PLAIN.is_working_day(due.date())
    assert any(opens <= due.time() <= closes for opens, closes in DESK_HOURS)
    assert due_at(opened + timedelta(minutes=later), minutes=minutes, calendar=PLAIN) >= due


def test_desk_hours_are_seven_hours():
    minutes = [(datetime.combine(date.min, b) - datetime.combine(date.min, a)).seconds // 60 for a, b in DESK_HOURS]
    assert sum(minutes) == 420
    assert (time(12), time(13)) == (DESK_HOURS[0][1], DESK_HOURS[1][0])


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "已过 1 分钟"), (59, "已过 59 分钟"), (60, "已过 1 小时"), (23 * 60 + 59, "已过 23 小时"), (24 * 60, "已过 1 天"), (75 * 60, "已过 3 天")],
)
def test_how_late_in_words(minutes, words):
    assert late_words(timedelta(minutes=minutes)) == words
