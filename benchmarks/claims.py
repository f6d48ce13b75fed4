"""160 assistants claim 10,000 waiting requests at once, on SQLite and on PostgreSQL: every request exactly once, and at what price.

    .venv/bin/python -m benchmarks.claims              both, each in a process of its own
    .venv/bin/python -m benchmarks.claims sqlite       one of them

Each assistant is a thread with a connection of its own. Beside the claim of the desk (`actions.claim`: conditional UPDATE and event in one
transaction) stand, in the same process, the floor (the bare conditional UPDATE) and a naive claim (read, look, save), which takes requests twice.
"""

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from threading import Barrier, Thread

from benchmarks.site import prepare, say
from tests.server import NoServer

ASSISTANTS, REQUESTS, IN_ONE_QUEUE = 160, 10_000, 1_000
ROUNDS, REQUESTS_A_ROUND = 3, 640  # side by side, in turns: a busy machine slows all of them
COMMUNITY = "640205102006"


def set_up() -> list:
    """The assistants, all posted to one community, and as many waiting requests there as the full size asks for."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from helpdesk.models import Posting
    from menpai.roles import Role

    call_command("setup_roles", verbosity=0, stdout=StringIO())
    users = get_user_model().objects.bulk_create(get_user_model()(username=f"helper{number}") for number in range(ASSISTANTS))
    group = Group.objects.get(name=str(Role.ASSISTANT))
    group.user_set.add(*users)
    Posting.objects.bulk_create(Posting(user=user, area_id=COMMUNITY) for user in users)
    return users


def come_in(count: int) -> list[int]:
    """That many waiting requests, whatever was there before gone. Their keys, the oldest promise first."""
    import uuid
    from datetime import timedelta

    from django.utils import timezone

    from helpdesk.models import Event, HelpRequest, Notification

    now = timezone.now()
    for model in (Notification, Event, HelpRequest):
        model.objects.all().delete()
    HelpRequest.objects.bulk_create(
        [
            HelpRequest(
                reference=f"{number:09}", submission_key=uuid.uuid4(), area_id=COMMUNITY, queue_id=COMMUNITY, name="", phone="",  # not read by a claim
                phone_index=f"{number:032}", consent_version="bench", consent_at=now, created_at=now, promised_at=now + timedelta(seconds=number),
            )
            for number in range(count)
        ],
        batch_size=500,
    )  # fmt: skip
    return list(HelpRequest.objects.oldest_promise_first().values_list("pk", flat=True))


def at_once(users: list, work: Callable) -> tuple[float, list]:
    """Everybody works at the same moment. Seconds until the last is done, and what each returns; an error of anybody ends the benchmark."""
    from django.db import connection

    start, results, failures = Barrier(len(users) + 1), [], []

    def run(number: int, user) -> None:
        connection.ensure_connection()
        start.wait()
        try:
            results.append(work(number, user))
        except Exception as error:
            failures.append(repr(error))
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(users)]
    for thread in threads:
        thread.start()
    start.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if failures:
        raise SystemExit(f"{len(failures)} of {len(users)} assistants met an error, the first: {failures[0]}")
    return seconds, list(itertools.chain.from_iterable(results))


def verb(key: int, user) -> bool:
    from helpdesk import actions
    from helpdesk.models import HelpRequest

    try:
        actions.claim(request=HelpRequest(pk=key), by=user)
    except actions.NotPossible:
        return False
    return True


def bare(key: int, user) -> bool:
    from django.utils import timezone

    from helpdesk.models import HelpRequest

    return bool(HelpRequest.objects.filter(pk=key, state="waiting").update(state="claimed", owner=user, claimed_at=timezone.now()))


def naive(key: int, user) -> bool:
    from django.utils import timezone

    from helpdesk.actions.base import record
    from helpdesk.models import HelpRequest

    request = HelpRequest.objects.get(pk=key)
    if request.state != "waiting":
        return False
    request.state, request.owner, request.claimed_at = "claimed", user, timezone.now()
    request.save()
    record(request, "claimed", by=user)
    return True


def in_pairs(users: list, keys: list[int], claim: Callable) -> tuple[float, list[int]]:
    """Two by two, as in a village: both go down the same part of the list and press 领取 on every row. Seconds, and the keys they believe to have."""
    pairs = len(users) // 2

    def work(number: int, user) -> list[int]:
        return [key for key in keys[number // 2 :: pairs] if claim(key, user)]

    return at_once(users, work)


def all_the_next(users: list) -> tuple[float, list[int]]:
    """All of them in one queue press 领下一个 until nothing waits."""
    from helpdesk import actions

    def work(number: int, user) -> list[int]:
        mine = []
        while request := actions.claim_next(by=user):
            mine.append(request.pk)
        return mine

    return at_once(users, work)


def checked(keys: list[int], claimed: list[int]) -> str:
    """Ends the benchmark unless everything was claimed once: by the assistants' own account, by the rows and by the events."""
    from helpdesk.models import Event, HelpRequest

    owners = sorted(HelpRequest.objects.filter(state="claimed").values_list("pk", "owner"))
    events = sorted(Event.objects.filter(kind="claimed").values_list("request", "by"))
    if not (sorted(claimed) == sorted(keys) == [key for key, _ in owners] and events == owners):
        raise SystemExit(f"Not each exactly once: {len(keys)} requests, {len(claimed)} believed claims, {len(owners)} owners, {len(events)} events.")
    return "each exactly once"


