"""The page of a fault: it says whose fault it is, what to do, and gives back what was typed."""

import errno
import re
from html import unescape

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.test import Client
from django.urls import reverse

from doorplates import views as plate_views
from guides import views as guide_views
from helpdesk import actions
from helpdesk.models import HelpRequest
from tests.factories import SHUIYUN, make_area, make_guide
from tests.helpdesk.test_resident import asked
from tests.people import zhuli

GONE = OperationalError("connection refused")
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def visitor() -> Client:
    """A browser: it gets the page of the fault, not the fault."""
    return Client(raise_request_exception=False)


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def resent(body: str) -> dict:
    """What the button 再发一次 sends."""
    form = re.search(r"<form.*?</form>", body, re.DOTALL)[0]
    return {name: unescape(value) for name, value in re.findall(r'<textarea name="([^"]*)" hidden>\n(.*?)</textarea>', form, re.DOTALL)}


@pytest.mark.parametrize("error", [GONE, InterfaceError("closed"), FULL, OSError(errno.EDQUOT, "quota")])
def test_a_page_that_cannot_be_made_just_now_says_so_and_asks_to_come_back(visitor, db, monkeypatch, error):
    monkeypatch.setattr(guide_views, "front_context", failing(error))
    response = visitor.get("/")
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "30", "no-store")
    body = response.content.decode()
    assert "这一页这会儿打不开" in body
    assert "不是您的错" in body
    assert 'href="tel:12345"' in body


@pytest.mark.parametrize("error", [ValueError("ours"), DatabaseError("ours too"), OSError(errno.EACCES, "ours as well")])
def test_a_fault_of_ours_is_no_pause(visitor, db, monkeypatch, error):
    monkeypatch.setattr(guide_views, "front_context", failing(error))
    response = visitor.get("/")
    assert response.status_code == 500
    assert "Retry-After" not in response
    assert "我们这边出了点问题" in response.content.decode()


def test_the_page_asks_nothing_of_the_database(visitor, monkeypatch):
    """Without the fixture db every query of this test fails, as when the database is gone."""
    monkeypatch.setattr(plate_views, "find_plate", failing(GONE))
    assert visitor.get("/D/K7M4PX2A").status_code == 503


def test_what_a_resident_typed_comes_back_and_is_taken_once_the_database_is_there(db, monkeypatch):
    guide = make_guide("yibao-001")
    make_area(SHUIYUN)
    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/help/new/").content.decode())[1]
    typed = asked(name="王阿姨<b>", note="第一行\n第二行 & “引号”", guide=guide.slug, area=SHUIYUN, csrfmiddlewaretoken=token)
    with monkeypatch.context() as broken:
        broken.setattr(actions, "submit", failing(GONE))
        response = browser.post("/help/new/", typed)
    body = response.content.decode()
    assert response.status_code == 503
    assert "刚才没有存上" in body
    assert "<b>" not in body.split("<main", 1)[1].replace("<b>数字", "")
    assert "王阿姨&lt;b&gt;" in body
    shown = body.split("您填的</h2>")[1]
    assert "13800138000" in shown
    for chosen in (token, SHUIYUN, typed["submission_key"], guide.slug):  # not typed: in the form only
        assert chosen not in shown
    again = resent(body)
    assert again == typed | {"note": "第一行\n第二行 & “引号”"}
    answer = browser.post("/help/new/", again)
    assert answer.status_code == 302
    stored = HelpRequest.objects.get()
    assert (stored.name, stored.note) == ("王阿姨<b>", "第一行\n第二行 & “引号”")


def test_sent_again_twice_is_one_request(db, monkeypatch):
    make_area(SHUIYUN)
    browser, typed = Client(raise_request_exception=False), asked(area=SHUIYUN)
    real = actions.submit

    def stored_but_not_answered(*args, **kwargs):
        real(*args, **kwargs)
        raise GONE

    with monkeypatch.context() as broken:
        broken.setattr(actions, "submit", stored_but_not_answered)
        body = browser.post("/help/new/", typed).content.decode()
    for _ in range(2):
        assert browser.post("/help/new/", resent(body)).status_code == 302
    assert HelpRequest.objects.count() == 1


def test_the_form_is_sent_again_to_where_it_was_sent(visitor, db, monkeypatch):
    monkeypatch.setattr(actions, "submit", failing(GONE))
    make_area(SHUIYUN)
    body = visitor.post("/elder/help/new/?area=" + SHUIYUN, asked(area=SHUIYUN)).content.decode()
    assert f'action="/elder/help/new/?area={SHUIYUN}"' in body
    assert 'class="elder"' in body


def test_a_password_never_comes_back(visitor, db, monkeypatch):
    monkeypatch.setattr("django.contrib.auth.forms.authenticate", failing(GONE))
    body = visitor.post(reverse("desk:login"), {"username": zhuli().username, "password": "geheim-geheim-1"}).content.decode()
    assert "geheim" not in body
    assert "再发一次" not in body
    assert "按“返回”，再交一次" in body


def test_a_form_that_cannot_even_be_read_still_gets_its_page(visitor, db, monkeypatch):
    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest._load_post_and_files", failing(FULL))
    response = visitor.post("/help/new/", asked())
    assert response.status_code == 503
    assert "按“返回”，再交一次" in response.content.decode()
