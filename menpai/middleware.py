import re
import secrets

from csp.constants import HEADER as CONTENT_POLICY
from csp.utils import build_policy
from django.conf import settings
from django.utils.cache import patch_vary_headers

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


def coded(get_response):
    """Every answer may come compressed or not, and says so; a 304 too, which has no body that GZipMiddleware would look at (RFC 9110, 15.4.5)."""

    def middleware(request):
        response = get_response(request)
        patch_vary_headers(response, ("Accept-Encoding",))
        return response

    return middleware


def content_policy(get_response):
    """The settings' content policy as django-csp words it, for every answer that has none of its own. Its own middleware words it anew each time, which
    takes a tenth of a millisecond, for views that change it: we have none."""
    policy = build_policy()

    def middleware(request):
        response = get_response(request)
        if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's pages for developers have styles in them
            response.headers.setdefault(CONTENT_POLICY, policy)
        return response

    return middleware
