"""/readyz/: what is wrong, check by check. 503 only for what makes every page wrong."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from helpdesk.site_state import LOOPS
from menpai import health
from menpai.models import JobRun
from tests.factories import make_request
from tests.menpai.production import environment, run

ASK = "import django; django.setup(); from django.test import Client; r = Client().get('{}'); print(r.status_code, r.content.decode())"


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch):
    monkeypatch.setattr(health, "_kept", health.Kept())


@pytest.fixture
def loops_run(db):
    JobRun.objects.bulk_create(JobRun(name=name, succeeded_at=timezone.now()) for name in LOOPS)


def test_ready_when_every_check_is(loops_run, client):
    response = client.get("/readyz/")
    assert response.status_code == 200
    names = ("database", "schema", "keys", "loops", "disk")
    assert response.json() == {"status": "ok", "checks": {name: {"status": "ok"} for name in names}}


def test_not_ready_while_a_migration_is_pending_and_no_later_check_is_tried(loops_run, client):
    MigrationRecorder.Migration.objects.filter(app="menpai").delete()
    response = client.get("/readyz/")
    assert response.status_code == 503
    found = response.json()
    assert found["status"] == "fail"
    assert found["checks"]["schema"]["status"] == "fail"
    assert "menpai.0001_initial" in found["checks"]["schema"]["problem"]
    assert "keys" not in found["checks"]


def test_a_schema_of_the_release_after_is_told_and_served(loops_run, client):
    MigrationRecorder.Migration.objects.create(app="guides", name="9999_of_tomorrow")
    response = client.get("/readyz/")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["schema"] == {"status": "degraded", "problem": "ahead: guides.9999_of_tomorrow"}


def test_keys_that_do_not_read_what_is_stored_are_no_state_to_serve_in(loops_run, client, district, settings):
    make_request(name="王桂英")
    settings.PII_KEYS = [Fernet.generate_key().decode()]
    response = client.get("/readyz/")
    assert response.status_code == 503
    assert response.json()["checks"]["keys"] == {"status": "fail", "problem": "MENPAI_PII_KEYS do not fit the stored data"}


def test_a_worker_that_is_silent_is_told_and_pages_go_on(loops_run, client):
    JobRun.objects.filter(pk="send_notifications").update(succeeded_at=timezone.now() - timedelta(minutes=7))
    JobRun.objects.filter(pk="every_day").delete()
    response = client.get("/readyz/")
    assert response.status_code == 200
    assert response.json()["checks"]["loops"] == {"status": "degraded", "problem": "not running: send_notifications, every_day"}


def test_a_redis_that_is_away_is_told_and_pages_go_on(loops_run, client, settings):
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = settings.CACHES | {"limits": away}
    response = client.get("/readyz/")
    assert (response.status_code, response.json()["checks"]["limits"]["status"]) == (200, "degraded")


def test_a_replica_that_is_away_is_told_and_pages_go_on(loops_run, client, monkeypatch):
    class Away:
        def cursor(self):
            raise OperationalError("refused")

    monkeypatch.setattr(health, "REPLICA", "default")  # an alias that is there
    monkeypatch.setattr(health, "connections", {"default": Away()})
    response = client.get("/readyz/")
    assert (response.status_code, response.json()["checks"]["replica"]["status"]) == (200, "degraded")


def test_a_full_disk_is_told_in_megabytes_and_without_a_path(loops_run, client, monkeypatch, settings):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda place: (100 * 2**30, 99 * 2**30, 5 * 2**20) and type("Usage", (), {"total": 100 * 2**30, "free": 5 * 2**20}))
    response = client.get("/readyz/")
    assert response.status_code == 200
    assert response.json()["checks"]["disk"] == {"status": "degraded", "problem": "data has 5 MB left, tmp has 5 MB left"}
    assert str(settings.VAR_DIR) not in response.content.decode()


def test_whoever_asks_often_gets_the_answer_of_a_moment_ago(loops_run, client, django_assert_num_queries):
    client.get("/readyz/")
    with django_assert_num_queries(0):
        assert client.get("/readyz/").json()["status"] == "ok"


def test_while_one_is_asking_the_others_do_not_wait(loops_run, client):
    client.get("/readyz/")
    kept = health._kept
    kept.at -= 10
    kept.began = kept.at + 10
    with kept.asking:  # somebody else's database hangs
        assert client.get("/readyz/").status_code == 200
        kept.began -= 100
        response = client.get("/readyz/")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": {"status": "fail", "problem": "no answer in time"}}


def test_what_a_check_asks_has_short_patience_and_the_next_page_its_own(loops_run, client, monkeypatch):
    if connection.vendor != "postgresql":
        return

    def patience():
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return cursor.fetchone()[0]

    seen = []
    monkeypatch.setitem(health.ON_THE_DATABASE, "keys", lambda: seen.append(patience()) or (health.OK, ""))
    client.get("/readyz/")
    assert (seen, patience()) == (["3s"], "0")


def test_a_check_that_another_part_adds_is_asked_and_may_fail(loops_run, client, monkeypatch):
    def replica():
        raise OperationalError("host db2 refused")

    monkeypatch.setitem(health.BESIDE, "replica", replica)
    response = client.get("/readyz/")
    assert response.json()["checks"]["replica"] == {"status": "fail", "problem": "no answer"}
    assert "db2" not in response.content.decode()


def test_without_a_database_the_process_is_alive_and_not_ready(tmp_path):
    # Asked by plain http of a site that sends everybody else to https: probes are exempt.
    nobody_there = environment(tmp_path, MENPAI_HOSTS="testserver", DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")
    alive = run("-c", ASK.format("/healthz/"), env=nobody_there)
    ready = run("-c", ASK.format("/readyz/"), env=nobody_there)
    assert alive.stdout == '200 {"status": "ok"}\n'
    problem = '{"status": "fail", "problem": "no answer"}'
    assert ready.stdout == f'503 {{"status": "fail", "checks": {{"database": {problem}, "disk": {{"status": "ok"}}}}}}\n'


def test_a_probe_is_never_answered_from_a_cache(client):
    assert "no-store" in client.get("/healthz/")["Cache-Control"]
