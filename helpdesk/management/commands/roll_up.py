from django.core.management.base import BaseCommand
from django.utils import timezone

from doorplates.rollup import roll_up_scans
from guides.rollup import BATCH, roll_up_views
from helpdesk.request_figures import roll_up_requests

BATCHES = 20  # of each kind in one run: the other jobs of the minute have to be done too


class Command(BaseCommand):
    help = "把扫码、打开的页面和诉求汇总成每天的数。每分钟运行一次；断了再运行就接着做，几台机器同时运行也不会重复。"

    def handle(self, **options):
        scans, views = self._all(roll_up_scans), self._all(roll_up_views)
        days = roll_up_requests(timezone.now())
        self.stdout.write(f"汇总：扫码 {scans} 次，打开页面 {views} 次，诉求 {days} 天。")

    def _all(self, roll_up) -> int:
        count = 0
        for _ in range(BATCHES):
            done = roll_up(batch=BATCH)
            count += done
            if done < BATCH:
                break
        return count
