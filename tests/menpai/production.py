"""Runs manage.py or a few lines of Python as a production process would: own environment, nothing inherited but the path."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(home, **changes: str) -> dict[str, str]:
    """A complete production environment with a SQLite database under `home`; `changes` replace variables, None removes one."""
    complete = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "menpai.settings",
        "MENPAI_VAR": str(home),
        "MENPAI_SECRET_KEY": secrets.token_urlsafe(48),
        "MENPAI_PII_KEYS": Fernet.generate_key().decode(),
        "MENPAI_PII_INDEX_KEY": secrets.token_urlsafe(48),
        "MENPAI_SITE_URL": "https://menpai.example",
        "MENPAI_HOSTS": "menpai.example",
    } | changes
    return {name: value for name, value in complete.items() if value is not None}


def run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess:
    return run("manage.py", *arguments, env=env)
