"""Who takes it now, as a pure rule. March 2026: the 2nd is a Monday and 正月十四; Saturday 14 February is worked for Spring Festival."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides.workdays import WorkCalendar
from helpdesk.models import AbsenceKind, MarketRule, Part
from helpdesk.roster import (
    OFF_DAY,
    Away,
    HalfDay,
    Market,
    Post,
    Roster,
    Tier,
    half_day_at,
    half_days_before,
    lunar_day,
    who_is_on,
)
from helpdesk.sla import LOCAL
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, YUANYI

PLAIN = WorkCalendar()
ZHULI, ZHAO, LIMEI, MALAN, ZHEN, BOSS, STEWARD, QU = 1, 2, 3, 4, 5, 6, 7, 8
ANLE = "640205102200"
HERE = (Post(ZHULI, SHUIYUN), Post(ZHAO, SHUIYUN))
NEAR, FAR = Post(LIMEI, YUANYI), Post(MALAN, XIAZHUANGZI)
MONDAY = date(2026, 3, 2)
MORNING, AFTERNOON = HalfDay(MONDAY, False), HalfDay(MONDAY, True)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


def off(user: int, first: date = MONDAY, last: date | None = None, part: str = Part.DAY, kind: str = AbsenceKind.LEAVE) -> Away:
    return Away(user, first, last or first, part, kind)


def takes(roster: Roster, half: HalfDay = MORNING, code: str = SHUIYUN, **how) -> tuple:
    found = who_is_on(code, half, roster=roster, calendar=PLAIN, **how)
    return found.tier, found.user_ids


@pytest.mark.parametrize(
    ("what", "moment", "half"),
    [
        ("in the morning", "2026-03-02 09:00", MORNING),
        ("the minute before noon", "2026-03-02 11:59", MORNING),
        ("at lunch it is about the afternoon", "2026-03-02 12:00", AFTERNOON),
        ("before the desk opens", "2026-03-02 06:00", MORNING),
        ("after closing it is about tomorrow", "2026-03-02 17:00", HalfDay(date(2026, 3, 3), False)),
        ("on the evening of a worked Saturday about Monday", "2026-02-28 23:00", MORNING),
        ("on a worked Saturday about that day", "2026-02-14 08:00", HalfDay(date(2026, 2, 14), False)),
        ("in Spring Festival about the day after it", "2026-02-17 10:00", HalfDay(date(2026, 2, 24), False)),
    ],
)
def test_which_half_day_a_moment_asks_about(what, moment, half):
    assert half_day_at(at(moment), PLAIN) == half


def test_a_day_off_of_the_area_is_passed_over():
    calendar = WorkCalendar({MONDAY: (False, "停电")})
    assert half_day_at(at("2026-03-02 09:00"), calendar) == HalfDay(date(2026, 3, 3), False)


def test_half_days_until_a_promise_and_always_at_least_one():
    until = at("2026-03-03 13:00")
    assert list(half_days_before(at("2026-03-02 12:30"), until, PLAIN)) == [AFTERNOON, HalfDay(date(2026, 3, 3), False)]
    assert list(half_days_before(at("2026-03-02 12:30"), at("2026-03-01 09:00"), PLAIN)) == [AFTERNOON]


def test_own_people_first_and_the_one_who_is_away_is_not_asked():
    assert takes(Roster((*HERE, NEAR))) == (Tier.OWN, (ZHULI, ZHAO))
    found = who_is_on(SHUIYUN, MORNING, roster=Roster((*HERE, NEAR), (off(ZHULI),)), calendar=PLAIN)
    assert (found.tier, found.user_ids, found.away) == (Tier.OWN, (ZHAO,), {ZHULI: AbsenceKind.LEAVE})


@pytest.mark.parametrize(("part", "morning", "afternoon"), [
    (Part.MORNING, Tier.NEIGHBOUR, Tier.OWN), (Part.AFTERNOON, Tier.OWN, Tier.NEIGHBOUR), (Part.DAY, Tier.NEIGHBOUR, Tier.NEIGHBOUR),
])  # fmt: skip
def test_half_a_day_off_is_half_a_day(part, morning, afternoon):
    roster = Roster((Post(ZHULI, SHUIYUN), NEAR), (off(ZHULI, part=part),))
    assert (takes(roster, MORNING)[0], takes(roster, AFTERNOON)[0]) == (morning, afternoon)


def test_both_ends_of_a_leave_count():
    roster = Roster((Post(ZHULI, SHUIYUN),), (off(ZHULI, MONDAY, date(2026, 3, 4)),))
    there = [takes(roster, HalfDay(MONDAY + timedelta(days=n), False))[0] == Tier.OWN for n in (-3, 0, 2, 3)]
    assert there == [True, False, False, True]


def test_agreed_neighbours_step_in_one_after_the_other():
    posts = (*HERE, NEAR, Post(ZHEN, ANLE), FAR)
    roster = Roster(posts, (off(ZHULI), off(ZHAO)), covers={SHUIYUN: (XIAZHUANGZI, YUANYI)})
    assert takes(roster) == (Tier.NEIGHBOUR, (MALAN,))
    roster = Roster(posts, (off(ZHULI), off(ZHAO), off(MALAN)), covers={SHUIYUN: (XIAZHUANGZI, YUANYI)})
    assert takes(roster) == (Tier.NEIGHBOUR, (LIMEI,))
    roster = Roster(posts, (off(ZHULI), off(ZHAO), off(MALAN), off(LIMEI)), covers={SHUIYUN: (XIAZHUANGZI, YUANYI)})
    assert takes(roster)[0] == Tier.NOBODY  # 安乐桥村 was not agreed upon


def test_without_an_agreement_the_whole_township_steps_in_and_no_other():
    roster = Roster((*HERE, NEAR, Post(ZHEN, ANLE), FAR), (off(ZHULI), off(ZHAO)))
    assert takes(roster) == (Tier.NEIGHBOUR, (ZHEN, LIMEI))


def test_then_the_township_then_the_district_then_nobody():
    posts = (*HERE, NEAR, Post(ZHEN, TOWNSHIP), Post(QU, DISTRICT))
    gone = [off(user) for user in (ZHULI, ZHAO, LIMEI, ZHEN, QU)]
    assert [takes(Roster(posts, tuple(gone[:number])))[0] for number in (2, 3, 4, 5)] == [Tier.NEIGHBOUR, Tier.TOWNSHIP, Tier.DISTRICT, Tier.NOBODY]


def test_a_supervisor_is_told_and_is_not_the_one_who_takes_it():
    assert takes(Roster((Post(BOSS, TOWNSHIP, is_helper=False),)))[0] == Tier.NOBODY
    assert takes(Roster((Post(BOSS, TOWNSHIP),)))[0] == Tier.TOWNSHIP  # also a helper


def test_an_enterprise_matter_stays_with_its_stewards():
    posts = (Post(STEWARD, DISTRICT, is_steward=True), Post(QU, DISTRICT), *HERE)
    assert takes(Roster(posts), queue=DISTRICT, for_steward=True) == (Tier.OWN, (STEWARD,))
    assert takes(Roster(posts, (off(STEWARD),)), queue=DISTRICT, for_steward=True)[0] == Tier.NOBODY
    assert STEWARD not in takes(Roster(posts, (off(ZHULI), off(ZHAO), off(QU))))[1]


def test_what_waits_at_the_township_comes_home_when_nobody_is_there():
    posts = (*HERE, NEAR, Post(ZHEN, TOWNSHIP))
    assert takes(Roster(posts), queue=TOWNSHIP) == (Tier.OWN, (ZHEN,))
    assert takes(Roster(posts, (off(ZHEN),), covers={SHUIYUN: (YUANYI,)}), queue=TOWNSHIP) == (Tier.NEIGHBOUR, (ZHULI, ZHAO))


def test_weekdays_of_a_posting():
    roster = Roster((Post(ZHULI, SHUIYUN, "135"),))
    assert [takes(roster, HalfDay(MONDAY + timedelta(days=n), False))[0] == Tier.OWN for n in range(5)] == [True, False, True, False, True]
    found = who_is_on(SHUIYUN, HalfDay(date(2026, 3, 3), False), roster=roster, calendar=PLAIN)
    assert found.away == {ZHULI: OFF_DAY}


def test_on_a_worked_saturday_only_those_of_the_whole_week_are_sure_to_be_there():
    saturday = HalfDay(date(2026, 2, 14), False)
    assert takes(Roster((Post(ZHULI, SHUIYUN),)), saturday)[0] == Tier.OWN
    assert takes(Roster((Post(ZHULI, SHUIYUN, "135"),)), saturday)[0] == Tier.NOBODY
    assert takes(Roster((Post(ZHULI, SHUIYUN, "1356"),)), saturday)[0] == Tier.OWN


@pytest.mark.parametrize(("rule", "digits", "days"), [
    (MarketRule.SOLAR, "3", [3, 13, 23]), (MarketRule.SOLAR, "38", [3, 13, 18, 23]), (MarketRule.WEEKDAY, "3", [4, 11, 18, 25]),
    (MarketRule.LUNAR, "5", [3, 13, 23]),  # 正月十五 is 3 March, 二十五 the 13th, 二月初五 the 23rd
])  # fmt: skip
def test_market_days(rule, digits, days):
    market = Market(rule, digits)
    march = [date(2026, 3, day) for day in range(2, 32)]
    assert [day.day for day in march if market.is_on(HalfDay(day, False)) and day.isoweekday() < 6] == [d for d in days if date(2026, 3, d).isoweekday() < 6]
    assert not any(market.is_on(HalfDay(day, True)) for day in march)  # in the afternoon they are back


def test_lunar_days_of_known_festivals():
    assert lunar_day(date(2026, 2, 17)) == 1  # 正月初一
    assert lunar_day(date(2026, 9, 25)) == 15  # 中秋


def test_on_market_day_the_neighbour_takes_it_and_the_reason_is_known():
    roster = Roster((*HERE, NEAR), markets={SHUIYUN: Market(MarketRule.WEEKDAY, "1")})
    found = who_is_on(SHUIYUN, MORNING, roster=roster, calendar=PLAIN)
    assert (found.tier, found.user_ids, found.areas) == (Tier.NEIGHBOUR, (LIMEI,), (YUANYI,))
    assert set(found.away.values()) == {AbsenceKind.MARKET}
    assert takes(roster, AFTERNOON)[0] == Tier.OWN


# Small worlds in which everything may happen.
CODES = [SHUIYUN, YUANYI, ANLE, XIAZHUANGZI, TOWNSHIP, DISTRICT]
days = st.dates(date(2026, 2, 9), date(2026, 3, 20))
posts = st.lists(
    st.builds(Post, st.integers(1, 8), st.sampled_from(CODES), st.sampled_from(["12345", "135", "1234567", "6"]), st.booleans(), st.booleans()),
    max_size=10, unique_by=lambda post: (post.user_id, post.area_code),
)  # fmt: skip
absences = st.lists(
    st.builds(
        lambda user, first, length, part: Away(user, first, first + timedelta(days=length), part), st.integers(1, 8), days, st.integers(0, 9), st.sampled_from(Part.values)
    ),
    max_size=12,
)
markets = st.dictionaries(st.sampled_from(CODES[:4]), st.builds(Market, st.sampled_from(MarketRule.values), st.sampled_from(["1", "38", "0", "25"]), st.sampled_from(Part.values)))
covers = st.dictionaries(st.sampled_from(CODES[:4]), st.permutations(CODES[:4]).map(lambda codes: tuple(codes[:2]))).map(
    lambda agreed: {code: tuple(n for n in near if n != code) for code, near in agreed.items()}
)
rosters = st.builds(lambda p, a, m, c: Roster(tuple(p), tuple(a), m, c), posts, absences, markets, covers)
moments = st.datetimes(datetime(2026, 2, 9), datetime(2026, 3, 20)).map(lambda moment: moment.replace(tzinfo=LOCAL))
queues = st.sampled_from([SHUIYUN, TOWNSHIP, DISTRICT])


def is_away(roster: Roster, user: int, half: HalfDay) -> bool:
    return any(a.user_id == user and a.starts_on <= half.day <= a.ends_on and a.part in (Part.DAY, half.part) for a in roster.absences)


@given(rosters, moments, queues, st.booleans())
def test_nobody_is_asked_who_is_away_or_does_not_do_this(roster, moment, queue, for_steward):
    found = who_is_on(SHUIYUN, moment, roster=roster, calendar=PLAIN, queue=queue, for_steward=for_steward)
    assert not [user for user in found.user_ids if is_away(roster, user, found.half)]
    fit = {post.user_id for post in roster.posts if post.is_helper and post.is_steward == for_steward}
    assert set(found.user_ids) <= fit


@given(rosters, moments)
def test_own_before_neighbours_before_the_offices(roster, moment):
    found = who_is_on(SHUIYUN, moment, roster=roster, calendar=PLAIN)
    own = roster.takers_at(SHUIYUN, found.half)
    near = [user for code in roster.neighbours_of(SHUIYUN) for user in roster.takers_at(code, found.half)]
    above = [roster.takers_at(code, found.half) for code in (TOWNSHIP, DISTRICT)]
    expected = Tier.OWN if own else Tier.NEIGHBOUR if near else Tier.TOWNSHIP if above[0] else Tier.DISTRICT if above[1] else Tier.NOBODY
    assert found.tier == expected
    assert bool(found.user_ids) == (expected != Tier.NOBODY)


@given(moments, absences, markets)
def test_with_one_person_who_is_never_away_there_is_always_somebody(moment, absences, markets):
    """A full roster never says nobody on a working half-day, holidays and worked Saturdays included."""
    markets.pop(YUANYI, None)
    roster = Roster((*HERE, Post(9, YUANYI)), tuple(absences), markets)
    found = who_is_on(SHUIYUN, moment, roster=roster, calendar=PLAIN)
    assert found.tier in (Tier.OWN, Tier.NEIGHBOUR)
    assert PLAIN.is_working_day(found.half.day)


@given(rosters, moments)
def test_the_same_half_day_has_the_same_answer_at_each_of_its_minutes(roster, moment):
    half = half_day_at(moment, PLAIN)
    opens = datetime.combine(half.day, time(13) if half.is_afternoon else time(9), LOCAL)
    answers = {who_is_on(SHUIYUN, m, roster=roster, calendar=PLAIN).user_ids for m in (moment, opens, opens + timedelta(hours=2, minutes=59))}
    assert len(answers) == 1


@given(rosters, moments, st.integers(1, 8))
def test_one_more_leave_never_brings_somebody_nearer(roster, moment, user):
    order = list(Tier)
    before = who_is_on(SHUIYUN, moment, roster=roster, calendar=PLAIN)
    more = Roster(roster.posts, (*roster.absences, off(user, before.half.day)), roster.markets, roster.covers)
    after = who_is_on(SHUIYUN, before.half, roster=more, calendar=PLAIN)
    assert order.index(after.tier) >= order.index(before.tier)
    assert user not in after.user_ids
