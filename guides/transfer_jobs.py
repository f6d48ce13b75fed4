"""招聘信息 in and out as Excel sheets, as employers and the employment office keep them.

Everything is checked first and then written in one transaction, all rows or none; a dry run stops before the writing.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from io import BytesIO

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from guides.area_names import FOREIGN, AreaNames
from guides.districts import districts_of, within, works_somewhere
from guides.models import ContentStamp, JobKind, JobPosting
from menpai.cells import day
from menpai.exchange import FORMULA, Column, Kind, Problem, Report, SheetShape, Task, log_import, register
from menpai.spreadsheets import Book, Line, open_book, write_table
from menpai.validators import normalise_phone

# The sheet's columns, the posting's fields, and the width in characters.
COLUMNS = {
    "岗位": ("title", 20), "类别": ("kind", 12), "用人单位": ("employer", 26), "上班地点": ("place", 24), "工资": ("pay", 16),
    "人数": ("headcount", 8), "要求和说明": ("text", 50), "联系电话": ("phone", 16), "范围": ("area", 18), "发布日期": ("published_on", 14),
    "到期日期": ("expires_on", 14), "来源": ("source", 24), "示例": ("is_sample", 8),
}  # fmt: skip
NEEDED = ("岗位", "类别", "用人单位", "来源")
MAX_ROWS = 2000
USUAL_DAYS = 30  # without 到期日期: a job that nobody looks after leaves the page by itself
LONGEST_DAYS = 366  # beyond it somebody mistyped the year
KIND_WORDS = {
    "全职": JobKind.FULL, "兼职": JobKind.PART, "零工": JobKind.PART, "兼职零工": JobKind.PART, "公益性岗位": JobKind.WELFARE,
    "公益岗": JobKind.WELFARE, "公益岗位": JobKind.WELFARE, "见习": JobKind.INTERN, "实习": JobKind.INTERN, "见习实习": JobKind.INTERN,
}  # fmt: skip
MONEY_WORDS = ("押金", "保证金", "报名费", "培训费", "服装费", "体检费", "中介费", "服务费", "先交", "身份证原件")
SERVICE_NUMBER = re.compile(r"\d{5}|[48]00-?\d{3}-?\d{4}")  # 12333, 400-820-8820


def read_jobs(data: bytes) -> list[Line]:
    """The rows of an uploaded workbook. Raises ValidationError when it is none, or not one of jobs."""
    return _lines(open_book(BytesIO(data)))


def _lines(book: Book) -> list[Line]:
    return list(book.lines(columns=list(COLUMNS), needed=NEEDED, most=MAX_ROWS))


@transaction.atomic
def import_jobs(lines: list[Line], *, by, today: date, dry_run: bool) -> Report:
    """Write the rows as job postings, all or none. `by` is the user who stands in the log as who added each."""
    # Two people who confirm the same sheet at once: the second waits here and then finds the first one's jobs. NO KEY: the log may go on.
    kind = ContentType.objects.get_for_model(JobPosting)
    ContentType.objects.select_for_update(no_key=True).get(pk=kind.pk)
    report, task = Report(), Task(by=by, today=today, dry_run=dry_run)
    apply_jobs(lines, task, report)
    log_import(JOBS, task, report)
    return report


def apply_jobs(lines: list[Line], task: Task, report: Report) -> None:
    """A job that is there and has not ended is skipped: two rows of one employer with one title cannot be told apart."""
    areas, seen, jobs, there = AreaNames(task.by), _current(task.today), [], _as_exported()
    for line in lines:
        if tuple(line.values.values()) in there and not line.formulas:
            report.unchanged += 1
            continue
        job, wrong = _job_of(line, areas, task.today)
        for column, message in wrong:
            report.problem(line.number, column, message)
        if wrong:
            continue
        key = _identity(job)
        if key in seen:
            report.skipped.add(Problem(line.number, "", f"“{job.employer}”的“{job.title}”{seen[key]}，这一行跳过。"))
            continue
        seen[key] = f"和第{line.number}行重复"
        jobs.append(job)
        report.new(line.number, f"{job.title}{'（示例）' if job.is_sample else ''}", _shown(job))
        for column, message in _remarks(line, job):
            report.warnings.add(Problem(line.number, column, message))
    if not task.dry_run and not report.problems:
        report.touched = [(job, True) for job in JobPosting.objects.bulk_create(jobs)]


def _as_exported() -> set[tuple[str, ...]]:
    """All rows as an export writes them: what comes back untouched is no news, even of a job that has ended."""
    return {tuple("" if value is None else str(value).strip() for value in _row(job)) for job in JobPosting.objects.all()}


def _shown(job: JobPosting) -> dict[str, str]:
    """What the editor looks at before confirming: where and until when it will be read, and whom to call."""
    area = job.area.short_name if job.area else "全区"
    shown = {"类别": job.get_kind_display(), "用人单位": job.employer, "工资": job.pay, "联系电话": job.phone, "范围": area, "到期日期": f"{job.expires_on}"}
    return shown | {"上班地点": job.place, "要求和说明": job.text}


def _identity(job: JobPosting) -> tuple:
    return tuple(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold() for text in (job.employer, job.title)) + (job.area_id,)


def _current(today: date) -> dict[tuple, str]:
    rows = JobPosting.objects.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today)).only("employer", "title", "area_id")
    return {_identity(job): "已经有了，还没到期" for job in rows}


def _job_of(line: Line, areas: AreaNames, today: date) -> tuple[JobPosting | None, list[tuple[str, str]]]:
    """The posting of a row, unsaved, or what is wrong with it as (column, what to do)."""
    values, wrong = {}, [(column, FORMULA) for column in COLUMNS if column in line.formulas]
    for column, (name, _) in COLUMNS.items():
        text = line.values[column]
        if column in line.formulas:
            continue
        try:
            values[name] = _value(name, text, areas)
        except ValidationError as error:
            wrong += [(column, message) for message in error.messages]
    if wrong:
        return None, wrong
    values["published_on"] = values["published_on"] or today
    values["expires_on"] = values["expires_on"] or values["published_on"] + timedelta(days=USUAL_DAYS)
    if sentence := _wrong_days(values["published_on"], values["expires_on"], today):
        return None, [("到期日期", sentence)]
    job = JobPosting(**values)
    try:
        job.clean_fields(exclude=["area"])
    except ValidationError as error:
        columns = {name: column for column, (name, _) in COLUMNS.items()}
        return None, [(columns[name], message) for name, messages in error.message_dict.items() for message in messages]
    return job, []


def _wrong_days(published: date, expires: date, today: date) -> str:
    if expires < published:
        return "比发布日期还早。改一下其中一个。"
    if expires < today:
        return f"{expires:%Y-%m-%d} 已经过了。还在招就往后改，不招了就删掉这一行。"
    if expires - published > timedelta(days=LONGEST_DAYS):
        return "比发布日期晚一年多。看看年份是不是写错了。"
    return ""


def _value(name: str, text: str, areas: AreaNames):
    """The value of one cell for the field `name`. Raises ValidationError with what to do."""
    if name == "kind":
        return _kind(text)
    if name == "area":
        return _area(text, areas)
    if name in ("published_on", "expires_on"):
        return day(text)
    if name == "headcount":
        return _headcount(text)
    if name == "phone":
        return _phone(text)
    if name == "is_sample":
        return text in ("是", "示例")
    if not text and name in ("title", "employer", "source"):
        words = {"title": "写上招什么人，例如 保洁员。", "employer": "写上哪家单位招人。", "source": "写上谁发的，例如 区就业创业服务中心。"}
        raise ValidationError(words[name])
    most = JobPosting._meta.get_field(name).max_length
    if len(text) > most:
        raise ValidationError(f"太长了，最多{most}个字，现在{len(text)}个。")
    return text if name == "text" else re.sub(r"\s+", " ", text)


def _area(text: str, areas: AreaNames):
    area = areas.find(text)
    if area is not None and areas.is_foreign(area.pk):
        raise ValidationError(FOREIGN)
    return area or areas.whole_district()


def _kind(text: str) -> str:
    found = KIND_WORDS.get(re.sub(r"[\s、,/和]", "", unicodedata.normalize("NFKC", text)))
    if found is None:
        raise ValidationError(f"写这几种里的一种：{'；'.join(JobKind.labels)}。")
    return found


def _headcount(text: str) -> int | None:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).removesuffix("人").removesuffix("名")
    if plain in ("", "若干"):
        return None
    if not re.fullmatch(r"[0-9]{1,4}", plain) or int(plain) == 0:
        raise ValidationError("写一个数，例如 3；说不准就空着。")
    return int(plain)


def _phone(text: str) -> str:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if not plain or SERVICE_NUMBER.fullmatch(plain):
        return plain
    try:
        normalise_phone(plain)
    except ValidationError as error:
        raise ValidationError("只写一个电话：11位手机，或者带区号的座机，例如 0952-1234567。表里少了开头的0，就把这一格设成“文本”再填。") from error
    return plain


def _remarks(line: Line, job: JobPosting) -> list[tuple[str, str]]:
    """What the bureau should look at before it confirms; nothing of it stops an import."""
    said = f"{job.title} {job.pay} {job.text}"
    found = [("要求和说明", f"提到了“{word}”。先核实这家是不是向求职的人收钱、押证，收的不要发。") for word in MONEY_WORDS if word in said][:1]
    if not job.phone:
        found.append(("联系电话", "空着，页面上会请居民到就业窗口登记，或者打12333。"))
    if not line.values["到期日期"]:
        found.append(("到期日期", f"空着，先算到 {job.expires_on:%Y-%m-%d}（发布后{USUAL_DAYS}天）。"))
    return found


def export_jobs(jobs: Iterable[JobPosting]) -> bytes:
    """A workbook that import_jobs takes back. The rows need their area selected along."""
    return write_table(SHAPE.title, SHAPE.widths, map(_row, jobs), choices=SHAPE.choices)


def sample(today: date) -> bytes:
    """The empty workbook for employers: the columns, rows that are plainly examples, and what belongs where."""
    return write_table(SHAPE.title, SHAPE.widths, _samples(today), choices=SHAPE.choices, notes=JOBS.notes)


def _samples(today: date) -> list[list]:
    days = {"published_on": today, "expires_on": today + timedelta(days=USUAL_DAYS), "source": "示例", "is_sample": True}
    text = "这一行是样子，填自己的以前先删掉。"
    cleaner = JobPosting(
        title="【示例】社区保洁员", kind=JobKind.PART, employer="示例用人单位", place="示例地点", pay="面议", headcount=2, text=text, **days,
    )  # fmt: skip
    return [_row(cleaner)]


def _row(job: JobPosting) -> list:
    special = {
        "kind": JobKind(job.kind).label,
        "area": job.area_id or "全区",  # the code: names may repeat
        "is_sample": "是" if job.is_sample else "",
    }
    return [special[name] if name in special else getattr(job, name) for name, _ in COLUMNS.values()]


NOTES = {
    "岗位": "招什么人，例如 保洁员。最多40个字。",
    "类别": f"{'；'.join(JobKind.labels)}，写一种。",
    "用人单位": "单位全名，最多60个字。",
    "上班地点": "最多60个字，写到居民找得着。",
    "工资": "照实写，例如 每月3000元；说不准写“面议”。",
    "人数": "一个数；说不准就空着。",
    "要求和说明": "最多2000个字。不能向求职的人收钱、押身份证。",
    "联系电话": "只写一个，手机或者带区号的座机。",
    "范围": "给哪个村（社区）、乡镇（街道）的居民看：写名字，例如 水韵名都社区，或者12位代码。空着就是全区。",
    "发布日期": "例如 2026-12-01 或 2026年12月1日。空着就是导入那天。",
    "到期日期": f"过了这天就不再显示。空着按发布后{USUAL_DAYS}天算，最长一年。",
    "来源": "谁发的，例如 区就业创业服务中心。",
    "示例": "真的招聘空着；写“是”的，页面上会标明不是真的。",
}
SHAPE = SheetShape("招聘", tuple(
    Column(column, name, width, partial(_value, name), needed=column in NEEDED, note=NOTES[column],
           choices=tuple(map(str, JobKind.labels)) if name == "kind" else ())
    for column, (name, width) in COLUMNS.items()
))  # fmt: skip


def jobs_of(user):
    """The postings that a user may see: of their districts, and those for all."""
    rows = JobPosting.objects.select_related("area")
    return rows if districts_of(user) is None else rows.filter(Q(area=None) | Q(pk__in=within(rows, user, "area__code").values("pk")))


JOBS = register(Kind(
    name="jobs", title="招聘信息", unit="个岗位", model="guides.JobPosting", only=works_somewhere, wrote=ContentStamp.advance, sheets=(SHAPE,), most=MAX_ROWS,
    read=lambda book, task, report: _lines(book), apply=apply_jobs,
    export=lambda user: [map(_row, jobs_of(user))], samples=lambda: [_samples(timezone.localdate())],
    hints=(f"到期日期空着的，按发布后{USUAL_DAYS}天算。单位、岗位、范围都一样而且没到期的，算已经有了，跳过。",),
))  # fmt: skip
