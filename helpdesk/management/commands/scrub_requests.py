from django.core.management.base import BaseCommand
from django.utils import timezone

from guides.actions import forget_refusals
from helpdesk.photo_scrub import scrub_photos
from helpdesk.retention import BATCH, Kind, drop_batch, kinds


class Command(BaseCommand):
    help = "到了时间的个人信息删掉：材料照片、结束满天数的诉求、处理完的纠错、没人再搜的、过了期的限流和登录记录。每天运行一次；断了再运行就接着删。"

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="只数每一种有多少，不删。")
        parser.add_argument("--limit", type=int, default=0, help="这次最多处理多少条；不写就全部。")
        parser.add_argument("--batch", type=int, default=BATCH, help=f"一次处理多少条（默认{BATCH}）。")

    def handle(self, *, dry_run, limit, batch, **options):
        now = timezone.now()
        left = limit if limit > 0 else None
        scrub_photos(now, write=self.stdout.write, dry_run=dry_run)
        for kind in kinds():
            if dry_run:
                count = kind.due(now).count()
                if count or kind.label == "诉求":
                    self.stdout.write(f"{kind.label}：到期待删 {count} 条，没有删。")
                continue
            count = self._all(kind, now, batch=max(batch, 1), limit=left)
            left = None if left is None else left - count
            if count or kind.label == "诉求":
                self.stdout.write(f"{kind.label}：删了 {count} 条。")
            if left == 0:
                self.stdout.write(f"到了这次的上限 {limit} 条，其余的下次删。")
                return
        if not dry_run:
            forget_refusals()

    def _all(self, kind: Kind, now, *, batch: int, limit: int | None) -> int:
        count, last = 0, None
        while keys := drop_batch(kind, now, after=last, batch=batch if limit is None else min(batch, limit - count)):
            count, last = count + len(keys), keys[-1]
        return count
