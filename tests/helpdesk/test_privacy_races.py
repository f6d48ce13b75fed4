"""Deleting, correcting, scrubbing and changing keys at the same moment as somebody else's act: one order or the other, nothing in between."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone

from helpdesk import actions
from helpdesk.keys import rotate
from helpdesk.models import Event, HelpRequest, Message
from helpdesk.retention import scrub
from menpai.encryption import blind_index
from tests.factories import make_request
from tests.people import zhuli

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Run them together, each on a connection of its own; what each raised."""
    start, raised = Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        try:
            start.wait()
            act()
        except BaseException as error:  # looked at by the test
            raised[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def again(stored: HelpRequest) -> HelpRequest:
    return HelpRequest.objects.get(pk=stored.pk)


def test_keys_are_changed_by_two_while_the_site_writes(settings):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.PII_KEYS, settings.PII_INDEX_KEYS = [old], ["old-index-key-0123456789-0123456789-01"]
    stored = [make_request(name="从前", phone=f"139000000{number:02d}") for number in range(20)]
    settings.PII_KEYS, settings.PII_INDEX_KEYS = [new, old], ["new-index-key-0123456789-0123456789-01", *settings.PII_INDEX_KEYS]

    def change(request: HelpRequest, number: int) -> None:
        actions.correct(request=request, changes={"name": f"后来{number}", "phone": f"138111111{number:02d}"})

    def write() -> None:
        for number, request in enumerate(stored[:10]):
            change(request, number)

    def turn() -> None:
        list(rotate(write=True, batch=3))

    assert at_once(turn, turn, write) == [None, None, None]
    turn()  # what was written under the old key by a process that had not heard of the new one would be found here
    settings.PII_KEYS, settings.PII_INDEX_KEYS = [new], settings.PII_INDEX_KEYS[:1]
    for number, request in enumerate(map(again, stored)):
        name, phone = (f"后来{number}", f"138111111{number:02d}") if number < 10 else ("从前", f"139000000{number:02d}")
        assert (request.name, request.phone, request.phone_index) == (name, phone, blind_index(phone))


def test_of_two_who_delete_one_does_it_and_the_other_is_told():
    stored = make_request(claimed_by=zhuli())
    raised = at_once(*(lambda: actions.erase(request=again(stored)) for _ in range(2)))
    assert sorted(type(error) for error in raised if error) == [actions.NotPossible]
    assert list(Event.objects.filter(kind__in=("cancelled", "erased")).values_list("kind", flat=True)) == ["cancelled", "erased"]


@pytest.mark.parametrize(
    "other",
    [
        lambda stored: actions.reply(request=stored, text="张翠兰说的"),
        lambda stored: actions.write_message(request=stored, by=zhuli(), text="张翠兰您好"),
        lambda stored: actions.correct(request=stored, changes={"name": "张翠兰", "phone": "13977778888"}),
        lambda stored: actions.close(request=stored, by=zhuli(), reason="done", text="张翠兰办好了"),
    ],
)
def test_whoever_writes_while_it_is_deleted_leaves_nothing_behind(other):
    stored = make_request(name="张翠兰", claimed_by=zhuli())
    seen = again(stored)
    raised = at_once(lambda: actions.erase(request=again(stored)), lambda: other(seen))
    assert {type(error) for error in raised if error} <= {actions.NotPossible}
    row = again(stored)
    assert raised[0] is None
    assert (row.name, row.phone, row.phone_index, row.close_text, Message.objects.count()) == ("", "", "", "", 0)
    assert row.state in ("cancelled", "closed")


def test_what_is_opened_again_while_it_is_scrubbed_has_its_number_or_stays_closed():
    for _ in range(6):
        actions.cancel(request=make_request())
    stored, later = list(HelpRequest.objects.all()), timezone.now() + timedelta(days=31)

    def reopen() -> None:
        for request in stored:
            try:
                actions.reopen(request=request)
            except actions.NotPossible:
                continue

    def run() -> None:
        while scrub(later, batch=2):
            pass

    assert at_once(reopen, run) == [None, None]
    for request in map(again, stored):
        assert request.is_open == bool(request.phone) == bool(request.phone_index)
