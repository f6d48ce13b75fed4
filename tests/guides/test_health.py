"""内容体检: each rule finds what is wrong and nothing else; the real guides have no false alarm; the list asks as often for three as for one."""

from datetime import date
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from guides import health, phones, placeholders
from guides.health import Kind, Surroundings
from guides.models import Counter, District, EditorPosting, Fact, Guide, Link, LinkState, Office, Statement, Step
from tests.factories import make_area, make_guide, make_paper, make_user
from tests.people import bianji, shenhe, zhuli

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 27)
LIST = reverse("admin:guides_guide_health")


def good(slug: str = "yibao-001", **fields) -> Guide:
    """A guide with nothing wrong, but for what `fields` say."""
    guide = make_guide(slug, **{"checked_on": date(2026, 11, 1), "fee": "不收钱", "promised_limit": 0, **fields})
    make_paper(guide, "居民身份证")
    Step.objects.create(guide=guide, text="带身份证到社区登记。")
    Counter.objects.create(guide=guide, kind="station")
    return guide


def found(guide: Guide, *, today: date = TODAY) -> list[tuple[str, str]]:
    whole = Guide.objects.whole().get(pk=guide.pk)
    return [(finding.kind, finding.part) for finding in health.findings(whole, Surroundings.load(today))]


def todo(guide: Guide, *, today: date = TODAY) -> str:
    return " ".join(f.todo for f in health.findings(Guide.objects.whole().get(pk=guide.pk), Surroundings.load(today)))


def test_a_good_guide_has_nothing_wrong():
    assert found(good()) == []


# stale


@pytest.mark.parametrize(
    ("fields", "stale"),
    [
        ({"checked_on": None}, True),
        ({"checked_on": date(2025, 11, 27)}, False),
        ({"checked_on": date(2025, 11, 26)}, True),
        ({"checked_on": date(2026, 11, 1), "review_on": date(2026, 11, 27)}, True),
        ({"checked_on": date(2026, 11, 1), "review_on": date(2026, 11, 28)}, False),
        ({"checked_on": date(2024, 1, 1), "review_on": date(2027, 1, 1)}, False),  # somebody said when
    ],
)
def test_stale_is_what_reached_its_day_or_is_older_than_a_year(fields, stale):
    assert ((Kind.STALE, "最近核对日期") in found(good(**fields))) == stale


# every year anew


def seasonal(season_from: str, season_to: str, *, year: int | None, checked_on: date) -> Guide:
    guide = good(season_from=season_from, season_to=season_to, checked_on=checked_on)
    Fact.objects.create(guide=guide, field="season", valid_for_year=year)
    return guide


def test_last_years_figures_are_told_of_a_month_before_the_window_opens():
    guide = seasonal("12-20", "12-31", year=2025, checked_on=date(2026, 11, 1))
    assert found(guide, today=date(2026, 11, 19)) == []
    assert found(guide, today=date(2026, 11, 20)) == [(Kind.SEASON, "每年什么时候办")]
    assert "2025年" in todo(guide, today=date(2026, 11, 20))
    Fact.objects.update(valid_for_year=2026)
    assert found(guide, today=date(2026, 11, 20)) == []


def test_a_window_that_has_begun_asks_for_a_check_since_it_began():
    guide = seasonal("09-25", "12-31", year=None, checked_on=date(2026, 9, 24))
    assert found(guide) == [(Kind.SEASON, "每年什么时候办")]
    Guide.objects.update(checked_on=date(2026, 9, 25))
    assert found(guide) == []
    Guide.objects.update(checked_on=date(2026, 9, 24))
    Fact.objects.update(verified_by="沈禾", verified_on=date(2026, 10, 1))
    assert found(guide) == []


def test_figures_of_any_part_count_in_a_running_window():
    guide = seasonal("09-25", "12-31", year=2026, checked_on=date(2026, 10, 1))
    Fact.objects.create(guide=guide, field="fee", valid_for_year=2025)
    assert found(guide) == [(Kind.SEASON, "每年什么时候办")]
    assert "“费用”写的还是2025年的" in todo(guide)


