"""The drill of kill -9, in small: a few kills on the database of the tests, so that the drill and what it proves do not rot. `python -m drills.kill` is the long one."""

import os
import random
from threading import Event
from urllib.parse import quote

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.utils import timezone

from drills import compare
from drills.fleet import Fleet
from drills.kill import lines_of, outbox_line
from drills.outside import Gateway
from drills.traffic import Journal, Load, Site, everybody
from helpdesk.models import ContactCard, Notification
from menpai.roles import Role
from tests.factories import make_building, make_guide, make_plate, make_posting, make_user
from tests.running import Stage

PASSWORD = "drei-kurze-worte"
PATIENCE = 60  # seconds that nothing here needs; a hang fails instead of hanging
TARGETS = ("web worker", "notification worker", "web")


@pytest.fixture
def site(district, roles) -> Site:
    """Plates, a guide, and two helpers of one community whose phones may ring at any hour."""
    building = make_building(entrances=("1单元", "2单元"))
    plates = [make_plate(building, entrance=entrance).code for entrance in building.entrances]
    names: list[str] = []
    for number in range(2):
        user = make_user(f"helper{number}", role=Role.ASSISTANT)
        user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salz", 1000)  # the tests' own hasher is unknown to the site's processes
        user.save()
        make_posting(user, building.community_id)
        ContactCard.objects.create(user=user, mobile=f"1390000000{number}", quiet_from="00:00", quiet_to="00:00")
        names.append(user.username)
    return Site("", plates, [make_guide().slug], names, PASSWORD)


def environment(home, gateway: Gateway) -> dict[str, str]:
    """The test's own database, opened by processes of their own."""
    name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"]
    address = f"sqlite:///{name}" if connection.vendor == "sqlite" else f"postgres://postgres@{quote(host, safe='')}/{name}"
    own = {"DATABASE_URL": address, "MENPAI_VAR": str(home), "MENPAI_DEBUG": "1", "MENPAI_SECOND_FACTOR": "0", "MENPAI_SMS_URL": gateway.url}
    return os.environ | own | {"MENPAI_HOSTS": "127.0.0.1", "MENPAI_SITE_URL": "http://localhost:8000"}


def until(is_there, what: str) -> None:
    for _ in range(PATIENCE * 10):
        if is_there():
            return
        Event().wait(0.1)
    pytest.fail(f"not in time: {what}")


def told() -> bool:
    """Nothing is on its way any more. What waits two minutes for more is made older."""
    earlier = timezone.now() - timezone.timedelta(minutes=10)
    Notification.objects.filter(state="pending", attempts=0, created_at__gt=earlier).update(created_at=earlier, not_before=earlier)
    return not compare.state()


@pytest.mark.django_db(transaction=True)
def test_what_was_acknowledged_while_processes_are_killed_is_there_and_once(site, tmp_path, settings):
    settings.SITE_URL = "http://localhost:8000"
    journal, rng, kills = Journal("start"), random.Random(7), {}
    with Stage(tmp_path / "stage") as stage, Gateway() as gateway:
        fleet = Fleet(stage, gateway, env=environment(tmp_path, gateway), lease=3)
        site.url = f"http://127.0.0.1:{fleet.web_port}"
        fleet.start(minute=False, older=False)
        with Load(journal, everybody(site, journal, 7, residents=2)):
            for target in TARGETS:
                journal.phase, before = target, len(journal.items)
                until(lambda before=before: len(journal.items) > before + 8, f"traffic before the kill of a {target}: {journal.wrong[-3:]}")
                told()
                fleet.kill(target, rng)
                kills[target] = 1
                until(lambda before=before: len(journal.items) > before + 16, f"traffic after the kill of a {target}: {journal.wrong[-3:]}")
        until(told, "all notifications")
        assert fleet.end() == [0, 0]
        found = compare.compare({"items": journal.items, "delivered": gateway.delivered})
    lines = [*lines_of(found, kills, journal), outbox_line(found["outbox"], kills, compare.state())]
    assert [line for line in lines if not line.is_held] == []
    kinds = {one["what"] for one in journal.items}
    assert {"scan", "request", "claim", "message"} <= kinds  # else nothing was proved


def test_the_comparison_sees_what_is_missing_and_what_is_there_twice(site):
    """A drill that finds nothing because it does not look would be worse than none."""
    from helpdesk import actions
    from tests import factories, people

    stored = factories.make_request(phone="13900001111")
    actions.claim(request=stored, by=people.zhuli())
    for _ in range(2):
        stored.messages.create(sender="staff", by=people.zhuli(), text="请带身份证")
    items = [
        {"what": "scan", "code": site.plates[0]},
        {"what": "request", "reference": "123456789", "phone": "13900002222"},
        {"what": "claim", "reference": stored.reference, "by": "helper0"},
        {"what": "message", "reference": stored.reference, "text": "请带身份证", "sender": "staff"},
        {"what": "message", "reference": stored.reference, "text": "nie gekommen", "sender": "staff"},
    ]
    found = compare.compare({"items": [one | {"phase": "x"} for one in items], "delivered": ["a", "a"]})
    assert {key: len(rows) for key, rows in found["missing"].items()} == {"x|scan": 1, "x|request": 1, "x|claim": 1, "x|message": 1}
    assert {key: len(rows) for key, rows in found["twice"].items()} == {"x|message": 1}
    assert (found["outbox"]["again"], found["outbox"]["other"]) == (1, 1)
    lines = lines_of(found, {"x": 1}, Journal("x"))
    assert (lines[0].tried, lines[0].lost, lines[0].is_held) == (5, 5, False)
