"""The database is gone, the disk is full: pages that were open stay readable, forms keep what was typed, nothing is half-written, and all is well again by itself.

    python -m drills.starved
"""

import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from contextlib import closing
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path

from drills.ledger import Line, report
from tests.running import Postgres, Running, Stage, fill, give_up_after, site_environment

GUIDES = ("yibao-001", "minzheng-005", "yibao-002", "minzheng-001")
VILLAGE = "640205102006"
TOGETHER = 12  # forms in one fault
QUIET_VILLAGES = f"""SELECT code FROM guides_area a WHERE level = 'community'
    AND NOT EXISTS (SELECT 1 FROM helpdesk_helprequest r WHERE r.area_id = a.code) ORDER BY code LIMIT {TOGETHER}"""
WRITTEN = "SELECT count(*) FROM helpdesk_helprequest WHERE area_id = '{}'"
WHOLE = "SELECT count(*) FROM helpdesk_helprequest r JOIN helpdesk_event e ON e.request_id = r.id AND e.kind = 'submitted' WHERE area_id = '{}'"
PATIENCE = 40  # seconds until a site must be well again without a hand
SMALL = 400 * 1024 * 1024  # bytes of the disk that is filled up


class Browser:
    """A phone: cookies, a form's token, and what the last page said."""

    def __init__(self, site: Running):
        self.site = site
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.opener.addheaders = [("User-Agent", "Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 MicroMessenger/7.0")]

    def open(self, path: str, fields: dict | None = None) -> tuple[int, str]:
        """Status and page; a connection that breaks is status 0."""
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        try:
            with self.opener.open(self.site.url + path, data, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def form(self, number: int, village: str) -> dict:
        """The help form, filled in; taken while the site is well. Each from another village, by which its row is found again."""
        _, page = self.open("/help/new/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        return {
            "csrfmiddlewaretoken": token, "submission_key": str(uuid.uuid4()), "name": f"王阿姨{number}", "phone": f"138{number:08}",
            "note": "腿脚不便，\n上午在家", "area": village, "consent": "on",
        }  # fmt: skip


def resent(page: str) -> dict:
    """What the button 再发一次 of the page sends."""
    return {name: unescape(value) for name, value in re.findall(r'<textarea name="([^"]*)" hidden>\n(.*?)</textarea>', page, re.DOTALL)}


def is_kept(page: str, form: dict) -> bool:
    return resent(page) == form and "再发一次" in page


def starve(name: str, stage: Stage, site: Running, take_away, give_back, ask) -> list[Line]:
    """One fault: what was read before, what is typed during it, and what becomes of that afterwards. `ask` puts a question to the database in SQL."""
    browser = Browser(stage.nginx([site.port], tls=False))  # as residents come, through the shipped configuration and its cache
    read = [f"/c/{VILLAGE}/guides/{slug}/" for slug in GUIDES]
    for path in read:
        browser.open(path)
    forms = [browser.form(number, village) for number, village in enumerate(ask(QUIET_VILLAGES).split())]
    take_away()
    answers = [browser.open("/help/new/", form) for form in forms]
    readable = [browser.open(path)[0] for path in read * 3]
    taken = [status in (200, 302) and "再发一次" not in page for status, page in answers]
    refused = [(form, page) for (status, page), form, is_taken in zip(answers, forms, taken, strict=True) if not is_taken]
    kept = [is_kept(page, form) for form, page in refused]
    give_back()
    well_after = _until_well(browser, Browser(site))
    half = [form for form, _ in refused if ask(WRITTEN.format(form["area"])) != "0"]
    for form, page in refused:
        browser.open("/help/new/", resent(page) if is_kept(page, form) else form)
    once = [ask(WHOLE.format(form["area"])) == ask(WRITTEN.format(form["area"])) == "1" for form in forms]
    note = f"well again {well_after:.1f} s after, by itself" if well_after < PATIENCE else "NOT well again by itself"
    return [
        Line(f"{name}: guides that were open are still read", len(readable), readable.count(200), len(readable) - readable.count(200)),
        Line(f"{name}: a form that is not taken gets a page with all that was typed", len(kept), sum(kept), len(kept) - sum(kept), note="" if kept else "all were taken"),
        Line(f"{name}: nothing of a refused form is written", len(refused), len(refused) - len(half), len(half)),
        Line(f"{name}: sent again from that page, each is there once", len(once), sum(once), len(once) - sum(once), note=note),
        Line(f"{name}: recovery without a hand", 1, int(well_after < PATIENCE), int(well_after >= PATIENCE)),
    ]


def _until_well(browser: Browser, probe: Browser) -> float:
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        if probe.open("/readyz/")[0] == 200 and browser.open("/help/new/")[0] == 200:
            return time.monotonic() - started
        time.sleep(0.2)
    return PATIENCE


class SmallDisk:
    """A file system of its own that can be filled to the last byte. Needs the right to mount; without it `available` is False."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.available = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=755", "tmpfs", folder], capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        with (self.folder / "ballast").open("wb") as ballast:
            try:
                while True:
                    ballast.write(bytes(64 * 1024))
                    ballast.flush()
            except OSError:
                return

    def empty(self) -> None:
        (self.folder / "ballast").unlink()

    def close(self) -> None:
        if self.available:
            subprocess.run(["umount", "-l", self.folder], check=False)


def database_gone(home: Path) -> list[Line]:
    with Stage(home) as stage:
        database = stage.postgres()
        site = _site(stage, database)
        return starve("PostgreSQL gone", stage, site, database.kill, database.start, lambda question: database.sql(question, "menpai"))


def database_disk_full(home: Path) -> list[Line]:
    disk = SmallDisk(home)
    if not disk.available:
        return [Line("PostgreSQL's disk full: no right to mount a small disk here", 0, 0, 0, note="run it as root")]
    try:
        with Stage(home) as stage:
            database = stage.postgres(settings={"max_wal_size": "64MB", "wal_keep_size": "0"})
            var = Path(tempfile.mkdtemp(prefix="menpai-drill-var-"))
            site = _site(stage, database, var)

            def give_back() -> None:
                disk.empty()
                if not database.running.is_alive:  # it ends itself when its journal finds no room; a supervisor starts it again
                    database.start()

            lines = starve("PostgreSQL's disk full", stage, site, disk.fill, give_back, lambda question: database.sql(question, "menpai"))
            shutil.rmtree(var, ignore_errors=True)
            return lines
    finally:
        disk.close()


def site_disk_full(home: Path) -> list[Line]:
    """SQLite, photos, tables on their way in: everything of a small site on one full disk."""
    disk = SmallDisk(home)
    if not disk.available:
        return [Line("SQLite's disk full: no right to mount a small disk here", 0, 0, 0, note="run it as root")]
    try:
        with Stage(home) as stage:
            path = home / "var" / "menpai.sqlite3"
            env = site_environment(home / "var", f"sqlite:///{path}", MENPAI_DEMO="1", TMPDIR=str(home))
            fill(stage, env)
            site = stage.gunicorn(env=env)
            return starve("SQLite's disk full", stage, site, disk.fill, disk.empty, lambda question: _ask_sqlite(path, question))
    finally:
        disk.close()


def _site(stage: Stage, database: Postgres, var: Path | None = None) -> Running:
    database.sql("CREATE DATABASE menpai")
    env = site_environment(var or stage.home / "var", database.url("menpai"), MENPAI_DEMO="1")
    fill(stage, env)
    return stage.gunicorn(env=env)


def _ask_sqlite(path: Path, question: str) -> str:
    """The answer as psql would print it: a line for each row."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        return "\n".join(str(row[0]) for row in reader.execute(question))


PARTS = (database_gone, database_disk_full, site_disk_full)


def main() -> int:
    lost = 0
    for part in PARTS:
        give_up_after(240)
        home = Path(tempfile.mkdtemp(prefix="menpai-drill-"))
        try:
            lost += report(f"starved: {part.__name__.replace('_', ' ')}", part(home))
        finally:
            shutil.rmtree(home, ignore_errors=True)
    return min(lost, 1)


if __name__ == "__main__":
    sys.exit(main())
