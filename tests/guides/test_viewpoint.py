"""Area and 长辈版 stand in the address: four ways to the same pages, and every link stays on its way."""

import re
from collections import Counter
from html import escape, unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from doorplates.models import Doorplate
from guides.models import Area, Notice
from guides.viewpoint import Viewpoint, other_mode, resident
from tests.content import all_content  # noqa: F401
from tests.factories import SHUIYUN, XIAZHUANGZI

PREFIXES = ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"]
HREF = re.compile(r'(?:href|action)="([^"]*)"')


def links(body: str) -> list[str]:
    return [unescape(link) for link in HREF.findall(body)]


def in_site(body: str, page: str) -> set[str]:
    """Addresses of resident pages on a page, absolute, without fragment; style and icon left out."""
    found = set()
    for link in links(body):
        parts = urlsplit(urljoin(page, link))
        if not parts.scheme and not parts.netloc and not parts.path.startswith("/static/"):
            found.add(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


# ---- the pure part


@pytest.mark.parametrize(("area", "elder", "prefix"), [(None, False, ""), (None, True, "/elder"), (SHUIYUN, False, f"/c/{SHUIYUN}"), (SHUIYUN, True, f"/elder/c/{SHUIYUN}")])
def test_the_prefix_of_each_viewpoint(area, elder, prefix):
    viewpoint = Viewpoint(Area(code=area) if area else None, elder)
    assert viewpoint.page("guide", "yibao-001") == f"{prefix}/guides/yibao-001/"
    assert viewpoint.mode("help:new") == ("/elder" if elder else "") + "/help/new/"


@pytest.mark.parametrize(("path", "other"), [
    ("/", "/elder/"),
    ("/elder/", "/"),
    (f"/c/{SHUIYUN}/guides/?q=%E5%8C%BB%E4%BF%9D&page=2", f"/elder/c/{SHUIYUN}/guides/?q=%E5%8C%BB%E4%BF%9D&page=2"),
    ("/elderly/", "/elder/elderly/"),
    ("/guides/?q=/elder/", "/elder/guides/?q=/elder/"),
])  # fmt: skip
def test_the_other_mode_of_an_address(path, other):
    assert other_mode(path) == other


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)).filter(lambda text: not text.startswith(("elder/", "/"))))
def test_there_and_back_again(text):
    assert other_mode(other_mode("/" + text)) == "/" + text


def test_the_switch_is_not_led_to_another_host():
    assert not other_mode("/elder//evil.example/x").startswith("//")


# ---- with the real content


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_content")]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("page", ["/", "/guides/", "/guides/?q=低保", "/guides/?topic=yibao", "/guides/yibao-001/", "/notices/", "/jobs/", "/areas/", "/events/", "/events/newborn/"])
def test_every_page_serves_under_all_four_viewpoints(client, prefix, page):
    response = client.get(prefix + page)
    body = response.content.decode()
    assert response.status_code == 200
    assert ('class="elder"' in body) == prefix.startswith("/elder")
    assert ("水韵名都社区" in re.search(r'class="brand".*?</a>', body, re.DOTALL)[0]) == (SHUIYUN in prefix)


@pytest.mark.parametrize("code", ["640205999999", "1", "x" * 40, "６４０２０５１０２００６"])
@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_an_unknown_area_gets_a_page_that_helps(client, prefix, code):
    response = client.get(f"{prefix}/c/{code}/guides/yibao-001/")
    body = response.content.decode()
    assert response.status_code == 404
    assert "没有这一页" in body
    assert f'<a class="btn" href="{prefix}/">回首页</a>' in body
    assert 'href="tel:12345"' in body
    assert f'action="{prefix}/guides/"' in body


def test_an_unknown_area_is_refused_before_the_view_runs(rf: RequestFactory):
    from django.http import Http404

    def never(request):
        raise AssertionError

    with pytest.raises(Http404):
        resident(never)(rf.get("/"), area_code="000000000000")


@pytest.mark.parametrize("page", [f"/elder/c/{SHUIYUN}/guides/yibao-001/?step=bring&who=agent", f"/c/{SHUIYUN}/guides/?q=%E4%BD%8E%E4%BF%9D"])
def test_the_switch_leads_to_the_same_page_and_back_with_its_query(client, page):
    def switch(address):
        body = client.get(address).content.decode()
        return unescape(re.search(r'class="switch" href="([^"]*)"', body)[1])

    there = switch(page)
    assert there == other_mode(page)
    assert switch(there) == page


STAYING = ["/", "/guides/", "/guides/?topic=shebao", "/guides/?q=低保", "/guides/minzheng-001/", "/guides/yibao-001/?step=bring", "/notices/", "/jobs/", "/events/",
           "/events/newborn/", "/events/newborn/?step=do", "/events/newborn/?step=bring", "/events/newborn/?step=first"]  # fmt: skip


