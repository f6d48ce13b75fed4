import re
import secrets

from menpai.logs import request_id as current

GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")


def id_of(environ: dict) -> str:
    """The id of a request: the proxy's where it sent a sane one, else a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if GIVEN.fullmatch(given) else secrets.token_hex(8)


def request_id(get_response):
    """Give every request an id and return it so that a fault can be traced."""

    def middleware(request):
        request.id = id_of(request.META)
        current.set(request.id)  # kept after the answer: Django logs a 404 only once the middleware is done
        response = get_response(request)
        response["X-Request-ID"] = request.id
        return response

    return middleware
