"""What holds for the open data as a whole: read only, the same for everybody, nobody's data in it, refusals in words."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from doorplates.models import Scan
from guides.models import Area
from helpdesk.models import HelpRequest
from menpai.roles import Role
from tests import people
from tests.factories import make_guide, make_plate, make_request
from tests.open_data import description, refusal

pytestmark = pytest.mark.django_db

PATHS = ["/api/v1/guides", "/api/v1/guides/{slug}", "/api/v1/search", "/api/v1/areas", "/api/v1/doorplates/{code}"]


@pytest.fixture
def addresses() -> list[str]:
    """Each address of the open data with something behind it, and the description."""
    plate = make_plate()
    make_guide("yibao-001", papers=("身份证",))
    return ["/api/v1/guides", "/api/v1/guides/yibao-001", "/api/v1/search?q=医保", "/api/v1/areas", f"/api/v1/doorplates/{plate.code}", "/api/openapi.json"]


def test_the_description_names_these_addresses_and_only_reading():
    assert sorted(description()["paths"]) == sorted(PATHS)
    assert {method for methods in description()["paths"].values() for method in methods} == {"get"}
    assert description()["openapi"].startswith("3.1")


def test_every_address_has_a_name_of_its_own_and_says_what_it_is_in_chinese():
    gets = [methods["get"] for methods in description()["paths"].values()]
    assert sorted(get["operationId"] for get in gets) == ["list_areas", "list_guides", "read_doorplate", "read_guide", "search_guides"]
    said = [get["summary"] for get in gets] + [parameter["description"] for get in gets for parameter in get["parameters"]]
    assert all(any("\u3400" <= character <= "\u9fff" for character in text) for text in said)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(method, addresses):
    stranger = Client(enforce_csrf_checks=True)
    for address in [*addresses, "/api/v1/elsewhere", "/api/"]:
        response = getattr(stranger, method)(address, data="{}", content_type="application/json")
        assert (address, response.status_code) == (address, 405)
        assert set(response["Allow"].split(", ")) == {"GET", "HEAD"}


def test_any_site_may_read_and_any_cache_may_keep_it(addresses):
    for address in addresses:
        for response in (Client().get(address), Client().head(address)):
            assert response.status_code == 200
            assert response["Content-Type"].startswith("application/json")
            assert response["Access-Control-Allow-Origin"] == "*"
            assert sorted(response["Cache-Control"].split(", ")) == ["max-age=60", "public", "stale-while-revalidate=30"]
            assert "Cookie" not in response.get("Vary", "")
            assert not response.cookies


def test_chinese_is_written_as_chinese(addresses):
    assert "交医保（城乡居民）" in Client().get("/api/v1/guides/yibao-001").content.decode()


def test_somebody_signed_in_gets_the_very_same(addresses, client):
    client.force_login(people.guanli())
    for address in addresses:
        seen, response = Client().get(address), client.get(address)
        assert response.content == seen.content
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")


def test_what_did_not_change_is_not_sent_again(addresses):
    for address in addresses:
        tag = Client().get(address)["ETag"]
        assert Client().get(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", ["", "v1", "v1/", "docs", "v1/guides/", "v1/requests", "v1/users", "v1/scans", "v2/guides", "v1/guides/a/b"])
def test_an_address_that_does_not_exist_is_refused_in_words(path):
    assert "openapi.json" in refusal(f"/api/{path}", status=404)


def test_a_fault_is_told_in_words_and_logged(monkeypatch, caplog):
    monkeypatch.setattr("guides.api.search", lambda *asked, **how: 1 / 0)
    assert "12345" in refusal("/api/v1/search?q=医保", status=500)
    [record] = [record for record in caplog.records if record.name == "menpai.api"]
    assert record.exc_info[0] is ZeroDivisionError
    assert "医保" not in record.getMessage()


def test_nobody_is_in_it():
    """People, and everything of theirs that could hang on what the open data shows, are there to leak."""
    assistant, reviewer = people.zhuli(), people.shenhe()
    guide, plate = make_guide("yibao-001", papers=("身份证",)), make_plate()
    Scan.objects.create(doorplate=plate, day="2026-11-23")
    Area.objects.filter(pk=plate.building.community_id).update(contact_name="李主任", contact_phone="0952-3330000")
    asked = make_request(
        plate.building.community, name="王秀英", phone="13912345678", note="腿脚不方便，请上门", guide=guide, doorplate=plate, claimed_by=assistant
    )
    assert HelpRequest.objects.count() == 1
    assert get_user_model().objects.filter(groups__name=Role.REVIEWER).get() == reviewer

    secrets = ["王秀英", "13912345678", "5678", "腿脚不方便", asked.reference, asked.spoken_reference, str(asked.submission_key), asked.phone_index]
    secrets += ["zhuli", "朱丽", "shenhe", "沈禾", assistant.password, "李主任", "0952-3330000", "示例小区", "8号楼", "2单元"]
    addresses = ["/api/v1/guides", "/api/v1/guides/yibao-001", "/api/v1/areas", f"/api/v1/doorplates/{plate.code}", "/api/openapi.json"]
    addresses += [f"/api/v1/search?q={word}" for word in ("医保", "王秀英", "13912345678", asked.reference, "朱丽")]
    addresses += [f"/api/v1/guides/{asked.reference}", f"/api/v1/doorplates/{asked.reference}", f"/api/v1/help/{asked.reference}"]
    for address in addresses:
        told = json.dumps(json.loads(Client().get(address).content), ensure_ascii=False)
        assert [secret for secret in secrets if secret in told] == [], address
