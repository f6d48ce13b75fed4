"""One line a record, with the request's id and no personal data: paths lose their query and request numbers are cut."""

import logging
import re
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")

QUERY = re.compile(r"\?[^\s\"']*")
REFERENCE = re.compile(r"(/(?:help|desk)/)\d[\d-]{5,}")


class RequestIdFilter(logging.Filter):
    def filter(self, record):
        record.request_id = request_id.get()
        return True


class LineFormatter(logging.Formatter):
    def __init__(self):
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def format(self, record):
        return REFERENCE.sub(r"\1…", QUERY.sub("", super().format(record)))
