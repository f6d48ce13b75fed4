"""The test suite guards itself: these prove that the guards of conftest.py bite."""

import os
import socket
import subprocess
import sys

import pytest
from django.template import engines
from pytest_socket import SocketConnectBlockedError

from tests.conftest import ROOT


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_the_network_is_blocked():
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_an_undefined_template_variable_fails():
    template = engines["django"].from_string("{{ nobody_gave_this }}")
    with pytest.raises(pytest.fail.Exception, match="undefined template variable nobody_gave_this"):
        template.render({})


def test_an_undefined_variable_behind_a_filter_fails_too():
    template = engines["django"].from_string("{{ person.nobody_gave_this|default:'-' }}")
    with pytest.raises(pytest.fail.Exception, match="person.nobody_gave_this"):
        template.render({"person": {}})


def test_the_guard_outlives_a_test_that_changes_debug(settings):
    settings.DEBUG = True
    with pytest.raises(pytest.fail.Exception, match="nobody_gave_this"):
        engines["django"].from_string("{{ nobody_gave_this }}").render({})


def test_a_question_whether_something_is_there_may_be_asked():
    assert engines["django"].from_string("{% if nobody_gave_this %}yes{% else %}no{% endif %}").render({}) == "no"


def test_a_skipped_test_fails(tmp_path):
    (tmp_path / "test_later.py").write_text("import pytest\n\ndef test_later():\n    pytest.skip('no time')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", tmp_path, tmp_path / "test_later.py"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "menpai.settings"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert "1 failed" in result.stdout
