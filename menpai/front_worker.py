"""gunicorn's threads with a front: what lies in memory is answered by the loop that reads the sockets, and scans that arrive together go to the
database together. Everything else takes a thread, as in gunicorn's own worker.

A thread costs three changes of thread for each request, which is more than an answer from memory costs. An application has a front when it
offers three methods (doorplates.lane.ScanLane does; an application without them is served as gunicorn always does):

    at_once(environ, start_response)    never waits. The answer as a list of bytes; None: a thread is to call the application; anything else is
                                        an errand that somebody has to wait for
    prepare(errands)                    waits, for all of them in one. What each came to, or None where a thread is to call the application
    told(errand, prepared, start_response)  never waits. The answer as a list of bytes

What is noted in the environ of a request under names that begin with NOTED is there again when a thread calls the application for it.
"""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import NamedTuple
from weakref import WeakKeyDictionary

from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import Response, create
from gunicorn.workers.gthread import DEFAULT_WORKER_DATA_TIMEOUT, TConn, ThreadWorker

NOTED = "menpai."
PATIENCE = 20.0  # seconds that errands wait for those before them; then threads take them
CHUNK = 8192  # bytes read at once, as gunicorn does; a longer head takes a thread
DONE = Future()
DONE.set_result(True)
log = logging.getLogger(__name__)


class ReadAhead(RequestParser):
    """gunicorn's parser. A request that was read ahead comes once more to whoever asks for the next one."""

    ahead = None

    def read_ahead(self):
        self.ahead = super().__next__()
        return self.ahead

    def __next__(self):
        if self.ahead is None:
            return super().__next__()
        request, self.ahead = self.ahead, None
        return request


class Basket(list):
    """Stands for the socket where an answer is put together: it goes out in one piece."""

    send = sendall = list.append


class Asked(NamedTuple):
    """A request on its way to an answer."""

    conn: TConn
    response: Response
    environ: dict
    errand: object = None


class FrontWorker(ThreadWorker):
    """See above. Leans on the methods of gunicorn 27's ThreadWorker that tests/menpai/test_front_worker.py drives; WEB_WORKER_CLASS=gthread does without."""

    def init_process(self):
        self.front, self.noted, self.waiting, self.away_since = None, WeakKeyDictionary(), [], None
        self.messenger = ThreadPoolExecutor(max_workers=1, thread_name_prefix="front")
        super().init_process()

    def load_wsgi(self):
        super().load_wsgi()
        is_plain = not self.cfg.is_ssl and (self.cfg.proxy_protocol, self.cfg.protocol, self.cfg.http_protocols) == ("off", "http", ["h1"])
        if hasattr(self.wsgi, "at_once") and is_plain:
            self.front, self.wsgi = self.wsgi, self._with_what_was_noted

    # connections

    def accept(self, listener):
        """A new connection waits in the loop until it says something: one that says nothing holds no thread."""
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

    def enqueue_req(self, conn):
        """Called by the loop whenever a connection has something to say."""
        if self.front is None or not self._is_taken(conn):
            super().enqueue_req(conn)

    def wait_for_and_dispatch_events(self, timeout):
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
            response, environ = create(request, Basket(), conn.client, conn.server, self.cfg)
            environ["wsgi.multithread"] = True
            answer = self.front.at_once(environ, response.start_response)
            asked = Asked(conn, response, environ, answer)
            if isinstance(answer, list):
                self._tell(asked, answer)
            elif answer is not None:
                self.waiting.append(asked)
        except Exception:
            log.exception("the front failed, a thread answers")
            return False
        return answer is not None

    def _read(self, conn: TConn) -> Request | None:
        """The request that lies ready whole and has no body. None: whatever came is left to the thread that reads it."""
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

    def _tell(self, asked: Asked, body: Iterable[bytes]) -> None:
        """Send an answer, in one piece and without waiting for who reads it slowly: the rest of a long one takes a thread."""
        conn, response = asked.conn, asked.response
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            response.force_close()
        for part in body:
            response.write(part)
        response.close()
        text, stays = b"".join(response.sock), not response.should_close()
        try:
            sent = conn.sock.send(text)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent, stays = len(text), False
        if stays and sent == len(text):
            self.finish_request(conn, DONE)
        else:
            self._to_a_thread(conn, self._send_rest, conn, text[sent:], stays)

    def _send_rest(self, conn: TConn, rest: bytes, stays: bool) -> bool:
        conn.sock.setblocking(True)
        conn.sock.sendall(rest)
        return stays

    def _to_a_thread(self, conn: TConn, work: Callable, *arguments) -> None:
        self.tpool.submit(work, *arguments).add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    # errands

    def _send_errands(self) -> None:
        """All that wait go together, unless some are on their way: then those that wait go next."""
        if self.away_since is None:
            asked, self.waiting, self.away_since = self.waiting, [], time.monotonic()
            self.messenger.submit(self.front.prepare, [one.errand for one in asked]).add_done_callback(
                lambda done: self.method_queue.defer(self._errands_done, asked, done)
            )
        elif time.monotonic() > self.away_since + PATIENCE:
            waiting, self.waiting = self.waiting, []
            for one in waiting:
                self._leave_to_a_thread(one)

    def _errands_done(self, asked: list[Asked], done: Future) -> None:
        self.away_since = None
        if failed := done.exception():
            log.warning("what came together goes the long way: %s", type(failed.__cause__ or failed).__name__)
        for one, prepared in zip(asked, [None] * len(asked) if failed else done.result(), strict=True):
            if prepared is None:
                self._leave_to_a_thread(one)
                continue
            try:
                self._tell(one, self.front.told(one.errand, prepared, one.response.start_response))
            except Exception:
                log.exception("the front failed, a thread answers")
                self._leave_to_a_thread(one)

    def _leave_to_a_thread(self, asked: Asked) -> None:
        self.noted[asked.conn.sock] = {name: value for name, value in asked.environ.items() if name.startswith(NOTED)}
        super().enqueue_req(asked.conn)

    def _with_what_was_noted(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        environ.update(self.noted.pop(environ["gunicorn.socket"], {}))
        return self.front(environ, start_response)
