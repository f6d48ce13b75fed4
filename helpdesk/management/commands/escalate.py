from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from helpdesk import actions


class Command(BaseCommand):
    help = "看哪些诉求到了时间：暂停到期的接着办，快到时间的提醒，超时的报给主管。每分钟运行一次；几台机器同时运行也不会重复。"

    def handle(self, **options):
        now = timezone.now()
        run = actions.escalate(now)
        alarms = actions.raise_alarms(now)
        self.stdout.write(f"接着办 {run.resumed} 件，提醒 {run.warned} 件，报给主管 {run.raised} 件，报到区里 {run.to_district} 件，没人当班报警 {alarms} 件。")
        if run.failed:
            raise CommandError(f"有 {run.failed} 件没处理成，原因在日志里，下一分钟再试。")
