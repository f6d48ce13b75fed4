"""What a supervisor looks at: lists of requests of their areas, figures by area only. Nothing here counts what one person did."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from guides.models import Area
from helpdesk.access import communities_of, requests_below
from helpdesk.coverage import Board
from helpdesk.models import Event, EventKind, State
from helpdesk.roster import Tier
from menpai.small_cells import LEFT_OUT, SMALLEST, alone

REVEALS_FOR = timedelta(days=30)
RECENT = timedelta(days=30)


def late(user, now: datetime):
    """Open, not paused, and past their promise or reported upwards already; the oldest promise first."""
    rows = requests_below(user).open().filter(paused_at=None).filter(Q(promised_at__lt=now) | Q(escalation__gt=0))
    return _shown(rows).oldest_promise_first()


def paused(user):
    """Waiting for the resident, the one to be resumed first at the top."""
    return _shown(requests_below(user).open().exclude(paused_at=None)).order_by("resume_on", "id")


def recent(user, now: datetime):
    """For the workbook: everything open and what ended within RECENT, by number of arrival."""
    rows = requests_below(user).filter(Q(state__in=(State.WAITING, State.CLAIMED)) | Q(closed_at__gte=now - RECENT))
    return rows.select_related("guide", "area").order_by("-id")


def reveals(user, now: datetime):
    """Who looked at a whole phone number of a request of these areas within REVEALS_FOR, the latest first."""
    looks = Event.objects.filter(kind=EventKind.REVEALED, at__gte=now - REVEALS_FOR, request__in=requests_below(user))
    return looks.select_related("request__area").order_by("-id")


def _shown(rows):
    return rows.select_related("guide", "wish", "area", "owner")


@dataclass(frozen=True)
class Place:
    """One community: who is there in what is left of the day (as Board.on_duty_words says it), and its load, small cells hidden."""

    area: Area
    halves: tuple[dict, ...]
    open: str
    waiting: str
    late: str

    @property
    def gap(self) -> int:
        """0 nobody comes, 1 somebody else comes, 2 its own people are there: for the worst half-day."""
        ranks = {Tier.NOBODY: 0, Tier.OWN: 2}
        return min((ranks.get(words["tier"], 1) for words in self.halves), default=0)


def places(user, board: Board) -> list[Place]:
    """Every community of a supervisor, gaps first. No totals: with them a hidden cell could be worked out."""
    communities = list(communities_of(user))
    load = _load(user, board.now)
    found = [_place(area, board, load.get(area.code, {})) for area in communities]
    return sorted(found, key=lambda place: (place.gap, place.area.code))


def _place(area: Area, board: Board, load: dict) -> Place:
    halves = tuple(board.on_duty_words(area.code, half) for half in board.rest_of_day(area.code))
    waiting, claimed, late = (load.get(name, 0) for name in ("waiting", "claimed", "late"))
    tells = waiting >= SMALLEST and 0 < claimed < SMALLEST  # what is open less what waits is what is in hand
    return Place(area, halves, *map(str, (LEFT_OUT if tells else alone(waiting + claimed), alone(waiting), alone(late))))


def _load(user, now: datetime) -> dict[str, dict]:
    rows = requests_below(user).open().order_by().values("area_id").annotate(
        waiting=Count("pk", filter=Q(state=State.WAITING)), claimed=Count("pk", filter=Q(state=State.CLAIMED)), late=Count("pk", filter=Q(promised_at__lt=now, paused_at=None))
    )
    return {row["area_id"]: row for row in rows}
