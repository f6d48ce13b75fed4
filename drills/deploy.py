"""A deploy in the middle of the day, under traffic: the schema first, then new code beside old on it, then the old told to stop. No page fails, nothing is lost.

    .venv/bin/python -m drills.deploy [--seed 7] [--old COMMIT]

Old is the commit before the newest migration (or --old), taken out of git into a folder. Both stand behind nginx with the shipped configuration.
"""

import argparse
import io
import random
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path

import urllib3

from drills.fleet import own_site
from drills.ledger import Line, report, say
from drills.outside import Gateway
from drills.traffic import Journal, Load, Site, everybody
from tests.running import ROOT, Running, Stage, fill, free_port, give_up_after, left_out, wait_for

MIGRATIONS = ("guides/migrations", "doorplates/migrations", "helpdesk/migrations", "menpai/migrations")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def before_migrations() -> list[str]:
    """The commits on this line whose successor brought a migration, newest first."""
    brought = git("log", "-8", "--first-parent", "--diff-filter=A", "--format=%H", "--", *(f"{folder}/0*.py" for folder in MIGRATIONS)).split()
    return [git("rev-parse", f"{commit}^1") for commit in brought]


def take_out(commit: str, folder: Path) -> None:
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


class Deploy:
    """Old and new code on one database, behind one nginx that knows both ports."""

    def __init__(self, stage: Stage, gateway: Gateway, commits: list[str]):
        self.stage = stage
        self.ports = {"old": free_port(), "new": free_port()}
        self.nginx = stage.nginx(self.ports.values())
        self.address = f"https://127.0.0.1:{self.nginx.port}"
        self.fleet = own_site(
            stage, gateway, MENPAI_HTTPS="1", MENPAI_SITE_URL="https://127.0.0.1", MENPAI_TRUSTED_ORIGINS=self.address, MENPAI_TRUSTED_PROXIES="127.0.0.1"
        )
        self.commit = next((commit for commit in commits if self._stands(commit)), "")
        if not self.commit:
            sys.exit(f"none of these commits can be run as the old code: {commits}")

    def _stands(self, commit: str) -> bool:
        """Takes it out of git; whether its migrations are in one line, which in the middle of a merge they were not."""
        self.old_code = self.stage.home / f"old-{commit[:9]}"
        self.old_code.mkdir()
        take_out(commit, self.old_code)
        whole = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
        return subprocess.run(whole, cwd=self.old_code, env=self.fleet.env, capture_output=True, check=False).returncode == 0

    def web(self, which: str) -> Running:
        where = {"cwd": self.old_code} if which == "old" else {}
        command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "-c", "deploy/gunicorn.conf.py", "menpai.wsgi:application"]
        port = self.ports[which]
        one = self.stage.start(f"web-{which}", command, env=self.env(which) | {"PORT": str(port), "BIND": "127.0.0.1"}, port=port, **where)
        wait_for(one, f"{one.url}/healthz/")
        return one

    def env(self, which: str) -> dict[str, str]:
        """Each code has static files of its own, as each image has."""
        return self.fleet.env | {"MENPAI_VAR": str(self.stage.home / f"site-{which}")}

    def prepare_old(self) -> None:
        """The site as it was filled by the old code."""
        (self.stage.home / "site-old" / "static").mkdir(parents=True)
        (self.stage.home / "site-new" / "static").mkdir(parents=True)
        done = subprocess.run([sys.executable, "scripts/prepare.py"], cwd=self.old_code, env=self.env("old") | {"PORT": str(free_port())}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the old code did not fill the site:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")


def run(home: Path, *, seed: int, commits: list[str], seconds: float) -> list[Line]:
    marks: list[tuple[str, float]] = []
    with Stage(home) as stage, Gateway() as gateway:
        deploy = Deploy(stage, gateway, commits)
        deploy.prepare_old()
        old = deploy.web("old")
        found = deploy.fleet.ask("people", "3")
        site = Site(deploy.address, found["plates"], found["guides"], found["helpers"], deploy.fleet.env["DRILL_PASSWORD"], verify=False)
        journal = Journal("old alone")
        with Load(journal, everybody(site, journal, seed, residents=2, readers=1), pause=0.05):
            time.sleep(seconds / 3)
            journal.phase = "old code on the new schema"
            fill(stage, deploy.env("new"))  # migrate and static files, as the image does before it serves
            time.sleep(seconds / 3)
            journal.phase = "old and new side by side"
            new = deploy.web("new")
            time.sleep(seconds)
            journal.phase = "old taken out of nginx, then told to stop"
            with left_out(deploy.nginx, old):  # first no new visitor comes there: what is asked of a process that stops and is not picked up any more is cut
                old.stop(seconds=60)
                marks.append(("old", old.process.returncode))
                time.sleep(seconds / 2)
                journal.phase = "new restarted by HUP"
                new.process.send_signal(signal.SIGHUP)
                time.sleep(seconds)
                journal.phase = "new alone"
        deploy.fleet.web = new
        compared = deploy.fleet.compare(journal, home / "journal.json")
    return lines_of(compared, journal, marks, deploy.commit)


def lines_of(found: dict, journal: Journal, marks: list, commit: str) -> list[Line]:
    answers = sum(count for name, count in journal.counts.items() if name.startswith("tried")) + len(journal.of("scan tried"))
    failed = journal.counts["no answer"] + sum(count for name, count in journal.counts.items() if name.startswith("answered 5")) + len(journal.wrong)
    faults = {name: count for name, count in journal.counts.items() if name.startswith("answered 5") or name == "no answer"}
    worst = [text for text, _ in Counter([*journal.wrong, *journal.faults]).most_common(3)]
    note = f"old code is {commit[:9]}, it ended with {marks[0][1]}; {faults or 'no fault page, no cut line'}{': ' + '; '.join(worst) if worst else ''}"
    lines = [Line("deploy at noon: pages and forms answered, behind nginx with both", answers, answers - failed, failed, note=note)]
    for phase in dict.fromkeys(one["phase"] for one in journal.items):
        tried = sum(count for key, count in found["tried"].items() if key.startswith(f"{phase}|"))
        bad = [*(row for key, rows in found["missing"].items() if key.startswith(f"{phase}|") for row in rows),
               *(row for key, rows in found["twice"].items() if key.startswith(f"{phase}|") for row in rows)]  # fmt: skip
        if tried:
            lines.append(Line(f"deploy, {phase}: what was acknowledged is there, once", tried, tried - len(bad), len(bad), note=bad[0] if bad else ""))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--old", default="")
    parser.add_argument("--seconds", type=float, default=15, help="of each step")
    chosen = parser.parse_args()
    commits = [git("rev-parse", chosen.old)] if chosen.old else before_migrations()
    say(f"deploy: seed {chosen.seed}\n")
    give_up_after(600)
    urllib3.disable_warnings()  # the certificate of a front on loopback names nobody
    with tempfile.TemporaryDirectory(prefix="menpai-deploy-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        lines = run(Path(home) / "stage", seed=chosen.seed, commits=commits, seconds=chosen.seconds)
    sys.exit(bool(report("deploy", lines)))


if __name__ == "__main__":
    main()
