"""What a process keeps of guide pages: the same bytes as a page made anew, gone the moment its content changes, and never more than fits."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from guides import actions, gazetteer, moulds, shelf, warming
from guides.gazetteer import area_at
from guides.kept import Kept
from guides.models import (
    Answer,
    Area,
    ContentStamp,
    Counter,
    Fact,
    FactField,
    Guide,
    LifeEvent,
    LifeEventStep,
    Mark,
    Material,
    Office,
    OfficeHours,
    RefusalReason,
    RefusedAt,
    Situation,
    SpecialDay,
    Statement,
    StatementKind,
    Status,
    Step,
)
from menpai.roles import Role
from tests import second_district
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_area, make_guide, make_user
from tests.guides.kept_pages import anew

TUESDAY_TEN = "2026-11-24 10:00+08:00"
PAGE = f"/c/{SHUIYUN}/guides/yibao-001/"


@pytest.fixture
def guide(db) -> Guide:
    """One with every part that a page shows, seen from two villages; its content has been changed before, so that it may be kept."""
    district, village = make_area(SHUIYUN).lineage_codes[-1], make_area(SHUIYUN)
    make_area(YUANYI), make_area(XIAZHUANGZI)
    other = make_guide("hukou-001", title="户口簿签发", plain_title="办户口簿", papers=("出生证",), promised_limit=5)
    Fact.objects.create(guide=other, field=FactField.PROMISED_LIMIT)
    found = make_guide(papers=("社保卡",), promised_limit=3)
    Material.objects.create(guide=found, name="收入证明", issued_by=other, order=5)
    Step.objects.create(guide=found, text="先到窗口取号")
    Statement.objects.create(guide=found, kind=StatementKind.CONDITION, text="户口在本区")
    Fact.objects.create(guide=found, field=FactField.PROMISED_LIMIT, note="节假日顺延")
    who = Situation.objects.create(guide=found, key="who", question="谁去办？")
    Answer.objects.create(situation=who, key="self", label="本人去", order=1)
    Answer.objects.create(situation=who, key="agent", label="家里人代办", order=2)
    Counter.objects.create(guide=found, kind="station", order=1)
    Counter.objects.create(guide=found, kind="hall", order=2, note="在二楼")
    for code, kind, area in (("zhan", "station", village), ("ting", "hall", Area.objects.get(pk=district))):
        office = Office.objects.create(code=code, name=f"{kind}名", kind=kind, area=area, address=f"{code}路1号", phone="0952-3312345")
        OfficeHours.objects.create(office=office, opens="09:00", closes="12:00")
    event = LifeEvent.objects.create(slug="sick", title="家里有人生病", answer="一次看全", status=Status.PUBLISHED)
    LifeEventStep.objects.create(event=event, guide=found)
    actions.record_change(guide=other, by="tests")
    actions.record_change(guide=found, by="tests")
    return found


def read(client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


# the same bytes


def test_two_districts_never_lend_each_other_a_word(client, db, settings, monkeypatch):
    second_district.speak(settings)
    second_district.start()
    for code, village in ((second_district.DISTRICT, SHUIYUN), (second_district.COUNTY, second_district.VILLAGE)):
        second_district.fill(code, village)
    ContentStamp.advance()
    slugs = {code: Guide.objects.published().filter(district=code).values_list("slug", flat=True)[0] for code in second_district.SAID}
    pages = {
        second_district.DISTRICT: [f"/guides/{slugs[second_district.DISTRICT]}/", f"/c/{SHUIYUN}/guides/{slugs[second_district.DISTRICT]}/"],
        second_district.COUNTY: [f"/c/{second_district.COUNTY}/guides/{slugs[second_district.COUNTY]}/", f"/c/{second_district.VILLAGE}/guides/{slugs[second_district.COUNTY]}/"],
    }
    for _ in range(2):
        for code, others in ((second_district.DISTRICT, second_district.COUNTY), (second_district.COUNTY, second_district.DISTRICT)):
            for path in pages[code]:
                text = read(client, path)
                assert second_district.MARKS[code] in text
                assert not [word for word in second_district.SAID[others] if word in text], path
                assert text.encode() == anew(client, path, monkeypatch)


@time_machine.travel(TUESDAY_TEN, tick=False)
def test_the_verdict_whether_it_can_be_done_now_is_the_same(client, guide, monkeypatch):
    read(client)
    for query in ("", "?who=agent", "?have=123456"):
        path = f"/c/{SHUIYUN}/guides/yibao-001/ready/{query}"
        assert read(client, path).encode() == anew(client, path, monkeypatch)


def test_a_villages_name_is_escaped_where_it_is_put_in(client, guide):
    read(client, f"/c/{YUANYI}/guides/yibao-001/")
    Area.objects.filter(pk=SHUIYUN).update(name="<script>水韵</script>")
    ContentStamp.advance()
    text = read(client)
    assert "&lt;script&gt;水韵&lt;/script&gt;" in text
    assert "<script>水韵" not in text


# few questions


def test_another_village_and_another_answer_ask_the_database_nothing_but_the_contents_number(client, guide, django_assert_max_num_queries):
    read(client, f"/c/{YUANYI}/guides/yibao-001/")
    for path in (PAGE, f"/elder{PAGE}", f"/c/{XIAZHUANGZI}/guides/yibao-001/?who=agent", "/guides/yibao-001/?all=1"):
        with django_assert_max_num_queries(3) as asked:
            read(client, path)
        assert all("guides_contentstamp" in query["sql"] for query in asked)


def test_after_a_publication_a_guide_that_did_not_change_is_not_read_again(client, guide):
    other = make_guide("yibao-009", plain_title="别的事")
    read(client), read(client, f"/c/{SHUIYUN}/guides/yibao-009/")
    volume, changed = shelf.get_public_volume("yibao-001", guide.district), shelf.get_public_volume("yibao-009", guide.district)
    Guide.objects.filter(pk=other.pk).update(plain_title="别的事，改了")
    actions.record_change(guide=other, by="tests")
    assert shelf.get_public_volume("yibao-001", guide.district) is volume
    assert shelf.get_public_volume("yibao-009", guide.district) is not changed
    assert "别的事，改了" in read(client, f"/c/{SHUIYUN}/guides/yibao-009/")


def test_a_warmed_process_reads_nothing_for_a_guide_that_it_has_never_shown(client, guide, django_assert_max_num_queries):
    assert warming.warm() == 2
    made = len(moulds._kept)
    with django_assert_max_num_queries(3):
        read(client, f"/c/{YUANYI}/guides/hukou-001/")
    assert len(moulds._kept) == made


# every change at once


def of(model, field: str, value, **which):
    """A change of one column of a part, with what an editor's saving does besides."""

    def change(guide):
        assert model.objects.filter(**which).update(**{field: value}) == 1
        actions.record_change(guide=guide, by="bianji")

    return change


