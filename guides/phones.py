"""Telephone numbers inside texts, and whether two of them are one: with and without area code, with and without dashes. Pure."""

import re
from collections.abc import Iterable

_AREA = r"0(?:10|2\d|[3-9]\d{2})"
_WRITTEN = re.compile(
    rf"(?<![\d.])(?:\(?(?P<area>{_AREA})\)?[- ]?(?P<local>[2-8]\d{{6,7}})|(?P<mobile>1[3-9]\d{{9}})|(?P<free>[48]00[- ]?\d{{3}}[- ]?\d{{4}})"
    r"|(?P<bare>(?:(?<=电话)|(?<=电话:)|(?<=打)|(?<=拨)|(?<=拨打))[2-8]\d{6,7}))(?!\d)(?!\.\d)(?! ?(?:元|万|号文|平方))"
)
_IN_OFFICE = re.compile(rf"(?:\(?{_AREA}\)?[- ]?)?[2-8]\d{{6,7}}(?!\d)|1[3-9]\d{{9}}|[48]00[- ]?\d{{3}}[- ]?\d{{4}}")


# One character for one, so that a place in the plain text is the same place in what was written.
_NARROW = str.maketrans("０１２３４５６７８９（）：—–－　", "0123456789():--- ")


def _plain(text: str) -> str:
    return text.translate(_NARROW)


def phones_in(text: str) -> list[str]:
    """The numbers of single offices or people in a sentence, as written there. Short lines (12345) and bare digits that nobody says to call are none."""
    return [match[0] for match in _WRITTEN.finditer(_plain(text))]


def without_phones(text: str, instead: str) -> str:
    """The text with `instead` in the place of each number that `phones_in` finds."""
    for match in reversed(list(_WRITTEN.finditer(_plain(text)))):
        text = text[: match.start()] + instead + text[match.end() :]
    return text


def keys(written: str) -> set[str]:
    """What an office's own field holds (several numbers, perhaps), as keys for `is_known`."""
    found = set()
    for match in _IN_OFFICE.finditer(_plain(written)):
        area, local = _parts(match[0])
        found |= {f"any:{local}", f"{area}:{local}"}
    return found


def is_known(phone: str, known: Iterable[str]) -> bool:
    """Whether a number is among `known` keys. Area codes are compared where both sides have one."""
    area, local = _parts(phone)
    return (f"any:{local}" in known) if not area else (f"{area}:{local}" in known or f":{local}" in known)


def _parts(phone: str) -> tuple[str, str]:
    digits = re.sub(r"\D", "", _plain(phone))
    area = re.match(_AREA, digits) if len(digits) > 8 else None
    return (area[0], digits[area.end() :]) if area else ("", digits)
