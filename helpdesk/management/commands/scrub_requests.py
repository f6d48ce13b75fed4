from django.core.management.base import BaseCommand
from django.utils import timezone

from helpdesk.retention import due_for_scrubbing, scrub


class Command(BaseCommand):
    help = "删除已结束诉求里的个人信息（超过保留天数的）。每天运行一次。"

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="只数有多少，不删。")

    def handle(self, *, dry_run, **options):
        now = timezone.now()
        if dry_run:
            self.stdout.write(f"到期待删 {due_for_scrubbing(now).count()} 件，没有删。")
            return
        total = 0
        while count := scrub(now):
            total += count
        self.stdout.write(f"删了 {total} 件诉求里的个人信息。")
