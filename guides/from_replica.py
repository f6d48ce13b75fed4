"""Which requests read from the replica, and what happens when it lags or does not answer. In MIDDLEWARE only where DATABASE_REPLICA_URL is set."""

from django.conf import settings
from django.db import DatabaseError, connections

from guides import freshness
from guides.models import ContentStamp
from menpai import replica

# Whoever has just written sees what they wrote: for so long the primary reads for them. Only an answer to a form sets it, and it says nothing else.
WROTE, WROTE_SECONDS = "wrote", 30
READING = {"GET", "HEAD"}
# Their own things, staff, probes: always from the primary.
NOT_FOR_ALL = ("/help/", "/elder/help/", "/desk/", "/admin/", "/readyz/", "/healthz/")


class FromReplica:
    def __init__(self, get_response):
        self.get_response, self.newest = get_response, 0  # the newest content that this process has heard of

    def __call__(self, request):
        if not is_for_all(request):
            response = self.get_response(request)
            if request.method not in READING and request.method != "OPTIONS":
                response.set_cookie(WROTE, "1", max_age=WROTE_SECONDS, httponly=True, samesite="Lax", secure=settings.HTTPS)
            return response
        try:
            replica.read_here(self._number())
            response = self.get_response(request)
            if response.status_code >= 500 and replica.shown() is not None:  # an error page needs the database too
                self._leave(None)
                response = self.get_response(request)
            if (replica.shown() or self.newest) < self.newest:  # an older page is better than none, but nobody is to keep it
                response["Cache-Control"] = "no-cache"
            return response
        finally:
            replica.read_here(None)

    def process_exception(self, request, exception):
        """The replica went away under a view, or cancelled a query to keep up: the same page from the primary."""
        if replica.shown() is None or not isinstance(exception, DatabaseError):
            return None
        self._leave(exception)
        match = request.resolver_match
        return match.func(request, *match.args, **match.kwargs)

    def _number(self) -> int | None:
        """The content that the replica shows, if pages may be made from it: it answers, and shows all that the primary has.

        Where the primary does not answer, what the replica shows is the best there is, however old.
        """
        if not replica.is_asked():
            return None
        wanted = freshness.generation()
        self.newest = max(self.newest, wanted or 0)
        try:
            shown = ContentStamp.objects.using(replica.ALIAS).filter(pk=1).values_list("version", flat=True).first() or 0
        except DatabaseError as error:
            replica.failed(error)
            return None
        return shown if wanted is None or shown >= wanted else None

    def _leave(self, error: Exception | None) -> None:
        if not connections[replica.ALIAS].is_usable():
            replica.failed(error or DatabaseError())
        replica.read_here(None)


def is_for_all(request) -> bool:
    """A page that anybody may see, asked for by somebody of whom nothing is known and who has not just written."""
    known = settings.SESSION_COOKIE_NAME in request.COOKIES or WROTE in request.COOKIES
    return request.method in READING and not known and not request.path_info.startswith(NOT_FOR_ALL)
