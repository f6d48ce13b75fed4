from django.core.management.base import BaseCommand
from django.utils import timezone

from guides.links import check_published


class Command(BaseCommand):
    help = "查一遍已发布的指南里写的网址还能不能打开。一天一次就够；对方明说没有了、隔一天还是这样，才算打不开。"

    def handle(self, **options):
        found = check_published(now=timezone.now())
        if found.offline:
            self.stderr.write(f"{found.checked}个网址一个也没有回音，多半是这台服务器连不上外网。什么都没有改。")
        else:
            self.stdout.write(f"查了{found.checked}个网址：能打开 {found.fine}，没连上 {found.unsure}，打不开 {found.broken}。")
