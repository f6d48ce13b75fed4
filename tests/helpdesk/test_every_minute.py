"""The jobs of each minute: all are tried, a failing one is told and holds up nobody; the loop ends with whoever started it."""

import os
import signal
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from helpdesk.management.commands import every_minute


@pytest.fixture
def called(monkeypatch, db) -> list[str]:
    """The jobs that ran; the one named broken fails."""
    names = []

    def run(name, **options):
        names.append(name)
        if name == "broken":
            raise RuntimeError("no")

    monkeypatch.setattr(every_minute, "call_command", run)
    return names


def test_each_job_is_run(called):
    call_command("every_minute", stdout=StringIO())
    assert called == list(every_minute.JOBS)


def test_a_job_that_fails_is_told_and_the_next_ones_run(called, monkeypatch):
    monkeypatch.setattr(every_minute, "JOBS", ("broken", "tell_wishers"))
    with pytest.raises(CommandError, match="broken"):
        call_command("every_minute", stdout=StringIO())
    assert called == ["broken", "tell_wishers"]


@pytest.mark.django_db
def test_the_jobs_exist_and_find_nothing_to_do():
    out = StringIO()
    call_command("every_minute", stdout=out)
    assert "0 位居民" in out.getvalue()


@pytest.fixture
def environment(tmp_path):
    """An empty site of its own for a process of its own."""
    keys = subprocess.run([sys.executable, "scripts/local_env.py"], capture_output=True, text=True, check=True).stdout
    lines = [line for line in keys.splitlines() if "=" in line and not line.startswith("#")]
    own = {k: v.strip("'\"") for k, _, v in (line.partition("=") for line in lines)}
    clean = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "MENPAI_VAR")}
    return clean | own | {"MENPAI_VAR": str(tmp_path), "MENPAI_HTTPS": "0"}


@pytest.mark.parametrize("who", ["the loop", "the site beside it"])
def test_the_loop_ends_on_a_signal_and_with_the_site_beside_it(environment, who):
    with subprocess.Popen(["sleep", "600"]) as site:
        command = [sys.executable, "manage.py", "every_minute", "--loop", "--beside", str(site.pid)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as loop:
            assert loop.poll() is None
            if who == "the loop":
                loop.terminate()
            else:
                site.kill()
                site.wait()
            assert loop.wait(timeout=60) in (0, -signal.SIGTERM)  # the signal may come before Python listens for it
        site.kill()
