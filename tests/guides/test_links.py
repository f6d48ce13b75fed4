"""Addresses in guides: real servers on this machine, a resolver of ours. Only what is certain twice is an alarm; nobody makes the server call inside."""

import socket
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Thread

import pytest
from django.core.management import call_command

from guides import links
from guides.links import Checker, NoNetwork, NoSuchHost, Outcome, ask_all, check_published, is_public, record
from guides.models import Link, LinkState, Step
from tests.factories import make_guide
from tests.helpdesk.outside import Outside

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
A_DAY_LATER = NOW + timedelta(days=1)
URL = "https://zwfw.nowhere.cn/a"


def resolver(host: str, port: int) -> list[str]:
    """gone.* does not exist, away.* cannot be asked for, inside.* is a machine inside; every other name is this machine."""
    if host.startswith("gone."):
        raise NoSuchHost
    if host.startswith("away."):
        raise NoNetwork
    return ["10.0.0.1"] if host.startswith("inside.") else ["127.0.0.1"]


def checker(**fields) -> Checker:
    return Checker(**{"resolve": resolver, "may_connect": lambda address: address == "127.0.0.1", "pause": 0, "timeout": (2, 2)} | fields)


def ask(answer, path: str = "/", **fields) -> Outcome:
    with Outside(answer) as server:
        return checker(**fields).check(f"http://zwfw.test:{server.server.server_port}{path}")


def says(status: int, **headers):
    return lambda sent: (status, headers, b"")


# one address


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "fine"), (204, "fine"), (404, "broken"), (410, "broken"), (401, "unsure"), (403, "unsure"), (405, "unsure"), (412, "unsure"), (429, "unsure"), (500, "unsure"), (503, "unsure")],
)
def test_only_404_and_410_are_certain(status, state):
    outcome = ask(says(status))
    assert (outcome.state, outcome.heard) == (state, True)


def test_a_server_that_does_not_know_head_is_asked_again_and_we_say_who_we_are():
    with Outside(says(200)) as server:  # answers HEAD with 501
        assert checker().check(f"http://zwfw.test:{server.server.server_port}/a?b=1").state == LinkState.FINE
    assert [sent.method for sent in server.sent] == ["GET"]
    assert "menpai-link-check" in server.sent[0].headers["user-agent"]
    assert server.sent[0].headers["host"].startswith("zwfw.test")


def test_redirects_are_followed_a_few_times():
    def hop(sent):
        step = int(sent.query.get("n", ["0"])[0])
        return (302, {"Location": f"/?n={step + 1}"}, b"") if step < last else (404, {}, b"")

    last = links.REDIRECTS
    assert ask(hop).state == LinkState.BROKEN
    last = links.REDIRECTS + 1
    assert ask(hop).state == LinkState.UNSURE


@pytest.mark.parametrize("target", ["http://inside.test/", "file:///etc/passwd", "ftp://zwfw.test/", "http://user:pass@zwfw.test/", "http://[", ""])
def test_nobody_sends_us_inside_by_a_redirect(target):
    assert ask(lambda sent: (302, {"Location": target}, b"")).state == LinkState.UNSURE


def test_machines_inside_are_never_called(monkeypatch):
    called = []
    monkeypatch.setattr(socket, "create_connection", lambda *args: called.append(args))
    outcome = checker(may_connect=is_public).check("http://zwfw.test/")
    assert (outcome.state, outcome.heard, called) == (LinkState.UNSURE, False, [])
    mixed = checker(resolve=lambda host, port: ["93.184.216.34", "127.0.0.1"], may_connect=is_public).check("http://zwfw.test/")
    assert (mixed.state, called) == (LinkState.UNSURE, [])


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:21f::1", True), ("127.0.0.1", False), ("10.0.0.1", False), ("192.168.1.1", False), ("172.16.0.1", False), ("169.254.169.254", False),
        ("100.64.0.1", False), ("0.0.0.0", False), ("::1", False), ("fc00::1", False), ("fe80::1", False), ("::ffff:127.0.0.1", False), ("::ffff:10.0.0.1", False), ("224.0.0.1", False),
    ],
)  # fmt: skip
def test_public_is_what_anybody_may_reach(address, public):
    assert is_public(address) == public


def test_the_real_resolver_tells_a_missing_name_from_a_missing_network(monkeypatch):
    def failing(errno):
        def getaddrinfo(*args, **kwargs):
            raise socket.gaierror(errno, "")

        return getaddrinfo

    monkeypatch.setattr(socket, "getaddrinfo", failing(socket.EAI_NONAME))
    with pytest.raises(NoSuchHost):
        links.resolve("gone.test", 80)
    monkeypatch.setattr(socket, "getaddrinfo", failing(socket.EAI_AGAIN))
    with pytest.raises(NoNetwork):
        links.resolve("away.test", 80)


def test_silence_a_dead_port_a_broken_handshake_and_no_name_server_are_unsure():
    with Outside() as server:
        stalled = Outside(server.stall)
        with stalled:
            outcome = checker(timeout=(0.3, 0.3)).check(f"http://zwfw.test:{stalled.server.server_port}/")
            assert (outcome.state, outcome.detail, outcome.heard) == (LinkState.UNSURE, "等了很久没有回答", False)
        port = server.server.server_port
        assert checker().check(f"https://zwfw.test:{port}/").state == LinkState.UNSURE
        server.released.set()
    assert checker().check(f"http://zwfw.test:{port}/").state == LinkState.UNSURE
    assert checker().check("http://away.test/") == Outcome(LinkState.UNSURE, "没连上", heard=False)
    assert checker().check("http://gone.test/") == Outcome(LinkState.BROKEN, "没有这个网站了（域名查不到）", heard=False)


