"""Which entrances have a plate: counts by community, and the entrances that have none."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from doorplates.actions import issue_plates, record_check, replace, report_plate, revoke
from doorplates.entrances import count_entrances, lacking, name_missing
from doorplates.models import Building
from guides.models import Area
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_area, make_building

pytestmark = pytest.mark.django_db


def counts(code: str = SHUIYUN) -> tuple:
    [area] = count_entrances(Area.objects.filter(pk=code))
    return area.entrances, area.plated, area.missing, area.hanging, area.troubled


def missing() -> dict[str, list[str]]:
    return {str(building): building.missing for building in name_missing(lacking(Building.objects.all()))}


def test_a_building_without_entrances_has_one_and_a_village_without_buildings_none():
    make_area(SHUIYUN), make_area(YUANYI)
    make_building(entrances=("1单元", "2单元", "东门"))
    make_building(name="村委会", entrances=())
    assert counts() == (4, 0, 4, 0, 0)
    assert counts(YUANYI) == (0, 0, 0, 0, 0)
    assert missing() == {"示例小区8号楼": ["1单元", "2单元", "东门"], "示例小区村委会": [""]}


def test_a_plate_counts_for_its_entrance_from_issuing_to_its_end():
    building = make_building(entrances=("1单元", "2单元"))
    first, second = issue_plates([building, make_building(name="村委会", entrances=())], by="沈禾")[:2]
    assert (counts(), missing()) == ((3, 3, 0, 0, 0), {})
    revoke(first, by="沈禾", reason="")
    assert (counts(), missing()) == ((3, 2, 1, 0, 0), {"示例小区8号楼": ["1单元"]})
    replace(second, by="沈禾", reason="")
    assert counts() == (3, 2, 1, 0, 0)


def test_an_entrance_that_was_renamed_has_none_although_its_old_plate_lives():
    building = make_building(entrances=("1单元", "2单元"))
    issue_plates([building], by="沈禾")
    Building.objects.filter(pk=building.pk).update(entrances=["一单元", "2单元"])
    assert (counts()[:3], missing()) == ((2, 1, 1), {"示例小区8号楼": ["一单元"]})
    Building.objects.filter(pk=building.pk).update(entrances=[])
    assert (counts()[:3], missing()) == ((1, 0, 1), {"示例小区8号楼": [""]})


def test_what_somebody_saw_is_counted_and_what_residents_say_too():
    plates = issue_plates([make_building(entrances=tuple(f"{n}单元" for n in range(1, 7)))], by="沈禾")
    for plate, kind in zip(plates, ("installed", "checked", "damaged", "moved", "gone"), strict=False):
        record_check(plate=plate, kind=kind, by="朱丽")
    assert counts() == (6, 6, 0, 3, 3)
    report_plate(plate=plates[0], kind="suspicious")
    report_plate(plate=plates[0], kind="not_mine")
    assert counts() == (6, 6, 0, 3, 4)


def test_each_village_counts_its_own():
    issue_plates([make_building(make_area(XIAZHUANGZI), entrances=("东门",))], by="沈禾")
    make_building(make_area(SHUIYUN))
    assert (counts(XIAZHUANGZI)[:3], counts(SHUIYUN)[:3]) == ((1, 1, 0), (2, 0, 2))


def test_names_with_quotes_and_other_signs_are_found_again():
    names = ('"东"门', "1\\2单元", "%", "甲'乙", "😀门")
    building = make_building(entrances=names)
    issue_plates([building], by="沈禾")
    assert (counts()[:3], missing()) == ((5, 5, 0), {})


def test_a_district_is_counted_in_a_few_queries_however_many_buildings_and_villages():
    asked = []
    for number in (1, 2, 3):
        make_building(make_area((SHUIYUN, XIAZHUANGZI, YUANYI)[number - 1]), name=f"{number}号楼")
        with CaptureQueriesContext(connection) as seen:
            count_entrances(Area.objects.filter(level="community"))
        with CaptureQueriesContext(connection) as listed:
            assert len(name_missing(lacking(Building.objects.all()))) == number
        asked.append((len(seen), len(listed)))
    assert set(asked) == {(3, 2)}
