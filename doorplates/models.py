from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from doorplates import codes
from guides.models import Area, Level


class Building(models.Model):
    """楼栋 in a 小区 or 自然村. Entrances (单元) are the finest unit: a household is personal and has no place here."""

    community = models.ForeignKey(Area, models.PROTECT, related_name="buildings", verbose_name="村（社区）", limit_choices_to={"level": Level.COMMUNITY})
    estate = models.CharField("小区（自然村）", max_length=40, blank=True)
    name = models.CharField("楼栋", max_length=40, help_text="例如 8号楼、村委会。")
    entrances = models.JSONField("入口（单元）", default=list, blank=True, help_text="例如 1单元、2单元；只有一个入口就空着。")
    standard_address_code = models.CharField("标准地址编码", max_length=40, blank=True)
    is_sample = models.BooleanField("示例", default=False, help_text="示例楼栋会在页面和打印件上标明。")

    class Meta:
        verbose_name = verbose_name_plural = "楼栋"
        ordering = ["community_id", "estate", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "estate", "name"], name="one_building", violation_error_message="这个村（社区）已经有这栋楼了。")
        ]

    def __str__(self):
        return f"{self.estate}{self.name}"

    def clean(self):
        if not isinstance(self.entrances, list) or not all(isinstance(e, str) and 0 < len(e) <= 20 for e in self.entrances):
            raise ValidationError({"entrances": "一行写一个入口，每个不超过20个字。"})
        if len(set(self.entrances)) != len(self.entrances):
            raise ValidationError({"entrances": "入口不能重复。"})


class Coverage(Area):
    """A community as the back office counts its entrances (doorplates.entrances); no table of its own."""

    class Meta:
        proxy = True
        verbose_name = verbose_name_plural = "门牌覆盖"
        ordering = ["code"]


class PlateState(models.TextChoices):
    ACTIVE = "active", "有效"
    REVOKED = "revoked", "已作废"
    REPLACED = "replaced", "已更换"


class Condition(models.TextChoices):
    """What was last seen on the wall. UNKNOWN: nobody said yet that it hangs."""

    UNKNOWN = "", "没人记过"
    FINE = "fine", "好好的"
    DAMAGED = "damaged", "破了、看不清"
    MOVED = "moved", "贴错了地方"
    GONE = "gone", "不见了"


def place_of(estate: str, building: str, entrance: str) -> str:
    """水韵名都 8号楼 2单元: building and entrance as one says them."""
    return " ".join(part for part in (estate, building, entrance) if part)


class DoorplateQuerySet(models.QuerySet):
    def active(self):
        return self.filter(state=PlateState.ACTIVE)


class Doorplate(models.Model):
    """数字政务门牌: one printed notice at one entrance. Its code is never given to another entrance, not even after its end."""

    code = models.CharField("门牌编号", max_length=codes.LENGTH, unique=True, default=codes.generate, editable=False)
    building = models.ForeignKey(Building, models.PROTECT, related_name="doorplates", verbose_name="楼栋")
    entrance = models.CharField("入口（单元）", max_length=20, blank=True)
    state = models.CharField("状态", max_length=8, choices=PlateState, default=PlateState.ACTIVE, db_index=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="predecessors", verbose_name="换成")
    issued_at = models.DateTimeField("发放时间", default=timezone.now)
    ended_at = models.DateTimeField("停用时间", null=True, blank=True)
    end_reason = models.CharField("停用原因", max_length=60, blank=True)
    condition = models.CharField("墙上的情况", max_length=8, blank=True, choices=Condition, default=Condition.UNKNOWN, db_index=True)
    installed_on = models.DateField("贴上的日期", null=True, blank=True)
    checked_on = models.DateField("最近看过的日期", null=True, blank=True)

    objects = DoorplateQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "门牌"
        ordering = ["building_id", "entrance", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["building", "entrance"], condition=models.Q(state="active"), name="one_active_plate_per_entrance",
                violation_error_message="这个入口已经有一块有效的门牌。",
            ),
            models.CheckConstraint(
                condition=models.Q(state="active", ended_at__isnull=True, successor__isnull=True)
                | models.Q(state="revoked", ended_at__isnull=False, successor__isnull=True)
                | models.Q(state="replaced", ended_at__isnull=False, successor__isnull=False),
                name="plate_end_whole",
                violation_error_message="停用的门牌要有停用时间；更换的要指明新门牌。",
            ),
        ]

    def __str__(self):
        return f"{codes.spoken(self.code)} {self.place}"

    @property
    def place(self) -> str:
        return place_of(self.building.estate, self.building.name, self.entrance)

    @property
    def spoken_code(self) -> str:
        return codes.spoken(self.code)