@pytest.mark.parametrize(
    ("season", "today", "window"),
    [
        (("09-25", "12-31"), date(2026, 11, 27), (date(2026, 9, 25), date(2026, 12, 31))),
        (("11-01", "03-31"), date(2027, 2, 1), (date(2026, 11, 1), date(2027, 3, 31))),
        (("11-01", "03-31"), date(2027, 4, 1), (date(2027, 11, 1), date(2028, 3, 31))),
        (("06-13", "07-15"), date(2026, 11, 27), (date(2027, 6, 13), date(2027, 7, 15))),
        (("02-29", "03-10"), date(2027, 1, 1), (date(2027, 2, 28), date(2027, 3, 10))),
    ],
)
def test_the_window_that_runs_or_the_next_one(season, today, window):
    assert health.window(*season, today) == window


# incomplete


def test_what_a_resident_needs_and_does_not_find():
    bare = make_guide(checked_on=TODAY)
    assert found(bare) == [(Kind.INCOMPLETE, part) for part in ("要带什么", "怎么办", "去哪办", "费用", "承诺时限")]


def test_a_legal_limit_answers_too_and_nothing_to_bring_is_an_answer():
    guide = good(promised_limit=None, legal_limit=20, answer="什么都不用带，到社区就能登记。")
    guide.materials.all().delete()
    assert found(guide) == []


def test_a_brief_guide_is_the_least_of_troubles():
    guide = good(is_brief=True, checked_on=None)
    assert found(guide) == [(Kind.STALE, "最近核对日期"), (Kind.INCOMPLETE, "简版")]


# gaps


@pytest.mark.parametrize(
    "text",
    [
        "到XX社区办。", "到××路8号。", "收ＸＸ元。", "X月X日前办。", "电话待补", "地址：待填", "TODO 问医保局", "去［地址］办", "去［　］办", "带（）去", "找某某社区", "在某路8号",
        "找张某办", "打0952-0000000", "打0000", "打0952-1234567", "打13800138000", "打18888888888", "收___元", "{{ fee }}", "什么时候？？", "略", "暂无", "见 www.example.com",
        "示例电话", "[姓名]带身份证",
    ],
)  # fmt: skip
def test_gaps_are_found(text):
    assert placeholders.gap(text)


@pytest.mark.parametrize(
    "text",
    [
        "等待补贴到账", "等待补正材料的时间不算", "二〇〇五年的老证", "国办发［2019］11号", "国办发〔2019〕11号", "某些人要带", "某一天去", "3×5厘米的照片", "打10000元以上",
        "一寸照片（白底）", "穿XL号衣服", "打12345", "交100000元", "X光片带上", "电话0952-3012233", "【注意】别忘了", "时间怎么定，看通知", "要不要钱？", "等待定点医院回话",
        "打96110", "0.5元", "没有合同的，写“无”", "接待补办证件的窗口", "一周某天去",
    ],
)  # fmt: skip
def test_what_is_right_is_no_gap(text):
    assert placeholders.gap(text) == ""


def test_a_gap_is_named_with_its_place_wherever_it_stands():
    guide = good(aliases=["交医保", "XX保险"])
    Statement.objects.create(guide=guide, kind="note", text="交到××。")
    make_paper(guide, "户口簿", how="到［地址］补。")
    wrong = [finding for finding in health.findings(Guide.objects.whole().get(), Surroundings.load(TODAY)) if finding.kind == Kind.PLACEHOLDER]
    assert [(f.part, f.anchor) for f in wrong] == [
        ("别的叫法", "id_aliases"), ("要带什么 第2条的“怎么拿到”", "materials-group"), ("注意 第1条", "statements-2-group"),
    ]  # fmt: skip
    assert "××" in wrong[2].todo


# phones


def office(code: str, phone: str, **fields) -> Office:
    return Office.objects.create(code=code, name="惠农区政务服务中心", kind="hall", area=make_area("640205000000"), phone=phone, **fields)


def sent_to_hall(**fields) -> Guide:
    guide = good(**fields)
    guide.counters.update(kind="hall")
    return guide


