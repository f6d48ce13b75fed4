"""A request for help: from the moment a number is given until its personal data is scrubbed."""

import secrets

from django.conf import settings
from django.db import models

from doorplates.models import Doorplate
from guides.models import Area, Guide, SearchMiss, Status
from menpai.encryption import EncryptedTextField
from menpai.validators import mask_name, mask_phone

REFERENCE_DIGITS = 9
NO_NAME = "没留称呼"  # a callback asks for a phone number only


def _check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10: catches every wrong digit and nearly every swap when a number is told by phone."""
    rest = 10
    for digit in digits:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return str((11 - rest) % 10)


def new_reference() -> str:
    """Nine digits, the last a check digit. Random, so that a number tells nothing and cannot be counted through."""
    body = str(secrets.randbelow(9 * 10**7) + 10**7)
    return body + _check_digit(body)


def normalise_reference(typed: str) -> str:
    """The digits of what was typed or read out."""
    return "".join(c for c in typed if c.isdecimal() and c.isascii())


def is_reference(text: str) -> bool:
    return len(text) == REFERENCE_DIGITS and text.isdecimal() and _check_digit(text[:-1]) == text[-1]


def spoken(reference: str) -> str:
    """482-917-365: in threes, as it is read out."""
    return "-".join(reference[i : i + 3] for i in range(0, REFERENCE_DIGITS, 3))


class Kind(models.TextChoices):
    ADVICE = "advice", "咨询"
    ACCOMPANY = "accompany", "帮办"
    AGENT = "agent", "代办"
    HOME = "home", "上门办"
    VIDEO = "video", "视频办"
    COMPLAINT = "complaint", "投诉建议"
    REVISIT = "revisit", "不满意回访"


# What a resident may ask for; the others come about by themselves and go to a supervisor, never to whom they are about.
OFFERED_KINDS = (Kind.ADVICE, Kind.ACCOMPANY, Kind.AGENT, Kind.HOME, Kind.VIDEO)
OFFERED_CHOICES = [(kind.value, kind.label) for kind in OFFERED_KINDS]


class State(models.TextChoices):
    WAITING = "waiting", "等人接"
    CLAIMED = "claimed", "正在办"
    CLOSED = "closed", "已办结"
    CANCELLED = "cancelled", "已取消"


class Channel(models.TextChoices):
    WEB = "web", "网页"
    WALK_IN = "walk_in", "上门来问"
    PHONE = "phone", "打电话来"
    RATING = "rating", "评价"


class CallTime(models.TextChoices):
    ANY = "any", "什么时候都行"
    MORNING = "morning", "上午"
    AFTERNOON = "afternoon", "下午"
    EVENING = "evening", "傍晚以后"


class CloseReason(models.TextChoices):
    DONE = "done", "办好了"
    EXPLAINED = "explained", "讲清楚了，居民自己去办"
    IMPOSSIBLE = "impossible", "条件不够，办不了"
    NOT_OURS = "not_ours", "不归我们管"
    UNREACHABLE = "unreachable", "一直联系不上"
    DUPLICATE = "duplicate", "和另一个诉求重复"


class PauseReason(models.TextChoices):
    """What the resident still has to do; nothing of our own ever stops the clock."""

    PAPERS = "papers", "等居民备材料"
    ANSWER = "answer", "等居民回话"
    LATER = "later", "居民说改天再办"


class Escalation(models.IntegerChoices):
    """How far up an overdue promise has been reported."""

    NONE = 0, "没有"
    TOWNSHIP = 1, "报给了乡镇（街道）主管"
    DISTRICT = 2, "报给了区里主管"


OPEN_STATES = (State.WAITING, State.CLAIMED)


class HelpRequestQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state__in=OPEN_STATES)

    def oldest_promise_first(self):
        return self.order_by("promised_at", "id")


class HelpRequest(models.Model):
    reference = models.CharField("诉求编号", max_length=REFERENCE_DIGITS, unique=True, default=new_reference, editable=False)
    submission_key = models.UUIDField("提交凭据", unique=True, help_text="同一张表单提交两次，只算一次。")
    kind = models.CharField("要哪种帮助", max_length=10, choices=Kind, default=Kind.ADVICE)
    channel = models.CharField("来自", max_length=8, choices=Channel, default=Channel.WEB)
    guide = models.ForeignKey(Guide, models.PROTECT, null=True, blank=True, related_name="help_requests", verbose_name="事项")
    case = models.CharField("情形", max_length=200, blank=True, help_text="who=agent 这样，和指南地址里的一样。")
    guide_revision = models.PositiveIntegerField("照第几版指南", null=True, blank=True, help_text="材料清单是照这一版列的；指南改了，和它比。")
    wish = models.ForeignKey(
        SearchMiss, models.SET_NULL, null=True, blank=True, related_name="wishes", verbose_name="没搜到的事", help_text="指南写好了，要告诉这位居民。"
    )
    area = models.ForeignKey(Area, models.PROTECT, related_name="help_requests", verbose_name="居民所在")
    doorplate = models.ForeignKey(Doorplate, models.PROTECT, null=True, blank=True, related_name="help_requests", verbose_name="门牌")

    name = EncryptedTextField("称呼")
    phone = EncryptedTextField("电话")
    phone_index = models.CharField("电话索引", max_length=32, db_index=True)
    for_someone = models.BooleanField("替别人问", default=False)
    relation = EncryptedTextField("和当事人的关系", blank=True)
    call_time = models.CharField("什么时候打电话", max_length=10, choices=CallTime, default=CallTime.ANY)
    note = EncryptedTextField("说明", blank=True)
    consent_version = models.CharField("同意的告知书版本", max_length=20)
    consent_at = models.DateTimeField("同意时间")

    queue = models.ForeignKey(Area, models.PROTECT, related_name="queued_requests", verbose_name="由谁接")
    for_steward = models.BooleanField("交项目管家", default=False)
    for_supervisor = models.BooleanField("交主管", default=False, help_text="投诉和回访：帮办员看不到。")
    about = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="afterwards", verbose_name="说的是哪件诉求", help_text="投诉、回访针对的那一件。"
    )
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="merged", verbose_name="并到了哪件")
    state = models.CharField("状态", max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField("提交时间")
    promised_at = models.DateTimeField("最晚回复时间", help_text="居民最晚这时候听到我们下一次说话。")
    contacted_at = models.DateTimeField("头一次联系上", null=True, blank=True)
    paused_at = models.DateTimeField("暂停时间", null=True, blank=True)
    pause_reason = models.CharField("为什么暂停", max_length=8, choices=PauseReason, blank=True)
    minutes_left = models.PositiveIntegerField("暂停时还剩", null=True, blank=True, help_text="上班时间的分钟数。")
    resume_on = models.DateField("最晚哪天接着办", null=True, blank=True)
    escalation = models.PositiveSmallIntegerField("超时报到了哪一级", choices=Escalation, default=Escalation.NONE)
    warned_for = models.DateTimeField("提醒过快到的是哪个时间", null=True, blank=True, help_text="和最晚回复时间一样：已经提醒过了。")
    alarmed_at = models.DateTimeField("没人当班，报给主管的时间", null=True, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_requests", verbose_name="谁在办")
    claimed_at = models.DateTimeField("领取时间", null=True, blank=True)
    visit_at = models.DateTimeField("约定时间", null=True, blank=True)
    close_reason = models.CharField("办结原因", max_length=12, choices=CloseReason, blank=True)
    close_text = EncryptedTextField("办结说明", blank=True)
    close_whose = models.CharField("归谁管", max_length=60, blank=True)
    close_whose_phone = models.CharField("那边的电话", max_length=20, blank=True)
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    reopened = models.PositiveSmallIntegerField("又打开几次", default=0)

    objects = HelpRequestQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "诉求"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["queue", "promised_at"], condition=models.Q(state__in=["waiting", "claimed"]), name="open_requests_by_promise"),
            models.Index(fields=["promised_at"], condition=models.Q(state__in=["waiting", "claimed"], paused_at__isnull=True), name="running_promises"),
            # A queue reads the open ones only, however many are closed, whichever way its reader comes to see them (access.visible_requests).
            models.Index(fields=["owner"], condition=models.Q(state__in=["waiting", "claimed"]), name="open_requests_of_owner"),
            models.Index(fields=["area"], condition=models.Q(state__in=["waiting", "claimed"]), name="open_requests_of_area"),
            models.Index(fields=["state"], condition=models.Q(wish__isnull=False), name="wishes_by_state"),
            models.Index(fields=["closed_at", "id"], name="requests_by_end"),
            # Not partial: SQLite cannot tell from a bound parameter that a partial one fits, and 领下一个 would read the whole queue.
            models.Index(fields=["queue", "state", "promised_at"], name="queue_by_state_and_promise"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owner__isnull=True, claimed_at__isnull=True) | models.Q(owner__isnull=False, claimed_at__isnull=False),
                name="request_claim_whole", violation_error_message="领取人和领取时间要么都有，要么都没有。",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="claimed") | models.Q(owner__isnull=False),
                name="request_claimed_has_owner", violation_error_message="正在办的诉求要有人负责。",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="waiting") | models.Q(owner__isnull=True),
                name="request_waiting_has_no_owner", violation_error_message="等人接的诉求不能有人负责。",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at__isnull=True, pause_reason="", minutes_left__isnull=True, resume_on__isnull=True)
                | (models.Q(paused_at__isnull=False, minutes_left__isnull=False, resume_on__isnull=False) & ~models.Q(pause_reason="")),
                name="request_pause_whole", violation_error_message="暂停要写原因和最晚哪天接着办。",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at__isnull=True) | models.Q(state="claimed"),
                name="request_paused_is_claimed", violation_error_message="有人在办的诉求才能暂停。",
            ),
            models.CheckConstraint(
                condition=~models.Q(close_reason="not_ours") | ~models.Q(close_whose=""),
                name="request_not_ours_says_whose", violation_error_message="“不归我们管”要写清归谁管。",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="closed") | (~models.Q(close_reason="") & models.Q(closed_at__isnull=False)),
                name="request_closed_with_reason", violation_error_message="办结要写原因。",
            ),
        ]

    def __str__(self):
        return self.spoken_reference

    @property
    def spoken_reference(self) -> str:
        return spoken(self.reference)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def ready_guide(self) -> Guide | None:
        """The published guide of what was wished for, once there is one."""
        guide = self.wish.guide if self.wish else None
        return guide if guide and guide.status == Status.PUBLISHED else None

    @property
    def masked_name(self) -> str:
        return self.name if self.name == NO_NAME else mask_name(self.name)

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.phone)
