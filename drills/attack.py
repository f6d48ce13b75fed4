"""Attacks on real processes: the site as it is shipped, nginx before two gunicorns of one PostgreSQL.

Limits have to hold across processes and behind the proxy, and must shut out the attacker and nobody else. `python -m drills.attack`
"""

import http.client
import re
import shutil
import ssl
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from drills.ledger import Line, report
from tests.running import Running, Stage, fill, give_up_after, site_environment

SECONDS = 420  # on a machine that does much else; a minute or two by itself, most of it making the site
FLOOD, AT_ONCE = 60, 6
PASSWORD = "drill-attack-2026-langwei"
SCENE = f"""
import uuid
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from guides.models import Area
from helpdesk import actions
from helpdesk.models import Posting
from menpai.roles import Role
above = None
for code, level in (("640205000000", "district"), ("640205102000", "township"), ("640205102006", "community")):
    above = Area.objects.create(code=code, name=code, level=level, parent=above)
user = get_user_model().objects.create_user("zhuli", password="{PASSWORD}")
user.groups.add(Group.objects.get(name=str(Role.ASSISTANT)))
Posting.objects.create(user=user, area=above)
asked = actions.Submission(submission_key=uuid.uuid4(), kind="advice", area=above, name="drill", phone="13800138000")
print("REFERENCE", actions.submit(asked).reference)
"""


class Visitor:
    """A browser with one cookie jar. `address` is where nginx sees it come from: any of 127.0.0.0/8 on Linux."""

    def __init__(self, front: Running, address: str):
        self.front, self.address, self.cookies = front, address, {}

    def ask(self, method: str, path: str, fields: dict | None = None, headers: dict | None = None) -> tuple[int, str, str]:
        """(status, body, where it leads). The Host is the site's own name without a port, as nginx passes it on."""
        trusting = ssl._create_unverified_context()  # noqa: S323 - a certificate that was made a moment ago for this drill
        connection = http.client.HTTPSConnection("127.0.0.1", self.front.port, timeout=30, context=trusting, source_address=(self.address, 0))
        sent = {"Host": "127.0.0.1", "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} | (headers or {})
        body = None
        if fields is not None:
            body, sent["Content-Type"], sent["Referer"] = urlencode(fields), "application/x-www-form-urlencoded", f"https://127.0.0.1{path}"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, text, urlsplit(answer.headers.get("Location", "")).path
        finally:
            connection.close()

    def post(self, path: str, fields: dict, **how) -> tuple[int, str, str]:
        """As a form of the page: its token first."""
        _, text, _ = self.ask("GET", path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
        return self.ask("POST", path, fields | {"csrfmiddlewaretoken": token[1] if token else ""}, **how)


def sign_in(visitor: Visitor, password: str, **how) -> int:
    """302: in; 200: wrong; 429: refused whatever the password is."""
    return visitor.post("/desk/login/", {"username": "zhuli", "password": password}, **how)[0]


def flood_of_passwords(front: Running) -> list[Line]:
    """One address tries FLOOD passwords, many at once, each with another claim of where it comes from; then the owner comes."""
    stranger, home = "127.0.0.66", "127.0.0.77"

    def guess(number: int) -> int:
        claims = {"X-Real-IP": f"198.51.100.{number}", "X-Forwarded-For": f"198.51.100.{number}"}
        return sign_in(Visitor(front, stranger), f"wrong-password-{number}", headers=claims)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(guess, range(FLOOD)))
    looked_at = answers.count(200)
    bound = 5 + AT_ONCE  # tries that were under way when the fifth was counted
    owner = [sign_in(Visitor(front, home), PASSWORD) for _ in range(5)]
    after = sign_in(Visitor(front, stranger), PASSWORD)
    return [
        Line("passwords tried at two processes from one address: refused unread", FLOOD, answers.count(429), max(0, looked_at - bound), note=f"{looked_at} of {FLOOD} were looked at; 5 and those under way at that moment may be"),
        Line("the right password from the address that flooded: refused too", 1, int(after == 429), int(after != 429)),
        Line("the owner signs in from elsewhere during the lock", len(owner), owner.count(302), len(owner) - owner.count(302)),
    ]


def flood_at_the_door(front: Running, reference: str) -> list[Line]:
    """Many addresses try the four digits of one number; then its owner comes with the whole phone."""
    path, right = f"/help/{reference}/", "8000"
    wrong = [f"{number:04d}" for number in range(FLOOD)]

    def knock(number: int) -> str:
        return Visitor(front, f"127.0.1.{number + 1}").post(path, {"act": "open", "last_four": wrong[number]})[1]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(knock, range(FLOOD)))
    looked_at = sum("对不上" in text for text in answers)
    stopped = sum("后四位先不认了" in text for text in answers)
    by_four = Visitor(front, "127.0.2.1").post(path, {"act": "open", "last_four": right})[0]
    owner = [Visitor(front, f"127.0.2.{number}").post(path, {"act": "open", "last_four": "13800138000"})[0] for number in range(2, 7)]
    return [
        Line("four digits of one number tried from as many addresses: refused unread", FLOOD, stopped, max(0, looked_at - 30), note=f"{looked_at} of {FLOOD} were looked at; 30 a week may be, from everywhere"),
        Line("the right four digits after that: refused too", 1, int(by_four == 200), int(by_four != 200)),
        Line("the owner with the whole phone number comes in", len(owner), owner.count(302), len(owner) - owner.count(302)),
    ]


