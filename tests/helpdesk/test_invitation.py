"""The calendar file, read back by the library and line by line."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import time_machine

from helpdesk import actions
from helpdesk.models import HelpRequest
from tests import people
from tests.factories import make_plate, make_request

pytestmark = pytest.mark.django_db

LOCAL = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 25, 9, tzinfo=LOCAL)
TUESDAY = datetime(2026, 12, 1, 10, tzinfo=LOCAL)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def mine(zhuli) -> HelpRequest:
    stored = make_request(claimed_by=zhuli, name="王秀英", phone="13800138000", doorplate=make_plate())
    agree(stored)
    return stored


def agree(stored: HelpRequest, at: datetime = TUESDAY, **fields):
    actions.agree_visit(request=stored, by=people.zhuli(), at=at, **fields)


def resident_file(client, stored: HelpRequest) -> bytes:
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": "8000"})
    response = client.get(f"/help/{stored.reference}/visit.ics")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    return response.content


def desk_file(client, stored: HelpRequest) -> bytes:
    return client.get(f"/desk/{stored.reference}/visit.ics").content


def event_of(body: bytes) -> icalendar.Event:
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    return event


def test_it_says_when_in_local_time_with_the_zone_written_out_and_reminds(client, mine):
    calendar = icalendar.Calendar.from_ical(resident_file(client, mine))
    event = event_of(resident_file(client, mine))
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (TUESDAY, TUESDAY + timedelta(hours=1))
    assert event["dtstart"].params["TZID"] == "Asia/Shanghai"
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["Asia/Shanghai"]
    assert str(event["status"]) == "CONFIRMED"
    (alarm,) = event.walk("VALARM")
    assert (alarm.decoded("trigger"), str(alarm["action"])) == (timedelta(hours=-2), "DISPLAY")


def test_its_lines_are_folded_and_end_as_the_rules_say(client, mine):
    agree(mine, place="video", link="https://meet.example/" + "x" * 200)
    body = resident_file(client, mine)
    assert body.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert max(len(line) for line in body.split(b"\r\n")) <= 75
    assert "x" * 200 in str(event_of(body)["description"])


def test_a_changed_time_replaces_the_old_one_and_calling_off_takes_it_away(client, mine):
    first = event_of(resident_file(client, mine))
    agree(mine, TUESDAY + timedelta(days=1))
    moved = event_of(resident_file(client, mine))
    actions.cancel_visit(request=mine)
    gone = event_of(resident_file(client, mine))
    assert first["uid"] == moved["uid"] == gone["uid"]
    assert first["sequence"] < moved["sequence"] < gone["sequence"]
    assert moved.decoded("dtstart") == TUESDAY + timedelta(days=1)
    assert str(gone["status"]) == "CANCELLED"


def test_another_appointment_is_another_event_and_one_that_took_place_is_no_file(client, mine, clock):
    first = event_of(resident_file(client, mine))["uid"]
    clock.move_to(TUESDAY + timedelta(hours=2))
    actions.end_visit(request=mine, by=people.zhuli(), state="missed", result="没人", next_step="")
    client.post(f"/help/{mine.reference}/", {"act": "open", "last_four": "8000"})
    assert client.get(f"/help/{mine.reference}/visit.ics").status_code == 404
    agree(mine, TUESDAY + timedelta(days=1))
    assert event_of(resident_file(client, mine))["uid"] != first


def test_the_desks_file_holds_the_number_and_nothing_of_the_resident(client, mine):
    agree(mine, where="后门找王秀英，13800138000")
    body = icalendar.Calendar.from_ical(desk_file(client, mine)).to_ical().decode().replace("\r\n ", "")
    assert mine.spoken_reference in body
    for hidden in ("王", "138001", "后门", "LOCATION", mine.doorplate.place):
        assert hidden not in body
    assert "后门" in resident_file(client, mine).decode().replace("\r\n ", "")


def test_each_file_has_the_door_of_its_page(client, mine):
    client.force_login(people.zhuli2())
    assert client.get(f"/desk/{mine.reference}/visit.ics").status_code == 404
    client.logout()
    assert client.get(f"/desk/{mine.reference}/visit.ics").status_code == 302
    for prefix in ("", "/elder"):
        assert client.get(f"{prefix}/help/{mine.reference}/visit.ics").url == f"{prefix}/help/{mine.reference}/"
        assert client.get(f"{prefix}/help/123456789/visit.ics").url == f"{prefix}/help/123456789/"
        assert client.get(f"{prefix}/help/abc/visit.ics").status_code == 302
    assert client.get("/help/abc/").status_code == 200  # the door, not a fault
