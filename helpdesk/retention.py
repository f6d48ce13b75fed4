"""Personal data goes on a timer; what remains says what was asked where and when, not by whom. What goes, and when, stands in field_classes.

Everything is done in batches, each a short transaction of its own: a run that is killed has finished what it had begun, and the next goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, F, Model, Q, QuerySet
from django.utils import timezone

from doorplates.models import Scan
from guides import corrections, misses, refusals, rollup
from guides.models import Correction, Refusal, SearchMiss, View
from helpdesk.field_classes import ACCOUNT_DAYS, DELETE, TABLE, Fate, classes_of, hangs_on_request, scrubbed
from helpdesk.models import Attachment, ContactCard, HelpRequest, Notification, State
from menpai.encryption import stored

BATCH = 200


@dataclass(frozen=True)
class Kind:
    """Rows of one kind whose time is over: how to find them, and what to do with a batch of their primary keys."""

    label: str
    due: Callable[[datetime], QuerySet]
    drop: Callable[[list, datetime], object]


def ended_before(now: datetime, at: str = "") -> Q:
    """A condition on requests (or, with `at`, on rows that hang on one): ended more than RETENTION_DAYS ago."""
    return Q(**{f"{at}state__in": (State.CLOSED, State.CANCELLED), f"{at}closed_at__lt": now - timedelta(days=settings.RETENTION_DAYS)})


def due_for_scrubbing(now: datetime) -> QuerySet:
    """Requests ended more than RETENTION_DAYS ago that still hold a person's data."""
    return HelpRequest.objects.filter(ended_before(now)).exclude(phone_index="")


def scrub_requests(keys: list, now: datetime) -> None:
    """Empty these requests, whatever their age, and all that hangs on them. To be called in a transaction."""
    for model in hangs_on_request():
        _drop(model, model._base_manager.filter(request__in=keys))
    # The files go by the next run of the command, on this day; their rows stay as its receipt.
    Attachment.objects.filter(request__in=keys, deleted_at=None).update(delete_on=timezone.localdate(now))
    HelpRequest.objects.filter(pk__in=keys).update(**scrubbed(HelpRequest))


def _scrub_still_due(keys: list, now: datetime) -> None:
    # The no-op update holds the rows until the commit: one that its resident opens again at this moment is not emptied under their hands.
    rows = due_for_scrubbing(now).filter(pk__in=keys)
    rows.update(state=F("state"))
    scrub_requests(list(rows.values_list("pk", flat=True)), now)


REQUESTS = Kind("诉求", due_for_scrubbing, _scrub_still_due)


def _drop(model: type[Model], rows: QuerySet) -> None:
    if _goes_whole(model):
        rows.delete()
    elif fields := scrubbed(model):
        rows.update(**fields)


def _goes_whole(model: type[Model]) -> bool:
    """A row of the outbox too: whatever was to be told is over with its request."""
    return model is Notification or any(kind.fate == DELETE for kind in classes_of(model._meta.label).values())


def _written_since(model: type[Model]) -> Callable[[datetime], QuerySet]:
    """Rows of one model that hang on requests whose time is over and hold something: an internal note may come after the scrubbing."""

    def due(now: datetime) -> QuerySet:
        rows = model._base_manager.filter(ended_before(now, "request__"))
        if _goes_whole(model):
            return rows
        holds = Q()
        for name in scrubbed(model):
            rows = rows.annotate(**{f"{name}_stored": stored(name)})
            holds |= Q(**{f"{name}_stored__gt": ""})
        return rows.filter(holds)

    return due


def outdated_misses(today: date) -> QuerySet:
    """Searches without a result whose time is over. One that somebody still waits to hear of stays as long as that request is not scrubbed."""
    return misses.outdated(today, keep=HelpRequest.objects.filter(wish__isnull=False).values("wish"))


def _cards_of_stopped(now: datetime) -> QuerySet:
    """When an account was stopped is not stored; the last sign-in was before that, so nothing goes while somebody still works."""
    limit = now - timedelta(days=ACCOUNT_DAYS)
    silent = Q(user__last_login__lt=limit) | Q(user__last_login__isnull=True, user__date_joined__lt=limit)
    return ContactCard.objects.filter(silent, user__is_active=False)


def _older_than(model: type[Model], fate: Fate) -> Callable[[datetime], QuerySet]:
    is_moment = isinstance(model._meta.get_field(fate.since), DateTimeField)

    def due(now: datetime) -> QuerySet:
        limit = now - timedelta(days=fate.days)
        return model._base_manager.filter(**{f"{fate.since}__lt": limit if is_moment else timezone.localdate(limit)})

    return due


def kinds() -> Iterator[Kind]:
    """All that goes by time, in the order in which it is done."""
    yield REQUESTS
    for model in hangs_on_request():
        if scrubbed(model) or _goes_whole(model):
            yield Kind(f"删过的诉求里后来写的{_name(model)}", _written_since(model), lambda keys, now, model=model: _drop(model, model._base_manager.filter(pk__in=keys)))
    yield Kind(_name(Correction), corrections.wordy, lambda keys, now: Correction.objects.filter(pk__in=keys).update(**scrubbed(Correction)))
    special = {
        Correction: corrections.outdated,
        Refusal: lambda now: refusals.outdated(timezone.localdate(now)),
        SearchMiss: lambda now: outdated_misses(timezone.localdate(now)),
        ContactCard: _cards_of_stopped,
        Scan: lambda now: rollup.outdated(Scan, timezone.localdate(now)),
        View: lambda now: rollup.outdated(View, timezone.localdate(now)),
    }
    for model in apps.get_models():
        fates = {fate for _, fate, _ in TABLE[model._meta.label] if fate.act == "delete" and fate.since}
        for fate in fates:
            due = special.get(model) or _older_than(model, fate)
            yield Kind(_name(model), due, lambda keys, now, model=model: model._base_manager.filter(pk__in=keys).delete())


def _name(model: type[Model]) -> str:
    return str(model._meta.verbose_name)


def drop_batch(kind: Kind, now: datetime, *, batch: int = BATCH, after=None) -> list:
    """Scrub or delete up to `batch` due rows of a kind in one transaction, those with a primary key beyond `after`; returns their keys."""
    rows = kind.due(now).order_by("pk")
    if after is not None:
        rows = rows.filter(pk__gt=after)
    keys = list(rows.values_list("pk", flat=True)[:batch])
    if keys:
        with transaction.atomic():
            kind.drop(keys, now)
    return keys


def scrub(now: datetime, *, batch: int = BATCH) -> int:
    """One batch of due requests with all that hangs on them; how many."""
    return len(drop_batch(REQUESTS, now, batch=batch))
