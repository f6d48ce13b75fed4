"""The queue's cards: what each shows, read in a constant number of small queries of rows as values. Who sees which rows says access.py.

Open requests are found by indexes that hold nothing else, so that a page costs the same however many were closed before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.core.paginator import Page, Paginator
from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from guides.models import Area
from guides.workdays import calendars_for
from helpdesk import sla, wishes
from helpdesk.access import board_of, covers, owner_away, postings_of, visible_requests
from helpdesk.actions.base import staff_name
from helpdesk.attachments import unjudged_photos
from helpdesk.changes import outrun
from helpdesk.kept import Ask, rows_of
from helpdesk.models import (
    NO_NAME,
    OPEN_STATES,
    Escalation,
    Event,
    EventKind,
    HelpRequest,
    Kind,
    PauseReason,
    Sender,
    State,
    spoken,
)
from helpdesk.unread import an_unread, last_word
from menpai.encryption import decrypt, stored
from menpai.roles import Role, has_role
from menpai.templatetags.pages import clock
from menpai.validators import mask_name, mask_phone

PAGE_SIZE = 50
# In the order of the page. FIRST: complaints and call-backs, which only supervisors see. LATE: overdue, for its supervisor. AWAY: in the hands of somebody
# who is not there. TELL: closed, but the guide that was wished for is there now.
FIRST, LATE, MINE, WAITING, AWAY, TELL, COLLEAGUES = -2, -1, 0, 1, 2, 3, 4


# Drawn once for all: they are the same on every card.
KINDS = {str(kind): format_html('<span class="tag">{}</span>', kind.label) for kind in Kind}
STEWARD = format_html('<span class="tag">{}</span>', "项目管家")
ASKS = {
    name: format_html('<span class="tag strong">{}</span>', words)
    for name, words in {
        "untold": "指南写好了，告诉他", "changed": "指南改了", "reopened": "又打开的", "photo": "有新照片", "unread": "居民有留言", "unanswered": "还没回他",
    }.items()
}  # fmt: skip


class Row(NamedTuple):
    """One request as the queue reads it. Name and phone are as they are stored: opened only where they are shown."""

    pk: int
    hand: int
    reference: str
    state: str
    kind: str
    area_id: str
    queue_id: str
    owner_id: int | None
    for_steward: bool
    for_supervisor: bool
    promised_at: datetime
    contacted_at: datetime | None
    paused_at: datetime | None
    pause_reason: str
    resume_on: date | None
    escalation: int
    visit_at: datetime | None
    closed_at: datetime | None
    reopened: int
    sealed_name: str
    sealed_phone: str
    guide: str | None
    wish: str | None
    estate: str | None
    building: str | None
    entrance: str | None
    unread: int | None
    last_word: str | None
    last_event: int | None
    marked: int | None  # an event that its guide was written, or has changed
    new_photo: int | None

    def get_pause_reason_display(self) -> str:
        return PauseReason(self.pause_reason).label


COLUMNS = (
    "pk", "hand", "reference", "state", "kind", "area_id", "queue_id", "owner_id", "for_steward", "for_supervisor", "promised_at", "contacted_at", "paused_at",
    "pause_reason", "resume_on", "escalation", "visit_at", "closed_at", "reopened", "sealed_name", "sealed_phone", "guide__plain_title", "wish__text",
    "doorplate__building__estate", "doorplate__building__name", "doorplate__entrance", "unread", "last_word", "last_event", "marked", "new_photo",
)  # fmt: skip


@dataclass
class Card:
    """A row with what hangs on it: how its promise stands, who has it."""

    row: Row
    area: Area
    promise: sla.Standing | None
    owner: str = ""
    cover: str = ""  # for whom one steps in
    untold: bool = False
    guide_changed: bool = False

    @property
    def stamp(self) -> tuple:
        """Whatever can change while the page is open."""
        row = self.row
        return (
            row.pk, row.hand, row.state, row.owner_id, row.queue_id, row.kind, row.reopened, self.untold, row.unread is not None, row.last_word, row.last_event or 0,
            self.guide_changed, row.new_photo is not None, self.promise,
        )  # fmt: skip

    @property
    def made_of(self) -> tuple:
        """Everything that it shows: the row as it was read, and what was said of it at that moment."""
        is_late = self.promise is not None and self.promise.is_late
        return self.row, self.area.short_name, self.when, is_late, self.owner, self.cover, self.untold, self.guide_changed

    @property
    def title(self) -> str:
        row = self.row
        if row.for_supervisor:
            return f"{Kind(row.kind).label}：{row.guide}" if row.guide else Kind(row.kind).label
        return row.guide or (f"想办：{row.wish}" if row.wish else "没说清，先问问")

    @property
    def place(self) -> str:
        plate = " ".join(filter(None, (self.row.estate, self.row.building, self.row.entrance)))
        return f"{self.area.short_name} · {plate}" if plate else self.area.short_name

    @property
    def when(self) -> tuple[str, str, str]:
        """By when: how the promise stands (a class of the style sheet), the words, and more of them."""
        if self.row.hand == TELL:
            return "", "办结了", clock(self.row.closed_at)
        if self.promise.visit and not self.promise.is_late:
            return "", "约好了", self.promise.visit
        return str(self.promise.stand), self.promise.words, self.promise.more

    @property
    def tags(self) -> Iterator[str]:
        row = self.row
        if not row.for_supervisor:
            yield KINDS[row.kind]
        if row.for_steward:
            yield STEWARD
        asks = {"untold": self.untold, "changed": self.guide_changed, "reopened": row.reopened, "photo": row.new_photo}
        yield from (ASKS[name] for name, is_so in asks.items() if is_so)
        if row.unread or row.last_word == Sender.RESIDENT:
            yield ASKS["unread" if row.unread else "unanswered"]


def shown(card: Card, *, is_mine: bool) -> dict:
    """A card for the template, and for nobody else: of nothing but what it is made of, and whose it is. Name and phone are opened here, and masked."""
    row, (stand, words, more) = card.row, card.when
    name, phone = (decrypt(sealed) if sealed else "" for sealed in (row.sealed_name, row.sealed_phone))
    return {
        "hand": row.hand, "reference": row.reference, "number": spoken(row.reference), "title": card.title, "place": card.place, "cover": card.cover,
        "stand": stand, "words": words, "more": more, "is_late": card.promise is not None and card.promise.is_late,
        "tags": mark_safe("".join(card.tags)),  # of the constants above
        "name": name if name == NO_NAME else mask_name(name), "phone": mask_phone(phone),
        "detail": reverse("desk:detail", args=[row.reference]), "claim": reverse("desk:act", args=[row.reference, "claim"]),
        "is_waiting": row.state == State.WAITING, "is_mine": is_mine, "owner": card.owner,
    }  # fmt: skip


def page_of(user, number) -> Page:
    """One page of the queue of a desk user, its cards whole. With no more than a page of them nothing is counted."""
    if number not in (None, "", "1"):
        page = Paginator(_by_hand(user, _untold(*rows_of(_wished(user)))), PAGE_SIZE).get_page(number)
        rows = list(page.object_list)
    else:
        wished, rows = rows_of(_wished(user), _first(user, []))
        if untold := _untold(wished):
            (rows,) = rows_of(_first(user, untold))
        page = Paginator(rows if len(rows) <= PAGE_SIZE else _by_hand(user, untold), PAGE_SIZE).page(1)
    page.object_list = _cards(user, [Row._make(row) for row in rows[:PAGE_SIZE]])
    return page


def _first(user, untold: list[int]) -> Ask:
    """The rows of the first page, and one more if there is a second."""
    return Ask(("queue", _seen_by(user), tuple(untold)), lambda: _by_hand(user, untold)[: PAGE_SIZE + 1], differing=_differing(user).union(untold))


def _seen_by(user) -> tuple:
    """Everything that visible_requests() and _by_hand() ask of a user."""
    board, postings = board_of(user), tuple((posting.area_id, posting.is_steward) for posting in postings_of(user))
    roles = has_role(user, Role.ASSISTANT, Role.SUPERVISOR), has_role(user, Role.SUPERVISOR)
    return user.pk, roles, postings, board.covered_by(user.pk), board.away_ids


def _differing(user) -> set[int | str]:
    """Of that what is another for each helper: account, who is away, villages. Not the township whose queue a village covers: how much lies there PostgreSQL
    has to know. Of supervisors nothing: for some a part of the table is best read otherwise than for others."""
    if has_role(user, Role.SUPERVISOR):
        return set()
    board = board_of(user)
    covered = {area for _, area in board.covered_by(user.pk)}
    return {user.pk, *board.away_ids, *covered, *(posting.area_id for posting in postings_of(user))}


def _by_hand(user, untold: list[int]) -> QuerySet:
    """What is open of what the user sees, and whom to tell of a new guide; the oldest promise first within each hand, paused ones last."""
    late = [When(escalation__gt=Escalation.NONE, state__in=OPEN_STATES, then=Value(LATE))] if has_role(user, Role.SUPERVISOR) else []
    is_paused = Case(When(paused_at__isnull=False, then=Value(1)), default=Value(0))
    hand = Case(
        When(for_supervisor=True, then=Value(FIRST)), *late, When(state=State.CLOSED, then=Value(TELL)), When(owner=user, then=Value(MINE)),
        When(state=State.WAITING, then=Value(WAITING)), When(owner_away(user), then=Value(AWAY)), default=Value(COLLEAGUES),
    )  # fmt: skip
    rows = visible_requests(user).annotate(hand=hand, sealed_name=stored("name"), sealed_phone=stored("phone"), **_beside())
    shown = Q(state__in=OPEN_STATES)
    if untold:  # mostly there are none, and closed requests are not even thought of
        shown |= Q(pk__in=untold)
    return rows.filter(shown).order_by("hand", is_paused, "promised_at", "id").values_list(*COLUMNS)


def _beside() -> dict[str, Subquery]:
    """What was written, sent or changed, looked up for the rows of the page alone: one row each, found by its request. An EXISTS PostgreSQL may answer by
    reading the whole table, which grows."""
    events = Event.objects.filter(request=OuterRef("pk")).order_by().values("id")
    photos = unjudged_photos(request=OuterRef("pk")).order_by().values("id")
    marks = events.filter(kind__in=(EventKind.GUIDE_READY, EventKind.GUIDE_CHANGED))
    found = {"unread": an_unread(), "last_word": last_word(), "last_event": events.order_by("-id"), "marked": marks, "new_photo": photos}
    return {name: Subquery(rows[:1]) for name, rows in found.items()}


def _wished(user) -> Ask:
    """The closed requests with a wish: it goes with the person's data, so these are the people who may still be told."""
    return Ask(
        ("wished", _seen_by(user)), differing=_differing(user),
        build=lambda: visible_requests(user).filter(state=State.CLOSED, wish__isnull=False).order_by().values_list("pk"),
    )  # fmt: skip


