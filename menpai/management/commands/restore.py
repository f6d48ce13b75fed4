from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from menpai.backup import Refused
from menpai.backup.restoring import restore


class Command(BaseCommand):
    help = "把一份备份恢复到一台空的机器上：先查完整、查密钥，再写，写完逐表对过。"
    requires_system_checks = []  # the database that they ask is the one that is missing

    def add_arguments(self, parser):
        parser.add_argument("backup", type=Path, help="一份备份的文件夹，例如 backups/menpai-20261127-030000")
        parser.add_argument("--overwrite", action="store_true", help="数据库里现在的内容全部丢掉，换成备份里的。先停掉网站")

    def handle(self, backup, overwrite, **options):
        try:
            done = restore(backup, overwrite=overwrite, told=self.stdout.write)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        for words in done.warnings:
            self.stdout.write(f"请注意：{words}")
        if done.gone:
            self.stdout.write(f"做备份的时候正好有 {done.gone} 张照片到期删除，已经记成删掉了。")
        at = timezone.localtime(done.taken)
        self.stdout.write(f"恢复完了：{at:%Y年%m月%d日 %H:%M} 的网站，{done.rows:,} 行，{done.photos} 张照片；{done.encrypted} 种加密的内容各读了一条，读得出来。")
