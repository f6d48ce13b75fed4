"""Two web machines behind the shipped nginx: one is stopped as for an upgrade, later one loses its power. No page fails, no form is worked twice, and who
signed in, and who has tried too often, stays so on the other machine.

    .venv/bin/python -m drills.two_machines
"""

import http.client
import shutil
import sys
import tempfile
import time
from pathlib import Path

from drills.failover import PAGES, shown, until
from drills.ledger import Line, report
from drills.residents import TOKEN, Crowd, form, send
from tests.running import Running, Stage, fill, give_up_after, left_out, site_environment

PASSWORD = "two-machines-2026"
SEEN = 60  # pages that are read in each state of the machines


def machines_come_and_go(stage: Stage, env: dict, one: Running, other: Running, front: Running, postgres) -> list[Line]:
    ports, tried_often = {"one": one.port, "other": other.port}, often(postgres)
    with Crowd(front.port, asking=3, reading=4, paths=PAGES) as crowd:
        reach(crowd)
        with left_out(front, other):  # as an upgrade does
            other.stop()
            reach(crowd)
            other = stage.gunicorn("other-again", env=env, port=ports["other"])
        reach(crowd)
        until_stopped = list(crowd.asked)
        one.kill()  # as a power cut does, with whatever it had in hand
        reach(crowd)
        one = stage.gunicorn("one-again", env=env, port=ports["one"])
        reach(crowd)
    one.kill()
    other.kill()
    status, _, page = form(front.port, "/help/new/", resident(99), source="127.77.0.9")
    is_told = status == 502 and "您填的都在，再提交一次" in page.decode(errors="replace")
    failed = crowd.failed_pages()
    there = set(postgres.sql("SELECT reference FROM helpdesk_helprequest", "menpai").split())
    promised, unanswered = crowd.promised(), [asked for asked in crowd.asked if not asked.is_promised]
    missing = [number for number in promised if number not in there]
    # Each resident asked once, from an address of their own: a counter above one would be a form that nginx sent to a second machine.
    twice, refused = often(postgres) - tried_often, [asked for asked in until_stopped if not asked.is_promised]
    statuses = sorted({asked.status for asked in unanswered})
    note = f"{len(unanswered)} that the killed machine had in hand got no number ({statuses}: the page says to send again, and the form's key keeps it single)" if unanswered else ""
    return [
        Line("one of two web machines stopped, then one killed: pages", len(crowd.pages), len(crowd.pages) - len(failed), len(failed), 0, shown(failed)[2:]),
        Line("  forms sent while the first was stopped", len(until_stopped), len(until_stopped) - len(refused), len(refused), 0, f"{[asked.status for asked in refused]}" if refused else ""),
        Line("  requests with a number", len(promised), len(promised) - len(missing), len(missing), 0, note),
        Line("  forms that reached a second machine", len(crowd.asked), len(crowd.asked) - twice, twice),
        Line("  a form sent when both are away is answered in words", 1, is_told, not is_told),
    ]  # fmt: skip


def often(postgres) -> int:
    """Addresses from which more than one form came."""
    return int(postgres.sql("SELECT count(*) FROM menpai_attempt WHERE count > 1", "menpai"))


def reach(crowd: Crowd) -> None:
    now = time.monotonic()
    until(lambda: sum(page[2] > now for page in crowd.pages) >= SEEN, 90)


def sign_in(port: int, name: str, password: str, source: str) -> tuple[int, http.client.HTTPMessage]:
    status, headers, _ = form(port, "/desk/login/", {"username": name, "password": password}, source=source)
    return status, headers


def state_is_shared(one: Running, other: Running) -> list[Line]:
    """What one machine knows of a visitor, the other knows too."""
    held = []
    status, headers = sign_in(one.port, "zhuli", PASSWORD, "127.77.0.1")
    session = next((value.split("=", 1)[1].split(";")[0] for name, value in headers.items() if name == "Set-Cookie" and value.startswith("sessionid=")), "")
    held.append(("session", status == 302 and bool(session) and send(other.port, "GET", "/desk/", cookies={"sessionid": session})[0] == 200))
    ports = [one.port, other.port]
    for turn in range(5):
        sign_in(ports[turn % 2], "zhuli2", "wrong-password-of-somebody", "127.77.0.2")
    locked = [sign_in(port, "zhuli2", PASSWORD, "127.77.0.2")[0] for port in ports]
    held.append(("lock after five wrong passwords", all(status == 429 for status in locked)))
    held.append(("no lock for the owner elsewhere", sign_in(one.port, "zhuli2", PASSWORD, "127.77.0.3")[0] == 302))
    statuses = [form(ports[turn % 2], "/help/new/", resident(turn), source="127.77.0.4")[0] for turn in range(32)]
    held.append(("limit of thirty forms an hour", statuses.count(302) == 30 and statuses[30:] == [200, 200]))
    lost = [name for name, is_held in held if not is_held]
    return [Line("state shared by the machines: session, lock, limit", len(held), len(held) - len(lost), len(lost), 0, "、".join(lost) and f"not held: {lost} {locked} {statuses}")]


def resident(turn: int) -> dict:
    return {"name": "演练", "phone": f"139{turn:08}", "consent": "on", "kind": "advice", "submission_key": f"00000000-0000-4000-8000-{turn:012}", "csrf": TOKEN}


def main() -> int:
    give_up_after(600)
    home = Path(tempfile.mkdtemp(prefix="menpai-machines-"))
    try:
        with Stage(home) as stage:
            postgres = stage.postgres()
            postgres.sql("CREATE DATABASE menpai")
            env = site_environment(home / "var", postgres.url("menpai"), MENPAI_DEMO="1", MENPAI_DEMO_PASSWORD=PASSWORD)
            fill(stage, env)
            behind = env | {"MENPAI_TRUSTED_PROXIES": "127.0.0.1"}
            one, other = stage.gunicorn("one", env=behind), stage.gunicorn("other", env=behind)
            lines = state_is_shared(one, other)
            front = stage.nginx([one.port, other.port], tls=False)
            return report("two_machines", machines_come_and_go(stage, behind, one, other, front, postgres) + lines)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
