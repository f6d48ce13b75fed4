import re
import secrets

from menpai.logs import request_id as current

GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")


def request_id(get_response):
    """Give every request an id, the proxy's where it sent a sane one, and return it so that a fault can be traced."""

    def middleware(request):
        given = request.headers.get("X-Request-ID", "")
        request.id = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
        token = current.set(request.id)
        try:
            response = get_response(request)
        finally:
            current.reset(token)
        response["X-Request-ID"] = request.id
        return response

    return middleware
