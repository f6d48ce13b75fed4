"""Whatever stands in whichever field, a page of whoever shows it as text: no element, no attribute, no script, no address of a script, no formula."""

import csv
import io
import re

import pytest
from django.test import Client
from openpyxl import load_workbook

from guides.models import District
from helpdesk import channels
from helpdesk.models import HelpRequest
from tests import people
from tests.attacks import hostile
from tests.attacks.addresses import filled, public_routes
from tests.attacks.everywhere import rows, spoil, superuser
from tests.helpdesk.outside import MailServer
from tests.helpdesk.staff_addresses import Rows, staff_routes
from tests.helpdesk.staff_addresses import filled as filled_staff

pytestmark = pytest.mark.django_db

# Both at once: an address of a script, and markup that ends an attribute of either kind.
MARKUP = ["javascript:zq7()//'\"><zq7x onzq7=1><script>zq7</script>", "\"'><zq7x onzq7=1>", "<zq7x>\"'", "<zq7x"]
FORMULAS = ["=zq7+1", "@zq7"]


@pytest.fixture
def place(monkeypatch):
    place = rows()
    monkeypatch.setattr(District, "kept", {})
    monkeypatch.setattr(District, "kept_until", 0)
    return place


def looked_at(response, address: str) -> bool:
    """Harmless; and whether anything hostile stood in it at all."""
    assert response.status_code < 500, address
    hostile.assert_harmless(response, address)
    return b"zq7" in response.content if not response.streaming else False


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_each_field_that_people_fill_is_among_those_that_are_spoiled(place):
    written = spoil(MARKUP)
    wanted = {
        "helpdesk.HelpRequest.name", "helpdesk.HelpRequest.note", "helpdesk.HelpRequest.close_text", "helpdesk.HelpRequest.relation", "helpdesk.HelpRequest.phone", "helpdesk.Message.text",
        "helpdesk.Paper.name", "helpdesk.Paper.remark", "helpdesk.Visit.where", "helpdesk.Visit.link", "helpdesk.Principal.name", "helpdesk.Mandate.scope", "helpdesk.Rating.text",
        "helpdesk.Event.detail", "helpdesk.ReplyTemplate.text", "helpdesk.ContactCard.email", "helpdesk.Robot.name", "guides.Correction.text", "guides.SearchMiss.text", "guides.Guide.title",
        "guides.Guide.online_url", "guides.Guide.aliases", "guides.Office.address", "guides.Notice.text", "guides.Material.name", "guides.Step.text", "doorplates.Building.estate",
        "auth.User.first_name", "guides.Area.name", "guides.District.site_name", "admin.LogEntry.change_message",
    }  # fmt: skip
    assert wanted <= set(written), wanted - set(written)
    assert len(written) > 90


def test_residents_are_shown_text(place):
    spoil(MARKUP)
    held = 0
    for route in public_routes():
        for is_inside in (False, True) if "reference" in route else (False,):
            client = Client()
            if is_inside:
                client.cookies["follow"] = place.door()
            address = filled(route, place)
            for query in ("", "?step=talk", "?step=see", "?q=zq7") if is_inside or route.endswith("guides/") else ("",):
                held += looked_at(client.get(address + query), address + query)
            if is_inside and route.endswith("mine/"):
                for act in ("file", "sheet"):
                    held += looked_at(client.post(address, {"act": act}), f"{address} {act}")
    assert held > 60, held


@pytest.mark.parametrize("who", ["zhuli", "xiaozhao", "zhuguan", "root"])
def test_the_desk_shows_text_to_each_role(who, place):
    user = superuser() if who == "root" else getattr(people, who)()
    spoil(MARKUP)
    client, held = signed_in(user), 0
    for route in staff_routes():
        if not route.startswith("desk/") or "logout" in route:
            continue
        for reference in (place.request.reference, place.values["closed"], place.values["complaint"]) if "reference" in route else (place.request.reference,):
            for address in filled_staff(route, Rows.of(HelpRequest.objects.get(reference=reference))):
                for query in ("", "?show=closed", "?q=zq7") if address == "/desk/" else ("",):
                    held += looked_at(client.get(address + query), address + query)
    for act, data in (("reveal", {}), ("take", {"asked": "asker", "verified": "on"}), ("reveal_principal", {}), ("note", {"text": hostile.MARK * 3}), ("correct", {"name": hostile.MARK})):
        address = f"/desk/{place.request.reference}/{act}/"
        held += looked_at(client.post(address, data), f"POST {address}")
    assert held > 10, held


@pytest.mark.parametrize("who", ["root", "shenhe", "guanli"])
def test_the_back_office_shows_text_in_lists_forms_and_searches(who, place):
    user = superuser() if who == "root" else getattr(people, who)()
    spoil(MARKUP)
    client, held = signed_in(user), 0
    for route in staff_routes():
        if not route.startswith("admin/") or "logout" in route:
            continue
        for address in filled_staff(route, Rows.of(place.request)):
            held += looked_at(client.get(address), address)
            if "<" not in route and address.count("/") == 4:
                held += looked_at(client.get(f"{address}?q={hostile.escaped(hostile.MARK)}&zq7={hostile.escaped(hostile.MARK)}"), f"{address}?q=")
    assert held > (60 if who == "root" else 10), held


def cells(response) -> list[str]:
    """What a program for tables would take for a cell, or for a formula."""
    content, kind = b"".join(response.streaming_content) if response.streaming else response.content, response["Content-Type"]
    if "csv" in kind:
        return [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
    if "spreadsheet" in kind:
        found = []
        for sheet in load_workbook(io.BytesIO(content)):
            for row in sheet.iter_rows():
                found += [f"FORMULA {cell.value}" if cell.data_type == "f" else str(cell.value or "") for cell in row]
        return found
    return []


def test_no_export_holds_a_formula(place):
    root = superuser()
    spoil(FORMULAS)
    client, tables, hostile_cells = signed_in(root), set(), 0
    for route in staff_routes():
        for address in filled_staff(route, Rows.of(place.request)):
            for query in ("", "?format=csv", "?csv=1") if "figures" in address or "export" in address else ("",):
                if "logout" in address:
                    continue
                response = client.get(address + query)
                is_csv = "csv" in response.get("Content-Type", "")
                for cell in cells(response):
                    tables.add(address)
                    hostile_cells += "zq7" in cell
                    assert not cell.startswith("FORMULA"), f"{address}: {cell}"
                    assert not is_csv or not re.match(r"\s*[=@+\-][^\d\s]", cell), f"{address}: {cell}"
    assert len(tables) >= 3, tables
    assert hostile_cells > 5, tables


@pytest.mark.parametrize("name", ["门牌\r\nBcc: evil@example.com", "门牌\nX-Evil: 1", "门牌\0", "门牌\u2028"])
def test_no_name_and_no_address_makes_a_header_of_a_mail(name, settings):
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False, False
        settings.DEFAULT_FROM_EMAIL = "menpai@example.com"
        for to, subject in (("zhuli@example.com", f"{name}：来了新诉求"), (f"zhuli@example.com{name[2:]}", "来了新诉求")):
            outcome = channels.email(to, subject=subject, text="正文", message_id="x")
            assert outcome.ok or not outcome.again, "no second try makes it better"
    for mail in server.mails:
        head = mail.partition(b"\r\n\r\n")[0]
        assert not re.search(rb"^(Bcc|X-Evil)", head, re.M | re.I)
