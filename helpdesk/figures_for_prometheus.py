"""The text that Prometheus fetches: what requests counted (menpai.metrics), and how the site stands (helpdesk.site_state)."""

import os
import threading
import time
from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from helpdesk import site_state
from helpdesk.site_state import SiteState
from menpai import metrics

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
KEPT = 10  # seconds
_lock = threading.Lock()
_kept: dict[str, object] = {"at": -KEPT, "state": None, "versions": None}


def text() -> bytes:
    """All figures in the text format. What costs queries is read anew after ten seconds."""
    registry = CollectorRegistry()
    registry.register(_Site())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
    else:
        for counted in (metrics.REQUESTS, metrics.DURATION, metrics.DATABASE_ERRORS, metrics.THROTTLED, metrics.FRONT):
            registry.register(counted)
    return generate_latest(registry)


def _state() -> tuple[SiteState, dict[str, str]]:
    with _lock:
        if time.monotonic() - _kept["at"] >= KEPT:
            _kept.update(state=site_state.look(timezone.now()), versions=site_state.versions(), at=time.monotonic())
        return _kept["state"], _kept["versions"]


class _Site:
    def describe(self):
        return ()  # asked when it registers: nothing is read for that

    def collect(self) -> Iterator[Metric]:
        state, versions = _state()
        yield InfoMetricFamily("menpai_build", "What runs here.", versions | {"schema": state.schema or ""})
        for family in (_requests, _outbox, _jobs, _rest):
            yield from family(state)


def _gauge(name: str, words: str, samples: dict | float | None, label: str = "") -> Iterator[Metric]:
    """One gauge; none at all for what could not be read."""
    if samples is None:
        return
    gauge = GaugeMetricFamily(name, words, labels=[label] if label else None)
    for value, number in samples.items() if label else [(None, samples)]:
        if number is not None:
            gauge.add_metric([value] if label else [], number)
    yield gauge


def _age(state: SiteState, moment) -> float:
    return max((state.now - moment).total_seconds(), 0) if moment else 0


def _requests(state: SiteState) -> Iterator[Metric]:
    if found := state.queue:
        numbers = {"waiting": found.waiting, "claimed": found.claimed, "paused": found.paused}
        yield from _gauge("menpai_help_requests_open", "Open help requests of the whole site.", numbers, "state")
        yield from _gauge("menpai_help_request_oldest_seconds", "Age of the request that has waited longest for a helper.", _age(state, found.oldest))
        yield from _gauge("menpai_help_requests_late", "Open requests whose promise has run out.", found.late)
        yield from _gauge("menpai_help_request_late_seconds", "For how long the oldest promise has been broken.", _age(state, found.late_since))
    yield from _gauge("menpai_scans_today", "Scans of plates since midnight.", state.scans_today)
    yield from _gauge("menpai_search_misses_open", "Searches in vain that wait for an editor.", state.misses)


def _outbox(state: SiteState) -> Iterator[Metric]:
    if found := state.outbox:
        yield from _gauge("menpai_outbox_waiting", "Messages that are to go out, also those that rest till the morning.", found.waiting)
        yield from _gauge("menpai_outbox_oldest_seconds", "For how long a message has waited that could go.", _age(state, found.oldest))
        yield from _gauge("menpai_outbox_failed_24h", "Messages given up in 24 hours.", found.failed)


def _jobs(state: SiteState) -> Iterator[Metric]:
    if state.jobs is not None:
        ran = {job.name: job.succeeded_at.timestamp() if job.succeeded_at else 0 for job in state.jobs}
        yield from _gauge("menpai_job_last_success_timestamp_seconds", "When a job last succeeded; 0: never.", ran, "job")
        yield from _gauge("menpai_job_late", "1: it has not succeeded for longer than it may.", {job.name: int(job.is_late) for job in state.jobs}, "job")
    yield from _gauge("menpai_backup_last_success_timestamp_seconds", "When a backup last succeeded; 0: never.", state.backup.timestamp() if state.backup else 0)


def _rest(state: SiteState) -> Iterator[Metric]:
    if state.errors is not None:
        yield from _gauge("menpai_errors_24h", "Errors logged in 24 hours, by view or logger.", {one.where: one.count for one in state.errors}, "where")
    yield from _gauge("menpai_sign_ins_locked_24h", "Pairs of account and address locked for wrong passwords in 24 hours.", state.locked_out)
    yield from _gauge("menpai_disk_free_bytes", "Free space where the site writes.", {disk.name: disk.free for disk in state.disks}, "place")
    yield from _gauge("menpai_disk_free_ratio", "The same as a part of the whole.", {disk.name: disk.share for disk in state.disks}, "place")
    ends = state.certificate_ends
    yield from _gauge("menpai_certificate_ends_timestamp_seconds", "The last moment of the HTTPS certificate.", ends.timestamp() if ends else None)
