"""One message made of rows of the outbox: what of it is still true, by which channel it goes, and its words."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import NAMESPACE_URL, uuid4, uuid5

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from guides.models import Area
from guides.site_words import words_for
from helpdesk import channels, notification_texts, sending_times
from helpdesk.channels import Outcome
from helpdesk.models import OPEN_STATES, ContactCard, HelpRequest, Notification, NotificationKind, State
from helpdesk.models.notification import Channel
from menpai.validators import MOBILE

WHILE_WAITING = (NotificationKind.NEW, NotificationKind.NOBODY)
WHILE_OPEN = (
    NotificationKind.DUE_SOON, NotificationKind.OVERDUE, NotificationKind.GUIDE_CHANGED, NotificationKind.RESIDENT_WROTE, NotificationKind.FILE_ADDED,
)  # fmt: skip


@dataclass(frozen=True)
class Message:
    """Ready to go: its rows, its channel, and how to send it."""

    rows: list[Notification]
    channel: Channel
    send: Callable[[], Outcome]
    robot_id: int | None = None


def card_of(user) -> ContactCard | None:
    return getattr(user, "contact_card", None)


def hours_of(row: Notification) -> sending_times.Hours:
    """When the recipient wants to be told; groups and residents at the usual hours."""
    card = card_of(row.to_user) if row.to_user_id else None
    return sending_times.Hours(card.quiet_from, card.quiet_to, card.digest_at) if card else sending_times.USUAL


def prepare(rows: list[Notification], now: datetime) -> tuple[Message | None, dict[str, list[int]]]:
    """The message of rows of one recipient, and by reason the keys of those that are not to be told (any more)."""
    moot: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if reason := _why_not(row, now):
            moot[reason].append(row.pk)
    kept = [row for row in rows if not any(row.pk in keys for keys in moot.values())]
    if not kept:
        return None, moot
    message = _to_robot(kept) if kept[0].to_robot_id else _to_resident(kept) if kept[0].to_resident else _to_user(kept)
    if isinstance(message, str):
        moot[message] += [row.pk for row in kept]
        return None, moot
    return message, moot


def _why_not(row: Notification, now: datetime) -> str:
    """Why this need not be told, or empty: the words are made from the request as it is now, and so is whether there is anything to say."""
    request, kind = row.request, row.kind
    if row.created_at < now - sending_times.STALE:
        return "过了三天，不再发"
    if row.to_user_id and not row.to_user.is_active:
        return "这个人的账号停用了"
    if request is None:
        return ""
    if row.to_resident:
        return _why_not_the_resident(kind, request)
    if kind in WHILE_WAITING and request.state != State.WAITING:
        return "已经有人接了，或者结束了"
    if kind in WHILE_OPEN and request.state not in OPEN_STATES:
        return "诉求已经结束了"
    if kind == NotificationKind.HANDED_OVER and row.to_user_id not in (None, request.owner_id):
        return "已经不在这个人手上了"
    return ""


def _why_not_the_resident(kind: str, request: HelpRequest) -> str:
    if request.state == State.CANCELLED:
        return "居民自己取消了"
    if kind == NotificationKind.CLOSED and request.state != State.CLOSED:
        return "又打开了，没有办结"
    return ""


def _message_id(rows: list[Notification]) -> str:
    """The same rows, the same id: on whichever try and by whichever worker."""
    return str(uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/notifications/{','.join(str(row.pk) for row in rows)}"))


def item_of(row: Notification) -> notification_texts.Item:
    """What may be said of a row: number, area, times. Nothing that a person wrote."""
    request = row.request
    if request is None:
        path = "/admin/" if row.kind == NotificationKind.CORRECTION else reverse("desk:queue")
        return notification_texts.Item(row.kind, settings.SITE_URL + path)
    desk = settings.SITE_URL + reverse("desk:detail", args=[request.reference])
    return notification_texts.Item(row.kind, desk, request.spoken_reference, request.area.short_name, _in_words(request.promised_at))


def _in_words(moment: datetime) -> str:
    """11月28日9:00, never 明天: a message may be read the day after."""
    local = timezone.localtime(moment)
    return f"{local.month}月{local.day}日{local.hour}:{local.minute:02d}"


def _to_robot(rows: list[Notification]) -> Message | str:
    robot = rows[0].to_robot
    if not robot.is_active:
        return "这个群机器人停用了"
    title, text = notification_texts.group([item_of(row) for row in rows], site=words_for(robot.area).name, desk=settings.SITE_URL + reverse("desk:queue"))
    return Message(rows, Channel(robot.kind), partial(to_robot, robot, title, text, _message_id(rows)), robot.pk)


def to_robot(robot, title: str, text: str, message_id: str) -> Outcome:
    """One message into the group of a robot."""
    if robot.kind == Channel.WECOM:
        return channels.wecom(robot.address, markdown=text, message_id=message_id)
    return channels.dingtalk(robot.address, secret=robot.secret, title=title, markdown=text, message_id=message_id)


def _to_user(rows: list[Notification]) -> Message | str:
    card = card_of(rows[0].to_user)
    urgent = any(row.kind in sending_times.URGENT for row in rows)
    channel = channel_of(card, urgent=urgent)
    if channel is None:
        return "没有配置：本人没有填" if card is None or not (card.email or card.mobile) else "没有配置：邮件、短信都没有接"
    return Message(rows, channel, partial(to_person, card, channel, [item_of(row) for row in rows], _message_id(rows), site=_site_of(rows)))


def _site_of(rows: list[Notification]) -> str:
    """The name of the district that a message to staff speaks of; without a request the one of the recipient's place."""
    return words_for(next((row.request.area for row in rows if row.request), None) or place_of(rows[0].to_user)).name


