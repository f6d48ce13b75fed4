"""nginx as it is shipped, in front of gunicorn: what it keeps, whose it never keeps, and what it answers when the site is gone."""

import gzip
import http.client
import re
import shutil
import socket
import subprocess
from uuid import uuid4

import pytest

from guides import actions
from guides.models import Guide
from tests.guides.test_freshness import until
from tests.menpai.test_web_processes import PHONE, content, processes, web  # noqa: F401 - fixtures
from tests.running import Stage


@pytest.fixture(scope="module")
def front(processes, tmp_path_factory):  # noqa: F811
    with Stage(tmp_path_factory.mktemp("front")) as stage:
        yield stage.nginx([processes.port], tls=False)


@pytest.fixture
def nginx(web, front, monkeypatch):  # noqa: F811
    """It keeps pages from test to test, so each test asks for one of its own."""
    monkeypatch.setattr(f"{__name__}.PAGE", f"/guides/yibao-001/?v={uuid4().hex}")
    return front


PAGE = ""


def ask(nginx, address: str = "", method: str = "GET", **headers) -> tuple[int, list[tuple[str, str]], bytes]:
    line = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=20)
    line.request(method, address or PAGE, headers={"User-Agent": PHONE} | {name.replace("_", "-"): value for name, value in headers.items()})
    answer = line.getresponse()
    told = answer.status, answer.getheaders(), answer.read()
    line.close()
    names = [name.lower() for name, _ in told[1] if name.lower() != "set-cookie"]
    assert len(names) == len(set(names)), told[1]  # one Vary, one of each
    return told


def cache_says(answer) -> str:
    return dict(answer[1])["X-Cache"]


def test_the_configuration_is_valid(nginx):
    config = nginx.log.parent / "nginx" / "nginx.conf"
    done = subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-t", "-q", "-c", config], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_page_is_kept_in_two_codings_whatever_browsers_call_them(nginx):
    assert [cache_says(ask(nginx, Accept_Encoding=coding)) for coding in ("gzip", "gzip, deflate, br", "br;q=1, gzip;q=0.5")] == ["MISS", "HIT", "HIT"]
    assert [cache_says(ask(nginx, **headers)) for headers in ({}, {"Accept_Encoding": "br"}, {"Accept_Encoding": "identity"})] == ["MISS", "HIT", "HIT"]
    packed, plain = ask(nginx, Accept_Encoding="gzip"), ask(nginx)
    assert gzip.decompress(packed[2]) == plain[2]
    assert dict(packed[1])["Vary"] == dict(plain[1])["Vary"] == "Accept-Encoding"


def test_whoever_is_signed_in_passes_by_and_leaves_nothing(nginx):
    assert cache_says(ask(nginx, Cookie="sessionid=abc")) == "BYPASS"
    assert cache_says(ask(nginx, Authorization="Basic abc")) == "BYPASS"
    assert cache_says(ask(nginx)) == "MISS"
    assert cache_says(ask(nginx, Cookie="plate=7K3M9Q2X")) == "HIT"


@pytest.mark.parametrize("address", ["/guides/yibao-001/wrong/", "/ask/?q=1", "/verify/?area=640205000000&x=1"])
def test_what_may_not_be_kept_is_not(nginx, address):
    kept = "public" in dict(ask(nginx, address)[1])["Cache-Control"]
    assert (cache_says(ask(nginx, address)) == "HIT") == kept == address.startswith("/verify/")


def test_each_answer_bears_an_id_of_its_own_and_no_visitors(nginx):
    ids = {dict(ask(nginx, X_Request_ID="chosen-by-visitor")[1])["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


def test_who_has_a_page_already_is_told_so_and_head_is_answered(nginx):
    etag = dict(ask(nginx)[1])["ETag"]
    assert ask(nginx, If_None_Match=etag)[::2] == (304, b"")
    assert cache_says(ask(nginx, method="HEAD")) == "HIT"


@pytest.mark.parametrize("address", ["/guides/yibao-001/;a.css", "/guides/yibao-001/%2e%2e/%2e%2e/desk/a.css", "/desk/;a.css", "//desk/", "/help/;.css", "/help%2Fnew/", "/guides/..;/desk/"])
def test_an_address_that_looks_like_a_file_keeps_no_page_of_a_person(nginx, address):
    """Cache deception: a stranger sends somebody who is signed in to such an address and then asks for it."""
    ask(nginx, address, Cookie="sessionid=abc")
    found = dict(ask(nginx, address)[1])
    assert found.get("X-Cache") != "HIT"
    assert "public" not in found.get("Cache-Control", "")


def test_a_whole_address_in_the_request_line_cannot_poison_a_page(nginx, web):  # noqa: F811
    """GET http://evil.example/guides/… with our own Host, to nginx and to gunicorn itself."""
    for port in (nginx.port, web.port):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.sendall(f"GET http://evil.example{PAGE} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n".encode())
                while line.recv(65536):
                    pass
    for _ in range(3):
        status, _, body = ask(nginx)
        assert status == 200
        assert b"evil" not in body
        assert b"evil" not in ask(web)[2]


def test_a_publish_reaches_readers_through_nginx_after_the_minute_that_a_page_says(nginx, web, content):  # noqa: F811
    """nginx goes by the clock, which is not waited for here: it keeps what it has and asks the site, which has the new page at once, for the rest."""
    ask(nginx)
    Guide.objects.update(answer="新的说法。")
    actions.record_change(guide=content, by="甲")
    assert until(lambda: "新的说法。" in ask(nginx, Cookie="sessionid=abc")[2].decode())
    assert "老的说法。" in ask(nginx)[2].decode()


def test_when_the_site_is_gone_an_opened_page_stays_readable(nginx, web):  # noqa: F811
    """The last test of this file: nobody else answers afterwards."""
    opened = ask(nginx)
    web.stop()
    assert ask(nginx)[2] == opened[2]
    assert ask(nginx, "/guides/?never=opened")[0] == 502
