"""What is held about a person under one number, in plain words: for the page, the printed sheet and the file they take away. Nothing here writes.

Each side of a request that a child opened for a parent sees its own: `Side`. A number opens only itself, other requests of the same phone are not
looked for: whoever learns one number and four digits shall not learn a life from them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from helpdesk.behalf import principal_of
from helpdesk.models import NO_NAME, Channel, EventKind, HelpRequest, Sender
from menpai.roles import Role


class Side(StrEnum):
    """Who stands behind the door: whoever asked, or the person whose matter it is (当事人)."""

    ASKER = "asker"
    PRINCIPAL = "principal"


@dataclass(frozen=True)
class Item:
    """One thing that is held: what it is, what it says, and where it came from."""

    label: str
    value: str
    source: str = ""


@dataclass(frozen=True)
class Look:
    """Somebody opened the full phone number or a photo: what, in which role, when. Never who: that is the helper's own data."""

    what: str
    role: str
    at: str


@dataclass(frozen=True)
class Held:
    reference: str
    sections: tuple[tuple[str, tuple[Item, ...]], ...]
    looks: tuple[Look, ...]
    notes: int  # internal notes, which only those read who work the request; they go with the rest
    until: date | None  # None: while it is open, and `days` after
    days: int

    def as_file(self) -> dict:
        """For JSON that a person can read."""
        return {
            "诉求编号": self.reference,
            "我们留着的": {title: [{"是什么": i.label, "内容": i.value, "从哪来": i.source} for i in items] for title, items in self.sections},
            "帮办员之间的备注": f"{self.notes}条，只有经手的人能看，和别的一起删",
            "谁看过": [{"看了什么": look.what, "谁": look.role, "什么时候": look.at} for look in self.looks],
            "留到什么时候": self.until.isoformat() if self.until else f"办结以后再留{self.days}天",
        }


def held_about(request: HelpRequest, side: Side) -> Held:
    """Everything under this number that is the person's of that side, or both sides'. The same number of queries however much it is."""
    sections = [
        ("您的信息", _person(request, side)),
        ("您要办的事", _matter(request, side)),
        ("留言", _words(request)),
        ("约见", _visits(request)),
        ("材料", _papers(request)),
        ("委托书", _mandates(request, side)),
        ("评价", _rating(request)),
    ]
    ended = request.closed_at if not request.is_open else None
    days = settings.RETENTION_DAYS
    return Held(
        reference=request.spoken_reference,
        sections=tuple((title, tuple(items)) for title, items in sections if items),
        looks=tuple(_looks(request)),
        notes=request.messages.filter(sender=Sender.NOTE).count(),
        until=timezone.localdate(ended + timedelta(days=days)) if ended else None,
        days=days,
    )


def held_for(request: HelpRequest, side: Side) -> dict:
    """What templates/helpdesk/mine/_held.html shows."""
    return {"held": held_about(request, side), "side": side, "has_principal": principal_of(request) is not None}


def _from(request: HelpRequest) -> str:
    return "您自己填的" if request.channel == Channel.WEB else "您说的，帮办员记下的"


def _when(moment) -> str:
    """2026年11月27日 9:31: a paper is read on another day, so no 今天 and no 明天."""
    local = timezone.localtime(moment)
    return f"{local.year}年{local.month}月{local.day}日 {local.hour}:{local.minute:02d}"


def _filled(*items: Item) -> list[Item]:
    return [item for item in items if item.value]


def _person(request: HelpRequest, side: Side) -> list[Item]:
    principal, source = principal_of(request), _from(request)
    if side == Side.PRINCIPAL:
        asked = "替您提交的人填的"
        said = f"{principal.get_consent_display()}（{principal.get_how_display()}）" if principal.how else principal.get_consent_display()
        when = _when(principal.answered_at) if principal.answered_at else ""
        return _filled(Item("您的称呼", principal.name, asked), Item("您的电话", principal.phone, asked), Item("您同不同意", said, when))
    return _filled(
        Item("您的称呼", "" if request.name == NO_NAME else request.name, source),
        Item("您的电话", request.phone, source),
        Item("什么时候打电话", request.get_call_time_display(), source),
        Item("替谁问的", "替家里人" if request.for_someone else "", source),
        Item("您是当事人的", request.relation, source),
    )


