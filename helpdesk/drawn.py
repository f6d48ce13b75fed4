"""The queue's page as it is drawn, kept by everything it is made of: most of its cards are the same as a minute ago, and for a colleague.

A card's key is its row as the database has it just now, with all that is said of it at this moment and to this reader; the key of the page around the cards
is all that its template is given. So nothing has to be forgotten: what changed has another key, and nobody is shown what was not read for them.
"""

import re
from collections.abc import Hashable, Iterable
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from guides.kept import Kept
from helpdesk.cards import Card, shown

# A NUL is refused by forms, by files and by PostgreSQL, so no text looks like these.
TOKEN, STAMP = "\0t", "\0s"  # where the reader's own csrf token goes, and the stamp of what the page shows
HOLE = re.compile("\0(s|h-?[0-9])")

_cards: Kept[str] = Kept(3000)  # of some 5 KB each, key and markup
_frames: Kept[tuple[str, ...]] = Kept(500)  # of some 10 KB
_day: date | None = None


class Hand(NamedTuple):
    hand: int
    cards: SafeString


def hands_of(cards: Iterable[Card], user) -> dict[Hand, str]:
    """The cards of each hand, in the order of the page, by what stands for them in its frame."""
    _forget_yesterday()
    me, groups = user.pk, groupby(cards, key=lambda card: card.row.hand)
    return {Hand(hand, mark_safe(f"\0h{hand}")): "".join([_card(card, is_mine=card.row.owner_id == me) for card in group]) for hand, group in groups}


def page(template: str, given: dict[str, Hashable], *, hands: dict[Hand, str], stamp: str, token: str, keep: bool) -> str:
    """What the template makes of `given` and of nothing else, with the cards, the stamp and the token put in. With `keep` the page around them is kept."""
    given = given | {"hands": tuple(hands), "stamp": STAMP, "csrf_token": TOKEN}
    key = (template, *given.items()) if keep else None
    parts = _frames.get(key) or tuple(HOLE.split(render_to_string(template, given)))
    if keep:
        _frames.put(key, parts)
    words = {"s": stamp} | {f"h{hand.hand}": cards for hand, cards in hands.items()}
    return "".join([words[part] if at % 2 else part for at, part in enumerate(parts)]).replace(TOKEN, token)


def _card(card: Card, *, is_mine: bool) -> str:
    """Name and phone stand sealed in the key, and masked in the markup."""
    key = card.made_of, is_mine
    return _cards.get(key) or _cards.put(key, render_to_string("helpdesk/desk/_card.html", {"card": shown(card, is_mine=is_mine), "csrf_token": TOKEN}).strip())


def _forget_yesterday() -> None:
    """No card stays longer than the day it was drawn on: a mask does not outlive by much the name that was erased."""
    global _day
    if _day != (today := timezone.localdate()):
        _cards.clear()
        _day = today
