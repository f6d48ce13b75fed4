"""One rule for every figure that is about few people: below 5 it says 少于5, and no sum lets it be worked out. Pure functions.

`alone` for figures whose sum is not shown. `with_sum` for a line of figures whose exact sum stands on the same page: where it would tell a hidden one,
another figure is left out too. `together` for several lines of one sum, such as the days and the villages of the same scans.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST = 5  # a smaller figure could point at a person


@dataclass(frozen=True)
class Cell:
    """A figure as it may be shown. `number` is None when it is hidden: for being small, or only because it stands beside one that is."""

    number: int | None
    is_small: bool = False

    def __str__(self) -> str:
        if self.number is not None:
            return str(self.number)
        return f"少于{SMALLEST}" if self.is_small else "没写"


SMALL, LEFT_OUT = Cell(None, is_small=True), Cell(None)


def alone(count: int) -> Cell:
    return Cell(count) if count >= SMALLEST else SMALL


def with_sum(counts: Sequence[int]) -> tuple[list[Cell], Cell]:
    """The cells of a line, and its sum.

    Whoever reads them knows: 少于5 is 0 to 4, 没写 is 5 or more, the sum is exact. Still each 少于5 can be at least two numbers, or is nobody. Where
    that cannot be had by leaving out the smallest of the others, the sum is left out.
    """
    cells, total = [alone(count) for count in counts], sum(counts)
    if total < SMALLEST:
        return cells, SMALL
    others = sorted((place for place, count in enumerate(counts) if count >= SMALLEST), key=lambda place: (counts[place], place))
    left_out = 0
    while not _is_open([count for count, cell in zip(counts, cells, strict=True) if cell.number is None], left_out):
        if left_out == len(others):
            return cells, LEFT_OUT
        cells[others[left_out]] = LEFT_OUT
        left_out += 1
    return cells, Cell(total)


def together(*lines: Sequence[int]) -> tuple[list[list[Cell]], Cell]:
    """The cells of several lines that all have the same sum, and that sum. Where one line cannot bear it, none shows anything that leads to it."""
    found = [with_sum(line) for line in lines]
    if all(total != LEFT_OUT for _, total in found):
        return [cells for cells, _ in found], found[0][1]
    return [[cell if cell.is_small else LEFT_OUT for cell in cells] for cells, _ in found], LEFT_OUT


def _is_open(hidden: list[int], left_out: int) -> bool:
    """Whether no small one among the hidden figures, `left_out` of which are not small, can be worked out when the sum of all hidden is known.

    That all of them are nothing may be told: there is nobody in it. With others left out a small one has to leave two ways open beside nothing,
    because the leaving out itself says that there is somebody.
    """
    small, known = len(hidden) - left_out, sum(hidden)
    if known == 0 or small == 0:
        return True
    most = min(SMALLEST - 1, known - SMALLEST * left_out)
    if left_out:
        return most > 1
    return max(0, known - (SMALLEST - 1) * (small - 1)) < most
