import logging
import signal
from datetime import timedelta
from threading import Event
from time import monotonic

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from helpdesk import outbox
from menpai import runs

logger = logging.getLogger(__name__)
HOUR = 3600


class Command(BaseCommand):
    help = "发通知：一直运行，有要发的就发；几个同时运行也不会重发。--once 把现在该发的发完就退出，有发不出去的，退出码是1。"

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="把现在该发的发完就退出。")
        parser.add_argument("--poll", type=float, default=5, help="没有要发的时候，隔几秒再看（默认5）。")
        parser.add_argument("--lease", type=int, default=int(outbox.LEASE.total_seconds()), help="发一条最多几秒，过了算断了（默认300；不能比发得最慢的一条短）。")

    def handle(self, *, once, poll, lease, **options):
        stop = Event()
        lasting = timedelta(seconds=lease)
        if once:
            runs.beat("send_notifications")
            counts = outbox.send_due(stop=stop.is_set, lasting=lasting)
            outbox.delete_old(timezone.now())
            self.stdout.write("发出 {sent} 条，不用发 {skipped} 条，等会儿再试 {later} 条，发不出去 {failed} 条。".format(**counts))
            if counts["failed"]:
                raise CommandError("有发不出去的，看后台的“通知”，或者 manage.py notifications_status。", returncode=1)
            return
        for number in (signal.SIGTERM, signal.SIGINT):  # the message in hand is ended and written down, then the process ends
            signal.signal(number, lambda *_: stop.set())
        logger.info("Sending notifications.")
        self._run(stop, poll, lasting)

    def _run(self, stop: Event, poll: float, lasting: timedelta) -> None:
        cleaned, watch = monotonic() - HOUR, outbox.Watch()

        def over() -> bool:  # asked between two messages
            runs.beat("send_notifications")
            return stop.is_set()

        while not stop.is_set():
            try:
                close_old_connections()
                over()
                outbox.send_due(stop=over, lasting=lasting, watch=watch)
                if monotonic() - cleaned >= HOUR:
                    cleaned = monotonic()
                    outbox.delete_old(timezone.now())
            except DatabaseError as error:  # away or busy: what is leased comes round again
                logger.error("The outbox cannot be read or written (%s); trying again.", type(error).__name__)
                connection.close()
            stop.wait(poll)
