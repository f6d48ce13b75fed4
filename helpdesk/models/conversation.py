from django.conf import settings
from django.db import models

from helpdesk.models.request import HelpRequest
from menpai.encryption import EncryptedTextField


class Sender(models.TextChoices):
    RESIDENT = "resident", "居民"
    STAFF = "staff", "帮办员"
    NOTE = "note", "内部备注"


class Message(models.Model):
    """What was written between resident and helper, or, as an internal note, between helpers only."""

    request = models.ForeignKey(HelpRequest, models.CASCADE, related_name="messages", verbose_name="诉求")
    sender = models.CharField("谁写的", max_length=8, choices=Sender)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name="工作人员")
    text = EncryptedTextField("内容")
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "留言"
        ordering = ["id"]

    def __str__(self):
        return f"{self.get_sender_display()} {self.at:%m-%d %H:%M}"
