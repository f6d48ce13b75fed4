"""区（县）: what a district says of itself, and which of its departments a member of the bureau writes for."""

from time import monotonic
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from guides import freshness
from guides.models.places import Area, Level

KEPT_SECONDS = 60  # as long as a cache may keep a page; a process that follows the content's number has them right at once


def own_district() -> str:
    """The 12-digit code of the district that the installation was set up for; others are added by `init_district`."""
    return settings.DISTRICT_CODE


def district_code_of(code: str) -> str:
    """The 12-digit code of the district that an area code lies in. Official codes nest by prefix (GB/T 2260)."""
    return code[:6] + "000000"


def district_of(area: Area | None) -> str:
    """The code of the district an area lies in; without an area the installation's own."""
    return district_code_of(area.code) if area else own_district()


class OfDistrict(models.Model):
    """Something that each district has its own of, under a `slug` that is its own within the district."""

    district = models.CharField("区（县）", max_length=12, default=own_district, db_index=True, editable=False, help_text="12位区划代码。")

    class Meta:
        abstract = True

    def clean(self):
        super().clean()
        if type(self)._default_manager.filter(district=self.district, slug=self.slug).exclude(pk=self.pk).exists() and not getattr(self, "next_of_id", None):
            raise ValidationError({"slug": "这个代号用过了。"})


class District(models.Model):
    """The words of one district in header, footer and print. What is empty comes from the settings; a district without a row has only those."""

    area = models.OneToOneField(Area, models.PROTECT, primary_key=True, limit_choices_to={"level": Level.DISTRICT}, verbose_name="区（县）")
    site_name = models.CharField("网站名称", max_length=40, blank=True)
    organiser = models.CharField("主办单位", max_length=60, blank=True)
    hotline = models.CharField("热线电话", max_length=20, blank=True, help_text="空着就是 12345。")
    icp = models.CharField("ICP备案号", max_length=60, blank=True)
    police_record = models.CharField("公安备案号", max_length=60, blank=True)
    site_identifier = models.CharField("政府网站标识码", max_length=20, blank=True)

    kept: ClassVar[dict[str, "District"] | None] = None
    kept_until: ClassVar[float] = 0.0
    kept_as_of: ClassVar[int | None] = None

    class Meta:
        verbose_name = verbose_name_plural = "区（县）"
        ordering = ["area_id"]

    def __str__(self):
        return self.area.name

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        District.kept = None  # other processes read it anew once the stamp has moved

    @classmethod
    def known(cls) -> dict[str, "District"]:
        """All rows by code with their areas, as they stood at this number of the content: every page needs them, and they change once a year."""
        as_of = freshness.generation() if freshness.is_followed() else None
        if cls.kept is None or cls.kept_as_of != as_of or cls.kept_until < monotonic():
            cls.kept = {row.area_id: row for row in cls.objects.select_related("area")}
            cls.kept_until, cls.kept_as_of = monotonic() + KEPT_SECONDS, as_of
        return cls.kept


class EditorPosting(models.Model):
    """Which district's guides an editor or reviewer works on, and of which department. No department: of all."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="editor_postings", verbose_name="编辑、审核")
    district = models.ForeignKey(Area, models.PROTECT, related_name="editor_postings", limit_choices_to={"level": Level.DISTRICT}, verbose_name="区（县）")
    department = models.CharField("主管部门", max_length=80, blank=True, help_text="照指南里“主管部门”的写法；空着就管这个区（县）的全部指南。")

    class Meta:
        verbose_name = verbose_name_plural = "编辑分工"
        ordering = ["user_id", "district_id", "department"]
        constraints = [
            models.UniqueConstraint(fields=["user", "district", "department"], name="one_editor_posting", violation_error_message="这个人已经有这一项分工了。")
        ]

    def __str__(self):
        return f"{self.user} · {self.district} · {self.department or '全部'}"
