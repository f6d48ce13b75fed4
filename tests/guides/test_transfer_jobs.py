"""Jobs in and out by Excel: every wrong cell is told with its row, all rows or none, and never a job twice."""

import threading
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook, load_workbook

from guides.models import ContentStamp, JobKind, JobPosting
from guides.transfer_jobs import COLUMNS, MAX_ROWS, USUAL_DAYS, export_jobs, import_jobs, read_jobs, sample
from tests.factories import SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area
from tests.people import bianji

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 25)
GOOD = {
    "岗位": "保洁员", "类别": "兼职", "用人单位": "示例物业", "上班地点": "水韵名都", "工资": "每月2000元", "人数": 2, "要求和说明": "早上六点上班。",
    "联系电话": "0952-3311111", "范围": "水韵名都社区", "发布日期": date(2026, 11, 24), "到期日期": date(2026, 12, 31), "来源": "区就业创业服务中心",
}  # fmt: skip


def sheet(*rows: dict) -> bytes:
    book = Workbook()
    book.active.append([name for name in COLUMNS if name != "示例"])
    for row in rows:
        book.active.append([row.get(name) for name in COLUMNS if name != "示例"])
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def run(*rows: dict, dry_run: bool = False):
    return import_jobs(read_jobs(sheet(*rows)), by=bianji(), today=TODAY, dry_run=dry_run)


def problems(**cells) -> list[str]:
    make_area(SHUIYUN)
    report = run(GOOD | cells)
    assert not JobPosting.objects.exists() or not report.problems
    return list(map(str, report.problems))


def test_a_row_becomes_a_job_and_the_log_says_who_did_it():
    area = make_area(SHUIYUN)
    assert not run(GOOD).problems
    job = JobPosting.objects.get()
    assert (job.title, job.kind, job.employer, job.place, job.pay, job.headcount) == ("保洁员", JobKind.PART, "示例物业", "水韵名都", "每月2000元", 2)
    assert (job.phone, job.area, job.published_on, job.expires_on) == ("0952-3311111", area, date(2026, 11, 24), date(2026, 12, 31))
    assert (job.text, job.source, job.is_sample) == ("早上六点上班。", "区就业创业服务中心", False)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.get_change_message()) == (bianji(), str(job.pk), "从 Excel 导入")


def test_a_dry_run_writes_nothing_and_reports_the_same():
    make_area(SHUIYUN)
    report = run(GOOD, GOOD | {"岗位": "门卫"}, dry_run=True)
    assert [(row["row"], row["name"]) for row in report.shown] == [(2, "保洁员"), (3, "门卫")]
    assert not JobPosting.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-12-01", (12, 1)), ("2026/12/1", (12, 1)), ("2026.12.1", (12, 1)), ("2026年12月1日", (12, 1)), ("２０２６年１２月０１日", (12, 1)),
        ("２０２６－１２－０１", (12, 1)), (20261201, (12, 1)), (" 2026 年 12 月 1 日 ", (12, 1)), (date(2026, 12, 1), (12, 1)), ("2026-12-01 00:00:00", (12, 1)),
    ],
)  # fmt: skip
def test_days_as_people_write_them(typed, day):
    assert problems(到期日期=typed) == []
    assert JobPosting.objects.get().expires_on == date(2026, *day)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"岗位": None}, "第2行 · 岗位：写上招什么人，例如 保洁员。"),
        ({"岗位": "长" * 41}, "第2行 · 岗位：太长了，最多40个字，现在41个。"),
        ({"岗位": "=1+1"}, "第2行 · 岗位：这是公式。改成算出来的字或数，再导入。"),
        ({"类别": None}, "第2行 · 类别：写这几种里的一种：全职；兼职、零工；公益性岗位；见习、实习。"),
        ({"类别": "老板"}, "第2行 · 类别：写这几种里的一种：全职；兼职、零工；公益性岗位；见习、实习。"),
        ({"用人单位": " "}, "第2行 · 用人单位：写上哪家单位招人。"),
        ({"用人单位": "长" * 61}, "第2行 · 用人单位：太长了，最多60个字，现在61个。"),
        ({"上班地点": "长" * 61}, "第2行 · 上班地点：太长了，最多60个字，现在61个。"),
        ({"工资": "长" * 41}, "第2行 · 工资：太长了，最多40个字，现在41个。"),
        ({"人数": "很多"}, "第2行 · 人数：写一个数，例如 3；说不准就空着。"),
        ({"人数": 0}, "第2行 · 人数：写一个数，例如 3；说不准就空着。"),
        ({"人数": -2}, "第2行 · 人数：写一个数，例如 3；说不准就空着。"),
        ({"人数": 2.5}, "第2行 · 人数：写一个数，例如 3；说不准就空着。"),
        ({"人数": 99999}, "第2行 · 人数：写一个数，例如 3；说不准就空着。"),
        ({"要求和说明": "长" * 2001}, "第2行 · 要求和说明：太长了，最多2000个字，现在2001个。"),
        ({"联系电话": "12345678"}, "第2行 · 联系电话：只写一个电话：11位手机，或者带区号的座机，例如 0952-1234567。表里少了开头的0，就把这一格设成“文本”再填。"),
        ({"联系电话": "13800138000、0952-3311111"}, "第2行 · 联系电话：只写一个电话：11位手机，或者带区号的座机，例如 0952-1234567。表里少了开头的0，就把这一格设成“文本”再填。"),
        ({"范围": "火星社区"}, "第2行 · 范围：没有“火星社区”。写村（社区）的名字，例如 水韵名都社区，或者12位代码；全区都能看，就空着。"),
        ({"范围": "640205999999"}, "第2行 · 范围：没有“640205999999”。写村（社区）的名字，例如 水韵名都社区，或者12位代码；全区都能看，就空着。"),
        ({"发布日期": "上个月"}, "第2行 · 发布日期：“上个月”看不懂。写成 2026-12-01 或 2026年12月1日。"),
        ({"到期日期": "2026-02-30"}, "第2行 · 到期日期：“2026-02-30”看不懂。写成 2026-12-01 或 2026年12月1日。"),
        ({"到期日期": "2026-11-23"}, "第2行 · 到期日期：比发布日期还早。改一下其中一个。"),
        ({"到期日期": "2026-11-24"}, "第2行 · 到期日期：2026-11-24 已经过了。还在招就往后改，不招了就删掉这一行。"),
        ({"到期日期": "2062-12-01"}, "第2行 · 到期日期：比发布日期晚一年多。看看年份是不是写错了。"),
        ({"发布日期": "9999-12-31", "到期日期": None}, "第2行 · 发布日期：“9999-12-31”的年份不对，改一下。"),
        ({"来源": None}, "第2行 · 来源：写上谁发的，例如 区就业创业服务中心。"),
        ({"来源": "长" * 101}, "第2行 · 来源：太长了，最多100个字，现在101个。"),
    ],
)
def test_each_wrong_cell_is_told_with_row_column_and_what_to_do(cells, sentence):
    assert problems(**cells) == [sentence]


