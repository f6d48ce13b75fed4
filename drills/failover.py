"""A primary with a streaming replica. The replica dies and nobody notices; the primary dies, residents go on reading, the replica is promoted, and of what
was acknowledged with a number this much is gone: with asynchronous commit what the line still held, with synchronous commit nothing.

    .venv/bin/python -m drills.failover

The site names both servers in one DATABASE_URL (target_session_attrs=read-write), so nothing is restarted and nothing is set by hand but the promotion.
"""

import select
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from drills.ledger import Line, report, say
from drills.residents import Crowd, address, form, send
from tests.running import Postgres, Stage, fill, give_up_after, site_environment

PAGES = ["/?n={}", "/guides/?n={}", "/guides/yibao-001/?n={}", "/c/640205102006/?n={}"]  # each asked for in its own words, so that no cache answers
HELD = 1.5  # seconds during which the line between the two carries nothing before the primary dies
WRITERS = 8
SLACK = 1.0  # an answer is written down a moment after the commit that it tells of


class Wire:
    """The line from the replica to the primary: carries, holds, or is cut, as lines between two machine rooms do."""

    def __init__(self, port: int):
        self.target, self.listener = port, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.carries, self.lines = threading.Event(), []
        self.carries.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        self.carries.clear()

    def cut(self) -> None:
        """What was under way is lost."""
        self.listener.close()
        for line in self.lines:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.lines += [near, far]
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        try:
            while True:
                ready, _, _ = select.select([near, far], [], [], 0.2)
                for one in ready:
                    self.carries.wait()
                    data = one.recv(65536)
                    if not data:
                        return
                    (far if one is near else near).sendall(data)
        except (OSError, ValueError):
            return
        finally:
            near.close()
            far.close()


def both(primary: Postgres, second: Postgres) -> str:
    """Whichever of the two takes writes."""
    return f"postgres://postgres@/menpai?host=127.0.0.1,127.0.0.1&port={primary.port},{second.port}&target_session_attrs=read-write&connect_timeout=2"