@pytest.mark.parametrize(
    ("registered", "hotline", "differs"),
    [
        ("0952-3012233", "0952-3019999", True),
        ("0952-3012233", "09523012233", False),
        ("0952-3012233", "3012233", False),
        ("3012233", "0952-3012233", False),
        ("0952-3012233、3015555", "0952-3015555", False),
        ("0951-3012233", "0952-3012233", True),
        ("0952-3012233", "12333", False),  # a line of the whole country
        ("", "0952-3019999", False),  # nothing is known of the office
    ],
)
def test_the_guides_phone_against_that_of_the_place_it_sends_to(registered, hotline, differs):
    office("hall", registered)
    assert ((Kind.PHONE, "咨询电话") in found(sent_to_hall(hotline=hotline))) == differs


def test_a_named_office_counts_alone_and_the_sentence_names_both_numbers():
    office("hall", "0952-3012233")
    other = office("other", "0952-3018888")
    guide = sent_to_hall(hotline="0952-3012233")
    assert found(guide) == []
    guide.counters.update(office=other)
    assert found(guide) == [(Kind.PHONE, "咨询电话")]
    assert "0952-3012233" in todo(guide)
    assert "0952-3018888" in todo(guide)


def test_phones_inside_texts():
    office("hall", "0952-3012233")
    District.objects.create(area=make_area("640205000000"), hotline="0952-3016666")
    guide = sent_to_hall(hotline="12333")
    for text in ("先打0952-3012233问。", "先打3012233问。", "也可以打0952-3016666。", "打12345。", "身份证号有18位，合同号20261127。", "收3000000元以上的，另说。"):
        Step.objects.create(guide=guide, text=text)
    assert found(guide) == []
    Step.objects.create(guide=guide, text="先打3019999问。")
    assert found(guide) == [(Kind.PHONE, "怎么办 第8条")]


def test_another_districts_office_says_nothing():
    Office.objects.create(code="far", name="别处", kind="hall", area=make_area("640202000000"), phone="0952-3012233")
    assert found(sent_to_hall(hotline="0952-3019999")) == []


def test_numbers_that_nobody_says_to_call_are_none():
    assert phones.phones_in("2026年第3012233号，每年20261127") == []
    assert phones.phones_in("打３０１２２３３，或者（0952）3012233、400-810-8888") == ["3012233", "(0952)3012233", "400-810-8888"]


# links and hard texts


def test_a_broken_link_is_told_where_it_stands():
    guide = good(online="网上能办", online_url="https://zwfw.nowhere.cn/a")
    Step.objects.create(guide=guide, text="先看 https://zwfw.nowhere.cn/b。再来。")
    for path, state in (("a", LinkState.UNSURE), ("b", LinkState.BROKEN)):
        Link.objects.create(url=f"https://zwfw.nowhere.cn/{path}", state=state, detail="404", broken_since=timezone.now())
    assert found(guide) == [(Kind.LINK, "怎么办 第2条")]


def test_a_hard_text_is_told_with_its_reasons():
    guide = good()
    Statement.objects.create(guide=guide, kind="condition", text="申请人须凭本人居民身份证及户口簿原件，于每年9月25日至12月31日期间前往户籍所在地乡镇人民政府提出申请，逾期不予受理。")
    Statement.objects.create(guide=guide, kind="basis", text="国发〔2016〕3号《国务院关于整合城乡居民基本医疗保险制度的意见》予以及之该逾期凭。")
    assert found(guide) == [(Kind.HARD, "谁能办 第1条")]
    assert "拆成两句" in todo(guide)


# all together


