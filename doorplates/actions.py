"""The verbs of a plate. It ends by a conditional UPDATE whose row count decides: two people at once get one winner."""

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from doorplates import codes
from doorplates.models import Building, Doorplate, PlateState

logger = logging.getLogger(__name__)
ATTEMPTS = 5
AT_ONCE = 250  # buildings, and codes, in one question to the database


class NotPossible(Exception):
    """The plate is not in a state for this act. The text says, in Chinese, what happened and what to do."""


def _retried(write: Callable[[], list[Doorplate]]) -> list[Doorplate]:
    """Run `write` in a savepoint, again when a code was taken or somebody issued for the same entrance meanwhile."""
    for _ in range(ATTEMPTS - 1):
        try:
            with transaction.atomic():
                return write()
        except IntegrityError:
            continue
    return write()


def _fresh_codes(count: int) -> list[str]:
    """That many different codes which no plate has or ever had. A run beside this one may take one meanwhile: then the database refuses.

    Asked before, because of 30 million plates a batch of 500 meets one more often than not. Raises NotPossible.
    """
    fresh: set[str] = set()
    for _ in range(ATTEMPTS):
        drawn = list({codes.generate() for _ in range(count - len(fresh))} - fresh)
        taken = {code for part in _parts(drawn) for code in Doorplate.objects.filter(code__in=part).values_list("code", flat=True)}
        fresh.update(code for code in drawn if code not in taken)
        if len(fresh) == count:
            return list(fresh)
    raise NotPossible("门牌编号抽了几次都和别的门牌重复，一块也没有发。请再试一次；还是这样，请告诉系统管理员。")


def _parts(rows: Iterable, size: int = AT_ONCE) -> Iterator[list]:
    rows = iter(rows)
    while part := list(islice(rows, size)):
        yield part


def _issue_missing(buildings: list[Building]) -> list[Doorplate]:
    active = set(Doorplate.objects.active().filter(building__in=buildings).values_list("building_id", "entrance"))
    missing = [(b, entrance) for b in buildings for entrance in b.entrances or [""] if (b.pk, entrance) not in active]
    plates = [Doorplate(building=b, entrance=entrance, code=code) for (b, entrance), code in zip(missing, _fresh_codes(len(missing)), strict=True)]
    return Doorplate.objects.bulk_create(plates, batch_size=500)


@transaction.atomic
def _issue(buildings: list[Building]) -> list[Doorplate]:
    return _retried(lambda: [plate for part in _parts(buildings) for plate in _issue_missing(part)])


def issue_plates(buildings: Iterable[Building], *, by: str) -> list[Doorplate]:
    """One active plate for each entrance that has none, all or nothing. Returns the new ones; a second call has none.

    A building without entrances has a single one, named "". Raises NotPossible when no free code is found.
    """
    buildings = sorted(buildings, key=lambda building: building.pk)  # all runs insert in one order: none waits for another in a ring
    plates = _issue(buildings)
    logger.info("%s plates issued at %s buildings by %s", len(plates), len(buildings), by)
    return plates


def issue_everywhere(buildings: QuerySet[Building], *, by: str) -> Iterator[tuple[int, int]]:
    """The same for a whole district: a transaction a batch, so that a run killed at any point is simply run again.

    After each batch gives how many buildings it passed and how many plates it issued. Two runs at once share the work.
    """
    last = issued = 0
    while batch := list(buildings.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        new = len(_issue(batch))
        last, issued = batch[-1].pk, issued + new
        yield len(batch), new
    logger.info("%s plates issued by %s", issued, by)


def _end(plate: Doorplate, reason: str) -> None:
    """Revoke an active plate in the database; raise NotPossible when it ended before. Does not refresh `plate`."""
    end = {"state": PlateState.REVOKED, "ended_at": timezone.now(), "end_reason": reason}
    if not Doorplate.objects.active().filter(pk=plate.pk).update(**end):
        plate.refresh_from_db()
        name = f"{plate.spoken_code}（{plate.place}）"
        raise NotPossible(f"门牌 {name}{plate.get_state_display()}，不能再停用。刷新列表看看现在的情况。")


@transaction.atomic
def revoke(plate: Doorplate, *, by: str, reason: str) -> None:
    """The plate is no longer valid and nothing takes its place: the building is gone, or it was put up by mistake."""
    _end(plate, reason)
    plate.refresh_from_db()
    logger.info("plate %s revoked by %s", plate.code, by)


@transaction.atomic
def replace(plate: Doorplate, *, by: str, reason: str) -> Doorplate:
    """End the plate and give its entrance a new code, to which the old one leads from now on. Returns the new plate."""
    # An entrance has one active plate and a replaced one names its successor: so first end it, then issue, then link.
    _end(plate, reason)
    [successor] = _retried(lambda: [Doorplate.objects.create(building_id=plate.building_id, entrance=plate.entrance)])
    Doorplate.objects.filter(pk=plate.pk).update(state=PlateState.REPLACED, successor=successor)
    plate.refresh_from_db()
    logger.info("plate %s replaced by %s for %s", plate.code, successor.code, by)
    return successor
