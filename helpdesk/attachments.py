"""Where photos of papers lie: encrypted, under a random name that stands in their row, in STORAGES["private"]. Rows and rules are in actions/papers.py."""

import logging
import uuid
from datetime import date, timedelta
from time import monotonic

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db.models import F, Q
from django.utils import timezone

from helpdesk.models import Attachment, HelpRequest
from menpai import uploads
from menpai.encryption import decrypt_bytes, encrypt_bytes

PATIENCE = 60  # seconds for one sending; nginx waits two minutes
MAX_TITLE = 24  # characters of the matter's name in a watermark
STRAY_AFTER = timedelta(hours=1)  # a file lies there a moment before its row does
log = logging.getLogger(__name__)


def _storage() -> Storage:
    return storages["private"]


def put(content: bytes) -> uuid.UUID:
    """Write a file; the name it got. Raises what the storage raises."""
    key = uuid.uuid4()
    _storage().save(key.hex, ContentFile(encrypt_bytes(content)))
    return key


def read(key: uuid.UUID) -> bytes:
    """The JPEG. Raises FileNotFoundError when it is gone, InvalidToken when it is not as we wrote it."""
    with _storage().open(key.hex) as file:
        return decrypt_bytes(file.read())


def erase(key: uuid.UUID) -> None:
    """Remove a file. One that is gone already is fine."""
    _storage().delete(key.hex)


def purpose_of(request: HelpRequest) -> str:
    """The watermark's first line. The wish of a resident is free text and never stands in it."""
    title = request.guide.plain_title if request.guide else "这次帮办"
    return f"仅供办理{title[:MAX_TITLE]}使用"


def clean_all(files: list, request: HelpRequest) -> tuple[list[uploads.Cleaned], list[str]]:
    """The safe pictures of what was sent, and a sentence for each file that is none. One bad photo does not lose the others."""
    good, bad, until = [], [], monotonic() + PATIENCE
    watermark = (purpose_of(request), f"{timezone.localdate():%Y年%m月%d日}")
    for number, file in enumerate(files, start=1):
        try:
            if monotonic() > until:
                raise uploads.Refused(uploads.BUSY)
            good.append(uploads.clean(file, watermark=watermark))
        except uploads.Refused as refused:
            bad.append(f"第{number}张：{refused}" if len(files) > 1 else str(refused))
    return good, bad


def delete_on() -> date:
    """The day on which what is sent today will be deleted at the latest."""
    return timezone.localdate() + timedelta(days=settings.PHOTO_DAYS)


def shorten(request: HelpRequest) -> None:
    """The request has ended: its photos go in a few days. Reopening gives them no longer time: the date was promised."""
    last = timezone.localdate() + timedelta(days=settings.PHOTO_DAYS_AFTER_END)
    request.attachments.filter(deleted_at=None, delete_on__gt=last).update(delete_on=last)


def unjudged_photos(**which):
    """Photos that a resident sent for a paper of the list since it was last judged, if ever; of the requests that `which` says."""
    sent = Attachment.objects.filter(**which, deleted_at=None, by=None, paper__isnull=False)
    return sent.filter(Q(paper__checked_at=None) | Q(at__gt=F("paper__checked_at")))


def due(today: date):
    """What has to be deleted by now."""
    return Attachment.objects.filter(deleted_at=None, delete_on__lte=today)


def _names() -> list[str]:
    try:
        return _storage().listdir("")[1]
    except FileNotFoundError:  # nothing was ever sent
        return []


def strays(now) -> list[str]:
    """Names of files that no living row knows: left by a crash, or by a deletion that was written down but not done."""
    names = _names()
    known = {key.hex for key in Attachment.objects.filter(deleted_at=None).values_list("key", flat=True)}
    return [name for name in names if name not in known and _storage().get_modified_time(name) < now - STRAY_AFTER]


def delete_strays(now) -> int:
    """Remove them; how many."""
    found = strays(now)
    for name in found:
        _storage().delete(name)
    return len(found)


def without_file() -> list[Attachment]:
    """Living rows whose file is missing: somebody took it away, or a backup is not whole. For a person to look at."""
    rows, names = list(Attachment.objects.filter(deleted_at=None)), set(_names())
    return [row for row in rows if row.key.hex not in names]


def rewrite_all() -> int:
    """Encrypt every file anew with the newest of PII_KEYS; how many. For a change of keys; may be stopped and run again at any time.

    Each gets a new name: the old file stays whole until its row knows the new one.
    """
    count = 0
    for pk, old in list(Attachment.objects.filter(deleted_at=None).values_list("pk", "key")):
        try:
            new = put(read(old))
        except FileNotFoundError:  # the daily command names it
            continue
        won = Attachment.objects.filter(pk=pk, key=old, deleted_at=None).update(key=new)
        erase(old if won else new)
        count += won
    return count
