"""Rendered parts of guide pages, kept by each process: what differs from village to village is put in when the page is made.

A piece is rendered from an address that stands for every village (PREFIX, AREA) and from nothing that its key does not hold: the volume's
number with the answers, the words of the district, the year, the 长辈版. What depends on the clock or on who looks is no piece.
"""

from dataclasses import dataclass
from types import SimpleNamespace

from django.template import Context
from django.template.engine import Engine
from django.utils.safestring import SafeString, mark_safe

from guides.kept import Kept
from guides.site_words import Words
from guides.viewpoint import Viewpoint

# No text of ours can hold these: forms and PostgreSQL refuse NUL, and what is typed on a keyboard is no control character.
PREFIX, AREA = "\0", "\1"
MOST_CHARACTERS = 24_000_000  # two bytes each: about 60 MB. All guides of a district for the usual answers are about 3 million

_pieces: Kept[str] = Kept(MOST_CHARACTERS, weigh=len)


class _Anywhere:
    """The viewpoint of every village at once: its addresses, and the area's code for a template that said it names one. Anything else of a
    village differs from one to the next, so a piece that asks for it is a mistake."""

    prefix = PREFIX
    page, mode = Viewpoint.page, Viewpoint.mode

    def __init__(self, *, elder: bool, **given):
        self.elder = elder
        self.__dict__.update(given)

    def __getattr__(self, name):
        raise RuntimeError(f"A piece is the same for every village and cannot hold its {name}. (with_area=True gives it the code.)")


@dataclass(frozen=True)
class Keeper:
    """Keeps the pieces of one page. `case` from Volume.read; `names` is what their templates may use beside site, viewpoint and step."""

    case: tuple
    names: dict
    words: Words
    viewpoint: Viewpoint
    year: int  # the marks say which figures are of an earlier one
    step: str = ""

    def piece(self, engine: Engine, template: str, *, by, with_area: bool, extra: dict) -> SafeString:
        """The template rendered for this page's case. `by` is what else its words depend on; `with_area`: it names the area's code."""
        area = self.viewpoint.area if with_area else None
        key = (template, self.case, self.step, self.viewpoint.elder, area is not None, by, self.words, self.year)
        kept = _pieces.get(key)
        if kept is None:
            kept = _pieces.put(key, self._render(engine, template, with_area, area is not None, extra))
        text = kept.replace(PREFIX, self.viewpoint.prefix)
        return mark_safe(text.replace(AREA, area.code) if area else text)  # rendered by a template, and our own addresses

    def _render(self, engine: Engine, template: str, with_area: bool, has_area: bool, extra: dict) -> str:
        given = {"area": SimpleNamespace(code=AREA) if has_area else None} if with_area else {}
        viewpoint = _Anywhere(elder=self.viewpoint.elder, **given)
        context = {**self.names, **extra, "site": self.words, "viewpoint": viewpoint, "step": self.step}
        return str(engine.get_template(template).render(Context(context)))
