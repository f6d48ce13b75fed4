"""Who may open which address of staff: one line an address, one column a role, held against the table beside this file.

A new address has no line and fails; a changed right is a changed line that somebody reads. Made anew after looking at it:
WRITE_ACCESS_MATRIX=1 pytest tests/attacks/test_matrix.py, which then fails once and says so. What one sees of other people's rows is the
matter of tests/helpdesk/test_leaks.py; here it is only whether an address opens.
"""

import os
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client

from guides.models import EditorPosting
from helpdesk.models import HelpRequest
from menpai.roles import Role
from tests import people
from tests.attacks.everywhere import rows, superuser
from tests.factories import XIAZHUANGZI, make_area, make_request, make_user
from tests.helpdesk.staff_addresses import Rows, filled, names_a_request, staff_routes
from tests.helpdesk.test_leaks import elsewhere

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).with_name("access_matrix.tsv")
SAID = {200: "open", 301: "door", 302: "door", 400: "no", 403: "no", 404: "none", 405: "-", 410: "none", 204: "open", 409: "open"}
OUTSIDERS = ("anonymous", "resident")
ROLES = (*OUTSIDERS, "zhuli", "zhuli2", "guanjia", "zhuguan", "elsewhere", "bianji", "shenhe", "guanli", "farbianji", "farguanli", "root")
FOR_ALL = ("desk/login/", "admin/login/", "desk/logout/", "admin/logout/")


def of_another_district(username: str, role: Role):
    """Works in another county of the same installation, and in it alone."""
    make_area("640221101200")
    user = make_user(username, role=role, is_staff=True)
    EditorPosting.objects.create(user=user, district_id="640221000000")
    return user


class Seat:
    """A browser of one role that always comes with the cookies it had at first, whatever it did meanwhile (signing out, for instance)."""

    def __init__(self):
        self.client = Client()

    def ready(self) -> None:
        self.first = {name: cookie.value for name, cookie in self.client.cookies.items()}

    def ask(self, method: str, address: str):
        self.client.cookies = SimpleCookie(self.first)
        return getattr(self.client, method)(address)


def cast(place) -> dict[str, Seat]:
    users = {who: getattr(people, who)() for who in ("zhuli", "zhuli2", "guanjia", "zhuguan", "bianji", "shenhe", "guanli")}
    for who in ("bianji", "shenhe", "guanli"):
        EditorPosting.objects.get_or_create(user=users[who], defaults={"district_id": "640205000000"})
    users |= {"elsewhere": elsewhere(), "farbianji": of_another_district("farbianji", Role.EDITOR), "farguanli": of_another_district("farguanli", Role.ADMIN), "root": superuser()}
    seats = {who: Seat() for who in ROLES}
    seats["resident"].client.cookies["follow"] = place.door()
    for who, user in users.items():
        seats[who].client.force_login(user)
    for seat in seats.values():
        seat.ready()
    return seats


def word(seat: Seat, method: str, address: str) -> str:
    """What became of it, undone at once. A POST that is led somewhere did something; led to the sign-in it did nothing."""
    with transaction.atomic():
        response = seat.ask(method, address)
        transaction.set_rollback(True)
    leads = response.get("Location", "") + response.get("HX-Redirect", "")
    if leads:
        return "door" if "/login/" in leads else "led"
    return SAID[response.status_code]


@pytest.fixture
def place():
    return rows()


def test_each_address_opens_for_exactly_these_roles(place):
    foreign = make_request(make_area(XIAZHUANGZI), claimed_by=people.zhuli2())
    clients, lines = cast(place), []
    for route in staff_routes():
        kinds = [("own", place.request)] + ([("foreign", foreign)] if names_a_request(route) else [])
        for kind, row in kinds:
            addresses = filled(route, Rows.of(HelpRequest.objects.get(pk=row.pk)))
            for address in addresses[:1] if "<slug:act>" in route else addresses:
                words = [f"{word(client, 'get', address)}/{word(client, 'post', address)}" for client in clients.values()]
                lines.append("\t".join([route, kind, *words]))
    now = "\n".join(["\t".join(["address", "row", *ROLES]), *dict.fromkeys(lines)]) + "\n"
    if os.environ.get("WRITE_ACCESS_MATRIX"):
        TABLE.write_text(now, encoding="utf-8")
        pytest.fail("written: read the difference, then run again without WRITE_ACCESS_MATRIX")
    kept = TABLE.read_text(encoding="utf-8")
    changed = [line for line in now.splitlines() if line not in kept.splitlines()]
    gone = [line for line in kept.splitlines() if line not in now.splitlines()]
    assert not changed, "\n".join(["these addresses open otherwise than access_matrix.tsv says:", *changed])
    assert not gone, "\n".join(["these lines of access_matrix.tsv are no addresses any more:", *gone])


def table() -> list[dict[str, str]]:
    head, *lines = (line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_the_table_itself_lets_no_outsider_in():
    lines = table()
    assert len(lines) > 200
    for row in lines:
        for who in OUTSIDERS:
            opened = [part for part in row[who].split("/") if part in ("open", "led")]
            assert not opened or row["address"] in FOR_ALL or row["address"].startswith("admin/password_change"), row


def test_nobody_of_another_village_opens_a_request_and_no_helper_the_back_office():
    for row in table():
        # A part of an open page answers that the request is gone; an absence has no village (test_leaks holds both against what never was).
        if row["row"] == "foreign" and row["address"].startswith("desk/<str:reference>/"):
            shut = {"none/none", "none/-", "-/none", "no/no", "no/-", "-/no", "-/-"}
            assert {row[who] for who in ("zhuli", "guanjia", "zhuguan", "bianji", "shenhe", "guanli", "farbianji", "farguanli")} <= shut, row
        if row["address"].startswith("admin/") and row["address"] not in FOR_ALL and "password_change" not in row["address"]:
            for who in ("zhuli", "zhuli2", "guanjia", "zhuguan", "elsewhere"):
                assert not {"open", "led"} & set(row[who].split("/")), row
