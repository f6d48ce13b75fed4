"""The outbox worked off: which rows make one message now, whose hands they are in, and what became of them.

Several workers at once send nothing twice: a row changes hands by a conditional UPDATE. A worker that dies leaves its rows leased; when the lease
has run out another sends that one message again (at least once). A lease must outlast the slowest send (LEASE), else two send the same.

A lease is a moment of the wall clock. When somebody sets the clock, every worker notices by itself (Watch) before it takes anything in hand, and
lets all leases begin anew: else a jump ahead would end those of messages that are just being sent, and one back would make a dead one last for a day.
"""

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid4

from django.db import DatabaseError, connection
from django.db.models import F, Q
from django.utils import timezone

from helpdesk import sending_times
from helpdesk.channels import Outcome
from helpdesk.delivery import Message, hours_of, prepare
from helpdesk.models import Notification, SendState
from menpai.logs import request_id

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
LOOK_AT = 500  # rows at a time
ROBOT_A_MINUTE = 15  # both kinds allow 20 a minute; others may use the same robot
KEPT = timedelta(days=90)
PENDING, SENDING = SendState.PENDING, SendState.SENDING


class Watch:
    """Tells whether the clock was set since the last look: the time of day against seconds that nobody can set."""

    NOTICEABLE = 5  # seconds; what NTP corrects bit by bit is less between two looks, and a lease is far longer

    def __init__(self):
        self._gap = time.time() - time.monotonic()

    def was_set(self) -> bool:
        gap, before = time.time() - time.monotonic(), self._gap
        self._gap = gap
        return abs(gap - before) > self.NOTICEABLE


def begin_anew(now: datetime, lasting: timedelta = LEASE) -> None:
    """The clock was set a moment ago: whatever is in somebody's hands stays there for a whole lease, and what waits is looked at again."""
    Notification.objects.filter(state=SENDING).update(leased_until=now + lasting, not_before=now)
    Notification.objects.filter(state=PENDING, attempts=0).update(not_before=now)
    mend_times(now, lasting)
    logger.warning("The clock was set: leases begin anew.")


def mend_times(now: datetime, lasting: timedelta = LEASE) -> int:
    """Times that only a clock that was ahead can have written are those of now; how many rows. For a worker that was not there when it was set back."""
    waiting = Notification.objects.filter(state__in=(PENDING, SENDING))
    count = waiting.filter(created_at__gt=now + sending_times.MERGE).update(created_at=now, not_before=now)
    count += waiting.filter(not_before__gt=now + 2 * sending_times.LONGEST_WAIT).update(not_before=now)
    return count + Notification.objects.filter(state=SENDING, leased_until__gt=now + 2 * max(lasting, LEASE)).update(leased_until=now + lasting)


def _free(now: datetime) -> Q:
    return Q(state=PENDING) | Q(state=SENDING, leased_until__lte=now)


def find_messages(now: datetime) -> list[list[Notification]]:
    """What is due now, one list a message: everything for one person, group or request. What must wait for the hours of its recipient is moved there."""
    rows = Notification.objects.filter(_free(now), not_before__lte=now + sending_times.MERGE).select_related("to_user__contact_card")
    rows = rows.defer("to_user__contact_card__email", "to_user__contact_card__mobile")  # nothing is decrypted before it is in hand
    rows = sorted(rows.order_by("not_before", "id")[:LOOK_AT], key=_message_key)
    found = [_due_now(list(together), now) for _, together in groupby(rows, key=_message_key)]
    return sorted((message for message in found if message), key=lambda message: message[0].not_before)


def _message_key(row: Notification) -> tuple:
    """Rows with the same key go out as one message. A message that may have arrived stays itself, so that its twin can be told by its id."""
    return (str(row.lease or ""), row.to_user_id or 0, row.to_robot_id or 0, row.request_id if row.to_resident else 0)


