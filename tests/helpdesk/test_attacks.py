"""What somebody tries who means ill: at the door of a number, with a cookie, with a colleague, with a complaint."""

import re

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk import actions
from helpdesk.access import colleagues_for
from helpdesk.models import HelpRequest
from helpdesk.views.follow import FOLLOW_COOKIE
from tests.factories import make_request
from tests.helpdesk.desk import press
from tests.people import guanjia, xiaozhao, zhuguan, zhuli, zhuli2

pytestmark = pytest.mark.django_db

UNKNOWN = "482917361"


def try_door(address: str, last_four: str = "0000", ip: str = "203.0.113.7") -> str:
    response = Client(REMOTE_ADDR=ip).post(address, {"act": "open", "last_four": last_four})
    return response.content.decode() if response.status_code == 200 else "open"


def spellings(reference: str) -> list[str]:
    """One number as it may be written in an address, and each address that has this door."""
    dashed = "-".join(re.findall("...", reference))
    return [
        f"/help/{reference}/", f"/help/{dashed}/", f"/help/{dashed.replace('-', ' ')}/", f"/elder/help/{reference}/", f"/help/{reference}/mine/",
        f"/elder/help/{dashed}/mine/", f"/help/x{reference}x/",
    ]  # fmt: skip


def test_five_tries_are_five_however_the_number_is_written_and_whichever_page_asks():
    stored = make_request(phone="13800138000")
    said = [try_door(address) for address in spellings(stored.reference)]
    assert ["试的次数太多了" in text for text in said] == [False] * 5 + [True] * 2
    assert "试的次数太多了" in try_door(f"/help/{stored.reference}/", "8000"), "the right digits do not open it then either"


def test_many_addresses_together_have_thirty_tries_a_week():
    stored = make_request(phone="13800138000")
    for number in range(30):
        try_door(f"/help/{stored.reference}/", ip=f"203.0.113.{number}")
    assert "试的次数太多了" in try_door(f"/help/{stored.reference}/mine/", "8000", ip="198.51.100.1")


def test_whose_address_it_is_cannot_be_claimed():
    stored = make_request(phone="13800138000")
    for number in range(6):
        client = Client(REMOTE_ADDR="203.0.113.7", headers={"x-real-ip": f"198.51.100.{number}", "x-forwarded-for": f"198.51.100.{number}"})
        text = client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": "0000"}).content.decode()
    assert "试的次数太多了" in text


@pytest.mark.parametrize("data", [None, {"act": "open", "last_four": "0000"}, {"act": "erase"}, {"act": "reply", "text": "在吗"}])
@pytest.mark.parametrize("page", ["", "mine/"])
def test_a_number_that_exists_is_answered_as_one_that_does_not(page, data):
    """The same bytes after the same number of queries: nobody learns which numbers there are, nor which were deleted."""
    stored, gone = make_request(), make_request()
    actions.erase(request=gone)
    said = {}
    for number, reference in enumerate((stored.reference, gone.reference, UNKNOWN)):
        address, client = f"/help/{reference}/{page}", Client(REMOTE_ADDR=f"203.0.113.{number}")  # an address that was seen before costs fewer queries
        with CaptureQueriesContext(connection) as queries:
            response = client.post(address, data) if data else client.get(address)
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode()).replace(reference, "…")
        said[reference] = (response.status_code, len(queries), text)
    assert len(set(said.values())) == 1


@pytest.mark.parametrize(
    "cookie",
    [
        lambda mine, other: signing.dumps(f"{other.reference}:asker", salt="another salt"),
        lambda mine, other: signing.dumps(f"{mine.reference}:asker", salt=FOLLOW_COOKIE),
        lambda mine, other: signing.dumps(f"{other.reference}:owner", salt=FOLLOW_COOKIE),
        lambda mine, other: signing.dumps(other.reference, salt=FOLLOW_COOKIE),  # as it was before there were sides
        lambda mine, other: f"{other.reference}:asker",
    ],
)
def test_only_the_cookie_of_this_number_and_a_side_opens(cookie):
    mine, other = make_request(phone="13911112222"), make_request(name="张翠兰", phone="13800138000")
    client = Client()
    client.cookies[FOLLOW_COOKIE] = cookie(mine, other)
    for page in ("", "mine/"):
        text = client.get(f"/help/{other.reference}/{page}").content.decode()
        assert "最后四位" in text
        assert "8000" not in text
    assert client.post(f"/help/{other.reference}/", {"act": "cancel"}).status_code == 200
    other.refresh_from_db()
    assert other.state == "waiting"


