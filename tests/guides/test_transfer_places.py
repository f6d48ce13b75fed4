"""区划, 办理地点 and 同义词 by Excel: what each takes, what it refuses, and in which words."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.models import Area, ContentStamp, Mark, Office, OfficeHours, Synonym
from tests.exchange import book_of, problems, run
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI
from tests.people import bianji, guanli

pytestmark = pytest.mark.django_db
AREA = {"区划代码": SHUIYUN, "名称": "水韵名都社区居民委员会", "级别": "村（社区）", "上级": TOWNSHIP}
HALL = {"代号": "hall-1", "名称": "政务大厅", "类别": "区政务服务中心", "服务范围": "惠农区"}
SLOT = {"代号": "hall-1", "季节起": "05-01", "季节止": "09-30", "星期": "12345", "开门": "9:00", "关门": datetime.time(12, 0)}


def hall(*slots: dict, **cells):
    return book_of("offices", HALL | cells, more={"开放时间": [SLOT | slot for slot in slots]})


def test_contacts_of_areas_come_in_and_places_stay(district):
    report = run("areas", book_of("areas", AREA | {"帮办联系人": "王姐", "帮办电话": "0952-3311111", "级别": "社区"}), guanli())
    assert (report.changed, list(report.problems)) == (1, [])
    assert Area.objects.get(pk=SHUIYUN).contact_phone == "0952-3311111"
    assert Area.objects.count() == 92


def test_a_new_township_comes_with_its_communities_in_whatever_order(district):
    rows = [AREA | {"区划代码": "640205199001", "名称": "甲村民委员会", "上级": "640205199000"},
            {"区划代码": "640205199000", "名称": "甲镇", "级别": "乡镇", "上级": DISTRICT}]  # fmt: skip
    assert run("areas", book_of("areas", *rows), guanli()).added == 2
    assert Area.objects.get(pk="640205199001").parent_id == "640205199000"


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"区划代码": "64020510200"}, "第2行 · 区划代码：区划代码是12位数字。"),
        ({"级别": "乡镇", "上级": DISTRICT}, "第2行 · 级别：已有的区划不能改级别和上级。照原来的写；真的变了，就是一个新代码。"),
        ({"区划代码": "640205102099", "上级": "640205101000"}, f"第2行 · 上级：应该是 {TOWNSHIP}。"),
        ({"区划代码": "640205199001", "上级": "640205199000"}, "第2行 · 上级：系统里没有 640205199000，这个文件里也没有。先加上它。"),
        ({"名称": None}, "第2行 · 名称：写全名，例如 水韵名都社区居民委员会。"),
        ({"级别": "省"}, "第2行 · 级别：写这几种里的一种：区（县）；乡镇（街道）；村（社区）。"),
        ({"帮办电话": "1.38001E+10"}, "第2行 · 帮办电话：Excel 把它当成数改掉了。把这一格设成“文本”，重新填一遍。"),
    ],
)
def test_what_is_wrong_with_an_area_is_told_at_its_cell(district, cells, sentence):
    assert problems("areas", book_of("areas", AREA | cells), guanli()) == [sentence]


def test_an_office_comes_in_with_its_hours(district):
    report = run("offices", hall({}, {"开门": "13:30", "关门": "17：30"}, 电话="0952-3311111", 经度="106.77536", 纬度=39.2, 轮椅能进="是"), bianji())
    assert list(map(str, report.problems)) == []
    office = Office.objects.get()
    assert (office.area_id, office.phone, str(office.longitude), office.step_free, office.hours_are_sample) == (DISTRICT, "0952-3311111", "106.775360", True, True)
    assert [f"{row.weekdays} {row}" for row in office.hours.all()] == ["12345 09:00—12:00", "12345 13:30—17:30"]


def test_hours_of_an_office_that_has_no_row_there_stay(district):
    run("offices", hall({}), bianji())
    report = run("offices", book_of("offices", HALL | {"名称": "新大厅"}, more={"开放时间": []}), bianji())
    assert (report.changed, OfficeHours.objects.count()) == (1, 1)
    report = run("offices", hall({"开门": "8:30"}, 名称="新大厅"), bianji())
    assert report.shown[0]["changes"] == [["开放时间", "05-01到09-30 星期12345 09:00—12:00", "05-01到09-30 星期12345 08:30—12:00"]]
    assert OfficeHours.objects.get().opens == datetime.time(8, 30)


def test_a_changed_office_is_nobodys_word_any_more_and_new_hours_alone_change_nothing_of_that(district):
    run("offices", hall({}), bianji())
    Office.objects.update(verified_by="沈禾", verified_on="2026-11-01")
    assert run("offices", hall({"开门": "8:00"}), bianji()).changed == 1
    assert Office.objects.get().is_verified
    report = run("offices", hall({"开门": "8:00"}, 地址="某路1号"), bianji())
    assert ["核实", "沈禾 2026-11-01", "待核实"] in report.shown[0]["changes"]
    assert not Office.objects.get().is_verified


@pytest.mark.parametrize(
    ("cells", "slot", "sentence"),
    [
        ({"服务范围": "火星"}, {}, "第2行 · 服务范围：没有“火星”。写村（社区）的名字，例如 水韵名都社区，或者12位代码。"),
        ({"服务范围": None}, {}, "第2行 · 服务范围：写这里的居民到这个点办的范围：村（社区）、乡镇（街道）、区（县）的名字，或者12位代码。"),
        ({"经度": "39.2", "纬度": "106.7"}, {}, "第2行 · 经度：不在中国（73到136度）。看看经度、纬度是不是写反了。"),
        ({"经度": "106.7"}, {}, "第2行 · 纬度：经度和纬度要么都填，要么都空着。"),
        ({"轮椅能进": "大概"}, {}, "第2行 · 轮椅能进：写“是”或者“否”，不知道就空着。"),
        ({"出处类别": "官方公开文件"}, {}, "第2行 · 出处：写明出处：哪个文件，或者哪个网站。"),
        ({}, {"开门": "早上"}, "“开放时间”表第2行 · 开门：写成 9:00、17:30 这样。"),
        ({}, {"关门": "8:00"}, "“开放时间”表第2行 · 关门：开门要早于关门。上午、下午分两行填。"),
        ({}, {"星期": "周一到周五"}, "“开放时间”表第2行 · 星期：用数字写，1是星期一，7是星期日，例如 12345。"),
        ({}, {"代号": "hall-9"}, "“开放时间”表第2行 · 代号：“办理地点”表里没有 hall-9。先在那里写上。"),
    ],
)
def test_what_is_wrong_with_an_office_is_told_at_its_cell(district, cells, slot, sentence):
    found = problems("offices", hall(slot, **cells), bianji())
    assert found[:1] == [sentence]
    assert len([line for line in found if line.startswith("“开放时间”")]) == (1 if slot else 0)


def test_marks_and_the_date_that_excel_makes_of_a_season(district):
    run("offices", hall({"季节起": datetime.date(2026, 5, 1)}, 出处类别="网上转载", 出处="某网", 适用年份=2026), bianji())
    assert (Office.objects.get().mark, OfficeHours.objects.get().season_from) == (Mark.REPOST, "05-01")


def test_synonyms_are_told_by_their_first_word_and_every_process_hears_of_them(db):
    Synonym.objects.create(words=["父亲", "爸爸"])
    before = ContentStamp.objects.get_or_create(pk=1)[0].version
    run("synonyms", book_of("synonyms", {"一个意思的词": "父亲，老爸；爸爸"}, {"一个意思的词": "合疗、医保"}), bianji())
    assert sorted(Synonym.objects.values_list("words", flat=True)) == [["合疗", "医保"], ["父亲", "老爸", "爸爸"]]
    assert ContentStamp.objects.get(pk=1).version > before


@pytest.mark.parametrize("words", ["父亲", "父亲、父亲", "父、母", "父亲、" + "长" * 21])
def test_a_group_of_synonyms_needs_two_words(db, words):
    assert problems("synonyms", book_of("synonyms", {"一个意思的词": words}), bianji()) == ["第2行 · 一个意思的词：至少写两个不同的词，中间用顿号，每个2到20个字。"]


def test_a_batch_costs_the_same_queries_for_one_row_and_for_three(district):
    ContentStamp.advance()  # the very first one makes its row
    counts = []
    for codes in ([SHUIYUN], [SHUIYUN, XIAZHUANGZI, "640205102201"]):
        file = book_of("areas", *[AREA | {"区划代码": code, "上级": code[:9] + "000", "名称": "新名"} for code in codes])
        person = guanli()
        with CaptureQueriesContext(connection) as seen:
            run("areas", file, person)
        counts.append(len(seen))
    assert counts[0] == counts[1]
