"""The lane of scans in front of Django, in this process: the layers as menpai.wsgi puts them, and what they answer."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import DatabaseError, close_old_connections
from django.http import HttpResponse

from doorplates.lane import ScanLane
from guides import freshness
from menpai.front import Answer
from menpai.middleware import id_of


def make_lane(**more) -> ScanLane:
    django = WSGIHandler()
    return ScanLane(django, **{"get_response": django.get_response, "generation": freshness.generation, "request_id": id_of, **more})


def by_the_loop(layer: type) -> Callable:
    """For the place of `layer.__call__`: asks the front first, as menpai.front_worker does, and calls for whatever that leaves."""
    called = layer.__call__

    def ask(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        found = self.at_once(environ)
        if found is not None and not isinstance(found, Answer):
            try:
                (prepared,) = self.prepare([found])
            except DatabaseError:
                prepared = None
            found = self.told(found, prepared) if prepared is not None else None
        return called(self, environ, start_response) if found is None else found.say(start_response)

    return ask


@contextmanager
def _connection_kept() -> Iterator[None]:
    """Django's handler closes the connection after an answer; a test is still in its transaction (django.test.Client does the same)."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def call(application: Callable, environ: dict) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status, headers and body that a WSGI application answers."""
    said = []
    with _connection_kept():
        chunks = application(environ, lambda *what: said.append(what))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
    return said[-1][0], [(name, value.strip()) for name, value in said[-1][1]], body


class ThroughLane:
    """Takes the place of django.test.client.ClientHandler: a request of the client goes through the lane, and to Django where the lane passes it on."""

    def __init__(self, *args, **kwargs):
        self.lane = make_lane()

    def __call__(self, environ) -> HttpResponse:
        environ.setdefault("HTTP_HOST", "testserver")  # every browser says it
        status, headers, body = call(self.lane, environ)
        response = HttpResponse(body, status=int(status[:3]))
        del response.headers["Content-Type"]
        for name, value in headers:
            if name == "Set-Cookie":
                response.cookies.update(SimpleCookie(value))
            else:
                response.headers[name] = value
        response.wsgi_request = None
        return response
