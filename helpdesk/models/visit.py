"""An agreed meeting, safe for both sides (双向验真)."""

import secrets

from django.conf import settings
from django.db import models

from helpdesk.models.request import HelpRequest
from menpai.encryption import EncryptedTextField


def new_code() -> str:
    """Four digits that the helper must say first. Not for opening anything: it only tells the right person from a stranger at the door."""
    return f"{secrets.randbelow(10_000):04d}"


class VisitPlace(models.TextChoices):
    HOME = "home", "上门"
    STATION = "station", "来村（社区）站点"
    WINDOW = "window", "一起去窗口"
    VIDEO = "video", "手机视频"


class VisitState(models.TextChoices):
    PLANNED = "planned", "约好了"
    DONE = "done", "见过了"
    MISSED = "missed", "没见着"
    CANCELLED = "cancelled", "取消了"


class Visit(models.Model):
    """One appointment of a request. The planned one's moment stands in HelpRequest.visit_at too, by which lists sort."""

    request = models.ForeignKey(HelpRequest, models.CASCADE, related_name="visits", verbose_name="诉求")
    helper = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="visits", verbose_name="谁去")
    at = models.DateTimeField("什么时候", db_index=True)
    place = models.CharField("在哪见", max_length=8, choices=VisitPlace, default=VisitPlace.HOME)
    where = EncryptedTextField("具体地方", blank=True)
    link = EncryptedTextField("视频链接", blank=True)
    code = EncryptedTextField("对暗号的四位数", default=new_code)
    state = models.CharField("状态", max_length=10, choices=VisitState, default=VisitState.PLANNED)
    result = EncryptedTextField("结果", blank=True)
    next_step = EncryptedTextField("下一步", blank=True)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)
    made_at = models.DateTimeField("约定时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "约见"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=models.Q(state="planned"), name="one_planned_visit", violation_error_message="这件事已经约了一次，先改那一次。"
            ),
        ]

    def __str__(self):
        return f"{self.get_place_display()} {self.at:%m-%d %H:%M}"
