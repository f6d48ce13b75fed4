"""How the outbox is doing, for the operator's page and for monitoring. Counts and times only: no address, no key, nobody's number."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Min, Q

from helpdesk import channels
from helpdesk.models import Notification, Robot, SendState
from helpdesk.models.notification import Channel

TOO_LONG = timedelta(minutes=30)
MANY_TRIES = 4  # the first four tries take more than half an hour


@dataclass(frozen=True)
class ChannelStatus:
    """One way out; `setup` says in words whether it is set up."""

    label: str
    setup: str
    sent: int  # messages in the last 24 hours
    failed: int  # rows given up in the last 24 hours
    last_success: datetime | None


@dataclass(frozen=True)
class Status:
    """`waiting` counts all that is to go out, also what rests till the morning; `oldest` is since when something that could go has been waiting."""

    waiting: int
    oldest: datetime | None
    struggling: int
    failed: int
    channels: list[ChannelStatus]
    alarms: list[str]


def status(now: datetime, rows=None) -> Status:
    """The state of the outbox, or of those `rows` of it that somebody may see; `alarms` are sentences, none when all is well."""
    day = now - timedelta(days=1)
    unsent = Q(state__in=(SendState.PENDING, SendState.SENDING))
    could_go = Q(state=SendState.PENDING, not_before__lte=now) | Q(state=SendState.SENDING, leased_until__lte=now)
    failed = Q(state=SendState.FAILED, not_before__gt=day)
    rows = Notification.objects.all() if rows is None else rows
    found = rows.aggregate(
        waiting=Count("pk", unsent), oldest=Min("not_before", filter=could_go), failed=Count("pk", failed),
        struggling=Count("pk", Q(state=SendState.PENDING, attempts__gte=MANY_TRIES)),
    )  # fmt: skip
    rows = rows.order_by().exclude(channel="").values("channel").annotate(
        sent=Count("lease", Q(state=SendState.SENT, sent_at__gt=day), distinct=True), failed=Count("pk", failed), last=Max("sent_at"),
    )  # fmt: skip
    by_channel = {row["channel"]: row for row in rows.order_by("channel")}
    alarms = []
    if found["failed"]:
        alarms.append(f"24小时里有{found['failed']}条没发出去。")
    if found["oldest"] and found["oldest"] < now - TOO_LONG:
        alarms.append(f"有该发的等了{(now - found['oldest']) // timedelta(minutes=1)}分钟：发通知的程序（send_notifications）可能没有运行。")
    if found["struggling"]:
        alarms.append(f"有{found['struggling']}条试了{MANY_TRIES}次还没发出去。")
    ways = [_channel(way, setup, by_channel.get(way.value)) for way, setup in set_up().items()]
    return Status(found["waiting"], found["oldest"], found["struggling"], found["failed"], ways, alarms)


def _channel(way: Channel, setup: str, row: dict | None) -> ChannelStatus:
    row = row or {"sent": 0, "failed": 0, "last": None}
    return ChannelStatus(way.label, setup, row["sent"], row["failed"], row["last"])


def set_up() -> dict[Channel, str]:
    """Which ways out are set up, in words without secrets."""
    robots = dict(Robot.objects.filter(is_active=True).order_by().values_list("kind").annotate(count=Count("pk")))
    residents = "，也发给居民" if settings.RESIDENT_SMS else "，不发给居民"
    ways = {
        Channel.EMAIL: "接好了" if channels.mail_is_set_up() else "没有配置",
        Channel.SMS: f"接好了{residents}" if channels.sms_is_set_up() else "没有配置",
    }
    for kind in (Channel.WECOM, Channel.DINGTALK):
        ways[kind] = f"{robots[kind.value]}个群机器人" if robots.get(kind.value) else "没有配置"
    return ways