def _untold(wished: list[tuple]) -> list[int]:
    """Of them those whose wished-for guide is ready, while nobody has told them."""
    keys = [key for key, in wished]
    return list(HelpRequest.objects.filter(wishes.untold(), pk__in=keys).values_list("pk", flat=True)) if keys else []


def _cards(user, rows: list[Row]) -> list[Card]:
    board, now = board_of(user), timezone.now()
    areas, calendars = board.areas, {}
    if elsewhere := {row.area_id for row in rows} - areas.keys():  # in one's own hands still, though one is posted in another district now
        areas = areas | Area.objects.in_bulk(elsewhere)
        calendars = calendars_for([areas[code] for code in elsewhere], since=timezone.localdate(now))
    names = board.names
    if gone := {row.owner_id for row in rows if row.owner_id} - names.keys():
        names = names | {owner.pk: staff_name(owner) for owner in get_user_model().objects.filter(pk__in=gone)}
    near = {code: sla.near(now, calendar=calendars.get(code) or board.calendar(code)) for code in {row.area_id for row in rows}}
    cards, posted = [], {posting.area_id for posting in postings_of(user)}
    for row in rows:
        promise = sla.standing_with(row, now, near=near[row.area_id]) if row.state in OPEN_STATES else None
        cover = board.cover_words(row) if row.queue_id not in posted and covers(user, row) else ""
        cards.append(Card(row, areas[row.area_id], promise, names.get(row.owner_id, ""), cover))
    if marked := {card.row.pk: card for card in cards if card.row.marked}:
        _with_marks(marked)
    return cards


def _with_marks(cards: dict[int, Card]) -> None:
    """Of the few whose guide was written or has changed: what their events say of it."""
    found: dict[int, list[tuple]] = {}
    for key, *event in Event.objects.filter(request__in=cards).order_by("id").values_list("request_id", "id", "kind", "detail"):
        found.setdefault(key, []).append(event)
    for key, events in found.items():
        cards[key].untold = wishes.is_untold_by(events)
    told_of_change = [key for key, events in found.items() if any(kind == EventKind.GUIDE_CHANGED for _, kind, _ in events)]
    for key in outrun().filter(pk__in=told_of_change).values_list("pk", flat=True):
        cards[key].guide_changed = True
