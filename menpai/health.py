"""For monitors and load balancers, none of them for the world: does the process live, can it do its work, and its figures."""

import hmac
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from helpdesk import figures_for_prometheus, site_state
from helpdesk.models import HelpRequest
from menpai import metrics, throttle
from menpai.models import JobRun
from menpai.replica import ALIAS as REPLICA

OK, DEGRADED, FAIL = "ok", "degraded", "fail"
KEPT = 3  # seconds that a result is good for: whoever asks often gets no database to ask
STUCK = 15  # seconds after which a check that has not come back counts as failed
Result = tuple[str, str]  # one of the three words, and what is wrong


@never_cache
def healthz(request):
    """The process answers. Nothing else is asked, so that a slow database never gets healthy processes killed."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request):
    """Whether the process can do its work, check by check. 503 only for what makes every page wrong; degraded is for a person, not for a load balancer."""
    checks = _kept.result()
    words = [word for word, _ in checks.values()]
    worst = next((word for word in (FAIL, DEGRADED) if word in words), OK)
    shown = {name: {"status": word} | ({"problem": problem} if problem else {}) for name, (word, problem) in checks.items()}
    return JsonResponse({"status": worst, "checks": shown}, status=503 if worst == FAIL else 200)


def examine() -> dict[str, Result]:
    """All checks, in the order of what rests on what. Without a database nothing that asks it is tried."""
    found = {}
    with _short_patience():
        for name, check in ON_THE_DATABASE.items():
            found[name] = _checked(check)
            if found[name][0] == FAIL:
                break
    return found | {name: result for name, check in BESIDE.items() if (result := _checked(check))}


@contextmanager
def _short_patience():
    """No statement of a check takes longer than three seconds; what the connection is used for next has its own patience again."""
    with suppress(DatabaseError):  # the first check tells that there is none
        _patience("3s")
    yield
    with suppress(DatabaseError):
        _patience("0")


def _patience(limit: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [limit])


def _checked(check: Callable[[], Result | None]) -> Result | None:
    try:
        return check()
    except DatabaseError:
        return FAIL, "no answer"


def database() -> Result:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK, ""


def schema() -> Result:
    """Behind: pages would fail. Ahead: the code of before runs on the schema after, which a release allows, but not for ever."""
    applied = frozenset(MigrationRecorder(connection).applied_migrations())
    if applied not in _verdicts:
        _verdicts.clear()
        _verdicts[applied] = _compare_schema()
    return _verdicts[applied]


_verdicts: dict[frozenset, Result] = {}  # reading all migrations takes a tenth of a second; they change with a deployment


def _compare_schema() -> Result:
    executor = MigrationExecutor(connection)
    graph, applied = executor.loader.graph, executor.loader.applied_migrations
    if pending := executor.migration_plan(graph.leaf_nodes()):
        return FAIL, "behind: " + ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in pending[:10])
    known = {label for label, _ in graph.nodes}
    if ahead := [f"{app}.{name}" for app, name in applied if app in known and (app, name) not in graph.nodes]:
        return DEGRADED, "ahead: " + ", ".join(sorted(ahead)[:10])
    return OK, ""


def keys() -> Result:
    """The newest row with a person in it can be read. With wrong keys nothing may be written: a restored site that forgot its .env fails here."""
    try:
        HelpRequest.objects.exclude(phone_index="").order_by("-pk").values_list("phone").first()
    except InvalidToken:
        return FAIL, "MENPAI_PII_KEYS do not fit the stored data"
    return OK, ""


def loops() -> Result:
    """The processes beside this one: pages go on without them, promises and messages do not."""
    seen = dict(JobRun.objects.filter(name__in=site_state.LOOPS).values_list("name", "succeeded_at"))
    now = timezone.now()
    silent = [name for name, longest in site_state.LOOPS.items() if not seen.get(name) or seen[name] < now - longest]
    return (DEGRADED, "not running: " + ", ".join(silent)) if silent else (OK, "")


def disk() -> Result:
    """Space where the site writes. Reading goes on without, so this never takes a site away."""
    places = {"data": settings.VAR_DIR, "tmp": Path(tempfile.gettempdir())}
    full = []
    for name, place in places.items():
        try:
            usage = shutil.disk_usage(place)
        except OSError:
            full.append(f"{name} is missing")
            continue
        if usage.free < min(site_state.HARDLY_ANY * usage.total, 2**30):
            full.append(f"{name} has {usage.free // 2**20} MB left")
    return (DEGRADED, ", ".join(full)) if full else (OK, "")


def read_replica() -> Result | None:
    """Away or not, pages are read: without it from the primary."""
    if REPLICA not in settings.DATABASES:
        return None
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return DEGRADED, "no answer: the primary reads"
    return OK, ""


def limits() -> Result | None:
    """Redis, where there is one. Without it the database counts."""
    if throttle.LIMITS not in settings.CACHES:
        return None
    try:
        caches[throttle.LIMITS].get("readyz")
    except (RedisError, OSError):
        return DEGRADED, "Redis does not answer: the database counts"
    return OK, ""


# What needs the database (the first that fails ends it), and what does not; None: there is no such thing here.
ON_THE_DATABASE: dict[str, Callable[[], Result]] = {"database": database, "schema": schema, "keys": keys, "loops": loops}
BESIDE: dict[str, Callable[[], Result | None]] = {"replica": read_replica, "limits": limits, "disk": disk}


class Kept:
    """The last result, KEPT seconds long. One thread asks, the others get the last answer: a database that hangs holds one thread, not all."""

    def __init__(self):
        self.asking, self.checks, self.at, self.began = threading.Lock(), None, 0.0, 0.0

    def result(self) -> dict[str, Result]:
        if self.checks is not None and time.monotonic() - self.at < KEPT:
            return self.checks
        if not self.asking.acquire(blocking=self.checks is None, timeout=STUCK if self.checks is None else -1):
            hangs = time.monotonic() - self.began > STUCK
            return {"database": (FAIL, "no answer in time")} if hangs or self.checks is None else self.checks
        try:
            self.began = time.monotonic()
            self.checks = examine()
            self.at = time.monotonic()
            return self.checks
        finally:
            self.asking.release()


_kept = Kept()


def metrics_page(get_response):
    """Answers /metrics to whoever may have it, before hosts are checked: Prometheus asks by the name of a container. Everybody else gets a 404."""

    def middleware(request):
        if request.path_info == "/metrics" and may_have_metrics(request):
            answer = HttpResponse(figures_for_prometheus.text(), content_type=figures_for_prometheus.CONTENT_TYPE)
            add_never_cache_headers(answer)
            return answer
        return get_response(request)

    return middleware


def may_have_metrics(request: HttpRequest) -> bool:
    """By token (compared in constant time), or by an address of its own: what came through a proxy has the proxy's, and is never meant."""
    if not metrics.is_open():
        return False
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme == "Bearer" and hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        return True
    if any(name in request.headers for name in ("X-Real-IP", "X-Forwarded-For", "Forwarded")):
        return False
    try:
        peer = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(peer in network for network in settings.METRICS_FROM)
