import re

import pytest

from tests.conftest import ROOT
from tests.menpai.production import environment, manage, run

SECRETS = ["MENPAI_SECRET_KEY", "MENPAI_PII_KEYS", "MENPAI_PII_INDEX_KEY"]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", [None, "", "too-short", "change-me-0123456789-0123456789-0123456789"])
def test_without_a_real_secret_nothing_starts_and_a_sentence_names_it(tmp_path, name, value):
    result = run("-c", "import menpai.wsgi", env=environment(tmp_path, **{name: value}))
    assert result.returncode == 1
    assert f"{name} is missing, a placeholder, or shorter than" in result.stderr


def test_a_switch_that_is_neither_on_nor_off_stops_the_start(tmp_path):
    result = run("-c", "import menpai.wsgi", env=environment(tmp_path, MENPAI_HTTPS="maybe"))
    assert result.returncode == 1
    assert "MENPAI_HTTPS must be 1 or 0, not 'maybe'." in result.stderr


def test_a_secret_may_be_mounted_as_a_file(tmp_path):
    (tmp_path / "key").write_text("a-mounted-secret-of-more-than-fifty-characters-0123456789\n")
    env = environment(tmp_path, MENPAI_SECRET_KEY=None, MENPAI_SECRET_KEY_FILE=str(tmp_path / "key"))
    result = run("-c", "import menpai.settings as s; print(s.SECRET_KEY)", env=env)
    assert result.stdout == "a-mounted-secret-of-more-than-fifty-characters-0123456789\n"


def test_a_production_environment_passes_every_deployment_check(tmp_path):
    result = manage("check", "--deploy", "--fail-level", "WARNING", env=environment(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")


def test_every_variable_stands_in_the_table_of_the_operations_manual():
    settings = (ROOT / "menpai" / "settings.py").read_text(encoding="utf-8")
    served = (ROOT / "deploy" / "gunicorn.conf.py").read_text(encoding="utf-8")
    read = re.findall(r'env(?:_bool|_list|_secret)?\("([A-Z_]+)"', settings) + re.findall(r'environ\.get\("([A-Z_]+)"', settings + served)
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert len(read) > 20
    assert [name for name in read if f"| `{name}` |" not in manual] == []


def test_an_index_key_with_a_comma_in_it_is_not_taken_for_two(tmp_path):
    """One long text of before may hold a comma: split in silence, no number would be found any more."""
    one, other = "a" * 40, "b" * 40
    good = run("-c", "import menpai.settings as s; print(len(s.PII_INDEX_KEYS))", env=environment(tmp_path, MENPAI_PII_INDEX_KEY=f"{one},{other}"))
    assert good.stdout == "2\n"
    bad = run("-c", "import menpai.settings", env=environment(tmp_path, MENPAI_PII_INDEX_KEY=f"{one},short"))
    assert bad.returncode == 1
    assert "each key, between the commas, needs 32 characters" in bad.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MENPAI_SMS_BODY", '{"to": {phone}}', "MENPAI_SMS_BODY is not JSON"),
        ("MENPAI_SMS_HEADERS", '["x"]', "MENPAI_SMS_HEADERS must be a JSON object."),
        ("MENPAI_SMS_URL", "http://sms.example/send", "MENPAI_SMS_URL must begin with https://"),
        ("MENPAI_MAIL_SECURITY", "tls", "MENPAI_MAIL_SECURITY must be ssl, starttls or none, not 'tls'."),
    ],
)
def test_a_channel_that_is_set_up_wrongly_stops_the_start(tmp_path, name, value, sentence):
    result = run("-c", "import menpai.settings", env=environment(tmp_path, **{name: value}))
    assert result.returncode == 1
    assert sentence in result.stderr
