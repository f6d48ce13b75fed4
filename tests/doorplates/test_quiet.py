"""When a plate is silent for longer than its own past explains. Dates are counted in days before today."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorplates.quiet import CHANCE, ENOUGH_DAYS, Past, is_quiet, silence_by_chance

TODAY = date(2026, 11, 27)


def past(days: int, first: int, last: int) -> Past:
    return Past(days, TODAY - timedelta(days=first), TODAY - timedelta(days=last))


@pytest.mark.parametrize("days, first, last, quiet", [
    (40, 150, 30, True),  # every third day for four months, then nothing for a month
    (40, 150, 5, False),  # four days of silence happen
    (100, 120, 8, True),  # nearly every day, then a week of nothing
    (8, 180, 80, False),  # every two weeks: two months and a half may pass
    (8, 150, 100, True),  # every week, and for three months no more
])  # fmt: skip
def test_silence_is_judged_by_the_plates_own_pace(days, first, last, quiet):
    assert is_quiet(past(days, first, last), TODAY) is quiet


@pytest.mark.parametrize("never", [Past(), past(ENOUGH_DAYS - 1, 170, 100), past(20, 120, 100), past(40, 150, 1), past(40, 150, 0)])
def test_of_too_short_a_past_or_of_yesterday_nothing_is_said(never):
    assert silence_by_chance(never, TODAY) == 1.0


def test_today_is_not_counted_as_silent():
    """One scanned yesterday is not silent, and the day that runs adds nothing until it is over."""
    assert silence_by_chance(past(170, 172, 2), TODAY) == pytest.approx((170 / 171) ** 169)


@given(days=st.integers(ENOUGH_DAYS, 180), span=st.integers(28, 180), last=st.integers(2, 180))
def test_longer_silence_is_never_less_remarkable_and_a_busier_plate_never_needs_longer(days, span, last):
    now = silence_by_chance(past(days, last + span, last), TODAY)
    assert 0 < now <= 1
    assert silence_by_chance(past(days, last + 1 + span, last + 1), TODAY) <= now
    assert silence_by_chance(past(days + 1, last + span, last), TODAY) <= now


def test_of_plates_to_which_nothing_happened_about_one_in_a_hundred_is_called_quiet():
    """Plates with paces from twice a week to every ten days, looked at on one day: chance alone must not fill the list."""
    dice, called, looked_at = random.Random(20261127), 0, 4000
    for _ in range(looked_at):
        pace = dice.uniform(0.1, 0.3)
        scanned = [ago for ago in range(1, 183) if dice.random() < pace]
        if len(scanned) >= ENOUGH_DAYS:
            called += is_quiet(past(len(scanned), scanned[-1], scanned[0]), TODAY)
    assert 0 < called / looked_at < 2 * CHANCE
