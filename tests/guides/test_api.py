"""Open data of guides and areas: all that is published, with its marks; nothing that is not."""

from datetime import date

import pytest

from guides import actions
from guides.models import (
    OFFICIAL_CHECKER,
    Agency,
    Area,
    Audience,
    Counter,
    Fact,
    FactField,
    Guide,
    Mark,
    OfficeKind,
    Statement,
    StatementKind,
    Status,
    Step,
)
from guides.search import MAX_QUERY
from tests.factories import SHUIYUN, TOWNSHIP, make_area, make_guide, make_situation
from tests.open_data import ask, refusal

pytestmark = pytest.mark.django_db

CHECKED = date(2026, 11, 23)


def slugs(path: str) -> list[str]:
    return [item["slug"] for item in ask(path)["items"]]


def found(query: str) -> list[str]:
    return [hit["slug"] for hit in ask(f"/api/v1/search?q={query}")["results"]]


def make_full_guide(slug: str = "yibao-001", **fields) -> Guide:
    """One part of each kind."""
    guide = make_guide(slug, papers=("身份证", "户口簿"), checked_on=CHECKED, fee="不收费", agency=Agency.AGENT, **fields)
    Fact.objects.create(guide=guide, field=FactField.FEE, mark=Mark.OFFICIAL, source="通告", verified_by=OFFICIAL_CHECKER, verified_on=CHECKED)
    Fact.objects.create(guide=guide, field=FactField.AGENCY)
    Statement.objects.create(guide=guide, kind=StatementKind.CONDITION, text="本区居民。", mark=Mark.REPOST, source="example.org")
    Step.objects.create(guide=guide, text="到窗口登记。", verified_by="沈禾", verified_on=date(2026, 11, 20))
    Counter.objects.create(guide=guide, kind=OfficeKind.STATION, mark=Mark.OFFICIAL, source="通告")
    make_situation(guide, "who", "self:本人去", "agent:家里人代办")
    return guide


# --- the list


def test_the_list_holds_each_published_guide_with_its_counts():
    make_full_guide()
    page = ask("/api/v1/guides")
    assert (page["count"], page["page"], page["pages"]) == (1, 1, 1)
    [item] = page["items"]
    assert item["slug"] == "yibao-001"
    assert item["url"] == "http://127.0.0.1:8000/guides/yibao-001/"
    assert item["topic"] == {"slug": "yibao", "name": "主题yibao"}
    assert item["checked_on"] == "2026-11-23"
    assert item["counts"] == {"materials": 2, "steps": 1, "statements": 7, "verified": 2}


def test_the_list_can_be_of_one_topic_and_of_one_kind_of_people():
    make_guide("yibao-001")
    make_guide("yibao-002", audience=Audience.ENTERPRISE)
    make_guide("huji-001")
    assert slugs("/api/v1/guides?topic=yibao") == ["yibao-001", "yibao-002"]
    assert slugs("/api/v1/guides?audience=enterprise") == ["yibao-002"]
    assert slugs("/api/v1/guides?topic=huji&audience=personal") == ["huji-001"]
    assert slugs("/api/v1/guides?topic=zhufang") == []
    assert slugs("/api/v1/guides?topic=&audience=") == ["huji-001", "yibao-001", "yibao-002"]


