from functools import partial

from django.db import connection, models, transaction
from django.db.models import F

from guides import freshness


class ContentStamp(models.Model):
    """One row that counts content changes, so that every process knows when what it holds in memory is old."""

    version = models.BigIntegerField("版本", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "内容版本"

    def __str__(self):
        return str(self.version)

    @classmethod
    def current(cls) -> int:
        return cls.objects.filter(pk=1).values_list("version", flat=True).first() or 0

    @classmethod
    def advance(cls) -> int:
        """Call in the transaction that changes published content, at its end. Returns the new version; whoever holds it has the row until the
        commit, so versions are seen in their order. Every process that follows `freshness.generation()` hears of it on the commit."""
        if not cls.objects.filter(pk=1).update(version=F("version") + 1):
            cls.objects.get_or_create(pk=1, defaults={"version": 1})
        version = cls.current()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, '')", [freshness.CHANNEL])
        transaction.on_commit(partial(freshness.seen, version))
        return version
