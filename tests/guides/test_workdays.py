"""Which days people work in 惠农区."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides.models import Area, SpecialDay
from guides.workdays import WorkCalendar, calendar_for, is_announced
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area

NATIONAL = WorkCalendar()


@pytest.mark.parametrize(("day", "works", "reason"), [
    (date(2026, 10, 10), True, ""),           # a Saturday made up for 国庆
    (date(2026, 10, 1), False, "国庆节"),
    (date(2026, 10, 7), False, "放假调休"),   # a Wednesday, paid for by a Saturday
    (date(2026, 10, 8), True, ""),
    (date(2026, 1, 1), False, "元旦"),
    (date(2026, 11, 24), True, ""),
    (date(2026, 11, 28), False, "周六"),
    (date(2026, 11, 29), False, "周日"),
])  # fmt: skip
def test_the_national_list_of_2026(day, works, reason):
    assert (NATIONAL.is_working_day(day), NATIONAL.reason_closed(day)) == (works, reason)


def test_a_day_swapped_for_a_weekend_is_called_so():
    swapped = [d for n in range(365) if NATIONAL.reason_closed(d := date(2026, 1, 1) + timedelta(n)) == "放假调休"]
    assert swapped  # 2026 has some
    assert all(d.isoweekday() <= 5 and not NATIONAL.is_working_day(d) and NATIONAL.is_holiday(d) for d in swapped)


def test_a_plain_weekend_is_no_holiday():
    assert not NATIONAL.is_holiday(date(2026, 11, 28))
    assert NATIONAL.is_holiday(date(2026, 10, 3))
    assert not NATIONAL.is_holiday(date(2026, 10, 10))


def test_a_year_without_an_announced_list_is_known_as_such():
    assert is_announced(2026)
    assert not is_announced(2031)


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_the_next_working_day_is_the_first_one(day):
    found = NATIONAL.next_working_day(day)
    assert found > day
    assert NATIONAL.is_working_day(found)
    assert not any(NATIONAL.is_working_day(day + timedelta(n)) for n in range(1, (found - day).days))


def test_next_working_day_across_the_national_holiday_and_its_make_up_saturday():
    assert NATIONAL.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert NATIONAL.next_working_day(date(2026, 10, 9)) == date(2026, 10, 10)


@pytest.fixture
def areas(db) -> dict[str, Area]:
    return {code: make_area(code) for code in (SHUIYUN, XIAZHUANGZI, TOWNSHIP, DISTRICT)}


DAY = date(2026, 11, 24)  # a Tuesday


def test_own_day_beats_the_township_beats_the_district_beats_all(areas):
    SpecialDay.objects.create(date=DAY, area=areas[SHUIYUN], is_open=True, name="照常")
    SpecialDay.objects.create(date=DAY, area=areas[TOWNSHIP], is_open=False, name="停电")
    SpecialDay.objects.create(date=DAY, area=areas[DISTRICT], is_open=True, name="上班")
    SpecialDay.objects.create(date=DAY, area=None, is_open=False, name="开斋节")
    seen = {code: calendar_for(area, since=DAY).special[DAY] for code, area in areas.items()}
    assert seen == {SHUIYUN: (True, "照常"), TOWNSHIP: (False, "停电"), DISTRICT: (True, "上班"), XIAZHUANGZI: (True, "上班")}
    assert calendar_for(None, since=DAY).special == {DAY: (False, "开斋节")}


def test_a_special_day_beats_the_national_list_both_ways(areas):
    SpecialDay.objects.create(date=date(2026, 10, 3), area=areas[DISTRICT], is_open=True, name="窗口值班")
    SpecialDay.objects.create(date=DAY, area=areas[DISTRICT], is_open=False, name="古尔邦节")
    calendar = calendar_for(areas[SHUIYUN], since=date(2026, 9, 1))
    assert calendar.is_working_day(date(2026, 10, 3))
    assert (calendar.is_working_day(DAY), calendar.is_holiday(DAY), calendar.reason_closed(DAY)) == (False, True, "古尔邦节")


def test_a_neighbours_day_and_past_days_do_not_count(areas):
    SpecialDay.objects.create(date=DAY, area=areas[XIAZHUANGZI], is_open=False, name="赶集")
    SpecialDay.objects.create(date=DAY - timedelta(1), area=areas[SHUIYUN], is_open=False, name="停电")
    assert calendar_for(areas[SHUIYUN], since=DAY).special == {}


def test_the_calendar_costs_one_query(areas, django_assert_num_queries):
    with django_assert_num_queries(1):
        calendar_for(areas[SHUIYUN], since=DAY).next_working_day(DAY)
