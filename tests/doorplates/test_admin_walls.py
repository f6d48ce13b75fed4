"""Plates in life for the bureau: what residents report, marks, replacing from a report, what to visit, entrances without a plate."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from doorplates.actions import issue_plates, record_check, replace, report_plate
from doorplates.models import Doorplate, PlateReport, Scan
from doorplates.rollup import roll_up_scans
from tests.factories import SHUIYUN, TOWNSHIP, XIAZHUANGZI, YUANYI, make_area, make_building, make_plate
from tests.people import bianji, guanli

pytestmark = pytest.mark.django_db
REPORTS, PLATES = "/admin/doorplates/platereport/", "/admin/doorplates/doorplate/"


@pytest.fixture
def plate():
    return make_plate()


@pytest.fixture
def bureau(client):
    client.force_login(guanli())
    return client


def listed(client, address: str) -> list[str]:
    """The codes on a list of the admin, in their order."""
    body = client.get(address).content.decode()
    return [found.replace("\N{NO-BREAK SPACE}", "").replace(" ", "") for found in re.findall(r">([0-9A-Z]{4}[ \N{NO-BREAK SPACE}][0-9A-Z]{4})</a>", body)]


def act(client, address, rows, action: str, **more):
    return client.post(address, {"action": action, "_selected_action": [row.pk for row in rows], **more}, follow=True)


def test_open_reports_come_first_and_settled_ones_on_demand(bureau, plate):
    other = make_plate(plate.building, entrance="3单元")
    report_plate(plate=plate, kind="damaged")
    report_plate(plate=other, kind="suspicious")
    record_check(plate=other, kind="checked", by="朱丽")
    assert listed(bureau, REPORTS) == [plate.code]
    assert listed(bureau, f"{REPORTS}?settled=yes") == [other.code]
    assert set(listed(bureau, f"{REPORTS}?settled=all")) == {plate.code, other.code}


def test_a_single_tap_is_not_told_from_a_few(bureau, plate):
    report_plate(plate=plate, kind="damaged")
    addresses = (REPORTS, f"{PLATES}{plate.pk}/change/")
    Scan.objects.bulk_create(Scan(doorplate=plate, day=timezone.localdate()) for _ in range(5))  # else the page says it of the scans
    for count, shown in ((4, True), (5, False)):
        PlateReport.objects.update(count=count)
        for address in addresses:
            assert ("不到5次" in bureau.get(address).content.decode()) is shown, (address, count)


@pytest.mark.parametrize("action, condition", [("looked", "fine"), ("renewed", "fine"), ("removed", "gone")])
def test_a_report_is_settled_with_one_action(bureau, plate, action, condition):
    report_plate(plate=plate, kind="damaged")
    report_plate(plate=plate, kind="suspicious")
    act(bureau, REPORTS, PlateReport.objects.all(), action)
    plate.refresh_from_db()
    assert plate.condition == condition
    assert plate.checks.count() == 1
    assert list(plate.reports.values_list("settled_by", "settled_on")) == [("管理", timezone.localdate())] * 2
    assert listed(bureau, REPORTS) == []


def test_a_plate_is_replaced_from_its_report_and_the_new_one_is_a_click_from_printing(bureau, plate):
    report_plate(plate=plate, kind="damaged")
    [report] = PlateReport.objects.all()
    assert "更换门牌" in act(bureau, REPORTS, [report], "replace").content.decode()
    answer = act(bureau, REPORTS, [report], "replace", confirmed="yes", reason="破了").content.decode()
    plate.refresh_from_db()
    assert (plate.state, plate.end_reason) == ("replaced", "破了")
    link = re.search(r'href="(/admin/doorplates/doorplate/\?id__in=\d+)"', answer)[1]
    assert listed(bureau, link) == [plate.successor.code]
    assert listed(bureau, REPORTS) == []
    assert "打印门牌" in act(bureau, link, [plate.successor], "print_sheets").content.decode()


def test_several_plates_are_marked_at_once_and_an_ended_one_is_named(bureau, plate):
    ended = make_plate(plate.building, entrance="3单元")
    successor = replace(ended, by="沈禾", reason="")
    assert "看到的是" in act(bureau, PLATES, [plate, ended], "mark").content.decode()
    answer = act(bureau, PLATES, [plate, ended], "mark", confirmed="yes", kind="installed").content.decode()
    assert "记下了 1 块：贴上了" in answer
    assert successor.spoken_code in answer
    plate.refresh_from_db()
    assert (plate.condition, plate.checks.get().by) == ("fine", "管理")


def test_a_plates_own_page_marks_it_with_one_click_and_tells_its_story(bureau, plate):
    address = f"{PLATES}{plate.pk}/change/"
    body = bureau.get(address).content.decode()
    form = re.search(r'<form class="see".*?</form>', body, re.DOTALL)[0]
    data = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert set(re.findall(r'name="kind" value="(\w+)"', form)) == {"installed", "checked", "damaged", "moved", "gone"}
    target = re.search(r'action="([^"]+)"', form)[1]
    bureau.post(target, {**data, "kind": "moved"})
    plate.refresh_from_db()
    assert plate.condition == "moved"
    story = bureau.get(address).content.decode()
    assert "贴错了地方" in story
    assert "管理" in story


def test_who_may_only_read_sees_reports_and_changes_nothing(client, plate):
    report_plate(plate=plate, kind="damaged")
    client.force_login(bianji())
    assert listed(client, REPORTS) == [plate.code]
    assert 'class="see"' not in client.get(f"{PLATES}{plate.pk}/change/").content.decode()
    for address, rows, action in ((REPORTS, PlateReport.objects.all(), "looked"), (REPORTS, PlateReport.objects.all(), "replace"), (PLATES, [plate], "mark")):
        act(client, address, rows, action, confirmed="yes", kind="gone", reason="x")
    plate.refresh_from_db()
    assert (plate.state, plate.condition, plate.checks.count()) == ("active", "", 0)


def test_nowhere_in_the_back_office_is_a_list_of_marks_by_person(bureau):
    assert bureau.get("/admin/doorplates/platecheck/").status_code == 404
    assert "谁" not in re.sub(r"<nav.*?</nav>", "", bureau.get(PLATES).content.decode(), flags=re.DOTALL)


# ---- what to visit


def test_plates_to_visit_are_filtered_by_reason(bureau, plate):
    today, building = timezone.localdate(), plate.building
    old = make_plate(building, entrance="old", issued_at=timezone.now() - timedelta(days=20))
    never = make_plate(building, entrance="never", condition="fine", installed_on=today - timedelta(days=40))
    quiet = make_plate(building, entrance="quiet", condition="fine", installed_on=today - timedelta(days=400))
    Scan.objects.bulk_create(Scan(doorplate=quiet, day=today - timedelta(days=days)) for days in range(40, 160, 3))
    roll_up_scans()
    report_plate(plate=plate, kind="damaged")
    gone = make_plate(building, entrance="gone")
    record_check(plate=gone, kind="gone", by="朱丽")
    for why, row in {"reported": plate, "broken": gone, "not_up": old, "never": never}.items():
        assert listed(bureau, f"{PLATES}?visit={why}") == [row.code], why
    assert listed(bureau, f"{PLATES}?visit=quiet&township={TOWNSHIP}") == [quiet.code]
    assert len(listed(bureau, f"{PLATES}?visit=quiet")) == 5  # without a township it is not offered: all are listed
    assert len(listed(bureau, f"{PLATES}?visit=nonsense")) == 5
    make_area(XIAZHUANGZI)
    assert listed(bureau, f"{PLATES}?visit=reported&township={XIAZHUANGZI[:9]}000") == []


# ---- entrances without a plate


def row_of(body: str, name: str) -> list[str]:
    row = next(part for part in re.findall(r"<tr>.*?</tr>", body, re.DOTALL) if name in part)
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]


def test_coverage_leads_to_the_buildings_that_lack_plates_and_there_they_are_made(bureau):
    full = make_building(entrances=("1单元",))
    issue_plates([full], by="沈禾")
    lacking = make_building(make_area(YUANYI), estate="园艺村", name="文化站", entrances=("南门", "北门"))
    body = bureau.get("/admin/doorplates/coverage/").content.decode()
    assert row_of(body, "水韵名都")[2:] == ["1", "1", "—", "0", "—"]
    assert row_of(body, "园艺村")[2:] == ["2", "0", "2（去生成）", "0", "—"]
    link = re.search(r'href="(/admin/doorplates/building/\?[^"]*)"', body)[1].replace("&amp;", "&")
    buildings = bureau.get(link).content.decode()
    assert "南门、北门" in buildings
    assert "示例小区8号楼" not in buildings
    act(bureau, link, [lacking], "generate")
    assert Doorplate.objects.filter(building=lacking).count() == 2
    assert row_of(bureau.get("/admin/doorplates/coverage/").content.decode(), "园艺村")[4] == "—"


def test_coverage_stands_in_the_order_of_the_codes_and_cannot_be_sorted_into_a_ranking(bureau):
    for code in (XIAZHUANGZI, YUANYI, SHUIYUN):
        make_area(code)
    make_building(make_area(SHUIYUN))  # in the middle: whatever went by figures would move it
    for query in ("", "?o=3", "?o=-5"):
        body = bureau.get(f"/admin/doorplates/coverage/{query}").content.decode()
        places = [body.index(name) for name in ("下庄子村", "水韵名都", "园艺村村")]
        assert places in (sorted(places), sorted(places, reverse=True)), query
        assert "%" not in re.sub(r"<head>.*?</head>|<script.*?</script>", "", body, flags=re.DOTALL)


@pytest.mark.parametrize("address", ["/admin/doorplates/coverage/", "/admin/doorplates/building/", REPORTS, f"{PLATES}?visit=reported"])
def test_a_list_costs_the_same_with_one_row_and_with_three(bureau, address):
    counts = []
    for code in (SHUIYUN, XIAZHUANGZI, YUANYI):
        building = make_building(make_area(code), name=code)
        report_plate(plate=make_plate(building), kind="damaged")
        with CaptureQueriesContext(connection) as seen:
            bureau.get(address)
        counts.append(len(seen))
    assert len(set(counts)) == 1
