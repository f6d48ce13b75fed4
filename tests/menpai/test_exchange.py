"""What holds for every kind of table: who may, round trip, formulas, the sample, the log, all rows or none, and a digest of what was shown."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.storage import storages

from doorplates.models import Building
from guides.models import Area, EditorPosting, Guide, JobPosting, Office, OfficeHours, Synonym
from menpai.exchange import KINDS, TOLD
from menpai.models import ImportJob
from menpai.spreadsheets import Sheet, write_book
from tests import exchange
from tests.factories import DISTRICT, SHUIYUN, XIAZHUANGZI, make_building, make_guide, make_user
from tests.people import bianji, guanli, shenhe, zhuli, zhuli2

pytestmark = pytest.mark.django_db
OTHER = "640221000000"  # another district
SYNONYMS = "一个意思的词"


@pytest.fixture
def filled(district, roles):
    """Something of every kind, in two districts."""
    other = Area.objects.create(code=OTHER, name="平罗县", level="district")
    Area.objects.create(code="640221100000", name="城关镇", level="township", parent=other)
    for area, code in ((DISTRICT, "hall-here"), (OTHER, "hall-there")):
        office = Office.objects.create(code=code, name="政务大厅", kind="hall", area_id=area, longitude="106.775360", latitude="39.2", phone="0952-3311111")
        for opens, closes in (("09:00", "12:00"), ("13:30", "17:00")):
            OfficeHours.objects.create(office=office, opens=opens, closes=closes)
    make_building(Area.objects.get(pk=SHUIYUN), entrances=("1单元", "2单元"))
    Building.objects.create(community_id=XIAZHUANGZI, name="村委会", standard_address_code="0640205000123")
    Synonym.objects.create(words=["父亲", "爸爸"])
    JobPosting.objects.create(title="=保洁", employer="示例", source="示例", kind="part", expires_on="2020-01-01")
    make_guide(papers=("户口簿",))
    for person in (zhuli, zhuli2, bianji, shenhe, guanli):
        person()
    for person in (bianji(), shenhe(), guanli()):
        EditorPosting.objects.create(user=person, district_id=DISTRICT)
    return make_user("root", is_superuser=True, is_staff=True)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_goes_out_comes_back_without_a_change(filled, name):
    for person in (filled, guanli()):
        report = exchange.run(name, exchange.exported(name, person), person)
        assert [str(problem) for problem in report.problems] == []
        assert (report.added, report.changed, report.skipped.total, report.shown) == (0, 0, 0, [])
        assert report.unchanged > 0


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_sample_left_in_writes_nothing_real(filled, name):
    kind = KINDS[name]
    file = exchange.BytesIO()
    write_book(file, [Sheet(shape.title, shape.widths, rows, shape.choices) for shape, rows in zip(kind.sheets, kind.samples(), strict=True)], notes=kind.notes)
    report = exchange.run(name, file, filled)
    if name == "jobs":  # as a sample, which its page says
        assert JobPosting.objects.filter(is_sample=True).count() == 1
    else:
        assert report.problems


FIRST_CELL = {"areas": "B2", "buildings": "D2", "guides": "B2", "jobs": "A2", "offices": "B2", "staff": "B2", "synonyms": "A2"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_formula_is_refused_at_its_place_and_never_worked_out(filled, name):
    title = KINDS[name].sheets[0].title
    file = exchange.with_cell(exchange.exported(name, filled), title, FIRST_CELL[name], "=1+1")
    [problem] = exchange.run(name, file, filled).problems
    assert (problem.row, problem.message) == (2, "这是公式。改成算出来的字或数，再导入。")


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"jobs"}))
def test_the_same_thing_twice_in_a_file_is_a_problem_of_the_second(filled, name):
    kind = KINDS[name]
    rows = [list(map(list, sheet)) for sheet in kind.export(filled)]
    rows[0].append(rows[0][0])
    file = exchange.BytesIO()
    write_book(file, [Sheet(shape.title, shape.widths, sheet, shape.choices) for shape, sheet in zip(kind.sheets, rows, strict=True)])
    [problem] = exchange.run(name, file, filled).problems
    assert problem.row == len(rows[0]) + 1
    assert "和第2行是同一" in problem.message


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"jobs"}))
def test_a_column_that_is_missing_or_unknown_is_named_and_nothing_is_emptied_by_it(client, filled, name):
    client.force_login(filled)
    shape = KINDS[name].sheets[0]
    if len(shape.required) > 1:
        without = exchange.without_column(exchange.exported(name, filled), shape.title, shape.required[-1])
        assert f"缺少“{shape.required[-1]}”这一列。" in exchange.upload(client, name, without).content.decode()
    more = exchange.with_cell(exchange.exported(name, filled), shape.title, f"{chr(ord('A') + len(shape.names))}1", "心情")
    assert "不认识“心情”这一列。" in exchange.upload(client, name, more).content.decode()
    assert not ImportJob.objects.exists()


WHO = {
    "areas": (guanli,), "buildings": (guanli,), "guides": (bianji, shenhe, guanli), "jobs": (bianji, shenhe, guanli), "offices": (bianji, shenhe, guanli),
    "staff": (guanli,), "synonyms": (bianji, shenhe, guanli),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(KINDS))
def test_who_may_change_rows_imports_who_may_see_them_exports(client, filled, name):
    assert sorted(WHO) == sorted(KINDS)
    for person in (bianji, shenhe, guanli):
        client.force_login(person())
        may = person in WHO[name]
        sees = name != "staff" or may
        pages = {"import": 200 if sees else 403, "export": 200 if sees else 403, "sample": 200 if may else 403}
        assert {page: client.get(exchange.address(name, page)).status_code for page in pages} == pages
        assert exchange.upload(client, name, exchange.exported(name, filled)).status_code == (200 if may else 403)
    client.force_login(zhuli())
    assert [client.get(exchange.address(name, page)).status_code for page in ("import", "export", "sample")] == [302] * 3


@pytest.mark.parametrize("name", ["areas", "buildings", "guides", "offices", "staff"])
def test_an_editor_of_one_district_neither_gets_nor_changes_rows_of_another(filled, name):
    """The rows of the second district, in its own file: told row by row, and in no export of the first's."""
    Guide.objects.create(slug="zhufang-001", district=OTHER, domain=Guide.objects.get().domain, title="另一个区的事", plain_title="另一个区的事", answer="去大厅。",
                         department="某局", counter_level="district")  # fmt: skip
    there = Area.objects.create(code="640221100001", name="某某社区居民委员会", level="community", parent_id="640221100000")
    Building.objects.create(community=there, name="1号楼")
    there_editor = make_user("there", name="那边的人", role="编辑")
    EditorPosting.objects.create(user=there_editor, district_id=OTHER)
    marks = {"areas": "平罗县", "buildings": "某某社区", "guides": "另一个区的事", "offices": "hall-there", "staff": "那边的人"}
    mine = guanli()
    theirs = there_editor if name == "guides" else filled  # a workbook of guides is of one district: its slugs are
    assert marks[name] in text_of(KINDS[name].export(theirs))
    assert marks[name] not in text_of(KINDS[name].export(mine))
    if name == "guides":  # the same number is another guide here, so nothing of the file is foreign
        return
    foreign = [problem for problem in exchange.run(name, exchange.exported(name, filled), mine).problems if re.search("不归您管|别的区", problem.message)]
    assert foreign
    assert all(problem.row >= 2 for problem in foreign)


