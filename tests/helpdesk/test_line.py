"""A crowd stands in line: the order in which they came, and nobody waits for themselves."""

from contextlib import nullcontext
from threading import Thread

import pytest
from django.db import connection, transaction

from helpdesk.line import Line, one_at_a_time


def test_each_has_it_alone_in_the_order_in_which_they_came():
    line, order, inside = Line(), [], []

    def wait(number):
        with line:
            inside.append(number)
            order.append((number, len(inside)))
            inside.remove(number)

    threads = [Thread(target=wait, args=[number]) for number in range(20)]
    with line:
        for number, thread in enumerate(threads):
            thread.start()
            while len(line._turns) <= number:  # until it stands in line
                pass
        assert order == []
    for thread in threads:
        thread.join()
    assert order == [(number, 1) for number in range(20)]


def test_who_fails_hands_it_on():
    line = Line()
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), line:
            raise ValueError("broken")
    with line:
        assert line._is_taken
    assert not line._is_taken


@pytest.mark.django_db(transaction=True)
def test_only_on_sqlite_and_only_outside_a_transaction():
    assert isinstance(one_at_a_time(), Line) == (connection.vendor == "sqlite")
    with transaction.atomic():
        assert isinstance(one_at_a_time(), nullcontext)
