from django.core.management.base import BaseCommand

from helpdesk.demo import demo_users


class Command(BaseCommand):
    help = "停用所有演示账号（从试用转正式时用）。账号和办过的记录都留着，只是不能再登录。"
    requires_system_checks = []  # it mends what the check complains of

    def handle(self, **options):
        self.stdout.write(f"停用演示账号 {demo_users().update(is_active=False)} 个。")
