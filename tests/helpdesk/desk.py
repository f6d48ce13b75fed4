"""How tests look at the desk's pages and press its buttons."""

import re

import html5lib
from django.urls import reverse

from helpdesk.models import HelpRequest

QUEUE, LOG = "/desk/", "/desk/new/"


def page(client, address: str, status: int = 200) -> str:
    """The text of a desk page: of that status, kept by no cache, valid HTML."""
    return checked(client.get(address), status)


def checked(response, status: int = 200) -> str:
    text = response.content.decode()
    assert response.status_code == status, text[:300]
    assert "no-store" in response["Cache-Control"]
    html5lib.HTMLParser(strict=True).parse(text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert sorted(ids) == sorted(set(ids)), "an id stands twice"
    assert text.count("<h1") == 1
    return text


def detail(stored: HelpRequest) -> str:
    return reverse("desk:detail", args=[stored.reference])


def press(client, stored: HelpRequest, act: str, **data):
    return client.post(reverse("desk:act", args=[stored.reference, act]), data)


def told(client, response) -> str:
    """What the page after a redirect says at its top."""
    text = page(client, response.url)
    return "".join(re.findall(r'role="status">(.*?)</p>', text))


def kinds(stored: HelpRequest) -> list[str]:
    return list(stored.events.values_list("kind", flat=True))


def offered_in(text: str, stored: HelpRequest) -> set[str]:
    """The acts that a page has forms for."""
    return set(re.findall(rf"/desk/{stored.reference}/([a-z_]+)/[\"#]", text))
