from django.db import models
from django.utils import timezone


class Mark(models.TextChoices):
    """Where a statement comes from. Only an official source, or a named person's check, makes it 已核实."""

    OFFICIAL = "V", "官方公开文件"
    REPOST = "V-3p", "网上转载"
    COMMON = "K", "一般了解"


OFFICIAL_CHECKER = "公开文件"


class Sourced(models.Model):
    """A statement that can be checked: where it comes from, who stands behind it since when, and for which year it holds."""

    mark = models.CharField("出处类别", max_length=4, choices=Mark, default=Mark.COMMON)
    source = models.CharField("出处", max_length=200, blank=True)
    verified_by = models.CharField("核实人", max_length=40, blank=True)
    verified_on = models.DateField("核实日期", null=True, blank=True)
    valid_for_year = models.PositiveSmallIntegerField("适用年份", null=True, blank=True, help_text="金额、日期每年会变的，填年份。")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verified_by="", verified_on__isnull=True)
                | (~models.Q(verified_by="") & models.Q(verified_on__isnull=False)),
                name="%(app_label)s_%(class)s_verified_whole",
                violation_error_message="核实人和核实日期要一起填，或者都空着。",
            )
        ]

    @property
    def is_verified(self) -> bool:
        return bool(self.verified_by and self.verified_on)

    @property
    def is_of_past_year(self) -> bool:
        return bool(self.valid_for_year and self.valid_for_year < timezone.localdate().year)

    def unverify(self) -> None:
        """A changed statement is nobody's word any more. Does not save."""
        self.verified_by, self.verified_on = "", None


