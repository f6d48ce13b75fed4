"""去哪办: the nearest place that does this from here."""

from datetime import datetime, time
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.models import Counter, Guide, Office, OfficeHours, OfficeKind, SpecialDay
from guides.where import map_links, places_for
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area, make_guide

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def office(code: str, kind: str, area: str, **fields) -> Office:
    return Office.objects.create(code=code, name=f"{code}的{OfficeKind(kind).label}", kind=kind, area=make_area(area), **fields)


@pytest.fixture
def offices():
    """A station in each of two villages, a centre in each township, one hall, one social window of the district."""
    kinds = {
        "shuiyun": ("station", SHUIYUN), "xiazhuangzi": ("station", XIAZHUANGZI), "yuanyi": ("centre", TOWNSHIP),
        "weizha": ("centre", "640205101000"), "hall": ("hall", DISTRICT), "social": ("social", DISTRICT),
    }
    return {code: office(code, kind, area) for code, (kind, area) in kinds.items()}


def guide_at(*kinds: str, **fields) -> Guide:
    guide = make_guide()
    for order, kind in enumerate(kinds):
        Counter.objects.create(guide=guide, kind=kind, order=order, **fields)
    return Guide.objects.whole().get(pk=guide.pk)


def codes(guide, area: str | None) -> list[str | None]:
    places = places_for(guide, make_area(area) if area else None, now=NOW)
    return [place.office.code if place.office else None for place in places]


def test_each_counter_has_the_nearest_office_of_its_kind(offices):
    guide = guide_at("station", "centre", "hall", "social")
    assert codes(guide, SHUIYUN) == ["shuiyun", "yuanyi", "hall", "social"]
    assert codes(guide, XIAZHUANGZI) == ["xiazhuangzi", "weizha", "hall", "social"]


def test_a_hall_of_ones_own_community_is_nearer_than_that_of_the_district(offices):
    office("branch", "social", SHUIYUN)
    guide = guide_at("social")
    assert codes(guide, SHUIYUN) == ["branch"]
    assert codes(guide, XIAZHUANGZI) == ["social"]
    assert codes(guide, None) == ["social"]


def test_without_an_area_no_station_and_no_centre_is_guessed(offices):
    places = places_for(guide_at("station", "centre", "hall"), None, now=NOW)
    assert [p.office.code if p.office else None for p in places] == [None, None, "hall"]
    assert places[0].name == "村（社区）便民服务站"
    assert (places[0].opening, places[0].maps) == (None, [])


def test_an_office_named_by_the_guide_wins(offices):
    guide = guide_at("station", office=offices["xiazhuangzi"])
    assert codes(guide, SHUIYUN) == ["xiazhuangzi"]
    assert codes(guide, None) == ["xiazhuangzi"]


def test_a_kind_nobody_has_is_named_without_a_place(offices):
    [place] = places_for(guide_at("marriage"), make_area(SHUIYUN), now=NOW)
    assert (place.office, place.name) == (None, "婚姻登记处")


def test_the_opening_follows_hours_and_the_special_days_of_the_area(offices):
    OfficeHours.objects.create(office=offices["shuiyun"], opens=time(9), closes=time(12))
    guide = guide_at("station", "hall")
    station, hall = places_for(guide, make_area(SHUIYUN), now=NOW)
    assert (station.opening.is_open, station.opening.until) == (True, NOW.replace(hour=12))
    assert hall.opening is None  # hours unknown: nothing is said
    SpecialDay.objects.create(date=NOW.date(), area=make_area(SHUIYUN), is_open=False, name="停电")
    station, _ = places_for(guide, make_area(SHUIYUN), now=NOW)
    assert (station.opening.is_open, station.opening.reason) == (False, "停电")


def test_no_coordinate_no_map():
    assert map_links(Office(name="示例")) == []


def test_each_map_gets_the_coordinate_in_its_own_order_and_system():
    place = Office(name="示例 大厅&1", longitude=Decimal("106.775513"), latitude=Decimal("39.230094"))
    links = dict(map_links(place))
    assert list(links) == ["高德地图", "百度地图", "腾讯地图", "手机自带地图"]
    query = {name: {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()} for name, url in links.items()}
    assert query["高德地图"]["position"] == "106.775513,39.230094"  # longitude first
    assert query["高德地图"]["coordinate"] == "gaode"
    assert query["百度地图"]["location"] == "39.230094,106.775513"  # latitude first
    assert query["百度地图"]["coord_type"] == "gcj02"
    assert query["腾讯地图"]["marker"] == "coord:39.230094,106.775513;title:示例 大厅&1"
    assert links["手机自带地图"].startswith("geo:39.230094,106.775513?q=39.230094,106.775513(")
    assert {name: query[name].get("name") or query[name].get("title") for name in ("高德地图", "百度地图")} == {
        "高德地图": "示例 大厅&1", "百度地图": "示例 大厅&1",
    }


def test_many_counters_cost_as_many_queries_as_one(offices, django_assert_num_queries):
    one = guide_at("station")
    Guide.objects.filter(pk=one.pk).update(slug="yibao-009")
    many = guide_at("station", "centre", "hall", "social", "hall")
    area = make_area(SHUIYUN)
    for guide in (one, many):
        with django_assert_num_queries(3):  # offices, their hours, special days
            places_for(guide, area, now=NOW)


def test_offices_of_guides_counters_cost_the_same_for_one_and_three(offices, django_assert_num_queries):
    """An office named by the guide brings its hours along: no query for each."""
    for name in ("shuiyun", "xiazhuangzi", "hall"):
        OfficeHours.objects.create(office=offices[name], opens=time(9), closes=time(12))
    counts, area = [], make_area(SHUIYUN)
    for slug, names in (("yibao-008", ["hall"]), ("yibao-007", ["shuiyun", "xiazhuangzi", "hall"])):
        guide = make_guide(slug)
        for name in names:
            Counter.objects.create(guide=guide, kind=offices[name].kind, office=offices[name])
        whole = Guide.objects.whole().get(pk=guide.pk)
        with CaptureQueriesContext(connection) as seen:
            places_for(whole, area, now=NOW)
        counts.append(len(seen))
    assert counts[0] == counts[1]
