"""Which reads go to the replica, and that it may lag, stop or die under a view without anybody seeing an error or something old kept.

The replica here is a second connection to the same database: what matters is who is asked. drills/failover.py does it with two servers.
"""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DEFAULT_DB_ALIAS, ConnectionHandler, OperationalError, connections, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from guides import freshness, from_replica
from guides.models import ContentStamp, Guide
from menpai import replica
from tests.factories import make_guide
from tests.menpai.production import environment, run

PAGE = "/guides/yibao-001/"


@pytest.fixture
def second(settings, transactional_db, monkeypatch):
    """A site with a replica."""
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], "guides.from_replica.FromReplica", *settings.MIDDLEWARE[1:]]
    settings.DATABASE_ROUTERS = ["menpai.replica.Router"]
    monkeypatch.setattr(replica, "_away_until", 0.0)
    connection = ConnectionHandler({DEFAULT_DB_ALIAS: dict(connections[DEFAULT_DB_ALIAS].settings_dict)})[DEFAULT_DB_ALIAS]
    connection.alias = replica.ALIAS
    connections[replica.ALIAS] = connection
    make_guide()
    ContentStamp.advance()
    yield connection
    connection.close()
    del connections[replica.ALIAS]


def asked_for(client, path: str = PAGE, **how):
    """The answer, and what each database was asked for it."""
    with CaptureQueriesContext(connections[replica.ALIAS]) as there, CaptureQueriesContext(connections[DEFAULT_DB_ALIAS]) as here:
        answer = client.get(path, **how)
    return answer, [one["sql"] for one in there], [one["sql"] for one in here]


def of_guides(queries: list[str]) -> int:
    return sum('FROM "guides_guide"' in sql for sql in queries)


def test_a_public_page_is_read_from_the_replica_and_sets_no_cookie(second, client):
    answer, there, here = asked_for(client)
    assert answer.status_code == 200
    assert "交医保" in answer.content.decode()
    assert (of_guides(there) > 0, of_guides(here)) == (True, 0)
    assert not answer.cookies


@pytest.mark.parametrize("cookie", ["sessionid", from_replica.WROTE])
def test_who_signed_in_or_has_just_written_reads_from_the_primary(second, client, cookie):
    client.cookies[cookie] = "1"
    answer, there, here = asked_for(client)
    assert answer.status_code == 200
    assert (there, of_guides(here) > 0) == ([], True)


@pytest.mark.parametrize("path", ["/help/new/", "/elder/help/new/", "/desk/", "/admin/", "/readyz/"])
def test_ones_own_things_and_staff_never_see_the_replica(second, client, path):
    _, there, _ = asked_for(client, path)
    assert there == []


def test_whoever_writes_is_remembered_for_half_a_minute_and_nobody_else(second):
    middleware = from_replica.FromReplica(lambda request: HttpResponse())
    written, read = (middleware(getattr(RequestFactory(), method)("/wrong/")) for method in ("post", "get"))
    cookie = written.cookies[from_replica.WROTE]
    assert (cookie.value, cookie["max-age"], cookie["httponly"], cookie["samesite"]) == ("1", 30, True, "Lax")
    assert not read.cookies


def test_a_replica_that_lags_behind_the_content_is_not_read(second, client, monkeypatch):
    monkeypatch.setattr(freshness, "generation", lambda: ContentStamp.current() + 1)
    answer, there, here = asked_for(client)
    assert answer.status_code == 200
    assert (of_guides(there), of_guides(here) > 0) == (0, True)


def test_what_a_request_keeps_is_kept_under_what_the_replica_showed_it(second, client, monkeypatch):
    """The primary moves on in the middle of the page: its new number must not be written on what the replica still had."""
    before, seen = ContentStamp.current(), []

    def view(request):
        with transaction.atomic():
            ContentStamp.advance()
        seen.append((freshness.generation(), replica.shown()))
        return HttpResponse()

    from_replica.FromReplica(view)(RequestFactory().get(PAGE))
    assert seen == [(before, before)]
    assert freshness.generation() == before + 1


