"""Who is signed in, in one look: the session with its account, the account's second factor and the roster's token.

Django and django-otp read session, account and factor one after the other, and whoever uses what is kept of the roster asks for its token first. Here only
the plain case is decided; whatever is not plain they decide as ever, with queries of their own: no session, an account that was stopped, a password that has
changed since, a factor that is no longer the one.
"""

from functools import cache, partial
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db.models import FilteredRelation, Q
from django.db.models.expressions import RawSQL
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.middleware import is_verified

from helpdesk import kept
from helpdesk.gate import STAFF
from helpdesk.models import SecondFactor, StaffSession

BACKEND = "django.contrib.auth.backends.ModelBackend"  # what it asks of an account is asked in known()
FACTOR = ("id", "user_id", "confirmed")  # the rest is read when somebody asks for it


class Found(NamedTuple):
    session: StaffSession
    user: object | None
    factor: SecondFactor | None  # the confirmed one
    token: str  # of the roster (helpdesk/kept.py)


@cache
def _columns() -> tuple[list[str], list[str]]:
    session, user = ([field.attname for field in model._meta.concrete_fields] for model in (StaffSession, get_user_model()))
    return session, user


def _rows(key: str):
    session, user = _columns()
    confirmed = FilteredRelation("user__secondfactor", condition=Q(user__secondfactor__confirmed=True))
    rows = StaffSession.objects.filter(session_key=key).annotate(factor=confirmed, token=RawSQL("SELECT token FROM helpdesk_roster_stamp", ()))
    return rows.values_list("token", *session, *(f"user__{name}" for name in user), *(f"factor__{name}" for name in FACTOR))


def look(key: str) -> Found | None:
    """What stands under the key of a session, whether it is over or not."""
    (found,) = kept.rows_of(kept.Ask(("signed in",), _rows, (key,)))
    if not found:
        return None
    (session, user), alias, ((token, *values),) = _columns(), kept.database(), found
    of_session, of_user, of_factor = values[: len(session)], values[len(session) : -len(FACTOR)], values[-len(FACTOR) :]
    return Found(
        StaffSession.from_db(alias, session, of_session),
        get_user_model().from_db(alias, user, of_user) if of_user[0] else None,
        SecondFactor.from_db(alias, FACTOR, of_factor) if of_factor[0] else None,
        token,
    )


def known(session):
    """The account that is signed in, verified or not as django-otp would say; None when that is not plain from what the session's row brought along."""
    key = session.get(SESSION_KEY)
    found: Found | None = getattr(session, "found", None)
    if not key or found is None or found.user is None or found.session.session_key != session.session_key or str(found.user.pk) != key:
        return None
    if session.get(BACKEND_SESSION_KEY) != BACKEND or BACKEND not in settings.AUTHENTICATION_BACKENDS or not found.user.is_active:
        return None
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), found.user.get_session_auth_hash()):
        return None
    user, device = found.user, session.get(DEVICE_ID_SESSION_KEY)
    if device and (found.factor is None or device != found.factor.persistent_id):
        return None
    user.otp_device, user.is_verified = (found.factor if device else None), partial(is_verified, user)
    user._roster_token = found.token
    return user


def one_look(get_response):
    """Stands behind the middleware of Django's accounts and of django-otp, which are asked where it does not know, and before the gate, which asks at once
    at every address of staff."""

    def middleware(request):
        find = partial(_known_or_asked, request, request.user)
        request.user = find() if request.path_info.startswith(STAFF) else SimpleLazyObject(find)
        return get_response(request)

    return middleware


def _known_or_asked(request, asked):
    user = known(request.session)
    return asked if user is None else user
