"""Promised times on the real calendar of 2026: Spring Festival is 15 to 23 February, and Saturday 14 February is worked for it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides.workdays import WorkCalendar
from helpdesk.models import Escalation, HelpRequest, Kind, PauseReason, State
from helpdesk.sla import DESK_HOURS, LOCAL, Stand, counted_back, desk_minutes, due_at, late_words, promise, renewed, standing

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


# What hypothesis tries: any minute of 2026 until autumn, with Spring Festival, 调休 Saturdays and two regional days among the days of it.
REGIONAL = WorkCalendar({date(2026, 3, 20): (False, "开斋节"), date(2026, 3, 21): (True, "加班")})
MINUTES = st.datetimes(datetime(2026, 1, 1), datetime(2026, 9, 30), timezones=st.just(LOCAL)).map(lambda moment: moment.replace(second=0, microsecond=0))
CALENDARS = st.sampled_from([PLAIN, REGIONAL])


def is_desk_time(moment: datetime, calendar: WorkCalendar) -> bool:
    return calendar.is_working_day(moment.date()) and any(opens <= moment.time() <= closes for opens, closes in DESK_HOURS)


@given(MINUTES, st.integers(1, 3000), CALENDARS)
def test_the_time_until_a_promise_is_what_was_promised(opened, minutes, calendar):
    assert desk_minutes(opened, due_at(opened, minutes=minutes, calendar=calendar), calendar=calendar) == minutes


@given(MINUTES, st.integers(1, 1500), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 14 * 24 * 60)), max_size=4), CALENDARS)
def test_pausing_and_resuming_loses_and_gains_no_desk_minute(opened, minutes, pauses, calendar):
    """However often it is stopped and goes on: the minutes that ran are exactly those that were promised."""
    promised, ran, since = due_at(opened, minutes=minutes, calendar=calendar), 0, opened
    for share, stopped_for in pauses:
        paused = since + timedelta(minutes=int((promised - since).total_seconds() / 60 * share))
        left = round(desk_minutes(paused, promised, calendar=calendar))
        ran += desk_minutes(since, paused, calendar=calendar)
        since = paused + timedelta(minutes=stopped_for)
        promised = due_at(since, minutes=left, calendar=calendar)
        assert ran + left == minutes
        assert is_desk_time(promised, calendar)
    assert ran + desk_minutes(since, promised, calendar=calendar) == minutes


@given(MINUTES, st.integers(1, 1500), CALENDARS)
def test_counting_back_is_the_latest_moment_that_was_long_enough_ago(now, minutes, calendar):
    limit = counted_back(now, minutes=minutes, calendar=calendar)
    assert is_desk_time(limit, calendar)
    assert due_at(limit, minutes=minutes, calendar=calendar) <= now
    assert due_at(limit + timedelta(minutes=1), minutes=minutes, calendar=calendar) > now or not is_desk_time(now, calendar)


@given(MINUTES, st.integers(0, 600), st.one_of(st.none(), st.integers(-3000, 30000)), CALENDARS)
def test_the_next_word_is_within_desk_time_and_never_earlier_for_a_later_contact(now, later, visit, calendar):
    visit_at = visit if visit is None else now + timedelta(minutes=visit)
    promised = renewed(now, visit_at=visit_at, calendar=calendar)
    assert is_desk_time(promised, calendar)
    assert promised > max(now, visit_at or now)
    if visit is None:
        assert renewed(now + timedelta(minutes=later), visit_at=None, calendar=calendar) >= promised


def test_the_next_word_in_three_working_days_or_a_working_day_after_the_visit():
    now = at("2026-03-02 10:00")
    assert renewed(now, visit_at=None, calendar=PLAIN) == at("2026-03-05 10:00")
    assert renewed(now, visit_at=at("2026-03-10 09:30"), calendar=PLAIN) == at("2026-03-11 09:30")
    assert renewed(now, visit_at=at("2026-03-02 09:00"), calendar=PLAIN) == at("2026-03-05 10:00")


def how_it_stands(now: str, calendar: WorkCalendar = PLAIN, **fields):
    row = {"state": State.CLAIMED, "promised_at": at("2026-03-02 15:00"), **fields}
    return standing(HelpRequest(**row), at(now), calendar=calendar)


@pytest.mark.parametrize(
    ("now", "fields", "stand", "words", "more", "told"),
    [
        ("2026-03-02 10:00", {}, Stand.ON_TIME, "今天 15:00 前", "", "最晚 今天 15:00 前给您打电话。"),
        ("2026-03-02 14:00", {}, Stand.DUE_SOON, "今天 15:00 前", "快到了", "最晚 今天 15:00 前给您打电话。"),
        ("2026-03-02 13:59", {}, Stand.ON_TIME, "今天 15:00 前", "", "最晚 今天 15:00 前给您打电话。"),
        ("2026-03-02 10:00", {"contacted_at": at("2026-02-27 10:00")}, Stand.ON_TIME, "今天 15:00 前", "", "最晚 今天 15:00 前给您回话。"),
        ("2026-03-02 17:00", {}, Stand.OVERDUE, "已过 2 小时", "说好今天 15:00 前", "说好今天 15:00 前给您打电话，到现在还没有，是我们慢了。"),
        (
            "2026-03-02 17:00", {"escalation": Escalation.TOWNSHIP}, Stand.ESCALATED, "已过 2 小时", "说好今天 15:00 前，报给主管了",
            "说好今天 15:00 前给您打电话，到现在还没有，是我们慢了。已经报给了主管。",
        ),
        (
            "2026-03-04 17:00", {"escalation": Escalation.DISTRICT}, Stand.ESCALATED, "已过 2 天", "说好3月2日（周一） 15:00 前，报给区里主管了",
            "说好3月2日（周一） 15:00 前给您打电话，到现在还没有，是我们慢了。已经报给了区里主管。",
        ),
        (
            "2026-03-02 17:00", {"paused_at": at("2026-03-02 11:00"), "pause_reason": PauseReason.PAPERS, "resume_on": date(2026, 3, 4)},
            Stand.PAUSED, "停着：等居民备材料", "最晚后天接着办",
            "先停一停：等您备材料。最晚后天接着办。您备好了、有话说，就在下面留言，我们马上接着办。",
        ),
    ],
)  # fmt: skip
def test_how_a_promise_stands_in_words(now, fields, stand, words, more, told):
    found = how_it_stands(now, **fields)
    assert (found.stand, found.words, found.more, found.told) == (stand, words, more, told)
    assert found.is_late == (stand in (Stand.OVERDUE, Stand.ESCALATED))


def test_soon_is_one_hour_of_desk_time_not_of_the_clock():
    """A promise for 9:30 on Monday is due soon on Friday from half past four on; with Monday off, Monday's promise would be another."""
    monday = {"promised_at": at("2026-03-09 09:30")}
    assert how_it_stands("2026-03-06 16:29", **monday).stand == Stand.ON_TIME
    assert how_it_stands("2026-03-06 16:30", **monday).stand == Stand.DUE_SOON
    assert how_it_stands("2026-03-08 03:00", **monday).stand == Stand.DUE_SOON


def test_a_visit_ahead_is_said_and_one_behind_is_not():
    ahead = how_it_stands("2026-03-02 10:00", visit_at=at("2026-03-02 14:00"))
    assert (ahead.visit, ahead.told) == ("今天 14:00", "见过面以后，最晚 今天 15:00 前再跟您说办得怎么样了。")
    assert how_it_stands("2026-03-02 14:30", visit_at=at("2026-03-02 14:00")).visit == ""
