"""What holds for every address of the resolver, whoever asks and however it ends: tokens on forms, headers, no cache of anything personal, no way out."""

import re

import pytest
from django.conf import settings as django_settings
from django.test import Client

from helpdesk.models import HelpRequest
from tests import people
from tests.attacks.addresses import filled, public_routes, scene
from tests.factories import make_user
from tests.helpdesk.staff_addresses import Rows, staff_routes
from tests.helpdesk.staff_addresses import filled as filled_staff
from tests.helpdesk.test_second_factor import CODE, digits, half_in, has_factor

pytestmark = pytest.mark.django_db

READ_ONLY = ("api/", "healthz/", "readyz/", "sw.js", "sheet/")  # take no form; what else would write has to ask for the token
OUTSIDE = [
    "//evil.example/", "///evil.example/", "https://evil.example/", "http:evil.example", "\\\\evil.example", "/\\evil.example", "\t//evil.example", "javascript:alert(1)", "https:///evil.example",
    "//testserver@evil.example/", "http://testserver.evil.example/", "data:text/html,x", "%2f%2fevil.example",
]  # fmt: skip


@pytest.fixture
def place():
    return scene()


def superuser():
    return make_user("root", is_staff=True, is_superuser=True)


def public(place) -> list[str]:
    return [filled(route, place) for route in public_routes()]


def staff(stored: HelpRequest) -> list[str]:
    return [address for route in staff_routes() for address in filled_staff(route, Rows.of(stored))]


def test_no_post_of_residents_is_taken_without_a_token(place):
    """Whatever an address does with a form, without the token it is refused or it is an address that takes none."""
    tried = 0
    for route in public_routes():
        if re.sub(r"^(elder/)?(c/<str:area_code>/)?", "", route).startswith(READ_ONLY):
            continue
        client = Client(enforce_csrf_checks=True)
        client.cookies["follow"] = place.door()
        response = client.post(filled(route, place), {"act": "cancel"})
        assert response.status_code in (403, 404, 405, 410), f"{route}: {response.status_code}"
        tried += response.status_code == 403
    assert tried > 40
    assert HelpRequest.objects.get().state == "waiting"


def test_no_post_of_staff_is_taken_without_a_token(place):
    client, tried = Client(enforce_csrf_checks=True), 0
    user = superuser()
    make_posting_of(user, place)
    for address in staff(place.request):
        client.force_login(user)
        response = client.post(address, {"act": "claim"})
        assert response.status_code in (403, 404, 405) or is_the_catch_all(address, response), f"{address}: {response.status_code}"
        tried += response.status_code == 403
    assert tried > 100
    assert HelpRequest.objects.get().state == "waiting"


def make_posting_of(user, place):
    user.groups.add(people.zhuli().groups.get())


def is_the_catch_all(address: str, response) -> bool:
    """Django's own redirects, which read nothing: to the address with its slash, and of the password's page."""
    return response.status_code in (301, 302) and (address.startswith("/admin/no/such/") or "password_change" in address)


def test_a_token_of_another_session_is_no_token(place):
    mine, theirs = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', theirs.get("/help/new/").content.decode())[1]
    mine.get("/help/new/")
    assert mine.post("/help/new/", {"csrfmiddlewaretoken": token}).status_code == 403


