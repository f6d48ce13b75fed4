"""“这里写错了”: what readers say is wrong on a guide's page, told apart by the part they mean, grouped for the editor, and forgotten in time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, TextChoices
from django.db.models.functions import Coalesce, Length
from django.urls import reverse

from guides.models import Correction, CorrectionState, FactField, Guide

TEXT_DAYS = 90  # after it was handled
ROW_DAYS = 365  # after it was sent, handled or not


class Part(TextChoices):
    """The parts of a guide's page as its readers call them."""

    BRING = "bring", "要带什么"
    WHERE = "where", "去哪办"
    HOURS = "hours", "什么时候开门"
    PHONE = "phone", "电话"
    FEE = "fee", "要不要钱"
    TIME = "time", "多久办好"
    WHO = "who", "谁能办"
    HOW = "how", "怎么办"
    ONLINE = "online", "网上怎么办"
    AGENCY = "agency", "能不能替别人办"
    NAME = "name", "名称，或者开头那句话"
    OTHER = "other", "别的地方"


# Where in the guide's admin page each part is written: the prefix of its group, or the field of the facts' group.
_GROUPS = {
    Part.BRING: "materials-group", Part.WHERE: "counters-group", Part.HOURS: "counters-group", Part.WHO: "statements-group", Part.HOW: "steps-group",
}  # fmt: skip
_FACTS = {
    Part.PHONE: FactField.HOTLINE, Part.FEE: FactField.FEE, Part.TIME: FactField.PROMISED_LIMIT, Part.ONLINE: FactField.ONLINE, Part.AGENCY: FactField.AGENCY,
}  # fmt: skip


def edit_address(guide: Guide, part: str) -> str:
    """The address that opens the guide's admin page at the very part."""
    page = reverse("admin:guides_guide_change", args=[guide.pk])
    if part in _FACTS:
        known = list(guide.facts.order_by("id").values_list("field", flat=True))
        order = [*known, *(field for field in FactField.values if field not in known)]  # as guides.admin.parts.FactFormSet lists them
        return f"{page}#facts-{order.index(_FACTS[Part(part)])}"
    group = _GROUPS.get(part, "")
    return f"{page}#{group}" if group else page


def grouped() -> QuerySet:
    """One row for those that say the same: open ones of one part of one guide, and those answered together. `same` says how many they are."""
    together = Correction.objects.filter(guide=OuterRef("guide"), part=OuterRef("part"), state=OuterRef("state"))
    together = together.filter(Q(state=CorrectionState.OPEN) | Q(handled_at=OuterRef("handled_at"))).order_by()
    same = together.values("guide").annotate(n=Count("pk")).values("n")
    return Correction.objects.filter(~Exists(together.filter(pk__lt=OuterRef("pk")))).annotate(same=Coalesce(Subquery(same), 1))


def like(correction: Correction) -> list[Correction]:
    """The rows that grouped() shows as this one, oldest first."""
    rows = Correction.objects.filter(guide=correction.guide_id, part=correction.part, state=correction.state, handled_at=correction.handled_at)
    return list(rows.order_by("pk"))


def untold() -> QuerySet:
    """The open ones, the oldest of each group: what an editor is told of."""
    return grouped().filter(state=CorrectionState.OPEN)


def outdated(now: datetime) -> QuerySet:
    """Rows that go altogether."""
    return Correction.objects.filter(at__lt=now - timedelta(days=ROW_DAYS))


def wordy(now: datetime) -> QuerySet:
    """Answered long ago, the reader's words still there. By their length: the text is encrypted and cannot be asked for."""
    return Correction.objects.filter(handled_at__lt=now - timedelta(days=TEXT_DAYS)).annotate(length=Length("text")).filter(length__gt=0)


def forget(now: datetime) -> int:
    """Delete what is a year old, and the readers' words 90 days after they were answered; how many rows that touched."""
    with transaction.atomic():
        gone = outdated(now).delete()[0]
        keys = list(wordy(now).values_list("pk", flat=True))
        return gone + Correction.objects.filter(pk__in=keys).update(text="")
