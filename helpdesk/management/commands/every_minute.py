import logging
import os
import signal
from threading import Event

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

JOBS = ("mend_clock", "publish_due", "escalate", "flag_changes", "tell_wishers", "work_imports", "roll_up")
PAUSE = 60  # seconds
log = logging.getLogger(__name__)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, and alive
        pass
    return True


class Command(BaseCommand):
    help = "每分钟该做的事，一件一件做：{}。哪件出了错，别的照做。几台机器同时运行也不会做两遍。".format("、".join(JOBS))

    def add_arguments(self, parser):
        parser.add_argument("--loop", action="store_true", help="一直运行，每分钟一次，收到停止信号就停。")
        parser.add_argument("--beside", type=int, metavar="PID", help="那个进程没了，也停。")

    def handle(self, *, loop, beside, **options):
        if not loop:
            if failed := self._once():
                raise CommandError(f"没做成：{'、'.join(failed)}。原因在日志里。")
            return
        stop = Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        while True:
            close_old_connections()  # a database that was restarted in between must not fail every job from then on
            self._once()
            for _ in range(PAUSE):
                if stop.wait(1) or (beside and not _is_alive(beside)):
                    return

    def _once(self) -> list[str]:
        """Run each job; the names of those that failed."""
        failed = []
        for job in JOBS:
            try:
                call_command(job, stdout=self.stdout, stderr=self.stderr)
            except Exception:
                log.exception("%s failed", job)
                failed.append(job)
        return failed
