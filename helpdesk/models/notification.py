"""What is to be told to whom: the outbox, and how each wants to be told. An outbox row is written with the change that it tells of."""

from datetime import time

from django.conf import settings
from django.db import models

from guides.models import Area
from helpdesk.models.request import HelpRequest
from menpai.encryption import EncryptedTextField


class NotificationKind(models.TextChoices):
    """What happened. The words are made when it is sent, from the request as it then is; no name and no phone is in any of them."""

    NEW = "new", "来了新诉求"
    DUE_SOON = "due_soon", "快到时间了"
    OVERDUE = "overdue", "超过了时间"
    NOBODY = "nobody", "没人当班"
    HANDED_OVER = "handed_over", "转给您了"
    RESIDENT_WROTE = "resident_wrote", "居民有留言"
    FILE_ADDED = "file_added", "居民传了材料"
    GUIDE_CHANGED = "guide_changed", "指南改了"
    STOPPED = "stopped", "当事人叫停了"
    COMPLAINT = "complaint", "投诉、回访要办"
    CORRECTION = "correction", "居民说指南写错了"
    RECEIVED = "received", "诉求收到了"
    STAFF_WROTE = "staff_wrote", "帮办员给您留了言"
    VISIT = "visit", "约好了时间"
    CLOSED = "closed", "办结了"


class Channel(models.TextChoices):
    EMAIL = "email", "邮件"
    SMS = "sms", "短信"
    WECOM = "wecom", "企业微信群"
    DINGTALK = "dingtalk", "钉钉群"


class Robot(models.Model):
    """A group robot of the staff of one area and everything below it. Group messages carry no name, no phone, no free text."""

    name = models.CharField("名称", max_length=30)
    area = models.ForeignKey(Area, models.CASCADE, related_name="robots", verbose_name="哪里的群")
    kind = models.CharField("哪一种", max_length=10, choices=[(Channel.WECOM.value, Channel.WECOM.label), (Channel.DINGTALK.value, Channel.DINGTALK.label)])
    address = EncryptedTextField("机器人地址", help_text="群机器人的 Webhook 地址。")
    secret = EncryptedTextField("加签密钥", blank=True, help_text="钉钉选了“加签”才填。")
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "群机器人"
        ordering = ["area_id", "id"]

    def __str__(self):
        return self.name


class ContactCard(models.Model):
    """How one member of staff wants to be told. Nobody has to be reached outside the desk: empty means they look for themselves."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_card", verbose_name="谁")
    email = EncryptedTextField("邮箱", blank=True)
    mobile = EncryptedTextField("手机", blank=True)
    digest_at = models.TimeField("每天几点汇总一次", null=True, blank=True, help_text="空着：有事就发，几分钟内的并成一条。")
    quiet_from = models.TimeField("几点后不打扰", default=time(20))
    quiet_to = models.TimeField("到几点", default=time(8))

    class Meta:
        verbose_name = verbose_name_plural = "通知方式"
        ordering = ["user_id"]

    def __str__(self):
        return str(self.user)


class SendState(models.TextChoices):
    PENDING = "pending", "等着发"
    SENDING = "sending", "正在发"
    SENT = "sent", "发出去了"
    FAILED = "failed", "没发出去"
    SKIPPED = "skipped", "不用发了"  # nowhere to send it, or no longer true; `answer` says which


class Notification(models.Model):
    """One thing to tell one recipient: a member of staff, a group robot, or the resident of the request."""

    kind = models.CharField("什么事", max_length=16, choices=NotificationKind)
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="notifications", verbose_name="给谁")
    to_robot = models.ForeignKey(Robot, models.CASCADE, null=True, blank=True, related_name="notifications", verbose_name="给哪个群")
    to_resident = models.BooleanField("给居民", default=False)
    request = models.ForeignKey(HelpRequest, models.CASCADE, null=True, blank=True, related_name="notifications", verbose_name="诉求")
    once = models.CharField("只发一次的凭据", max_length=100, unique=True, null=True, blank=True)
    state = models.CharField("状态", max_length=8, choices=SendState, default=SendState.PENDING)
    channel = models.CharField("怎么发的", max_length=10, choices=Channel, blank=True)
    not_before = models.DateTimeField("不早于")
    attempts = models.PositiveSmallIntegerField("试了几次", default=0)
    lease = models.UUIDField("谁在发", null=True, blank=True)
    leased_until = models.DateTimeField("发到几时算断了", null=True, blank=True)
    answer = models.CharField("对方的回答", max_length=200, blank=True)
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    sent_at = models.DateTimeField("发出时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "通知"
        ordering = ["id"]
        indexes = [models.Index(fields=["not_before", "id"], condition=models.Q(state__in=["pending", "sending"]), name="notifications_to_send")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(to_user__isnull=False, to_robot__isnull=True, to_resident=False)
                | models.Q(to_user__isnull=True, to_robot__isnull=False, to_resident=False)
                | models.Q(to_user__isnull=True, to_robot__isnull=True, to_resident=True, request__isnull=False),
                name="notification_has_one_recipient", violation_error_message="一条通知只给一方。",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.get_state_display()}"
