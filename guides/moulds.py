"""Guide pages as moulds: a page rendered once for every village, into which each village's own words are put.

A mould is rendered by the page's ordinary template, seen from an address that stands for all villages (Anywhere). It holds nothing that its key does
not hold: the volume with the answers (guides.shelf), the template and its step, whether an area is in the address, the words of the district, the
year. What depends on the clock, the village's offices or the version that is printed stands in templates of its own, which the page names with
{% live %}: these are rendered each time.
"""

import re
from collections.abc import Callable, Hashable, Mapping

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from guides.kept import Kept
from guides.viewpoint import Viewpoint

MOST_CHARACTERS = 20_000_000  # two bytes each: 40 MB. The usual pages of all guides of a district are about 6 million

# A NUL is refused by forms, by files and by PostgreSQL, so no text of an editor looks like these.
PREFIX, CODE, NAME, OTHER = "\0p", "\0c", "\0n", "\0o"

HOLE = re.compile("\0([pcno]|{guides/_[a-z]+[.]html})")

_kept: Kept[tuple[str, ...]] = Kept(MOST_CHARACTERS, weigh=lambda parts: sum(map(len, parts)))


class _AnyArea:
    code, short_name = CODE, NAME

    def __getattr__(self, name):
        raise RuntimeError(f"A mould is the same for every village and cannot hold its {name}: say {{% live %}} of the template that needs it.")


class Anywhere:
    """Stands for every viewpoint of the same kind as the given one."""

    prefix = PREFIX
    page, mode = Viewpoint.page, Viewpoint.mode

    def __init__(self, like: Viewpoint):
        self.elder = like.elder
        self.area = _AnyArea() if like.area else None
        self.locality = self.area if like.locality else None
        self.elsewhere = CODE if like.elsewhere else ""

    @property
    def kind(self) -> tuple:
        return self.elder, self.area is not None, self.locality is not None, bool(self.elsewhere)


def mark_of(template: str) -> SafeString:
    """What stands in a mould where the template is rendered each time."""
    return mark_safe(f"\0{{{template}}}")


def page(template: str, context: Mapping, *, key: Hashable) -> str:
    """The page, from its mould where there is one. `key` is what the mould depends on beside the viewpoint."""
    viewpoint, area = context["viewpoint"], context["viewpoint"].area
    anywhere = Anywhere(viewpoint)
    parts = kept((template, key, anywhere.kind), lambda: render_to_string(template, {**context, "viewpoint": anywhere, "other_mode": OTHER}))
    words = {PREFIX[1]: viewpoint.prefix, OTHER[1]: escape(context["other_mode"])}
    if area:
        words |= {CODE[1]: area.code, NAME[1]: escape(area.short_name)}
    made = list(parts)  # text and hole by turns
    for at in range(1, len(made), 2):
        hole = made[at]
        if hole not in words:
            words[hole] = render_to_string(hole[1:-1], context)
        made[at] = words[hole]
    return "".join(made)


def kept(key: Hashable, make: Callable[[], str]) -> tuple[str, ...]:
    """What was rendered under this key, else made now, split at its holes. Two who make it at once make the same."""
    return _kept.get(key) or _kept.put(key, tuple(HOLE.split(make())))
