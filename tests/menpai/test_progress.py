"""A long command says how far it is: on a screen in one line, in a log at every tenth."""

from io import StringIO

import pytest

from menpai import progress
from menpai.progress import Progress


class Screen(StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_at_every_tenth(clock):
    log = StringIO()
    told = Progress(log, 1000, "块门牌")
    for _ in range(200):
        clock[0] += 1
        told.step(5)
    told.close()
    lines = log.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0].endswith(" 10%  100 / 1,000 块门牌，还要大约3分钟")
    assert lines[-1].endswith("100%  1,000 / 1,000 块门牌")


def test_a_screen_gets_one_line_that_is_drawn_anew_and_not_too_often(clock):
    screen = Screen()
    told = Progress(screen, 1000, "块门牌")
    for _ in range(1000):
        clock[0] += 0.01
        told.step()
    told.close()
    drawn = screen.getvalue()
    assert drawn.count("\n") == 1
    assert drawn.endswith("1,000 / 1,000 块门牌\033[K\n")
    assert 20 <= drawn.count("\r") <= 60


def test_nothing_to_do_is_done(clock):
    screen = Screen()
    Progress(screen, 0, "栋楼").close()
    assert "100%  0 / 0 栋楼" in screen.getvalue()