def test_a_form_of_another_site_is_refused_over_https(place):
    client = Client(enforce_csrf_checks=True)
    page = client.get("/help/new/", secure=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]
    data = {"csrfmiddlewaretoken": token}
    assert client.post("/help/new/", data, secure=True, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/help/new/", data, secure=True, headers={"referer": "https://evil.example/"}).status_code == 403
    assert client.post("/help/new/", data, secure=True, headers={"origin": "https://testserver"}).status_code == 200


def every_answer(place):
    """(address, answer) of each address, to a stranger, to a resident behind the door and to a superuser; forms too, and what is not there."""
    resident, staff_member = Client(), Client()
    resident.cookies["follow"] = place.door()
    staff_member.force_login(superuser())
    for address in [*public(place), "/no/such/page/", "/D/NOSUCH/", "/help/1/file/x/"]:
        for client in (Client(), resident, staff_member):
            yield address, client.get(address), client
        yield address, Client().post(address), None
    for address in staff(place.request):
        yield address, Client().get(address), None
        if "logout" not in address:
            yield address, staff_member.get(address), staff_member


def test_every_answer_forbids_frames_sniffing_and_foreign_code(place):
    seen = set()
    for address, response, _ in every_answer(place):
        where = f"{address} {response.status_code}"
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy, where
        assert "frame-ancestors 'none'" in policy or policy.endswith("sandbox"), where
        assert "unsafe-eval" not in policy and "script-src 'unsafe" not in policy and "*" not in policy, where
        assert response["X-Frame-Options"] == "DENY", where
        assert response["X-Content-Type-Options"] == "nosniff", where
        assert response["Referrer-Policy"] == "same-origin", where
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", where
        seen.add(response.status_code)
    assert {200, 301, 302, 400, 403, 404, 405} & seen >= {200, 302, 404, 405}


def test_nothing_of_a_person_may_enter_a_shared_cache(place):
    """`public` is said only of pages that are the same for everybody: they set no cookie, hold no token, and are the same to the byte for who is signed in."""
    bodies, open_pages = {}, 0
    for address, response, _client in every_answer(place):
        control = response.get("Cache-Control", "")
        is_shared = "public" in control or "s-maxage" in control
        if address.startswith(("/desk/", "/admin/", "/help/", "/elder/help/")):
            assert not is_shared, f"{address}: {control}"
            is_script = address == "/admin/jsi18n/"  # Django's words, the same for everybody
            assert is_script or "no-store" in control or "private" in control or response.status_code in (301, 302, 400, 403, 404, 405), f"{address} {response.status_code}: {control!r}"
        if not is_shared:
            continue
        assert not response.cookies, address
        assert b"csrfmiddlewaretoken" not in response.content, address
        assert place.request.reference.encode() not in response.content, address
        assert response.status_code in (200, 304), f"{address}: {response.status_code} may be kept"
        assert "Cookie" not in response.get("Vary", ""), address
        assert bodies.setdefault(address, response.content) == response.content, f"{address} differs by who asks"
        open_pages += 1
    assert open_pages > 60


@pytest.mark.parametrize("suffix", ["x.css", "x.js", "logo.png", "index.html", ";x.css", "%2fx.css", "..%2f..%2fstatic%2fx.css", "%0ax.css", "x.css/"])
def test_a_personal_page_under_the_name_of_a_file_is_not_served(suffix, place):
    """Cache deception: nobody is led to an address that a cache takes for a picture and the site for the person's page."""
    client = Client()
    client.cookies["follow"] = place.door()
    client.force_login(people.zhuli())
    for page in (f"/help/{place.request.reference}/", f"/help/{place.request.reference}/mine/", f"/desk/{place.request.reference}/", "/desk/", "/desk/me/", "/desk/account/", "/admin/"):
        response = client.get(page + suffix)
        assert "public" not in response.get("Cache-Control", "")
        assert "王阿姨" not in response.content.decode(), page + suffix
        assert response.status_code != 200, page + suffix


def test_headers_that_a_cache_does_not_key_by_change_nothing(place):
    """Cache poisoning: the answer that a cache keeps is the same whatever else the asker said."""
    poison = {
        "x-forwarded-host": "evil.example", "x-forwarded-scheme": "http", "x-forwarded-proto": "http", "x-original-url": "/admin/", "x-rewrite-url": "/admin/", "x-host": "evil.example",
        "forwarded": "host=evil.example", "x-forwarded-prefix": "/evil", "accept-language": "en", "user-agent": "<script>", "origin": "https://evil.example", "cookie": "plate=evil; messages=evil",
        "x-forwarded-port": "1337", "hx-request": "true", "accept": "application/json",
    }  # fmt: skip
    for address in public(place):
        plain = Client().get(address)
        if "public" in plain.get("Cache-Control", ""):
            spoiled = Client().get(address, headers=poison)
            assert spoiled.content == plain.content, address
            assert spoiled.status_code == plain.status_code, address
            assert "evil" not in str(spoiled.headers), address


# --- where one is led ----------------------------------------------------------------------------------------------------------------------


def leads_outside(response) -> bool:
    """As a browser reads it: another scheme, or two slashes of either kind."""
    return re.match(r"\s*([/\\]{2}|[a-z][a-z0-9+.-]*:)", response.get("Location", ""), re.I) is not None


@pytest.mark.parametrize("wanted", OUTSIDE)
def test_signing_in_leads_to_no_other_site(wanted):
    people.can_sign_in(people.zhuli())
    people.can_sign_in(people.guanli())
    for door, user in (("/desk/login/", "zhuli"), ("/admin/login/", "guanli")):
        client = Client()
        text = client.get(door, {"next": wanted}).content.decode()
        assert not re.search(r'(href|action)="\s*([/\\]{2}|[a-z]+:)[^"]*evil', text)
        for where, data in ((door, {"next": wanted}), (f"{door}?next={wanted}", {})):
            response = Client().post(where, {"username": user, "password": people.PASSWORD, **data})
            assert response.status_code == 302
            assert not leads_outside(response), response["Location"]


@pytest.mark.parametrize("wanted", OUTSIDE)
def test_nor_do_the_second_factor_the_password_and_signing_out(wanted, settings):
    factor, _ = has_factor(people.zhuli())
    settings.SECOND_FACTOR = True
    client = half_in(people.zhuli())
    assert not leads_outside(client.post(f"{CODE}?next={wanted}", {"code": digits(factor), "next": wanted}))
    assert not leads_outside(client.get(f"{CODE}?next={wanted}"))
    new = "erlou-weishengjian-2026"
    people.can_sign_in(people.zhuli())
    settings.SECOND_FACTOR = False
    client.force_login(people.zhuli())
    sent = {"old_password": people.PASSWORD, "new_password1": new, "new_password2": new, "next": wanted}
    changed = client.post(f"/desk/account/password/?next={wanted}", sent)
    assert changed.status_code == 302
    assert not leads_outside(changed)
    for out in ("/desk/logout/", "/admin/logout/"):
        client.force_login(people.guanli())
        assert not leads_outside(client.post(out, {"next": wanted}))


def test_every_view_that_reads_next_is_one_of_those_above():
    """Django's mixin checks it; a new view of ours that reads `next` by itself has to come here."""
    found = set()
    for file in django_settings.BASE_DIR.glob("[gdhm]*/**/*.py"):
        if re.search(r"""["']next["']""", file.read_text(encoding="utf-8")) and "migrations" not in file.parts:
            found.add(str(file.relative_to(django_settings.BASE_DIR)))
    # gate makes one, account checks it; the others mean the next request of the queue, the next version of a guide, the next question.
    assert found == {
        "helpdesk/gate.py", "helpdesk/views/account.py", "helpdesk/views/resident.py", "helpdesk/urls.py", "helpdesk/views/live.py", "guides/admin/editorial.py"
    }  # fmt: skip


@pytest.mark.parametrize("address", ["//evil.example", "//evil.example/guides", "/%2f%2fevil.example", "/\\evil.example", "///evil.example/%2e%2e", "/elder//evil.example", "/guides//evil.example"])
def test_a_missing_slash_leads_to_no_other_site(address):
    response = Client().generic("GET", "/x", PATH_INFO=address)
    assert not leads_outside(response), response["Location"]
    assert 'href="//evil' not in response.content.decode()


# --- whose name the site is called by ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "evil.example:80", "testserver:80@evil.example", "testserver\\evil", "[::1]evil", "testserver/..", ""])
def test_a_host_that_is_not_ours_is_refused(host, settings, place):
    settings.ALLOWED_HOSTS = ["testserver"]
    for address in ("/", "/guides/", "/help/new/", "/desk/login/", "/admin/login/", "/api/openapi.json"):
        response = Client().get(address, headers={"host": host})
        assert response.status_code == 400, address
        assert "evil" not in response.content.decode()


def test_a_host_said_by_another_header_is_nobodys(place):
    for address in ("/", "/verify/", f"/guides/{place.values['slug']}/", "/api/v1/guides", "/help/new/", "/desk/login/"):
        text = Client().get(address, headers={"x-forwarded-host": "evil.example", "x-host": "evil.example", "forwarded": "host=evil.example"}).content.decode()
        assert "evil.example" not in text


def test_an_odd_port_leads_nowhere(place):
    """The host is checked without its port: no address that we make repeats it."""
    for address in ("/help", "/guides", "/desk/", "/D/" + place.values["code"]):
        response = Client().get(address, headers={"host": "testserver:1337"})
        assert "1337" not in response.get("Location", "") + response.content.decode()