def test_a_cookie_that_is_too_old_opens_nothing():
    stored = make_request(phone="13800138000")
    client = Client()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.core.signing.time.time", lambda: 1_000_000.0)
        client.cookies[FOLLOW_COOKIE] = signing.dumps(f"{stored.reference}:asker", salt=FOLLOW_COOKIE)
    assert "最后四位" in client.get(f"/help/{stored.reference}/").content.decode()


def test_a_complaint_is_handed_to_supervisors_only():
    complaint = make_request(row={"for_supervisor": True})
    for person in (zhuli, xiaozhao, guanjia, zhuguan):
        person()
    assert [posting.user for posting in colleagues_for(complaint)] == [zhuguan()]


def test_a_supervisor_cannot_force_a_complaint_upon_an_assistant(client):
    zhuli()
    complaint = make_request(row={"for_supervisor": True})
    client.force_login(zhuguan())
    assert press(client, complaint, "hand_over", to=zhuli().postings.get().pk, reason="你看看").status_code == 200
    complaint.refresh_from_db()
    assert complaint.owner is None


@pytest.mark.parametrize("act", ["claim", "release", "hand_over", "message", "visit", "papers", "close", "correct", "take", "erase", "reveal"])
def test_no_act_of_a_stranger_or_a_colleague_changes_what_is_in_other_hands(client, act):
    """By the address alone, whatever the page offers: every field that any of the acts asks is sent."""
    stored = make_request(claimed_by=zhuli(), papers=(("身份证", ""),))
    data = {
        "text": "您好", "at": "2036-11-26T09:00", "reason": "done", "asked": "asker", "verified": "on", "sure": "on", "name": "王", "to": xiaozhao().postings.get().pk,
        f"paper-{stored.papers.get().pk}": "ok",
    }  # fmt: skip
    before = HelpRequest.objects.filter(pk=stored.pk).values().get()
    for person in (xiaozhao(), zhuli2(), guanjia()):
        client.force_login(person)
        text = press(client, stored, act, **data).content.decode()
        assert "13800138000" not in text
    assert HelpRequest.objects.filter(pk=stored.pk).values().get() == before
    assert [event.kind for event in stored.events.all()] == ["submitted", "claimed"]
    assert stored.papers.get().state == "unchecked"


@pytest.mark.parametrize("act", ["claim", "release", "hand_over", "message", "visit", "close"])
def test_what_is_closed_takes_no_act_even_from_its_owner(client, act):
    stored = make_request(claimed_by=zhuli())
    actions.close(request=stored, by=zhuli(), reason="done", text="")
    client.force_login(zhuli())
    press(client, stored, act, text="您好", at="2036-11-26T09:00", reason="explained", to=(xiaozhao().postings.get().pk))
    stored.refresh_from_db()
    assert (stored.state, stored.close_reason, stored.owner, stored.visit_at) == ("closed", "done", zhuli(), None)


@pytest.mark.parametrize("number", ["%00", "1%002", "４８２９１７３６１", "482917361%0A", "x" * 300])
def test_a_number_that_is_none_is_not_found_and_no_fault(client, number):
    client.force_login(zhuli())
    assert client.get(f"/desk/{number}/").status_code == 404
    assert client.post(f"/desk/{number}/claim/").status_code == 404


def test_somebody_who_was_stopped_or_lost_the_role_is_out_at_the_next_click(client):
    stored = make_request(claimed_by=zhuli())
    client.force_login(zhuli())
    assert client.get(f"/desk/{stored.reference}/").status_code == 200
    zhuli().groups.clear()
    assert client.get(f"/desk/{stored.reference}/").status_code == 403
    user = zhuli()
    user.is_active = False
    user.save()
    assert client.get(f"/desk/{stored.reference}/").status_code == 302
    assert client.post(f"/desk/{stored.reference}/reveal/").status_code == 302
    assert not stored.events.filter(kind="revealed").exists()
