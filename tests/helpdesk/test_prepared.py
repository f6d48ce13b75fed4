"""Statements that are planned once: shared by readers who see different rows, bounded, and no page is lost when the connection has lost them. Only
PostgreSQL plans anything: on SQLite this file is not collected (tests/conftest.py)."""

import pytest
from django.db import connection
from django.test import Client

from guides.models import Guide
from helpdesk import cards, prepared
from helpdesk.access import recognise
from menpai.roles import Role
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_area, make_posting, make_request, make_user
from tests.helpdesk.desk import QUEUE, page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_on_a_new_connection(db):
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    prepared._names.pop(connection.connection, None)


def names() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'menpai_%' AND name NOT LIKE 'menpai_find%'")
        return {name for (name,) in cursor.fetchall()}


def seen_by(user) -> list[int]:
    recognise(user)
    return [card.row.pk for card in cards.page_of(user, None).object_list]


def browser(user) -> Client:
    found = Client()
    found.force_login(user)
    return found


def helper_of(code: str, *, number: int):
    """With a key that is no small number: these stand in the statement too."""
    user = make_user(f"helper{number}", role=Role.ASSISTANT, pk=number)
    make_posting(user, code)
    return user


def test_two_villages_of_a_township_share_a_plan_and_see_their_own():
    one, other = helper_of(SHUIYUN, number=101), helper_of(YUANYI, number=102)
    here, there = make_request(), make_request(make_area(YUANYI))
    assert seen_by(one) == [here.pk]
    before = names()
    assert seen_by(other) == [there.pk]
    assert names() == before
    assert seen_by(one) == [here.pk]


def test_a_supervisor_has_a_plan_of_their_own():
    zhuli, zhuguan = people.zhuli(), people.zhuguan()
    here, _ = make_request(), make_request(make_area(XIAZHUANGZI))
    seen_by(zhuli)
    before = names()
    assert seen_by(zhuguan) == [here.pk]
    assert names() > before


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_reader_whose_key_is_also_a_constant_of_the_statement(number):
    """Keys of accounts are small numbers, and so are the hands of the queue."""
    helper = helper_of(SHUIYUN, number=number)
    mine, waits, colleagues = make_request(claimed_by=helper), make_request(), make_request(claimed_by=people.xiaozhao())
    assert seen_by(helper) == [mine.pk, waits.pk, colleagues.pk]


def test_only_so_many_stay(monkeypatch):
    monkeypatch.setattr(prepared, "MOST", 3)
    people.zhuli(), people.zhuguan(), people.quzhuguan(), make_request()
    for person in (people.zhuli, people.zhuguan, people.quzhuguan, people.zhuli):
        assert seen_by(person())
        known = prepared._names[connection.connection]
        assert len(known) <= 3
        assert names() == set(known)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_lost_them_answers_all_the_same():
    """A pooler may give each statement another connection of the server."""
    client, stored = browser(people.zhuli()), make_request()
    page(client, QUEUE)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    for _ in range(2):
        assert stored.spoken_reference in page(client, QUEUE)
    connection.close()
    assert stored.spoken_reference in page(client, QUEUE)
    assert names()


@pytest.mark.django_db(transaction=True)
def test_a_column_that_changed_its_type_under_a_running_site():
    client, stored = browser(people.zhuli()), make_request()
    page(client, QUEUE)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE guides_guide ALTER COLUMN plain_title TYPE text")
    assert stored.spoken_reference in page(client, QUEUE)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE guides_guide ALTER COLUMN plain_title TYPE varchar({Guide._meta.get_field('plain_title').max_length})")
    assert stored.spoken_reference in page(client, QUEUE)


@pytest.mark.django_db(transaction=True)
def test_any_other_fault_is_a_fault():
    client = browser(people.zhuli())
    page(client, QUEUE)
    known = prepared._names[connection.connection]
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1")
        try:
            with pytest.raises(Exception, match="timeout"):
                prepared.rows([(prepared.Statement("SELECT pg_sleep(1)", (), (), "SELECT pg_sleep(1)", "menpai_sleep"), [])], "default")
        finally:
            cursor.execute("SET statement_timeout = 0")
    assert prepared._names[connection.connection] is known


@pytest.mark.django_db(transaction=True)
def test_a_line_that_broke_between_two_requests_is_opened_anew():
    client, stored = browser(people.zhuli()), make_request()
    page(client, QUEUE)
    before = connection.connection
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [before.info.backend_pid])
    other.close()
    connection.close_if_unusable_or_obsolete()  # as at the start of a request
    connection.health_check_enabled = True
    assert stored.spoken_reference in page(client, QUEUE)
    assert connection.connection is not before
