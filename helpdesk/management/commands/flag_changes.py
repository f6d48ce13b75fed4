from django.core.management.base import BaseCommand

from helpdesk.actions import flag_changes, tell_editors


class Command(BaseCommand):
    help = "指南改了，告诉正在办这件事的人；居民说指南写错了，告诉编辑和审核。每件只说一次，每分钟运行一次、几台机器一起运行都不要紧。"

    def handle(self, **options):
        self.stdout.write(f"指南改了：告诉了 {flag_changes()} 件诉求。")
        self.stdout.write(f"居民纠错：告诉了编辑 {tell_editors()} 处。")
