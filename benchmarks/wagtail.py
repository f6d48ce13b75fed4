"""The guide page beside the same page in Wagtail, as it comes and with wagtail-cache: all straight from gunicorn with the same settings, in one run.

    python -m benchmarks.wagtail
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from benchmarks.measure import figure, ratios, report, say, wrk
from tests.running import ROOT, Postgres, Running, Stage, fill, free_port, give_up_after, site_environment, wait_for

PEER = ROOT / "benchmarks" / "peers" / "wagtail"
PYTHON = PEER / ".venv" / "bin" / "python"
GUIDE = "/guides/yibao-001/"
ROUNDS, SECONDS = 13, 2
BROWSER = ("User-Agent: Mozilla/5.0 (Linux; Android 7.1; vivo X9) AppleWebKit/537.36 MicroMessenger/7.0", "Accept: text/html")


def content_of(page: str) -> dict:
    """Our own page taken apart into what an editor would enter in Wagtail."""
    sections = re.findall(r'<section id="(\w+)"><h2>(.*?)</h2>(.*?)</section>', page, re.DOTALL)
    return {
        "official": re.search(r'class="official">正式名称：(.*?)</p>', page)[1],
        "answer": re.search(r'class="answer">(.*?)</p>', page)[1],
        "sections": [{"anchor": anchor, "heading": heading, "text": text} for anchor, heading, text in sections],
        "contacts": [["政务服务便民热线", "12345"], ["医保服务热线", "12393"], ["社保服务热线", "12333"]],
        "titles": [["yibao-001", re.search(r"<h1>(.*?)</h1>", page)[1]], *([f"guide-{number:03}", f"办事指南{number}"] for number in range(12))],
    }


def peer(stage: Stage, database: Postgres, *, cached: bool) -> Running:
    name, port = ("wagtail-cache" if cached else "wagtail"), free_port()
    env = {"PATH": os.environ["PATH"], "PGPORT": str(database.port), "PORT": str(port), "WAGTAIL_CACHE": str(int(cached)), "DJANGO_SETTINGS_MODULE": "settings"}
    command = [PYTHON, "-m", "gunicorn", "--no-control-socket", "-c", PEER.parent / "gunicorn_conf.py", "wsgi:application"]
    one = stage.start(name, command, env=env, port=port, cwd=PEER)
    wait_for(one, one.url + "/yibao-001/")
    return one


def fill_peer(database: Postgres, content: dict, home: Path) -> None:
    database.sql("CREATE DATABASE wagtail")
    file = home / "content.json"
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    subprocess.run([PYTHON, "fill.py", file], cwd=PEER, env={"PATH": os.environ["PATH"], "PGPORT": str(database.port)}, check=True)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def run(home: Path) -> int:
    with Stage(home) as stage:
        database = stage.postgres()
        database.sql("CREATE DATABASE menpai")
        env = site_environment(home / "var", database.url("menpai"))
        fill(stage, env | {"MENPAI_DEMO": "1"})
        stage.manage("deactivate_demo", env=env)
        ours = stage.gunicorn(env=env)
        page = read(ours.url + GUIDE)
        fill_peer(database, content_of(page), home)
        plain, cached = peer(stage, database, cached=False), peer(stage, database, cached=True)
        theirs = read(plain.url + "/yibao-001/")
        for part in content_of(page)["sections"]:
            if part["text"] not in theirs:
                raise SystemExit(f"the peer's page lacks our section {part['anchor']}")
        say(f"\nbytes of the page: ours {len(page.encode()):,}, Wagtail's {len(theirs.encode()):,}\n")
        speed = {one.name: (lambda url=url: wrk(url, seconds=SECONDS, headers=BROWSER)) for one, url in _pages(ours, plain, cached)}
        for measure in speed.values():
            measure()
        figures = [
            figure("guide page: ours / Wagtail as it comes", ratios(speed["web"], speed["wagtail"], rounds=ROUNDS), limit=40),
            figure("guide page: ours / Wagtail with wagtail-cache", ratios(speed["web"], speed["wagtail-cache"], rounds=ROUNDS), limit=2.5),
        ]
        versions = subprocess.run([PYTHON, "-c", VERSIONS], capture_output=True, text=True, check=True).stdout
        return report("wagtail", figures, packages=("django", "gunicorn"), notes={"peer": json.loads(versions)})


VERSIONS = "import json; from importlib.metadata import version; print(json.dumps({n: version(n) for n in ('wagtail', 'wagtail-cache', 'django', 'gunicorn')}))"


def _pages(ours: Running, *peers: Running) -> list[tuple[Running, str]]:
    return [(ours, ours.url + GUIDE), *((one, one.url + "/yibao-001/") for one in peers)]


def main() -> int:
    give_up_after(420)
    subprocess.run([ROOT / "scripts" / "install", PEER / "requirements.lock", PEER.relative_to(ROOT) / ".venv"], check=True)
    home = Path(tempfile.mkdtemp(prefix="menpai-bench-"))
    try:
        return min(run(home), 1)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
