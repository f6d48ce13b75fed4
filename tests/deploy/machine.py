"""The image and compose.yaml without a container engine: the Dockerfile's own steps in a clean folder, then the commands that compose names.

What a container would see is imitated: a user of its own without rights, the code read-only, three folders and /tmp to write into, the environment
of compose and .env and nothing else. Addresses of containers become ports on loopback.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.deploy.container_files import ROOT, Instruction, compose, context, dockerfile
from tests.running import Running, Stage, free_port

UID = 10001
WRITABLE = ("var/attachments", "var/imports", "var/backups")
VENV = Path(sys.executable).parent


def without_rights(folder: Path) -> tuple[list[str], dict]:
    """How to start a process that may do what the container's may: what comes before its command, and the options of Popen.

    As root: the image's user. Where that user cannot read this Python (a checkout in root's own home): root stripped of every right.
    """
    if os.geteuid() != 0:
        return [], {}
    other = {"user": UID, "group": UID, "extra_groups": []}
    try:
        if not subprocess.run([sys.executable, "-c", "import django"], cwd=folder, capture_output=True, **other).returncode:
            return [], other
    except PermissionError:
        pass
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"], {}


def build(app: Path, *, step: Callable[[Instruction], bool] = lambda one: True) -> None:
    """The COPY and RUN of the build stage (those that `step` lets through), with `app` for /app and this Python for the image's."""
    app.mkdir(parents=True)
    given = context()
    for one in dockerfile():
        if one.stage != "build" or not step(one):
            continue
        if one.word == "COPY":
            _copy(one, given, app)
        elif one.word == "RUN":
            done = subprocess.run(["sh", "-euc", _here(one.rest, app)], cwd=app, env={"PATH": f"{VENV}:{os.environ['PATH']}"}, capture_output=True, text=True)
            assert done.returncode == 0, f"{one.rest}\n{done.stdout}{done.stderr}"


def _copy(one: Instruction, given: list[str], app: Path) -> None:
    *sources, target = one.parts
    for source in sources:
        for path in given:
            if path == source or path.startswith(f"{source}/"):
                inside = path.removeprefix(source).lstrip("/")
                place = app / target / inside if inside else app / target / Path(source).name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, place)


def _here(script: str, app: Path) -> str:
    """The script of a RUN with the places of this machine."""
    places = {"/opt/venv/bin/python": sys.executable, "/opt/venv/bin/pip": "true", "/opt/venv/lib ": "", "/app/": f"{app}/", "/tmp/keys": f"{app}.keys"}
    for old, new in places.items():
        script = script.replace(old, new)
    return script if os.geteuid() == 0 else re.sub(r"&& chown \S+ [^&]+", "", script)


def lock(app: Path) -> None:
    """The code is nobody's to change; its three folders are of whoever will run it."""
    owner = without_rights(app)[1].get("user", os.geteuid())
    for name in WRITABLE:
        os.chown(app / name, owner, -1)
    for path in [app, *app.rglob("*")]:
        if not any(str(path).endswith(name) for name in WRITABLE):
            path.chmod(path.stat().st_mode & 0o555 | 0o444)


class Site:
    """The services of compose as processes of a Stage. `addresses` says where each container's name is found here: {"db": "127.0.0.1:5433"}."""

    def __init__(self, stage: Stage, app: Path, env: dict[str, str], addresses: dict[str, str]):
        self.stage, self.app, self.env, self.addresses = stage, app, env, addresses
        self.prefix, self.user = without_rights(app)

    def environment(self, service: str, **changes: str) -> dict[str, str]:
        """What compose gives the service, on top of the image's ENV."""
        image = {}
        for one in dockerfile():
            if one.word == "ENV" and one.stage == dockerfile()[-1].stage:
                image |= dict(part.split("=", 1) for part in one.parts)
        given = {name: self._filled(str(value)) for name, value in compose()["services"][service]["environment"].items()}
        tmp = self.stage.home / f"tmp-{service}"
        if not tmp.exists():
            tmp.mkdir()
            tmp.chmod(0o1777)
        places = {"PATH": f"{VENV}:{os.environ['PATH']}", "MENPAI_VAR": str(self.app / "var"), "BIND": "127.0.0.1", "TMPDIR": str(tmp), "MENPAI_REVISION": "abc1234"}
        return image | self.env | given | places | changes

    def _filled(self, value: str) -> str:
        value = re.sub(r"\$\{(\w+)[^}]*\}", lambda found: self.env.get(found[1], ""), value)
        for name, address in self.addresses.items():
            value = value.replace(name, address)
        return value

    def command(self, service: str) -> list[str]:
        """compose's own command, or the image's."""
        [image] = [one.parts for one in dockerfile() if one.word == "CMD"]
        return [*self.prefix, *compose()["services"][service].get("command", image)]

    def run(self, service: str, *command: str) -> subprocess.CompletedProcess:
        """A command in the service's container, to its end: as `docker compose run` or `exec`."""
        env = self.environment(service)
        return subprocess.run([*self.prefix, *command] if command else self.command(service), cwd=self.app, env=env, capture_output=True, text=True, **self.user)

    def start(self, service: str, **changes: str) -> Running:
        port = free_port()
        env = self.environment(service, PORT=str(port), **changes)
        return self.stage.start(service, self.command(service), env=env, port=port, cwd=self.app, **self.user)

    def probe(self, service: str, **changes: str) -> subprocess.CompletedProcess:
        """The service's health check, or the image's."""
        [image] = [one.rest.partition("CMD ")[2] for one in dockerfile() if one.word == "HEALTHCHECK"]
        found = compose()["services"][service].get("healthcheck", {}).get("test") or ["CMD", *re.findall(r'"([^"]+)"', image)]
        env = self.environment(service, **changes)
        return subprocess.run([*self.prefix, *found[1:]], cwd=self.app, env=env, capture_output=True, text=True, **self.user)
