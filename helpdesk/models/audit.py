from django.conf import settings
from django.db import models


class AuditAct(models.TextChoices):
    EXPORT = "export", "导出 Excel"
    BULK_HAND_OVER = "bulk", "成批转交"
    ROSTER = "roster", "改排班"
    ACCOUNT = "account", "管账号"


class AuditEntry(models.Model):
    """An act of staff that is not about one request. Append-only."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="谁")
    by_name = models.CharField("经手人", max_length=60)
    act = models.CharField("做了什么", max_length=10, choices=AuditAct)
    detail = models.CharField("详情", max_length=200, blank=True, help_text="不写居民的姓名、电话。")
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "工作台记录"
        ordering = ["-id"]

    def __str__(self):
        return f"{self.by_name} {self.get_act_display()} {self.at:%m-%d %H:%M}"
