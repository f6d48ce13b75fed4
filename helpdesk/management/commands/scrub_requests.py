from django.core.management.base import BaseCommand
from django.utils import timezone

from helpdesk.outbox import delete_old
from helpdesk.retention import due_for_scrubbing, outdated_misses, scrub, scrub_misses
from menpai import throttle


class Command(BaseCommand):
    help = "删除已结束诉求里的个人信息（超过保留天数的）、太久没人再搜的“没搜到的”、过了期的限流计数。每天运行一次。"

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="只数有多少，不删。")

    def handle(self, *, dry_run, **options):
        now = timezone.now()
        today = timezone.localdate(now)
        if dry_run:
            self.stdout.write(f"到期待删 {due_for_scrubbing(now).count()} 件，没有删。")
            self.stdout.write(f"没搜到的：到期待删 {outdated_misses(today).count()} 条，没有删。")
            return
        total = 0
        while count := scrub(now):
            total += count
        self.stdout.write(f"删了 {total} 件诉求里的个人信息。")
        self.stdout.write(f"没搜到的：删了 {scrub_misses(today)} 条。")
        delete_old(now)  # the worker does it too, where one runs
        throttle.clear_expired()
