"""The worker killed at every point: nothing is lost, and nothing is sent twice but the one message that was in flight."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from threading import Event
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.utils import timezone

from helpdesk.models import ContactCard, Notification, NotificationKind
from helpdesk.notifications import tell_staff
from tests.conftest import ROOT
from tests.factories import make_request, make_user
from tests.helpdesk.outside import Outside, fine

PEOPLE = 8
PATIENCE = 120  # seconds that nothing here needs; a hang fails instead of hanging


def database_url() -> str:
    """The test's own database, as the worker's process is to open it."""
    name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"]
    return f"sqlite:///{name}" if connection.vendor == "sqlite" else f"postgres://postgres@{quote(host, safe='')}/{name}"


def start_worker(outside: Outside) -> subprocess.Popen:
    environment = os.environ | {"DATABASE_URL": database_url(), "MENPAI_SMS_URL": f"{outside.url}/sms"}
    command = [sys.executable, "manage.py", "send_notifications", "--poll", "0.1"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)


def end_what_it_left_behind() -> None:
    """A PostgreSQL server ends a statement whose client has died meanwhile, and that would write the sending down after all: the machine is gone too."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid, 10000) {others}")


class Points:
    """Where the worker is caught: before the request is read there, while it waits for the answer, and after the answer, before it is written down."""

    def __init__(self, outside: Outside):
        self.outside, self.mode, self.reached = outside, "", Event()
        self.locked = Event()
        outside.answer = self.answer
        outside.server.verify_request = self.accepted

    def accepted(self, request, client_address) -> bool:
        if self.mode != "before":
            return True
        self.reached.set()  # connected; what it sends is never read
        self.outside.released.wait()
        return False

    def answer(self, sent):
        mode = self.mode  # as it was when this arrived: a request that is let go late must not be taken for the next point's
        if mode == "during":
            self.reached.set()
            self.outside.released.wait()
        elif mode == "after":
            self.reached.set()
            self.locked.wait()  # until the row cannot be written to
        return fine(sent)

    def kill_at(self, mode: str) -> None:
        self.reached.clear()
        self.outside.released.clear()
        self.mode, worker = mode, start_worker(self.outside)
        if not self.reached.wait(PATIENCE):
            worker.kill()
            pytest.fail(f"The worker never got there: {worker.communicate()[1].decode()}")
        if mode == "after":
            with transaction.atomic():
                Notification.objects.filter(state="sending").update(attempts=99)  # nobody else writes these rows until the rollback below
                self.locked.set()
                assert worker.poll() is None
                self._kill(worker)
                end_what_it_left_behind()
                transaction.set_rollback(True)
        else:
            self._kill(worker)
        self.mode = ""
        self.outside.released.set()

    def _kill(self, worker: subprocess.Popen) -> None:
        worker.kill()
        worker.communicate(timeout=PATIENCE)
        assert worker.returncode == -signal.SIGKILL


def everybody_is_told(stored) -> dict[str, str]:
    """An alarm for each of PEOPLE; their phones."""
    phones = {}
    for number in range(PEOPLE):
        user = make_user(f"helper{number}")
        phones[user.username] = f"1390000000{number}"
        ContactCard.objects.create(user=user, mobile=phones[user.username], quiet_from="00:00", quiet_to="00:00")
        tell_staff([user], NotificationKind.COMPLAINT, request=stored)
    earlier = timezone.now() - timedelta(hours=1)  # so that nothing waits for what may come within minutes
    Notification.objects.update(created_at=earlier, not_before=earlier)
    return phones


@pytest.mark.django_db(transaction=True)
def test_killed_before_during_and_after_the_send_nothing_is_lost_and_only_what_was_in_flight_comes_twice():
    stored = make_request()
    Notification.objects.all().delete()
    phones = everybody_is_told(stored)
    with Outside() as outside:
        points = Points(outside)
        points.kill_at("before")
        assert outside.sent == []
        in_flight = Counter()  # how often each was on its way when its worker died
        for mode in ("during", "after"):
            points.kill_at(mode)
            in_flight[outside.sent[-1].json["phone"]] += 1
        assert Notification.objects.filter(state="sending", leased_until__gt=timezone.now()).count() == 3

        Notification.objects.filter(state="pending").update(not_before=timezone.now() + timedelta(days=1))  # till both are there
        workers = [start_worker(outside) for _ in range(2)]
        for worker in workers:
            next(line for line in worker.stderr if b"Sending notifications" in line)
        delivered = Event()
        everybody = set(phones.values())
        outside.answer = lambda sent: _tell_when_all_are_there(outside, in_flight, everybody, delivered) or fine(sent)
        earlier = timezone.now() - timedelta(hours=1)
        Notification.objects.filter(state="sending").update(leased_until=earlier)  # the leases of the dead run out
        Notification.objects.filter(state="pending").update(not_before=earlier)
        in_time = delivered.wait(PATIENCE)
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        ends = [worker.communicate(timeout=PATIENCE) and worker.returncode for worker in workers]
        assert in_time, list(Notification.objects.values_list("state", "attempts", "answer"))
        assert ends == [0, 0]  # told to stop, each ended the message in hand
        assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}
        counts = Counter(sent.json["phone"] for sent in outside.sent)
        assert set(counts) == everybody
        assert {phone: counts[phone] - 1 for phone in counts if counts[phone] > 1} == in_flight
        assert len({(sent.id, sent.json["phone"]) for sent in outside.sent}) == PEOPLE  # the twin bears the same id


def _tell_when_all_are_there(outside: Outside, in_flight: Counter, everybody: set[str], delivered: Event) -> None:
    counts = Counter(sent.json["phone"] for sent in list(outside.sent))
    if all(counts[phone] > in_flight[phone] for phone in everybody):
        delivered.set()
