"""办事指南: one service as a resident needs it, made of statements that each know where they come from."""

import json

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from guides.models.district import OfDistrict
from guides.models.places import MONTH_DAY, Level, Office, OfficeKind
from guides.models.sourced import Sourced

SLUG = RegexValidator(r"^[a-z]+-\d{3}$", "代号写成 拼音-三位数字，例如 yibao-001。")


# The key stands in the page's address beside these words, so it may not be one of them.
SITUATION_KEY = RegexValidator(r"^(?!(?:all|step|page)$)[a-z]+$", "用小写字母，例如 who；不能用 all、step、page。")


class Domain(models.Model):
    """主题, such as 医疗保障. Its slug begins the slugs of its guides."""

    slug = models.SlugField("代号", max_length=20, unique=True)
    name = models.CharField("名称", max_length=20, unique=True)
    order = models.PositiveSmallIntegerField("顺序", default=100)

    class Meta:
        verbose_name = verbose_name_plural = "主题"
        ordering = ["order", "slug"]

    def __str__(self):
        return self.name


class Audience(models.TextChoices):
    PERSONAL = "personal", "个人"
    ENTERPRISE = "enterprise", "企业"


class Status(models.TextChoices):
    DRAFT = "draft", "草稿"
    REVIEW = "review", "待审核"
    SCHEDULED = "scheduled", "定时发布"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已撤下"


class Stage(models.TextChoices):
    """工程建设项目的阶段, in the order a project goes through them (国办发〔2019〕11号)."""

    LAND = "land", "立项用地规划许可"
    DESIGN = "design", "工程建设许可"
    BUILD = "build", "施工许可"
    ACCEPT = "accept", "竣工验收"


class Unit(models.TextChoices):
    WORKDAY = "workday", "个工作日"
    DAY = "day", "天"
    MONTH = "month", "个月"


class Agency(models.TextChoices):
    """帮办 = advise and accompany; 代办 = act for the person, who need not come."""

    AGENT = "agent", "可以代办"
    ACCOMPANY = "accompany", "只能帮办，本人要到场"


class GuideQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status=Status.PUBLISHED)

    def whole(self):
        """With every part a page shows, in a constant number of queries."""
        return self.select_related("domain").prefetch_related(
            "facts", "statements", "materials__issued_by", "steps", "situations__answers", "counters__office"
        )


class Guides(models.Manager.from_queryset(GuideQuerySet)):
    """The guides themselves, without the next versions that are being written beside published ones."""

    def get_queryset(self):
        return super().get_queryset().filter(next_of=None)


