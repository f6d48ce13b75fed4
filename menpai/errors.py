"""The pages of what went wrong. They help on, and what a person typed comes back with them."""

import errno
import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from guides.viewpoint import ELDER, of_district, viewpoint_at
from guides.views import page_context
from helpdesk.access import works_in

STAFF = ("/desk/", "/admin/")
RETRY_AFTER = 30  # seconds
SECRET = ("password", "code")  # parts of names of fields that are typed afresh: they never come back on a page


def not_found(request, exception=None):
    """A page that helps on, in the version (长辈版 or not) of the address that failed, with the words of its district."""
    viewpoint = getattr(request, "viewpoint", None)
    if viewpoint is None:
        is_staffs = request.path.startswith(STAFF) and request.user.is_authenticated
        viewpoint = of_district(works_in(request.user)) if is_staffs else viewpoint_at(request.path)
    return render(request, "404.html", page_context(request, viewpoint, query=""), status=404)


def server_error(request):
    """503 while the database does not answer or a disk is full, 500 for a fault of ours. Asks nothing of the database or the session.

    Whoever sent a form finds all of it on the page, and sends it again from there: forms that must not be taken twice carry a key of their own.
    """
    is_away = _is_away(sys.exc_info()[1])
    sent, files = _sent(request)
    context = {
        "is_away": is_away,
        "is_elder": request.path.startswith(ELDER + "/"),
        "is_sent": request.method == "POST",
        "again": request.get_full_path(),
        "may_resend": bool(sent) and not any(part in name for name, _ in sent for part in SECRET),
        "sent": sent,
        "typed": [value for name, value in sent if value and ("phone" in name or not value.isascii())],  # what was chosen has no word here
        "had_files": files,
        "hotline": settings.HOTLINE,
    }
    response = HttpResponse(render_to_string("500.html", context), status=503 if is_away else 500)
    response["Cache-Control"] = "no-store"
    if is_away:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def _is_away(error: BaseException | None) -> bool:
    """Whether what failed comes back by itself: a database that is restarted, locked or out of space, a full disk."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def _sent(request) -> tuple[list[tuple[str, str]], bool]:
    """The fields of the form as they came, and whether files came with it. Empty when they cannot be read (the disk is full for them too)."""
    if request.method != "POST":
        return [], False
    try:
        return [(name, value) for name, values in request.POST.lists() for value in values], bool(request.FILES)
    except Exception:  # whatever stopped the form from being read is what this page is about
        return [], False
