"""Limits in Redis, on a real one: they hold as in the database, and when it dies, hangs or comes back no form notices."""

import os
import signal

import pytest
import redis

from menpai import throttle
from menpai.models import Attempt
from menpai.settings import limits_in_redis
from tests.menpai.production import environment, run
from tests.running import Stage

VISITOR = "203.0.113.7"


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path / "stage") as running:
        yield running


@pytest.fixture
def server(stage, settings, monkeypatch):
    """A site with a Redis."""
    running = stage.redis()
    settings.CACHES = settings.CACHES | {"limits": limits_in_redis(f"redis://127.0.0.1:{running.port}/0")}
    monkeypatch.setattr(throttle, "_away_until", 0.0)
    return running


def tries(count: int, who: str = VISITOR) -> list[bool]:
    return [throttle.allow("follow", who, limit=3, minutes=15) for _ in range(count)]


def client_of(server) -> redis.Redis:
    return redis.Redis(port=server.port)


def test_the_fourth_try_of_three_is_refused_and_the_database_is_not_asked(server, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert tries(5) == [True, True, True, False, False]
        assert tries(1, who="203.0.113.8") == [True]


def test_the_window_starts_with_the_first_try_and_is_never_made_longer(server, db):
    tries(1)
    [key] = client_of(server).keys()
    assert 14 * 60 < client_of(server).ttl(key) <= 15 * 60
    client_of(server).expire(key, 100)
    assert tries(3) == [True, True, False]
    assert 0 < client_of(server).ttl(key) <= 100
    client_of(server).delete(key)  # what the end of the window does
    assert tries(1) == [True]


def test_no_address_is_stored(server, db):
    tries(1)
    [key] = client_of(server).keys()
    assert VISITOR not in key.decode()
    assert len(key.decode().rpartition(":")[2]) == 64


def test_a_right_answer_starts_afresh_wherever_the_tries_were_counted(server, db):
    tries(4)
    throttle.forget("follow", VISITOR)
    assert tries(1) == [True]


def test_without_redis_the_database_counts_and_redis_again_when_it_is_back(server, stage, db, monkeypatch, caplog):
    tries(2)
    server.kill()
    assert tries(4) == [True, True, True, False]  # afresh, and held
    assert Attempt.objects.get().count == 4
    assert [record.levelname for record in caplog.records if "Redis" in record.getMessage()] == ["WARNING"]  # one try, not four
    stage.redis("again", port=server.port)
    assert tries(1) == [False]  # not asked yet
    monkeypatch.setattr(throttle, "_away_until", 0.0)  # as five seconds later
    assert tries(4) == [True, True, True, False]
    assert Attempt.objects.get().count == 5


def test_a_redis_that_hangs_is_left_after_one_short_wait(server, db, caplog):
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        assert tries(4) == [True, True, True, False]
        assert len([record for record in caplog.records if "Redis" in record.getMessage()]) == 1
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def test_an_address_that_is_none_stops_the_start(tmp_path):
    result = run("-c", "import menpai.settings", env=environment(tmp_path, MENPAI_REDIS_URL="127.0.0.1:6379"))
    assert result.returncode == 1
    assert "MENPAI_REDIS_URL must begin with redis://" in result.stderr
