"""django-helpdesk started as ours is: the same gunicorn settings, the same database server."""

import json
import os
import secrets
import subprocess
from pathlib import Path

from tests.running import ROOT, NotUp, Postgres, Running, Stage, free_port, wait_for

HERE = Path(__file__).resolve().parent / "helpdesk"
PYTHON = HERE / ".venv" / "bin" / "python"


def install() -> None:
    """Its environment, from the hashed lock file."""
    subprocess.run([ROOT / "scripts" / "install", "benchmarks/peers/helpdesk/requirements.lock", "benchmarks/peers/helpdesk/.venv"], cwd=ROOT, check=True)


def environment(home: Path, url: str) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    return {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "peer_settings", "DATABASE_URL": url, "PEER_HOME": str(home), "PEER_SECRET_KEY": secrets.token_urlsafe(48)}


def start(stage: Stage, postgres: Postgres, name: str, *, tickets: int = 0, of_open: int | None = None) -> tuple[Running, str]:
    """The running desk with that many tickets (all of them open unless told otherwise), and the session key of its member of staff."""
    postgres.sql(f"CREATE DATABASE {name}")
    env = environment(stage.home / name, postgres.url(name))
    numbers = [str(tickets), *([str(of_open)] if of_open is not None else [])] if tickets else []
    done = subprocess.run([PYTHON, "peer_fill.py", *numbers], cwd=HERE, env=env, capture_output=True, text=True)
    if done.returncode:
        raise NotUp(f"django-helpdesk was not filled:\n{done.stderr[-3000:]}")
    port = free_port()
    command = [PYTHON, "-m", "gunicorn", "--no-control-socket", "-c", HERE.parent / "gunicorn_conf.py", "django.core.wsgi:get_wsgi_application()"]
    one = stage.start(name, command, env=env | {"PORT": str(port)}, port=port, cwd=HERE)
    wait_for(one, one.url + "/help/context/")
    return one, done.stdout.split()[-1]


def versions() -> dict[str, str]:
    """Of what runs in its environment."""
    program = "import json, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in ('django-helpdesk', 'django', 'gunicorn', 'psycopg')}))"
    return json.loads(subprocess.run([PYTHON, "-c", program], check=True, capture_output=True, text=True).stdout)
