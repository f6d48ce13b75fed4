"""The open data against its own description, with input that a machine made up: what it allows and what it forbids. Through WSGI, without a network."""

import warnings

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.attacks.addresses import scene

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own libraries, at import
    import schemathesis

pytestmark = pytest.mark.django_db
bounded = settings(max_examples=40, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@pytest.fixture
def description():
    scene()
    for signal in (request_started, request_finished):  # as Django's own test client does: the test's transaction is the only connection
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_every_answer_is_as_the_description_says_and_no_input_is_a_fault(description):
    """Data that the description allows and data that it forbids; status, headers, media type and body of each answer are held against it."""
    tried = []
    for operation in (result.ok() for result in description.get_all_operations()):
        either = st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))

        @bounded
        @given(case=either)
        def run(case):
            tried.append((case.operation.path, case.method))
            response = case.call(headers={"Accept-Encoding": "identity"})
            assert response.status_code < 500, case
            case.validate_response(response)

        run()
    assert len({path for path, _ in tried}) >= 5
    assert len(tried) > 100
