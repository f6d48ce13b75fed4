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
    CONTACTED = "contacted", "联系居民"
    PAUSED = "paused", "暂停，等居民"
    RESUMED = "resumed", "接着办"
    ESCALATED = "escalated", "超时，报给主管"
    ALARMED = "alarmed", "没人当班，报给主管"
    TAKEN_OVER = "taken_over", "接手请假同事的"
    MERGED = "merged", "并成一件"
    KIND_CHANGED = "kind_changed", "改了帮助方式"
    VISITED = "visited", "见过面了"
    VISIT_MISSED = "visit_missed", "没见着"
    VISIT_CANCELLED = "visit_cancelled", "取消约定"
    SENT_BACK = "sent_back", "材料被退"
    FILE_ADDED = "file_added", "加了材料照片"
    FILE_OPENED = "file_opened", "看了材料照片"
    FILE_DELETED = "file_deleted", "删了材料照片"
    CONSENTED = "consented", "当事人同意"
    DECLINED = "declined", "当事人不同意"
    STOPPED = "stopped", "当事人或家里人叫停"
    MANDATED = "mandated", "签了委托书"
    MANDATE_ENDED = "mandate_ended", "收回委托"
    GUIDE_CHANGED = "guide_changed", "指南改了"
    TOLD_CHANGE = "told_change", "照新指南办"
    CORRECTED = "corrected", "居民改了自己的信息"
    EXPORTED = "exported", "居民取走了自己的信息"
    ERASED = "erased", "删了个人信息"


# What the resident sees on the follow page; the rest is for the desk and the audit.
PUBLIC_KINDS = frozenset(EventKind) - {EventKind.NOTED, EventKind.REVEALED, EventKind.PAPER_TICKED, EventKind.FILE_OPENED}


class Event(models.Model):
    """One act on a request. Append-only: the timeline and the audit trail are the same rows."""

    request = models.ForeignKey(HelpRequest, models.PROTECT, related_name="events", verbose_name="诉求")
    kind = models.CharField("做了什么", max_length=16, choices=EventKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name="工作人员")
    by_name = models.CharField("经手人", max_length=60, help_text="账号没了，名字还在。")
    detail = models.CharField("详情", max_length=120, blank=True, help_text="不写姓名、电话等个人信息。")
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "经过"
        ordering = ["id"]
        indexes = [models.Index(fields=["kind", "at"], name="events_by_kind_and_time")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%m-%d %H:%M}"

    @property
    def is_public(self) -> bool:
        return self.kind in PUBLIC_KINDS
