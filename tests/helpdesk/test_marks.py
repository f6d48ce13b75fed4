"""Where a person's data may stand: a request full of marked words is looked for on every page, in every log line, report and repr."""

import io
import logging
import re
import sys
from itertools import chain

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from helpdesk import actions
from helpdesk.models import HelpRequest, Mandate, Notification, Paper, Principal, Rating, Visit
from menpai.encryption import blind_index
from menpai.logs import LineFormatter, RequestIdFilter
from tests.factories import make_guide, make_plate, make_request, make_submission, make_user
from tests.helpdesk.filled import fill
from tests.helpdesk.staff_addresses import PARAMETER, Rows, filled, staff_routes, walk
from tests.people import can_sign_in, guanli, shenhe, xiaozhao, zhuguan, zhuli

pytestmark = pytest.mark.django_db

NAME, PHONE, PARENT, PARENT_PHONE = "甄标名", "13955551234", "秦标亲", "13966664321"
WHO = {"标名": "name", PHONE: "phone", "标亲": "parent's name", PARENT_PHONE: "parent's phone", blind_index(PHONE): "index", "标委": "principal of the mandate"}
SAID = {
    "标说": "note", "标系": "relation", "标言": "message", "标答": "answer", "标记": "internal note", "标处": "where", "标链": "link", "标果": "result",
    "标步": "next step", "标注": "remark", "标托": "scope", "标评": "rating", "标结": "closing",
}  # fmt: skip

# By GET a full name or number stands nowhere but where the person themselves looks behind their own door. At the desk it takes a post, which is
# logged. What was said is read where the request is worked: on its own page, and on the lists of meetings (where to go, what comes next).
WHO_MAY = {("resident", "/help/…/mine/"), ("resident", "/elder/help/…/mine/"), ("parent", "/help/…/mine/"), ("parent", "/elder/help/…/mine/")}
SAID_MAY = re.compile(r"/desk/…/.*|/desk/live/…/|/desk/(visits|route|today)/.*|(/elder)?/help/…/.*")


@pytest.fixture
def stored() -> HelpRequest:
    """Closed, talked about, met, rated, for a parent, with a mandate: every field that can hold something does."""
    owner = zhuli()
    request = make_request(
        guide=make_guide(), doorplate=make_plate(), name=NAME, phone=PHONE, note="标说", relation="标系", for_someone=True, claimed_by=owner, papers=(("户口簿", ""),)
    )
    actions.reply(request=request, text="标言")
    actions.write_message(request=request, by=owner, text="标答")
    actions.write_note(request=request, by=owner, text="标记")
    Principal.objects.create(request=request, name=PARENT, phone=PARENT_PHONE, phone_index=blind_index(PARENT_PHONE), consent="given", answered_at=timezone.now())
    Mandate.objects.create(request=request, text_version="2026-11", principal_name="标委", scope="标托", starts_on="2026-11-01", ends_on="2036-12-01", signed_on="2026-11-01", agent=owner)
    Visit.objects.create(request=request, helper=owner, at=timezone.now(), where="标处", link="https://example.invalid/标链", result="标果", next_step="标步")
    Paper.objects.filter(request=request).update(remark="标注", state="bad", reason="other")
    for kind in ("new", "resident_wrote"):
        Notification.objects.create(kind=kind, to_user=owner, request=request, not_before=timezone.now())
    return request


@pytest.fixture
def lines():
    """What production writes to stderr while the test runs, from the finest level on."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    handler.addFilter(RequestIdFilter())
    root.addHandler(handler)
    yield stream.getvalue
    root.removeHandler(handler)


def viewers() -> dict[str, Client]:
    root = make_user("root", is_staff=True, is_superuser=True)
    found = {"anonymous": Client()}
    for user in (zhuli(), xiaozhao(), zhuguan(), shenhe(), guanli(), root):
        found[user.username] = Client()
        found[user.username].force_login(user)
    return found


def behind_the_door(stored: HelpRequest, last_four: str) -> Client:
    client = Client()
    assert client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": last_four}).status_code == 302
    return client


def resident_addresses(stored: HelpRequest) -> list[str]:
    """Every address of the site that is not for staff, with the request's own number, its guide, its area."""
    values = {"reference": stored.reference, "area_code": stored.area_id, "slug": stored.guide.slug, "code": stored.doorplate.code}
    found = []
    for route, _ in walk():
        if route.startswith(("admin/", "desk/")) or route.startswith(("c/", "elder/c/")):
            continue  # the pages of guides as seen from an area are those seen from nowhere
        path = PARAMETER.sub(lambda match: str(values.get(match.group(1), 1)), route).replace("^", "").replace("$", "").replace("\\Z", "")
        found.append(f"/{path}")
    return found


