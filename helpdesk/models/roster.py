from django.conf import settings
from django.db import models

from guides.models import Area


class Posting(models.Model):
    """Who works where. At a community: its queue. At a township or the district: the queue that arrives there when nobody below is posted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="postings", verbose_name="工作人员")
    area = models.ForeignKey(Area, models.PROTECT, related_name="postings", verbose_name="负责哪里")
    is_steward = models.BooleanField("项目管家", default=False, help_text="接企业事项；排在区一级。")

    class Meta:
        verbose_name = verbose_name_plural = "帮办分工"
        ordering = ["area_id", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "area"], name="one_posting", violation_error_message="这个人已经负责这里了。")]

    def __str__(self):
        return f"{self.user} · {self.area}"
