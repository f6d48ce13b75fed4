"""招聘信息 in and out as Excel sheets, as employers and the employment office keep them.

Everything is checked first and then written in one transaction, all rows or none; a dry run stops before the writing.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from guides.districts import districts_of, within
from guides.models import Area, JobKind, JobPosting, own_district
from menpai.spreadsheets import Line, read_table, write_table
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
FIRST_YEAR, LAST_YEAR = 2020, 2099
KIND_WORDS = {
    "全职": JobKind.FULL, "兼职": JobKind.PART, "零工": JobKind.PART, "兼职零工": JobKind.PART, "公益性岗位": JobKind.WELFARE,
    "公益岗": JobKind.WELFARE, "公益岗位": JobKind.WELFARE, "见习": JobKind.INTERN, "实习": JobKind.INTERN, "见习实习": JobKind.INTERN,
}  # fmt: skip
MONEY_WORDS = ("押金", "保证金", "报名费", "培训费", "服装费", "体检费", "中介费", "服务费", "先交", "身份证原件")
DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
SERVICE_NUMBER = re.compile(r"\d{5}|[48]00-?\d{3}-?\d{4}")  # 12333, 400-820-8820


@dataclass(frozen=True)
class Problem:
    """A row, the column it is about (or ""), and a sentence that says what to do."""

    row: int
    column: str
    message: str

    def __str__(self):
        return f"第{self.row}行{' · ' + self.column if self.column else ''}：{self.message}"


@dataclass
class Report:
    """What an import did, or would do. Nothing was written when there are problems."""

    added: list[tuple[int, JobPosting]] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)  # there already
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def read_jobs(data: bytes) -> list[Line]:
    """The rows of an uploaded workbook. Raises ValidationError when it is none, or not one of jobs."""
    return read_table(data, columns=list(COLUMNS), needed=NEEDED, most=MAX_ROWS)


@transaction.atomic
def import_jobs(lines: list[Line], *, by, today: date, dry_run: bool) -> Report:
    """Write the rows as job postings, all or none. `by` is the user who stands in the log as who added each."""
    # Two people who confirm the same sheet at once: the second waits here and then finds the first one's jobs. NO KEY: the log may go on.
    kind = ContentType.objects.get_for_model(JobPosting)
    ContentType.objects.select_for_update(no_key=True).get(pk=kind.pk)
    report, areas, seen = Report(), AreaNames(by), _current(today)
    for line in lines:
        job, wrong = _job_of(line, areas, today)
        report.problems += [Problem(line.number, column, message) for column, message in wrong]
        if wrong:
            continue
        key = _identity(job)
        if key in seen:
            report.skipped.append(Problem(line.number, "", f"“{job.employer}”的“{job.title}”{seen[key]}，这一行跳过。"))
            continue
        seen[key] = f"和第{line.number}行重复"
        report.added.append((line.number, job))
        report.warnings += [Problem(line.number, column, message) for column, message in _remarks(line, job)]
    if dry_run or report.problems:
        return report
    made = JobPosting.objects.bulk_create(job for _, job in report.added)
    LogEntry.objects.log_actions(by.pk, made, ADDITION, change_message="从 Excel 导入")
    return report


def _identity(job: JobPosting) -> tuple:
    return tuple(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold() for text in (job.employer, job.title)) + (job.area_id,)


def _current(today: date) -> dict[tuple, str]:
    rows = JobPosting.objects.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today)).only("employer", "title", "area_id")
    return {_identity(job): "已经有了，还没到期" for job in rows}


class AreaNames:
    """Areas as people write them: 水韵名都社区, 园艺镇水韵名都社区, the full official name, or the 12-digit code."""

    def __init__(self, user):
        """Of the districts that the user works for; 全区 is theirs."""
        codes = districts_of(user)
        self.whole = None if codes is None or own_district() in codes else next(iter(codes), "")
        self.found: dict[str, set[str]] = {}
        self.rows = {area.pk: area for area in within(Area.objects.select_related("parent"), user, "code")}
        for area in self.rows.values():
            above = [area.parent.short_name, area.parent.name] if area.parent else []
            for name in {area.pk, area.name, area.short_name, *(up + own for up in above for own in (area.name, area.short_name))}:
                self.found.setdefault(name, set()).add(area.pk)

    def find(self, text: str) -> Area | None:
        """For 全区 or nothing the whole district (None: the installation's own). Raises ValidationError for a name that no area has, or several."""
        name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
        if name in ("", "全区"):
            return self.rows.get(self.whole) if self.whole else None
        codes = sorted(self.found.get(name, ()))
        if not codes:
            raise ValidationError(f"没有“{text[:30]}”。写村（社区）的名字，例如 水韵名都社区，或者12位代码；全区都能看，就空着。")
        if len(codes) > 1:
            raise ValidationError(f"叫“{text[:30]}”的有{len(codes)}个，请写12位代码：{'、'.join(codes)}。")
        return self.rows[codes[0]]


def _job_of(line: Line, areas: AreaNames, today: date) -> tuple[JobPosting | None, list[tuple[str, str]]]:
    """The posting of a row, unsaved, or what is wrong with it as (column, what to do)."""
    values, wrong = {}, [(column, "这是公式。改成算出来的字或数，再导入。") for column in COLUMNS if column in line.formulas]
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
        return areas.find(text)
    if name in ("published_on", "expires_on"):
        return _date(text)
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


def _kind(text: str) -> str:
    found = KIND_WORDS.get(re.sub(r"[\s、,/和]", "", unicodedata.normalize("NFKC", text)))
    if found is None:
        raise ValidationError(f"写这几种里的一种：{'；'.join(JobKind.labels)}。")
    return found


def _date(text: str) -> date | None:
    """2026-12-01, 2026/12/1, 2026.12.1, 2026年12月1日, 20261201, also in full-width digits."""
    plain = re.sub(r"\s", "", re.sub(r"\s+\d+:.*$", "", unicodedata.normalize("NFKC", text).strip()))  # a time behind the day says nothing
    if not plain:
        return None
    if re.fullmatch(r"\d{8}", plain, re.ASCII):
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    found = DATE.fullmatch(plain)
    try:
        day = date(*map(int, found.groups()))
    except (AttributeError, ValueError) as error:
        raise ValidationError(f"“{text[:20]}”看不懂。写成 2026-12-01 或 2026年12月1日。") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(f"“{text[:20]}”的年份不对，改一下。")
    return day


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
    return write_table("招聘", _widths(), [_row(job) for job in jobs], choices={"类别": JobKind.labels})


def sample(today: date) -> bytes:
    """The empty workbook for employers: the columns, one row that is plainly an example, and what belongs where."""
    example = JobPosting(
        title="【示例】社区保洁员", kind=JobKind.PART, employer="示例用人单位", place="示例地点", pay="面议", headcount=2, is_sample=True,
        text="这一行是样子，填自己的以前先删掉。", published_on=today, expires_on=today + timedelta(days=USUAL_DAYS), source="示例",
    )  # fmt: skip
    return write_table("招聘", _widths(), [_row(example)], choices={"类别": JobKind.labels}, notes=NOTES)


def _widths() -> dict[str, int]:
    return {column: width for column, (_, width) in COLUMNS.items()}


def _row(job: JobPosting) -> list:
    special = {
        "kind": JobKind(job.kind).label,
        "area": job.area_id or "全区",  # the code: names may repeat
        "is_sample": "是" if job.is_sample else "",
    }
    return [special.get(name, getattr(job, name)) for name, _ in COLUMNS.values()]


NOTES = (
    ("怎么填", "一行一个岗位，列名不要改。一次最多2000行，文件最大2 MB，存成 .xlsx。"),
    ("岗位", "必填。招什么人，例如 保洁员。最多40个字。"),
    ("类别", f"必填。{'；'.join(JobKind.labels)}，写一种。"),
    ("用人单位", "必填。单位全名，最多60个字。"),
    ("上班地点", "最多60个字，写到居民找得着。"),
    ("工资", "照实写，例如 每月3000元；说不准写“面议”。"),
    ("人数", "一个数；说不准就空着。"),
    ("要求和说明", "最多2000个字。不能向求职的人收钱、押身份证。"),
    ("联系电话", "只写一个，手机或者带区号的座机。"),
    ("范围", "给哪个村（社区）、乡镇（街道）的居民看：写名字，例如 水韵名都社区，或者12位代码。空着就是全区。"),
    ("发布日期", "例如 2026-12-01 或 2026年12月1日。空着就是导入那天。"),
    ("到期日期", f"过了这天就不再显示。空着按发布后{USUAL_DAYS}天算，最长一年。"),
    ("来源", "必填。谁发的，例如 区就业创业服务中心。"),
    ("示例", "真的招聘空着；写“是”的，页面上会标明不是真的。"),
)