@pytest.mark.parametrize("page", STAYING)
def test_all_links_of_a_page_in_the_elder_mode_of_a_community_stay_there(client, page):
    prefix = f"/elder/c/{SHUIYUN}"
    body = client.get(prefix + page).content.decode()
    switch = unescape(re.search(r'class="switch" href="([^"]*)"', body)[1])
    strays = [link for link in in_site(body, prefix + page) if not link.startswith(prefix + "/") and link != switch]
    # Forms and plates belong to no community's address, but keep the mode.
    assert {urlsplit(link).path for link in strays} <= {"/elder/help/", "/elder/help/new/", "/elder/help/callback/", "/elder/help/complain/", "/elder/verify/"}
    assert len(in_site(body, prefix + page)) > 4


@pytest.mark.parametrize("page", STAYING)
def test_links_from_a_community_stay_in_it(client, page):
    prefix = f"/c/{SHUIYUN}"
    body = client.get(prefix + page).content.decode()
    strays = [link for link in in_site(body, prefix + page) if not link.startswith((prefix + "/", f"/elder{prefix}/"))]
    assert {urlsplit(link).path for link in strays} <= {"/help/", "/help/new/", "/help/callback/", "/help/complain/", "/verify/", "/help/for-parent/"}


@pytest.mark.parametrize("prefix", ["", f"/c/{SHUIYUN}"])
def test_choosing_a_village_keeps_the_guide(client, prefix):
    body = client.get(f"{prefix}/areas/?guide=yibao-001").content.decode()
    assert f'href="/c/{XIAZHUANGZI}/guides/yibao-001/"' in body
    assert body.count('class="pill"') == 79


@pytest.mark.parametrize("prefix", ["/elder", f"/elder/c/{SHUIYUN}"])
def test_the_elder_version_asks_for_the_township_first_and_keeps_the_mode_and_the_guide(client, prefix):
    townships = client.get(f"{prefix}/areas/?guide=yibao-001").content.decode()
    onward = f"{prefix}/areas/?guide=yibao-001&in=640205101000"
    assert f'href="{escape(onward)}"' in townships
    assert (townships.count("&amp;in="), "下庄子村" in townships) == (12, False)
    villages = client.get(onward).content.decode()
    assert f'href="/elder/c/{XIAZHUANGZI}/guides/yibao-001/"' in villages
    assert f'href="{prefix}/areas/?guide=yibao-001">‹ 换一个乡镇（街道）' in villages
    assert "水韵名都" not in re.sub(r'class="brand".*?</a>', "", villages, flags=re.DOTALL)  # another township's


@pytest.mark.parametrize("given", ["", "1", XIAZHUANGZI, "640205000000", "x" * 300, "六"])
def test_what_is_no_township_asks_again(client, given):
    assert "您在哪个乡镇（街道）？" in client.get("/elder/areas/", {"in": given}).content.decode()


def test_without_a_guide_a_village_leads_to_its_front_page(client):
    assert f'href="/elder/c/{XIAZHUANGZI}/"' in client.get("/elder/areas/?in=640205101000").content.decode()


def test_no_link_on_any_resident_page_is_broken():
    """From the front page and a plate over every in-site link. What differs in an id only (villages, cases, guides in the other modes) is tried a few times."""
    client, plate = Client(), Doorplate.objects.get().code
    todo, tried, broken = ["/", f"/D/{plate}"], Counter(), []
    seen = set(todo)
    while todo:
        page = todo.pop()
        tried[_shape(page)] += 1
        if tried[_shape(page)] > (179 if _shape(page) in ("/guides/*/", "/guides/?topic") else 2):
            continue
        response = client.get(page)
        if response.status_code == 200:
            found = in_site(response.content.decode(), page) - seen
            todo += sorted(found)
            seen |= found
        elif response.status_code != 302:
            broken.append((page, response.status_code))
    assert broken == []
    assert tried["/guides/*/"] == 179
    assert {"/D/*", "/elder/D/*", "/elder/c/*/guides/*/", "/elder/help/new/?guide", "/c/*/notices/*/", "/guides/?topic", "/verify/"} <= set(tried)


def _shape(page: str) -> str:
    """The address with its ids struck out, and of its query the names only."""
    path, _, query = page.partition("?")
    path = re.sub(r"/[a-z]+-\d{3}/|(?<=/events)/[a-z-]+/|/\d+/|(?<=/D)/\w+", lambda m: "/*/" if m[0].endswith("/") else "/*", path)
    names = {re.sub(r"^[a-z]+-\d{3}.*", "*", part.partition("=")[0]) for part in query.split("&")}  # an event's steps: any of them, in any number
    return path + ("?" + "&".join(sorted(names)) if query else "")


def test_the_village_pages_of_all_79_villages_open(client):
    codes = Area.objects.filter(level="community").values_list("code", flat=True)
    assert {client.get(f"/c/{code}/guides/minzheng-001/").status_code for code in codes} == {200}
    assert len(codes) == 79


def test_a_notice_of_a_community_is_linked_where_it_concerns_people(client):
    notice = Notice.objects.create(title="水韵名都停水", text="明天上午。", source="示例", is_sample=True, area_id=SHUIYUN)
    link = f"/notices/{notice.pk}/"
    assert f'href="/c/{SHUIYUN}{link}"' in client.get(f"/c/{SHUIYUN}/notices/").content.decode()
    assert link not in client.get(f"/c/{XIAZHUANGZI}/notices/").content.decode()
