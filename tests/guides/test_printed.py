"""会过期的明白纸: the code on a printed guide is read by a real decoder, and what it opens says the truth."""

import re
from html import unescape

import pytest
import zxingcpp
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageDraw

from guides.actions import publish, record_change, verify, withdraw
from guides.models import Fact, Guide, GuideRevision, Material, Office, Status, Step
from tests.factories import SHUIYUN, make_area, make_guide, make_situation

pytestmark = pytest.mark.django_db
SITE = "https://mp.example.gov.cn"


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = SITE


@pytest.fixture
def guide():
    """A published guide in its third version: the first was a draft, the second the one on paper."""
    guide = make_guide(papers=("身份证",), status=Status.DRAFT, fee="不收费")
    make_situation(guide, "who", "self:本人去", "agent:家里人去")
    Fact.objects.create(guide=guide, field="fee")
    record_change(guide=guide, by="边吉")
    publish(guide=guide, by="沈禾")
    return guide


def change(guide: Guide, **fields) -> None:
    Guide.objects.filter(pk=guide.pk).update(**fields)
    record_change(guide=guide, by="边吉")


def drawn(svg: str):
    """The symbol as a printer puts it on paper: each stroke of segno's path a run of black modules."""
    side, scale = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1]), 6
    picture = Image.new("L", (side * scale, side * scale), 255)
    pen, x, y = ImageDraw.Draw(picture), 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.search(r' d="([^"]+)"', svg)[1]):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            pen.rectangle([x * scale, (y - 0.5) * scale, (x + values[0]) * scale - 1, (y + 0.5) * scale - 1], fill=0)
            x += values[0]
    return picture


def code_of(body: str) -> str:
    [symbol] = zxingcpp.read_barcodes(drawn(re.search(r"<svg.*?</svg>", body, re.DOTALL)[0]))
    return symbol.text


# ---- the paper


@pytest.mark.parametrize("address", ["/guides/yibao-001/", f"/c/{SHUIYUN}/guides/yibao-001/?who=agent", "/guides/yibao-001/?all=1"])
def test_the_code_leads_to_the_version_and_the_case_that_were_printed(client, guide, address):
    make_area()
    body = client.get(address).content.decode()
    held = code_of(body)
    assert (
        held.removeprefix(SITE)
        == {
            "/guides/yibao-001/": "/sheet/yibao-001/2/?who=self",
            f"/c/{SHUIYUN}/guides/yibao-001/?who=agent": f"/c/{SHUIYUN}/sheet/yibao-001/2/?who=agent",
            "/guides/yibao-001/?all=1": "/sheet/yibao-001/2/?all=1",
        }[address]
    )
    assert unescape(re.search(r'<span class="small">([^<]+)</span></p></div>', body)[1]) == held.removeprefix("https://")
    opened = client.get(held.removeprefix(SITE))
    assert opened.status_code == 200
    assert "仍然有效" in opened.content.decode()


def test_the_symbol_stands_only_on_paper(client, guide):
    body = client.get("/guides/yibao-001/").content.decode()
    assert '<div class="paper-only code"><div role="img"' in body
    assert "第2版" in body


def test_without_a_history_the_plain_address_is_printed(client):
    make_guide()
    body = client.get("/guides/yibao-001/").content.decode()
    assert "<svg" not in body
    assert "办之前看看有没有变" in body


# ---- what it opens


def test_a_change_of_the_own_case_is_shown_before_and_now(client, guide):
    change(guide, fee="工本费10元")
    body = client.get("/sheet/yibao-001/2/?who=self").content.decode()
    assert "有1处变了" in body
    assert '<span class="muted">以前</span>不收费' in body
    assert "<b>现在</b>工本费10元" in body
    assert "您的是第2版" in body
    assert "现在是第3版" in body


def test_a_new_version_without_a_change_for_the_case_is_still_valid(client, guide):
    Material.objects.create(guide=guide, name="委托书", only_for=["who=agent"])
    record_change(guide=guide, by="边吉")
    assert "仍然有效" in client.get("/sheet/yibao-001/2/?who=self").content.decode()
    agent = client.get("/sheet/yibao-001/2/?who=agent").content.decode()
    assert '<b>委托书</b><p><b class="good">新加的</b>原件1份</p>' in agent


def test_verification_is_no_change_but_is_said(client, guide):
    step = Step.objects.create(guide=guide, text="交材料。")
    record_change(guide=guide, by="边吉")
    verify(rows=[step], guide=guide, by="沈禾")
    body = client.get("/sheet/yibao-001/3/").content.decode()
    assert "仍然有效" in body
    assert "有1条以前没核实的，现在已经核实过了，内容没变。" in body


def test_only_versions_that_were_public_are_shown(client, guide):
    assert GuideRevision.objects.get(guide=guide, number=1).document["status"] == "draft"
    for number in (1, 3, 0, 10**30):
        assert client.get(f"/sheet/yibao-001/{number}/").status_code == 404, number
    assert client.get("/sheet/yibao-999/1/").status_code == 404


def test_a_paper_that_only_a_draft_had_does_not_leak(client, guide):
    Guide.objects.filter(pk=guide.pk).update(status=Status.DRAFT)
    Material.objects.create(guide=guide, name="还没定的证明")
    record_change(guide=guide, by="边吉")
    assert client.get("/sheet/yibao-001/2/").status_code == 404  # the guide is not public now
    Material.objects.filter(name="还没定的证明").delete()
    publish(guide=guide, by="沈禾")
    assert "还没定的证明" not in client.get("/sheet/yibao-001/2/").content.decode()
    assert client.get("/sheet/yibao-001/3/").status_code == 404


def test_a_text_that_looks_like_a_status_makes_nothing_public(client, guide):
    Guide.objects.filter(pk=guide.pk).update(status=Status.DRAFT, answer='"status": "published"')
    record_change(guide=guide, by="边吉")
    Guide.objects.filter(pk=guide.pk).update(status=Status.PUBLISHED)
    assert "第2版" in client.get("/guides/yibao-001/").content.decode()


def test_a_withdrawn_guide_says_so(client, guide):
    withdraw(guide=guide, by="沈禾")
    response = client.get("/sheet/yibao-001/2/")
    assert response.status_code == 410
    assert "这份指南撤下了" in response.content.decode()
    assert client.get("/sheet/yibao-001/1/").status_code == 404


@pytest.mark.parametrize("mount", ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"])
def test_every_mount_and_any_cache(client, guide, mount):
    make_area()
    response = client.get(f"{mount}/sheet/yibao-001/2/?who=agent")
    assert response["Cache-Control"] == "public, max-age=60, stale-while-revalidate=30"
    assert f'href="{mount}/guides/yibao-001/?who=agent"' in response.content.decode()


def test_many_changes_cost_what_one_costs(client, guide):
    change(guide, fee="1元")
    counts = []
    for turn in range(2):
        with CaptureQueriesContext(connection) as seen:
            client.get("/sheet/yibao-001/2/")
        counts.append(len(seen))
        for number in range(3):
            Step.objects.create(guide=guide, text=f"第{number}步。")
            Office.objects.create(code=f"o{turn}{number}", kind="hall", name="大厅", area=make_area("640205000000"))
        record_change(guide=guide, by="边吉")
    assert counts[0] == counts[1]
