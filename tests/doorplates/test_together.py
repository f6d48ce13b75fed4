"""Threads that ask at the same time are asked for together; none is forgotten, whatever happens to the one that asks."""

import threading

import pytest

from doorplates import together
from doorplates.together import NotAnsweredError, Together


class Database:
    """Answers in tens; the first question waits until `gate` opens, so that others line up behind it."""

    def __init__(self, *, fails: frozenset = frozenset()):
        self.gate, self.asked, self.is_asked, self.fails = threading.Event(), [], threading.Event(), fails

    def __call__(self, asked: list[int]) -> list[int]:
        self.asked.append(sorted(asked))
        self.is_asked.set()
        assert self.gate.wait(30)
        if self.fails & set(asked):
            raise ValueError("no")
        return [number * 10 for number in asked]


def ask_all(database: Database, numbers: range, line: Together | None = None) -> dict:
    """The first thread asks alone; the others come while it waits."""
    line, got = line or Together(database), {}

    def one(number: int) -> None:
        try:
            with line.ask(number) as answer:
                got[number] = answer
        except NotAnsweredError as error:
            got[number] = type(error.__cause__)

    threads = [threading.Thread(target=one, args=(number,)) for number in numbers]
    threads[0].start()
    assert database.is_asked.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(line._waiting) < len(numbers) - 1 and any(thread.is_alive() for thread in threads[1:]):
        threading.Event().wait(0.001)
    database.gate.set()
    for thread in threads:
        thread.join(30)
    return got


def test_who_waits_is_asked_for_in_one():
    database = Database()
    assert ask_all(database, range(1, 9)) == {number: number * 10 for number in range(1, 9)}
    assert database.asked == [[1], [2, 3, 4, 5, 6, 7, 8]]


def test_a_failure_is_told_to_each_who_was_asked_for_and_to_nobody_else():
    database = Database(fails=frozenset({5}))
    got = ask_all(database, range(1, 9))
    assert got == {1: 10} | dict.fromkeys(range(2, 9), ValueError)


def test_after_a_failure_the_line_moves_on():
    database = Database(fails=frozenset({1}))
    line = Together(database)
    assert ask_all(database, range(1, 3), line) == {1: ValueError, 2: 20}
    with line.ask(7) as answer:
        assert answer == 70


def test_a_thread_that_is_ended_while_it_asks_leaves_nobody_waiting():
    def ended(asked):
        raise SystemExit

    line = Together(ended)
    with pytest.raises(SystemExit), line.ask(1):
        pass
    line._put = lambda asked: asked
    with line.ask(2) as answer:
        assert answer == 2


def test_a_page_that_fails_lets_the_others_go_on():
    line = Together(lambda asked: asked)
    with pytest.raises(ZeroDivisionError), line.ask(1):
        raise ZeroDivisionError
    with line.ask(2) as answer:
        assert answer == 2


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(together, "PATIENCE", 0.01)
    database, line, got = Database(), None, []
    line = Together(database)

    def first() -> None:
        with line.ask(1) as answer:
            got.append(answer)

    thread = threading.Thread(target=first)
    thread.start()
    assert database.is_asked.wait(30)
    with pytest.raises(NotAnsweredError), line.ask(2):
        pass
    database.gate.set()
    thread.join(30)
    assert (got, database.asked) == ([10], [[1]])
    with line.ask(3) as answer:
        assert answer == 30
