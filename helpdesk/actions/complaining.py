"""投诉建议: what a supervisor answers and no helper sees."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils import timezone

from doorplates.models import Doorplate
from guides.models import Area
from guides.workdays import calendar_for
from helpdesk import sla
from helpdesk.access import answering_for
from helpdesk.actions.asking import CONSENT_VERSION, unused_reference
from helpdesk.actions.base import record
from helpdesk.models import NO_NAME, Channel, EventKind, HelpRequest, Kind, NotificationKind
from helpdesk.notifications import tell_staff
from menpai.encryption import blind_index
from menpai.roles import Role


class Subject(models.TextChoices):
    """What a complaint is about; the township's own matters are answered by the district."""

    HELPER = "helper", "帮办员"
    TOWNSHIP = "township", "镇（街道）"
    PAGE = "page", "网页、门牌"
    FEE = "fee", "有人收钱"
    OTHER = "other", "别的，或者提个建议"


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """What a resident complains of or suggests. `number` is the request it is about as they typed it, `about` that request if there is one."""

    submission_key: UUID
    subject: Subject
    text: str
    area: Area
    phone: str  # digits, as menpai.validators.normalise_phone returns them
    name: str = NO_NAME
    doorplate: Doorplate | None = None
    number: str = ""
    about: HelpRequest | None = None


@transaction.atomic
def complain(*, complaint: Complaint) -> HelpRequest:
    """Store it for the supervisor who has nothing to do with it, and promise a call. The same submission_key twice returns the first unchanged."""
    now = timezone.now()
    unknown = f"\n他说的编号：{complaint.number}，没有这一件" if complaint.number and complaint.about is None else ""
    stored, is_new = open_for_supervisor(
        complaint.submission_key,
        area=complaint.area,
        about=complaint.about,
        from_district=complaint.subject == Subject.TOWNSHIP,
        kind=Kind.COMPLAINT,
        channel=Channel.WEB,
        doorplate=complaint.doorplate,
        name=complaint.name or NO_NAME,
        phone=complaint.phone,
        phone_index=blind_index(complaint.phone),
        note=f"说的是：{Subject(complaint.subject).label}\n{complaint.text}{unknown}",
        consent_version=CONSENT_VERSION,
        consent_at=now,
    )
    if is_new:
        record(stored, EventKind.SUBMITTED)
    return stored


def open_for_supervisor(key: UUID, *, area: Area, about: HelpRequest | None, from_district: bool = False, **fields) -> tuple[HelpRequest, bool]:
    """The row and whether it is new. Its supervisors are told; with none anywhere, the administrators, so that nobody waits unheard."""
    now = timezone.now()
    code, supervisors = answering_for(area, about=about, from_district=from_district)
    stored, is_new = HelpRequest.objects.get_or_create(
        submission_key=key,
        defaults={
            "reference": unused_reference(),
            "area": area,
            "about": about,
            "queue_id": code,
            "for_supervisor": True,
            "created_at": now,
            "promised_at": sla.promise(now, kind=fields["kind"], calendar=calendar_for(area, since=timezone.localdate(now))),
            **fields,
        },
    )
    if is_new:
        told = supervisors or get_user_model().objects.filter(is_active=True, groups__name=Role.ADMIN)
        tell_staff(told, NotificationKind.COMPLAINT, request=stored, once=f"complaint:{stored.pk}")
    return stored, is_new
