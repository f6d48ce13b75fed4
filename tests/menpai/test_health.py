from django.db.migrations.recorder import MigrationRecorder

from tests.menpai.production import environment, run

ASK = "import django; django.setup(); from django.test import Client; r = Client().get('{}'); print(r.status_code, r.content.decode())"


def test_ready_when_the_database_answers_and_nothing_is_pending(db, client):
    response = client.get("/readyz/")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_not_ready_while_a_migration_is_pending(db, client):
    MigrationRecorder.Migration.objects.filter(app="menpai").delete()
    response = client.get("/readyz/")
    assert response.status_code == 503
    assert "menpai.0001_initial" in response.json()["migrations"]


def test_without_a_database_the_process_is_alive_and_not_ready(tmp_path):
    # Asked by plain http of a site that sends everybody else to https: probes are exempt.
    nobody_there = environment(tmp_path, MENPAI_HOSTS="testserver", DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing")
    alive = run("-c", ASK.format("/healthz/"), env=nobody_there)
    ready = run("-c", ASK.format("/readyz/"), env=nobody_there)
    assert alive.stdout == '200 {"status": "ok"}\n'
    assert ready.stdout == '503 {"status": "fail", "database": "no answer"}\n'


def test_a_probe_is_never_answered_from_a_cache(client):
    assert "no-store" in client.get("/healthz/")["Cache-Control"]
