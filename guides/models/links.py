"""网上办理地址: whether the addresses in guides still answer."""

from django.db import models


class LinkState(models.TextChoices):
    UNKNOWN = "unknown", "还没查"
    FINE = "fine", "能打开"
    UNSURE = "unsure", "没连上，可能是我们这边的网"
    BROKEN = "broken", "打不开"


class Link(models.Model):
    """One address that published guides name, and how it answered last. BROKEN only where the other side said so."""

    url = models.URLField("网址", max_length=500, unique=True)
    state = models.CharField("情况", max_length=8, choices=LinkState, default=LinkState.UNKNOWN, db_index=True)
    detail = models.CharField("回了什么", max_length=120, blank=True)
    checked_at = models.DateTimeField("查的时间", null=True, blank=True)
    broken_since = models.DateTimeField("从什么时候起打不开", null=True, blank=True)
    tries = models.PositiveSmallIntegerField("连着几次打不开", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "网址检查"
        ordering = ["state", "url"]

    def __str__(self):
        return self.url
