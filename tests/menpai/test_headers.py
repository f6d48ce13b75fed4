"""What every answer carries, so that browsers and caches treat it rightly."""

import pytest

from tests.factories import SHUIYUN, make_area, make_guide

CACHEABLE = ["/", "/guides/", "/guides/?q=医保", "/guides/yibao-001/", f"/c/{SHUIYUN}/guides/yibao-001/", "/areas/", "/notices/", "/jobs/", "/verify/"]


@pytest.fixture(autouse=True)
def content(db):
    make_area(SHUIYUN)
    make_guide("yibao-001", papers=("居民身份证",))


@pytest.mark.parametrize("path", [*CACHEABLE, "/elder/", *("/elder" + path for path in CACHEABLE[1:])])
def test_a_resident_page_is_the_same_for_all_and_may_be_kept_by_any_cache(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response.cookies == {}
    assert "Cookie" not in response.get("Vary", "")
    assert "public" in response["Cache-Control"]


def test_a_signed_in_person_gets_the_very_same_page(client, admin_client):
    assert admin_client.get("/guides/yibao-001/").content == client.get("/guides/yibao-001/").content


@pytest.mark.parametrize("path", ["/", "/guides/yibao-001/", "/help/new/", "/desk/login/", "/admin/login/", "/no/such/page/"])
def test_security_headers(client, path):
    response = client.get(path)
    policy = {part.split()[0]: part.split()[1:] for part in response["Content-Security-Policy"].split(";")}
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/help/new/", "/help/", "/desk/login/", "/healthz/"])
def test_a_page_with_something_of_a_person_is_never_kept(client, path):
    control = client.get(path)["Cache-Control"]
    assert "public" not in control
    assert "no-cache" in control or "no-store" in control
