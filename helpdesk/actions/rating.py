"""How it went, in the five national words; and the call from above when it went badly."""

from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.db.models import F

from helpdesk.actions.base import NotPossible, record, require_person
from helpdesk.actions.complaining import open_for_supervisor
from helpdesk.actions.ending import cancel
from helpdesk.models import Channel, EventKind, HelpRequest, Kind, Message, Rating, RatingLevel, Sender, State


@transaction.atomic
def rate(*, request: HelpRequest, level: RatingLevel, text: str) -> None:
    """One rating for one closed request; a second one replaces the first. A bad one opens a call-back."""
    require_person(request)
    if not HelpRequest.objects.filter(pk=request.pk, state=State.CLOSED).update(state=F("state")):
        raise NotPossible("办结以后才能评价。")
    Rating.objects.update_or_create(request=request, defaults={"level": level, "text": text})
    record(request, EventKind.RATED, detail=RatingLevel(level).label)
    _follow_up(request=request, level=level, text=text)


def revisit_of(request: HelpRequest) -> HelpRequest | None:
    """The latest call-back about a rated request."""
    return HelpRequest.objects.filter(about=request, kind=Kind.REVISIT).select_related("queue", "owner").order_by("-id").first()


def _follow_up(*, request: HelpRequest, level: RatingLevel, text: str) -> None:
    """After a rating, in its transaction, the request's row held: a bad one opens a call-back, one for each time a request was closed.

    Rated anew before the call, the call-back stays and says so: somebody who was angry once is heard all the same.
    """
    latest, label = revisit_of(request), RatingLevel(level).label
    if latest and latest.is_open:
        said = f"居民又改评“{label}”。{text}" if level <= RatingLevel.DISSATISFIED else f"居民后来改评“{label}”。电话还是打一个。{text}"
        Message.objects.create(request=latest, sender=Sender.NOTE, text=said)
        return
    if level > RatingLevel.DISSATISFIED or request.kind == Kind.REVISIT:
        return
    kept = ("guide", "doorplate", "name", "phone", "phone_index", "for_someone", "relation", "call_time", "consent_version", "consent_at")
    stored, is_new = open_for_supervisor(
        uuid5(NAMESPACE_URL, f"revisit:{request.submission_key}:{request.reopened}"),
        area=request.area,
        about=request,
        kind=Kind.REVISIT,
        channel=Channel.RATING,
        note=f"评的是：{label}\n{text}".strip(),
        **{name: getattr(request, name) for name in kept},
    )
    if is_new:
        record(stored, EventKind.SUBMITTED, by_name="系统", detail="评价不满意，打电话问问")


@transaction.atomic
def decline_revisit(*, request: HelpRequest) -> None:
    """不用打: the resident of a rated request wants no call."""
    latest = revisit_of(request)
    if latest is None or not latest.is_open:
        raise NotPossible("主管那边已经结束了，不会再打给您。")
    cancel(request=latest)
