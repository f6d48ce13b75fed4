"""The daily round through the photos of papers: what is due goes, files that no row knows go, rows without a file are reported."""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from helpdesk import attachments
from helpdesk.actions import delete_due


def scrub_photos(now: datetime, *, write: Callable[[str], object], dry_run: bool) -> None:
    """Delete what is due and what is stray, and say so by `write`; with dry_run only count."""
    today = timezone.localdate(now)
    if dry_run:
        write(f"材料照片：到期待删 {attachments.due(today).count()} 张，没人认的文件 {len(attachments.strays(now))} 个，没有删。")
    else:
        done, failed = delete_due(today)
        write(f"材料照片：到期删了 {done} 张，删了没人认的文件 {attachments.delete_strays(now)} 个。")
        if failed:
            write(f"有 {failed} 张没删成，看日志；明天再删。")
    if lost := attachments.without_file():
        write(f"有 {len(lost)} 张照片的文件不见了：{'，'.join(row.key.hex for row in lost)}")
