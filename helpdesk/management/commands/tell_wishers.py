from django.core.management.base import BaseCommand

from helpdesk.actions import answer_wishes


class Command(BaseCommand):
    help = "指南发布以后，给点过“我要办这个”的居民留言，告诉他写好了。每人只说一次，每分钟运行一次也不要紧。"

    def handle(self, **options):
        self.stdout.write(f"告诉了 {answer_wishes()} 位居民，他们要找的指南写好了。")
