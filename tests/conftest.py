"""What holds for every test: nothing is skipped, no undefined template variable, fast passwords, nothing kept between tests.

The network is blocked by pytest-socket (pyproject.toml). Login and form limits live in the database, so each test's rollback clears them.
"""

import csv
import os
import sys
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.template.base import UNKNOWN_SOURCE, Node
from django.test import override_settings

ROOT = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile("menpai", deadline=None)  # a slow machine is no failure: nothing here is a timed test
hypothesis.settings.load_profile("menpai")

# A file, not memory: threads of one test (two assistants claiming at once, a live server) then meet the locks of the real thing.
if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"{os.environ['MENPAI_TEST_HOME']}/test.sqlite3"
    collect_ignore = ["helpdesk/test_prepared.py"]  # SQLite prepares nothing; on PostgreSQL all of it runs


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    return _never_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    return _never_skipped(report)


def _never_skipped(report):
    """A test that is skipped proves nothing and nobody notices: it fails."""
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"A skipped test counts as failed. {report.longrepr}"
    return report


class UndefinedVariable(str):
    """Stands for every variable that a template names and nobody gave. In our templates it fails the test; Django's own may do so."""

    def __contains__(self, item):
        return item == "%s"  # asks Django to call __mod__ with the variable's name

    def __mod__(self, name):
        origin = _template_being_rendered()
        if origin.is_relative_to(ROOT / "templates"):
            pytest.fail(f"undefined template variable {name} in {origin.relative_to(ROOT)}")
        return ""


def _template_being_rendered() -> Path:
    frame = sys._getframe(2)
    while frame:
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and getattr(node, "origin", None):
            # A template made from a string in a test is held to the same rule.
            return ROOT / "templates" / "string" if node.origin.name == UNKNOWN_SOURCE else Path(node.origin.name)
        frame = frame.f_back
    return ROOT / "templates"


@pytest.fixture(scope="session", autouse=True)
def test_environment():
    """Passwords hashed fast, static files found without collecting them first, undefined variables caught."""
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    # In the settings, not in the engine: a test that changes DEBUG gets new engines. Not empty: an empty one is never asked.
    options = settings.TEMPLATES[0]["OPTIONS"] | {"string_if_invalid": UndefinedVariable("%s")}
    templates = [settings.TEMPLATES[0] | {"OPTIONS": options}]
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Whoever tests the second factor switches it on; everywhere else a password (or force_login) opens what the role may.
    with override_settings(PASSWORD_HASHERS=hashers, STORAGES=storages, TEMPLATES=templates, SECOND_FACTOR=False):
        yield


@pytest.fixture(autouse=True)
def fresh_search_index(monkeypatch):
    """The index is kept by the content's version, and a rolled-back test gives its version number to the next one."""
    from guides import search

    monkeypatch.setattr(search, "_indexes", {})


@pytest.fixture
def open_connection():
    """For a test that calls the WSGI application itself: Django would close the connection, and with it the test's transaction, after each answer."""
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def nothing_kept():
    """Guides, areas and rendered pages are kept by the content's version too."""
    from guides import front, gazetteer, moulds, shelf

    for kept in (front._kept, gazetteer._kept, moulds._kept, shelf._shelves, shelf._wholes, shelf._volumes, shelf._readings):
        kept.clear()


class NothingPrepared(dict):
    def setdefault(self, connection, names):
        return None


@pytest.fixture(autouse=True)
def roster_read_anew(request, monkeypatch):
    """Where rows are made between two counts of queries, the first page after them would read the roster, or have a statement prepared, and the next not."""
    if request.node.get_closest_marker("nothing_kept"):
        from helpdesk import access, coverage, prepared

        for keeper in (access._staff, coverage._boards):
            monkeypatch.setattr(keeper, "get", lambda key, mark, make: make())
        monkeypatch.setattr(prepared, "_names", NothingPrepared())


@pytest.fixture(autouse=True)
def no_roster_of_another_test():
    """The roster's token is rolled back with the rows of a test: the next one would find it good."""
    from helpdesk import coverage

    coverage._last_seen.clear()


@pytest.fixture(autouse=True)
def fresh_site_words(monkeypatch):
    """Known to be none, as in a process that has looked: no page of a test is the one that reads them. Saving a District forgets it."""
    from guides.models import District

    monkeypatch.setattr(District, "kept_as_of", None)  # no test follows the content's number unless it says so

    monkeypatch.setattr(District, "kept", {})
    monkeypatch.setattr(District, "kept_until", float("inf"))


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch):
    """Errors that an earlier test logged are not written by a request of this one."""
    from menpai import tally

    monkeypatch.setattr(tally, "pending", {})
    monkeypatch.setattr(tally, "_not_before", 0.0)


@pytest.fixture
def district(db):
    """惠农区 with its 12 townships and 79 communities, as the fixture has them. Returns the district's area."""
    from guides.models import Area

    with (ROOT / "fixtures" / "areas-640205.csv").open(encoding="utf-8", newline="") as file:
        rows = [Area(code=r["code"], name=r["name"], level=r["level"], parent_id=r["parent"] or None) for r in csv.DictReader(file)]
    Area.objects.bulk_create(rows, ignore_conflicts=True)  # a test with threads commits, and may have left them
    return Area.objects.get(pk="640205000000")


@pytest.fixture
def roles(db):
    """The five groups with their permissions."""
    from django.core.management import call_command

    call_command("setup_roles", verbosity=0)