def test_the_body_is_never_read():
    """A server that promises a gigabyte and sends it byte by byte costs nothing: its status is enough."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(2):
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nx")

    Thread(target=serve, daemon=True).start()
    assert checker().check(f"http://zwfw.test:{listener.getsockname()[1]}/").state == LinkState.FINE
    listener.close()


# several


def test_who_never_finishes_is_left_behind():
    with Outside() as server, Outside() as stalling:
        stalling.answer = stalling.stall
        slow, fine = (f"http://{name}.test:{side.server.server_port}/" for name, side in (("slow", stalling), ("fine", server)))
        outcomes = ask_all([slow, fine], checker(timeout=(30, 30)), patience=0.5)
    assert (outcomes[fine].state, outcomes[slow].state) == (LinkState.FINE, LinkState.UNSURE)


def test_one_host_is_asked_one_thing_at_a_time():
    busy, most = [], []

    def answer(sent):
        busy.append(sent)
        most.append(len(busy))
        busy.pop()
        return 200, {}, b""

    with Outside(answer) as server:
        found = [f"http://zwfw.test:{server.server.server_port}/{number}" for number in range(6)]
        outcomes = ask_all(found, checker())
    assert list(outcomes) == found
    assert {outcome.state for outcome in outcomes.values()} == {LinkState.FINE}
    assert max(most) == 1


# what is kept


CERTAIN, QUIET, FINE = Outcome(LinkState.BROKEN, "404"), Outcome(LinkState.UNSURE, "503"), Outcome(LinkState.FINE, "200")


def after(*outcomes: tuple[Outcome, timedelta]) -> Link:
    for outcome, later in outcomes:
        record({URL: outcome}, now=NOW + later)
    return Link.objects.get()


def days(number: float) -> timedelta:
    return timedelta(days=number)


def test_certain_once_is_no_alarm_a_day_later_it_is():
    link = after((CERTAIN, days(0)))
    assert (link.state, link.tries, link.broken_since) == (LinkState.UNSURE, 1, NOW)
    assert after((CERTAIN, timedelta(hours=2))).state == LinkState.UNSURE
    link = after((CERTAIN, days(1)))
    assert (link.state, link.tries, link.broken_since, link.checked_at) == (LinkState.BROKEN, 3, NOW, A_DAY_LATER)


def test_silence_never_alarms_and_never_clears():
    assert after(*[(QUIET, days(number)) for number in range(5)]).state == LinkState.UNSURE
    assert after((CERTAIN, days(5)), (QUIET, days(6))).state == LinkState.UNSURE
    assert after((CERTAIN, days(7))).state == LinkState.BROKEN
    assert after((QUIET, days(8))).state == LinkState.BROKEN


def test_an_answer_begins_anew():
    link = after((CERTAIN, days(0)), (CERTAIN, days(1)), (FINE, days(2)))
    assert (link.state, link.tries, link.broken_since) == (LinkState.FINE, 0, None)
    assert after((CERTAIN, days(3))).state == LinkState.UNSURE


def test_without_any_answer_the_network_is_missing_and_nothing_changes():
    after((CERTAIN, days(0)))
    gone = Outcome(LinkState.BROKEN, "没有这个网站了", heard=False)
    assert record({URL: gone, "https://other.nowhere.cn/": gone}, now=A_DAY_LATER).offline
    link = Link.objects.get()
    assert (link.state, link.tries, link.checked_at) == (LinkState.UNSURE, 1, NOW)


def test_a_missing_host_alarms_where_others_answer():
    gone = Outcome(LinkState.BROKEN, "没有这个网站了", heard=False)
    for now in (NOW, A_DAY_LATER):
        record({URL: gone, "https://other.nowhere.cn/": QUIET}, now=now)
    assert Link.objects.get(url=URL).state == LinkState.BROKEN


# the command


def test_addresses_of_published_guides_only_and_forgotten_with_them():
    guide = make_guide(online="网上", online_url="https://a.nowhere.cn/x")
    Step.objects.create(guide=guide, text="先看https://b.nowhere.cn/y?z=1，再来（见http://c.nowhere.cn/）。")
    make_guide("yibao-002", status="draft", online_url="https://d.nowhere.cn/")
    asked = []

    class Asking(Checker):
        def check(self, address):
            asked.append(address)
            return FINE

    Link.objects.create(url="https://old.nowhere.cn/")
    summary = check_published(checker=Asking(pause=0), now=NOW)
    assert sorted(asked) == ["http://c.nowhere.cn/", "https://a.nowhere.cn/x", "https://b.nowhere.cn/y?z=1"]
    assert (summary.checked, summary.fine) == (3, 3)
    assert set(Link.objects.values_list("url", flat=True)) == set(asked)


def run(monkeypatch, answers: bool) -> tuple[str, str]:
    monkeypatch.setattr(links, "ask_all", lambda found, checker: {address: Outcome(LinkState.FINE if answers else LinkState.UNSURE, "", heard=answers) for address in found})
    out, err = StringIO(), StringIO()
    call_command("check_links", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_says_what_it_found_and_that_the_network_is_missing(monkeypatch):
    make_guide(online_url=URL)
    assert "能打开 1，没连上 0，打不开 0" in run(monkeypatch, answers=True)[0]
    said = run(monkeypatch, answers=False)
    assert said[0] == ""
    assert "连不上外网" in said[1]
    assert Link.objects.get().state == LinkState.FINE
