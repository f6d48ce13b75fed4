"""A site as compose starts it, on loopback: built by the Dockerfile's steps, code read-only, each service by its own command, one request all the way."""

import json
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.deploy.container_files import ROOT, compose, seconds
from tests.deploy.machine import Site, build, lock
from tests.helpdesk.outside import Outside
from tests.running import Postgres, Running, Stage, wait_for_port

HOST, VILLAGE = "menpai.example.cn", "640205001001"
PATIENCE = 60  # seconds; two busy cores
STAFF = f"""
from datetime import time
from django.contrib.auth import get_user_model
from guides.models import Area
from helpdesk.models import ContactCard, Posting
from menpai.roles import Role
from django.contrib.auth.models import Group
user = get_user_model().objects.create_user("zhuli")
user.groups.add(Group.objects.get(name=Role.ASSISTANT))
Posting.objects.create(user=user, area=Area.objects.get(pk="{VILLAGE}"))
ContactCard.objects.create(user=user, mobile="13900000001", quiet_from=time(0), quiet_to=time(0))
"""


@dataclass
class Whole:
    """Everything that runs: the site, its database, the world outside, and the processes by their service."""

    site: Site
    db: Postgres
    outside: Outside
    services: dict[str, Running]

    @property
    def nginx(self) -> Running:
        return self.services["nginx"]

    def get(self, path: str, *, data: dict | None = None, cookie: str = "") -> tuple[int, dict[str, str], str]:
        """Through nginx over TLS, as a visitor: status, headers, text. Redirects are not followed."""
        headers = {"Host": HOST, "Referer": f"https://{HOST}{path}", "Cookie": cookie, "Accept-Encoding": "identity"}
        return ask(f"https://127.0.0.1:{self.nginx.port}{path}", headers, data)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def ask(url: str, headers: dict[str, str], data: dict | None = None) -> tuple[int, dict[str, str], str]:
    unsigned = ssl.create_default_context()
    unsigned.check_hostname, unsigned.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=unsigned), NoRedirect())
    request = urllib.request.Request(url, headers=headers, data=urlencode(data).encode() if data else None)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def until(found: Callable[[], object], what: str):
    """Asks again and again: processes of two busy cores take their time."""
    deadline = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return value


def env_file(folder: Path) -> dict[str, str]:
    """.env as deploy/up writes it, by deploy/up itself."""
    (folder / "deploy").mkdir(parents=True)
    (folder / "bin").mkdir()
    for name in ("up", "self_signed.py"):
        shutil.copy(ROOT / "deploy" / name, folder / "deploy" / name)
    stub = folder / "bin" / "docker"
    stub.write_text(f'#!/bin/sh\n[ "$1" != run ] || exec {sys.executable} deploy/self_signed.py {HOST}\n')
    stub.chmod(0o755)
    subprocess.run([folder / "deploy" / "up", HOST], env={"PATH": f"{folder / 'bin'}:/usr/bin:/bin"}, check=True, capture_output=True)
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@pytest.fixture(scope="module")
def running():
    home = Path(tempfile.mkdtemp(prefix="menpai-deploy-"))
    try:
        with Stage(home) as stage, Outside() as outside:
            app = home / "app"
            build(app, step=lambda one: "pip install" not in one.rest)
            lock(app)
            yield start(stage, app, outside)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def start(stage: Stage, app: Path, outside: Outside) -> Whole:
    db = database(stage)
    more = {"MENPAI_SMS_URL": f"{outside.url}/sms", "MENPAI_DISTRICT": "640205000000", "MENPAI_DAILY_AT": "00:00", "MENPAI_SQL_IDS": "1"}
    env = env_file(stage.home / "operator") | more
    site = Site(stage, app, env, {"@db/": f"@127.0.0.1:{db.port}/", compose()["services"]["nginx"]["networks"]["front"]["ipv4_address"]: "127.0.0.1"})
    db.sql(f"CREATE ROLE menpai LOGIN PASSWORD '{env['POSTGRES_PASSWORD']}'")
    db.sql("CREATE DATABASE menpai OWNER menpai")
    db.sql("ALTER ROLE menpai SET log_min_duration_statement = 0")  # every statement is slow here
    migrated = site.run("migrate")
    assert migrated.returncode == 0, migrated.stderr[-3000:]
    for command in (["load_areas", "fixtures/areas-640205.csv"], ["shell", "--no-imports", "-c", STAFF]):
        done = site.run("web", "python", "manage.py", *command)
        assert done.returncode == 0, done.stderr[-3000:]
    services = {name: site.start(name) for name in ("web", "worker", "minute", "daily")}
    wait_for_port(services["web"])
    services["nginx"] = stage.nginx([services["web"].port])
    return Whole(site, db, outside, services)


def database(stage: Stage) -> Postgres:
    """PostgreSQL with the settings on compose's command line."""
    words = compose()["services"]["db"]["command"]
    assert words[0] == "postgres"
    assert set(words[1::2]) == {"-c"}
    return stage.postgres(settings=dict(word.split("=", 1) for word in words[2::2]))


def test_the_code_cannot_be_changed_by_who_serves_it(running):
    tried = running.site.run("web", "python", "-c", "open('menpai/settings.py', 'a')")
    assert "PermissionError" in tried.stderr
    made = running.site.run("web", "python", "-c", "open('var/attachments/x', 'w').close(); import os; os.remove('var/attachments/x')")
    assert made.returncode == 0, made.stderr


def test_each_service_is_well_by_its_own_probe(running):
    for name in ("web", "worker", "minute", "daily"):
        port = {"PORT": str(running.services[name].port)}
        until(lambda name=name, port=port: running.site.probe(name, **port).returncode == 0, f"{name} is not well")
    nobody = running.site.probe("web", PORT="1")
    assert nobody.returncode == 1
    assert "refused" in nobody.stderr


