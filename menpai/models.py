from django.conf import settings
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


class ImportState(models.TextChoices):
    CHECK = "check", "等着检查"
    CHECKED = "checked", "检查过了"
    WRITE = "write", "等着写入"
    DONE = "done", "导入完了"
    FAILED = "failed", "没做成"


class ImportJob(models.Model):
    """One workbook on its way in: tried, shown, confirmed, written. The file lies in a private store until it is written, 7 days at most.

    A small file is done while its sender waits; a large one is worked off by `work_imports`, which holds it by a lease: a worker that dies
    leaves a row whose lease runs out, and nothing half written, for what is written and the state change in one transaction.
    """

    kind = models.CharField("哪种表", max_length=20)
    file = models.CharField("文件", max_length=100)
    name = models.CharField("文件名", max_length=100, blank=True)
    is_large = models.BooleanField("在后台做", default=False)
    state = models.CharField("到哪一步了", max_length=8, choices=ImportState, default=ImportState.CHECK, db_index=True)
    rows_total = models.PositiveIntegerField("一共几行", default=0)
    rows_done = models.PositiveIntegerField("读到几行", default=0)
    report = models.JSONField("检查结果", default=dict)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="谁导入的")
    asked_at = models.DateTimeField("上传时间", auto_now_add=True, db_index=True)
    ended_at = models.DateTimeField("做完时间", null=True, blank=True)
    lease = models.UUIDField("谁在做", null=True, blank=True)
    leased_until = models.DateTimeField("做到几时", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("试了几次", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "Excel 导入"
        ordering = ["-asked_at", "-id"]

    def __str__(self):
        return self.name or self.kind


class BackupTaken(models.Model):
    """One row: when the last backup that succeeded was begun, and how large it is. For the operator's page and for monitoring."""

    at = models.DateTimeField("备份时间")
    size = models.BigIntegerField("大小")

    class Meta:
        verbose_name = verbose_name_plural = "最近一次备份"

    def __str__(self):
        return str(self.at)


class JobRun(models.Model):
    """How a job that runs by itself is doing: one row a job, so it never grows. A daily job is taken by a conditional UPDATE of `leased_until`."""

    name = models.CharField("哪件活", max_length=40, primary_key=True)
    ended_at = models.DateTimeField("最近一次做完", null=True, blank=True)
    succeeded_at = models.DateTimeField("最近一次做成", null=True, blank=True)
    seconds = models.FloatField("用了几秒", default=0)
    trouble = models.CharField("没做成的原因", max_length=80, blank=True, help_text="错误的类型，没有内容。")
    day = models.DateField("做成的是哪一天的", null=True, blank=True)
    leased_until = models.DateTimeField("做到几时算断了", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "自己跑的活"

    def __str__(self):
        return self.name


class HourCount(models.Model):
    """How often something happened in an hour: an error, a try that a limit refused. Where in the program, never to whom."""

    kind = models.CharField("什么", max_length=10)
    where = models.CharField("在哪里", max_length=80)
    hour = models.DateTimeField("哪个小时", db_index=True)
    count = models.PositiveIntegerField("次数", default=0)
    last_at = models.DateTimeField("最近一次")
    last_id = models.CharField("最近一次的编号", max_length=64, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "按小时计数"
        constraints = [models.UniqueConstraint(fields=["kind", "where", "hour"], name="one_count_an_hour")]

    def __str__(self):
        return f"{self.where} {self.count}"
