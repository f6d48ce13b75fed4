"""The page 现在去能办成吗: ticks in the address, one moment, every mount."""

import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.actions import withdraw
from guides.models import Counter, Material, Office, OfficeHours, Status
from guides.readiness import tick_of
from tests.factories import SHUIYUN, make_area, make_guide, make_situation

pytestmark = pytest.mark.django_db
READY = "/guides/yibao-001/ready/"


@pytest.fixture
def guide():
    make_area(SHUIYUN)
    guide = make_guide(papers=("身份证", "户口簿"))
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Material.objects.create(guide=guide, name="委托书", only_for=["who=agent"], order=9)
    office = Office.objects.create(code="s", kind="station", name="水韵名都社区便民服务站", area_id=SHUIYUN)
    OfficeHours.objects.create(office=office, opens="09:00", closes="17:00")
    Counter.objects.create(guide=guide, kind="station")
    return guide


@pytest.fixture(autouse=True)
def wednesday_morning():
    with time_machine.travel("2026-11-25 10:00+08:00", tick=False):
        yield


def have(*names: str) -> str:
    return "&".join(f"have={tick_of(Material(name=name))}" for name in names)


def checked(body: str) -> list[str]:
    return re.findall(r'name="have" value="(\w+)" checked', body)


@pytest.mark.parametrize("mount", ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"])
def test_the_same_question_from_every_mount(client, guide, mount):
    response = client.get(f"{mount}{READY}?{have('身份证', '户口簿')}")
    body = response.content.decode()
    assert response["Cache-Control"] == "public, max-age=60, stale-while-revalidate=30"
    assert body.count("<h1") == 1
    assert ("看着能办，先打电话问一声" if SHUIYUN in mount else "说不准，先打电话问") in body
    assert f'action="{mount}{READY}"' in body


def test_the_form_of_a_guide_leads_here_with_its_case(client, guide):
    body = client.get(f"/c/{SHUIYUN}/guides/yibao-001/?who=agent").content.decode()
    form = body[body.index('<form class="bring"') : body.index("</form>", body.index('<form class="bring"'))]
    assert f'action="/c/{SHUIYUN}{READY}" method="get"' in form
    assert '<input type="hidden" name="who" value="agent">' in form
    assert [tick_of(Material(name=name)) for name in ("身份证", "户口簿", "委托书")] == re.findall(r'name="have" value="(\w+)">', form)
    assert "这些都有了，现在去能办成吗</button>" in form


def test_the_ticks_of_the_address_are_shown_and_go_back_with_the_reader(client, guide):
    body = client.get(f"{READY}?who=agent&{have('户口簿', '委托书')}").content.decode()
    assert checked(body) == [tick_of(Material(name=name)) for name in ("户口簿", "委托书")]
    assert "还差1样：身份证。" in body
    back = f'href="/guides/yibao-001/?who=agent&amp;{have("户口簿", "委托书").replace("&", "&amp;")}"'
    assert back in body
    assert checked(client.get(f"/guides/yibao-001/?who=agent&{have('户口簿')}").content.decode()) == [tick_of(Material(name="户口簿"))]


@pytest.mark.parametrize(
    "wrong", ["have=", "have=zzzzzz", "have=1&have=1", "have=%3Cscript%3E", "who=nobody", "all=1", "have=" + "9" * 500]
)
def test_what_is_unknown_in_the_address_is_ignored(client, guide, wrong):
    body = client.get(f"/c/{SHUIYUN}{READY}?{wrong}&{have('身份证', '户口簿')}").content.decode()
    assert "看着能办" in body
    assert checked(body) == [tick_of(Material(name=name)) for name in ("身份证", "户口簿")]
    assert "<script>" not in body
    assert "委托书" not in body  # the usual case, not all of them


def test_a_tick_of_another_case_is_ignored(client, guide):
    body = client.get(f"/c/{SHUIYUN}{READY}?who=self&{have('身份证', '委托书')}").content.decode()
    assert "还差1样：户口簿。" in body


def test_a_draft_has_no_such_page_and_a_withdrawn_guide_says_so(client, guide):
    make_guide("yibao-002", status=Status.DRAFT)
    assert client.get("/guides/yibao-002/ready/").status_code == 404
    assert client.get("/guides/yibao-999/ready/").status_code == 404
    withdraw(guide=guide, by="沈禾")
    response = client.get(READY)
    assert response.status_code == 410
    assert "这份指南撤下了" in response.content.decode()


def test_the_elder_version_says_the_verdict_before_anything_else(client, guide):
    body = client.get(f"/elder/c/{SHUIYUN}{READY}").content.decode()
    assert body.index("<h1>差一点") < body.index("打电话问：12345") < body.index("要带的，您有了哪些")


def test_one_paper_and_three_cost_the_same(client):
    small, large = make_guide("yibao-002", papers=("身份证",)), make_guide("yibao-003", papers=("身份证", "户口簿", "申请表"))
    for guide, count in ((small, 1), (large, 3)):
        for number in range(count):
            office = Office.objects.create(code=f"o{guide.pk}{number}", kind="hall", name="大厅", area=make_area("640205000000"))
            OfficeHours.objects.create(office=office, opens="09:00", closes="17:00")
            Counter.objects.create(guide=guide, kind="hall", office=office)
    counts = []
    for guide in (small, large):
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/guides/{guide.slug}/ready/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