def of_place(model, field: str, value, **which):
    def change(guide):
        assert model.objects.filter(**which).update(**{field: value}) == 1
        ContentStamp.advance()

    return change


def of_issuer(field: str, value):
    def change(guide):
        other = Guide.objects.get(slug="hukou-001")
        Guide.objects.filter(pk=other.pk).update(**{field: value})
        actions.record_change(guide=other, by="bianji")

    return change


def refuse_often(guide):
    for _ in range(5):
        actions.record_refusal(guide=guide, material="社保卡", reason=RefusalReason.EXPIRED, case="", at=RefusedAt.values[0])


def rename_topic(guide):
    guide.domain.name = "改了的主题"
    actions.save_topic(domain=guide.domain)


def close_today(guide):
    SpecialDay.objects.create(date=date(2026, 11, 24), area_id=SHUIYUN, is_open=False, name="停电")
    ContentStamp.advance()


def add_step(guide):
    Step.objects.create(guide=guide, text="再去盖章", order=9)
    actions.record_change(guide=guide, by="bianji")


CHANGES = {
    "answer": (of(Guide, "answer", "改了的一句话", slug="yibao-001"), "改了的一句话"),
    "official title": (of(Guide, "title", "改了的名称", slug="yibao-001"), "改了的名称"),
    "material": (of(Material, "name", "医保卡", name="社保卡"), "医保卡"),
    "verified material": (of(Material, "mark", Mark.OFFICIAL, name="社保卡"), None),
    "step": (of(Step, "text", "先到大厅排队", text="先到窗口取号"), "先到大厅排队"),
    "new step": (add_step, "再去盖章"),
    "condition": (of(Statement, "text", "住在本区", text="户口在本区"), "住在本区"),
    "fact's note": (of(Fact, "note", "不算周末", note="节假日顺延"), "不算周末"),
    "question": (of(Situation, "question", "哪个去？", key="who"), "哪个去？"),
    "answer's label": (of(Answer, "label", "自己去", key="self"), "自己去"),
    "counter": (of(Counter, "note", "在三楼", kind="hall"), "在三楼"),
    "issuer's name": (of_issuer("plain_title", "领户口簿"), "领户口簿"),
    "issuer's time": (of_issuer("promised_limit", 9), "最长9个工作日"),
    "topic": (rename_topic, "改了的主题"),
    "event": (of_place(LifeEvent, "title", "家里人住院", slug="sick"), "家里人住院"),
    "refused": (refuse_often, "有人带了过期的"),
    "office": (of_place(Office, "phone", "0952-9999999", code="zhan"), "0952-9999999"),
    "hall": (of_place(Office, "address", "新路9号", code="ting"), "新路9号"),
    "hours": (of_place(OfficeHours, "closes", "16:30", office__code="zhan"), "16:30 关"),
    "day off": (close_today, "停电"),
    "village": (of_place(Area, "name", "水韵新名社区居民委员会", pk=SHUIYUN), "水韵新名社区"),
    "version": (of(Guide, "department", "区某某局", slug="yibao-001"), "第2版"),
}


