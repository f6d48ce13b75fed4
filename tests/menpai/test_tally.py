"""Errors and refused tries by the hour: counted across requests and processes, and never at the cost of a page."""

import logging

import pytest
from django.db import DatabaseError

from menpai import tally
from menpai.logs import current_view, request_id
from menpai.models import HourCount

log = logging.getLogger("menpai.test")


@pytest.fixture(autouse=True)
def in_a_request():
    current_view.set("help:follow")
    request_id.set("trace-12345678")
    yield
    current_view.set("")
    request_id.set("-")


def rows() -> list[tuple]:
    return list(HourCount.objects.order_by("kind", "where").values_list("kind", "where", "count", "last_id"))


def test_errors_are_counted_by_the_view_and_written_at_the_end_of_the_next_request(db, client):
    log.error("one")
    log.error("two")
    log.warning("no error")
    assert rows() == []  # nothing is written in the middle of somebody's transaction
    client.get("/healthz/")
    assert rows() == [("error", "help:follow", 2, "trace-12345678")]


def test_outside_a_request_the_logger_tells_where(db):
    current_view.set("")
    log.error("in a job")
    tally.flush()
    assert rows() == [("error", "menpai.test", 1, "trace-12345678")]


def test_two_processes_add_up(db):
    for _ in range(2):  # each has counted for itself
        log.error("no")
        tally.flush(at_once=True)
    assert rows() == [("error", "help:follow", 2, "trace-12345678")]


def test_what_strangers_send_to_no_address_of_ours_is_no_error_of_ours(db, client):
    client.get("/", headers={"Host": "evil.example"})
    assert tally.pending == {}


def test_counts_that_cannot_be_written_wait_and_the_database_is_left_alone_for_a_while(db, monkeypatch):
    write, tries = tally._write, []

    def away(taken):
        tries.append(len(taken))
        raise DatabaseError("no")

    monkeypatch.setattr(tally, "_write", away)
    log.error("one")
    tally.flush()
    log.error("two")
    tally.flush()  # within half a minute: not asked again
    assert tries == [1]
    monkeypatch.setattr(tally, "_write", write)
    tally.flush(at_once=True)
    assert rows() == [("error", "help:follow", 2, "trace-12345678")]


def test_what_waits_is_bounded(db):
    for number in range(tally.MOST + 50):
        tally.note("error", f"place {number}")
    assert len(tally.pending) == tally.MOST
