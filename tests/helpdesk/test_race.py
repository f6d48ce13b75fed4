"""Many assistants, many waiting requests, one moment: each request is claimed exactly once. The full 160 and 10,000 run in benchmarks/claims.py."""

import random
from threading import Barrier, Thread

import pytest
from django.db import connection

from helpdesk import actions
from helpdesk.actions import NotPossible
from helpdesk.models import Event, HelpRequest
from menpai.roles import Role
from tests.factories import SHUIYUN, make_posting, make_request, make_user

pytestmark = pytest.mark.django_db(transaction=True)
ASSISTANTS, REQUESTS = 24, 120


@pytest.fixture
def crowd():
    users = [make_user(f"helper{number}", name=f"帮办员{number}", role=Role.ASSISTANT) for number in range(ASSISTANTS)]
    for user in users:
        make_posting(user, SHUIYUN)
    for _ in range(REQUESTS):
        make_request()
    return users


def at_once(users, work) -> list:
    """Run work(user) for all at the same moment, each on a connection of their own. Returns what they return; raises nothing but what they raise."""
    start, results, failures = Barrier(len(users)), [], []

    def run(user):
        start.wait()
        try:
            results.append(work(user))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return results


def check_each_claimed_once(claimed: list[int]):
    """`claimed`: the keys that the assistants believe to have won."""
    keys = set(HelpRequest.objects.values_list("pk", flat=True))
    assert len(keys) == REQUESTS
    assert sorted(claimed) == sorted(keys)
    owners = dict(HelpRequest.objects.filter(state="claimed").values_list("pk", "owner"))
    events = list(Event.objects.filter(kind="claimed").values_list("request", "by"))
    assert sorted(events) == sorted(owners.items())
    assert owners.keys() == keys


def test_who_all_walk_down_the_same_list_claim_each_once(crowd):
    keys = list(HelpRequest.objects.oldest_promise_first().values_list("pk", flat=True))

    def work(user) -> list[int]:
        mine, order = [], keys[:]
        if user.pk % 2:  # half of them jump about
            random.Random(user.pk).shuffle(order)
        for key in order[: REQUESTS // 2] if user.pk % 2 else order:
            try:
                actions.claim(request=HelpRequest(pk=key), by=user)
                mine.append(key)
            except NotPossible:
                continue
        return mine

    check_each_claimed_once([key for mine in at_once(crowd, work) for key in mine])


def test_who_all_ask_for_the_next_one_get_each_once_and_none_is_left(crowd):
    def work(user) -> list[int]:
        mine = []
        while request := actions.claim_next(by=user):
            assert request.owner == user
            mine.append(request.pk)
        return mine

    check_each_claimed_once([key for mine in at_once(crowd, work) for key in mine])
