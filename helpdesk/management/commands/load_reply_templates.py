from django.db import transaction

from guides.loading import LoadCommand
from helpdesk.reply_templates import load


class Command(LoadCommand):
    help = "导入常用回复（YAML，样子见 fixtures/reply_templates.yaml）。同名的不动；有一条不对，整个文件都不写。"
    what = "常用回复"
    shape = "文件里写 reply_templates，下面一条条写 name、text、order。"

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="只看会添几条，什么都不写。")

    def handle(self, *, dry_run: bool, **options):
        self.dry_run = dry_run
        super().handle(**options)
        if dry_run:
            self.stdout.write("这是试着看一遍，什么都没有写入。")

    def load(self, document):
        counts = load(document)
        if self.dry_run:
            transaction.set_rollback(True)
        return counts
