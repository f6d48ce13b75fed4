"""Every address of staff, found in the resolver, with something to put in for each of its parameters.

An address with a parameter that nobody explained here fails the tests: whoever adds one says in FILL how it is filled.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from doorplates.models import Doorplate
from guides.models import GuideRevision
from helpdesk.models import Absence, Attachment, HelpRequest, Mandate, Paper, Principal, Visit
from helpdesk.views.acts import ACTS

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
MISSING = "482917361"  # a well-formed number that no request has


@dataclass(frozen=True)
class Rows:
    """What an address may name: values of a request that is there, by the name of the parameter."""

    reference: str
    request: int

    @classmethod
    def of(cls, stored: HelpRequest) -> "Rows":
        return cls(stored.reference, stored.pk)

    def value(self, name: str, route: str) -> str:
        model = MODELS_OF.get(name) or _admin_model(route)
        if name in ("reference", "number"):
            return self.reference
        if model in (None, HelpRequest):
            return str(self.request)
        return str(_first(model, self.request))


MODELS_OF = {"visit": Visit, "paper": Paper, "key": Attachment, "attachment": Attachment, "mandate": Mandate, "principal": Principal}


def _first(model, request: int):
    names = {field.name for field in model._meta.concrete_fields}
    rows = model._base_manager.filter(request=request) if "request" in names else model._base_manager.all()
    row = rows.order_by("pk").first()
    return getattr(row, "key", None) or row.pk if row else 1


def _admin_model(route: str):
    found = re.match(r"admin/([a-z]+)/([a-z]+)/", route)
    return apps.get_model(*found.groups()) if found else None


def walk(resolver=None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, route)
        else:
            yield route, pattern


def staff_routes() -> list[str]:
    """The routes below /desk/ and /admin/; the two of the admin that are regular expressions are spelled out."""
    routes = []
    for route, pattern in walk():
        if not route.startswith(("desk/", "admin/")):
            continue
        if isinstance(pattern.pattern, RoutePattern):
            routes.append(route)
        elif "app_label" in route:
            routes += [f"admin/{label}/" for label in ("guides", "doorplates", "helpdesk", "auth")]
        elif "url" in route:
            routes.append("admin/no/such/page/")
        else:
            raise AssertionError(f"{route}: say in staff_addresses how this address is filled")
    return routes


def filled(route: str, rows: Rows) -> list[str]:
    """The addresses of a route with its parameters put in, naming `rows` wherever it names a request or what hangs on one."""
    names = PARAMETER.findall(route)
    every = [""]
    if "act" in names:
        every = list(ACTS)
    addresses = []
    for act in every:
        address = route
        for name in names:
            if name == "act":
                value = act
            elif name in FILL:
                value = FILL[name](route)
            elif ABSENCE in route:
                value = _first(Absence, rows.request)
            elif name in ("reference", "object_id", *MODELS_OF):
                value = rows.value(name, route)
            else:
                raise AssertionError(f"{route}: say in staff_addresses.FILL what “{name}” is filled with")
            address = PARAMETER.sub(lambda _, value=value: str(value), address, count=1)
        addresses.append(f"/{address}")
    return addresses


def names_a_request(route: str) -> bool:
    """Whether an address points at one request, or at what hangs on one."""
    names = set(PARAMETER.findall(route))
    model = _admin_model(route) if "object_id" in names else None
    hangs = model is not None and model._meta.app_label == "helpdesk" and (model is HelpRequest or any(f.name == "request" for f in model._meta.concrete_fields))
    return hangs or ABSENCE not in route and bool(names & {"reference", *MODELS_OF})


ABSENCE = "roster/<int:key>/"  # somebody's day off; other keys are those of photos


def _guide_pk(route: str):
    model = _admin_model(route)
    row = model._base_manager.first()
    return row.pk if row else 1


def _plate_code(route: str):
    plate = Doorplate.objects.first()
    return plate.code if plate else "7K3M9Q2X"


# What every other parameter is filled with; a function of the route.
FILL = {
    "pk": _guide_pk,
    "id": _guide_pk,
    "number": lambda route: GuideRevision.objects.count() or 1,
    "domain": lambda route: "yibao",
    "code": _plate_code,
    "what": lambda route: "late",
    "content_type_id": lambda route: ContentType.objects.get_for_model(HelpRequest).pk,
}
UNKNOWN = {"key": uuid.UUID(int=7), "pk": 999_999_999}


class Nobody(Rows):
    """What no row answers to."""

    def value(self, name: str, route: str) -> str:
        if name in ("key", "attachment"):
            return str(UNKNOWN["key"])
        return MISSING if name in ("reference", "number") else str(UNKNOWN["pk"])


NOBODY = Nobody(MISSING, UNKNOWN["pk"])
