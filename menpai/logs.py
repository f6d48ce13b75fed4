"""One line a record, with the request's id and no personal data: paths lose their query, request and telephone numbers are cut."""

import logging
import re
from contextvars import ContextVar

from django.conf import settings
from django.views.debug import SafeExceptionReporterFilter

request_id: ContextVar[str] = ContextVar("request_id", default="-")

QUERY = re.compile(r"\?[^\s\"']*")
REFERENCE = re.compile(r"(/(?:help|desk)/)\d[\d-]{5,}")
PHONE = re.compile(r"(?<![\w.])(?:1[3-9]\d{9}|0\d{9,11})(?![\w.])")  # whoever logs one by mistake: it stops here


class RequestIdFilter(logging.Filter):
    def filter(self, record):
        record.request_id = request_id.get()
        return True


class LineFormatter(logging.Formatter):
    def __init__(self):
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def format(self, record):
        return PHONE.sub("…", REFERENCE.sub(r"\1…", QUERY.sub("", super().format(record))))


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