class Guide(OfDistrict):
    """事项. A value that is unknown is empty (None or ""); what is known of a value's origin is its `Fact` row.

    While the next version of a published guide is written it is a row of its own, `next_of` the published one: `objects` never shows it.
    """

    slug = models.CharField("代号", max_length=20, validators=[SLUG])
    next_of = models.OneToOneField("self", models.CASCADE, null=True, blank=True, editable=False, related_name="next_version", verbose_name="是哪一份的下一版")
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="guides", verbose_name="主题")
    title = models.CharField("事项名称", max_length=80)
    plain_title = models.CharField("大白话名称", max_length=40, help_text="居民怎么说就怎么写，20个字以内最好。")
    answer = models.CharField("一句话回答", max_length=200, help_text="不写没有核实的金额、天数和日期。")
    audience = models.CharField("办事人", max_length=10, choices=Audience, default=Audience.PERSONAL)
    department = models.CharField("主管部门", max_length=80)
    aliases = models.JSONField("别的叫法", default=list, blank=True, help_text="居民会怎么搜。")
    phrasings = models.JSONField("居民怎么问", default=list, blank=True, help_text="一行一句，居民嘴里怎么说就怎么写。搜索和智能客服靠它听懂话，页面上不显示。")
    counter_level = models.CharField("一般在哪一级办", max_length=10, choices=Level)
    priority = models.PositiveSmallIntegerField("优先级", default=2)
    featured = models.PositiveSmallIntegerField("常用排第几", null=True, blank=True, help_text="填了数字就出现在首页“大家常办的”里，小的在前。")
    is_brief = models.BooleanField("简版", default=False, help_text="只写了最要紧的几样，页面上会说明。写全了就取消勾选。")
    stage = models.CharField("建设项目的阶段", max_length=8, choices=Stage, blank=True, help_text="只有投资建设的事项要填。")
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.DRAFT, db_index=True)
    national_code = models.CharField("国家基本编码", max_length=12, blank=True, validators=[RegexValidator(r"^\w{12}$", "国家基本编码是12位。")])
    implementation_code = models.CharField("实施编码", max_length=31, blank=True, validators=[RegexValidator(r"^\w{31}$", "实施编码是31位。")])

    legal_limit = models.PositiveSmallIntegerField("法定时限", null=True, blank=True, help_text="0 表示当场办完。")
    legal_limit_unit = models.CharField("法定时限单位", max_length=8, choices=Unit, default=Unit.WORKDAY)
    promised_limit = models.PositiveSmallIntegerField("承诺时限", null=True, blank=True, help_text="0 表示当场办完。")
    promised_limit_unit = models.CharField("承诺时限单位", max_length=8, choices=Unit, default=Unit.WORKDAY)
    fee = models.CharField("费用", max_length=200, blank=True)
    visits = models.PositiveSmallIntegerField("最多跑几次", null=True, blank=True)
    result = models.CharField("办完拿到什么", max_length=120, blank=True)
    hotline = models.CharField("咨询电话", max_length=20, blank=True)
    online = models.CharField("网上怎么办", max_length=200, blank=True)
    online_url = models.URLField("网上办理地址", blank=True)
    agency = models.CharField("代办还是帮办", max_length=10, choices=Agency, blank=True)
    cross_province = models.BooleanField("跨省通办", null=True, blank=True)
    video = models.BooleanField("视频办", null=True, blank=True)
    season_from = models.CharField("每年从（月-日）", max_length=5, blank=True, validators=[MONTH_DAY])
    season_to = models.CharField("每年到（月-日）", max_length=5, blank=True, validators=[MONTH_DAY])

    often_refused = models.JSONField("最常被退的", default=list, blank=True, editable=False, help_text="由退件记录算出来，见 guides.refusals。")

    checked_on = models.DateField("最近核对日期", null=True, blank=True)
    review_on = models.DateField("下次核对日期", null=True, blank=True, help_text="到了这天就出现在“该核对了”里。空着：核对过一年就提醒。")
    authors = models.JSONField("这一版谁写的", default=list, blank=True, editable=False, help_text="账号的主键；审核的人不能在里面。")
    begun_from = models.PositiveIntegerField("从第几版改起", null=True, blank=True, editable=False, help_text="下一版才有：开始改的时候，居民看到的是第几版。")
    submitted_by = models.CharField("谁提交的", max_length=60, blank=True, editable=False)
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True, editable=False)
    reviewed_by = models.CharField("谁审的", max_length=60, blank=True, editable=False)
    reviewed_at = models.DateTimeField("审核时间", null=True, blank=True, editable=False)
    review_remark = models.CharField("审核意见", max_length=300, blank=True, editable=False)
    publish_at = models.DateTimeField("定时发布", null=True, blank=True, editable=False, db_index=True)
    content_version = models.BigIntegerField("内容版本", default=0, db_index=True, editable=False, help_text="最近一次改动时的 ContentStamp。")
    created_at = models.DateTimeField("建立时间", auto_now_add=True)
    updated_at = models.DateTimeField("修改时间", auto_now=True)

    objects = Guides()
    everything = GuideQuerySet.as_manager()  # next versions too; for those who write them

    class Meta:
        verbose_name = verbose_name_plural = "办事指南"
        ordering = ["domain__order", "priority", "slug"]
        permissions = [("publish_guide", "可以发布和撤下办事指南"), ("verify_fact", "可以把内容标为已核实")]
        constraints = [
            models.UniqueConstraint(
                fields=["district", "slug"], condition=models.Q(next_of=None), name="one_guide_per_slug", violation_error_message="这个代号用过了。"
            ),
            models.CheckConstraint(condition=~models.Q(next_of=models.F("id")), name="guide_next_of_another"),
            models.CheckConstraint(
                condition=models.Q(next_of=None) | models.Q(status__in=("draft", "review", "scheduled")), name="next_version_is_not_public",
            ),
            models.CheckConstraint(
                condition=models.Q(status="scheduled", publish_at__isnull=False) | ~models.Q(status="scheduled"), name="scheduled_guide_has_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(season_from="", season_to="") | (~models.Q(season_from="") & ~models.Q(season_to="")),
                name="guide_season_whole",
                violation_error_message="每年的起止日期要么都填，要么都空着。",
            ),
        ]

    def __str__(self):
        return f"{self.plain_title}({self.slug})"

    @property
    def is_for_enterprise(self) -> bool:
        return self.audience == Audience.ENTERPRISE


