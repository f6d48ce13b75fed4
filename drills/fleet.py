"""All processes of one machine, as an operator starts them, that can be killed and started again: web, two notification workers, the minute's jobs, the database."""

import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from drills.outside import Gateway
from drills.traffic import Site
from tests.running import ROOT, NotUp, Postgres, Running, Stage, fill, free_port, site_environment, wait_for

LEASE = 6  # seconds; no gateway here takes longer than that for one message
ASK = "UPDATE helpdesk_notification SET created_at = {earlier_created}, not_before = {earlier_due} WHERE state = 'pending' AND attempts = 0 AND created_at > {limit}"
OLDER = {
    "postgres": ASK.format(earlier_created="created_at - interval '10 min'", earlier_due="not_before - interval '10 min'", limit="now() - interval '5 min'"),
    "sqlite": ASK.format(
        earlier_created="datetime(created_at, '-10 minutes')", earlier_due="datetime(not_before, '-10 minutes')", limit="datetime('now', '-5 minutes')"
    ),
}


class Fleet:
    """The processes of a site whose environment is `env`; `own_site` makes one with a database of its own."""

    def __init__(self, stage: Stage, gateway: Gateway, *, env: dict[str, str], postgres: Postgres | None = None, lease: int = LEASE):
        self.stage, self.gateway, self.env, self.postgres, self.lease = stage, gateway, env, postgres, lease
        self.web_port, self.lock = free_port(), threading.Lock()
        self.web: Running | None = None
        self.workers: list[Running] = []
        self.minute: Running | None = None
        self.minute_ends: list[int] = []
        self.minute_at_once, self.is_ending = False, threading.Event()
        self.keepers: list[threading.Thread] = []

    def fill(self, *, helpers: int = 4) -> Site:
        fill(self.stage, self.env)
        found = self.ask("people", str(helpers))
        return Site(f"http://127.0.0.1:{self.web_port}", found["plates"], found["guides"], found["helpers"], self.env["DRILL_PASSWORD"])

    def ask(self, *arguments: str) -> dict:
        """What drills.compare says, in a process with the site's environment."""
        done = subprocess.run([sys.executable, "-m", "drills.compare", *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise NotUp(f"drills.compare {arguments[0]} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return json.loads(done.stdout)

    # Starting. Each name of a log stays, so that a second life writes behind the first.

    def start(self, *, minute: bool = True, older: bool = True) -> None:
        """Everything but the database, which runs already. Without `older`, what is told waits its two minutes as in life."""
        self.start_web()
        self.workers = [self.start_worker(number) for number in range(2)]
        if minute:
            self.start_minute()
            self._begin(self._keep_the_minute)
        if older:
            self.grow_older()

    def grow_older(self) -> None:
        self._begin(self._grow_older)

    def _begin(self, work) -> None:
        self.keepers.append(threading.Thread(target=work, daemon=True))
        self.keepers[-1].start()

    def start_web(self) -> None:
        self.web = self.stage.gunicorn(env=self.env, port=self.web_port)

    def start_worker(self, number: int) -> Running:
        command = [sys.executable, "manage.py", "send_notifications", "--poll", "0.3", "--lease", self.lease]
        return self.stage.start(f"worker{number}", command, env=self.env)

    def start_minute(self) -> None:
        """One run of what is done every minute, here every 15 seconds; the next begins at once while it is what is killed (`minute_at_once`)."""
        self.minute_since = time.monotonic()
        self.minute = self.stage.start("minute", [sys.executable, "manage.py", "every_minute"], env=self.env)

    def _keep_the_minute(self) -> None:
        while not self.is_ending.wait(0.5):
            with self.lock:
                if not self.minute.is_alive and (self.minute_at_once or time.monotonic() > self.minute_since + 15):
                    self.minute_ends.append(self.minute.process.returncode)
                    self.start_minute()

    def _grow_older(self) -> None:
        """What waits two minutes for more to go along with it is made ten minutes older, so that a drill sees it sent."""
        while not self.is_ending.wait(0.7):
            try:
                if self.postgres:
                    self.postgres.sql(OLDER["postgres"], "menpai")
                else:
                    with sqlite3.connect(self.env["DATABASE_URL"].removeprefix("sqlite:///"), timeout=5) as connection:
                        connection.execute(OLDER["sqlite"])
            except (subprocess.CalledProcessError, sqlite3.Error):
                continue  # the database is just being killed

    # Killing

    def kill(self, target: str, rng: random.Random) -> None:
        """SIGKILL, and whatever starts it again in production does so: gunicorn its worker, systemd everything else. Returns when it is up."""
        if target == "web worker":
            if pids := self.web.children():
                os.kill(rng.choice(pids), signal.SIGKILL)
        elif target == "web":
            self.web.kill()
            self.start_web()
        elif target == "notification worker":
            number = rng.randrange(len(self.workers))
            self.workers[number].kill()
            self.workers[number] = self.start_worker(number)
        elif target == "every_minute":
            with self.lock:
                self.minute.kill()
                self.start_minute()
        elif target == "PostgreSQL":
            self.postgres.kill()
            self.postgres.start()
        else:
            raise ValueError(target)
        wait_for(self.web, self.web.url + "/healthz/")

    def settle(self, *, seconds: float = 45) -> dict:
        """Until nothing more is to be told; what is still on its way when the time is over."""
        deadline = time.monotonic() + seconds
        left = self.ask("state")
        while left and time.monotonic() < deadline:
            time.sleep(0.5)
            left = self.ask("state")
        return left

    def end(self) -> list[int]:
        """Everything but the database told to stop, as at a shutdown; the exit codes of the workers."""
        self.is_ending.set()
        for keeper in self.keepers:
            keeper.join(30)
        for one in (*self.workers, self.minute, self.web):
            if one:
                one.stop()
        return [one.process.returncode for one in self.workers]

    def compare(self, journal, path: Path) -> dict:
        """The last minute's jobs are run once more, then the journal is held against the database."""
        self.stage.manage("every_minute", env=self.env)
        path.write_text(json.dumps({"items": journal.items, "delivered": self.gateway.delivered}, ensure_ascii=False), encoding="utf-8")
        return self.ask("journal", str(path))


def own_site(stage: Stage, gateway: Gateway, *, database: str = "postgres", lease: int = LEASE, **changes: str) -> Fleet:
    """An empty site below the stage's home with a database of its own, "postgres" or "sqlite"; `changes` go into its environment."""
    postgres = stage.postgres() if database == "postgres" else None
    if postgres:
        postgres.sql("CREATE DATABASE menpai")
    address, password = postgres.url("menpai") if postgres else f"sqlite:///{stage.home / 'site' / 'menpai.sqlite3'}", secrets.token_urlsafe(12)
    usual = {
        "MENPAI_DEMO": "1", "MENPAI_DEMO_PASSWORD": password, "DRILL_PASSWORD": password, "MENPAI_SMS_URL": gateway.url, "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    return Fleet(stage, gateway, env=site_environment(stage.home / "site", address, **(usual | changes)), postgres=postgres, lease=lease)
