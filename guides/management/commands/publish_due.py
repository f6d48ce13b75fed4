from django.core.management.base import BaseCommand
from django.utils import timezone

from guides.editing import publish_due


class Command(BaseCommand):
    help = "到了时间的指南，审过的就发布。每分钟运行一次、几台机器一起运行都不要紧。"

    def handle(self, **options):
        self.stdout.write(f"定时发布：发布了 {publish_due(timezone.now())} 份。")
