"""What the tests run on, decided before pytest-django reads the settings: named by `-p tests.postgres` in pyproject.toml.

    MENPAI_TEST_DB=sqlite (or nothing)   a SQLite file in a throw-away folder
    MENPAI_TEST_DB=postgres              a throw-away PostgreSQL server on a unix socket, stopped and deleted at the end

Under xdist the first process makes the folder and the server; its workers inherit the environment. Nothing of the caller's own
database, keys or var/ is ever touched.
"""

import atexit
import base64
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tests import server

HOME = "MENPAI_TEST_HOME"  # set once the environment below is made: a worker of xdist finds it
SECRETS = {
    "MENPAI_SECRET_KEY": "tests-only-0123456789abcdefghijklmnopqrstuvwxyz-0123456789",
    "MENPAI_PII_KEYS": base64.urlsafe_b64encode(b"tests only, 32 bytes, no secret!").decode(),
    "MENPAI_PII_INDEX_KEY": "tests-only-index-0123456789abcdefghijklmnopqrstuvwxyz",
}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests():
    if HOME in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="menpai-tests-"))
    home.chmod(0o755)  # the server runs as somebody else when the tests run as root
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a run that is told to stop cleans up as well
    for name in [name for name in os.environ if name.startswith("MENPAI_") and name != "MENPAI_TEST_DB"]:
        del os.environ[name]
    (home / "static").mkdir()  # whitenoise warns about a missing folder, and a warning is an error here
    engine = os.environ.get("MENPAI_TEST_DB") or "sqlite"
    if engine not in {"sqlite", "postgres"}:
        raise pytest.UsageError(f"MENPAI_TEST_DB is sqlite or postgres, not {engine!r}.")
    url = _start_postgres(home) if engine == "postgres" else f"sqlite:///{home / 'menpai.sqlite3'}"
    os.environ.update(SECRETS, **{HOME: str(home), "DATABASE_URL": url, "MENPAI_VAR": str(home), "MENPAI_HTTPS": "0"})
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's plain API keeps an event loop running in the test's thread


def _start_postgres(home: Path) -> str:
    try:
        return server.start(home)
    except server.NoServer as reason:
        raise pytest.UsageError(str(reason)) from None
