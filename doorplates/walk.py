"""The short list of plates to go and look at: what residents said, what staff saw, and what the plates' own days say."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import Count, Exists, Max, Min, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from doorplates.entrances import TROUBLED
from doorplates.models import Condition, Doorplate, PlateCheck, PlateReport, Scan, ScanDay
from doorplates.quiet import ENOUGH_DAYS, Past, is_quiet, silence_by_chance

MOST = 30  # a walk of a morning
LOOK_BACK = timedelta(weeks=26)  # a plate's own past
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


@dataclass
class Stop:
    """A plate and why somebody should go there. `plate.open_reports` are what residents said and nobody settled."""

    plate: Doorplate
    whys: list[Why]

    @property
    def labels(self) -> list[str]:
        """The reasons in words, but for what residents said, which says itself; of a broken one, what was seen."""
        return [self.plate.get_condition_display() if why == Why.BROKEN else why.label for why in self.whys if why != Why.REPORTED]


def walk_list(plates: QuerySet[Doorplate]) -> list[Stop]:
    """At most MOST of these plates, chosen by need and put in the order of a walk (community, estate, building, entrance). Constant queries."""
    whys: dict[int, list[Why]] = {}
    for why in Why:
        for key in plates_with(why, plates)[:MOST].values_list("pk", flat=True):
            whys.setdefault(key, []).append(why)
    chosen = list(whys)[:MOST]  # a dict keeps the order in which they came: the most needed first
    shown = with_reports(Doorplate.objects.filter(pk__in=chosen)).order_by(*WALK)
    return [Stop(plate, whys[plate.pk]) for plate in shown]


WALK = ("building__community_id", "building__estate", "building_id", "entrance", "pk")


def with_reports(plates: QuerySet[Doorplate]) -> QuerySet[Doorplate]:
    """With building, community and `open_reports` at hand."""
    reports = Prefetch("reports", PlateReport.objects.filter(settled_on=None), to_attr="open_reports")
    return plates.select_related("building__community", "successor__building").prefetch_related(reports)


def plates_with(why: Why, plates: QuerySet[Doorplate]) -> QuerySet[Doorplate]:
    """Those active ones of `plates` that have this reason, the most needed first."""
    return RULES[why](plates.active())


def _reported(plates):
    is_open = Q(reports__settled_on=None, reports__isnull=False)
    return plates.annotate(reported_on=Max("reports__last_on", filter=is_open)).filter(reported_on__isnull=False).order_by("-reported_on", "pk")


def _broken(plates):
    return plates.filter(condition__in=TROUBLED).order_by("checked_on", "pk")


def _not_up(plates):
    """Issued long ago and nobody said it hangs. One that residents scan hangs, whether somebody said so or not."""
    issued = timezone.now() - WAITS
    return plates.filter(condition=Condition.UNKNOWN, issued_at__lt=issued).filter(~_scanned()).order_by("issued_at", "pk")


def _never(plates):
    """It hangs, was seen or put up long ago, and nobody ever scanned it."""
    long_ago = timezone.localdate() - NEVER
    seen = Exists(PlateCheck.objects.filter(doorplate=OuterRef("pk"), on__lt=long_ago))
    hangs = Q(installed_on__lt=long_ago) | Q(seen, installed_on=None)
    return plates.filter(hangs, condition=Condition.FINE).filter(~_scanned()).order_by("issued_at", "pk")


def _scanned() -> Q:
    """Ever: scans are kept one by one for a season only, their days for good."""
    return Q(Exists(ScanDay.objects.filter(doorplate=OuterRef("pk")))) | Q(Exists(Scan.objects.filter(doorplate=OuterRef("pk"))))


def _quiet(plates):
    """The rule is in quiet.py; here are the MOST silent ones, those left out that staff saw broken or gone."""
    today = timezone.localdate()
    pasts = pasts_of(plates.exclude(condition__in=TROUBLED), today)
    silent = sorted((silence_by_chance(past, today), key) for key, past in pasts.items() if is_quiet(past, today))
    keys = [key for _, key in silent[:MOST]]
    return plates.filter(pk__in=keys)


def pasts_of(plates: QuerySet[Doorplate], today: date) -> dict[int, Past]:
    """The days of those plates that have enough for a judgement, by primary key: one query, grouped by the database. What was not rolled up yet
    (`roll_up` runs every minute) is not among them."""
    rows = ScanDay.objects.filter(doorplate__in=plates.order_by().values("pk"), day__gte=today - LOOK_BACK).order_by().values("doorplate")
    rows = rows.annotate(days=Count("day"), first=Min("day"), last=Max("day")).filter(days__gte=ENOUGH_DAYS)
    return {row["doorplate"]: Past(row["days"], row["first"], row["last"]) for row in rows}


RULES = {Why.REPORTED: _reported, Why.BROKEN: _broken, Why.NOT_UP: _not_up, Why.QUIET: _quiet, Why.NEVER: _never}
