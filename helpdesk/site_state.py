"""How the site is doing, in numbers: for Prometheus, for the operator's page. Totals of the whole site only: nothing here is of a person or a village.

Each part is read by itself and within two seconds; one that cannot be read is None, and the others are told all the same.
"""

import logging
import platform
import shutil
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from axes.models import AccessAttempt
from cryptography import x509
from django.conf import settings
from django.core.management import CommandError
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from doorplates.models import Scan
from guides.models import Area, DayFigure, Level, MissState, SearchMiss, What
from helpdesk.management.commands import every_day, every_minute
from helpdesk.models import HelpRequest, State
from helpdesk.outbox_status import Status, status
from menpai import VERSION
from menpai.backup import last_backup
from menpai.models import HourCount, JobRun

PATIENCE = "2s"
DAY = timedelta(days=1)
SLOWEST_DAY = timedelta(hours=26)  # a daily job, a backup: one night may be missed by two hours
# A loop (or its run from cron) that has not been heard of for so long does not run. One slow gateway may hold up the worker for the length of a lease.
LOOPS = {"send_notifications": timedelta(minutes=6), "every_minute": timedelta(minutes=15), "every_day": SLOWEST_DAY}
LITTLE_SPACE, HARDLY_ANY = 0.10, 0.03  # free of a disk
CERTIFICATE_KEPT = 600  # seconds
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Queue:
    """Open requests. `oldest` is since when the one has been waiting that waits longest for a helper; `late_since` the oldest broken promise."""

    waiting: int
    claimed: int
    paused: int
    oldest: datetime | None
    late: int
    late_since: datetime | None


@dataclass(frozen=True)
class Counted:
    """One place in the program: how often in the last 24 hours, when last, under which id."""

    where: str
    count: int
    last_at: datetime
    last_id: str


@dataclass(frozen=True)
class Disk:
    """A place that the site writes to. Both in bytes."""

    name: str
    free: int
    total: int

    @property
    def share(self) -> float:
        return self.free / self.total if self.total else 0.0


@dataclass(frozen=True)
class Job:
    """One job that runs by itself. `is_late`: it has not succeeded for longer than it may."""

    name: str
    succeeded_at: datetime | None
    seconds: float
    trouble: str
    is_late: bool


@dataclass(frozen=True)
class SiteState:
    """Everything, as it was at `now`. None: that part could not be read."""

    now: datetime
    queue: Queue | None
    outbox: Status | None
    errors: list[Counted] | None
    throttled: list[Counted] | None
    locked_out: int | None
    jobs: list[Job] | None
    backup: datetime | None
    scans_today: int | None
    misses: int | None
    schema: str | None
    disks: list[Disk]
    certificate_ends: datetime | None


def look(now: datetime) -> SiteState:
    """Read all parts. Never raises for want of a database."""
    return SiteState(
        now=now,
        queue=_read(lambda: queue(now)),
        outbox=_read(lambda: status(now)),
        errors=_read(lambda: counted("error", now)),
        throttled=_read(lambda: counted("throttled", now)),
        locked_out=_read(lambda: locked_out(now)),
        jobs=_read(lambda: jobs(now)),
        backup=_read(last_backup),
        scans_today=_read(lambda: scans_on(timezone.localdate(now))),
        misses=_read(lambda: SearchMiss.objects.filter(state=MissState.OPEN).count()),
        schema=_read(schema),
        disks=disks(),
        certificate_ends=certificate_ends(),
    )


def _read(part: Callable):
    try:
        if connection.vendor != "postgresql":  # a transaction of SQLite would take the one lock of all writers
            return part()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = %s", [PATIENCE])
            return part()
    except (DatabaseError, CommandError) as error:
        log.warning("a part of the site's state cannot be read (%s)", type(error).__name__)
        return None


def queue(now: datetime) -> Queue:
    waits, late = Q(state=State.WAITING), Q(promised_at__lt=now, paused_at=None)
    found = HelpRequest.objects.open().aggregate(
        waiting=Count("pk", waits), claimed=Count("pk", Q(state=State.CLAIMED, paused_at=None)), paused=Count("pk", Q(paused_at__isnull=False)),
        oldest=Min("created_at", filter=waits), late=Count("pk", late), late_since=Min("promised_at", filter=late),
    )  # fmt: skip
    return Queue(**found)


