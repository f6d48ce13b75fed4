"""The words of every message. Pure: number, place, times and links only, so that no name, phone or anything that a person wrote can be in one."""

from collections import Counter
from dataclasses import dataclass

from helpdesk.models import NotificationKind as Kind

SHORT = 70  # characters of one Chinese text message; a longer one is sent as several
GROUP_BYTES = 3500  # of 4096, the limit of a 企业微信 markdown message
LISTED = 30

FOR_STAFF = {
    Kind.NEW: "来了新诉求，等人领取",
    Kind.DUE_SOON: "快到答应居民的时间了",
    Kind.OVERDUE: "超过答应居民的时间了，请马上联系",
    Kind.NOBODY: "没人当班，要安排人接",
    Kind.HANDED_OVER: "转给您办了",
    Kind.RESIDENT_WROTE: "居民留了言，等您回",
    Kind.FILE_ADDED: "居民传了材料，等您看",
    Kind.GUIDE_CHANGED: "办事指南改了，核对一下材料",
    Kind.STOPPED: "当事人叫停了，先别办",
    Kind.COMPLAINT: "有投诉或者回访要办",
    Kind.CORRECTION: "居民说指南写错了，去看看",
    Kind.RECEIVED: "诉求收到了",
    Kind.STAFF_WROTE: "帮办员给居民留了言",
    Kind.VISIT: "跟居民约好了时间",
    Kind.CLOSED: "诉求办结了",
}
FOR_RESIDENT = {
    Kind.CLOSED: "您的诉求办结了",
    Kind.VISIT: "帮办员跟您约了时间",
    Kind.STAFF_WROTE: "帮办员给您留了言",
    Kind.RECEIVED: "您的诉求收到了",
}
WEIGHT = (Kind.NOBODY, Kind.STOPPED, Kind.OVERDUE, Kind.COMPLAINT, Kind.HANDED_OVER, Kind.DUE_SOON, Kind.RESIDENT_WROTE)  # told first


@dataclass(frozen=True)
class Item:
    """One thing to tell. `number` is the spoken reference or empty; `at` a moment in words: the promise to the resident, or the visit."""

    kind: str
    link: str
    number: str = ""
    place: str = ""
    at: str = ""


def ordered(items: list[Item]) -> list[Item]:
    """The weightiest first, the same thing once."""
    rank = {kind: place for place, kind in enumerate(WEIGHT)}
    return sorted(dict.fromkeys(items), key=lambda item: rank.get(item.kind, len(rank)))


def heading(items: list[Item]) -> str:
    """What happened, in a line: the one thing with its number, or how many."""
    if len(items) == 1:
        return f"{FOR_STAFF[items[0].kind]}{' ' if items[0].number else ''}{items[0].number}"
    return f"{len(items)}件事要看"


def _about(item: Item) -> str:
    words = [item.place, f"最晚{item.at}回复" if item.at and item.kind in (Kind.NEW, Kind.DUE_SOON, Kind.OVERDUE, Kind.NOBODY) else ""]
    return "，".join(word for word in words if word)


def group(items: list[Item], *, site: str, desk: str) -> tuple[str, str]:
    """Title and markdown of a group message, which both kinds of robot show: bold, quotes and links only. Always holds the word 诉求."""
    items = ordered(items)
    title = f"{site}：{heading(items)}"
    lines = [f"**{site}：{'诉求' if len(items) > 1 else ''}{heading(items)}**"]
    for place, item in enumerate(items):
        about = _about(item)
        line = f"> [{FOR_STAFF[item.kind]} {item.number}]({item.link}){f'（{about}）' if about else ''}"
        if len("\n\n".join([*lines, line]).encode()) > GROUP_BYTES:
            lines.append(f"> 还有{len(items) - place}件，在[工作台]({desk})看")
            break
        lines.append(line)
    lines.append("这是诉求提醒，要办请打开工作台。")
    return title, "\n\n".join(lines)


def email(items: list[Item], *, site: str, desk: str, settings_page: str) -> tuple[str, str]:
    """Subject and plain text of a message to one member of staff."""
    items = ordered(items)
    lines = []
    for item in items[:LISTED]:
        about = _about(item)
        lines.append(f"· {FOR_STAFF[item.kind]} {item.number}{f'（{about}）' if about else ''}\n  {item.link}")
    if len(items) > LISTED:
        lines.append(f"还有{len(items) - LISTED}件，打开工作台看：{desk}")
    lines.append(f"这封信是系统自动发的，不用回。什么时候发、发到哪里，自己改：{settings_page}")
    return f"{site}：{heading(items)}", "\n\n".join(lines) + "\n"


def staff_sms(items: list[Item], *, site: str, desk: str) -> str:
    """A text message to one member of staff, signed."""
    items = ordered(items)
    if len(items) == 1:
        return f"【{site}】{heading(items)}。{items[0].link}"
    counted = Counter(item.kind for item in items)
    kinds = "、".join(f"{Kind(kind).label}{count}件" for kind, count in list(counted.items())[:3])
    return f"【{site}】{len(items)}件事要看：{kinds}{'等' if len(counted) > 3 else ''}。{desk}"


def trial(*, site: str) -> str:
    """What somebody of the staff gets who tries whether it arrives."""
    return f"【{site}】您在试通知：收到这条，说明诉求提醒能发到这里。"


def resident_sms(items: list[Item], *, site: str, hotline: str, find: str) -> str:
    """One text message about one request: the weightiest that happened, what to do without the internet, and where to look with it.

    Signed, never with a code nor asking for one. The longest of these links that leaves it one message, without https:// (phones know a link by its
    host): to the very request, to the page that asks for the number, none.
    """
    item = min(items, key=lambda item: list(FOR_RESIDENT).index(item.kind))
    said = FOR_RESIDENT[item.kind]
    if item.at and item.kind == Kind.VISIT:
        said = f"帮办员约您{item.at}"
    elif item.at and item.kind == Kind.RECEIVED:
        said = f"诉求收到了，最晚{item.at}回话"
    text = f"【{site}】{said}。编号{item.number}。不上网打{hotline}，报编号。"
    links = [link.partition("://")[2] for link in (item.link, find)]
    return next((text + link for link in links if len(text + link) <= SHORT), text)
