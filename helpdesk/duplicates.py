"""Which requests may be one and the same matter, and in what they differ. Somebody looks and decides; nothing is ever merged by itself."""

from datetime import timedelta

from helpdesk.models import HelpRequest

WITHIN = timedelta(days=7)


def similar_to(request: HelpRequest, rows):
    """Of `rows` (what a user may see), the open ones of the same phone about the same guide, or both about none, that came within days of it."""
    if not (request.is_open and request.phone_index) or request.for_supervisor:
        return rows.none()
    near = (request.created_at - WITHIN, request.created_at + WITHIN)
    return (
        rows.open()
        .filter(phone_index=request.phone_index, guide=request.guide_id, for_supervisor=False, created_at__range=near)
        .exclude(pk=request.pk)
        .order_by("created_at", "id")
    )


def differences(one: HelpRequest, other: HelpRequest) -> list[tuple[str, str, str]]:
    """(what, here, there) of everything a helper has to look at before calling two requests one; names stay masked."""
    here, there = _told(one), _told(other)
    found = [(what, here[what] or "没写", there[what] or "没写") for what in here if here[what] != there[what]]
    if one.name != other.name:
        found.insert(0, ("称呼", one.masked_name, f"{other.masked_name}（写得不一样）"))
    return found


def _told(row: HelpRequest) -> dict[str, str]:
    return {
        "要哪种帮助": row.get_kind_display(),
        "想办": row.wish.text if row.wish else "",
        "替家里人问": "是" if row.for_someone else "不是",
        "住哪里": f"{row.area.short_name}{' ' + row.doorplate.place if row.doorplate else ''}",
        "情形": row.case,
        "他说": row.note,
        "什么时候打": row.get_call_time_display(),
    }