@time_machine.travel(TUESDAY_TEN, tick=False)
@pytest.mark.parametrize("what", CHANGES)
def test_a_change_shows_at_once(client, guide, monkeypatch, what):
    change, words = CHANGES[what]
    before = {path: read(client, path) for path in (PAGE, "/guides/yibao-001/", f"/c/{YUANYI}/guides/yibao-001/", f"/elder{PAGE}", f"/elder{PAGE}?step=where")}
    assert words is None or words not in before[PAGE]
    change(guide)
    after = read(client)
    assert after != before[PAGE] or what == "verified material"
    assert words is None or words in after
    for path in before:
        assert client.get(path).content == anew(client, path, monkeypatch), path


def test_what_is_taken_away_is_gone_at_once(client, guide):
    assert "办户口簿" in read(client)
    other = Guide.objects.get(slug="hukou-001")
    actions.withdraw(guide=other, by="shenhe")
    assert "办户口簿" not in read(client)
    assert client.get(f"/c/{SHUIYUN}/guides/hukou-001/").status_code == 410
    Guide.objects.filter(pk=guide.pk).update(status=Status.DRAFT)
    actions.record_change(guide=guide, by="bianji")
    assert client.get(PAGE).status_code == 404


def test_a_district_says_its_new_name_at_once(client, db, settings):
    settings.SITE_NAME = "甲门牌"
    make_area(SHUIYUN), make_guide()
    ContentStamp.advance()
    assert "甲门牌" in read(client)
    settings.SITE_NAME = "乙门牌"
    assert "乙门牌" in read(client)
    assert "甲门牌" not in read(client)


# the clock


def test_whether_a_hall_is_open_is_asked_of_the_clock_each_time(client, guide, monkeypatch):
    seen = {}
    for moment in ("2026-11-24 08:00+08:00", "2026-11-24 11:59+08:00", "2026-11-24 12:00+08:00", "2026-11-25 07:00+08:00", "2027-02-01 10:00+08:00"):
        with time_machine.travel(moment, tick=False):
            seen[moment] = read(client)
            assert seen[moment].encode() == anew(client, PAGE, monkeypatch), moment
    early, late, noon, *_ = seen.values()
    assert "今天 9:00 开" in early
    assert "今天 12:00 关" in late
    assert "明天 9:00 开" in noon


