"""The calendar file (RFC 5545) of an appointment. It never holds the code: calendars are copied to other people's servers."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Alarm, Calendar, Event

from helpdesk import visits
from helpdesk.models import HelpRequest, Visit, VisitPlace, VisitState
from helpdesk.sla import LOCAL

LENGTH = timedelta(hours=1)
REMIND = {True: timedelta(minutes=-30), False: timedelta(hours=-2)}  # by whether it is for staff; a resident gets ready longer


def newest_visit(request: HelpRequest) -> Visit | None:
    """The appointment a calendar should know of: planned, or called off last. One that took place is nobody's future."""
    visit = request.visits.select_related("helper", "request__doorplate__building").last()
    return visit if visit and visit.state in (VisitState.PLANNED, VisitState.CANCELLED) else None


def calendar_file(visit: Visit, *, now: datetime, address: str, for_staff: bool) -> bytes:
    """One event whose UID stays and whose SEQUENCE grows with every change, so that a new time replaces the old one.

    `address` is the page of the request. For staff: the number, and nothing of the resident.
    """
    event = Event()
    event.add("uid", _uid(visit, for_staff=for_staff))
    event.add("sequence", visit.request.events.filter(kind__in=visits.CHANGES).count())
    event.add("dtstamp", now)
    event.add("dtstart", visit.at.astimezone(LOCAL))
    event.add("dtend", visit.at.astimezone(LOCAL) + LENGTH)
    event.add("status", "CANCELLED" if visit.state == VisitState.CANCELLED else "CONFIRMED")
    number = visit.request.spoken_reference
    event.add("summary", f"{visit.get_place_display()}（诉求 {number}）")
    event.add("url", address)
    if for_staff:
        event.add("class", "PRIVATE")
    else:
        _for_the_resident(event, visit)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"{visit.get_place_display()}（诉求 {number}）")
    alarm.add("trigger", REMIND[for_staff])
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//menpai//helpdesk//ZH")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _uid(visit: Visit, *, for_staff: bool) -> str:
    """By the place of the appointment among those of its request; the row's own number would tell how many there are."""
    number = visit.request.visits.filter(pk__lte=visit.pk).count()
    whose = "desk" if for_staff else "resident"
    return f"{visit.request.reference}-{number}-{whose}@{urlsplit(settings.SITE_URL).hostname}"


def _for_the_resident(event: Event, visit: Visit) -> None:
    words = [f"帮办员：{visit.helper.get_full_name() or '看诉求页'}", "见面先对四个数字，数字在诉求页上看。"]
    if visit.place == VisitPlace.VIDEO:
        words.append(f"视频链接：{visit.link}" if visit.link else "到点帮办员打电话来，告诉您怎么连视频。")
    elif where := visits.where_of(visit):
        event.add("location", where)
    event.add("description", "\n".join(words))
