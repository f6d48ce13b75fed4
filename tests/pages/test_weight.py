"""The first view of a guide on a bad signal: HTML and CSS, compressed, fit into the first round trips."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from guides.models import Guide, JobPosting, LifeEvent
from tests.content import PLATES_OF, all_content  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]

SCRIPTS_LIMIT = 12_000  # bytes of all scripts, fetched when a page can be read already
OF_THE_DESK = {"htmx.min.js", "live.js", "keys.js", "clean.js"}
DESK_LIMIT = 24_000
LIMIT = 14_600  # bytes: ten packets of 1,460, which a server may send before the first answer


def compressed(data: bytes) -> int:
    return len(gzip.compress(data, compresslevel=6))


def weights(address: str, model=Guide) -> dict[str, int]:
    css = compressed(Path(finders.find("css/site.css")).read_bytes())
    client = Client()
    pages = {slug: client.get(address.format(slug=slug)) for slug in model.objects.values_list("slug", flat=True)}
    assert {response.status_code for response in pages.values()} == {200}
    return {slug: compressed(response.content) + css for slug, response in pages.items()}


@pytest.mark.parametrize("address", [
    "/guides/{slug}/", f"/c/{PLATES_OF}/guides/{{slug}}/", f"/c/{PLATES_OF}/guides/{{slug}}/?all=1", f"/elder/c/{PLATES_OF}/guides/{{slug}}/",
    f"/c/{PLATES_OF}/guides/{{slug}}/ready/",
])  # fmt: skip
def test_each_guide_fits(address):
    found = weights(address)
    assert len(found) == 179
    assert {slug: weight for slug, weight in found.items() if weight >= LIMIT} == {}


@pytest.mark.parametrize("address", [
    "/events/{slug}/", f"/c/{PLATES_OF}/events/{{slug}}/", f"/elder/c/{PLATES_OF}/events/{{slug}}/?step=do", f"/elder/c/{PLATES_OF}/events/{{slug}}/?step=bring",
])  # fmt: skip
def test_each_life_event_fits(address):
    found = weights(address, LifeEvent)
    assert len(found) >= 12
    assert {slug: weight for slug, weight in found.items() if weight >= LIMIT} == {}


@pytest.mark.parametrize("address", ["/enterprise/", "/jobs/", "/guides/?can=cross", "/guides/"])
def test_each_list_fits(address):
    """Also with everything of the catalogue in it: 40 matters of enterprises, a full page of jobs with long names."""
    for number in range(20):
        shown = {"employer": "宁夏某某新材料有限公司" + "甲乙丙丁"[number % 4] * 8, "place": "河滨街某某工业园区某某路", "pay": "每月4500元到6000元", "headcount": number + 1}
        JobPosting.objects.create(title=f"设备操作和维护工（第{number}车间）", source="示例", is_sample=True, area_id=PLATES_OF, **shown)
    Guide.objects.filter(slug__in=Guide.objects.order_by("slug").values_list("slug", flat=True)[:40]).update(audience="enterprise", cross_province=True)
    css = compressed(Path(finders.find("css/site.css")).read_bytes())
    answer = Client().get(f"/c/{PLATES_OF}{address}")
    assert answer.status_code == 200
    assert compressed(answer.content) + css < LIMIT


def test_a_guide_fetches_one_stylesheet_and_waits_for_nothing_else():
    """Scripts are deferred: the page is read before they arrive, and works without them."""
    body = Client().get(f"/c/{PLATES_OF}/guides/yibao-001/").content.decode()
    assert (body.count('rel="stylesheet"'), body.count("<img"), body.count("@import")) == (1, 0, 0)
    assert [tag for tag in re.findall(r"<script[^>]*>", body) if not re.fullmatch(r'<script src="/static/js/\w+\.js" defer>', tag)] == []
    assert "url(" not in Path(finders.find("css/site.css")).read_text(encoding="utf-8")


def test_the_scripts_of_all_pages_together_are_light():
    scripts = [path for path in Path(finders.find("js")).glob("*.js") if path.name not in OF_THE_DESK]
    assert sum(compressed(path.read_bytes()) for path in scripts) < SCRIPTS_LIMIT


def test_the_scripts_of_the_desk_stay_at_the_desk():
    """A tablet keeps them for a year; a resident's phone never fetches them."""
    used = {path.name: path.read_text(encoding="utf-8") for path in (settings.BASE_DIR / "templates").rglob("*.html") if path.parent.name != "desk"}
    assert [(page, name) for page, text in used.items() for name in OF_THE_DESK if f"js/{name}" in text] == []
    assert sum(compressed(Path(finders.find(f"js/{name}")).read_bytes()) for name in OF_THE_DESK) < DESK_LIMIT
