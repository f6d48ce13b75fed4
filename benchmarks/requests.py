"""A help request sent by a resident, from the parsed form to the commit of the row with its event and its notifications, beside what this Django can do at
all (an empty view through the same middleware and gunicorn) and beside django-helpdesk's public ticket form.

    .venv/bin/python -m benchmarks.requests

Everything runs at once on one durable PostgreSQL, two web processes each; wrk sends, with a cookie and a token from the form, and every sending is somebody
else's. Afterwards every request that was answered with a number is looked for, with its event and its notifications.
"""

import http.client
import os
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.measure import figure, ratios, report, wrk
from benchmarks.peers import helpdesk_desk
from tests.running import ROOT, NotUp, Running, Stage, fill, give_up_after, site_environment

ROUNDS, SECONDS, CLIENTS = 9, 2, 8
LIMIT_OF_FLOOR, LIMIT_OF_HELPDESK = 0.15, 4
VILLAGE = "640205102006"
OURS = {
    "name": "王阿姨", "phone": "138{n}", "consent": "on", "kind": "advice", "guide": "yibao-001", "area": VILLAGE, "call_time": "any",
    "note": "想问一下要带什么材料，家里老人走不动。", "submission_key": "{uuid}",
}  # fmt: skip
THEIRS = {"title": "How do I pay {n}", "body": "What do I need to bring along? My mother cannot walk.", "priority": "3", "submitter_email": "a{n}@example.invalid"}

# Of what came in over the form: how many there are, how many lack the event, one of the notifications (the village's helpers, the resident) or the papers.
COUNTS = """
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT FROM helpdesk_event e WHERE e.request_id = r.id AND kind = 'submitted')),
  count(*) FILTER (WHERE (SELECT count(*) FROM helpdesk_notification n WHERE n.request_id = r.id) <> (SELECT count(*) + 1 FROM helpdesk_posting p WHERE p.area_id = r.area_id)),
  count(*) FILTER (WHERE NOT EXISTS (SELECT FROM helpdesk_paper p WHERE p.request_id = r.id)) FROM helpdesk_helprequest r"""


class Form:
    """A form that is sent again and again by wrk, and what was answered."""

    def __init__(self, one: Running, path: str, fields: dict[str, str], counts: Path):
        self.one, self.path, self.counts, self.sent, self.answered, self.runs = one, path, counts, 0, 0, 0
        connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)[1]
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        queue = re.search(r'<option value="(\d+)">Public', text)
        self.body = urlencode(fields | {"csrfmiddlewaretoken": token} | ({"queue": queue[1]} if queue else {}), safe="{}")

    def rate(self) -> float:
        """Good answers a second for SECONDS; any other answer ends the benchmark."""
        self.sent += 1_000_000  # where this sample's numbers begin
        self.counts.unlink(missing_ok=True)
        os.environ.update(PATH_TO=self.path, COOKIE=self.cookie, BODY=self.body, FIRST=str(self.sent), COUNTS=str(self.counts))
        began = time.monotonic()
        wrk(self.one.url + self.path, seconds=SECONDS, connections=CLIENTS, script=ROOT / "benchmarks" / "load" / "submit.lua", timeout=20)
        good, bad, *sample = self.counts.read_text().split(maxsplit=2)
        if int(bad):
            raise SystemExit(f"{bad} answers were no redirect to a number, such as: {' '.join(sample)}")
        self.answered, self.runs = self.answered + int(good), self.runs + 1
        return int(good) / (time.monotonic() - began)


def _spent_on_one(form: Form, database: Running) -> float:
    """Milliseconds of processor time for one answer, web and database together."""
    before, answered = form.one.processor_seconds() + database.processor_seconds(), form.answered
    form.rate()
    return round((form.one.processor_seconds() + database.processor_seconds() - before) / (form.answered - answered) * 1000, 1)


def clients_share(work) -> float:
    """Of the processor time that there is, what the client took while `work` ran."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / (seconds * os.cpu_count())


def people_of(env: dict[str, str]) -> None:
    """Two helpers of the village, as everywhere."""
    program = (
        "import django; django.setup()\n"
        "from django.contrib.auth import get_user_model as u; from django.contrib.auth.models import Group; from helpdesk.models import Posting\n"
        f"for n in range(2):\n    user = u().objects.create(username=f'helper{{n}}'); user.groups.add(Group.objects.get(name='帮办员')); Posting.objects.create(user=user, area_id='{VILLAGE}')"
    )
    subprocess.run([ROOT / ".venv" / "bin" / "python", "-c", program], cwd=ROOT, env=env, check=True)


def main(home: Path) -> int:
    helpdesk_desk.install()
    with Stage(home) as stage:
        postgres = stage.postgres()
        postgres.sql("CREATE DATABASE menpai")
        env = site_environment(home, postgres.url("menpai"), MENPAI_TRUSTED_PROXIES="127.0.0.1", MENPAI_DEMO="1", MENPAI_SECOND_FACTOR="1")
        fill(stage, env)
        people_of(env)
        web = stage.gunicorn(env=env)
        peer, _ = helpdesk_desk.start(stage, postgres, "helpdesk")
        ours = Form(web, "/help/new/", OURS, home / "ours")
        theirs = Form(peer, "/tickets/submit/", THEIRS, home / "theirs")
        for warm in (ours.rate, theirs.rate, lambda: wrk(web.url + "/healthz/", seconds=1)):
            warm()
        floor = ratios(ours.rate, lambda: wrk(web.url + "/healthz/", seconds=SECONDS, connections=CLIENTS), rounds=ROUNDS)
        beside = ratios(ours.rate, theirs.rate, rounds=ROUNDS)
        share = clients_share(ours.rate)
        spent = {form.one.name: _spent_on_one(form, postgres.running) for form in (ours, theirs)}
        stored, *missing = (int(part) for part in postgres.sql(COUNTS, "menpai").split("|"))
        tickets = int(postgres.sql("SELECT count(*) FROM helpdesk_ticket", "helpdesk"))
    # What was in work when wrk hung up was stored too, and answered to nobody: at most one a client and sample.
    unanswered, theirs_unanswered = stored - ours.answered, tickets - theirs.answered
    lost = sum(missing) + (unanswered < 0) + (unanswered > CLIENTS * ours.runs)
    figures = [
        figure("help request / empty view", floor, limit=LIMIT_OF_FLOOR, note="PostgreSQL and the client share the two processors with both; the empty view needs neither"),
        figure("help request / django-helpdesk's public ticket form", beside, limit=LIMIT_OF_HELPDESK),
        figure("answered requests without row, event, papers or notifications", [lost], limit=0, at_most=True),
    ]
    notes = {
        "ms": {"help request": spent[web.name]}, "django-helpdesk, ms": spent[peer.name],
        "answered": ours.answered, "stored": stored, "in work when the client hung up": unanswered, "client's share of the processors": round(share, 2),
        "django-helpdesk answered": theirs.answered, "django-helpdesk in work": theirs_unanswered, "django-helpdesk": helpdesk_desk.versions(),
    }  # fmt: skip
    return report("requests", figures, packages=("django", "gunicorn", "psycopg"), notes=notes)


if __name__ == "__main__":
    give_up_after(400)
    try:
        with tempfile.TemporaryDirectory(prefix="menpai-requests-") as folder:
            raise SystemExit(bool(main(Path(folder))))
    except NotUp as reason:
        raise SystemExit(str(reason)) from None
