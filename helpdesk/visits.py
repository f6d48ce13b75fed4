"""Rules of an appointment (约见): what to ask before agreeing on it, and who sees the code. Nothing here writes."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils import timezone

from guides.workdays import WorkCalendar
from helpdesk.models import EventKind, HelpRequest, Visit, VisitPlace, VisitState
from helpdesk.sla import LOCAL

VISIT_WITHIN = timedelta(days=60)
TOO_CLOSE = timedelta(minutes=30)
DAY_BEGINS, DAY_ENDS = 8, 19  # o'clock; outside one asks first whether it suits
PASSED = "这个时间已经过了，选个以后的时间。"
TOO_FAR = "约得太远了，选60天以内的时间。"
CHANGES = (EventKind.VISIT_SET, EventKind.VISIT_CANCELLED, EventKind.VISITED, EventKind.VISIT_MISSED)


def refusal(at: datetime, now: datetime) -> str:
    """Why nobody can agree on that moment; empty if one can."""
    if at <= now:
        return PASSED
    return TOO_FAR if at > now + VISIT_WITHIN else ""


def questions(at: datetime, *, calendar: WorkCalendar, others: Iterable[datetime]) -> list[str]:
    """What a helper should have asked before: nights, days off, and an appointment of their own within 30 minutes. Elders like Saturday: no refusal."""
    local = at.astimezone(LOCAL)
    asked = []
    if not DAY_BEGINS <= local.hour < DAY_ENDS:
        asked.append("这个点太早或太晚")
    if reason := calendar.reason_closed(local.date()):
        asked.append(f"那天是{reason}，不上班")
    for other in sorted(others):
        if abs(other - at) < TOO_CLOSE:
            asked.append(f"您{other.astimezone(LOCAL):%H:%M}已经约了另一件，前后不到30分钟")
    return asked


def planned(request: HelpRequest) -> Visit | None:
    """The one appointment that is still to come (or was not yet marked)."""
    return request.visits.filter(state=VisitState.PLANNED).select_related("helper").first()


def others_of(user, request: HelpRequest, at: datetime) -> list[datetime]:
    """The moments of the user's planned appointments of other requests near `at`."""
    near = Visit.objects.filter(helper=user, state=VisitState.PLANNED, at__gt=at - TOO_CLOSE, at__lt=at + TOO_CLOSE)
    return list(near.exclude(request=request).values_list("at", flat=True))


def code_day(visit: Visit) -> date:
    """From this day on the helper is shown the code: the day before. A tablet that is lost earlier tells nothing."""
    return timezone.localdate(visit.at) - timedelta(days=1)


def code_for(visit: Visit, user) -> str:
    """The four digits, for the helper of the appointment only: no colleague and no supervisor needs them. Empty for everybody else, and too early."""
    is_theirs = visit.helper_id == user.pk and visit.state == VisitState.PLANNED
    return visit.code if is_theirs and timezone.localdate() >= code_day(visit) else ""


def spaced(code: str) -> str:
    """4 8 2 1: as it is said, digit by digit."""
    return " ".join(code)


def where_of(visit: Visit) -> str:
    """The place in words; at home without any it is the plate's."""
    plate = visit.request.doorplate
    return visit.where or (plate.place if plate and visit.place == VisitPlace.HOME else "")


def is_over(visit: Visit) -> bool:
    """The day has gone by and nobody said how it went."""
    return timezone.localdate(visit.at) < timezone.localdate()
