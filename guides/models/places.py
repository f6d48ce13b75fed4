"""Where: the tree of areas, the offices with their hours, and the days that differ from the national calendar."""

import re
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from guides.models.sourced import Sourced

MONTH_DAY = RegexValidator(r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", "请写成 月-日，例如 05-01。")


class Level(models.TextChoices):
    DISTRICT = "district", "区（县）"
    TOWNSHIP = "township", "乡镇（街道）"
    COMMUNITY = "community", "村（社区）"


@lru_cache(maxsize=4096)
def short_name_of(name: str) -> str:
    """水韵名都社区, 下庄子村: the name of an area as people say it, without 居民委员会."""
    return re.sub(r"(村)?(村民委员会)$", "村", re.sub(r"(社区)?居民委员会$", "社区", name))


def is_village_name(name: str) -> bool:
    return name.endswith("村民委员会")


class AreaQuerySet(models.QuerySet):
    def within(self, area: "Area"):
        """The area itself and everything below it. Official codes nest by prefix (GB/T 2260 and its statistical extension)."""
        return self.filter(code__startswith=area.prefix)


class Area(models.Model):
    """One node of 区 · 乡镇街道 · 村社区, keyed by its 12-digit statistical code."""

    code = models.CharField("区划代码", max_length=12, primary_key=True, validators=[RegexValidator(r"^\d{12}$", "区划代码是12位数字。")])
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级")
    contact_name = models.CharField("帮办联系人（称呼）", max_length=30, blank=True, help_text="例如 王姐、李主任。会显示给居民。")
    contact_phone = models.CharField("帮办电话", max_length=20, blank=True, help_text="核实过再填；不填就请居民打 12345。")

    objects = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "区划"
        ordering = ["code"]

    def __str__(self):
        return self.short_name

    @property
    def short_name(self) -> str:
        return short_name_of(self.name)

    @property
    def is_village(self) -> bool:
        return is_village_name(self.name)

    @property
    def prefix(self) -> str:
        """The digits shared by everything inside: 6 for a district, 9 for a township, all 12 for a community."""
        return self.code[: {Level.DISTRICT: 6, Level.TOWNSHIP: 9}.get(self.level, 12)]

    @property
    def lineage_codes(self) -> list[str]:
        """Own code and those of the areas above, nearest first."""
        return list(dict.fromkeys([self.code, self.code[:9] + "000", self.code[:6] + "000000"]))

    def contains(self, code: str) -> bool:
        return code.startswith(self.prefix)


class OfficeKind(models.TextChoices):
    STATION = "station", "村（社区）便民服务站"
    CENTRE = "centre", "乡镇（街道）民生服务中心"
    HALL = "hall", "区政务服务中心"
    POLICE = "police", "派出所户籍窗口"
    REALESTATE = "realestate", "不动产登记窗口"
    MEDICAL = "medical", "医保经办窗口"
    SOCIAL = "social", "社保经办窗口"
    EMPLOYMENT = "employment", "就业服务窗口"
    TAX = "tax", "办税服务厅"
    MARRIAGE = "marriage", "婚姻登记处"
    DISABLED = "disabled", "区残联"
    CLINIC = "clinic", "社区卫生服务中心（乡镇卫生院）"
    HOSPITAL = "hospital", "医院（助产机构、定点医院）"
    BANK = "bank", "银行网点"


class Office(Sourced):
    """办理地点. What is unknown stays empty and the page says 请拨打12345."""

    code = models.SlugField("代号", max_length=40, unique=True)
    name = models.CharField("名称", max_length=60)
    kind = models.CharField("类别", max_length=12, choices=OfficeKind, db_index=True)
    area = models.ForeignKey(Area, models.PROTECT, related_name="offices", verbose_name="服务范围", help_text="这里的居民到这个点办。")
    address = models.CharField("地址", max_length=120, blank=True)
    floor = models.CharField("楼层和窗口", max_length=60, blank=True)
    phone = models.CharField("电话", max_length=40, blank=True)
    longitude = models.DecimalField("经度(GCJ-02)", max_digits=9, decimal_places=6, null=True, blank=True)
    latitude = models.DecimalField("纬度(GCJ-02)", max_digits=8, decimal_places=6, null=True, blank=True)
    step_free = models.BooleanField("轮椅能进", null=True, blank=True)
    hours_are_sample = models.BooleanField("时间是示例", default=True, help_text="核实过真实时间后取消勾选。")
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "办理地点"
        ordering = ["kind", "area_id", "code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(longitude__isnull=True, latitude__isnull=True)
                | models.Q(longitude__isnull=False, latitude__isnull=False),
                name="office_both_coordinates",
                violation_error_message="经度和纬度要么都填，要么都空着。",
            ),
        ]

    def __str__(self):
        return self.name


class OfficeHours(models.Model):
    """One slot of a weekly timetable within a season, such as 09:00-12:00 on weekdays from 05-01 to 09-30."""

    office = models.ForeignKey(Office, models.CASCADE, related_name="hours", verbose_name="办理地点")
    season_from = models.CharField("季节起（月-日）", max_length=5, default="01-01", validators=[MONTH_DAY])
    season_to = models.CharField("季节止（月-日）", max_length=5, default="12-31", validators=[MONTH_DAY])
    weekdays = models.CharField(
        "星期", max_length=7, default="12345", validators=[RegexValidator(r"^[1-7]+$", "用数字写，1是星期一，7是星期日，例如 12345。")]
    )
    opens = models.TimeField("开门")
    closes = models.TimeField("关门")

    class Meta:
        verbose_name = verbose_name_plural = "开放时间"
        ordering = ["season_from", "opens"]

    def __str__(self):
        return f"{self.opens:%H:%M}—{self.closes:%H:%M}"

    def clean(self):
        if self.opens and self.closes and self.opens >= self.closes:
            raise ValidationError("开门要早于关门。上午、下午分两行填。")


class SpecialDay(models.Model):
    """A day on which an area (or all) rests or works against the national calendar: 开斋节, 古尔邦节, a power cut, an extra Saturday."""

    date = models.DateField("日期")
    area = models.ForeignKey(Area, models.CASCADE, null=True, blank=True, verbose_name="范围", help_text="空着表示全部。")
    is_open = models.BooleanField("上班", default=False)
    name = models.CharField("名称", max_length=40)

    class Meta:
        verbose_name = verbose_name_plural = "特殊日子"
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["date", "area"], name="one_special_day_per_area", violation_error_message="这一天这个范围已经有了。"),
            models.UniqueConstraint(
                fields=["date"], condition=models.Q(area__isnull=True), name="one_special_day_for_all", violation_error_message="这一天已经有了。"
            ),
        ]

    def __str__(self):
        return f"{self.date:%Y-%m-%d} {self.name}"
