"""The one gate before everything of /desk/ and /admin/: nothing opens before the second factor is given and a one-time password is changed.

Default deny: an address is open to somebody half signed in only if it stands in OPEN. Outside these addresses they are nobody.
"""

from functools import partial

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from helpdesk.access import must_change_password
from helpdesk.models import SecondFactor
from helpdesk.sessions import DEVICE, SINCE, in_words

STAFF = ("/desk/", "/admin/")
CODE, PASSWORD, SET_UP = "desk:code", "desk:password", "desk:set-up"  # what is still to be done: each is the address of its page
OPEN = {"desk:login", "desk:logout", "admin:login", "admin:logout"}


def still_to_do(user) -> str:
    """The next thing before anything opens: CODE, PASSWORD or SET_UP, in this order; empty when there is nothing, or nobody is signed in.

    Whoever has a second factor gives it before anything else can be changed; who has none sets it up after the password is their own.
    """
    if not user.is_authenticated:
        return ""
    is_half = settings.SECOND_FACTOR and not user.is_verified()
    has_factor = is_half and SecondFactor.objects.filter(user=user.pk, confirmed=True).exists()
    if has_factor:
        return CODE
    if must_change_password(user):
        return PASSWORD
    return SET_UP if is_half else ""


def staff_gate(get_response):
    def middleware(request):
        if not request.path_info.startswith(STAFF):
            # Lazy: a page of residents that does not ask who is there must not vary by cookie.
            request.user = SimpleLazyObject(partial(_all_or_nobody, request.user))
        elif (step := still_to_do(request.user)) and not _is_open(request, step):
            return _led_to(request, step)
        response = get_response(request)
        _note_device(request)
        return response

    return middleware


def _all_or_nobody(user):
    return AnonymousUser() if still_to_do(user) else user


def _is_open(request, step: str) -> bool:
    try:
        name = resolve(request.path_info).view_name
    except Resolver404:
        return False
    return name == step or name in OPEN


def _led_to(request, step: str):
    if "HX-Request" in request.headers:  # a part of a page that lies open: the whole page goes there
        response = HttpResponse(status=204, headers={"HX-Redirect": reverse(step)})
    else:
        # Back to the page afterwards, but never to the address of an act: opening that again would do nothing.
        back = f"?{urlencode({'next': request.get_full_path()})}" if request.method == "GET" else ""
        response = redirect(reverse(step) + back)
    response["Cache-Control"] = "no-store"
    return response


def _note_device(request) -> None:
    """Beside the sign-in, in the same write: on what, and since when."""
    session = request.session
    if session.modified and SESSION_KEY in session and DEVICE not in session:
        session[DEVICE], session[SINCE] = in_words(request.headers.get("User-Agent", "")), timezone.localdate().isoformat()
