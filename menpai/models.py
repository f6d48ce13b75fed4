from django.db import models


class Attempt(models.Model):
    """How often something was tried in the running window. `key` is a keyed hash: no address, number or name is stored."""

    key = models.CharField("计数键", max_length=64, unique=True)
    count = models.PositiveIntegerField("次数", default=0)
    expires_at = models.DateTimeField("到期时间", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "限流计数"

    def __str__(self):
        return self.key[:8]
