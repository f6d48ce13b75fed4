"""A row of every model, and one hostile text in each field of each of them that people's words can reach, by whatever way."""

from datetime import date, time, timedelta

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from doorplates.models import PlateCheck, PlateReport
from guides.actions import record_change
from guides.misses import note_miss
from guides.models import Counter, District, EditorPosting, Fact, Guide, Link, Office, SpecialDay, Statement, Step, Synonym
from helpdesk import actions
from helpdesk.models import (
    Attachment,
    AuditEntry,
    ContactCard,
    Cover,
    HelpRequest,
    Mandate,
    MarketDay,
    Message,
    Notification,
    Paper,
    Principal,
    Rating,
    ReplyTemplate,
    Robot,
    Visit,
)  # fmt: skip
from menpai.encryption import blind_index
from menpai.models import BackupTaken, HourCount, JobRun
from tests import people
from tests.attacks.addresses import Scene, scene
from tests.factories import DISTRICT, SHUIYUN, YUANYI, make_absence, make_area, make_posting, make_request, make_situation, make_user

# Bookkeeping that no page shows as text, or that has to stay for the rows to be found at all.
LEFT = {
    "code", "slug", "key", "reference", "password", "session_key", "session_data", "digest", "salt", "weekdays", "digits", "phone_index", "district", "season_from", "season_to",
    "only_for", "often_refused", "authors", "file", "lease", "once", "case", "rule", "part", "entry", "device", "consent_version", "text_version",
}  # fmt: skip
NOT_SHOWN = ("contenttypes", "sessions", "axes")
LEFT_MODELS = {"guides.GuideRevision", "auth.Permission", "auth.Group", "menpai.Attempt", "guides.View", "guides.DayFigure", "guides.RolledUp", "menpai.ImportJob"}
# Written by machines only, from what stands elsewhere; no row is needed here.
EMPTY = {
    "auth.User_user_permissions", "axes.AccessAttempt", "axes.AccessAttemptExpiration", "axes.AccessLog", "axes.AccessFailureLog", "sessions.Session", "menpai.ImportJob", "menpai.Attempt",
    "guides.PackEntry", "guides.Refusal", "guides.DayFigure", "guides.RolledUp", "guides.View", "doorplates.ScanDay", "doorplates.Scan", "guides.JobPosting", "guides.OfficeHours",
    "helpdesk.SecondFactor", "helpdesk.RecoveryCode", "helpdesk.StaffAccount", "helpdesk.StaffSession",
}  # fmt: skip


def superuser():
    user = make_user("root", is_staff=True, is_superuser=True)
    user.groups.add(people.zhuguan().groups.get())
    make_posting(user, DISTRICT)
    return user


