"""What is to be told: rows of the outbox, written in the transaction of the change. A worker sends them; nothing is sent from here."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from guides.models import Area
from helpdesk.access import taker_ids, takers_of
from helpdesk.coverage import Board, board_for
from helpdesk.kept import insert
from helpdesk.models import HelpRequest, Notification, NotificationKind, Robot


def tell_staff(users: Iterable, kind: NotificationKind, *, request: HelpRequest | None = None, once: str = "") -> None:
    """One row for each of these users. `once` names the occasion: the same person is told of it one time, whoever and however often asks."""
    _write([{"to_user": user, "once": f"{once}:user:{user.pk}" if once else None} for user in users], kind, request)


def tell_group(area: Area, kind: NotificationKind, *, request: HelpRequest | None = None, once: str = "") -> None:
    """One row for each active group robot of the area or above it."""
    robots = Robot.objects.filter(area__in=area.lineage_codes, is_active=True)
    _write([{"to_robot": robot, "once": f"{once}:robot:{robot.pk}" if once else None} for robot in robots], kind, request)


def tell_resident(request: HelpRequest, kind: NotificationKind, *, once: str = "") -> None:
    """One row for the resident of the request; whether it can be sent (a mobile phone, a gateway) is seen when it is sent."""
    _write([{"to_resident": True, "once": f"{once}:resident" if once else None}], kind, request)


def tell_takers(request: HelpRequest) -> None:
    """A waiting request, told to whoever may take it and to their groups, each of its openings one time. All in one statement."""
    if request.for_supervisor:
        told = _to_takers(request, [user.pk for user in takers_of(request)], [])  # whose complaint it is, and about whom, is no matter of the group
    else:
        board = board_for([request.area_id])
        told = _to_takers(request, taker_ids(request, board), board.robots_of(request.queue_id))
    _write(told, NotificationKind.NEW, request)


def of_new(request: HelpRequest, board: Board, *, by=None) -> list[dict]:
    """What is told of a request that has no key yet, for each notification its columns but the request: to whoever may take it (not to `by`, who knows), to
    their groups, and to its resident that it was received."""
    users = [key for key in taker_ids(request, board) if by is None or key != by.pk]
    told = _to_takers(request, users, board.robots_of(request.queue_id))
    told.append({"to_resident": True, "once": f"received:{request.reference}:resident", "kind": NotificationKind.RECEIVED})
    return _columns(told, NotificationKind.NEW, request.created_at)


def _to_takers(request: HelpRequest, users: Iterable[int], robots: Iterable[int]) -> list[dict]:
    once = f"new:{request.reference}:{request.reopened}"
    return [{"to_user_id": key, "once": f"{once}:user:{key}"} for key in users] + [{"to_robot_id": key, "once": f"{once}:robot:{key}"} for key in robots]


def _columns(recipients: list[dict], kind: NotificationKind, now: datetime) -> list[dict]:
    return [{"kind": kind, "not_before": now, "created_at": now} | recipient for recipient in recipients]


def _write(recipients: list[dict], kind: NotificationKind, request: HelpRequest | None) -> None:
    if recipients:
        insert([Notification(request=request, **columns) for columns in _columns(recipients, kind, timezone.now())], ignore_conflicts=True)
