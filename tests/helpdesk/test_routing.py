from guides.models import Area, Level
from helpdesk.routing import Route, route
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI

HERE = Area(code=SHUIYUN, name="水韵名都社区居民委员会", level=Level.COMMUNITY)


def to(staffed=(), stewards=(), *, area=HERE, enterprise=False):
    return route(area, for_enterprise=enterprise, staffed=staffed, stewards=stewards)


def test_the_community_takes_its_own():
    assert to({SHUIYUN, TOWNSHIP, DISTRICT}) == Route(SHUIYUN, False)


def test_a_community_with_nobody_goes_to_its_township_then_to_the_district():
    assert to({TOWNSHIP, DISTRICT}) == Route(TOWNSHIP, False)
    assert to({DISTRICT}) == Route(DISTRICT, False)


def test_nobody_anywhere_waits_at_the_district():
    assert to() == Route(DISTRICT, False)


def test_another_village_never_takes_it():
    assert to({XIAZHUANGZI}) == Route(DISTRICT, False)


def test_enterprise_matters_go_to_the_steward_nearest_above():
    assert to({SHUIYUN}, {DISTRICT}, enterprise=True) == Route(DISTRICT, True)
    assert to({SHUIYUN}, {TOWNSHIP, DISTRICT}, enterprise=True) == Route(TOWNSHIP, True)


def test_enterprise_matters_without_a_steward_go_to_the_community():
    assert to({SHUIYUN, DISTRICT}, enterprise=True) == Route(SHUIYUN, False)


def test_a_steward_gets_no_personal_matter():
    assert to((), {DISTRICT}) == Route(DISTRICT, False)


def test_who_does_not_know_the_village_is_heard_at_the_district():
    district = Area(code=DISTRICT, name="惠农区", level=Level.DISTRICT)
    assert to({SHUIYUN, TOWNSHIP}, area=district) == Route(DISTRICT, False)
