"""The rule of small cells, against somebody who reads a table and calculates: 少于5 is 0 to 4, 没写 is 5 or more, the sum is exact.

That nobody at all is in a cell may be told.
"""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menpai.small_cells import LEFT_OUT, SMALL, SMALLEST, Cell, alone, together, with_sum

COUNTS = st.lists(st.integers(0, 11), min_size=1, max_size=5)


def possible(cells: list[Cell], total: Cell) -> dict[int, set[int]]:
    """What each small cell can be, by trying every number."""
    known = sum(cell.number or 0 for cell in cells)
    hidden = [place for place, cell in enumerate(cells) if cell.number is None]
    found: dict[int, set[int]] = {place: set() for place in hidden if cells[place].is_small}
    for numbers in product(*(range(SMALLEST) if cells[place].is_small else range(SMALLEST, 60) for place in hidden[:4])):
        rest = hidden[4:]
        assert len(rest) <= 1
        if total.number is None:
            last = range(SMALLEST if rest and not cells[rest[0]].is_small else 0, SMALLEST + 1) if rest else [0]
            sums = [(last_one, True) for last_one in last]
        else:
            left = total.number - known - sum(numbers)
            sums = [(left, left == 0 if not rest else (left in range(SMALLEST)) if cells[rest[0]].is_small else left >= SMALLEST)]
        for last_one, fits in sums:
            if fits:
                for place, number in zip(hidden, [*numbers, last_one], strict=False):
                    if place in found:
                        found[place].add(number)
    return found


@pytest.mark.parametrize(("count", "said"), [(0, "少于5"), (4, "少于5"), (5, "5"), (1200, "1200")])
def test_a_figure_below_five_says_so(count, said):
    assert str(alone(count)) == said


def test_one_small_cell_beside_its_sum_takes_the_smallest_other_with_it():
    cells, total = with_sum([12, 3, 7, 40])
    assert ([str(cell) for cell in cells], str(total)) == (["12", "少于5", "没写", "40"], "62")


def test_two_small_cells_hide_each_other():
    cells, total = with_sum([12, 3, 1])
    assert ([str(cell) for cell in cells], str(total)) == (["12", "少于5", "少于5"], "16")


def test_nothing_small_hides_nothing():
    assert with_sum([5, 6]) == ([Cell(5), Cell(6)], Cell(11))


def test_that_nobody_is_there_may_be_told():
    """Else the one village with figures, beside quiet ones, would never be seen."""
    cells, total = with_sum([0, 6, 0])
    assert ([str(cell) for cell in cells], str(total)) == (["少于5", "6", "少于5"], "6")


@pytest.mark.parametrize("counts", [[4, 4, 30], [4, 4, 4, 9], [3, 30], [1, 9]])
def test_a_sum_that_leaves_one_way_only_takes_another_with_it(counts):
    cells, total = with_sum(counts)
    assert (cells[-1], total.number) == (LEFT_OUT, sum(counts))


def test_where_no_other_is_left_the_sum_is_not_shown():
    assert with_sum([4, 4]) == ([SMALL, SMALL], LEFT_OUT)


@given(COUNTS.filter(lambda counts: sum(count < 9 for count in counts) <= 5))
def test_no_hidden_cell_can_be_worked_out_from_the_others_and_the_sum(counts):
    cells, total = with_sum(counts)
    assert [cell.is_small for cell in cells] == [count < SMALLEST for count in counts]
    assert all(cell.number in (None, count) for cell, count in zip(cells, counts, strict=True))
    assert total.number in (None, sum(counts))
    told = {place: values for place, values in possible(cells, total).items() if len(values) < 2}
    assert [place for place, values in told.items() if values != {0}] == []


@given(st.lists(st.integers(0, 9), min_size=2, max_size=8), st.data())
def test_two_lines_of_one_sum_say_no_more_together(days, data):
    """The same figures once by day and once by village: what either line leaves out is not told by the other."""
    cut = data.draw(st.integers(1, len(days) - 1))
    villages = [sum(days[:cut]), sum(days[cut:])]
    (first, second), total = together(days, villages)
    if total.number is None:
        assert total == SMALL or [cell for cell in [*first, *second] if cell.number is not None] == []
    else:
        assert (first, total) == with_sum(days)
        assert (second, total) == with_sum(villages)


def test_a_line_that_cannot_bear_the_sum_takes_it_from_the_other():
    """Both days are four: eight in one village would tell it."""
    assert together([4, 4], [8]) == ([[SMALL, SMALL], [LEFT_OUT]], LEFT_OUT)