def _due_now(rows: list[Notification], now: datetime) -> list[Notification]:
    hours = hours_of(rows[0])
    moments = {row: _moment(row, hours, now) for row in rows}
    if any(row.not_before <= now and moments[row] <= now for row in rows):
        # One goes: what would follow within minutes goes along, but nothing that rests after a failed try.
        return [row for row in rows if moments[row] <= (now + sending_times.MERGE if row.attempts == 0 else now)]
    for moment in set(moments.values()):
        later = [row.pk for row in rows if moments[row] == moment and row.not_before < moment]
        Notification.objects.filter(_free(now), pk__in=later).update(not_before=moment)
    return []


def _moment(row: Notification, hours: sending_times.Hours, now: datetime) -> datetime:
    if row.attempts:
        return sending_times.out_of_quiet(max(row.not_before, now), hours)
    return sending_times.due_at(row.kind, created=row.created_at, hours=hours, now=now)


def lease(rows: list[Notification], now: datetime, lasting: timedelta = LEASE) -> UUID | None:
    """Take these rows in hand; None when somebody else has them. A try counts from here, so that a message that kills its worker ends too."""
    token = uuid4()
    # A retry that somebody else made meanwhile rests again: only a fresh row may go before its time.
    unchanged = Q(pk__in=[row.pk for row in rows if not row.attempts], attempts=0) | Q(pk__in=[row.pk for row in rows if row.attempts], not_before__lte=now)
    taken = Notification.objects.filter(_free(now), unchanged).update(
        state=SENDING, lease=token, leased_until=now + lasting, attempts=F("attempts") + 1
    )
    return token if taken else None


def _in_hand(token: UUID):
    return Notification.objects.filter(lease=token, state=SENDING)


def send_one(token: UUID) -> str:
    """Send what is leased under `token` as one message and write down what became of it: sent, skipped, later, or failed."""
    request_id.set(f"notice-{token.hex[:12]}")  # in each line about it, and in the statements
    try:
        return _send_one(token)
    except DatabaseError:
        raise
    except Exception:  # one message that cannot even be put together must not hold up all others
        logger.exception("A notification could not be put together")
        return _record_failure(token, list(_in_hand(token)), Outcome(False, "程序出错，没有发"), "")


def _send_one(token: UUID) -> str:
    rows = list(_in_hand(token).select_related("request__area", "to_user__contact_card", "to_robot").order_by("pk"))
    worn_out = [row for row in rows if row.attempts > sending_times.MAX_TRIES]  # every worker so far died over it
    if worn_out:
        return _record_failure(token, rows, Outcome(False, "每次发到一半都断了", again=False), "")
    told, moot = prepare(rows, timezone.now())
    for reason, keys in moot.items():
        _in_hand(token).filter(pk__in=keys).update(state=SendState.SKIPPED, answer=reason, leased_until=None)
    if told is None:
        return "skipped"
    if told.robot_id and _sent_lately(told.robot_id, timezone.now()) >= ROBOT_A_MINUTE:
        return _rest_a_minute(token)
    outcome = told.send()
    return _insist(lambda: _record(token, told, outcome))


def _rest_a_minute(token: UUID) -> str:
    """The group has had enough for now. It was no try; what was never tried may go together with what comes meanwhile."""
    rows = _in_hand(token)
    changes = {"state": PENDING, "leased_until": None, "attempts": F("attempts") - 1, "not_before": timezone.now() + timedelta(minutes=1)}
    rows.filter(attempts=1).update(lease=None, **changes)
    rows.update(**changes)
    return "later"


def _insist(write: Callable[[], str], *, tries: int = 10) -> str:
    """Write down what was sent even if the database is away for a moment: what is not written down is sent again."""
    for _ in range(tries - 1):
        try:
            return write()
        except DatabaseError:
            connection.close()
            time.sleep(1)
    return write()


