"""The real processes: gunicorn is killed under scans, and every scan that was answered has its row. drills/scans.py does it twenty times."""

import tempfile
from pathlib import Path

import pytest

from drills.scans import kill_under_scans, rows_of, set_up
from tests.running import Stage


@pytest.fixture
def stage():
    with tempfile.TemporaryDirectory(prefix="menpai-killed-") as home, Stage(Path(home)) as one:  # pytest's own is closed to PostgreSQL's user
        yield one


def test_an_answered_scan_is_counted_whoever_is_killed_a_moment_later(stage):
    server, env, codes = set_up(stage, with_content=False)
    phones = kill_under_scans(stage, env, codes, kills=3, answers=30)
    rows = rows_of(server, "site")
    assert phones.total() > 90
    assert phones.answered - rows == {}  # lost
    assert rows - phones.asked == {}  # counted without having been asked
