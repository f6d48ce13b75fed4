"""Figures for Prometheus: who gets them, what they count, and that nobody and no address can be read from them."""

import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from helpdesk import figures_for_prometheus
from helpdesk.models import HelpRequest
from menpai import metrics, throttle
from menpai.models import BackupTaken, HourCount, JobRun
from tests.factories import make_request
from tests.menpai.production import environment, run

TOKEN = "a-token-of-the-operator-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def read_anew(monkeypatch):
    monkeypatch.setattr(figures_for_prometheus, "_kept", {"at": -1000, "state": None, "versions": None})


@pytest.fixture
def operator(settings, db) -> Client:
    settings.METRICS_TOKEN = TOKEN
    return Client(headers=BEARER)


def figures(client: Client) -> dict[tuple, float]:
    text = client.get("/metrics").content.decode()
    return {(one.name, *sorted(one.labels.items())): one.value for family in text_string_to_metric_families(text) for one in family.samples}


# --- who -----------------------------------------------------------------------------------------------------------------------------------


def test_nobody_gets_figures_of_a_site_that_has_nobody_to_give_them_to(client, db):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("sent", [None, "Bearer ", "Bearer wrong-token-0123456789", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer 密码"])
def test_without_the_right_token_the_page_is_not_there(operator, sent):
    response = Client(headers={"Authorization": sent.encode().decode("latin-1")} if sent else {}).get("/metrics")
    assert response.status_code == 404
    assert b"menpai_" not in response.content


def test_the_token_opens_it_under_any_host_name_over_plain_http_and_no_cache_keeps_it(operator, settings):
    settings.SECURE_SSL_REDIRECT = True
    response = operator.get("/metrics", headers={"Host": "web:8000"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("peer", "sent", "status"),
    [
        ("10.9.0.7", {}, 200),
        ("10.9.1.7", {}, 404),
        ("10.9.0.7", {"X-Real-IP": "203.0.113.9"}, 404),  # a visitor, through a proxy that stands in the network
        ("10.9.0.7", {"X-Forwarded-For": "10.9.0.7"}, 404),
        ("203.0.113.9", {"X-Real-IP": "10.9.0.7"}, 404),
    ],
)
def test_an_address_opens_it_only_by_itself(db, settings, peer, sent, status):
    settings.METRICS_FROM = [ip_network("10.9.0.0/24")]
    assert Client(REMOTE_ADDR=peer, headers=sent).get("/metrics").status_code == status


@pytest.mark.parametrize(("name", "value"), [("MENPAI_METRICS_FROM", "10.9.0.1/24"), ("MENPAI_METRICS_FROM", "prometheus"), ("MENPAI_METRICS_TOKEN", "short")])
def test_a_rule_that_means_nothing_stops_the_start(tmp_path, name, value):
    result = run("-c", "import menpai.settings", env=environment(tmp_path, **{name: value}))
    assert result.returncode == 1
    assert name in result.stderr


# --- what ----------------------------------------------------------------------------------------------------------------------------------


def test_requests_are_counted_by_view_method_and_class_of_status(operator):
    before = figures(operator)
    operator.get("/help/482917365/?phone=13800138000")
    operator.post("/help/482917365/")
    operator.get("/no/such/page/")
    operator.generic("BREW", "/no/such/page/")
    after = figures(operator)

    def more(view, method, status):
        key = ("menpai_http_requests_total", ("method", method), ("status", status), ("view", view))
        return after[key] - before.get(key, 0)

    assert more("help:follow", "GET", "2xx") == 1
    assert more("help:follow", "POST", "2xx") == 1
    assert more("-", "GET", "4xx") == 1
    assert more("-", "other", "4xx") == 1
    durations = ("menpai_http_request_seconds_count", ("view", "help:follow"))
    assert after[durations] - before.get(durations, 0) == 2


def test_no_address_no_query_and_no_person_is_in_any_figure(operator, district):
    stored = make_request(name="王桂英", phone="13800138000")
    operator.get(f"/help/{stored.reference}/?phone=13800138000&q=王桂英")
    operator.get("/c/640205001001/guides/?q=王桂英")
    text = operator.get("/metrics").content.decode()
    assert "guides" in text
    for word in (stored.reference, "13800138000", "王桂英", "640205001001", "园艺", "/help", TOKEN):
        assert word not in text


def test_a_statement_that_fails_is_counted_by_its_kind(operator):
    before = figures(operator).get(("menpai_database_errors_total", ("error", "DatabaseError")), 0)

    def refused(*args):
        raise DatabaseError("no")

    with pytest.raises(DatabaseError) as caught:
        metrics.statement(refused, "SELECT 1", (), False, {})
    metrics.count_no_connection(None, caught.value)  # the same one, seen again on its way out
    assert figures(operator)["menpai_database_errors_total", ("error", "DatabaseError")] == before + 1
    metrics.count_no_connection(None, DatabaseError("no connection"))
    assert figures(operator)["menpai_database_errors_total", ("error", "DatabaseError")] >= before + 1


def test_the_queue_the_outbox_and_the_jobs_are_told(operator, district):
    now = timezone.now()
    HelpRequest.objects.filter(pk=make_request().pk).update(created_at=now - timedelta(hours=5), promised_at=now - timedelta(hours=2))
    HelpRequest.objects.filter(pk=make_request(phone="13900139000").pk).update(promised_at=now + timedelta(hours=3))
    BackupTaken.objects.create(pk=1, at=now - timedelta(hours=30), size=1)
    JobRun.objects.create(name="scrub_requests", succeeded_at=now)
    found = figures(operator)
    assert found["menpai_help_requests_open", ("state", "waiting")] == 2
    assert found["menpai_help_requests_late",] == 1
    assert found["menpai_help_request_late_seconds",] == pytest.approx(7200, abs=60)
    assert found["menpai_help_request_oldest_seconds",] == pytest.approx(5 * 3600, abs=60)
    assert now.timestamp() - found["menpai_backup_last_success_timestamp_seconds",] == pytest.approx(30 * 3600, abs=1)
    assert found["menpai_job_late", ("job", "scrub_requests")] == 0
    assert found["menpai_job_late", ("job", "escalate")] == 1
    assert found["menpai_job_last_success_timestamp_seconds", ("job", "escalate")] == 0


def test_what_is_asked_twice_within_seconds_costs_no_query(operator, django_assert_num_queries):
    operator.get("/metrics")
    with django_assert_num_queries(0):
        operator.get("/metrics")


def test_a_part_that_cannot_be_read_is_left_out_and_the_rest_is_told(operator, monkeypatch):
    def gone(now):
        raise DatabaseError("canceling statement due to statement timeout")

    monkeypatch.setattr("helpdesk.site_state.queue", gone)
    names = {key[0] for key in figures(operator)}
    assert "menpai_help_requests_late" not in names
    assert "menpai_outbox_waiting" in names


def test_a_refused_try_is_counted_by_the_name_of_the_limit_alone(operator, client):
    for _ in range(3):
        throttle.allow("plate-report:XK4C7MPQ:torn", "10.0.0.1", limit=1, minutes=60)
    client.get("/healthz/")
    [row] = HourCount.objects.all()
    assert (row.kind, row.where, row.count) == ("throttled", "plate-report", 2)
    text = operator.get("/metrics").content.decode()
    assert 'menpai_throttled_total{limit="plate-report"}' in text
    assert "XK4C7MPQ" not in text


# --- request ids in the database's own log ---------------------------------------------------------------------------------------------------


def arrived(ask) -> list[str]:
    """The statements as the database got them while `ask` was called; those of the test's own transaction left out."""
    found = []
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        connection.connection.set_trace_callback(found.append)
        ask()
        connection.connection.set_trace_callback(None)
    else:
        with CaptureQueriesContext(connection) as captured:
            ask()
        found = [one["sql"] for one in captured.captured_queries]
    return [sql for sql in found if not re.search(r"SAVEPOINT", sql)]


def test_each_statement_of_a_request_carries_its_id_and_none_of_a_site_that_does_not_want_it(client, db, settings):
    def ask():
        client.get("/notices/", headers={"X-Request-ID": "trace-12345678"})

    plain = arrived(ask)
    assert plain
    assert [sql for sql in plain if "request_id" in sql] == []
    settings.SQL_IDS = True
    client.handler.load_middleware()
    marked = arrived(ask)
    assert len(marked) == len(plain)
    assert [sql for sql in marked if not sql.startswith("/* request_id=trace-12345678 */ ")] == []


def test_an_id_cannot_break_out_of_its_comment(client, db, settings):
    settings.SQL_IDS = True
    marked = arrived(lambda: client.get("/notices/", headers={"X-Request-ID": "x*/ DROP TABLE a; --"}))
    assert marked
    assert [sql for sql in marked if not re.match(r"/\* request_id=[0-9a-f]{16} \*/ ", sql)] == []


def test_what_is_answered_before_django_is_counted_by_its_layer(operator):
    for _ in range(2):
        metrics.count_front("kept")
    before = figures(operator)["menpai_front_answers_total", ("layer", "kept")]
    metrics.count_front("kept")
    assert figures(operator)["menpai_front_answers_total", ("layer", "kept")] == before + 1