def _sent_lately(robot_id: int, now: datetime) -> int:
    """How many messages a group got in the last minute; the rows of one message share its lease."""
    sent = Notification.objects.filter(to_robot=robot_id, sent_at__gt=now - timedelta(minutes=1))
    return sent.values("lease").distinct().count()


def _record(token: UUID, told: Message, outcome: Outcome) -> str:
    if not outcome.ok:
        return _record_failure(token, told.rows, outcome, told.channel)
    written = _in_hand(token).update(
        state=SendState.SENT, channel=told.channel, answer=outcome.answer[:200], sent_at=timezone.now(), leased_until=None
    )
    if not written:
        logger.warning("A notification was sent after its lease had run out; another worker may have sent it too. Rows: %s", [r.pk for r in told.rows])
    return "sent"


def _record_failure(token: UUID, rows: list[Notification], outcome: Outcome, channel: str) -> str:
    """Rest and try again, or give up loudly. A message that may have arrived keeps its lease as its name, so that the same rows go together again."""
    now, answer = timezone.now(), outcome.answer[:200]
    over = [row.pk for row in rows if not outcome.again or row.attempts >= sending_times.MAX_TRIES]
    if over:
        _in_hand(token).filter(pk__in=over).update(state=SendState.FAILED, channel=channel, answer=answer, not_before=now, leased_until=None)
        logger.error("Gave up on notifications %s by %s: %s", over, channel or "-", answer)
    resting = [row for row in rows if row.pk not in over]
    if resting:
        pause = sending_times.pause_after(max(row.attempts for row in resting), asked=outcome.wait, chance=random.random())
        changes = {} if outcome.unclear else {"lease": None}
        _in_hand(token).update(state=PENDING, channel=channel, answer=answer, not_before=now + pause, leased_until=None, **changes)
        logger.warning("Notifications %s were not sent by %s and rest for %s: %s", [r.pk for r in resting], channel, pause, answer)
    return "failed" if over else "later"


def send_due(*, stop: Callable[[], bool], lasting: timedelta = LEASE, watch: Watch | None = None) -> dict[str, int]:
    """Send until nothing is due or `stop` says so (asked between two messages); how many messages were sent, skipped, put off, given up.

    `watch` is the worker's own, so that it sees what happened to the clock while nothing was to be sent.
    """
    counts, watch = {"sent": 0, "skipped": 0, "later": 0, "failed": 0}, watch or Watch()
    while messages := find_messages(_now(watch, lasting)):
        progress = False
        for rows in messages:
            if stop():
                return counts
            token = lease(rows, _now(watch, lasting), lasting)
            if token:
                progress = True
                counts[send_one(token)] += 1
        if not progress:  # other workers have them all
            return counts
    return counts


def _now(watch: Watch, lasting: timedelta) -> datetime:
    """The time to go by. It is read before the watch is asked, so that no time of a clock that was set since goes unnoticed."""
    now = timezone.now()
    if watch.was_set():
        now = timezone.now()
        begin_anew(now, lasting)
    return now


def try_again(keys) -> int:
    """Put given-up rows back to the start; how many."""
    rows = Notification.objects.filter(pk__in=keys, state=SendState.FAILED)
    return rows.update(state=PENDING, attempts=0, lease=None, not_before=timezone.now(), answer="")


def drop(keys) -> int:
    """Never send these; how many. What is being sent this moment is not stopped."""
    rows = Notification.objects.filter(pk__in=keys, state__in=(PENDING, SendState.FAILED))
    return rows.update(state=SendState.SKIPPED, lease=None, answer="管理员说不发了")


def delete_old(now: datetime, *, batch: int = 1000) -> int:
    """Delete the rows of more than KEPT ago, whatever became of them; how many. Bounds the table."""
    total = 0
    while keys := list(Notification.objects.filter(created_at__lt=now - KEPT).order_by("pk").values_list("pk", flat=True)[:batch]):
        total += Notification.objects.filter(pk__in=keys).delete()[0]
    return total
