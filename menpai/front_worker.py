"""gunicorn's threads with a front: what lies in memory is answered by the loop that reads the sockets, and what has to wait goes together (menpai.front).

A thread costs each request three changes of thread, which is more than an answer from memory costs. Whatever the front does not answer takes a
thread as in gunicorn's own worker, and so does everything of an application without a front.
"""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from selectors import EVENT_READ
from typing import NamedTuple
from weakref import WeakKeyDictionary

from gunicorn import SERVER
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create
from gunicorn.util import http_date
from gunicorn.workers.gthread import DEFAULT_WORKER_DATA_TIMEOUT, TConn, ThreadWorker

from menpai.front import NOTED, Answer

PATIENCE = 20.0  # seconds that errands wait for those before them; then threads take them
REST = 0.001  # seconds for which a process that took a connection leaves the next one to the others
CHUNK = 8192  # bytes read at once, as gunicorn does; a longer head takes a thread
DONE = Future()
DONE.set_result(True)
log = logging.getLogger(__name__)


class ReadAhead(RequestParser):
    """gunicorn's parser. A request that was read ahead comes once more to whoever asks for the next one."""

    ahead = None

    def read_ahead(self) -> Request:
        self.ahead = super().__next__()
        return self.ahead

    def __next__(self) -> Request:
        if self.ahead is None:
            return super().__next__()
        request, self.ahead = self.ahead, None
        return request


class Asked(NamedTuple):
    """A request whose errand is on its way."""

    conn: TConn
    request: Request
    environ: dict
    errand: object


