"""Who works where and when: postings, days off, market days, and which neighbours step in."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from guides.models import Area

WEEKDAYS = RegexValidator(r"^[1-7]+$", "用数字写，1是星期一，7是星期日，例如 12345。")


class Posting(models.Model):
    """Who works where. At a community: its queue. At a township or the district: the queue that arrives there when nobody below is posted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="postings", verbose_name="工作人员")
    area = models.ForeignKey(Area, models.PROTECT, related_name="postings", verbose_name="负责哪里")
    is_steward = models.BooleanField("项目管家", default=False, help_text="接企业事项；排在区一级。")
    weekdays = models.CharField("星期几在岗", max_length=7, default="12345", validators=[WEEKDAYS], help_text="1是星期一。放假和调休跟着国家的走。")

    class Meta:
        verbose_name = verbose_name_plural = "帮办分工"
        ordering = ["area_id", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "area"], name="one_posting", violation_error_message="这个人已经负责这里了。")]

    def __str__(self):
        return f"{self.user} · {self.area}"


class Part(models.TextChoices):
    DAY = "day", "全天"
    MORNING = "morning", "上午"
    AFTERNOON = "afternoon", "下午"


class AbsenceKind(models.TextChoices):
    """Why somebody is away, no finer than colleagues need: what ails a person is nobody's business."""

    LEAVE = "leave", "请假"
    TRAINING = "training", "开会、培训"
    MARKET = "market", "去集上"


class Absence(models.Model):
    """One person away from `starts_on` to `ends_on`, both included; `part` of each of these days."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences", verbose_name="谁")
    starts_on = models.DateField("从哪天")
    ends_on = models.DateField("到哪天", db_index=True)
    part = models.CharField("哪半天", max_length=10, choices=Part, default=Part.DAY)
    kind = models.CharField("做什么", max_length=10, choices=AbsenceKind, default=AbsenceKind.LEAVE)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="谁登记的")
    entered_at = models.DateTimeField("登记时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "不在岗"
        ordering = ["starts_on", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_on__gte=models.F("starts_on")), name="absence_ends_after_start", violation_error_message="到哪天不能早于从哪天。"),
        ]

    def __str__(self):
        return f"{self.user} {self.starts_on:%m-%d}—{self.ends_on:%m-%d}"


class MarketRule(models.TextChoices):
    SOLAR = "solar", "公历逢几"
    LUNAR = "lunar", "农历逢几"
    WEEKDAY = "weekday", "星期几"


class MarketDay(models.Model):
    """赶集日 of a community: its helpers are at the market, so its neighbours take what comes in."""

    area = models.OneToOneField(Area, models.CASCADE, related_name="market_day", verbose_name="哪个村（社区）")
    rule = models.CharField("怎么算", max_length=8, choices=MarketRule)
    digits = models.CharField(
        "逢几", max_length=10, validators=[RegexValidator(r"^[0-9]+$", "写数字，例如 逢三逢八写 38；星期三写 3。")], help_text="逢三逢八写 38；星期六写 6。"
    )
    part = models.CharField("哪半天", max_length=10, choices=Part, default=Part.MORNING)

    class Meta:
        verbose_name = verbose_name_plural = "赶集日"
        ordering = ["area_id"]

    def __str__(self):
        return f"{self.area} {self.get_rule_display()}{self.digits}"


class Cover(models.Model):
    """邻村互助: whose helpers step in when nobody of `area` is there; lower `order` first. Without any, the communities of the same township."""

    area = models.ForeignKey(Area, models.CASCADE, related_name="covers", verbose_name="哪个村（社区）")
    neighbour = models.ForeignKey(Area, models.CASCADE, related_name="covers_for", verbose_name="谁来顶")
    order = models.PositiveSmallIntegerField("先后", default=1)

    class Meta:
        verbose_name = verbose_name_plural = "邻村互助"
        ordering = ["area_id", "order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["area", "neighbour"], name="one_cover", violation_error_message="这两个村（社区）已经结了对。"),
            models.CheckConstraint(condition=~models.Q(area=models.F("neighbour")), name="cover_by_another", violation_error_message="自己不能顶自己。"),
        ]

    def __str__(self):
        return f"{self.area} ← {self.neighbour}"