def pages_of_staff(stored: HelpRequest) -> list[str]:
    plain = chain.from_iterable(filled(route, Rows.of(stored)) for route in staff_routes())
    wanted = [address for address in plain if address.startswith("/desk/") or "/helpdesk/" in address or "/auth/" in address or address == "/admin/"]
    lists = [f"/desk/?show=closed&q={stored.reference}", f"/desk/?number={stored.reference}", f"/admin/helpdesk/helprequest/?q={stored.reference}"]
    return [address for address in wanted if not address.endswith("/logout/")] + lists


def _may(who: str, shown: str, what: str) -> bool:
    """The person themselves; child and parent, who know each other, by name; the helper who holds the mandate prints it with the name in it."""
    knows = who in ("resident", "parent") and what in ("name", "parent's name") and shown in ("/help/…/", "/elder/help/…/")
    return (who, shown) in WHO_MAY or knows or (who == "zhuli" and re.fullmatch(r"/desk/…/mandates/\d+/", shown) is not None)


def misplaced(stored: HelpRequest, who: str, address: str, text: str) -> list[str]:
    """The marks on this page that may not stand there."""
    shown = address.partition("?")[0].replace(stored.reference, "…")
    found = [f"{what} at {address} for {who}" for mark, what in WHO.items() if mark in text and not _may(who, shown, what)]
    if not SAID_MAY.fullmatch(shown):
        found += [f"{what} at {address} for {who}" for mark, what in SAID.items() if mark in text]
    if "/help/" in shown and "标记" in text:
        found.append(f"internal note at {address}")
    return found


def text_of(response) -> str:
    heads = " ".join(f"{name}: {value}" for name, value in response.items())
    return heads + (response.getvalue() if response.streaming else response.content).decode("utf-8", "replace")


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_no_page_of_anybody_shows_what_it_may_not(stored, lines, is_closed):
    if is_closed:
        actions.close(request=stored, by=zhuli(), reason="done", text="标结")
        Rating.objects.create(request=stored, level=1, text="标评")
    wrong, seen = [], 0
    for who, client in viewers().items():
        for address in pages_of_staff(stored):
            wrong += misplaced(stored, who, address, text_of(client.get(address)))
            seen += 1
    for who, last_four in (("resident", PHONE[-4:]), ("parent", PARENT_PHONE[-4:])):
        client = behind_the_door(stored, last_four)
        for address in resident_addresses(stored):
            wrong += misplaced(stored, who, address, text_of(client.get(address)))
            seen += 1
    for address in resident_addresses(stored):
        wrong += misplaced(stored, "anonymous", address, text_of(Client().get(address)))
    assert wrong == []
    assert seen > 300
    detail = behind_the_door(stored, PHONE[-4:]).get(f"/help/{stored.reference}/").content.decode()
    assert "标言" in detail and "标答" in detail, "the marks are there to be found"
    assert [mark for mark in chain(WHO, SAID) if mark in lines()] == []
    assert not LogEntry.objects.exists()


def test_the_full_number_at_the_desk_takes_a_post_and_leaves_an_entry(stored):
    clients = viewers()
    for who, may in (("zhuli", True), ("zhuguan", True), ("xiaozhao", False), ("guanli", False), ("root", False)):
        before = stored.events.filter(kind="revealed").count()
        text = clients[who].post(f"/desk/{stored.reference}/reveal/").content.decode()
        assert (PHONE in text) == may, who
        assert stored.events.filter(kind="revealed").count() - before == may