class FactField(models.TextChoices):
    """The fields of a Guide whose origin is kept one by one."""

    LEGAL_LIMIT = "legal_limit", "法定时限"
    PROMISED_LIMIT = "promised_limit", "承诺时限"
    FEE = "fee", "费用"
    VISITS = "visits", "最多跑几次"
    RESULT = "result", "办完拿到什么"
    HOTLINE = "hotline", "咨询电话"
    ONLINE = "online", "网上怎么办"
    AGENCY = "agency", "代办还是帮办"
    CROSS_PROVINCE = "cross_province", "跨省通办"
    VIDEO = "video", "视频办"
    SEASON = "season", "每年什么时候办"


class Fact(Sourced):
    """What stands behind one field of a guide, and a remark shown beside it."""

    guide = models.ForeignKey(Guide, models.CASCADE, related_name="facts", verbose_name="办事指南")
    field = models.CharField("内容", max_length=16, choices=FactField)
    note = models.CharField("补充说明", max_length=200, blank=True)

    class Meta(Sourced.Meta):
        verbose_name = verbose_name_plural = "内容的出处"
        ordering = ["guide_id", "id"]
        constraints = [
            *Sourced.Meta.constraints,
            models.UniqueConstraint(fields=["guide", "field"], name="one_fact_per_field", violation_error_message="这一项的出处已经有了。"),
        ]

    def __str__(self):
        return self.get_field_display()


class Situation(models.Model):
    """情形: one question whose answer selects materials, steps and notes."""

    guide = models.ForeignKey(Guide, models.CASCADE, related_name="situations", verbose_name="办事指南")
    key = models.CharField("代号", max_length=12, validators=[SITUATION_KEY])
    question = models.CharField("问题", max_length=40)
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "情形"
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["guide", "key"], name="one_situation_per_key", violation_error_message="这个情形代号用过了。")]

    def __str__(self):
        return self.question


class Answer(models.Model):
    situation = models.ForeignKey(Situation, models.CASCADE, related_name="answers", verbose_name="情形")
    key = models.CharField("代号", max_length=16, validators=[RegexValidator(r"^[a-z0-9]+$", "用小写字母或数字，例如 agent。")])
    label = models.CharField("回答", max_length=40)
    note = models.CharField("选它时的提示", max_length=120, blank=True)
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "情形的回答"
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["situation", "key"], name="one_answer_per_key", violation_error_message="这个回答代号用过了。")]

    def __str__(self):
        return self.label

    @property
    def token(self) -> str:
        """who=agent: how rows refer to this answer and how it stands in an address."""
        return f"{self.situation.key}={self.key}"


