"""One line a record, with the request's id and no personal data: paths lose their query, request and telephone numbers are cut.

With MENPAI_LOG_FORMAT=json the line is a JSON object. Both formats are cleaned by the same rules.
"""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

from django.conf import settings
from django.views.debug import SafeExceptionReporterFilter

request_id: ContextVar[str] = ContextVar("request_id", default="-")
current_view: ContextVar[str] = ContextVar("current_view", default="")  # the name of the view that is being answered, of a path nothing

QUERY = re.compile(r"\?[^\s\"']*")
REFERENCE = re.compile(r"(/(?:help|desk)/)\d[\d-]{5,}")
SPOKEN = re.compile(r"(?<![\w-])\d{3}-\d{3}-\d{3}(?![\w-])")  # a request's number as it is read out
IDENTITY = re.compile(r"(?<!\w)\d{17}[\dXx](?!\w)")
PHONE = re.compile(r"(?<![\w.])(?:1[3-9]\d{9}|0\d{9,11})(?![\w.])")  # whoever logs one by mistake: it stops here
# What an exception says may quote anything that was typed; its type and the lines of code above it tell enough. Code has no such runs.
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff·]+")
LONG_NUMBER = re.compile(r"\d[\d -]{4,}\d[Xx]?")
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
DETAIL = re.compile(r"^(DETAIL|CONTEXT|HINT):.*", re.M)  # of PostgreSQL, which writes out the row that it refused
PLACE = '  File "'


def cleaned(text: str) -> str:
    for pattern in (QUERY, SPOKEN, IDENTITY):
        text = pattern.sub("" if pattern is QUERY else "…", text)
    return PHONE.sub("…", REFERENCE.sub(r"\1…", text))


def cleaned_exception(text: str) -> str:
    """A traceback whose code stays and whose messages keep nothing that somebody may have typed."""
    lines, after_place = [], False
    for line in DETAIL.sub(r"\1: …", text).splitlines():
        is_place = line.startswith(PLACE)
        is_code = after_place and line.startswith("    ")
        lines.append(line if is_place or is_code else _without_people(line))
        after_place = is_place or (is_code and bool(line.strip(" ^~")))  # a line of carets may follow
    return cleaned("\n".join(lines))


def _without_people(line: str) -> str:
    return LONG_NUMBER.sub("…", CHINESE.sub("…", MAIL.sub("…", line)))


class RequestIdFilter(logging.Filter):
    def filter(self, record):
        record.request_id = request_id.get()
        return True


class Cleaning(logging.Formatter):
    """The traceback goes into no `record.exc_text`: another handler's would find ours there, and we another's that is not cleaned."""

    def format(self, record):
        kept, record.exc_text = record.exc_text, None
        try:
            return self.line(record)
        finally:
            record.exc_text = kept

    def formatException(self, ei):  # noqa: N802 - the name that logging calls
        return cleaned_exception(super().formatException(ei))


class LineFormatter(Cleaning):
    def __init__(self):
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def line(self, record) -> str:
        return cleaned(logging.Formatter.format(self, record))


class JsonFormatter(Cleaning):
    """One object a line: time, level, logger, request_id, message; of a slow or failed request also view, status and duration_ms."""

    def line(self, record) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        found = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": cleaned(record.getMessage()),
        }
        found |= {name: value for name, value in _of_request(record).items() if value is not None}
        if record.exc_info:
            found["exception"] = self.formatException(record.exc_info)
        return json.dumps(found, ensure_ascii=False)


def _of_request(record) -> dict:
    request = getattr(record, "request", None)
    started = getattr(request, "started", None)
    milliseconds = getattr(record, "duration_ms", None)
    if milliseconds is None and started is not None:
        milliseconds = round((record.created - started) * 1000)
    return {"view": getattr(record, "view", None) or current_view.get() or None, "status": getattr(record, "status_code", None), "duration_ms": milliseconds}


class ReportFilter(SafeExceptionReporterFilter):
    """What a report of a fault (an e-mail to ADMINS, a tracker) holds of a request: names, but no value that was sent and none of a variable.

    Django hides what is called password or key; here a name, a phone or a note is as bad. With DEBUG the page is on a developer's own screen.
    """

    def is_active(self, request):
        return not settings.DEBUG

    def get_post_parameters(self, request):
        if request is None or settings.DEBUG:
            return super().get_post_parameters(request)
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request, tb_frame):
        if settings.DEBUG:
            return super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