def place_of(user) -> Area | None:
    """An area where somebody works, at the desk or in the back office; None for whom no place is known."""
    posting = user.postings.select_related("area").first()
    editing = None if posting else user.editor_postings.select_related("district").first()
    return posting.area if posting else editing.district if editing else None


def channel_of(card: ContactCard | None, *, urgent: bool = False) -> Channel | None:
    """By which way somebody is reached: urgent things by text message first, others by e-mail first; one alone takes both. None: no way."""
    if card is None:
        return None
    ways = {Channel.EMAIL: bool(card.email) and channels.mail_is_set_up(), Channel.SMS: bool(card.mobile) and channels.sms_is_set_up()}
    order = (Channel.SMS, Channel.EMAIL) if urgent else (Channel.EMAIL, Channel.SMS)
    return next((way for way in order if ways[way]), None)


def to_person(card: ContactCard, channel: Channel, items: list[notification_texts.Item], message_id: str, *, site: str) -> Outcome:
    """One message to one member of staff, in the name of `site`."""
    words = {"site": site, "desk": settings.SITE_URL + reverse("desk:queue")}
    if channel == Channel.SMS:
        return channels.sms(card.mobile, text=notification_texts.staff_sms(items, **words), message_id=message_id)
    subject, text = notification_texts.email(items, **words, settings_page=settings.SITE_URL + reverse("desk:me"))
    return channels.email(card.email, subject=subject, text=text, message_id=message_id)


def try_out(card: ContactCard) -> dict[str, Outcome]:
    """One message by every way that is filled in and set up, sent now: what became of each, by the way's name."""
    outcomes, message_id, site = {}, str(uuid4()), words_for(place_of(card.user)).name
    text = notification_texts.trial(site=site)
    if card.email and channels.mail_is_set_up():
        outcomes[Channel.EMAIL.label] = channels.email(card.email, subject=f"{site}：试一下", text=text, message_id=message_id)
    if card.mobile and channels.sms_is_set_up():
        outcomes[Channel.SMS.label] = channels.sms(card.mobile, text=text, message_id=message_id)
    return outcomes


def _to_resident(rows: list[Notification]) -> Message | str:
    request = rows[0].request
    if not settings.RESIDENT_SMS or not channels.sms_is_set_up():
        return "没有配置：居民短信没有开"
    if not request.phone:
        return "个人信息已经删了"
    if not MOBILE.fullmatch(request.phone):
        return "座机收不到短信"
    items = [_for_resident(row.kind, request) for row in rows if row.kind in notification_texts.FOR_RESIDENT]
    if not items:
        return "这件事不用告诉居民"
    find, words = settings.SITE_URL + reverse("help:find"), words_for(request.area)
    text = notification_texts.resident_sms(items, site=words.name, hotline=words.hotline, find=find)
    return Message(rows, Channel.SMS, partial(channels.sms, request.phone, text=text, message_id=_message_id(rows)))


def _for_resident(kind: str, request: HelpRequest) -> notification_texts.Item:
    link = settings.SITE_URL + reverse("help:follow", args=[request.reference])
    moment = request.visit_at if kind == NotificationKind.VISIT else request.promised_at if kind == NotificationKind.RECEIVED else None
    return notification_texts.Item(kind, link, request.spoken_reference, at=_in_words(moment) if moment else "")
