from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from menpai import runs

JOBS = ("mend_clock", "publish_due", "escalate", "flag_changes", "tell_wishers", "work_imports", "roll_up")
PAUSE = 60  # seconds


class Command(BaseCommand):
    help = "每分钟该做的事，一件一件做：{}。哪件出了错，别的照做。几台机器同时运行也不会做两遍。".format("、".join(JOBS))

    def add_arguments(self, parser):
        parser.add_argument("--loop", action="store_true", help="一直运行，每分钟一次，收到停止信号就停。")
        parser.add_argument("--beside", type=int, metavar="PID", help="那个进程没了，也停。")

    def handle(self, *, loop, beside, **options):
        if loop:
            runs.loop("every_minute", self._once, pause=PAUSE, beside=beside)
            return
        runs.beat("every_minute")
        if failed := self._once():
            raise CommandError(f"没做成：{'、'.join(failed)}。原因在日志里。")

    def _once(self) -> list[str]:
        """Run each job; the names of those that failed."""
        return [job for job in JOBS if not runs.is_stopping() and not runs.attempt(job, lambda job=job: call_command(job, stdout=self.stdout, stderr=self.stderr))]
