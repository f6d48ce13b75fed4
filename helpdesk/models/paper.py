"""The papers of a request, checked before the trip (预审)."""

import uuid

from django.conf import settings
from django.db import models

from guides.models import RefusalReason
from helpdesk.models.request import HelpRequest
from menpai.encryption import EncryptedTextField


class PaperState(models.TextChoices):
    UNCHECKED = "unchecked", "没核对"
    OK = "ok", "合格"
    MISSING = "missing", "缺"
    BAD = "bad", "不合格"


class Paper(models.Model):
    """One line of the checklist that a request opens with, copied from the guide for the resident's own case."""

    request = models.ForeignKey(HelpRequest, models.CASCADE, related_name="papers", verbose_name="诉求")
    name = models.CharField("材料", max_length=80)
    detail = models.CharField("要求", max_length=120, blank=True)
    state = models.CharField("核对结果", max_length=10, choices=PaperState, default=PaperState.UNCHECKED)
    reason = models.CharField("哪里不行", max_length=10, choices=RefusalReason, blank=True)
    remark = EncryptedTextField("补充说明", blank=True)
    original_seen_at = models.DateTimeField("已核对原件", null=True, blank=True, help_text="只看不存：看过原件就不用照片。")
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="谁核对的")
    checked_at = models.DateTimeField("什么时候核对的", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "材料清单"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="bad") | ~models.Q(reason=""), name="bad_paper_has_reason", violation_error_message="不合格要选哪里不行。"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def photos(self) -> list["Attachment"]:
        """Those that are still there. Lists fetch `attachments` along."""
        return [attachment for attachment in self.attachments.all() if attachment.deleted_at is None]

    @property
    def has_new_photo(self) -> bool:
        """Something was sent that nobody has judged yet."""
        return any(self.checked_at is None or photo.at > self.checked_at for photo in self.photos)


class AttachmentKind(models.TextChoices):
    IMAGE = "image", "照片"
    PDF = "pdf", "PDF"


class Attachment(models.Model):
    """A photo or PDF of a paper, kept only until `delete_on`. The row stays as the receipt of the deletion; it holds nothing of the person."""

    key = models.UUIDField("存放名", unique=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(HelpRequest, models.CASCADE, related_name="attachments", verbose_name="诉求")
    paper = models.ForeignKey(Paper, models.SET_NULL, null=True, blank=True, related_name="attachments", verbose_name="哪样材料")
    kind = models.CharField("类型", max_length=5, choices=AttachmentKind)
    size = models.PositiveIntegerField("字节数")
    purpose = models.CharField("水印", max_length=80, help_text="仅供办理××使用")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="工作人员", help_text="空着：居民自己传的。")
    at = models.DateTimeField("时间", auto_now_add=True)
    delete_on = models.DateField("哪天删除", db_index=True)
    deleted_at = models.DateTimeField("什么时候删的", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "材料的照片"
        ordering = ["id"]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%m-%d %H:%M}"
