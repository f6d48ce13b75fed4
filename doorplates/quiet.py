"""Which plates somebody should go and look at, from a plate's own days alone. Pure: no database, no clock.

A plate is never held against another one, a village never against another. What is asked is only: has this plate, by its own past, been silent
for longer than chance explains?
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ENOUGH_DAYS = 8  # days with scans: from fewer nothing can be said of a plate's habit
ENOUGH_SPAN = 28  # days from the first of them to the last: a busy first week is no habit
CHANCE = 0.01
WAITS = timedelta(days=14)  # from issuing until somebody asks whether it hangs
NEVER = timedelta(days=30)  # from hanging until somebody asks why nobody scans


class Why(StrEnum):
    """Why to visit a plate, what is most needed first."""

    REPORTED = "reported"
    BROKEN = "broken"
    NOT_UP = "not_up"
    QUIET = "quiet"
    NEVER = "never"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Why.REPORTED: "居民说有问题",
    Why.BROKEN: "看过，要换或者要补",
    Why.NOT_UP: "发了两周多，没人说贴上了",
    Why.QUIET: "以前常有人扫，最近没有了",
    Why.NEVER: "贴了一个多月，没人扫过",
}


@dataclass(frozen=True)
class Past:
    """The days on which a plate was scanned: how many, the first and the last. None was: 0 and no days."""

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


def is_never_scanned(past: Past, installed_on: date | None, today: date) -> bool:
    """It is known to hang for more than 30 days, and nobody ever scanned it."""
    return past.days == 0 and installed_on is not None and today - installed_on > NEVER


def is_not_up(past: Past, issued_on: date, installed_on: date | None, today: date) -> bool:
    """Issued more than 14 days ago and nobody said it hangs. One that residents scan hangs, whether somebody said so or not."""
    return past.days == 0 and installed_on is None and today - issued_on > WAITS
