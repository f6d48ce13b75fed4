from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from guides.models import Area, Level, own_district
from guides.pack_files import MAX_BYTES, Report, import_pack


class Command(BaseCommand):
    help = "收下另一个区（县）的内容包：新的是草稿，已有的和我们的比，两边都改了的留我们的。先加 --dry-run 看报告。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="谁导入的（账号名）。他算作者，要由别人来审。")
        parser.add_argument("--district", default=own_district(), help="12位区划代码；不写就是这套系统自己的区（县）。")
        parser.add_argument("--take-theirs", action="append", default=[], metavar="代号#哪一处", help="两边都改了的这一处用他们的，写法见报告；可以写几次。")
        parser.add_argument("--dry-run", action="store_true", help="只看会怎样，什么都不写。")

    def handle(self, *, file: Path, by: str, district: str, take_theirs: list[str], dry_run: bool, **options):
        area = Area.objects.filter(pk=district, level=Level.DISTRICT).first()
        user = get_user_model().objects.filter(username=by, is_active=True).first()
        if area is None or user is None:
            raise CommandError(f"没有 {district} 这个区（县）。" if area is None else f"没有 {by} 这个账号。")
        try:
            if file.stat().st_size > MAX_BYTES:
                raise CommandError("文件太大，最大 8 MB。请对方按主题分几次导出。")
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"读不了 {file.name}。") from error
        report = import_pack(text, district=area, by=user, dry_run=dry_run, take_theirs=take_theirs)
        if report.problems:
            raise CommandError("什么都没有写入。请对方改好这些地方：\n" + "\n".join(report.problems))
        self.stdout.write("\n".join(lines_of(report)))
        self.stdout.write(report.summary + ("（只是试跑，没有写入。）" if dry_run else "居民还看不到：打开每一份，提交审核。"))


def lines_of(report: Report) -> list[str]:
    """The report in words, a line for each guide that something happens to and for each conflict."""
    found = [f"新增  {line.slug} {line.title}" for line in report.added]
    found += [f"更新  {line.slug} {line.title}：{'、'.join(line.texts)}" for line in report.updated]
    found += [f"没动  {line.slug} {line.title}：{'、'.join(line.texts)}" for line in report.skipped]
    found += [f"对方没有了  {line.slug} {line.title}" for line in report.gone]
    found += [f"提醒  {warning}" for warning in report.warnings]
    return found + [f"两边都改了，留我们的  {line.slug}#{conflict.key} {line.title}，{conflict.part}" for line, conflict in report.conflicts]