def test_a_page_comes_through_nginx_over_tls_and_what_is_the_operators_does_not(running):
    status, headers, page = running.get("/")
    assert status == 200
    assert "数字政务门牌" in page
    assert headers["Strict-Transport-Security"]
    sheet = re.search(r'href="(/static/css/[^"]+)"', page)[1]
    assert running.get(sheet)[0] == 200
    token = {"Host": HOST, "Authorization": f"Bearer {running.site.env['MENPAI_METRICS_TOKEN']}"}
    for path in ("/readyz/", "/metrics", "/metrics/", "/%6detrics"):
        assert ask(f"https://127.0.0.1:{running.nginx.port}{path}", token)[0] == 404, path


def test_the_site_is_ready_with_everything_around_it(running):
    def ready():
        status, _, text = ask(f"{running.services['web'].url}/readyz/", {"Host": HOST})
        assert status == 200
        return json.loads(text)["status"] == "ok"

    until(ready, "degraded for too long")


def test_a_request_is_taken_and_its_helper_is_told(running):
    status, headers, page = running.get("/help/new/")
    assert status == 200
    cookie = headers["Set-Cookie"].partition(";")[0]
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken|submission_key)" value="([^"]+)"', page))
    asked = fields | {"name": "王阿姨", "phone": "13800138000", "consent": "on", "area": VILLAGE}
    status, headers, page = running.get("/help/new/", data=asked, cookie=cookie)
    assert status == 302, page[-2000:]
    assert re.search(r"/help/\d{9}/\?new=1$", headers["Location"])
    waiting = running.db.sql("SELECT count(*) FROM helpdesk_notification WHERE kind = 'new'", "menpai")
    assert waiting == "1"
    # What comes within two minutes goes as one message: it came an hour ago.
    running.db.sql("UPDATE helpdesk_notification SET created_at = created_at - interval '1 hour', not_before = not_before - interval '1 hour'", "menpai")
    until(lambda: running.outside.sent, "the worker sent nothing")
    [sent] = running.outside.sent
    assert sent.json["phone"] == "13900000001"
    assert "王阿姨" not in sent.json["text"]
    until(lambda: running.db.sql("SELECT state FROM helpdesk_notification WHERE kind = 'new'", "menpai") == "sent", "it was not written down")


def test_the_jobs_of_the_day_ran_and_say_so(running):
    def done():
        return running.db.sql("SELECT string_agg(name, ' ' ORDER BY name) FROM menpai_jobrun WHERE day IS NOT NULL AND trouble = ''", "menpai")

    until(lambda: done() == "backup check_links clearsessions scrub_requests", "not done")


def test_metrics_add_up_over_both_processes_and_tell_of_the_request(running):
    web = running.services["web"]
    assert len(web.children()) == 2

    def figures() -> str:
        return ask(f"{web.url}/metrics", {"Authorization": f"Bearer {running.site.env['MENPAI_METRICS_TOKEN']}"})[2]

    def asked() -> int:
        found = re.search(r'menpai_http_requests_total\{method="GET",status="2xx",view="menpai\.health\.healthz"\} ([\d.]+)', figures())
        return int(float(found[1])) if found else 0

    before = asked()
    for _ in range(40):  # more than one process answers
        assert ask(f"{web.url}/healthz/", {"Host": HOST})[0] == 200
    assert asked() == before + 40
    text = until(lambda: re.search(r'menpai_help_requests_open\{state="waiting"\} 1\.0', figures()) and figures(), "the request is not told")
    for name in ("menpai_build_info{", 'revision="abc1234"', 'menpai_job_last_success_timestamp_seconds{job="scrub_requests"}', "menpai_outbox_oldest_seconds 0.0"):
        assert name in text
    for word in ("王阿姨", "13800138000", VILLAGE):
        assert word not in text


def test_every_line_that_was_logged_is_an_object_without_a_person(running):
    for name in ("web", "worker", "minute", "daily"):
        lines = [line for line in running.services[name].log.read_text().splitlines() if line.startswith("{")]
        plain = [line for line in running.services[name].log.read_text().splitlines() if re.match(r"\d{4}-\d\d-\d\d .*(INFO|WARNING|ERROR)", line)]
        assert plain == []
        for line in lines:
            found = json.loads(line)
            assert {"time", "level", "logger", "request_id", "message"} <= set(found)
            assert found["level"] != "ERROR", found
        assert "13800138000" not in running.services[name].log.read_text()


def test_the_database_names_the_request_of_a_slow_statement_without_its_values(running):
    ask(f"{running.services['web'].url}/help/482917365/?new=1", {"Host": HOST, "X-Request-ID": "trace-12345678", "X-Forwarded-Proto": "https"})
    ask(f"{running.services['web'].url}/notices/", {"Host": HOST, "X-Request-ID": "trace-12345678", "X-Forwarded-Proto": "https"})
    log = running.db.running.log
    until(lambda: "/* request_id=trace-12345678 */" in log.read_text(), "the database's log does not name it")
    assert "13800138000" not in log.read_text()


def test_told_to_stop_each_ends_within_its_grace(running):
    """The last of this file."""
    for name in ("nginx", "web", "worker", "minute", "daily"):
        one, told = running.services[name], compose()["services"][name]
        one.process.send_signal(getattr(signal, told.get("stop_signal", "SIGTERM")))
        one.process.wait(seconds(told["stop_grace_period"]))
        assert one.process.returncode == 0, f"{name}: {one.log.read_text()[-2000:]}"
    assert "Traceback" not in running.services["web"].log.read_text()