def test_a_figure_of_last_year_says_so_from_new_years_day(client, guide):
    Step.objects.filter(guide=guide).update(valid_for_year=2026)
    actions.record_change(guide=guide, by="bianji")
    with time_machine.travel("2026-12-31 23:59+08:00", tick=False):
        assert "这是2026年的" not in read(client)
    with time_machine.travel("2027-01-01 00:01+08:00", tick=False):
        assert "这是2026年的" in read(client)


# nothing kept that must not be


def test_where_nobody_knows_whether_the_content_changed_nothing_is_kept(client, guide, monkeypatch):
    anew(client, PAGE, monkeypatch)
    assert len(moulds._kept) == len(shelf._volumes) == len(gazetteer._kept) == 0
    read(client)
    assert len(moulds._kept) > 0 and len(shelf._volumes) == 1 and len(gazetteer._kept) == 1


def test_a_preview_neither_uses_nor_makes_anything_kept(client, guide):
    draft = make_guide("yibao-002", status=Status.DRAFT, plain_title="还在写的")
    client.force_login(make_user("shenhe", role=Role.REVIEWER, is_staff=True))
    text = client.get(reverse("admin:guides_guide_preview", args=[draft.pk])).content.decode()
    assert "这是预览" in text
    assert len(moulds._kept) == 0
    assert client.get(f"/c/{SHUIYUN}/guides/yibao-002/").status_code == 404


def test_ticks_in_the_address_are_not_kept_for_the_next_reader(client, guide):
    plain = read(client)
    tick = plain.partition('name="have" value="')[2].partition('"')[0]
    assert f'value="{tick}" checked' in read(client, f"{PAGE}?have={tick}")
    assert read(client) == plain


# bounded


def test_addresses_that_anybody_can_make_up_make_nothing_new(client, guide):
    for path in (PAGE, f"/elder{PAGE}"):
        read(client, path)
    kept = len(moulds._kept), len(shelf._readings), len(gazetteer._kept)
    for number in range(20):
        read(client, f"{PAGE}?who=x{number}&y={number}")
        read(client, f"/elder{PAGE}?step=x{number}&utm={number}")
        assert client.get(f"/c/9{number:011}/guides/yibao-001/").status_code == 404
        assert client.get(f"/c/{SHUIYUN}/guides/yibao-{number + 300}/").status_code == 404
    assert (len(moulds._kept), len(shelf._readings), len(gazetteer._kept)) == kept


def test_what_was_not_used_for_longest_leaves_first():
    kept = Kept(10, weigh=len)
    for word in ("eins", "zwei", "drei"):
        kept.put(word, word)
        kept.get("zwei")
    assert (kept.get("eins"), kept.get("zwei"), kept.get("drei")) == (None, "zwei", "drei")
    kept.put("zwei", "zwo")
    assert kept.weight == 7
    kept.put("alles", "mehr als hineinpasst")
    assert len(kept) == 1


def test_a_shelf_that_holds_one_guide_still_shows_two(client, guide, monkeypatch):
    for name in ("_wholes", "_volumes", "_readings"):
        monkeypatch.setattr(shelf, name, Kept(1))
    monkeypatch.setattr(moulds, "_kept", Kept(1, weigh=len))
    for _ in range(2):
        for slug in ("yibao-001", "hukou-001"):
            path = f"/c/{SHUIYUN}/guides/{slug}/"
            assert read(client, path).encode() == anew(client, path, monkeypatch)


# areas


def test_an_area_that_nobody_knows_is_none(guide):
    assert area_at(SHUIYUN).parent.parent.code == guide.district
    for code in ("640205999999", "999999999999", "1", "", "六四〇二〇五一〇二〇〇六", "²" * 12):
        assert area_at(code) is None