def test_the_most_urgent_come_first_and_counts_are_by_guide():
    brief, bad = good("yibao-002", is_brief=True), good("yibao-003", answer="到XX办。", checked_on=None)
    good("yibao-004")
    Step.objects.create(guide=bad, text="到××办。")
    examined = health.examine(Guide.objects.whole(), Surroundings.load(TODAY))
    assert [guide.slug for guide, _ in examined] == [bad.slug, brief.slug]
    assert [f.kind for f in examined[0][1]] == [Kind.PLACEHOLDER, Kind.PLACEHOLDER, Kind.STALE]
    counted = health.counts(Guide.objects.all(), today=TODAY)
    assert {kind: count for kind, count in counted.items() if count} == {Kind.PLACEHOLDER: 1, Kind.STALE: 1, Kind.INCOMPLETE: 1}
    assert list(counted) == list(Kind)
    assert [(g.slug, [f.kind for f in wrong]) for g, wrong in health.only(examined, Kind.STALE)] == [(bad.slug, [Kind.STALE])]


# the page


@pytest.fixture
def editor(client):
    client.force_login(bianji())
    return client


def test_the_list_names_each_guide_once_and_leads_to_the_place(editor):
    bad = good("yibao-002", plain_title="交医保", answer="到XX办。", is_brief=True)
    good("yibao-003", plain_title="好好的")
    body = editor.get(LIST).content.decode()
    assert f'href="{reverse("admin:guides_guide_change", args=[bad.pk])}#id_answer"' in body
    assert "另外1处" in body
    assert "好好的" not in body


def test_the_list_by_kind_topic_department_and_state(editor):
    good("yibao-002", plain_title="医保的", answer="到XX办。")
    good("huji-001", plain_title="户籍的", department="区公安分局", checked_on=None)
    good("huji-002", plain_title="草稿的", status="draft", checked_on=None)

    def shown(**chosen) -> set[str]:
        body = editor.get(LIST, chosen).content.decode()
        return {name for name in ("医保的", "户籍的", "草稿的") if f">{name}</a>" in body}

    assert shown() == {"医保的", "户籍的"}
    assert shown(kind="stale") == {"户籍的"}
    assert shown(domain=Guide.objects.get(slug="yibao-002").domain_id) == {"医保的"}
    assert shown(department="区公安分局") == {"户籍的"}
    assert shown(state="coming") == {"草稿的"}
    assert shown(kind="nonsense", domain="x", state="x", p="x") == {"医保的", "户籍的"}


def test_the_list_shows_only_the_editors_districts(editor):
    good("yibao-002", plain_title="惠农的", checked_on=None)
    good("yibao-003", plain_title="大武口的", checked_on=None, district="640202000000", department="大武口的局")
    make_area("640205000000")
    EditorPosting.objects.create(user=bianji(), district=make_area("640205000000"))
    body = editor.get(LIST).content.decode()
    assert "惠农的" in body
    assert "大武口" not in body


@pytest.mark.nothing_kept
def test_the_list_asks_as_often_for_three_as_for_one(editor):
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            editor.get(LIST)
        return len(seen)

    office("hall", "0952-3012233")
    good("yibao-002", checked_on=None)
    one = count()
    for slug in ("yibao-003", "huji-001"):
        good(slug, checked_on=None, hotline="0952-3019999")
    assert count() == one


def test_excel_has_a_row_for_each_finding_and_runs_nothing(editor):
    good("yibao-002", plain_title="=交医保", answer="到XX办。", checked_on=None)
    response = editor.get(reverse("admin:guides_guide_health_download"))
    rows = list(load_workbook(BytesIO(response.content)).active.iter_rows(values_only=True))
    assert [(row[0], row[4], row[5]) for row in rows[1:]] == [("=交医保", "有没填的地方", "一句话回答"), ("=交医保", "该核对了", "最近核对日期")]
    only = editor.get(reverse("admin:guides_guide_health_download"), {"kind": "stale"})
    assert load_workbook(BytesIO(only.content)).active.max_row == 2


def test_helpers_and_strangers_do_not_see_it(client):
    assert client.get(LIST).status_code == 302
    client.force_login(zhuli())
    assert client.get(LIST).status_code == 302
    client.force_login(make_user("nobody", is_staff=True))
    assert client.get(LIST).status_code == 403


def test_it_is_found_from_the_first_page_and_from_the_list(client):
    client.force_login(shenhe())
    for address in (reverse("admin:index"), reverse("admin:guides_guide_changelist")):
        assert f'href="{LIST}"' in client.get(address).content.decode(), address