def text_of(sheets) -> str:
    return "\n".join(str(list(row)) for sheet in sheets for row in sheet)


def test_three_mistakes_in_three_cells_are_shown_as_a_table_and_one_keeps_all_out(client, filled):
    client.force_login(guanli())
    rows = [{"村社区代码": SHUIYUN, "小区自然村": "示例小区", "楼栋": f"{number}号楼"} for number in (1, 2, 3, 4)]
    rows[0]["入口"], rows[1]["村社区代码"], rows[3]["楼栋"] = "1-2-301", "火星社区", None
    shown = exchange.upload(client, "buildings", exchange.book_of("buildings", *rows))
    assert [(row, column) for _, row, column, _ in shown.context["report"]["problems"]] == [(2, "入口"), (3, "村社区代码"), (5, "楼栋")]
    assert "还不能导入，有3处要改" in shown.content.decode()
    assert exchange.confirm(client, shown).status_code == 302
    assert Building.objects.filter(name__in=["1号楼", "2号楼", "3号楼", "4号楼"]).count() == 0


def test_of_a_thousand_mistakes_the_first_are_told_and_how_many_more(client, filled):
    client.force_login(guanli())
    shown = exchange.upload(client, "synonyms", exchange.book_of("synonyms", *[{SYNONYMS: f"词{number}"} for number in range(TOLD + 50)]))
    assert len(shown.context["report"]["problems"]) == TOLD
    assert "还有50处" in shown.content.decode()