def _matter(request: HelpRequest, side: Side) -> list[Item]:
    source, place = _from(request), request.area.short_name
    if request.doorplate:
        place += f" {request.doorplate.place}"
    own = side == Side.ASKER
    return _filled(
        Item("要哪种帮助", request.get_kind_display(), source),
        Item("办什么事", request.guide.plain_title if request.guide else "", source),
        Item("您想办的（没搜到）", request.wish.text if request.wish and own else "", source),
        Item("您写的说明", request.note if own else "", source),
        Item("住哪里", place, source),
        Item("什么时候提交的", _when(request.created_at), _channel(request)),
        Item("约好的时间", _when(request.visit_at) if request.visit_at else "", "帮办员约的"),
        Item("您同意的告知书", request.consent_version if own else "", _when(request.consent_at)),
        Item("办结时跟您说的", request.close_text, "帮办员写的"),
    )


def _channel(request: HelpRequest) -> str:
    return {Channel.WEB: "网页上", Channel.PHONE: "打电话", Channel.WALK_IN: "当面"}.get(request.channel, "")


def _words(request: HelpRequest) -> list[Item]:
    writers = {Sender.RESIDENT: "您写的", Sender.STAFF: "帮办员写的"}
    return [Item(_when(m.at), m.text, writers[m.sender]) for m in request.messages.exclude(sender=Sender.NOTE)]


def _visits(request: HelpRequest) -> list[Item]:
    by_helper, items = "帮办员记的", []
    for visit in request.visits.all():
        name = f"{_when(visit.at)} {visit.get_place_display()}"
        items += _filled(
            Item(name, visit.get_state_display(), by_helper),
            Item("具体地方", visit.where, by_helper),
            Item("视频链接", visit.link, by_helper),
            Item("对暗号的四位数", visit.code, "系统随机给的"),
            Item("结果", visit.result, by_helper),
            Item("下一步", visit.next_step, by_helper),
        )
    return items


def _papers(request: HelpRequest) -> list[Item]:
    items = [
        Item(paper.name, "，".join(filter(None, [paper.get_state_display(), paper.get_reason_display(), paper.remark])), "指南上的材料，帮办员核对的")
        for paper in request.papers.all()
    ]
    files = [file for file in request.attachments.all() if file.deleted_at is None]
    return items + [Item(f"材料的{file.get_kind_display()}", f"{file.delete_on:%Y-%m-%d}删除", _when(file.at)) for file in files]


def _mandates(request: HelpRequest, side: Side) -> list[Item]:
    """Of whom it is: the person whose matter it is, or, where nobody else is named, whoever asked."""
    if side == Side.ASKER and principal_of(request):
        return []
    return [
        Item(f"{mandate.starts_on:%Y-%m-%d}到{mandate.ends_on:%Y-%m-%d}", f"{mandate.principal_name}：{mandate.scope}", "您签的委托书")
        for mandate in request.mandates.all()
    ]


def _rating(request: HelpRequest) -> list[Item]:
    rating = getattr(request, "rating", None)
    return [Item(rating.get_level_display(), rating.text or "没写说明", _when(rating.at))] if rating else []


LOOKED = {EventKind.REVEALED: "看了完整电话", EventKind.FILE_OPENED: "看了材料照片"}


def _looks(request: HelpRequest) -> list[Look]:
    events = request.events.filter(kind__in=LOOKED).select_related("by").prefetch_related("by__groups")
    return [Look(LOOKED[event.kind], _role(event.by), _when(event.at)) for event in events]


def _role(user) -> str:
    names = {group.name for group in user.groups.all()} if user else set()
    return next((str(role) for role in (Role.SUPERVISOR, Role.ASSISTANT) if role in names), "工作人员")
