import io
import json
import logging
import re
import sys

import pytest

from menpai.logs import JsonFormatter, LineFormatter, RequestIdFilter, current_view, request_id


@pytest.fixture
def lines():
    """What production writes to stderr while the test runs."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)
    yield lambda: stream.getvalue()
    logging.getLogger().removeHandler(handler)


def test_a_query_is_never_written(lines):
    logging.getLogger("menpai").warning("slow: GET /help/?reference=482917365&phone=13800138000 took 2 s")
    assert lines().endswith("slow: GET /help/ took 2 s\n")


@pytest.mark.parametrize("reference", ["482917365", "482-917-365"])
def test_a_request_number_is_never_written(lines, reference):
    logging.getLogger("django.request").warning("Not Found: /help/%s/", reference)
    assert lines().endswith("Not Found: /help/…/\n")


def test_a_missing_page_is_logged_under_the_id_that_the_visitor_was_given(db, client, lines):
    response = client.get("/no/such/page/?phone=13800138000", headers={"x-request-id": "trace-12345678"})
    assert response.status_code == 404
    assert response["X-Request-ID"] == "trace-12345678"
    assert "WARNING django.request [trace-12345678] Not Found: /no/such/page/\n" in lines()
    assert "13800138000" not in lines()


@pytest.mark.parametrize("given", ["short", "has blanks in it", "line\tbreak-123456", "x" * 65])
def test_an_id_that_could_forge_a_line_is_replaced(client, given):
    response = client.get("/healthz/", headers={"x-request-id": given})
    assert re.fullmatch("[0-9a-f]{16}", response["X-Request-ID"])


# --- as JSON -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def objects():
    """What production writes with MENPAI_LOG_FORMAT=json, each line read back."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def test_a_json_line_says_when_what_where_and_under_which_id(objects):
    token = request_id.set("trace-12345678")
    current_view.set("")  # of an earlier test
    logging.getLogger("menpai").error("first line\nsecond: GET /help/482917365/?phone=13800138000")
    request_id.reset(token)
    [found] = objects()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("time"))
    message = "first line\nsecond: GET /help/…/"
    assert found == {"level": "ERROR", "logger": "menpai", "request_id": "trace-12345678", "message": message}


PERSONAL = ["王桂英", "13800138000", "640202194912310021", "482-917-365", "育才路", "wang@example.com"]
QUOTED = "{} {} {} 的诉求 {}\n    住在{}8号 {}".format(*PERSONAL)


def broken(*args):
    """As bad as it gets: an exception that quotes the person, over one that does too."""
    try:
        int(PERSONAL[0])
    except ValueError as error:
        raise RuntimeError(QUOTED) from error


@pytest.mark.parametrize("written", [LineFormatter, JsonFormatter])
def test_an_exception_that_quotes_a_person_is_written_without_them(written):
    try:
        broken()
    except RuntimeError:
        record = logging.LogRecord("menpai", logging.ERROR, __file__, 1, "Internal Server Error: /help/482917365/", None, sys.exc_info())
    record.request_id = "-"
    line = written().format(record)
    assert [word for word in [*PERSONAL, "482917365"] if word in line] == []
    for told in ("RuntimeError", "ValueError: invalid literal for int()", "in broken", "raise RuntimeError(QUOTED) from error"):
        assert told in line


REFUSED = 'null value in column "area"\nDETAIL:  Failing row contains (7, Wang Guiying, secret).'


@pytest.mark.parametrize("written", [LineFormatter, JsonFormatter])
def test_the_row_that_postgresql_writes_out_is_left_out(written):
    record = logging.LogRecord("menpai", logging.ERROR, __file__, 1, "no", None, None)
    record.request_id = "-"
    try:
        raise ValueError(REFUSED)
    except ValueError:
        record.exc_info = sys.exc_info()
    line = written().format(record)
    assert "null value in column" in line
    assert "Wang Guiying" not in line


def test_another_handler_sees_the_traceback_as_it_is():
    record = logging.LogRecord("menpai", logging.ERROR, __file__, 1, "no", None, None)
    record.request_id = "-"
    try:
        raise ValueError("王桂英")
    except ValueError:
        record.exc_info = sys.exc_info()
    LineFormatter().format(record)
    assert record.exc_text is None


def test_a_failed_request_tells_its_view_its_status_and_how_long_it_took(db, client, objects, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("menpai.health._kept.result", broken, raising=False)
    assert client.get("/readyz/?phone=13800138000").status_code == 500
    [found] = [one for one in objects() if one["logger"] == "django.request"]
    assert (found["view"], found["status"], found["level"]) == ("menpai.health.readyz", 500, "ERROR")
    assert isinstance(found["duration_ms"], int)
    assert "13800138000" not in found["message"]


def test_a_slow_request_is_told_by_the_name_of_its_view(db, client, objects, settings):
    settings.SLOW_MS = 0
    client.get("/help/482917365/?phone=13800138000")
    [found] = [one for one in objects() if one["logger"] == "menpai.slow"]
    assert (found["level"], found["view"], found["status"]) == ("WARNING", "help:follow", 200)
    assert "482917365" not in json.dumps(found)
