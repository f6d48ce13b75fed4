import logging

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone

from menpai import runs

# One after the other, in this order; each is a command of its own that may be stopped and run again. (name, arguments)
JOBS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("scrub_requests", ()),
    ("clearsessions", ()),
    ("check_links", ()),
    ("backup", (str(settings.VAR_DIR / "backups"), "--without-keys")),  # after the scrubbing: what is gone is not kept for 30 days more
)
PAUSE = 60  # seconds
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "每天该做的事，一件一件做：{}。哪件出了错，别的照做，出错的过一小时再试。今天做过的不再做，几台机器同时运行也不会做两遍。".format(
        "、".join(name for name, _ in JOBS)
    )

    def add_arguments(self, parser):
        parser.add_argument("--loop", action="store_true", help="一直运行，每天到了 MENPAI_DAILY_AT 就做，收到停止信号就停。")

    def handle(self, *, loop, **options):
        if loop:
            runs.loop("every_day", self._when_it_is_time, pause=PAUSE)
            return
        runs.beat("every_day")
        if failed := self._once():
            raise CommandError(f"没做成：{'、'.join(failed)}。原因在日志里，过一小时再试。")

    def _when_it_is_time(self) -> None:
        if timezone.localtime().time() < settings.DAILY_AT:
            return
        try:
            self._once()
        except DatabaseError as error:  # away: the next minute asks again
            log.error("the jobs of the day cannot be asked for (%s)", type(error).__name__)
            connection.close()

    def _once(self) -> list[str]:
        """Do what nobody has done today; the names of those that failed."""
        failed, today = [], timezone.localdate()
        for name, arguments in JOBS:
            if runs.is_stopping():
                break
            if runs.take_today(name, today, timezone.now()):
                done = runs.attempt(name, lambda name=name, arguments=arguments: call_command(name, *arguments, stdout=self.stdout, stderr=self.stderr))
                runs.finish_today(name, today, done=done)
                failed += [] if done else [name]
        return failed
