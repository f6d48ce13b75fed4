from django.conf import settings
from django.db import models

from helpdesk.models.request import HelpRequest


class EventKind(models.TextChoices):
    SUBMITTED = "submitted", "提交了诉求"
    LOGGED = "logged", "工作人员代为登记"
    CLAIMED = "claimed", "领取"
    RELEASED = "released", "放回队列"
    HANDED_OVER = "handed_over", "转给别人"
    MESSAGED = "messaged", "帮办员留言"
    REPLIED = "replied", "居民留言"
    NOTED = "noted", "内部备注"
    VISIT_SET = "visit_set", "约定时间"
    PAPER_TICKED = "paper_ticked", "核对材料"
    REVEALED = "revealed", "查看完整电话"
    CLOSED = "closed", "办结"
    CANCELLED = "cancelled", "居民取消"
    REOPENED = "reopened", "居民说没办好，重新打开"
    RATED = "rated", "评价"
    GUIDE_READY = "guide_ready", "要找的指南写好了"


# What the resident sees on the follow page; the rest is for the desk and the audit.
PUBLIC_KINDS = frozenset(EventKind) - {EventKind.NOTED, EventKind.REVEALED, EventKind.PAPER_TICKED}


class Event(models.Model):
    """One act on a request. Append-only: the timeline and the audit trail are the same rows."""

    request = models.ForeignKey(HelpRequest, models.PROTECT, related_name="events", verbose_name="诉求")
    kind = models.CharField("做了什么", max_length=12, choices=EventKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name="工作人员")
    by_name = models.CharField("经手人", max_length=60, help_text="账号没了，名字还在。")
    detail = models.CharField("详情", max_length=120, blank=True, help_text="不写姓名、电话等个人信息。")
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "经过"
        ordering = ["id"]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%m-%d %H:%M}"

    @property
    def is_public(self) -> bool:
        return self.kind in PUBLIC_KINDS
