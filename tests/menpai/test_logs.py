import io
import logging
import re

import pytest

from menpai.logs import LineFormatter, RequestIdFilter


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
