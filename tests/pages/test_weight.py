"""The first view of a guide on a bad signal: HTML and CSS, compressed, fit into the first round trips."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from guides.models import Guide
from tests.content import PLATES_OF, all_content  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]

SCRIPTS_LIMIT = 8_000  # bytes of all scripts of a guide, fetched when it can be read already
LIMIT = 14_600  # bytes: ten packets of 1,460, which a server may send before the first answer


def compressed(data: bytes) -> int:
    return len(gzip.compress(data, compresslevel=6))


def weights(address: str) -> dict[str, int]:
    css = compressed(Path(finders.find("css/site.css")).read_bytes())
    client = Client()
    pages = {slug: client.get(address.format(slug=slug)) for slug in Guide.objects.values_list("slug", flat=True)}
    assert {response.status_code for response in pages.values()} == {200}
    return {slug: compressed(response.content) + css for slug, response in pages.items()}


@pytest.mark.parametrize("address", [
    "/guides/{slug}/", f"/c/{PLATES_OF}/guides/{{slug}}/", f"/c/{PLATES_OF}/guides/{{slug}}/?all=1", f"/elder/c/{PLATES_OF}/guides/{{slug}}/",
])  # fmt: skip
def test_each_guide_fits(address):
    found = weights(address)
    assert len(found) == 66
    assert {slug: weight for slug, weight in found.items() if weight >= LIMIT} == {}


def test_a_guide_fetches_one_stylesheet_and_waits_for_no_script():
    body = Client().get(f"/c/{PLATES_OF}/guides/yibao-001/").content.decode()
    assert (body.count('rel="stylesheet"'), body.count("<img"), body.count("@import")) == (1, 0, 0)
    scripts = re.findall(r'<script src="([^"]*)" defer></script>', body)
    assert len(scripts) == body.count("<script")
    assert sum(compressed(Path(finders.find(url.partition("/static/")[2])).read_bytes()) for url in scripts) < SCRIPTS_LIMIT
    assert "url(" not in Path(finders.find("css/site.css")).read_text(encoding="utf-8")
