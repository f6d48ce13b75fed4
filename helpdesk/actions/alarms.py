"""Nobody is there to take it: the supervisors are told, once, and the resident's page can say so."""

from datetime import datetime
from itertools import groupby

from django.db import transaction
from django.utils import timezone

from guides.models import Area
from helpdesk.access import supervisors_of
from helpdesk.actions.base import record
from helpdesk.coverage import Board, board_for
from helpdesk.models import EventKind, HelpRequest, NotificationKind, Robot, State
from helpdesk.notifications import tell_group, tell_staff


def alarm_if_nobody(request: HelpRequest, board: Board) -> bool:
    """For the verbs by which a request comes to wait: called inside their transaction, with a board of its district as it is now."""
    return not request.for_supervisor and _alarm(request, board)


def raise_alarms(now: datetime) -> int:
    """The same for what waits already, because days off were entered after it came; how many alarms. Run it as often and on as many machines as
    you like: each request is alarmed once."""
    waiting = HelpRequest.objects.filter(state=State.WAITING, alarmed_at=None, for_supervisor=False)
    needed = waiting.only("area", "queue", "for_steward", "for_supervisor", "promised_at").order_by("area_id", "id")
    count = 0
    # Read whole before anything is written: ten thousand of these are small, and no reading transaction stays open meanwhile.
    for _, requests in groupby(list(needed), key=lambda request: request.area_id[:6]):
        requests = list(requests)
        board = board_for([requests[0].area_id], now)
        for request in requests:
            if board.has_nobody(request):
                with transaction.atomic():
                    count += _alarm(request, board)
    return count


def _alarm(request: HelpRequest, board: Board) -> bool:
    """True if this call raised it. Without anybody to tell nothing is marked: the alarm is raised once there is somebody."""
    if not board.has_nobody(request):
        return False
    staff, robots = _whom_to_tell(request.area, board)
    if not (staff or robots):
        return False
    # The row count decides: of several machines one tells.
    if not HelpRequest.objects.filter(pk=request.pk, state=State.WAITING, alarmed_at=None).update(alarmed_at=board.now):
        return False
    request.alarmed_at = board.now
    record(request, EventKind.ALARMED, by_name="系统")
    once = f"nobody:{request.pk}:{timezone.localtime(board.now):%Y%m%d%H%M%S}"
    tell_staff(staff, NotificationKind.NOBODY, request=request, once=once)
    tell_group(request.area, NotificationKind.NOBODY, request=request, once=once)
    return True


def _whom_to_tell(area: Area, board: Board) -> tuple[list, bool]:
    """The nearest supervisors, with those above them when the nearest are all away themselves; and whether a group robot listens."""
    found = supervisors_of(area)
    while found and all(board.why_away(user.pk) for user in found) and area.parent_id:
        area = area.parent
        found = [*found, *(user for user in supervisors_of(area) if user not in found)]
    return found, Robot.objects.filter(area__in=area.lineage_codes, is_active=True).exists()
