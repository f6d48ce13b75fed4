"""The verbs of a plate. It ends by a conditional UPDATE whose row count decides: two people at once get one winner."""

import logging
from collections.abc import Callable, Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone

from doorplates.models import Building, Doorplate, PlateState

logger = logging.getLogger(__name__)
ATTEMPTS = 5


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


def _issue_missing(buildings: list[Building]) -> list[Doorplate]:
    active = set(Doorplate.objects.active().filter(building__in=buildings).values_list("building_id", "entrance"))
    missing = [(b, entrance) for b in buildings for entrance in b.entrances or [""] if (b.pk, entrance) not in active]
    plates = [Doorplate(building=b, entrance=entrance) for b, entrance in missing]
    return Doorplate.objects.bulk_create(plates, batch_size=500)


@transaction.atomic
def issue_plates(buildings: Iterable[Building], *, by: str) -> list[Doorplate]:
    """One active plate for each entrance that has none, all or nothing. Returns the new ones; a second call has none.

    A building without entrances has a single one, named "".
    """
    buildings = list(buildings)
    plates = _retried(lambda: _issue_missing(buildings))
    logger.info("%s plates issued at %s buildings by %s", len(plates), len(buildings), by)
    return plates


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
