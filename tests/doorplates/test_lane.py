"""Scans answered before Django: the same bytes as Django's, counted by the same rules, and everything else left to Django."""

import gzip
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorplates import kept_pages
from doorplates.kept_pages import KeptPages
from doorplates.models import Building, Scan
from guides.models import Area, ContentStamp, Guide, JobPosting, Notice
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_area, make_building, make_guide, make_plate
from tests.lane import call, make_lane
from tests.people import zhuli
from tests.second_district import VILLAGE, start

pytestmark = pytest.mark.django_db
WECHAT = "Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 Chrome/53.0 MQQBrowser/6.2 MicroMessenger/7.0"
CODE = "0158ACV"  # each character has a lookalike


@pytest.fixture
def plate():
    make_guide(featured=1)
    return make_plate()


def answer(application, path: str, **headers) -> tuple[str, list, bytes]:
    """What goes over the line: status, headers in order of their names, body as the phone unpacks it. The id of the request is anybody's."""
    environ = RequestFactory(headers={"host": "testserver", "user-agent": WECHAT, **headers}).get(path).environ
    status, given_headers, body = call(application, environ)
    named = {(name, value) for name, value in given_headers if name != "X-Request-ID"}
    assert len(named) == len(given_headers) - 1  # every answer has an id
    if ("Content-Encoding", "gzip") in named:
        assert ("Content-Length", str(len(body))) in named
        named = {one for one in named if one[0] != "Content-Length"}  # Django pads at random what it compresses
        body = gzip.decompress(body)
    return status, sorted(named), body


class Counting:
    """Django, with a count of what reaches it."""

    def __init__(self, application):
        self.application, self.reached = application, 0

    def __call__(self, environ, start_response):
        self.reached += 1
        return self.application(environ, start_response)


def lane_with_count(**more):
    lane = make_lane(**more)
    lane.application = Counting(lane.application)
    return lane


# ---- the same bytes


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12) | st.sampled_from(["", "<b>&\"'", "水韵名都" * 5, "{{ x }}", "%s", "q" * 20])
NAMES = TEXT | st.sampled_from(["下庄子村村民委员会", "村村民委员会", "村民委员会", "社区居民委员会", "水韵居民委员会", "村"])
PHONES = st.sampled_from(["", "0952-1234567", "13800138000 王姐", "<tel>"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(estate=TEXT, building=TEXT, entrance=TEXT, area=NAMES, contact=TEXT, phone=PHONES, is_sample=st.booleans(), form=st.sampled_from(["D/{}", "d/{}", "D/{}/"]), lower=st.booleans(), packed=st.booleans())
def test_the_page_is_djangos_to_the_byte_whatever_the_names(db, lane, odd_plate, estate, building, entrance, area, contact, phone, is_sample, form, lower, packed):
    Building.objects.filter(pk=odd_plate.building_id).update(estate=estate, name=building, is_sample=is_sample)
    type(odd_plate).objects.filter(pk=odd_plate.pk).update(entrance=entrance)
    Area.objects.filter(pk=SHUIYUN).update(name=area, contact_name=contact, contact_phone=phone)
    path = "/" + form.format(odd_plate.code.lower().replace("1", "l") if lower else odd_plate.code)
    headers = {"accept-encoding": "gzip"} if packed else {}
    django, before = lane.application.application, lane.application.reached
    with time_machine.travel("2026-11-24 10:00+08:00", tick=False):
        assert answer(lane, path, **headers) == answer(django, path, **headers)
    assert lane.application.reached == before


@pytest.fixture
def lane(db):
    return lane_with_count()


@pytest.fixture
def odd_plate():
    make_guide(featured=1)
    JobPosting.objects.create(title="保洁", employer="某单位", text="", area=make_area("640205102000"))
    from doorplates import codes

    return make_plate(code=CODE + codes._check(CODE))
