import csv
import io
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from guides.area_codes import ABOVE, code_problem, parent_code
from guides.districts import has_several
from guides.models import Area, ContentStamp, Level, own_district

COLUMNS = ("code", "name", "level", "parent")


class Command(BaseCommand):
    help = "导入区划（CSV：code,name,level,parent）。哪个区县都行；可以重复运行；有一行不对，整个文件都不写。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, *, file, **options):
        try:
            rows = read_rows(file.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"读不了 {file.name}。要 UTF-8 编码的 CSV 文件。") from error
        if problems := find_problems(rows, known=dict(Area.objects.values_list("code", "level"))):
            raise CommandError("什么都没有写入。请改好这些行：\n" + "\n".join(problems))
        added, renamed = save(rows)
        self.stdout.write(f"区划 {len(rows)} 行：新增 {added}，改名 {renamed}，其余不变。")
        if added and {row["code"][:6] for row in rows} - {own_district()[:6]} and has_several():
            self.stderr.write("有了不止一个区（县）。新的那个请用 init_district 开：名称、管理员、原来的人归哪里，一起写好。")


def read_rows(text: str) -> list[dict[str, str]]:
    """The lines of a file with their numbers. Raises CommandError when it is no such table."""
    reader = csv.DictReader(io.StringIO(text))
    if not set(COLUMNS) <= set(reader.fieldnames or []):
        raise CommandError("第一行要写列名：code,name,level,parent。")
    rows = [{key: (row[key] or "").strip() for key in COLUMNS} | {"line": reader.line_num} for row in reader]
    if not rows:
        raise CommandError("文件里一行区划也没有。")
    return rows


def find_problems(rows: list[dict], known: dict[str, str]) -> list[str]:
    """A sentence for each wrong line. `known` are the levels of the areas that exist already."""
    problems, seen = [], {}
    levels = known | {row["code"]: row["level"] for row in reversed(rows)}
    for row in rows:
        code, level, parent = row["code"], row["level"], row["parent"]
        if code in seen:
            found = f"代码 {code} 和第{seen[code]}行重复。"
        elif not row["name"]:
            found = "缺少名称。"
        elif len(row["name"]) > Area._meta.get_field("name").max_length:
            found = "名称太长，最多60个字。"
        elif code in known and known[code] != level:
            found = f"{code} 已经是{Level(known[code]).label}，不能改级别。"
        else:
            found = code_problem(code, level) or _parent_problem(code, level, parent, levels)
        if found:
            problems.append(f"第{row['line']}行：{found}")
        seen.setdefault(code, row["line"])
    return problems


def _parent_problem(code: str, level: str, parent: str, levels: dict[str, str]) -> str:
    expected = parent_code(code, level)
    if parent != expected:
        return f"上级应该是 {expected}，写的是“{parent}”。" if expected else "区（县）的上级空着。"
    if expected and levels.get(expected) != ABOVE[level]:
        return f"上级 {expected} 不在文件里，系统里也没有。"
    return ""


@transaction.atomic
def save(rows: list[dict]) -> tuple[int, int]:
    """Write checked rows, the areas above first; how many are new, and how many got another name."""
    known = dict(Area.objects.values_list("code", "name"))
    added = renamed = 0
    for row in sorted(rows, key=lambda row: list(Level.values).index(row["level"])):
        code, name = row["code"], row["name"]
        if code not in known:
            Area.objects.create(code=code, name=name, level=row["level"], parent_id=row["parent"] or None)
            added += 1
        elif known[code] != name:
            Area.objects.filter(pk=code).update(name=name)
            renamed += 1
    if added or renamed:
        ContentStamp.advance()
    return added, renamed