def test_every_wrong_row_is_told_and_one_keeps_all_out():
    make_area(SHUIYUN)
    report = run(GOOD, GOOD | {"岗位": "门卫", "人数": "x", "来源": None}, GOOD | {"岗位": "保安", "类别": "x"})
    assert [(p.row, p.column) for p in report.problems] == [(3, "人数"), (3, "来源"), (4, "类别")]
    assert not JobPosting.objects.exists()


@pytest.mark.parametrize("typed", ["全职", "兼职", "零工", "兼职、零工", "兼职/零工", "公益性岗位", "公益岗", "见习", "实习", "见习、实习", " 全 职 "])
def test_kinds_as_people_write_them(typed):
    assert problems(类别=typed) == []


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("水韵名都社区", SHUIYUN), ("水韵名都社区居民委员会", SHUIYUN), ("园艺镇水韵名都社区", SHUIYUN), ("园艺镇 水韵名都社区", SHUIYUN), (SHUIYUN, SHUIYUN),
        (int(SHUIYUN), SHUIYUN), ("６４０２０５１０２００６", SHUIYUN), ("园艺镇", TOWNSHIP), ("下庄子村", XIAZHUANGZI), ("", None), (None, None), ("全区", None),
    ],
)  # fmt: skip
def test_areas_as_people_write_them(district, typed, code):
    run(GOOD | {"范围": typed})
    assert JobPosting.objects.get().area_id == code


def test_a_name_that_two_villages_have_asks_for_the_code(district):
    from guides.models import Area

    Area.objects.filter(pk=XIAZHUANGZI).update(name="水韵名都社区居民委员会")
    [problem] = run(GOOD).problems
    assert str(problem) == f"第2行 · 范围：叫“水韵名都社区”的有2个，请写12位代码：{XIAZHUANGZI}、{SHUIYUN}。"
    assert run(GOOD | {"范围": "园艺镇水韵名都社区"}).problems.rows == []


@pytest.mark.parametrize("typed", ["13800138000", 13800138000, "１３８００１３８０００", "0952-3311111", "0952 3311111", "12333", "400-820-8820", None])
def test_phones_as_people_write_them(typed):
    assert problems(联系电话=typed) == []