def test_without_the_primary_an_old_page_is_shown_and_nobody_is_to_keep_it(second, client, monkeypatch):
    newest = ContentStamp.current()
    said = iter([newest + 1, None])
    monkeypatch.setattr(freshness, "generation", lambda: next(said))
    middleware = from_replica.FromReplica(lambda request: HttpResponse(headers={"Cache-Control": "public, max-age=60"}))
    first, second_one = (middleware(RequestFactory().get(PAGE)) for _ in range(2))
    assert first["Cache-Control"] == "public, max-age=60"  # of the primary
    assert second_one["Cache-Control"] == "no-cache"


def test_a_replica_that_is_away_costs_one_try_and_no_page(second, client, monkeypatch, caplog):
    tries = []

    def nobody_there(*arguments, **how):
        tries.append(1)
        raise OperationalError("connection refused")

    monkeypatch.setattr(connections[replica.ALIAS], "_cursor", nobody_there)
    assert [client.get(PAGE).status_code for _ in range(3)] == [200, 200, 200]
    assert len(tries) == 1
    assert [record.levelname for record in caplog.records if "replica" in record.getMessage()] == ["WARNING"]


def test_a_replica_that_dies_under_a_view_is_not_noticed(second, client, monkeypatch):
    connection, real, tries = connections[replica.ALIAS], connections[replica.ALIAS]._cursor, []

    def dies_after_one(*arguments, **how):
        tries.append(1)
        if len(tries) > 1:
            raise OperationalError("server closed the connection unexpectedly")
        return real(*arguments, **how)

    monkeypatch.setattr(connection, "_cursor", dies_after_one)
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "交医保" in answer.content.decode()
    assert not replica.is_asked()


def test_a_page_that_is_not_found_while_the_replica_dies_is_still_the_page_for_that(second, client, monkeypatch):
    monkeypatch.setattr(connections[replica.ALIAS], "is_usable", lambda: False)
    calls = []

    def view(request):
        calls.append(replica.shown())
        return HttpResponse(status=500 if len(calls) == 1 else 404)

    assert from_replica.FromReplica(view)(RequestFactory().get("/nowhere/")).status_code == 404
    assert calls == [ContentStamp.current(), None]


def test_a_row_of_the_replica_is_written_to_the_primary(second):
    replica.read_here(1)
    try:
        guide = Guide.objects.get()
        assert guide._state.db == replica.ALIAS
        with CaptureQueriesContext(connections[DEFAULT_DB_ALIAS]) as here:
            guide.save()
        assert any(one["sql"].startswith("UPDATE") for one in here)
        with transaction.atomic():
            assert Guide.objects.get()._state.db == DEFAULT_DB_ALIAS  # what a transaction decides by
        assert Guide.objects.get_or_create(slug=guide.slug)[0]._state.db == DEFAULT_DB_ALIAS
    finally:
        replica.read_here(None)


def test_nothing_is_kept_from_one_request_of_a_thread_to_the_next(second):
    def breaks(request):
        raise ValueError

    request = RequestFactory().get(PAGE)
    request.user = AnonymousUser()
    with pytest.raises(ValueError):
        from_replica.FromReplica(breaks)(request)
    assert replica.shown() is None


def test_only_a_postgresql_is_taken_for_a_replica(tmp_path):
    result = run("-c", "import menpai.settings", env=environment(tmp_path, DATABASE_REPLICA_URL="sqlite:///x"))
    assert result.returncode == 1
    assert "DATABASE_REPLICA_URL must be postgres://" in result.stderr
    plain = run("-c", "import menpai.settings as s; print(len(s.DATABASES), 'guides.from_replica.FromReplica' in s.MIDDLEWARE)", env=environment(tmp_path))
    assert plain.stdout == "1 False\n"