class Scan(models.Model):
    """One scan of one plate on one day. No time of day, no device, no address: nothing personal can be read from it."""

    # No constraint: PostgreSQL would lock the plate's row for each scan, so that many scans of one plate wait and each rewrites a row of the largest table.
    doorplate = models.ForeignKey(Doorplate, models.CASCADE, related_name="scans", verbose_name="门牌", db_constraint=False)
    day = models.DateField("日期")
    rolled = models.BooleanField("已汇总", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "扫码"
        indexes = [models.Index(fields=["rolled", "day"], name="scans_to_roll_up")]  # each index is paid for by every scan

    def __str__(self):
        return f"{self.day}"


class ScanDay(models.Model):
    """How often one plate was scanned on one day: what stays when its Scan rows are gone."""

    doorplate = models.ForeignKey(Doorplate, models.CASCADE, related_name="scan_days", verbose_name="门牌", db_index=False)
    day = models.DateField("日期")
    count = models.PositiveIntegerField("次数")

    class Meta:
        verbose_name = verbose_name_plural = "每天扫码"
        constraints = [models.UniqueConstraint(fields=["doorplate", "day"], name="one_scan_day_per_plate")]

    def __str__(self):
        return f"{self.day} {self.count}次"


class CheckKind(models.TextChoices):
    INSTALLED = "installed", "贴上了"
    CHECKED = "checked", "看过，好好的"
    DAMAGED = "damaged", "破了、看不清"
    MOVED = "moved", "贴错了地方"
    GONE = "gone", "不见了"


class PlateCheck(models.Model):
    """What a member of staff saw of a plate, and on which day. No time of day, no photo, no position: nobody's route can be read from it (国办函〔2026〕12号)."""

    doorplate = models.ForeignKey(Doorplate, models.CASCADE, related_name="checks", verbose_name="门牌")
    kind = models.CharField("情况", max_length=10, choices=CheckKind)
    on = models.DateField("哪天", default=timezone.localdate)
    by = models.CharField("谁", max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "门牌巡查"
        ordering = ["-on", "-id"]

    def __str__(self):
        return f"{self.on} {self.get_kind_display()}"


class ReportKind(models.TextChoices):
    NOT_MINE = "not_mine", "不是我这栋楼"
    DAMAGED = "damaged", "破了、扫不出来"
    SUSPICIOUS = "suspicious", "看着可疑"


class PlateReport(models.Model):
    """What residents tell of a plate by one tap: one open row per plate and kind, counted up. Nothing says who."""

    doorplate = models.ForeignKey(Doorplate, models.CASCADE, related_name="reports", verbose_name="门牌")
    kind = models.CharField("说什么", max_length=10, choices=ReportKind)
    count = models.PositiveIntegerField("几次", default=1)
    first_on = models.DateField("头一次", default=timezone.localdate)
    last_on = models.DateField("最近一次", default=timezone.localdate)
    settled_by = models.CharField("谁处理的", max_length=60, blank=True)
    settled_on = models.DateField("处理日期", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "居民报的门牌问题"
        ordering = ["-last_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["doorplate", "kind"], condition=models.Q(settled_on=None), name="one_open_report_per_kind"),
        ]

    def __str__(self):
        return self.get_kind_display()