def side_by_side(users: list) -> None:
    """The three ways in turns, as claims a second; and how many requests the naive one gave to two."""
    speeds, doubled, ways = {claim: [] for claim in (verb, bare, naive)}, 0, (verb, bare, naive)
    for _ in range(ROUNDS):
        for claim in ways:
            keys = come_in(REQUESTS_A_ROUND)
            seconds, claimed = in_pairs(users, keys, claim)
            speeds[claim].append(len(keys) / seconds)
            if claim is verb:
                checked(keys, claimed)
            elif claim is naive:
                doubled += len(claimed) - len(set(claimed))
    typical = {claim: statistics.median(found) for claim, found in speeds.items()}
    for claim, name in ((verb, "actions.claim"), (bare, "bare UPDATE (floor)"), (naive, "naive read and save")):
        ratio = statistics.median(other / own for other, own in zip(speeds[claim], speeds[verb], strict=True))
        say(f"  {name:22} {typical[claim]:6.0f} claims/s   {ratio:5.2f} times actions.claim\n")
    say(f"  naive: {doubled} of {ROUNDS * REQUESTS_A_ROUND} requests claimed by two; actions.claim: 0\n")


def run(engine: str) -> None:
    prepare(on_postgres=engine == "postgres", with_content=False)
    users = set_up()
    say(f"\nclaims on {engine}: {ASSISTANTS} assistants at once\n")
    keys = come_in(REQUESTS)
    seconds, claimed = in_pairs(users, keys, verb)
    say(f"  {REQUESTS:,} requests, two press 领取 on each:   {REQUESTS / seconds:6.0f} claims/s  {seconds:5.1f} s   {checked(keys, claimed)}\n")
    keys = come_in(IN_ONE_QUEUE)
    seconds, claimed = all_the_next(users)
    say(f"   {IN_ONE_QUEUE:,} requests, all press 领下一个:      {IN_ONE_QUEUE / seconds:6.0f} claims/s  {seconds:5.1f} s   {checked(keys, claimed)}\n")
    side_by_side(users)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        try:
            run(sys.argv[1])
        except NoServer as reason:
            say(f"\nclaims on {sys.argv[1]}: left out. {reason}\n")
    else:
        raise SystemExit(max(subprocess.run([sys.executable, "-m", "benchmarks.claims", engine], check=False).returncode for engine in ("sqlite", "postgres")))
