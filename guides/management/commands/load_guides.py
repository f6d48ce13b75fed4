from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from guides.loading import district_named
from guides.transfer import Report, import_guides


class Command(BaseCommand):
    help = "导入办事指南（YAML，样子见 fixtures/README.md）并发布。只补没有的；要更新已有的，加 --update。"

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--update", action="store_true", help="已有的事项也照文件改。工作人员在后台改的内容会被盖掉。")
        parser.add_argument("--district", default="", metavar="代码", help="哪个区（县），12位代码；不写就是本系统自己的")
        parser.add_argument("--dry-run", action="store_true", help="只看会怎样，什么都不写。")

    def handle(self, *, files, update, dry_run, verbosity, district, **options):
        try:
            texts = [file.read_text(encoding="utf-8") for file in files]
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"读不了文件：{error}") from error
        report = import_guides(texts, by="内容文件", dry_run=dry_run, only_new=not update, publish=True, district=district_named(district))
        if report.warnings and verbosity > 1:
            self.stderr.write("\n".join(f"提醒  {warning}" for warning in report.warnings))
        elif report.warnings:
            self.stderr.write(f"提醒 {len(report.warnings)} 处，加 -v 2 看全部。")
        if report.problems:
            raise CommandError("什么都没有写入。请改好这些地方：\n" + "\n".join(map(str, report.problems)))
        self.stdout.write(summary(report) + ("（只是试跑，没有写入。）" if dry_run else ""))


def summary(report: Report) -> str:
    return f"办事指南：新增 {len(report.added)}，更新 {len(report.changed)}，没变 {len(report.unchanged)}，已有没动 {len(report.kept)}。"
