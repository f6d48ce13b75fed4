"""内容包: what came from another district last time, guide by guide, so that the next pack is compared three ways."""

import json

from django.db import models


class PackEntry(models.Model):
    """The document of one guide as the last pack of `origin` had it, whatever became of it here."""

    district = models.CharField("区（县）", max_length=12, help_text="收下它的区（县），12位区划代码。")
    slug = models.CharField("代号", max_length=20)
    origin = models.CharField("从哪里来", max_length=12, help_text="发出它的区（县），12位区划代码。")
    text = models.TextField("内容", help_text="JSON 文本，形状同 fixtures/README.md。")
    imported_at = models.DateTimeField("导入时间")

    class Meta:
        verbose_name = verbose_name_plural = "导入过的内容"
        ordering = ["district", "origin", "slug"]
        constraints = [models.UniqueConstraint(fields=["district", "slug", "origin"], name="one_pack_entry_per_guide")]

    def __str__(self):
        return f"{self.slug}（{self.origin}）"

    @property
    def document(self) -> dict:
        return json.loads(self.text)