def test_every_act_by_post_shows_the_number_only_where_it_is_logged(stored, lines):
    client = viewers()["zhuli"]
    data = {"text": "您好", "asked": "asker", "verified": "on", "reason": "x"}
    for address in filled("desk/<str:reference>/<slug:act>/", Rows.of(stored)):
        point = transaction.savepoint()
        text = text_of(client.post(address, data, follow=True))
        transaction.savepoint_rollback(point)
        assert (PHONE in text) == address.endswith(("/reveal/", "/take/")), address
    assert PHONE not in lines()


def test_no_repr_and_no_name_of_a_row_says_who_it_is_of():
    marks = fill()
    own = [mark for mark, (model, name) in marks.items() if model._meta.app_label == "helpdesk" and model._meta.get_field(name).__class__.__name__ == "EncryptedTextField"]
    assert len(own) > 15
    for model in apps.get_app_config("helpdesk").get_models():
        for row in model._base_manager.all():
            assert not [mark for mark in own if mark in f"{row} {row!r}"], model
    said = repr(make_submission(name=NAME, phone=PHONE, note="标说", relation="标系", wish="标愿"))
    assert not [word for word in (NAME, PHONE, "标说", "标系", "标愿") if word in said]


def test_a_number_that_is_logged_by_mistake_is_cut_out(lines):
    logging.getLogger("menpai").warning("could not send to %s or %s, request 2026112709", PHONE, "09523311111")
    assert lines().endswith("could not send to … or …, request 2026112709\n")
    logging.getLogger("django.request").warning("Not Found: /help/482917365/mine/")
    assert lines().endswith("Not Found: /help/…/mine/\n")


def test_a_fault_is_logged_without_what_was_sent_and_gives_it_back_to_the_sender_alone(stored, lines, monkeypatch):
    def fails(submission, **how):
        raise RuntimeError("broken")

    monkeypatch.setattr(actions, "submit", fails)
    client = Client(raise_request_exception=False)
    data = {"name": NAME, "phone": PHONE, "consent": "on", "note": "标说", "submission_key": "6e1c3ab8-6f5c-4a59-9f6e-3f7d5a8f2b11"}
    response = client.post("/help/new/", data)
    assert response.status_code == 500
    assert "RuntimeError: broken" in lines()
    assert not [mark for mark in (PHONE, "标名", "标说") if mark in lines()]
    assert response["Cache-Control"] == "no-store"  # what was typed stands on this one page, for whoever typed it (menpai.errors)
    assert "RuntimeError" not in response.content.decode()


def test_a_report_by_mail_holds_no_value_of_a_form_nor_of_a_variable(settings):
    """Nobody is mailed by default; an operator who sets ADMINS or a tracker gets this."""
    settings.ADMINS = [("值班", "duty@example.invalid")]
    request = RequestFactory().post("/help/new/", {"name": NAME, "phone": PHONE})
    record = logging.LogRecord("django.request", logging.ERROR, __file__, 1, "Internal Server Error: %s", ("/help/new/",), _fault())
    record.request, record.status_code = request, 500
    AdminEmailHandler(include_html=True).emit(record)
    sent = mail.outbox[0]
    text = sent.subject + sent.body + "".join(content for content, _ in sent.alternatives)
    assert "phone" in text, "which field was sent is told"
    assert not [mark for mark in (PHONE, "标名") if mark in text]


def _fault():
    secret = f"{NAME} {PHONE}"
    try:
        raise RuntimeError(f"no {len(secret)}")
    except RuntimeError:
        return sys.exc_info()


def test_with_debug_a_developer_still_sees_variables(settings):
    settings.DEBUG = True
    assert PHONE in ExceptionReporter(None, *_fault()).get_traceback_html()


def test_a_failed_sign_in_keeps_no_password(client):
    from axes.models import AccessAttempt

    can_sign_in(zhuli())
    client.post("/desk/login/", {"username": "zhuli", "password": "geheim-标密-2026"})
    row = AccessAttempt.objects.get()
    assert "标密" not in " ".join(str(value) for value in row.__dict__.values())
    assert "geheim" not in row.post_data
