"""gunicorn with a front: who answers what, that nobody waits for somebody else, and that the bytes are those of gunicorn's own worker."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.menpai.front_application import LONG
from tests.running import Stage, site_environment

APPLICATION = "tests.menpai.front_application:application"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Stage(tmp_path_factory.mktemp("front")) as stage:
        yield stage


def start(stage, name: str, application: str = APPLICATION, **more):
    """One process of two threads, so that whoever holds one is noticed."""
    env = site_environment(stage.home, f"sqlite:///{stage.home}/none.sqlite3", MENPAI_DEBUG="1", **{"WEB_WORKERS": "1", "WEB_THREADS": "2"} | more)
    return stage.gunicorn(name, env=env, application=application)


@pytest.fixture(scope="module")
def web(stage):
    return start(stage, "front")


@pytest.fixture(scope="module")
def stock(stage):
    return start(stage, "stock", WEB_WORKER_CLASS="gthread")


def line_to(one) -> socket.socket:
    return socket.create_connection(("127.0.0.1", one.port), timeout=15)


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: a.example", *headers, "", ""]).encode()


def answer(file, *, has_body: bool = True) -> tuple[bytes, bytes]:
    """The next answer from a line that was opened as a file: its head and its body."""
    lines = []
    while (text := file.readline()) not in (b"\r\n", b""):
        lines.append(text)
    length = next((int(text.split(b":")[1]) for text in lines if text.lower().startswith(b"content-length")), 0)
    return b"".join(lines), file.read(length) if has_body else b""


def ask(one, path: str, *headers: str) -> str:
    with line_to(one) as line:
        line.sendall(get(path, *headers))
        return answer(line.makefile("rb"))[1].decode()


# ---- who answers


def test_what_lies_in_memory_is_answered_by_the_loop_and_everything_else_by_a_thread(web):
    assert ask(web, "/once") == "loop"
    assert ask(web, "/thread") == "thread noted=nothing body=0"
    assert ask(web, "/once?a=1").startswith("thread")


def test_an_errand_is_prepared_off_the_loop_and_told_by_it(web):
    assert ask(web, "/errand") == "front 1 loop"


def test_errands_that_come_while_others_are_away_go_together(web):
    with ThreadPoolExecutor(6) as pool:
        slow = pool.submit(ask, web, "/slow")
        time.sleep(0.1)
        others = [pool.submit(ask, web, "/errand") for _ in range(5)]
        assert [other.result() for other in others] == ["front 5 loop"] * 5
        assert slow.result() == "front 1 loop"


def test_what_an_errand_did_not_bring_takes_a_thread_which_knows_what_was_noted(web):
    for path in ("/none", "/bad", "/untold"):
        assert ask(web, path) == "thread noted=here body=0", path
    assert ask(web, "/thread") == "thread noted=nothing body=0"


def test_a_front_that_fails_leaves_the_answer_to_a_thread(web):
    assert ask(web, "/odd") == "thread noted=nothing body=0"


def test_an_application_without_a_front_is_served_by_threads_alone(stage):
    one = start(stage, "bare", "tests.menpai.front_application:bare")
    assert ask(one, "/once") == "ThreadPoolExecutor"


# ---- nobody waits for somebody else


def test_errands_behind_one_that_is_stuck_take_threads_in_the_end(web):
    with ThreadPoolExecutor(2) as pool:
        stuck = pool.submit(ask, web, "/stuck")
        time.sleep(0.2)
        began = time.monotonic()
        assert ask(web, "/errand").startswith("thread")
        assert 0.5 < time.monotonic() - began < 2.8
        assert stuck.result() == "front 1 loop"


def test_the_loop_answers_while_every_thread_is_held(web):
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(ask, web, "/hold") for _ in range(2)]
        time.sleep(0.2)
        began = time.monotonic()
        assert ask(web, "/once") == "loop"
        assert ask(web, "/errand") == "front 1 loop"
        assert time.monotonic() - began < 1
        assert all(one.result().startswith("thread") for one in held)


def test_connections_that_say_nothing_hold_no_thread(web):
    silent = [line_to(web) for _ in range(6)]
    began = time.monotonic()
    assert ask(web, "/thread").startswith("thread")
    assert time.monotonic() - began < 2
    for line in silent:
        line.close()


def test_processes_share_the_connections(stage):
    """Each takes one, and with that one in hand one more, before it leaves the next ones to the other."""
    one = start(stage, "two", WEB_WORKERS="2")
    for _ in range(4):
        lines = [line_to(one) for _ in range(4)]
        for line in lines:
            line.sendall(get("/pid"))
        pids = [answer(line.makefile("rb"))[1] for line in lines]
        assert sorted(pids.count(pid) for pid in set(pids)) == [2, 2]
        for line in lines:
            line.close()
        time.sleep(0.7)


def test_who_reads_a_long_answer_slowly_gets_it_whole_and_holds_nobody_up(web):
    with line_to(web) as line, line.makefile("rb") as file:
        line.sendall(get("/long"))
        time.sleep(0.3)
        assert ask(web, "/once") == "loop"
        assert answer(file)[1] == LONG
        line.sendall(get("/once"))  # and the connection goes on
        assert answer(file)[1] == b"loop"


def test_who_wants_to_close_and_does_not_holds_nobody_up(web):
    with line_to(web) as line:
        line.sendall(get("/once", "Connection: close"))
        assert answer(line.makefile("rb"))[1] == b"loop"
        began = time.monotonic()
        assert ask(web, "/once") == "loop"
        assert time.monotonic() - began < 1


def test_a_header_that_cannot_be_sent_breaks_no_loop(web):
    assert ask(web, "/unheard") == "thread noted=nothing body=0"
    assert ask(web, "/once") == "loop"


def test_who_hangs_up_before_the_answer_does_no_harm(web):
    for path in ("/once", "/errand", "/slow", "/long", "/none"):
        line = line_to(web)
        line.sendall(get(path))
        line.close()
    assert ask(web, "/once") == "loop"
    assert ask(web, "/errand").startswith("front")


def test_a_stop_lets_errands_come_home(stage):
    one = start(stage, "ending")
    with ThreadPoolExecutor(1) as pool, line_to(one) as kept:
        kept.sendall(get("/once"))
        assert b"keep-alive" in answer(kept.makefile("rb"))[0]
        slow = pool.submit(ask, one, "/slow")
        time.sleep(0.2)
        one.process.terminate()
        assert slow.result() == "front 1 loop"
        one.process.wait(15)


# ---- the bytes of gunicorn's own worker


PLAIN = get("/once")
CONVERSATIONS = {
    "one": ([PLAIN], 1), "kept alive": ([PLAIN, get("/thread"), PLAIN], 3), "pipelined": ([PLAIN + get("/thread") + PLAIN + get("/errand")], 4),
    "in two pieces": ([PLAIN[:20], PLAIN[20:]], 1), "byte by byte": ([bytes([byte]) for byte in PLAIN], 1),
    "closing": ([get("/once", "Connection: close")], 1), "HTTP/1.0": ([get("/once", version="1.0")], 1),
    "HTTP/1.0 kept alive": ([get("/once", "Connection: keep-alive", version="1.0")], 1),
    "with a body": ([get("/once", "Content-Length: 3") + b"abc", PLAIN], 2), "with a body that comes later": ([get("/once", "Content-Length: 3"), b"abc", PLAIN], 2), "POST": ([get("/once", "Content-Length: 3", method="POST") + b"abc"], 1),
    "chunked": ([get("/thread", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n", PLAIN], 2),
    "a long head": ([get("/once", *(f"X-{n}: {'a' * 2000}" for n in range(6)))], 1),
    "no such method": ([get("/once", method="get")], 1), "nonsense": ([b"GET / nonsense\r\n\r\n"], 1), "no colon": ([get("/once", "nonsense")], 1),
    "two lengths": ([get("/once", "Content-Length: 3", "Content-Length: 4") + b"abc"], 1), "folded": ([get("/once", "X-A: b", " c")], 1),
    "line ends alone": ([PLAIN.replace(b"\r\n", b"\n") + b"\r\n\r\n"], 1), "whole address": ([get("http://a.example/once")], 1),
    "an errand": ([get("/errand")], 1), "failed at once": ([get("/odd")], 1),
}  # fmt: skip


def spoken(one, pieces: list[bytes], count: int, **how) -> list[tuple[bytes, bytes]]:
    """What is answered, without what may differ: the time, and who gave the answer. As many pieces as answers: each waits for its own."""
    found = []
    with line_to(one) as line, line.makefile("rb") as file:
        for number, piece in enumerate(pieces, start=1):
            line.sendall(piece)
            if count == len(pieces):
                found.append(answer(file, **how))
            elif number < 3:
                time.sleep(0.02)
        found += [answer(file, **how) for _ in range(count - len(found))]
    return [_same(*one) for one in found]


def _same(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    kept = [text for text in head.splitlines() if not text.startswith((b"Date:", b"X-Who:", b"Content-Length:"))]
    return b"\n".join(kept), b"" if b" 200 OK" in head else body


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_goes_as_with_gunicorns_own_worker(web, stock, name):
    pieces, count = CONVERSATIONS[name]
    with_front = spoken(web, pieces, count)
    assert with_front == spoken(stock, pieces, count)
    assert with_front[0][0].startswith(b"HTTP/1.")


def test_head_is_answered_without_a_body(web, stock):
    asked = [get("/once", method="HEAD")]
    assert spoken(web, asked, 1, has_body=False) == spoken(stock, asked, 1, has_body=False)
    with line_to(web) as line, line.makefile("rb") as file:
        line.sendall(asked[0])
        assert b"Content-Length: 4" in answer(file, has_body=False)[0]
        line.sendall(PLAIN)
        assert answer(file)[1] == b"loop"
