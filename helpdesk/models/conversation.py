from django.conf import settings
from django.db import models

from helpdesk.models.request import HelpRequest
from menpai.encryption import EncryptedTextField


class Sender(models.TextChoices):
    RESIDENT = "resident", "居民"
    STAFF = "staff", "帮办员"
    NOTE = "note", "内部备注"


class Medium(models.TextChoices):
    WEB = "web", "网页"
    PHONE = "phone", "电话"
    IN_PERSON = "person", "当面"


class Message(models.Model):
    """What was written between resident and helper, or, as an internal note, between helpers only."""

    request = models.ForeignKey(HelpRequest, models.CASCADE, related_name="messages", verbose_name="诉求")
    sender = models.CharField("谁写的", max_length=8, choices=Sender)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name="工作人员")
    text = EncryptedTextField("内容")
    at = models.DateTimeField("时间", auto_now_add=True)
    medium = models.CharField("怎么说的", max_length=6, choices=Medium, default=Medium.WEB, help_text="电话里、当面说的，由帮办员记下来。")
    read_at = models.DateTimeField("对方看到的时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "留言"
        ordering = ["id"]

    def __str__(self):
        return f"{self.get_sender_display()} {self.at:%m-%d %H:%M}"


class ReplyTemplate(models.Model):
    """A sentence that helpers send often. Words in 【】 are filled with the request's and the guide's facts; an unknown fact becomes 请拨打12345."""

    name = models.CharField("名称", max_length=30, unique=True)
    text = models.CharField("内容", max_length=400, help_text="能填进去的：【称呼】【事项】【材料】【地点】【时间】【费用】【多久】【电话】【帮办员】【编号】。")
    order = models.PositiveSmallIntegerField("顺序", default=100)

    class Meta:
        verbose_name = verbose_name_plural = "常用回复"
        ordering = ["order", "id"]

    def __str__(self):
        return self.name