def validate_tokens(value):
    if not isinstance(value, list) or not all(isinstance(token, str) and token.count("=") == 1 for token in value):
        raise ValidationError("“仅限情形”写成 who=agent 这样，一行一个。")


class Row(Sourced):
    """One line of a guide that may hold only for some answers. No tokens: it always holds."""

    only_for = models.JSONField("仅限情形", default=list, blank=True, validators=[validate_tokens])
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta(Sourced.Meta):
        abstract = True
        ordering = ["order", "id"]


class StatementKind(models.TextChoices):
    CONDITION = "condition", "谁能办"
    NOTE = "note", "注意"
    BASIS = "basis", "依据"


class Statement(Row):
    guide = models.ForeignKey(Guide, models.CASCADE, related_name="statements", verbose_name="办事指南")
    kind = models.CharField("类别", max_length=10, choices=StatementKind)
    text = models.CharField("内容", max_length=300)

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "条件、注意和依据"

    def __str__(self):
        return self.text[:30]


class Step(Row):
    guide = models.ForeignKey(Guide, models.CASCADE, related_name="steps", verbose_name="办事指南")
    text = models.CharField("这一步", max_length=300)

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "办理流程"

    def __str__(self):
        return self.text[:30]


class Form(models.TextChoices):
    ORIGINAL = "original", "原件"
    COPY = "copy", "复印件"
    BOTH = "both", "原件和复印件"
    ELECTRONIC = "electronic", "电子版"


class Material(Row):
    """申请材料. `later` is 容缺: True may be supplied later, False not, None unknown."""

    guide = models.ForeignKey(Guide, models.CASCADE, related_name="materials", verbose_name="办事指南")
    name = models.CharField("名称", max_length=80)
    is_identity_document = models.BooleanField("必备证件", default=False)
    form = models.CharField("形式", max_length=10, choices=Form, default=Form.ORIGINAL)
    copies = models.PositiveSmallIntegerField("份数", default=1)
    issuer = models.CharField("谁出的", max_length=60, blank=True)
    how = models.CharField("怎么拿到", max_length=200, blank=True)
    issued_by = models.ForeignKey(Guide, models.SET_NULL, null=True, blank=True, related_name="issues", verbose_name="开这份材料的事项")
    later = models.BooleanField("可以后补", null=True, blank=True)

    class Meta(Row.Meta):
        verbose_name = verbose_name_plural = "申请材料"

    def __str__(self):
        return self.name


class Counter(Sourced):
    """去哪办: a kind of office that handles the guide, or one office by name; lowest level first."""

    guide = models.ForeignKey(Guide, models.CASCADE, related_name="counters", verbose_name="办事指南")
    kind = models.CharField("哪类地方", max_length=12, choices=OfficeKind)
    office = models.ForeignKey(Office, models.SET_NULL, null=True, blank=True, verbose_name="只在这一处", help_text="空着：按居民所在的村（社区）找最近的一处。")
    note = models.CharField("说明", max_length=120, blank=True)
    order = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta(Sourced.Meta):
        verbose_name = verbose_name_plural = "去哪办"
        ordering = ["order", "id"]

    def __str__(self):
        return self.get_kind_display()


class GuideRevision(models.Model):
    """The whole guide as it stood after one change, in the form of the fixtures; the trail of who changed what."""

    guide = models.ForeignKey(Guide, models.CASCADE, related_name="revisions", verbose_name="办事指南")
    number = models.PositiveIntegerField("版本")
    at = models.DateTimeField("时间", auto_now_add=True)
    by = models.CharField("谁", max_length=60)
    text = models.TextField("内容", help_text="JSON 文本；不用 JSON 列，因为 PostgreSQL 会打乱键的顺序，差别就没法读了。")

    class Meta:
        verbose_name = verbose_name_plural = "指南的版本"
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["guide", "number"], name="one_guide_revision")]

    def __str__(self):
        return f"{self.guide_id} 第{self.number}版"

    @property
    def document(self) -> dict:
        return json.loads(self.text)
