"""Whether a plate has been silent for longer than its own past explains. Pure: no database, no clock.

A plate is never held against another one, and no village against another.
"""

from dataclasses import dataclass
from datetime import date

ENOUGH_DAYS = 8  # days with scans: from fewer nothing can be said of a plate's habit
ENOUGH_SPAN = 28  # days from the first of them to the last: a busy first week is no habit
CHANCE = 0.01


@dataclass(frozen=True)
class Past:
    """The days on which a plate was scanned lately: how many, the first and the last. Never: 0 and no days."""

    days: int = 0
    first: date | None = None
    last: date | None = None


def silence_by_chance(past: Past, today: date) -> float:
    """How likely a plate with this past is silent from its last scan until yesterday, if nothing happened to it.

    Days with scans come at random at an unchanged rate (Poisson). The rate is known only from the gaps that were seen, so the chance of a
    gap longer than s after n gaps over T days is (T / (T + s)) ** n, which for a well-known rate is exp(-n·s/T). 1.0 for too short a past.
    """
    if past.days < ENOUGH_DAYS:
        return 1.0
    span, silent = (past.last - past.first).days, (today - past.last).days - 1  # today is not over
    if span < ENOUGH_SPAN or silent <= 0:
        return 1.0
    return (span / (span + silent)) ** (past.days - 1)


def is_quiet(past: Past, today: date) -> bool:
    return silence_by_chance(past, today) < CHANCE
