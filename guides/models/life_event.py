"""一件事: several guides that one event in life or business needs, in their order, with one merged list of papers."""

from django.core.validators import RegexValidator
from django.db import models

from guides.models.district import OfDistrict
from guides.models.guide import Audience, Guide, Status


class LifeEventQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status=Status.PUBLISHED)

    def containing(self, guide: Guide):
        return self.published().filter(steps__guide=guide)

    def whole(self):
        """With its steps and everything their guides hold, in a constant number of queries."""
        steps = LifeEventStep.objects.prefetch_related(models.Prefetch("guide", Guide.objects.whole()))
        return self.prefetch_related(models.Prefetch("steps", steps))


class LifeEvent(OfDistrict):
    slug = models.CharField("代号", max_length=30, validators=[RegexValidator(r"^[a-z]+(-[a-z]+)*$", "代号用小写字母，可以带短横，例如 newborn。")])
    title = models.CharField("名称", max_length=40, help_text="居民怎么说就怎么写，例如 家里添了孩子。")
    answer = models.CharField("一句话说明", max_length=200)
    aliases = models.JSONField("别的叫法", default=list, blank=True, help_text="一行一个。")
    audience = models.CharField("办事人", max_length=10, choices=Audience, default=Audience.PERSONAL)
    order = models.PositiveSmallIntegerField("顺序", default=100)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.DRAFT, db_index=True)
    updated_at = models.DateTimeField("修改时间", auto_now=True)

    objects = LifeEventQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "一件事"
        ordering = ["order", "slug"]
        constraints = [models.UniqueConstraint(fields=["district", "slug"], name="one_life_event_per_slug", violation_error_message="这个代号用过了。")]

    def __str__(self):
        return self.title


class LifeEventStep(models.Model):
    """One guide of an event. `case` is the usual answers of its situations as they stand in an address, such as kind=first."""

    event = models.ForeignKey(LifeEvent, models.CASCADE, related_name="steps", verbose_name="一件事")
    guide = models.ForeignKey(Guide, models.PROTECT, related_name="event_steps", verbose_name="事项")
    case = models.CharField("情形", max_length=120, blank=True, help_text="例如 kind=first&who=self；空着就用最常见的。")
    note = models.CharField("说明", max_length=120, blank=True, help_text="为什么要办、什么时候办。")
    optional = models.BooleanField("不是家家都要办", default=False)
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "要办的事项"
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["event", "guide"], name="one_step_per_guide", violation_error_message="这个事项已经在里面了。")]

    def __str__(self):
        return self.guide.plain_title