def pair(origin: Postgres, name: str, commit: str) -> tuple[Postgres, Postgres, Wire]:
    """A primary with the site in it and a replica that follows it over a wire."""
    primary = origin.replica(f"primary-{name}")
    primary.promote()
    second = primary.replica(f"second-{name}")
    wire = Wire(primary.port)
    second.sql(f"ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port={wire.port} user=postgres application_name=second'")
    second.sql("SELECT pg_reload_conf()")
    until(lambda: primary.sql("SELECT count(*) FROM pg_stat_replication WHERE application_name = 'second' AND state = 'streaming' AND client_port <> 0") == "1")
    if commit != "local":
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'second'")
        primary.sql(f"ALTER SYSTEM SET synchronous_commit = '{commit}'")
        primary.sql("SELECT pg_reload_conf()")
        until(lambda: primary.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1")
    return primary, second, wire


def until(is_so, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("what the drill waited for did not come about")
        time.sleep(0.05)


def site(stage: Stage, base: dict, name: str, primary: Postgres, second: Postgres):
    env = base | {"DATABASE_URL": both(primary, second), "DATABASE_REPLICA_URL": second.url("menpai") + "?connect_timeout=2"}
    return stage.gunicorn(f"web-{name}", env=env)


def fail_over(stage: Stage, base: dict, origin: Postgres, *, name: str, commit: str, is_held: bool) -> list[Line]:
    primary, second, wire = pair(origin, name, commit)
    web = site(stage, base, name, primary, second)
    with Crowd(web.port, asking=4, reading=2, paths=PAGES) as crowd:
        until(lambda: len(crowd.promised()) >= 40)
        if is_held:
            wire.hold()
            time.sleep(HELD)
        primary.kill()
        died = time.monotonic()
        wire.cut()
        time.sleep(1.5)  # nobody has noticed yet
        second.promote()
        promoted = time.monotonic()
        until(lambda: any(one.at > promoted for one in crowd.promised().values()))
        again = min(one.at for one in crowd.promised().values() if one.at > promoted)
        time.sleep(2)
    web.kill()
    there = set(second.sql("SELECT reference FROM helpdesk_helprequest", "menpai").split())
    second.kill()
    promised = crowd.promised()
    lost = [one for number, one in promised.items() if number not in there]
    oldest = max((died - one.at for one in lost), default=0.0)
    line = "the line between them held its breath" if is_held else "the line was free"
    how = "asynchronous" if commit == "local" else "synchronous"
    allowed = sum(died - HELD - SLACK <= one.at for one in promised.values() if one.at <= died) if commit == "local" and is_held else 0
    if commit == "local" and not is_held:
        allowed = sum(died - SLACK <= one.at <= died + SLACK for one in promised.values())
    bound = "bound: what was acknowledged while the replica lagged" if commit == "local" else "bound: nothing"
    note = f"{bound}; the oldest lost was {oldest:.1f} s old; forms were taken again {again - promoted:.1f} s after the promotion, without a restart"
    during = [page for page in crowd.pages if page[2] >= died]
    failed = crowd.failed_pages()
    away = sum(page[2] < promoted for page in during)
    return [
        Line(f"primary killed, replica promoted, {how}; {line}: requests with a number", len(promised), len(promised) - len(lost), len(lost), allowed, note),
        Line("  pages read before, during and after it", len(crowd.pages), len(crowd.pages) - len(failed), len(failed), 0, f"{away} of them while there was no primary at all{shown(failed)}"),
    ]  # fmt: skip


def replica_dies(stage: Stage, base: dict, origin: Postgres) -> list[Line]:
    """The replica is killed under readers and started again; nobody sees anything, and reads go back to it by themselves."""
    primary, second, wire = pair(origin, "reads", "local")
    web = site(stage, base, "reads", primary, second)
    with Crowd(web.port, asking=1, reading=4, paths=PAGES) as crowd:
        until(lambda: len(crowd.pages) >= 60)
        wire.hold()
        own = own_writes(web.port)
        wire.carries.set()
        asked = reads_of(second)
        second.kill()
        died = time.monotonic()
        until(lambda: sum(page[2] > died for page in crowd.pages) >= 60)
        second.start()
        time.sleep(6)
        until(lambda: reads_of(second) > 0, 20)
    web.kill()
    failed = crowd.failed_pages()
    primary.kill()
    second.kill()
    note = f"the replica had answered {asked} queries before, and is asked again by itself{shown(failed)}"
    return [own, Line("replica killed and started again under readers: pages", len(crowd.pages), len(crowd.pages) - len(failed), len(failed), 0, note)]


def own_writes(port: int) -> Line:
    """While the replica lags: each resident says that a page is wrong and reads the answer's page at once; how many others did not see those yet."""
    seen = unknown = 0
    for number in range(WRITERS):
        source = address(900_000 + number)
        status, headers, _ = form(port, "/guides/yibao-001/wrong/", {"part": "phone", "text": ""}, source=source)
        cookies = dict(value.split(";")[0].split("=", 1) for name, value in headers.items() if name == "Set-Cookie")
        own = headers.get("Location", "/").partition("?")[0]
        seen += status == 302 and send(port, "GET", own, source=source, cookies=cookies)[0] == 200
        unknown += send(port, "GET", own, source=address(910_000 + number))[0] == 404
    note = f"the replica lagged: without the mark of a writer {unknown} of {WRITERS} were not there yet"
    return Line("the replica lags: whoever has just written reads what they wrote", WRITERS, seen, WRITERS - seen, 0, note)


def reads_of(server: Postgres) -> int:
    """Rows that clients have read there: each page reads some."""
    return int(server.sql("SELECT tup_fetched FROM pg_stat_database WHERE datname = 'menpai'"))


def shown(failed: list) -> str:
    return f"; failed: {sorted({(path, status) for path, status, _ in failed})}" if failed else ""


def main() -> int:
    give_up_after(600)
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="menpai-failover-"))
    try:
        with Stage(home) as stage:
            origin = stage.postgres("origin")
            origin.sql("CREATE DATABASE menpai")
            base = site_environment(home / "var", origin.url("menpai"), MENPAI_DEMO="1")
            fill(stage, base)
            say(f"  filled after {time.monotonic() - began:.0f} s\n")
            lines = replica_dies(stage, base, origin)
            for name, commit, is_held in (("async", "local", False), ("late", "local", True), ("sync", "on", True)):
                lines += fail_over(stage, base, origin, name=name, commit=commit, is_held=is_held)
                say(f"  {name} after {time.monotonic() - began:.0f} s\n")
            return report("failover", lines)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
