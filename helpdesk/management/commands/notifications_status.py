from django.core.management.base import BaseCommand
from django.utils import timezone

from helpdesk.outbox_status import status


class Command(BaseCommand):
    help = "通知发得怎么样：等着发的、没发出去的、各条路子。有没发出去的、或者该发的等了30分钟以上，退出码是1（给监控用）。"

    def handle(self, **options):
        now = timezone.now()
        found = status(now)
        self.stdout.write(f"等着发的 {found.waiting} 条；该发的里等得最久的，从 {_at(found.oldest)} 起；24小时里没发出去 {found.failed} 条。")
        for way in found.channels:
            self.stdout.write(f"{way.label}：{way.setup}；24小时发出 {way.sent} 条，没发出去 {way.failed} 条；最近一次发成 {_at(way.last_success)}。")
        for alarm in found.alarms:
            self.stderr.write(f"注意：{alarm}")
        if found.alarms:
            raise SystemExit(1)


def _at(moment) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else "没有"