def test_without_an_end_a_job_ends_after_thirty_days_and_the_report_says_so():
    make_area(SHUIYUN)
    report = run(GOOD | {"发布日期": None, "到期日期": None})
    job = JobPosting.objects.get()
    assert (job.published_on, job.expires_on) == (TODAY, TODAY + timedelta(days=USUAL_DAYS))
    assert list(map(str, report.warnings)) == ["第2行 · 到期日期：空着，先算到 2026-12-25（发布后30天）。"]


def test_a_job_that_speaks_of_money_up_front_is_pointed_out():
    make_area(SHUIYUN)
    report = run(GOOD | {"要求和说明": "先交押金200元。", "联系电话": None})
    assert list(map(str, report.warnings)) == [
        "第2行 · 要求和说明：提到了“押金”。先核实这家是不是向求职的人收钱、押证，收的不要发。",
        "第2行 · 联系电话：空着，页面上会请居民到就业窗口登记，或者打12333。",
    ]


def test_a_job_that_is_there_is_skipped_and_said_so():
    make_area(SHUIYUN)
    run(GOOD)
    report = run(GOOD | {"用人单位": "示例 物业", "工资": "另一个数"}, GOOD | {"范围": None}, GOOD | {"岗位": "门卫"}, GOOD | {"岗位": "门 卫"})
    assert list(map(str, report.skipped)) == ["第2行：“示例 物业”的“保洁员”已经有了，还没到期，这一行跳过。", "第5行：“示例物业”的“门 卫”和第4行重复，这一行跳过。"]
    assert set(JobPosting.objects.values_list("title", "area_id")) == {("保洁员", SHUIYUN), ("保洁员", None), ("门卫", SHUIYUN)}
    assert JobPosting.objects.count() == 3


def test_a_job_that_ended_may_come_again():
    make_area(SHUIYUN)
    run(GOOD)
    JobPosting.objects.update(expires_on=TODAY - timedelta(days=1))
    assert not run(GOOD).skipped
    assert JobPosting.objects.count() == 2


def test_one_row_and_three_cost_the_same_queries():
    make_area(SHUIYUN)
    ContentStamp.advance()  # the very first one makes its row
    ContentType.objects.get_for_model(JobPosting)  # known from now on
    counts = []
    for rows in ([GOOD], [GOOD | {"岗位": name} for name in "甲乙丙"]):
        lines = read_jobs(sheet(*rows))
        person = bianji()
        with CaptureQueriesContext(connection) as seen:
            import_jobs(lines, by=person, today=TODAY, dry_run=False)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_largest_sheet_is_taken_and_one_row_more_is_not():
    rows = [GOOD | {"岗位": f"岗位{n}", "范围": None} for n in range(MAX_ROWS)]
    assert run(*rows).added == MAX_ROWS
    with pytest.raises(ValidationError, match="一次最多导入2000行"):
        read_jobs(sheet(*rows, GOOD))


def test_what_is_exported_comes_back_as_it_was():
    area = make_area(SHUIYUN)
    kept = {"employer": "=示例单位", "source": "示例", "expires_on": TODAY, "published_on": TODAY}
    JobPosting.objects.create(title="=1+1", kind="intern", area=area, phone="0952-3311111", text="-一行\n两行", headcount=3, is_sample=True, **kept)
    JobPosting.objects.create(title="+86", kind="part", **kept)
    before = sorted(JobPosting.objects.values_list(*[name for name, _ in COLUMNS.values()]), key=str)
    data = export_jobs(JobPosting.objects.select_related("area"))
    JobPosting.objects.all().delete()
    report = import_jobs(read_jobs(data), by=bianji(), today=TODAY, dry_run=False)
    assert not report.problems
    assert sorted(JobPosting.objects.values_list(*[name for name, _ in COLUMNS.values()]), key=str) == before
    assert {cell.data_type for row in load_workbook(BytesIO(data)).active.iter_rows() for cell in row if cell.value} == {"s"}


def test_the_sample_imports_and_is_marked_as_no_real_job():
    report = import_jobs(read_jobs(sample(TODAY)), by=bianji(), today=TODAY, dry_run=False)
    assert not report.problems
    assert (JobPosting.objects.get().is_sample, JobPosting.objects.get().phone) == (True, "")


@pytest.mark.django_db(transaction=True)
def test_two_people_who_confirm_the_same_sheet_at_once_add_it_once(transactional_db):
    make_area(SHUIYUN)
    lines, person, reports = read_jobs(sheet(GOOD, GOOD | {"岗位": "门卫"})), bianji(), []
    start = threading.Barrier(2)

    def confirm():
        start.wait()
        try:
            reports.append(import_jobs(lines, by=person, today=TODAY, dry_run=False))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(report.added for report in reports) == [0, 2]
    assert JobPosting.objects.count() == 2