def counted(kind: str, now: datetime) -> list[Counted]:
    """The places of the last 24 hours, the one with most first."""
    rows = HourCount.objects.filter(kind=kind, hour__gt=now - DAY).values("where").annotate(total=Sum("count"), last=Max("last_at")).order_by("-total", "where")
    found = []
    for row in rows[:50]:
        newest = HourCount.objects.filter(kind=kind, where=row["where"]).order_by("-last_at").values_list("last_id", flat=True).first() or ""
        found.append(Counted(row["where"], row["total"], row["last"], newest))
    return found


def locked_out(now: datetime) -> int:
    """Pairs of account and address that were locked for wrong passwords in the last 24 hours."""
    return AccessAttempt.objects.filter(attempt_time__gt=now - DAY, failures_since_start__gte=settings.AXES_FAILURE_LIMIT).count()


def jobs(now: datetime) -> list[Job]:
    """The loops, then each job, whether it ever ran or not."""
    rows = {row.name: row for row in JobRun.objects.all()}
    patience = LOOPS | dict.fromkeys(every_minute.JOBS, LOOPS["every_minute"]) | {name: SLOWEST_DAY for name, _ in every_day.JOBS}
    return [_job(name, rows.get(name) or JobRun(name=name), now - longest) for name, longest in patience.items()]


def _job(name: str, row: JobRun, latest: datetime) -> Job:
    return Job(name, row.succeeded_at, row.seconds, row.trouble, is_late=row.succeeded_at is None or row.succeeded_at < latest)



def scans_on(day) -> int:
    """Scans of a day: those added up by `roll_up`, and the last minutes'. Cheap at any number of scans."""
    districts = Area.objects.filter(level=Level.DISTRICT).values("code")
    summed = DayFigure.objects.filter(area__in=districts, day=day, what=What.SCAN).aggregate(sum=Sum("number"))["sum"] or 0
    return summed + Scan.objects.filter(rolled=False, day=day).count()


def schema() -> str:
    """The newest migration of each of our rooms, as the database has them."""
    rows = MigrationRecorder.Migration.objects.filter(app__in=("menpai", "guides", "doorplates", "helpdesk")).values("app").annotate(last=Max("name"))
    return " ".join(f"{row['app']}.{row['last'][:4]}" for row in rows.order_by("app"))


def disks() -> list[Disk]:
    """Where files of the site lie, and where uploads wait. A place that is missing (photos in a bucket) is left out."""
    found = []
    for name, place in {"data": settings.VAR_DIR, "photos": settings.VAR_DIR / "attachments", "tmp": Path(tempfile.gettempdir())}.items():
        if place.exists():
            usage = shutil.disk_usage(place)
            found.append(Disk(name, usage.free, usage.total))
    return found


_certificate: dict[str, object] = {"asked": -CERTIFICATE_KEPT, "ends": None}


def certificate_ends() -> datetime | None:
    """The last moment of the certificate that visitors are shown at MENPAI_TLS_PROBE; asked every ten minutes. None: not set up, or no answer.

    Asked of whoever ends HTTPS, not read from a file: a renewed file that nginx has not loaded would look well.
    """
    if not settings.TLS_PROBE:
        return None
    if time.monotonic() - _certificate["asked"] >= CERTIFICATE_KEPT:
        _certificate.update(asked=time.monotonic(), ends=_ask_for_certificate())
    return _certificate["ends"]


def _ask_for_certificate() -> datetime | None:
    host, _, port = settings.TLS_PROBE.rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # one that has run out is the very thing to be told
    try:
        with (
            socket.create_connection((host, int(port)), timeout=2) as plain,
            context.wrap_socket(plain, server_hostname=settings.SITE_URL.partition("://")[2].partition(":")[0]) as safe,
        ):
            return x509.load_der_x509_certificate(safe.getpeercert(binary_form=True)).not_valid_after_utc
    except (OSError, ValueError) as error:
        log.warning("the certificate cannot be seen (%s)", type(error).__name__)
        return None


def versions() -> dict[str, str]:
    """What runs here. The database's own version is asked of it."""
    return {
        "menpai": VERSION, "revision": settings.REVISION, "django": version("django"), "python": platform.python_version(),
        "database": _read(_database_version) or "",
    }  # fmt: skip


def _database_version() -> str:
    if connection.vendor == "sqlite":
        return "SQLite " + ".".join(str(part) for part in connection.Database.sqlite_version_info)
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return "PostgreSQL " + cursor.fetchone()[0].partition(" ")[0]
