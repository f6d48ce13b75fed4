"""The verbs of a plate. It ends by a conditional UPDATE whose row count decides: two people at once get one winner."""

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from doorplates import codes
from doorplates.models import Building, CheckKind, Condition, Doorplate, PlateCheck, PlateReport, PlateState, ReportKind
from guides.models import ContentStamp

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
    plates = _retried(lambda: [plate for part in _parts(buildings) for plate in _issue_missing(part)])
    if plates:
        ContentStamp.advance()
    return plates


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
    _settle_reports(plate, by)
    plate.refresh_from_db()
    ContentStamp.advance()
    logger.info("plate %s revoked by %s", plate.code, by)


@transaction.atomic
def replace(plate: Doorplate, *, by: str, reason: str) -> Doorplate:
    """End the plate and give its entrance a new code, to which the old one leads from now on. Returns the new plate."""
    # An entrance has one active plate and a replaced one names its successor: so first end it, then issue, then link.
    _end(plate, reason)
    _settle_reports(plate, by)
    [successor] = _retried(lambda: [Doorplate.objects.create(building_id=plate.building_id, entrance=plate.entrance)])
    Doorplate.objects.filter(pk=plate.pk).update(state=PlateState.REPLACED, successor=successor)
    plate.refresh_from_db()
    ContentStamp.advance()
    logger.info("plate %s replaced by %s for %s", plate.code, successor.code, by)
    return successor


# ---- on the wall: what staff saw, what residents said of it


SEEN_AS = {
    CheckKind.INSTALLED: Condition.FINE, CheckKind.CHECKED: Condition.FINE, CheckKind.DAMAGED: Condition.DAMAGED,
    CheckKind.MOVED: Condition.MOVED, CheckKind.GONE: Condition.GONE,
}  # fmt: skip


def _write_on_plate(plate: Doorplate, **seen) -> None:
    """Write what was seen; it locks the plate for the rest of the transaction. Raises NotPossible for a plate that ended, naming the new one."""
    if Doorplate.objects.active().filter(pk=plate.pk).update(**seen):
        return
    plate = Doorplate.objects.select_related("building", "successor").get(pk=plate.pk)
    if plate.successor:
        raise NotPossible(f"没有记上：{plate.spoken_code} 已经换成新门牌 {plate.successor.spoken_code}。贴的是新的，请记在新门牌上；旧的取下来。")
    raise NotPossible(f"没有记上：{plate.spoken_code} 已经作废，不用再看。还贴着的话，请取下来。")


@transaction.atomic
def record_check(*, plate: Doorplate, kind: CheckKind, by: str) -> PlateCheck:
    """What a member of staff saw of a plate today. Returns the row; the same again on the same day is the row that is there.

    Somebody looked, so what residents had reported is settled; what they saw stands on the plate. Raises NotPossible for a plate that ended.
    """
    kind, today = CheckKind(kind), timezone.localdate()
    installed = {"installed_on": today} if kind == CheckKind.INSTALLED else {}
    _write_on_plate(plate, condition=SEEN_AS[kind], checked_on=today, **installed)
    plate.refresh_from_db()
    last = plate.checks.first()
    check = last if last and (last.kind, last.on) == (kind, today) else PlateCheck.objects.create(doorplate=plate, kind=kind, on=today, by=by[:60])
    _settle_reports(plate, by)
    return check


@transaction.atomic
def undo_check(*, check: PlateCheck, by: str) -> Doorplate:
    """Take back one's own mark of today, when none came after it: the plate stands as before, and what residents reported is open again.

    Reports that the same person settled today by another mark of this plate are opened as well: better looked at twice than not at all.
    """
    plate = check.doorplate
    _write_on_plate(plate, condition=F("condition"))
    last = plate.checks.first()
    if last is None or last.pk != check.pk or (last.by, last.on) != (by[:60], timezone.localdate()):
        raise NotPossible("撤不回了：这之后又有人记过，或者不是您今天记的。按现在的样子再点一次就行。")
    last.delete()
    before, installed = plate.checks.first(), plate.checks.filter(kind=CheckKind.INSTALLED).first()
    _write_on_plate(
        plate, condition=SEEN_AS[before.kind] if before else Condition.UNKNOWN, checked_on=before.on if before else None, installed_on=installed.on if installed else None
    )
    _reopen_reports(plate, by)
    plate.refresh_from_db()
    return plate


@transaction.atomic
def report_plate(*, plate: Doorplate, kind: ReportKind) -> None:
    """A resident says by a tap that something is wrong: counted into the one open row of this plate and kind. Nothing says who, or when in the day.

    Raises NotPossible for a plate that ended.
    """
    _write_on_plate(plate, condition=F("condition"))  # two at once come one after the other, so there is never a second open row
    is_open = {"doorplate": plate, "kind": ReportKind(kind), "settled_on": None}
    if not PlateReport.objects.filter(**is_open).update(count=F("count") + 1, last_on=timezone.localdate()):
        PlateReport.objects.create(**is_open)


def _settle_reports(plate: Doorplate, by: str) -> None:
    plate.reports.filter(settled_on=None).update(settled_on=timezone.localdate(), settled_by=by[:60])


def _reopen_reports(plate: Doorplate, by: str) -> None:
    """Under the lock of the plate. One that residents reported anew meanwhile takes the old count in."""
    for settled in plate.reports.filter(settled_on=timezone.localdate(), settled_by=by[:60]):
        if plate.reports.filter(settled_on=None, kind=settled.kind).update(count=F("count") + settled.count, first_on=settled.first_on):
            settled.delete()
        else:
            PlateReport.objects.filter(pk=settled.pk).update(settled_on=None, settled_by="")
