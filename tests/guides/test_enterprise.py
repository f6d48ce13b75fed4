"""企业办事: what a clerk needs first stands first, building permits in the project's order, the steward as the helper."""

from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.enterprise import STAGE_WORDS, groups_of, position_of, stages_of
from guides.models import Domain, Guide, Stage, Status
from tests.factories import SHUIYUN, make_area, make_guide

VIEWPOINTS = ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"]


def guide(slug: str, stage: str = "", pk: int = 0) -> Guide:
    return Guide(pk=pk or None, slug=slug, stage=stage, plain_title=slug, audience="enterprise", domain=Domain(slug=slug.partition("-")[0]))


# ---- the pure part


def test_the_parts_come_in_the_order_a_clerk_needs_them():
    groups = groups_of(map(guide, ["weijian-001", "shuiwu-003", "touzi-011", "shebao-001", "shangshi-001"]))
    assert [(group.title, [g.slug for g in group.guides]) for group in groups] == [
        ("开店办厂", ["shangshi-001"]), ("投资建设", ["touzi-011"]), ("税务、社保、用工", ["shuiwu-003", "shebao-001"]), ("其他的事", ["weijian-001"]),
    ]  # fmt: skip


def test_building_permits_stand_in_the_order_of_the_project_and_those_without_a_stage_after():
    rows = [guide("touzi-001", "design"), guide("touzi-010", "accept"), guide("touzi-011"), guide("touzi-004", "build"), guide("touzi-005", "land"), guide("shangshi-014", "accept")]
    [group] = groups_of(rows)
    assert [(line.number, line.stage, [g.slug for g in line.guides]) for line in group.stages] == [
        (1, "land", ["touzi-005"]), (2, "design", ["touzi-001"]), (3, "build", ["touzi-004"]), (4, "accept", ["touzi-010", "shangshi-014"]),
    ]  # fmt: skip
    assert [g.slug for g in group.guides] == ["touzi-011"]


def test_a_stage_without_a_guide_is_left_out_and_the_others_keep_their_number():
    assert [line.number for line in stages_of([guide("touzi-010", "accept"), guide("touzi-005", "land")])] == [1, 4]
    assert groups_of([]) == []


def test_each_stage_is_told_in_one_plain_sentence_without_a_figure():
    assert set(STAGE_WORDS) == set(Stage)
    for name, sentence in STAGE_WORDS.values():
        assert sentence.endswith("。")
        assert len(name) <= 6
        assert not any(character.isdigit() for character in sentence)


def test_the_position_of_a_guide_in_the_line():
    here = guide("touzi-001", "design", pk=1)
    staged = [here, guide("touzi-006", "design", pk=2), guide("touzi-005", "land", pk=3), guide("touzi-010", "accept", pk=4)]
    found = position_of(here, staged)
    assert (found.here.number, [g.slug for g in found.here.guides], found.count) == (2, ["touzi-006"], 4)
    assert (found.before.stage, found.after.stage) == ("land", "accept")
    alone = position_of(here, [here])
    assert (alone.here.number, alone.here.guides, alone.before, alone.after) == (2, (), None, None)
    assert position_of(guide("touzi-011"), staged) is None


# ---- the pages


@pytest.fixture
def town(db):
    make_area(SHUIYUN)
    for slug, stage in (("touzi-001", "design"), ("touzi-005", "land"), ("touzi-011", ""), ("shangshi-001", "")):
        make_guide(slug, audience="enterprise", stage=stage, plain_title=f"办{slug}")
    make_guide("yibao-001", plain_title="个人的事")
    make_guide("shangshi-002", audience="enterprise", status=Status.DRAFT, plain_title="还没发布")


@pytest.mark.parametrize("prefix", VIEWPOINTS)
def test_the_entrance_in_every_viewpoint(client, town, prefix):
    answer = client.get(f"{prefix}/enterprise/")
    body = unescape(answer.content.decode())
    assert (answer.status_code, answer["Cache-Control"], answer.has_header("Set-Cookie")) == (200, "public, max-age=60, stale-while-revalidate=30", False)
    places = [body.index(f"{prefix}/guides/{slug}/") for slug in ("shangshi-001", "touzi-005", "touzi-001", "touzi-011")]
    assert places == sorted(places)
    assert ("个人的事" in body, "还没发布" in body) == (False, False)
    area = f"&area={SHUIYUN}" if SHUIYUN in prefix else ""
    assert f'href="{"/elder" if "elder" in prefix else ""}/help/new/?enterprise=1{area}">请项目管家联系我' in body
    for stage in ("land", "design"):
        assert STAGE_WORDS[stage][1] in body
    assert STAGE_WORDS["accept"][1] not in body


def test_the_front_page_and_the_old_address_lead_there(client, town):
    assert 'href="/enterprise/"' in client.get("/").content.decode()
    old = client.get("/guides/?for=enterprise")
    assert old.status_code == 200
    assert 'href="/enterprise/"' in old.content.decode()


@pytest.mark.django_db
def test_without_guides_it_says_whom_to_call(client):
    assert "企业的事还没有写进来，请打" in client.get("/enterprise/").content.decode()


@pytest.mark.django_db
def test_one_guide_and_three_cost_the_same(client):
    counts = {"/enterprise/": [], "/guides/touzi-001/": []}
    for numbers in (range(1, 2), range(2, 4)):
        for number in numbers:
            make_guide(f"touzi-{number:03d}", audience="enterprise", stage="design")
        for page, found in counts.items():
            with CaptureQueriesContext(connection) as seen:
                client.get(page)
            found.append(len(seen))
    assert [found[0] == found[1] for found in counts.values()] == [True, True]


def test_a_guide_of_an_enterprise_calls_its_helper_the_steward(client, town):
    for prefix in VIEWPOINTS:
        assert ">请项目管家帮我</a>" in client.get(f"{prefix}/guides/shangshi-001/").content.decode()
        assert "项目管家" not in client.get(f"{prefix}/guides/yibao-001/").content.decode()
    assert ">请项目管家帮我</a>" in client.get("/elder/guides/shangshi-001/?step=bring").content.decode()


def test_a_guide_with_a_stage_says_where_in_the_project_it_stands(client, town):
    make_guide("touzi-006", audience="enterprise", stage="design", plain_title="项目环评")
    body = client.get("/guides/touzi-001/").content.decode()
    assert "盖房建厂，这是第2步" in body
    assert STAGE_WORDS["design"][1] in body
    assert 'href="/guides/touzi-006/">项目环评</a>' in body
    assert 'href="/enterprise/#stage-land">‹ 第1步 立项、定地</a>' in body
    assert "#stage-build" not in body
    assert 'id="stage-land"' in client.get("/enterprise/").content.decode()
    assert "盖房建厂" in client.get("/elder/guides/touzi-001/").content.decode()
    assert "盖房建厂" not in client.get("/guides/touzi-011/").content.decode()


def test_a_withdrawn_neighbour_is_not_offered(client, town):
    Guide.objects.filter(slug="touzi-005").update(status=Status.WITHDRAWN)
    assert "#stage-land" not in client.get("/guides/touzi-001/").content.decode()
