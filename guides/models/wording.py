"""How residents speak: words that mean the same, and what they searched for without finding it."""

from django.core.exceptions import ValidationError
from django.db import models

from guides.models.district import own_district
from guides.models.guide import Guide


def validate_words(value):
    words = [word.strip() for word in value if isinstance(word, str)] if isinstance(value, list) else []
    if len(set(words)) < 2 or len(words) != len(value) or not all(1 < len(word) <= 20 for word in words):
        raise ValidationError("至少写两个不同的词，一行一个，每个2到20个字。")


class Synonym(models.Model):
    """Words that search takes as one: 老爸 · 父亲 · 爸爸."""

    words = models.JSONField("一个意思的词", validators=[validate_words], help_text="一行一个。第一个最好是指南里的写法。")

    class Meta:
        verbose_name = verbose_name_plural = "同义词"
        ordering = ["id"]

    def __str__(self):
        return " · ".join(self.words)


class MissState(models.TextChoices):
    OPEN = "open", "待处理"
    ALIAS = "alias", "加成了别的叫法"
    SYNONYM = "synonym", "加成了同义词"
    DRAFT = "draft", "写了新指南"
    DROPPED = "dropped", "不用管"


class SearchMiss(models.Model):
    """What was searched for and not found, or not surely: the words and how often, never who or at what time of day."""

    district = models.CharField("区（县）", max_length=12, default=own_district, db_index=True, editable=False, help_text="12位区划代码。")
    text = models.CharField("居民搜的", max_length=60)
    count = models.PositiveIntegerField("几次", default=0)
    first_on = models.DateField("头一次")
    last_on = models.DateField("最近一次", db_index=True)
    state = models.CharField("怎么处理的", max_length=8, choices=MissState, default=MissState.OPEN, db_index=True)
    guide = models.ForeignKey(Guide, models.SET_NULL, null=True, blank=True, related_name="misses", verbose_name="对应的指南")
    handled_by = models.CharField("谁处理的", max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "没搜到的"
        ordering = ["-count", "-last_on", "text"]
        constraints = [models.UniqueConstraint(fields=["district", "text"], name="one_miss_per_text")]

    def __str__(self):
        return self.text