def test_the_list_comes_in_pages_without_gap_or_repetition():
    wanted = [make_guide(f"yibao-{number:03}").slug for number in range(1, 46)]
    pages = [ask(f"/api/v1/guides?page={number}") for number in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [20, 20, 5, 0]
    assert {(page["count"], page["pages"]) for page in pages} == {(45, 3)}
    assert [item["slug"] for page in pages for item in page["items"]] == wanted


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=99999999999999999999", "audience=children", "topic=%00", "topic=a'b"])
def test_a_parameter_that_cannot_be_is_named(query):
    assert query.partition("=")[0] in refusal(f"/api/v1/guides?{query}", status=422)


# --- one guide


def test_every_statement_says_who_stands_behind_it():
    make_full_guide()
    guide = ask("/api/v1/guides/yibao-001")
    stated = [guide["facts"]["fee"], guide["facts"]["agency"], guide["conditions"][0], guide["materials"][0], guide["steps"][0], guide["counters"][0]]
    assert [(row["mark"], row["source"], row["verified_by"], row["verified_on"]) for row in stated] == [
        ("V", "通告", "公开文件", "2026-11-23"),
        ("K", "", "", None),
        ("V-3p", "example.org", "", None),
        ("K", "", "", None),
        ("K", "", "沈禾", "2026-11-20"),
        ("V", "通告", "", None),
    ]


def test_a_fact_that_nobody_knows_is_null_and_not_left_out():
    make_guide("yibao-001")
    guide = ask("/api/v1/guides/yibao-001")
    assert set(guide["facts"]) == set(FactField.values)
    assert set(guide["facts"].values()) == {None}
    assert (guide["conditions"], guide["situations"], guide["counters"]) == ([], [], [])


def test_a_fact_whose_value_was_emptied_is_still_an_answer():
    guide = make_guide("yibao-001")
    for field in FactField:
        Fact.objects.create(guide=guide, field=field)
    facts = ask("/api/v1/guides/yibao-001")["facts"]
    assert facts["legal_limit"]["days"] is None
    assert (facts["agency"]["value"], facts["season"]["from"], facts["video"]["value"]) == ("", "", None)


# --- what is not published


@pytest.mark.parametrize("status", [Status.DRAFT, Status.WITHDRAWN])
def test_what_is_not_published_is_nowhere(status):
    make_guide("yibao-001", papers=("登记证明",)).materials.update(issued_by=make_guide("huji-006", title="身份证补领", status=status))
    assert refusal("/api/v1/guides/huji-006", status=404)
    assert slugs("/api/v1/guides") == ["yibao-001"]
    assert found("身份证补领") == ["yibao-001"]  # whose answer names it; not the guide of that title
    assert ask("/api/v1/guides/yibao-001")["materials"][0]["issued_by"] is None


def test_a_published_guide_is_named_where_it_issues_a_paper():
    make_guide("yibao-001", papers=("身份证",)).materials.update(issued_by=make_guide("huji-006"))
    assert ask("/api/v1/guides/yibao-001")["materials"][0]["issued_by"] == "huji-006"


def test_a_guide_that_is_withdrawn_is_gone_at_once():
    guide = make_guide("yibao-001", title="新生儿落户")
    assert found("新生儿落户") == ["yibao-001"]
    actions.withdraw(guide=guide, by="沈禾")
    assert found("新生儿落户") == []
    assert "撤下" in refusal("/api/v1/guides/yibao-001", status=404)


@pytest.mark.parametrize("slug", ["yibao-999", "%00", "YIBAO-001", "yibao-001%27", "..", "医保"])
def test_an_unknown_guide_is_refused_with_a_sentence(slug):
    make_guide("yibao-001")
    refusal(f"/api/v1/guides/{slug}", status=404)


# --- search


def test_search_gives_the_best_first_and_says_why():
    make_guide("yibao-001", title="城乡居民基本医疗保险参保登记", plain_title="给家里人上医保", aliases=["新农合"])
    make_guide("huji-001", title="居民身份证补领", plain_title="补身份证")
    answer = ask("/api/v1/search?q=新农合怎么办")
    assert list(answer) == ["results", "confident"]
    assert [list(hit) for hit in answer["results"]] == [["slug", "title", "score", "why"]] * len(answer["results"])
    best = answer["results"][0]
    assert (best["slug"], best["title"], best["why"]) == ("yibao-001", "城乡居民基本医疗保险参保登记", "也叫“新农合”")
    scores = [hit["score"] for hit in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["confident"] is True


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20%20", "?q=%00", "?q=%ff", "?q=🙂"])
def test_nothing_asked_is_nothing_found(query):
    make_guide("yibao-001")
    assert ask(f"/api/v1/search{query}") == {"results": [], "confident": False}


def test_no_more_of_a_question_is_read_than_two_hundred_characters():
    make_guide("yibao-001", title="医疗保险")
    assert found("龘" * MAX_QUERY + "医疗保险") == []
    assert found("龘" * (MAX_QUERY - 4) + "医疗保险") == ["yibao-001"]


# --- areas


def test_the_whole_district_is_one_page(district):
    page = ask("/api/v1/areas")
    assert (page["count"], page["pages"], len(page["items"])) == (92, 1, 92)
    assert page["items"][0] == {"code": district.code, "name": "惠农区", "short_name": "惠农区", "level": "district", "parent": None}


def test_areas_can_be_of_one_level_and_right_below_one_area(district):
    assert ask("/api/v1/areas?level=township")["count"] == 12
    below = ask(f"/api/v1/areas?parent={TOWNSHIP}")["items"]
    assert {area["parent"] for area in below} == {TOWNSHIP}
    assert SHUIYUN in [area["code"] for area in below]
    assert ask(f"/api/v1/areas?parent={district.code}&level=community")["items"] == []


def test_a_province_of_areas_comes_in_pages(district):
    Area.objects.bulk_create(Area(code=f"64020{number:07}", name="别处", level="community") for number in range(6000000, 6000158))
    assert [len(ask(f"/api/v1/areas?page={number}")["items"]) for number in (1, 2, 3, 4)] == [100, 100, 50, 0]


def test_the_contact_of_a_village_is_not_open_data():
    make_area()
    Area.objects.filter(pk=SHUIYUN).update(contact_name="王姐", contact_phone="0952-0000000")
    assert {key for area in ask("/api/v1/areas")["items"] for key in area} == {"code", "name", "short_name", "level", "parent"}


@pytest.mark.parametrize("query", ["parent=6402", "parent=%00", "level=street", "page=-1"])
def test_an_area_parameter_that_cannot_be_is_named(query):
    assert query.partition("=")[0] in refusal(f"/api/v1/areas?{query}", status=422)


# --- as many questions to the database for many rows as for one


def count_queries(path: str, django_assert_max_num_queries) -> int:
    with django_assert_max_num_queries(50) as asked:
        ask(path)
    return len(asked)


@pytest.mark.parametrize("path", ["/api/v1/guides", "/api/v1/search?q=医保", "/api/v1/areas"])
def test_a_list_asks_as_often_for_three_rows_as_for_one(path, django_assert_max_num_queries, monkeypatch):
    make_full_guide("yibao-001", title="医保一")
    make_area("640205000000")
    one = count_queries(path, django_assert_max_num_queries)
    for number in (2, 3):
        make_full_guide(f"yibao-00{number}", title="医保")
    make_area()
    monkeypatch.setattr("guides.search._indexes", {})  # as fresh as the first time
    assert count_queries(path, django_assert_max_num_queries) == one


def test_a_guide_asks_as_often_for_many_parts_as_for_one(django_assert_max_num_queries):
    guide, issuer = make_full_guide(), make_guide("huji-006")
    guide.materials.update(issued_by=issuer)
    one = count_queries("/api/v1/guides/yibao-001", django_assert_max_num_queries)
    for number in range(3):
        Step.objects.create(guide=guide, text="再来一步。")
        Statement.objects.create(guide=guide, kind=StatementKind.NOTE, text="注意。")
        guide.materials.create(name=f"材料{number}", issued_by=issuer)
        make_situation(guide, "place" + "abc"[number], "local:本地", "away:外地")
    assert count_queries("/api/v1/guides/yibao-001", django_assert_max_num_queries) == one
