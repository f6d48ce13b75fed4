"""The pages of plates, made by Django's own view for a plate that does not exist and cut into parts (page_parts), so that a scan only fills them in.

Pages of a district differ in few ways: its villages and plates have other names, numbers and codes, and some villages have jobs or notices of their own.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from html import escape
from io import BytesIO
from typing import NamedTuple

from django.core.handlers.wsgi import WSGIRequest

from doorplates import codes
from doorplates.finding import Found
from doorplates.models import Building, Doorplate, place_of
from doorplates.page_parts import LENGTHS, Parts
from guides.models import Area, JobPosting, Level, Notice, district_code_of
from guides.models.places import is_village_name, short_name_of
from menpai.templatetags.pages import dial

SECONDS = 60  # as long as a cache may keep any other page
MOST = 400  # pages, 10 to 30 KB each
PLACE, PATH, CODE, SPOKEN, AREA, NAME, CONTACT, PHONE, DIAL = "place", "path", "code", "spoken", "area", "name", "contact", "phone", "dial"
SAID_ANEW = frozenset({"Content-Length", "ETag", "X-Request-ID"})


class Kind(NamedTuple):
    """What makes another page. `near`: the digits of the area's code that decide about jobs and notices, 6 to 12."""

    near: str
    is_sample: bool
    is_village: bool
    has_phone: bool
    has_contact: bool


class Kept(NamedTuple):
    parts: Parts
    headers: list[tuple[str, str]]
    short: list[tuple[str, str]]  # of a 304


class KeptPages:
    """Pages as they were made at one number of the content on one day, at most SECONDS ago. `get_response` is Django's, middleware and all."""

    def __init__(self, get_response: Callable, *, clock: Callable[[], float] = time.monotonic):
        self._get_response, self._clock, self._making = get_response, clock, threading.Lock()
        self._kept: dict = {}

    def of(self, found: Found, now: tuple[int, date], door: Mapping) -> Kept | None:
        """The page of a plate, made at this number of the content or after it, on this day; None when Django does not answer with one. `door`
        holds what of the visitor's environ decides whether Django lets anybody in: host and scheme."""
        if len(found.area) != LENGTHS[AREA]:
            return None
        kind = Kind(
            self._near(found.area, now), found.is_sample, is_village_name(found.area_name), bool(found.contact_phone), bool(found.contact_phone and found.contact_name)
        )
        return self._fresh(kind, now, lambda: self._made(kind, door))

    def _near(self, area: str, now: tuple[int, date]) -> str:
        district = district_code_of(area)
        own = self._fresh(district, now, lambda: _with_a_board(district))
        return next((part for part in (area, area[:9]) if part.ljust(12, "0") in own), area[:6])

    def _fresh(self, key, now: tuple[int, date], make: Callable):
        kept = self._kept.get(key)
        if kept is not None and kept[0] == now and self._clock() < kept[1]:
            return kept[2]
        with self._making:  # one thread makes it, the others use it
            kept = self._kept.get(key)
            if kept is None or kept[0] != now or self._clock() >= kept[1]:
                made = make()
                if made is None:
                    return None
                self._kept.pop(key, None)  # to the end of the line
                self._kept[key] = kept = (now, self._clock() + SECONDS, made)
                while len(self._kept) > MOST:
                    del self._kept[next(iter(self._kept))]
        return kept[2]

    def _made(self, kind: Kind, door: Mapping) -> Kept | None:
        tokens, plate = _stand_in(kind)
        whole = self._ask(plate, tokens[PATH], door)
        if whole.status_code != 200:
            return None
        same = self._ask(plate, tokens[PATH], {**door, "HTTP_IF_NONE_MATCH": whole["ETag"]})
        parts = Parts(whole.content, {slot: token.encode() for slot, token in tokens.items()})
        return Kept(parts, _said(whole), _said(same)) if same.status_code == 304 else None

    def _ask(self, plate: Doorplate, path: str, more: Mapping):
        """Django's answer for a plate at hand, to somebody who is nobody: no cookie, no browser, so nothing is counted."""
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/{path}", "SERVER_NAME": "", "SERVER_PORT": "", "wsgi.input": BytesIO(), **more}
        request = WSGIRequest(environ)
        request.plate_at_hand = plate
        return self._get_response(request)


def _said(response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in response.items() if name not in SAID_ANEW]


def _with_a_board(district: str) -> frozenset[str]:
    """The areas of a district that have jobs or notices of their own today."""
    rows = [model.objects.current(district=district).values_list("area_id", flat=True) for model in (JobPosting, Notice)]
    return frozenset(area for found in rows for area in found if area)


def _stand_in(kind: Kind) -> tuple[dict[str, str], Doorplate]:
    """A plate whose texts are found again on its page: nobody could guess them, and nothing escapes them."""
    one = {slot: f"q{secrets.token_hex(8)}" for slot in (PLACE, CODE, AREA, NAME, CONTACT)}
    number = str(secrets.randbelow(10**18) + 10**18)
    one |= {PHONE: f"q{number}q", DIAL: dial(number), SPOKEN: codes.spoken(one[CODE]), PATH: f"D/{secrets.token_hex(8)}"}
    if len(kind.near) == 12:
        del one[AREA]  # its jobs and notices are found by the code itself
    else:
        one[AREA] = kind.near + one[AREA]
    area = Area(
        code=one.get(AREA, kind.near), name=one[NAME] + ("村民委员会" if kind.is_village else ""), level=Level.COMMUNITY,
        contact_name=one[CONTACT] if kind.has_contact else "", contact_phone=one[PHONE] if kind.has_phone else "",
    )  # fmt: skip
    return one, Doorplate(code=one[CODE], building=Building(name=one[PLACE], is_sample=kind.is_sample, community=area))


def values_of(found: Found, path: str) -> dict[str, bytes]:
    """What fills the gaps for a plate that was asked for by this path (no slash before it): escaped where a template would."""
    name = short_name_of(found.area_name)
    texts = {
        PLACE: place_of(found.estate, found.building, found.entrance), PATH: path, CODE: found.code, SPOKEN: codes.spoken(found.code),
        AREA: found.area, NAME: name.removesuffix("村") if is_village_name(found.area_name) else name,
        CONTACT: found.contact_name, PHONE: found.contact_phone, DIAL: dial(found.contact_phone) if found.contact_phone else "",
    }  # fmt: skip
    return {slot: escape(text).encode() for slot, text in texts.items()}
