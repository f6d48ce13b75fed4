from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from menpai.moving import CannotMove, connect, copy

OLD = "old"


class Command(BaseCommand):
    help = "把旧数据库（例如 SQLite）里的全部内容搬进 DATABASE_URL 指的空数据库。先停掉网站；一行不对，什么都不写。"

    def add_arguments(self, parser):
        parser.add_argument("--from", dest="old", required=True, help="旧数据库，例如 sqlite:///var/menpai.sqlite3")

    def handle(self, old, **options):
        connect(old, OLD)
        try:
            total = copy(OLD, DEFAULT_DB_ALIAS, told=self.tell)
        except CannotMove as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"搬完了：{total} 行，逐行对过，一样。照片文件不在数据库里，MENPAI_VAR/attachments 也要搬。")

    def tell(self, name: str, rows: int) -> None:
        if rows:
            self.stdout.write(f"  {name} {rows}")