def odd_requests(front: Running) -> list[Line]:
    """What nginx and gunicorn together make of other hosts, paths that climb, and headers with lines of their own."""
    visitor, answers = Visitor(front, "127.0.0.88"), []
    for path in ("/static/../manage.py", "/static/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/help/..;/admin/", "/D/%0d%0aX-Evil:1", "/%00", "//evil.example/x"):
        status, text, leads = visitor.ask("GET", path)
        answers.append(status < 500 and "root:" not in text and "DJANGO" not in text and "evil.example" not in leads)
    for host in ("evil.example", "127.0.0.1.evil.example"):
        status, text, _ = visitor.ask("GET", "/", headers={"Host": host})
        answers.append(status == 400 and "evil.example" not in text)
    status, text, _ = visitor.ask("GET", "/", headers={"X-Forwarded-Host": "evil.example"})
    answers.append(status == 200 and "evil.example" not in text)
    return [Line("climbing paths, foreign hosts, broken lines through nginx: harmless", len(answers), sum(answers), len(answers) - sum(answers))]


def main() -> int:
    give_up_after(SECONDS)
    home = Path(tempfile.mkdtemp(prefix="drill-attack-"))
    try:
        with Stage(home) as stage:
            database = stage.postgres()
            # HTTPS as in production, ended at nginx: the cookies are Secure and the proxy's word is believed from loopback only.
            env = site_environment(
                home, database.url(), MENPAI_HTTPS="1", MENPAI_SITE_URL="https://127.0.0.1", MENPAI_TRUSTED_PROXIES="127.0.0.1", WEB_WORKERS="1", MENPAI_SECOND_FACTOR="0"
            )  # fmt: skip
            fill(stage, env, with_content=False)
            stage.manage("setup_roles", "-v", "0", env=env)
            stage.manage("collectstatic", "--no-input", "-v", "0", "--ignore", "fonts", env=env)
            reference = re.search(r"REFERENCE (\d{9})", stage.manage("shell", "-v", "0", "-c", SCENE, env=env))[1]
            webs = [stage.gunicorn(name, env=env) for name in ("web-one", "web-two")]
            front = stage.nginx([web.port for web in webs])
            lines = flood_of_passwords(front) + flood_at_the_door(front, reference) + odd_requests(front)
        return int(report("attack", lines) > 0)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