def rows() -> Scene:
    place = scene()
    stored, owner = place.request, people.zhuli()
    people.zhuguan(), people.xiaozhao(), people.shenhe()
    guide, area = stored.guide, stored.area
    actions.claim(request=stored, by=owner)
    for sender in ("resident", "staff", "note"):
        Message.objects.create(request=stored, sender=sender, by=None if sender == "resident" else owner, text="话")
    Visit.objects.create(request=stored, helper=owner, at=timezone.now() + timedelta(days=1), place="video", where="门口", link="https://meeting.example/1")
    Paper.objects.create(request=stored, name="证", detail="原件", state="bad", reason="other", remark="字不清")
    Attachment.objects.create(request=stored, paper=stored.papers.first(), kind="image", size=1, purpose="仅供", delete_on=date(2099, 1, 1), by=owner)
    Principal.objects.create(request=stored, name="妈", phone="13900139001", phone_index=blind_index("13900139001"))
    Mandate.objects.create(request=stored, principal_name="妈", scope="领", starts_on=date(2026, 11, 1), ends_on=date(2099, 1, 1), agent=owner)
    Notification.objects.create(kind="new", to_user=owner, request=stored, not_before=timezone.now(), answer="好")
    AuditEntry.objects.create(by=owner, by_name="朱丽", act="export", detail="表")
    done = make_request(guide=guide, claimed_by=owner)
    actions.close(request=done, by=owner, reason="not_ours", text="好了", whose="税务局", whose_phone="12366")
    Rating.objects.create(request=done, level=1, text="慢")
    complaint = make_request(row={"for_supervisor": True, "about": stored})
    place.values["closed"], place.values["complaint"] = done.reference, complaint.reference
    Robot.objects.create(name="群", area=area, kind="wecom", address="https://qyapi.weixin.qq.com/x")
    ReplyTemplate.objects.create(name="样", text="您好")
    ContactCard.objects.create(user=owner, email="a@example.com", mobile="13800138001", quiet_from=time(21), quiet_to=time(8))
    make_absence(people.xiaozhao(), timezone.localdate())
    MarketDay.objects.create(area=area, digits="38")
    Cover.objects.create(area=area, neighbour=make_area(YUANYI), order=1)
    office = Office.objects.create(code="hall", name="大厅", kind="hall", area=area, address="路", floor="一楼", phone="0952-3012345", note="话", longitude="106.7", latitude="39.2")
    Counter.objects.create(guide=guide, kind="hall", office=office, note="窗口")
    Statement.objects.create(guide=guide, kind="condition", text="谁能办")
    Step.objects.create(guide=guide, text="先去")
    Fact.objects.create(guide=guide, field="fee", note="收")
    make_situation(guide, "who", "self:自己:注意", "other:别人")
    Guide.objects.filter(pk=guide.pk).update(fee="10元", result="本", hotline="12366", online="网上", online_url="https://zwfw.example/", featured=1, aliases=["医保"], phrasings=["交钱"])
    SpecialDay.objects.create(date=date(2026, 12, 1), area=area, name="休")
    Synonym.objects.create(words=["医保", "社保"])
    District.objects.create(area_id=DISTRICT, site_name="门牌", organiser="区")
    EditorPosting.objects.create(user=people.bianji(), district_id=DISTRICT, department="局")
    Link.objects.create(url="https://zwfw.example/", state="broken", detail="404")
    PlateCheck.objects.create(doorplate=stored.doorplate, kind="installed", on=date(2026, 11, 1), by="朱丽")
    PlateReport.objects.create(doorplate=stored.doorplate, kind="damaged", first_on=date(2026, 11, 1), last_on=date(2026, 11, 1))
    note_miss("遛狗证在哪办", client="203.0.113.9")
    LogEntry.objects.create(user=people.bianji(), content_type=ContentType.objects.get_for_model(Guide), object_id=str(guide.pk), object_repr="指南", action_flag=2, change_message="改")
    record_change(guide=guide, by="边吉")
    JobRun.objects.create(name="scrub_requests", trouble="OperationalError")
    HourCount.objects.create(kind="error", where="help:follow", hour=timezone.now(), last_at=timezone.now(), last_id="trace-12345678")
    BackupTaken.objects.create(at=timezone.now(), size=1)
    empty = {model._meta.label for model in apps.get_models(include_auto_created=True) if not model._base_manager.exists()}
    assert empty <= EMPTY, f"say in tests/attacks/everywhere.py how a row is made of {empty - EMPTY}"
    return place


def free_text(model) -> list[models.Field]:
    """The fields of a model that hold words, not a choice or a key."""
    return [
        field for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField) and not field.choices and not field.primary_key and field.name not in LEFT
    ]  # fmt: skip


def spoil(payloads: list[str]) -> dict[str, str]:
    """Put the longest payload that fits into each field of each row; {model.field: payload} of what was written."""
    written = {}
    for model in apps.get_models():
        if model._meta.app_label in NOT_SHOWN or model._meta.label in LEFT_MODELS or model._meta.proxy or not model._meta.managed:
            continue
        for field in free_text(model):
            for number, pk in enumerate(model._base_manager.order_by("pk").values_list("pk", flat=True)):
                tail = str(number) if number else ""
                fits = [text + tail for text in payloads if not field.max_length or len(text + tail) <= field.max_length]
                if not fits:
                    continue
                value = [fits[0], fits[0] + "2"] if isinstance(field, models.JSONField) else fits[0]
                try:
                    with transaction.atomic():
                        model._base_manager.filter(pk=pk).update(**{field.name: value})
                except IntegrityError:  # what the database itself refuses cannot be there
                    continue
                written[f"{model._meta.label}.{field.name}"] = fits[0]
    guide = Guide.objects.first()
    record_change(guide=guide, by=payloads[-1])
    return written


__all__ = ["SHUIYUN", "HelpRequest", "rows", "spoil", "superuser"]
