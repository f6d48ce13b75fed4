"""Every address that is open to the world, found in the resolver, under whatever a stranger may send: never a fault, never an echo that is markup.

No time is measured: an answer that would be slow is one of many queries or of many bytes, and both are bounded.
"""

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from menpai import throttle
from tests.attacks import hostile
from tests.attacks.addresses import filled, known, names_read, public_routes, scene
from tests.helpdesk.staff_addresses import PARAMETER

pytestmark = pytest.mark.django_db

QUERIES, BYTES = 60, 300_000
NAMES = names_read()
bounded = settings(max_examples=14, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@pytest.fixture
def place(monkeypatch):
    """Somebody's request, guide, plate and answer; no limit stops the fuzzer at the door, so that it reaches what is behind."""
    monkeypatch.setattr(throttle.Try, "is_allowed", lambda self: True)
    return scene()


def send(client: Client, method: str, path: str, *, query: str = "", body: bytes = b"", kind: str = "", **more):
    """One request, undone afterwards. Returns its answer; the number of queries is bounded here."""
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        told = f"{method} {path}?{query} {body!r} {kind} {more}"
        response = client.generic(method, path, body, content_type=kind, QUERY_STRING=query, **more)
        transaction.set_rollback(True)
    assert response.status_code < 500 or path == "/readyz/", told  # that one tells an operator, by 503, what this machine lacks
    assert len(queries) <= QUERIES, f"{len(queries)} queries: {told}"
    if not response.streaming:
        assert len(response.content) <= BYTES, f"{len(response.content)} bytes: {told}"
    hostile.assert_harmless(response, told)
    return response


def visitor(place, *, is_inside: bool, has_token: bool = True) -> Client:
    """Without a token a form is answered by the page for a stale one, which shows again what was typed."""
    client = Client(enforce_csrf_checks=not has_token)
    if is_inside:
        client.cookies["follow"] = place.door()
    return client


def has_a_door(route: str) -> bool:
    return "<str:reference>" in route


@pytest.mark.parametrize("route", public_routes())
def test_whatever_is_sent_to_an_address_it_is_no_fault_and_comes_back_as_text(route, place):
    @bounded
    @given(st.data())
    def run(data):
        changes = {name: data.draw(st.one_of(st.just(known(route, name, place)), hostile.parts)) for name in PARAMETER.findall(route)}
        path = filled(route, place, **changes)
        method = data.draw(hostile.methods)
        more = {name: hostile.header_text(value) for name, value in data.draw(hostile.headers).items()}
        if data.draw(st.booleans()):
            more["HTTP_COOKIE"] = hostile.header_text(data.draw(hostile.cookies))
        body, kind = b"", "application/x-www-form-urlencoded"
        if method not in ("GET", "HEAD", "TRACE"):
            body = data.draw(hostile.fields(NAMES)).encode()
            kind = data.draw(st.one_of(st.just(kind), hostile.content_types))
        query = data.draw(hostile.fields(NAMES, most=4))
        is_inside, has_token = has_a_door(route) and data.draw(st.booleans()), data.draw(st.booleans())
        send(visitor(place, is_inside=is_inside, has_token=has_token), method, path, query=query, body=body, kind=kind, **more)

    run()


@pytest.mark.parametrize("route", public_routes())
def test_the_marker_in_each_name_that_a_view_reads_comes_back_as_text(route, place):
    """All names at once in the address and in the form, each with markup in it; and each parameter of the address with it."""
    everything = "&".join(f"{name}={hostile.escaped(hostile.MARK)}" for name in NAMES)
    path = filled(route, place)
    for is_inside in (False, True) if has_a_door(route) else (False,):
        for method, query, body, has_token in (("GET", everything, b"", True), ("POST", "", everything.encode(), True), ("POST", everything, everything.encode(), False)):
            send(visitor(place, is_inside=is_inside, has_token=has_token), method, path, query=query, body=body, kind="application/x-www-form-urlencoded")
    for name in PARAMETER.findall(route):
        send(visitor(place, is_inside=False), "GET", filled(route, place, **{name: hostile.escaped(hostile.MARK)}))


@pytest.mark.parametrize("odd", hostile.ODD, ids=lambda odd: ascii(odd[:20]))
def test_each_odd_word_in_each_parameter_of_an_address(odd, place):
    for route in public_routes():
        if route.startswith("elder/") or route.startswith("c/") and route.count("<") + route.count("guides") > 1:
            continue  # the same views; the property above goes through them
        for name in PARAMETER.findall(route):
            send(visitor(place, is_inside=has_a_door(route)), "GET", filled(route, place, **{name: hostile.escaped(odd)}))


def test_the_net_is_wide_enough():
    """A fuzzer that finds no address, or knows no name, proves nothing."""
    routes = public_routes()
    assert {"", "guides/<str:slug>/", "D/<code>", "help/<str:reference>/mine/", "elder/c/<str:area_code>/guides/", "api/v1/guides/<slug:slug>", "sw.js"} <= set(routes)
    assert {"q", "area", "last_four", "act", "note", "phone", "step", "case", "have", "page", "topic"} <= set(NAMES)
    assert not [route for route in routes if "(" in route or "^" in route]


def test_the_marker_would_be_noticed():
    for page in (f"<p>{hostile.MARK}</p>", '<a href="javascript:alert(1)">zq7</a>', '<p onclick="zq7()">', '<a href="//evil.example">zq7</a>', "<script>var a = 'zq7'</script>"):
        with pytest.raises(AssertionError):
            hostile.assert_no_markup(page)
