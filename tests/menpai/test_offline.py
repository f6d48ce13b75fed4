"""/sw.js: the worker that keeps opened pages; what it may keep is tested in a browser (tests/journeys/test_offline.py)."""

import json
import re

import pytest

from menpai import offline


@pytest.fixture(autouse=True)
def fresh():
    offline._script.cache_clear()
    yield
    offline._script.cache_clear()


def test_the_worker_stands_at_the_root_and_is_asked_for_each_time(client):
    response = client.get("/sw.js")
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in response["Content-Security-Policy"]
    assert not response.has_header("Set-Cookie")
    assert client.get("/sw.js", headers={"If-None-Match": response["ETag"]}).status_code == 304


def given(body: str, name: str):
    return json.loads(re.search(rf"^var {name} = (.*);$", body, re.MULTILINE)[1])


def test_it_knows_the_files_that_every_page_needs(client):
    body = client.get("/sw.js").content.decode()
    assert given(body, "FILES") == ["/static/css/site.css", "/static/img/icon.svg"]
    assert (given(body, "STATIC"), given(body, "HOTLINE")) == ("/static/", "12345")


def test_another_content_of_a_static_file_is_another_version(client, monkeypatch, tmp_path):
    before = given(client.get("/sw.js").content.decode(), "VERSION")
    changed = tmp_path / "site.css"
    changed.write_text("body{color:black}")
    find = offline.finders.find
    monkeypatch.setattr(offline.finders, "find", lambda name: str(changed) if name == "css/site.css" else find(name))
    offline._script.cache_clear()
    after = given(client.get("/sw.js").content.decode(), "VERSION")
    assert (before != after, len(after)) == (True, 12)
