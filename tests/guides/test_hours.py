"""Open now, and when next."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides.hours import in_season, opening_at, slots_on, timetable
from guides.models import OfficeHours
from guides.workdays import WorkCalendar

CHINA = ZoneInfo("Asia/Shanghai")
NATIONAL = WorkCalendar()


def slot(opens: str, closes: str, weekdays: str = "12345", season: tuple[str, str] = ("01-01", "12-31")) -> OfficeHours:
    return OfficeHours(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), weekdays=weekdays, season_from=season[0], season_to=season[1])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


HALL = [slot("09:00", "12:00"), slot("13:00", "17:00")]
SATURDAY = [*HALL, slot("09:00", "12:00", weekdays="6")]
SUMMER, WINTER = ("05-01", "09-30"), ("10-01", "04-30")


@pytest.mark.parametrize(("day", "summer", "winter"), [
    ("2026-05-01", True, False), ("2026-09-30", True, False), ("2026-10-01", False, True),
    ("2026-12-31", False, True), ("2027-01-01", False, True), ("2027-04-30", False, True),
])  # fmt: skip
def test_a_season_may_run_over_the_new_year(day, summer, winter):
    day = date.fromisoformat(day)
    assert in_season(slot("09:00", "12:00", season=SUMMER), day) == summer
    assert in_season(slot("09:00", "12:00", season=WINTER), day) == winter


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_two_seasons_that_share_a_year_never_leave_a_day_out_or_overlap(day):
    assert in_season(slot("09:00", "12:00", season=SUMMER), day) != in_season(slot("09:00", "12:00", season=WINTER), day)


@pytest.mark.parametrize(("moment", "is_open", "until", "opens_at"), [
    ("2026-11-24 08:59", False, None, "2026-11-24 09:00"),
    ("2026-11-24 09:00", True, "2026-11-24 12:00", None),
    ("2026-11-24 12:00", False, None, "2026-11-24 13:00"),  # exactly at closing time: closed
    ("2026-11-24 12:30", False, None, "2026-11-24 13:00"),
    ("2026-11-24 16:59", True, "2026-11-24 17:00", None),
    ("2026-11-24 17:00", False, None, "2026-11-25 09:00"),
    ("2026-11-27 17:30", False, None, "2026-11-30 09:00"),  # Friday evening: Monday
])  # fmt: skip
def test_an_ordinary_week(moment, is_open, until, opens_at):
    found = opening_at(at(moment), HALL, NATIONAL)
    assert (found.is_open, found.until, found.opens_at, found.reason) == (is_open, until and at(until), opens_at and at(opens_at), "")


def test_the_order_of_rows_does_not_matter():
    assert opening_at(at("2026-11-24 08:00"), reversed(HALL), NATIONAL).opens_at == at("2026-11-24 09:00")


def test_a_make_up_saturday_runs_as_a_weekday():
    assert slots_on(date(2026, 10, 10), SATURDAY, NATIONAL) == [(time(9), time(12)), (time(13), time(17))]
    assert opening_at(at("2026-10-10 14:00"), SATURDAY, NATIONAL).is_open


def test_a_plain_saturday_slot_is_open_on_a_plain_saturday_only():
    assert slots_on(date(2026, 11, 28), SATURDAY, NATIONAL) == [(time(9), time(12))]
    assert slots_on(date(2026, 11, 29), SATURDAY, NATIONAL) == []
    assert slots_on(date(2026, 11, 28), HALL, NATIONAL) == []


def test_a_holiday_closes_a_saturday_slot():
    assert date(2026, 10, 3).isoweekday() == 6
    assert slots_on(date(2026, 10, 3), SATURDAY, NATIONAL) == []


def test_the_next_opening_is_found_across_a_long_holiday():
    found = opening_at(at("2026-09-30 18:00"), HALL, NATIONAL)
    assert found.opens_at == at("2026-10-08 09:00")
    inside = opening_at(at("2026-10-03 10:00"), HALL, NATIONAL)
    assert (inside.is_open, inside.opens_at, inside.reason) == (False, at("2026-10-08 09:00"), "国庆节")


def test_a_regional_day_closes_and_says_why():
    calendar = WorkCalendar({date(2026, 11, 24): (False, "停电")})
    found = opening_at(at("2026-11-24 10:00"), HALL, calendar)
    assert (found.is_open, found.opens_at, found.reason) == (False, at("2026-11-25 09:00"), "停电")


def test_no_hours_or_a_season_far_away_gives_no_next_opening():
    assert opening_at(at("2026-11-24 10:00"), [], NATIONAL).opens_at is None
    far = [slot("09:00", "12:00", season=("06-01", "06-30"))]
    assert opening_at(at("2026-11-24 10:00"), far, NATIONAL).opens_at is None


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)))
def test_whatever_the_moment_an_answer_is_consistent(moment):
    moment = moment.replace(tzinfo=CHINA)
    found = opening_at(moment, SATURDAY, NATIONAL)
    if found.is_open:
        assert found.opens_at is None
        assert moment < found.until <= moment + timedelta(hours=4)
    else:
        assert found.until is None
        assert found.opens_at > moment
        assert opening_at(found.opens_at, SATURDAY, NATIONAL).is_open
        assert not opening_at(found.opens_at - timedelta(minutes=1), SATURDAY, NATIONAL).is_open


# ---- an ordinary week in words


@pytest.mark.parametrize(("hours", "words"), [
    (HALL, "周一到周五 9:00到12:00、13:00到17:00，周六、周日不开门"),
    (SATURDAY, "周一到周五 9:00到12:00、13:00到17:00，周六 9:00到12:00，周日不开门"),
    ([slot("08:30", "12:00", "1234567")], "周一到周日 8:30到12:00"),
    ([slot("08:30", "12:00", "135")], "周一、周三、周五 8:30到12:00，周二、周四、周六、周日不开门"),
    ([slot("08:30", "12:00", season=SUMMER), slot("14:00", "18:00", season=WINTER)], "周一到周五 14:00到18:00，周六、周日不开门"),
])  # fmt: skip
def test_a_week_is_said_for_the_season(hours, words):
    assert timetable(hours, date(2026, 11, 25)) == words
