from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from menpai.backup import Refused
from menpai.backup.taking import take

KEEP_DAYS = 30  # what was scrubbed lives on in backups: no longer than what is promised


class Command(BaseCommand):
    help = "给整个网站做一份备份：数据库、照片、密钥。网站照常开着。旧的备份到期删掉。"
    requires_system_checks = []  # a backup before repairs must not wait for the repairs

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, help="放备份的文件夹；每份备份是里面的一个文件夹")
        parser.add_argument("--keep", type=int, default=KEEP_DAYS, metavar="DAYS", help="删掉比这更旧的备份，默认30天（对群众的承诺）；0：不删")
        parser.add_argument("--keys", type=Path, metavar="FILE", help="密钥写到这个文件，而不是备份旁边的 .keys")
        parser.add_argument("--without-keys", action="store_true", help="不写密钥：已经另外保存好了")
        parser.add_argument("--without-attachments", action="store_true", help="不带照片：照片存在别处，那里自己有备份")

    def handle(self, folder, keep, keys, without_keys, without_attachments, **options):
        try:
            taken = take(folder, keys_to=keys, with_keys=not without_keys, with_attachments=not without_attachments, keep_days=keep)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        photos = "没有带照片" if without_attachments else f"{taken.photos} 张照片"
        self.stdout.write(f"备份做好了：{taken.path}（{taken.rows:,} 行，{photos}，{taken.bytes / 1e6:,.1f} MB）")
        if taken.keys:
            self.stdout.write(f"密钥在 {taken.keys}。请放到别处保管，不要和备份放在一起：两样在一起，谁拿到都能读出群众的姓名电话。")
        if taken.deleted:
            self.stdout.write(f"过了 {keep} 天的删掉了：{'、'.join(taken.deleted)}")
