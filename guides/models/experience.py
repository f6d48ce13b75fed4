"""What went wrong with a guide in real life: papers that were refused, and what readers say is wrong on the page."""

import secrets

from django.db import models

from guides.models.guide import Guide
from menpai.encryption import EncryptedTextField


class RefusalReason(models.TextChoices):
    ABSENT = "absent", "没带"
    COPY = "copy", "少复印件"
    EXPIRED = "expired", "过期了"
    MISMATCH = "mismatch", "姓名、号码对不上"
    UNSIGNED = "unsigned", "没签字、没盖章"
    UNCLEAR = "unclear", "看不清"
    WRONG = "wrong", "拿错了"
    OTHER = "other", "别的原因"


class RefusedAt(models.TextChoices):
    PRECHECK = "precheck", "出门前核对"
    WINDOW = "window", "窗口退回"


class Refusal(models.Model):
    """退件: one paper that was not accepted once. Nothing says whose it was."""

    guide = models.ForeignKey(Guide, models.CASCADE, related_name="refusals", verbose_name="办事指南")
    material = models.CharField("材料", max_length=80)
    reason = models.CharField("为什么", max_length=10, choices=RefusalReason)
    case = models.CharField("情形", max_length=200, blank=True)
    at = models.CharField("在哪退的", max_length=10, choices=RefusedAt)
    on = models.DateField("哪天")

    class Meta:
        verbose_name = verbose_name_plural = "退件"
        ordering = ["-id"]
        indexes = [models.Index(fields=["guide", "on"], name="refusals_of_guide")]

    def __str__(self):
        return f"{self.material}：{self.get_reason_display()}"


class CorrectionState(models.TextChoices):
    OPEN = "open", "待处理"
    FIXED = "fixed", "改好了"
    RIGHT = "right", "核对过，没有错"
    DROPPED = "dropped", "不用管"


CODE_CHARACTERS, CODE_LENGTH = "23456789", 10


def new_correction_code() -> str:
    return "".join(secrets.choice(CODE_CHARACTERS) for _ in range(CODE_LENGTH))


def is_correction_code(text: str) -> bool:
    return len(text) == CODE_LENGTH and set(text) <= set(CODE_CHARACTERS)


class Correction(models.Model):
    """“这里写错了”: which part of which guide, in the reader's words. The code lets the sender read the answer."""

    code = models.CharField("查答复的号", max_length=10, unique=True, default=new_correction_code, editable=False)
    guide = models.ForeignKey(Guide, models.CASCADE, related_name="corrections", verbose_name="办事指南")
    part = models.CharField("哪里写错了", max_length=20)
    text = EncryptedTextField("怎么错了", blank=True)
    state = models.CharField("处理", max_length=8, choices=CorrectionState, default=CorrectionState.OPEN, db_index=True)
    answer = models.CharField("答复", max_length=200, blank=True, help_text="发来的人凭号能看到。")
    handled_by = models.CharField("谁处理的", max_length=60, blank=True)
    handled_at = models.DateTimeField("处理时间", null=True, blank=True)
    at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "居民纠错"
        ordering = ["-id"]

    def __str__(self):
        return f"{self.guide} {self.part}"
