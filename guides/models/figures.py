"""What is counted: single openings as they come, and what they add up to a day. Nothing here says who, from which phone or at what time of day."""

from django.db import models


class What(models.TextChoices):
    """What one figure of a day is about."""

    SCAN = "scan", "扫门牌"
    OPEN = "open", "从外面打开"
    GUIDE = "guide", "看办事指南"
    EVENT = "event", "看一件事"
    TOPIC = "topic", "看主题"
    FOUND = "found", "搜到"
    MISSED = "missed", "没搜到"
    ASKED = "asked", "新来的诉求"
    KEPT = "kept", "没过时间办结的诉求"
    BROKEN = "broken", "过了时间才办结的诉求"
    LATE = "late", "这天过了时间的诉求"


class Opened(models.TextChoices):
    """What kind of page was opened. All but PAGE are counted under the same word in What, each by its key."""

    PAGE = "page", "别的页面"
    GUIDE = What.GUIDE.value, What.GUIDE.label
    EVENT = What.EVENT.value, What.EVENT.label
    TOPIC = What.TOPIC.value, What.TOPIC.label
    FOUND = What.FOUND.value, What.FOUND.label
    MISSED = What.MISSED.value, What.MISSED.label


class View(models.Model):
    """One page opened once. A narrow row that is only ever inserted, so that a busy page is no hot row; counted into DayFigure, then kept for 90 days."""

    day = models.DateField("日期")
    area = models.CharField("区划代码", max_length=12, help_text="页面地址里的村（社区）；没有就是本区（县）。")
    kind = models.CharField("打开了什么", max_length=6, choices=Opened)
    key = models.CharField("代号", max_length=30, blank=True, help_text="指南、一件事或主题的代号；搜索记的是搜到的指南，不记搜的字。")
    entry = models.BooleanField("从外面打开", default=False)
    rolled = models.BooleanField("已汇总", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "打开页面"
        indexes = [models.Index(fields=["rolled", "day"], name="views_to_roll_up")]

    def __str__(self):
        return f"{self.day} {self.get_kind_display()}"


class DayFigure(models.Model):
    """How many of one thing on one day in one area: a community, and again for its township and its district, so that no page adds up a province."""

    area = models.CharField("区划代码", max_length=12)
    what = models.CharField("数的是什么", max_length=6, choices=What)
    day = models.DateField("日期")
    key = models.CharField("代号", max_length=30, blank=True)
    number = models.PositiveIntegerField("次数")

    class Meta:
        verbose_name = verbose_name_plural = "看数"
        constraints = [models.UniqueConstraint(fields=["area", "what", "day", "key"], name="one_day_figure")]

    def __str__(self):
        return f"{self.day} {self.get_what_display()}"


class RolledUp(models.Model):
    """Up to which day, that day included, something that has its own tables was added up. Moved by a conditional UPDATE: one machine does a day."""

    what = models.CharField("数的是什么", max_length=10, primary_key=True)
    through = models.DateField("汇总到哪天")

    class Meta:
        verbose_name = verbose_name_plural = "汇总进度"

    def __str__(self):
        return f"{self.what} {self.through}"