def test_an_import_is_tried_then_written_logged_and_its_file_forgotten(client, filled):
    client.force_login(bianji())
    shown = exchange.upload(client, "synonyms", exchange.book_of("synonyms", {SYNONYMS: "父亲、爸爸、老爸"}, {SYNONYMS: "医保、合疗"}))
    body = shown.content.decode()
    assert ("新增<b>1</b>组同义词，更新<b>1</b>" in body, "<del>父亲、爸爸</del>" in body, "<ins>父亲、爸爸、老爸</ins>" in body) == (True, True, True)
    assert Synonym.objects.count() == 1
    file = ImportJob.objects.get().file
    assert storages["imports"].exists(file)
    assert exchange.said(exchange.confirm(client, shown)) == ["已导入：新增1组同义词，更新1，没变0。"]
    assert sorted(Synonym.objects.values_list("words", flat=True)) == [["医保", "合疗"], ["父亲", "爸爸", "老爸"]]
    assert not storages["imports"].exists(file)
    assert {(entry.user, entry.get_change_message()) for entry in LogEntry.objects.all()} == {(bianji(), "从 Excel 导入")}
    assert LogEntry.objects.count() == 2


def test_rows_that_changed_since_are_shown_again_before_anything_is_written(client, filled):
    client.force_login(bianji())
    shown = exchange.upload(client, "synonyms", exchange.book_of("synonyms", {SYNONYMS: "父亲、爸爸、老爸"}))
    Synonym.objects.update(words=["父亲", "爹"])
    again = exchange.confirm(client, shown)
    assert exchange.said(again) == ["看完以后，内容又有变化。还没有导入，请再看一遍。"]
    assert Synonym.objects.get().words == ["父亲", "爹"]
    shown = client.get(again.url)
    assert "<del>父亲、爹</del>" in shown.content.decode()
    exchange.confirm(client, shown)
    assert Synonym.objects.get().words == ["父亲", "爸爸", "老爸"]


def test_only_who_sent_a_file_sees_its_report(client, filled):
    client.force_login(bianji())
    shown = exchange.upload(client, "synonyms", exchange.book_of("synonyms", {SYNONYMS: "医保、合疗"}))
    client.force_login(shenhe())
    answer = client.get(shown.request["PATH_INFO"], follow=True)
    assert "合疗" not in answer.content.decode()
    exchange.confirm(client, shown)
    assert Synonym.objects.count() == 1


def test_no_page_of_it_has_inline_script_or_style(client, filled):
    client.force_login(filled)
    for name in KINDS:
        pages = [client.get(exchange.address(name)), exchange.upload(client, name, exchange.exported(name, filled))]
        for page in pages:
            assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.content.decode()) == []
