"""A guide page that somebody opened before: behind nginx beside the same bytes as a file, and straight from gunicorn beside a bare application.

wrk sends what a browser sends. Everything runs as in production: deploy/nginx.conf, deploy/gunicorn.conf.py, PostgreSQL, HTTPS off on both sides.
"""

import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.measure import figure, ratios, report, say, wrk, wrk_counted
from benchmarks.site import prepare
from tests import running

PAGE = "/guides/yibao-001/"
BROWSER = (
    "User-Agent: Mozilla/5.0 (Linux; Android 12; V2156A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Mobile Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    "Accept-Encoding: gzip",
    "Accept-Language: zh-CN,zh;q=0.9",
)
NGINX_LIMIT, GUNICORN_LIMIT = 0.75, 0.85
ROUNDS, SECONDS = 13, 2


def fetched(url: str) -> tuple[bytes, dict[str, str]]:
    request = urllib.request.Request(url, headers=dict(header.split(": ", 1) for header in BROWSER))
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read(), dict(answer.headers)


def cost(web: running.Running, url: str) -> float:
    """Processor seconds a request."""
    before = web.processor_seconds()
    _, answers = wrk_counted(url, seconds=SECONDS, headers=BROWSER)
    return (web.processor_seconds() - before) / answers


def as_a_file(file: Path, headers: dict[str, str]) -> str:
    """A location of the same server block that serves a file under headers as long as the page's."""
    made_by_nginx = {"server", "date", "content-type", "content-length", "connection", "etag", "last-modified", "accept-ranges"}
    lines = "".join(f"add_header {name} \"{value}\";\n" for name, value in headers.items() if name.lower() not in made_by_nginx)
    return f'location = /as-a-file {{ alias {file}; default_type "text/html; charset=utf-8"; {lines} }}'


def behind_nginx(stage: running.Stage, web: running.Running) -> list:
    copy = stage.home / "page.html"
    nginx = stage.nginx([web.port], tls=False, extra=as_a_file(copy, fetched(web.url + PAGE)[1] | {"X-Cache": "HIT"}))
    page, file = nginx.url + PAGE, nginx.url + "/as-a-file"
    for _ in range(3):
        body, told = fetched(page)
    copy.write_bytes(body)
    same, as_file = fetched(file)
    if told.get("X-Cache") != "HIT" or body != same or abs(len(str(told)) - len(str(as_file))) > 100:
        raise SystemExit(f"not the same page: {told} {as_file}")
    found = ratios(lambda: wrk(page, seconds=SECONDS, headers=BROWSER), lambda: wrk(file, seconds=SECONDS, headers=BROWSER), rounds=ROUNDS)
    costs = ratios(lambda: 1 / cost(nginx, page), lambda: 1 / cost(nginx, file), rounds=5)
    note = f"in processor time of nginx alone, without wrk's: {statistics.median(costs):.2f} [{min(costs):.2f} … {max(costs):.2f}]"
    return [figure("guide page from nginx's cache / the same bytes as a file of nginx", found, limit=NGINX_LIMIT, note=note)]


def from_gunicorn(stage: running.Stage, web: running.Running, env: dict[str, str]) -> list:
    hello = stage.gunicorn("hello", env=env, application="benchmarks.hello:application", probe="/")
    page, bare = web.url + PAGE, hello.url + "/"
    wrk(page, seconds=1, headers=BROWSER)
    found = ratios(lambda: wrk(page, seconds=SECONDS, headers=BROWSER), lambda: wrk(bare, seconds=SECONDS, headers=BROWSER), rounds=ROUNDS)
    costs = ratios(lambda: 1 / cost(web, page), lambda: 1 / cost(hello, bare), rounds=5)
    return [
        figure("guide page from gunicorn's memory / a bare application, same gunicorn", found, limit=GUNICORN_LIMIT),
        figure("the same in processor time", costs, limit=GUNICORN_LIMIT),
    ]


def layer_alone() -> float:
    """Microseconds of processor time that one hit costs without a server: the layer with all that hangs on it, PostgreSQL's number as it is kept."""
    from guides.counting import note_kept
    from guides.models import Opened
    from menpai.middleware import id_of
    from menpai.page_cache import OPENED, PageCache

    def page(environ, start_response):
        environ[OPENED] = (Opened.GUIDE, "yibao-001", "640205000000")
        start_response("200 OK", [("Cache-Control", "public, max-age=60"), ("Content-Length", "4900"), *((f"X-Header-{n}", "value") for n in range(9))])
        return [b"x" * 4900]

    until, number = time.monotonic() + 3600, 7
    cache = PageCache(page, generation=lambda: number if time.monotonic() < until else None, request_id=id_of, session_cookie="sessionid", limit=2**25, count=note_kept)
    names = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in (header.split(": ", 1) for header in BROWSER)}
    browser = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "HTTP_HOST": "127.0.0.1", "PATH_INFO": PAGE, "QUERY_STRING": "", **names}
    turns = []
    for _ in range(9):
        started = time.process_time()
        for _ in range(5000):
            cache(dict(browser), lambda status, headers: None)
        turns.append((time.process_time() - started) / 5000 * 1e6)
    return statistics.median(turns)


def main() -> int:
    running.give_up_after(600)
    with tempfile.TemporaryDirectory(prefix="menpai-warm-") as home, running.Stage(Path(home)) as stage:
        postgres = stage.postgres()
        postgres.sql("CREATE DATABASE menpai")
        env = running.site_environment(Path(home), postgres.url("menpai"), MENPAI_DEMO="1")
        running.fill(stage, env)
        web = stage.gunicorn(env=env)
        if fetched(web.url + PAGE)[1].get("Content-Encoding") != "gzip":
            raise SystemExit("the page is not compressed")
        figures = [*behind_nginx(stage, web), *from_gunicorn(stage, web, env)]
        hit = statistics.median(cost(web, web.url + PAGE) for _ in range(5))
        rows = postgres.sql("SELECT count(*) FROM guides_view", "menpai")
    prepare(with_content=False)
    alone = layer_alone()
    say(f"\nthe layer alone: {alone:.1f} us of processor time a hit; {rows} openings counted meanwhile\n")
    notes = {"ms": {"kept page": round(hit * 1000, 2)}, "layer alone, microseconds of processor time a hit": round(alone, 1), "openings counted": int(rows)}
    return report("warm", figures, packages=("Django", "gunicorn", "psycopg"), notes=notes)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