class FrontWorker(ThreadWorker):
    """Leans on those methods of gunicorn 27's ThreadWorker that tests/menpai/test_front_worker.py drives; WEB_WORKER_CLASS=gthread does without.
    Settings that count, log or limit single requests (access log, hooks, max_requests) see only what takes a thread; we have none."""

    def init_process(self):
        self.front, self.waiting, self.away_since, self.noted = None, [], None, WeakKeyDictionary()
        self.messenger, self.rests_until = ThreadPoolExecutor(max_workers=1, thread_name_prefix="front"), 0.0
        super().init_process()

    def load_wsgi(self):
        super().load_wsgi()
        is_plain = not self.cfg.is_ssl and (self.cfg.proxy_protocol, self.cfg.protocol, self.cfg.http_protocols) == ("off", "http", ["h1"])
        if hasattr(self.wsgi, "at_once") and is_plain:
            self.front, self.wsgi = self.wsgi, self._with_what_was_noted

    # connections

    def accept(self, listener):
        """A new connection waits in the loop until it says something: one that says nothing holds no thread. Then the other processes have their turn, else
        one may get all the lines that nginx keeps open, and one alone answers a third of what two do."""
        if self.nr_conns and self.cfg.workers > 1:
            self.rests_until = time.monotonic() + REST
            self.set_accept_enabled(False)
        if self.front is None:
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.parser, conn.initialized = ReadAhead(self.cfg, client, address), True
        conn.timeout = time.monotonic() + DEFAULT_WORKER_DATA_TIMEOUT
        self.pending_conns.append(conn)
        self.poller.register(client, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def set_accept_enabled(self, enabled):
        """The loop switches it on again once the rest is over."""
        if not enabled or time.monotonic() >= self.rests_until:
            super().set_accept_enabled(enabled)

    def enqueue_req(self, conn):
        """The loop calls this whenever a connection has something to say."""
        if self.front is None or not self._is_taken(conn):
            super().enqueue_req(conn)

    def wait_for_and_dispatch_events(self, timeout):
        if self.alive and (rest := self.rests_until - time.monotonic()) > 0:
            timeout = min(timeout, rest)
        super().wait_for_and_dispatch_events(timeout)
        if self.waiting:
            self._send_errands()

    # the front

    def _is_taken(self, conn: TConn) -> bool:
        """Whether the front answers, now or when its errand is done."""
        request = self._read(conn) if self.alive else None
        if request is None:
            return False
        try:
            _, environ = create(request, conn.sock, conn.client, conn.server, self.cfg)
            answer = None if _has_body(environ) else self.front.at_once(environ)
            if isinstance(answer, Answer):
                self._send(conn, request, answer)
            elif answer is not None:
                self.waiting.append(Asked(conn, request, environ, answer))
            return answer is not None
        except Exception:
            log.exception("the front failed, a thread answers")
            return False

    def _read(self, conn: TConn) -> Request | None:
        """The request whose head lies ready. None: whatever came is left to the thread that reads it."""
        unreader = conn.parser.unreader
        if unreader.buf.tell():
            return None
        try:
            text = conn.sock.recv(CHUNK)
        except OSError:
            return None
        unreader.unread(text)
        if not text.startswith((b"GET ", b"HEAD ")) or not text.endswith(b"\r\n\r\n"):
            return None
        try:
            return conn.parser.read_ahead()
        except Exception:  # the thread meets the same fault and says so to the client
            conn.parser = ReadAhead(self.cfg, conn.sock, conn.client)
            conn.parser.unreader.unread(text)
            return None

    def _send(self, conn: TConn, request: Request, answer: Answer) -> None:
        """In one piece and without waiting for who reads slowly: the rest of a long answer takes a thread."""
        stays = self.alive and len(self.keepalived_conns) < self.max_keepalived and not request.should_close()
        text = _text(request, answer, stays)
        try:
            sent = conn.sock.send(text)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent, stays = len(text), False
        conn.parser.ahead = None
        if sent < len(text):
            work = self.tpool.submit(self._send_rest, conn, text[sent:], stays)
            work.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))
        elif stays:
            self.finish_request(conn, DONE)
        else:  # which waits until the other side closes too
            self.nr_conns -= 1
            self.tpool.submit(conn.close, graceful=True)

    def _send_rest(self, conn: TConn, rest: bytes, stays: bool) -> bool:
        conn.sock.setblocking(True)
        conn.sock.sendall(rest)
        return stays

    # errands

    def _send_errands(self) -> None:
        """All that wait go together, unless some are on their way: then those that wait go next."""
        if self.away_since is None:
            asked, self.waiting, self.away_since = self.waiting, [], time.monotonic()
            work = self.messenger.submit(self.front.prepare, [one.errand for one in asked])
            work.add_done_callback(lambda done: self.method_queue.defer(self._errands_done, asked, done))
        elif time.monotonic() > self.away_since + PATIENCE:
            waiting, self.waiting = self.waiting, []
            for one in waiting:
                self._leave_to_a_thread(one)

    def _errands_done(self, asked: list[Asked], done: Future) -> None:
        self.away_since = None
        if failed := done.exception():
            log.warning("what went together goes the long way: %s", type(failed).__name__)
        for one, prepared in zip(asked, [None] * len(asked) if failed else done.result(), strict=True):
            try:
                if prepared is None:
                    self._leave_to_a_thread(one)
                else:
                    self._send(one.conn, one.request, self.front.told(one.errand, prepared))
            except Exception:
                log.exception("the front failed, a thread answers")
                self._leave_to_a_thread(one)

    def _leave_to_a_thread(self, asked: Asked) -> None:
        self.noted[asked.conn.sock] = {name: value for name, value in asked.environ.items() if name.startswith(NOTED)}
        super().enqueue_req(asked.conn)

    def _with_what_was_noted(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        environ.update(self.noted.pop(environ["gunicorn.socket"], {}))
        return self.front(environ, start_response)


def _has_body(environ: dict) -> bool:
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def _text(request: Request, answer: Answer, stays: bool) -> bytes:
    """As gunicorn would write it."""
    first = f"HTTP/{request.version[0]}.{request.version[1]} {answer.status}\r\nServer: {SERVER}\r\nDate: {_date(int(time.time()))}\r\nConnection: {'keep-alive' if stays else 'close'}\r\n"
    return (first + "".join([f"{name}: {value}\r\n" for name, value in answer.headers]) + "\r\n").encode("latin-1") + answer.body


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return http_date(second)
