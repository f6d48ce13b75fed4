from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from doorplates.transfer import BUILDINGS
from menpai.exchange import Report, Task, log_import
from menpai.spreadsheets import open_book


class Command(BaseCommand):
    help = "导入楼栋（Excel，样表在后台“楼栋、导入和导出”里）。十万栋也行；先全部检查，有一处不对，整个文件都不写。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="谁导入的：账号，记在后台的日志里。")
        parser.add_argument("--dry-run", action="store_true", help="只检查，不写入。")

    def handle(self, *, file, by, dry_run, **options):
        user = get_user_model().objects.filter(username=by).first()
        if user is None or not BUILDINGS.may_import(user):
            raise CommandError(f"账号 {by} 不能导入楼栋。")
        try:
            report = self._import(file, user, dry_run)
        except OSError as error:
            raise CommandError(f"读不了 {file.name}。") from error
        except ValidationError as error:
            raise CommandError("".join(error.messages)) from error
        if report.problems:
            listed = "\n".join(map(str, report.problems))
            more = len(report.problems) - len(report.problems.rows)
            raise CommandError(f"什么都没有写入。有{len(report.problems):,}处要改：\n{listed}" + (f"\n还有{more:,}处。" if more else ""))
        self.stdout.write(f"{'试了一遍，没有写入' if dry_run else '楼栋'}：新增 {report.added:,}，更新 {report.changed:,}，没变 {report.unchanged:,}。")

    def _import(self, file: Path, user, dry_run: bool) -> Report:
        report = Report()
        with file.open("rb") as opened:
            book = open_book(opened, BUILDINGS.bounds)
            task = Task(by=user, today=timezone.localdate(), dry_run=dry_run, tell=lambda done: self._show(done, book.rows - 1))
            rows = BUILDINGS.read(book, task, report)
        if self.stderr.isatty():
            self.stderr.write("")
        with transaction.atomic():
            BUILDINGS.apply(rows, task, report)
            if report.problems or dry_run:
                transaction.set_rollback(True)
            else:
                log_import(BUILDINGS, task, report)
        return report

    def _show(self, done: int, total: int) -> None:
        """On a terminal one line that grows; in a log a line for each ten thousand."""
        if self.stderr.isatty():
            self.stderr.write(f"\r读到第{done:,}行，共{total:,}行", ending="")
        elif done % 10_000 == 0:
            self.stderr.write(f"读到第{done:,}行，共{total:,}行")
