"""What is counted while requests are answered, for Prometheus: by the name of a view, never by an address, a query or a person.

On a site that nobody may ask for its figures (no MENPAI_METRICS_TOKEN, no MENPAI_METRICS_FROM) the middleware is not there and costs nothing.
gunicorn's processes add up through files in PROMETHEUS_MULTIPROC_DIR (deploy/gunicorn.conf.py).
"""

import logging
import time

from django.conf import settings
from django.db import DatabaseError, connections
from prometheus_client import Counter, Histogram

from menpai import tally
from menpai.logs import current_view, request_id

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
NO_VIEW = "-"  # no address of ours, or turned away before a view was found

REQUESTS = Counter("menpai_http_requests", "Answered requests.", ["view", "method", "status"])
DURATION = Histogram("menpai_http_request_seconds", "How long an answer took inside Python.", ["view"], buckets=SECONDS)
DATABASE_ERRORS = Counter("menpai_database_errors", "Statements that the database refused or did not answer, by the type of the error.", ["error"])
FRONT = Counter("menpai_front_answers", "Answers given before Django, by layer: kept pages, scans, pages shown as they were kept while Django failed.", ["layer"])
THROTTLED = Counter("menpai_throttled", "Tries that a limit refused, by the name of the limit.", ["limit"])
log = logging.getLogger("menpai.slow")

_counters: dict[tuple[str, str, int], Counter] = {}
_durations: dict[str, Histogram] = {}


def is_open() -> bool:
    """Whether anybody may ask for the figures."""
    return bool(settings.METRICS_TOKEN or settings.METRICS_FROM)


def count_front(layer: str) -> None:
    """One answer that Django was not asked for."""
    FRONT.labels(layer).inc()


def watch(get_response):
    """Names the view of a request for whoever logs or counts, counts it, tells of a slow one, and writes what `tally` has waiting."""
    counting, slow = is_open(), settings.SLOW_MS / 1000

    def middleware(request):
        request.started = time.time()
        started = time.perf_counter()
        current_view.set("")
        with_ids = [(connections[alias], statement) for alias in connections] if (counting or settings.SQL_IDS) else ()
        for connection, wrapper in with_ids:
            connection.execute_wrappers.append(wrapper)
        try:
            response = get_response(request)
        finally:
            for connection, _ in with_ids:
                connection.execute_wrappers.pop()
        seconds, view = time.perf_counter() - started, current_view.get() or NO_VIEW
        if counting:
            count(view, request.method, response.status_code, seconds)
        if seconds >= slow:
            extra = {"view": view, "status_code": response.status_code, "duration_ms": round(seconds * 1000)}
            log.warning("slow: %s took %.1f s", view, seconds, extra=extra)
        tally.flush()
        return response

    middleware.process_view = name_the_view
    middleware.process_exception = count_no_connection
    return middleware


def name_the_view(request, view, args, kwargs):
    """Django calls this once the address is resolved. The name is known for the whole request from here, also to a handler of an error."""
    current_view.set(request.resolver_match.view_name or view.__name__)


def count_no_connection(request, exception):
    """A database that cannot be reached fails before any statement."""
    if isinstance(exception, DatabaseError) and not hasattr(exception, "counted"):
        DATABASE_ERRORS.labels(type(exception).__name__).inc()


def count(view: str, method: str, status: int, seconds: float) -> None:
    """One answered request. The children are kept here: finding one by its labels costs more than counting."""
    key = (view, method if method in METHODS else "other", status // 100)
    counter = _counters.get(key)
    if counter is None:
        counter = _counters[key] = REQUESTS.labels(view, key[1], f"{key[2]}xx")
    counter.inc()
    duration = _durations.get(view)
    if duration is None:
        duration = _durations[view] = DURATION.labels(view)
    duration.observe(seconds)


def statement(execute, sql, params, many, context):
    """Around each statement of a request or a job: the id before it (MENPAI_SQL_IDS), so that the database's own log names the request; errors counted."""
    if settings.SQL_IDS and isinstance(sql, str):  # not one that the driver puts together itself
        sql = f"/* request_id={request_id.get()} */ {sql}"
    try:
        return execute(sql, params, many, context)
    except DatabaseError as error:
        DATABASE_ERRORS.labels(type(error).__name__).inc()
        error.counted = True
        raise
