"""A stranger's file becomes a safe one: its type proved by its content, its pixels drawn anew in a process of its own, a watermark on them.

Nothing of what was sent is kept: no metadata, no script, no bytes behind the end. What comes out is always one JPEG.
"""

import json
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MAX_BYTES = 10 * 1024**2  # of one file: phones take photos of 3 to 8 MB
MAX_AT_ONCE = 5  # files in one sending
MAX_REQUEST = MAX_AT_ONCE * MAX_BYTES + 2 * 1024**2  # deploy/nginx.conf lets the same through
SECONDS = 20  # by the clock for one file; the worker itself has its own limit of processor time
WAIT = 20  # seconds for a turn
WORKER = Path(__file__).with_name("uploads_worker.py")
FONT = "NotoSansSC-Bold.ttf"

EMPTY = "这个文件是空的。重新拍一张再传。"
TOO_HEAVY = f"这个文件超过{MAX_BYTES // 1024**2}兆，传不了。用手机重新拍一张，或者把照片截个屏，传截屏。"
HEIC = "这是苹果手机的HEIC照片，这里打不开。把照片截个屏，传截屏；或者在手机“设置、相机、格式”里选“兼容性最佳”，重新拍。"
UNKNOWN = "只收照片（JPG、PNG、WebP）和PDF。拍一张照片传上来就行。"
TOO_SLOW = "这个文件太复杂，打不开。重新拍一张照片再传。"
BUSY = "现在传照片的人多，过一分钟再传。"

# A process of the site decodes one file at a time, so that memory stays bounded however many send; one more may wait, so that photos never
# take all its threads from those who only read.
_turn, _places = threading.BoundedSemaphore(1), threading.BoundedSemaphore(2)
log = logging.getLogger(__name__)


class Refused(Exception):
    """The file cannot be taken. The text says why in Chinese and what to do."""


@dataclass(frozen=True)
class Cleaned:
    """One JPEG of our own making. `peak` is what its making took, in bytes of memory."""

    content: bytes
    is_pdf: bool  # it came as one
    pages: int
    peak: int


def kind_of(data: bytes) -> str:
    """jpeg, png, webp or pdf, by the first bytes and nothing else. Raises Refused."""
    if not data:
        raise Refused(EMPTY)
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:5] == b"%PDF-":
        return "pdf"
    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}:
        raise Refused(HEIC)
    raise Refused(UNKNOWN)


def clean(file, *, watermark: tuple[str, ...]) -> Cleaned:
    """The safe picture of an uploaded file (anything with `read`), with these lines of text all over it.

    Raises Refused. Takes a second or so and a process: never call it inside a transaction.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(TOO_HEAVY)
    head = {"format": kind_of(data), "lines": list(watermark), "font": str(settings.BASE_DIR / "static" / "fonts" / FONT)}
    if not _places.acquire(blocking=False):
        raise Refused(BUSY)
    try:
        if not _turn.acquire(timeout=WAIT):
            raise Refused(BUSY)
        try:
            return _in_a_process(head, data)
        finally:
            _turn.release()
    finally:
        _places.release()


def _in_a_process(head: dict, data: bytes) -> Cleaned:
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(WORKER)], input=json.dumps(head).encode() + b"\n" + data, capture_output=True, timeout=SECONDS, env={}, cwd="/", check=False
        )
    except subprocess.TimeoutExpired:
        log.warning("a %s took longer than %s s", head["format"], SECONDS)
        raise Refused(TOO_SLOW) from None
    line, _, content = done.stdout.partition(b"\n")
    if done.returncode or not line:  # killed by its limits, or crashed on hostile bytes
        log.warning("the worker ended with %s on a %s", done.returncode, head["format"])
        raise Refused(TOO_SLOW)
    answer = json.loads(line)
    if "refused" in answer:
        log.info("a %s was refused: %s", head["format"], answer.get("why", "by its limits"))
        raise Refused(answer["refused"])
    return Cleaned(content=content, is_pdf=head["format"] == "pdf", pages=answer["pages"], peak=answer["peak"])


class BoundedUpload(FileUploadHandler):
    """First of FILE_UPLOAD_HANDLERS: Django bounds the fields of a form but not its files. A larger body is refused before a byte of it is read."""

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803 - Django's names
        if content_length > MAX_REQUEST:
            raise RequestDataTooBig("one sending is too large")

    def receive_data_chunk(self, raw_data, start):
        return raw_data

    def file_complete(self, file_size):
        return None
