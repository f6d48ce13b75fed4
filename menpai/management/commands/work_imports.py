from django.core.management.base import BaseCommand
from django.utils import timezone

from menpai import imports


class Command(BaseCommand):
    help = "做一步排着队的 Excel 导入：检查，或者写入。每分钟运行一次；几台机器同时运行也只有一台在做，停了的由下一次接着做。"

    def handle(self, **options):
        done = imports.work(timezone.now())
        self.stdout.write(f"Excel 导入：{done or '没有要做的'}。")
