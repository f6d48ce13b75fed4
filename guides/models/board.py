"""政策与招聘: what an area's noticeboard holds."""

import re
import unicodedata
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from guides.models.district import district_of, own_district
from guides.models.places import Area

MAX_SEARCH = 200  # characters of a search that are read
MAX_WORDS = 10  # more would only make the query dear; nobody types them


def words_of(text: str) -> list[str]:
    """The words of what somebody typed, parted by blanks and commas, full-width letters made plain, each once; at most MAX_WORDS of the
    first MAX_SEARCH characters."""
    words = re.split(r"[\s,;!?。、]+", unicodedata.normalize("NFKC", text[:MAX_SEARCH]))
    return list(dict.fromkeys(filter(None, words)))[:MAX_WORDS]


class BoardQuerySet(models.QuerySet):
    def of_district(self, district: str):
        """Those of a district (its 12-digit code). What names no area is of the installation's own."""
        inside = Q(area__code__startswith=district[:6])
        return self.filter(inside | Q(area=None) if district == own_district() else inside)

    def current(self, *, area: Area | None = None, district: str = ""):
        """Published and not yet expired today, for an area: what concerns it or an area above it. Without an area all of a district, by default
        the installation's own."""
        today = timezone.localdate()
        rows = self.filter(published_on__lte=today).filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today))
        rows = rows.of_district(district or district_of(area))
        if area is not None:
            rows = rows.filter(Q(area=None) | Q(area__in=area.lineage_codes))
        return rows.select_related("area")

    def saying(self, text: str):
        """Where every word of `text` stands in one of the model's `searched` columns. A plain substring, so both databases find the same."""
        rows = self
        for word in words_of(text):
            anywhere = Q()
            for column in self.model.searched:
                anywhere |= Q(**{f"{column}__icontains": word})
            rows = rows.filter(anywhere)
        return rows


class BoardItem(models.Model):
    area = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, verbose_name="范围", help_text="空着表示全区。")
    published_on = models.DateField("发布日期", default=timezone.localdate)
    expires_on = models.DateField("到期日期", null=True, blank=True, help_text="过了这天就不再显示。")
    source = models.CharField("来源", max_length=100, help_text="谁发的，例如 区就业创业服务中心。")
    is_sample = models.BooleanField("示例", default=False, help_text="示例会在页面上标明，不是真的。")

    searched: ClassVar[tuple[str, ...]] = ()  # the columns that a search looks into

    objects = BoardQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-published_on", "-id"]

    @property
    def has_ended(self) -> bool:
        """Past its last day; on the day itself it still holds."""
        return self.expires_on is not None and self.expires_on < timezone.localdate()


class NoticeKind(models.TextChoices):
    WORK = "work", "就业创业"
    INSURANCE = "insurance", "社保医保"
    SUBSIDY = "subsidy", "补贴救助"
    ENTERPRISE = "enterprise", "企业"
    OTHER = "other", "其他"


class Notice(BoardItem):
    kind = models.CharField("类别", max_length=10, choices=NoticeKind, default=NoticeKind.OTHER)
    title = models.CharField("标题", max_length=60)
    text = models.TextField("内容", max_length=3000)

    searched = ("title", "source", "text")

    class Meta(BoardItem.Meta):
        verbose_name = verbose_name_plural = "政策通知"

    def __str__(self):
        return self.title


class JobKind(models.TextChoices):
    FULL = "full", "全职"
    PART = "part", "兼职、零工"
    WELFARE = "welfare", "公益性岗位"
    INTERN = "intern", "见习、实习"


class JobPosting(BoardItem):
    kind = models.CharField("类别", max_length=8, choices=JobKind, default=JobKind.FULL)
    title = models.CharField("岗位", max_length=40)
    employer = models.CharField("用人单位", max_length=60)
    place = models.CharField("上班地点", max_length=60, blank=True)
    pay = models.CharField("工资", max_length=40, blank=True)
    headcount = models.PositiveSmallIntegerField("人数", null=True, blank=True)
    text = models.TextField("要求和说明", max_length=2000, blank=True)
    phone = models.CharField("联系电话", max_length=20, blank=True)

    searched = ("title", "employer", "place", "text")

    class Meta(BoardItem.Meta):
        verbose_name = verbose_name_plural = "招聘信息"

    def __str__(self):
        return f"{self.employer} {self.title}"
