"""The short list of plates to visit: why each is on it, what comes first, and what it costs."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from doorplates.actions import record_check, replace, report_plate
from doorplates.models import Building, Doorplate, Scan
from doorplates.rollup import roll_up_scans
from doorplates.walk import MOST, Why, pasts_of, plates_with, walk_list
from tests.factories import XIAZHUANGZI, make_area, make_building, make_plate

pytestmark = pytest.mark.django_db
ALL = Doorplate.objects.all()


def days_ago(days: int):
    return timezone.localdate() - timedelta(days=days)


def put_up(entrance: str, *, issued: int = 0, installed: int | None = None, scanned=(), building=None, **fields) -> Doorplate:
    """A plate with a past: issued, installed and scanned so many days ago."""
    if installed is not None:
        fields |= {"condition": "fine", "installed_on": days_ago(installed), "checked_on": days_ago(installed)}
    plate = make_plate(building or building_of(), entrance=entrance, issued_at=timezone.now() - timedelta(days=issued), **fields)
    Scan.objects.bulk_create(Scan(doorplate=plate, day=days_ago(days)) for days in scanned)
    roll_up_scans()
    return plate


def building_of(name: str = "8号楼"):
    return Building.objects.filter(name=name).first() or make_building(name=name)


def reasons(plate) -> list[Why]:
    return [why for stop in walk_list(ALL) if stop.plate == plate for why in stop.whys]


HABIT = range(40, 170, 3)  # every third day until 40 days ago


@pytest.mark.parametrize("past, why", [
    ({"issued": 15}, Why.NOT_UP),
    ({"issued": 13}, None),
    ({"issued": 60, "scanned": [1]}, None),  # nobody said so, but it hangs: somebody scans it
    ({"issued": 60, "installed": 31}, Why.NEVER),
    ({"issued": 60, "installed": 29}, None),
    ({"issued": 60, "installed": 31, "scanned": [3]}, None),
    ({"issued": 400, "installed": 390, "scanned": [300]}, None),  # once in its life is no habit, and it was scanned
    ({"issued": 200, "installed": 190, "scanned": HABIT}, Why.QUIET),
    ({"issued": 200, "scanned": HABIT}, Why.QUIET),  # also where nobody ever marked it
    ({"issued": 200, "installed": 190, "scanned": range(1, 170, 3)}, None),
    ({"issued": 900, "installed": 800, "scanned": range(300, 430, 3)}, None),  # its habit is too long ago to say anything
])  # fmt: skip
def test_each_reason_has_its_border(past, why):
    assert reasons(put_up("1单元", **past)) == ([why] if why else [])


@pytest.mark.parametrize("kind", ["damaged", "moved", "gone"])
def test_what_staff_saw_broken_is_on_the_list_until_it_is_put_right_and_says_what_it_is(kind):
    plate = put_up("1单元", issued=60, installed=50, scanned=HABIT)
    record_check(plate=plate, kind=kind, by="朱丽")
    [stop] = walk_list(ALL)
    plate.refresh_from_db()
    assert (stop.whys, stop.labels) == ([Why.BROKEN], [plate.get_condition_display()])
    record_check(plate=plate, kind="installed", by="朱丽")
    assert reasons(plate) == [Why.QUIET]  # until it is scanned again


def test_what_residents_say_comes_first_and_goes_when_somebody_looked():
    plate = put_up("1单元", issued=20)
    report_plate(plate=plate, kind="damaged")
    [stop] = walk_list(ALL)
    assert stop.whys == [Why.REPORTED, Why.NOT_UP]
    assert [report.kind for report in stop.plate.open_reports] == ["damaged"]
    record_check(plate=plate, kind="installed", by="朱丽")
    assert walk_list(ALL) == []


def test_one_that_was_only_ever_looked_at_is_known_to_hang_since_then():
    plate = put_up("1单元", issued=90)
    for days, why in ((32, None), (0, [Why.NEVER])):
        with time_machine.travel(timezone.now() - timedelta(days=days)):
            record_check(plate=plate, kind="checked", by="朱丽")
            assert reasons(plate) == (why or [])


def test_a_plate_that_ended_is_on_no_list():
    plate = put_up("1单元", issued=20)
    report_plate(plate=plate, kind="damaged")
    replace(plate, by="沈禾", reason="破了")
    assert walk_list(ALL) == []


def test_of_too_many_the_most_needed_are_kept_and_walked_in_order():
    late = [put_up(f"{number:02}门", issued=20 + number, building=building_of("9号楼")) for number in range(MOST + 3)]
    reported = put_up("1单元", building=building_of("1号楼"))
    report_plate(plate=reported, kind="not_mine")
    stops = [stop.plate for stop in walk_list(ALL)]
    assert len(stops) == MOST
    assert reported in stops
    assert set(late) - set(stops) == set(late[:4])  # those issued last wait
    assert stops == sorted(stops, key=lambda plate: (plate.building_id, plate.entrance))


def test_villages_are_walked_one_after_the_other():
    far = make_building(make_area(XIAZHUANGZI), name="村委会", entrances=())
    for building, entrance in ((building_of(), "1单元"), (far, ""), (building_of("9号楼"), "1单元")):
        put_up(entrance, issued=20, building=building)
    assert [stop.plate.building.community_id for stop in walk_list(ALL)] == [XIAZHUANGZI, *[building_of().community_id] * 2]


def test_several_scans_of_a_day_are_one_day():
    plate = put_up("1单元", scanned=[*HABIT, 40, 40, 40])
    assert pasts_of(ALL, timezone.localdate())[plate.pk].days == len(HABIT)


def test_only_the_plates_asked_for_are_judged():
    here, there = put_up("1单元", issued=20), put_up("2单元", issued=20, building=make_building(make_area(XIAZHUANGZI)))
    only = ALL.filter(building__community=here.building.community)
    assert [stop.plate for stop in walk_list(only)] == [here]
    assert [set(plates_with(why, only)) & {there} for why in Why] == [set()] * 5


def test_a_long_list_costs_what_a_short_one_does():
    counts = []
    for number in (1, 2, 3):
        plate = put_up(f"{number}门", issued=200, scanned=HABIT)
        report_plate(plate=plate, kind="damaged")
        with CaptureQueriesContext(connection) as seen:
            assert len(walk_list(ALL)) == number
        counts.append(len(seen))
    assert len(set(counts)) == 1
