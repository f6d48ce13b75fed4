"""A request comes in: from a resident, or written down by staff."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from doorplates.models import Doorplate
from guides.models import Area, Guide, district_of
from helpdesk import at_once, behalf, notifications, sla, wishes
from helpdesk.actions.alarms import alarm_if_nobody
from helpdesk.actions.base import NotPossible, columns_of_event
from helpdesk.coverage import Board, board_for, last_board
from helpdesk.kept import insert
from helpdesk.matters import number_of
from helpdesk.models import CallTime, Channel, Event, EventKind, HelpRequest, Kind, Notification, Paper, Principal, new_reference
from helpdesk.routing import route
from menpai import throttle
from menpai.encryption import blind_index

TRIES = 20  # of ten million numbers given, one in ten meets another
CONSENT_VERSION = "2026-11"  # the text in templates/helpdesk/_consent.html; a changed text gets a new version


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a resident, or staff for a resident, asks. `papers` are (name, detail) of the checklist for their own case."""

    submission_key: UUID
    kind: Kind
    area: Area
    name: str = field(repr=False)  # what is the person's own stands in no log line
    phone: str = field(repr=False)  # digits, as menpai.validators.normalise_phone returns them
    guide: Guide | None = None
    doorplate: Doorplate | None = None
    for_someone: bool = False
    relation: str = field(default="", repr=False)
    call_time: CallTime = CallTime.ANY
    note: str = field(default="", repr=False)
    wish: str = field(default="", repr=False)  # what they searched in vain and want, in their own words
    papers: tuple[tuple[str, str], ...] = ()
    case: str = ""  # who=agent: the answers that the papers were listed for
    channel: Channel = Channel.WEB
    principal_name: str = ""  # asked for this person; with it their phone, if there is one, in the same form
    principal_phone: str = ""
    for_enterprise: bool = False  # said without a guide; a guide says it by itself


def submit(submission: Submission, *, by=None, attempt: throttle.Try | None = None) -> HelpRequest:
    """Store a request, route it and promise a time. The same submission_key twice returns the first request unchanged.

    Raises TooMany when the attempt is none that is allowed (it counts whatever comes of it), NotPossible for 代办 where the person must come.
    """
    if stored := _store_at_once(submission, by, attempt):
        return stored
    if attempt and not attempt.is_allowed():
        raise throttle.TooMany
    if behalf.must_come_instead(submission.kind, submission.guide):
        raise NotPossible(behalf.MUST_COME)
    # Not "look, then create": a double click arrives twice at the same moment, and the unique key decides.
    for _ in range(TRIES):
        try:
            return _store(submission, by)
        except IntegrityError:
            if first := HelpRequest.objects.filter(submission_key=submission.submission_key).first():
                return first
    raise RuntimeError("no free request number")  # random numbers meet, but not twenty times in a row


def _store_at_once(submission: Submission, by, attempt: throttle.Try | None) -> HelpRequest | None:
    """The usual case, by one statement. None: nothing is stored, and the plain way decides."""
    if not at_once.is_possible() or submission.wish or behalf.must_come_instead(submission.kind, submission.guide):
        return None
    seen = last_board(submission.area.pk, timezone.now())
    if seen is None:
        return None
    board, token = seen
    draft = _draft(submission, board, by)
    return None if board.has_nobody(draft.request) else at_once.store(draft, token=token, attempt=attempt)


@transaction.atomic
def _store(submission: Submission, by) -> HelpRequest:
    """The same on any database and in any transaction, statement by statement. Raises IntegrityError, and nothing is stored, when its key or its number is
    taken."""
    board = board_for([submission.area.pk], timezone.now())
    draft = _draft(submission, board, by)
    request = draft.request
    insert([request])
    for model, rows in draft.belonging.items():
        if rows:
            insert([model(request=request, **columns) for columns in rows])
    alarm_if_nobody(request, board)
    return request


def _draft(submission: Submission, board: Board, by) -> at_once.Draft:
    """What is stored, whichever way: the request with its papers, the person it is for, its first event and its notifications. Only for a wish it asks the
    database."""
    request, phone = _request(submission, board), submission.principal_phone
    principal = {"name": submission.principal_name, "phone": phone, "phone_index": blind_index(phone) if phone else ""}
    return at_once.Draft(request, {
        Paper: [{"name": name, "detail": detail[:120]} for name, detail in submission.papers],
        Principal: [principal] if submission.principal_name else [],
        Event: [{**columns_of_event(EventKind.LOGGED if by else EventKind.SUBMITTED, by=by), "at": board.now}],
        Notification: notifications.of_new(request, board, by=by),
    })  # fmt: skip


def _request(submission: Submission, board: Board) -> HelpRequest:
    now, area = board.now, submission.area
    target = route(
        area,
        for_enterprise=submission.guide.is_for_enterprise if submission.guide else submission.for_enterprise,
        staffed=board.staffed(area.pk),
        stewards=board.staffed(area.pk, for_steward=True),
    )
    wish, note = wishes.wish_and_note(submission.wish, submission.note, district=district_of(area))
    return HelpRequest(
        reference=new_reference(),
        submission_key=submission.submission_key,
        kind=submission.kind,
        channel=submission.channel,
        guide=submission.guide,
        case=submission.case if submission.guide else "",
        guide_revision=number_of(submission.guide) if submission.guide else None,
        wish=wish,
        area=area,
        doorplate=submission.doorplate,
        name=submission.name,
        phone=submission.phone,
        phone_index=blind_index(submission.phone),
        for_someone=submission.for_someone,
        relation=submission.relation,
        call_time=submission.call_time,
        note=note,
        consent_version=CONSENT_VERSION,
        consent_at=now,
        queue_id=target.area_code,
        for_steward=target.for_steward,
        created_at=now,
        promised_at=sla.promise(now, kind=submission.kind, calendar=board.calendar(area.pk)),
    )


def unused_reference() -> str:
    """Random numbers meet once in a while; a request must not be lost to that."""
    reference = new_reference()
    while HelpRequest.objects.filter(reference=reference).exists():
        reference = new_reference()
    return reference
