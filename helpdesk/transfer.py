"""Excel out of the desk: masked, without free text, without who handled what."""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from helpdesk.models import HelpRequest
from menpai.spreadsheets import write_table

MOST = 5_000  # rows of one workbook: it is made in memory
COLUMNS = {
    "诉求编号": 14, "村（社区）": 18, "事项": 30, "哪种帮助": 10, "来自": 10, "状态": 10, "提交时间": 18, "最晚回复": 18, "办结时间": 18, "结果": 22,
    "称呼": 10, "电话": 16,
}  # fmt: skip


def write_requests(rows: Iterable[HelpRequest]) -> tuple[bytes, int]:
    """A workbook of these requests and how many there are. Name and phone masked as on lists; no note, no message, no colleague's name to count by."""
    lines = [_line(row) for row in rows]
    return write_table("诉求", COLUMNS, lines), len(lines)


def _line(row: HelpRequest) -> Sequence[str]:
    return (
        row.spoken_reference, row.area.short_name, row.guide.plain_title if row.guide else "没有选事项", row.get_kind_display(),
        row.get_channel_display(), row.get_state_display(), _moment(row.created_at), _moment(row.promised_at), _moment(row.closed_at),
        row.get_close_reason_display() if row.close_reason else "", row.masked_name, row.masked_phone,
    )  # fmt: skip


def _moment(moment) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""
