"""Nothing waits in silence: what the clock does by itself, every minute, on as many machines as there are.

Each step on each request is one transaction that begins with a conditional UPDATE; its row count says who does it. So nothing is done twice,
and a promise that was renewed a moment ago is left in peace. Only columns without personal data are read here.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from guides.models import Area
from guides.workdays import calendars_for
from helpdesk import sla
from helpdesk.access import helpers_of, supervisors_of
from helpdesk.actions.base import end_pause, record
from helpdesk.models import OPEN_STATES, Escalation, EventKind, HelpRequest, NotificationKind
from helpdesk.notifications import tell_group, tell_staff

logger = logging.getLogger(__name__)
AT_MOST = 500  # requests a step and run; what is left comes a minute later
LONGEST_REST = timedelta(days=21)  # no stretch of days off is longer, so an hour or a day of desk time never reaches further
BY_ITSELF = "系统"


@dataclass
class Run:
    """How many requests each step of one run has moved, and how many it failed on."""

    resumed: int = 0
    warned: int = 0
    raised: int = 0
    to_district: int = 0
    failed: int = 0


def escalate(now: datetime) -> Run:
    """Resume pauses whose day has come, remind of promises within one desk hour, raise overdue ones to the supervisor nearest above and, a working day later, to the district's."""
    run = Run()
    today = timezone.localdate(now)
    due = HelpRequest.objects.filter(paused_at__isnull=False, resume_on__lte=today).order_by("resume_on", "id").values_list("pk", flat=True)
    run.resumed = _each(due[:AT_MOST], partial(_resume, today=today), run)
    running = HelpRequest.objects.filter(state__in=OPEN_STATES, paused_at__isnull=True)
    areas = Area.objects.filter(pk__in=running.filter(promised_at__lt=now + LONGEST_REST).order_by().values("area").distinct())
    calendars = calendars_for(areas, since=today - LONGEST_REST)

    soon = _limits(calendars, lambda calendar: sla.due_at(now, minutes=sla.SOON_MINUTES, calendar=calendar))
    unwarned = running.filter(promised_at__gte=now).exclude(warned_for=F("promised_at"))
    run.warned = _step(unwarned, soon, lambda rows, key: _warn(rows, key), run)

    overdue = _limits(calendars, lambda calendar: now)
    raise_to = partial(_raise, level=Escalation.TOWNSHIP)
    run.raised = _step(running.filter(escalation=Escalation.NONE), overdue, raise_to, run)

    day_late = _limits(calendars, lambda calendar: sla.counted_back(now, minutes=sla.DISTRICT_AFTER_MINUTES, calendar=calendar))
    raise_to = partial(_raise, level=Escalation.DISTRICT)
    run.to_district = _step(running.filter(escalation=Escalation.TOWNSHIP), day_late, raise_to, run)
    return run


def _limits(calendars: dict, limit_of: Callable) -> dict[datetime, list[str]]:
    """The areas by the moment that limits a step there: hardly more than one, for most share the national calendar."""
    limits = defaultdict(list)
    for code, calendar in calendars.items():
        limits[limit_of(calendar)].append(code)
    return limits


def _step(rows, limits: dict[datetime, list[str]], act: Callable, run: Run) -> int:
    done = 0
    for limit, areas in limits.items():
        here = rows.filter(promised_at__lt=limit, area__in=areas)
        keys = here.order_by("promised_at", "id").values_list("pk", flat=True)[:AT_MOST]
        done += _each(keys, partial(act, here), run)
    return done


def _each(keys: Iterable[int], act: Callable[[int], bool], run: Run) -> int:
    """Act on each; how many it moved. What one row raises is logged and counted, and the others go on."""
    done = 0
    for key in list(keys):
        try:
            with transaction.atomic():
                done += act(key)
        except Exception:
            logger.exception("request %s could not be escalated", key)
            run.failed += 1
    return done


def _resume(key: int, *, today) -> bool:
    held = HelpRequest.objects.filter(pk=key, paused_at__isnull=False, resume_on__lte=today)
    if not held.update(state=F("state")):
        return False
    request = _read(key)
    end_pause(request)
    record(request, EventKind.RESUMED, by_name=BY_ITSELF, detail="到了说好的日子")
    return True


def _warn(rows, key: int) -> bool:
    if not rows.filter(pk=key).update(warned_for=F("promised_at")):
        return False
    request = _read(key)
    tell_staff(helpers_of(request), NotificationKind.DUE_SOON, request=request, once=_once(request, "soon"))
    return True


def _raise(rows, key: int, *, level: Escalation) -> bool:
    if not rows.filter(pk=key).update(escalation=level):
        return False
    request = _read(key)
    is_district = level == Escalation.DISTRICT
    above = Area.objects.get(pk=request.area.lineage_codes[-1]) if is_district else request.area
    supervisors, once = supervisors_of(above), _once(request, f"late{level}")
    if not supervisors:
        logger.warning("request %s is overdue and there is no supervisor to tell", request.reference)
    tell_staff({*supervisors, *helpers_of(request)}, NotificationKind.OVERDUE, request=request, once=once)
    tell_group(above if is_district else request.queue, NotificationKind.OVERDUE, request=request, once=once)
    record(request, EventKind.ESCALATED, by_name=BY_ITSELF, detail="又过了一个工作日，报到区里" if is_district else "")
    return True


def _read(key: int) -> HelpRequest:
    """The row as it is now, without its encrypted columns: one that cannot be read must not keep a resident waiting unseen."""
    return HelpRequest.objects.select_related("area", "queue", "owner").defer("name", "phone", "relation", "note", "close_text").get(pk=key)


def _once(request: HelpRequest, step: str) -> str:
    """The occasion: this step of this very promise. A renewed promise is another one."""
    return f"{step}:{request.pk}:{request.promised_at.timestamp():.0f}"
