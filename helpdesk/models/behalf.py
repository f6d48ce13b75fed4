"""Acting for somebody else: the family member who asks, and the written authorisation (委托书) for 代办."""

from django.conf import settings
from django.db import models

from helpdesk.models.request import HelpRequest
from menpai.encryption import EncryptedTextField


class Consent(models.TextChoices):
    ASKED = "asked", "还没问过当事人"
    GIVEN = "given", "当事人同意"
    DECLINED = "declined", "当事人不同意"
    WITHDRAWN = "withdrawn", "当事人收回了"


class ConsentHow(models.TextChoices):
    PHONE = "phone", "电话里亲口说的"
    IN_PERSON = "person", "当面说的"
    VIDEO = "video", "视频里说的"


class Principal(models.Model):
    """当事人 of a request that a family member opened: whose matter it is. Both follow the same number, either can stop it."""

    request = models.OneToOneField(HelpRequest, models.CASCADE, related_name="principal", verbose_name="诉求")
    name = EncryptedTextField("当事人称呼")
    phone = EncryptedTextField("当事人电话", blank=True)
    phone_index = models.CharField("电话索引", max_length=32, blank=True, db_index=True)
    consent = models.CharField("同不同意", max_length=10, choices=Consent, default=Consent.ASKED)
    how = models.CharField("怎么问的", max_length=8, choices=ConsentHow, blank=True)
    answered_at = models.DateTimeField("什么时候答的", null=True, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="谁问的")

    class Meta:
        verbose_name = verbose_name_plural = "当事人"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(consent="asked", answered_at__isnull=True) | (~models.Q(consent="asked") & models.Q(answered_at__isnull=False)),
                name="consent_has_moment", violation_error_message="同不同意要记下时间。",
            ),
        ]

    def __str__(self):
        return self.get_consent_display()


class Mandate(models.Model):
    """委托书: who lets whom do what until when, in the words of one version of the text. Ends by itself, or when it is taken back."""

    request = models.ForeignKey(HelpRequest, models.CASCADE, related_name="mandates", verbose_name="诉求")
    text_version = models.CharField("用的哪一版", max_length=20)
    principal_name = EncryptedTextField("委托人")
    scope = EncryptedTextField("委托办什么")
    starts_on = models.DateField("从哪天")
    ends_on = models.DateField("到哪天")
    signed_on = models.DateField("哪天签的", null=True, blank=True, help_text="空着：打出来了，还没签。")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="mandates", verbose_name="委托谁")
    made_at = models.DateTimeField("建立时间", auto_now_add=True)
    revoked_at = models.DateTimeField("什么时候收回的", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "委托书"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_on__gte=models.F("starts_on")), name="mandate_ends_after_start", violation_error_message="到哪天不能早于从哪天。"),
        ]

    def __str__(self):
        return f"{self.starts_on:%Y-%m-%d}—{self.ends_on:%Y-%m-%d}"

    def holds_on(self, day) -> bool:
        """Whether somebody may act by it on that date."""
        return self.signed_on is not None and self.revoked_at is None and self.starts_on <= day <= self.ends_on
