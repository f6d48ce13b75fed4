"""The site's own processes, for benchmarks, drills and the tests that need the real thing: the commands and configuration files of production, on loopback.

Whatever is started here ends with `Stage.close()` (it is a context manager) or with this process, killed if need be.
"""

import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests import server
from tests.menpai.production import environment

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds; two busy cores share everything


class NotUp(Exception):
    """A process did not come up. The text holds the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _spent(pid: int) -> int:
    """Nanoseconds of all threads of a process."""
    try:
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # it ended meanwhile
        return 0


@dataclass
class Running:
    """One process (and its children) and where its output goes."""

    name: str
    process: subprocess.Popen
    log: Path
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def children(self) -> list[int]:
        """The process numbers of the direct children, such as gunicorn's workers."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in found.read_text().split()] if found.exists() else []

    def processor_seconds(self) -> float:
        """What it and its children have spent on a processor so far, by the scheduler's count; of children that have ended in steps of 10 ms."""
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[13:15]
        ended = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        return ended + sum(_spent(pid) for pid in [self.process.pid, *self.children()]) / 1e9

    def stop(self, *, seconds: float = 30) -> None:
        """Ask it to end, as a restart does; kill what does not."""
        if self.is_alive:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """SIGKILL to the process and all its children: nothing is said good-bye."""
        if self.is_alive:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Stage:
    """Starts processes and ends them all. `home` is where their files lie; it is the caller's to delete."""

    def __init__(self, home: Path):
        self.home, self.running = home, []
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)  # PostgreSQL and nginx's workers are somebody else when this runs as root
        atexit.register(self.close)

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        for one in reversed(self.running):
            one.stop(seconds=5)
        self.running.clear()

    def start(self, name: str, command: list, *, env: dict[str, str], port: int = 0, **how) -> Running:
        """Start a command in a process group of its own, its output in NAME.log; does not wait for it."""
        log = self.home / f"{name}.log"
        with log.open("ab") as out:
            options = {"cwd": ROOT, "stdout": out, "stderr": out, "start_new_session": True} | how
            process = subprocess.Popen([str(part) for part in command], env=env, **options)
        one = Running(name, process, log, port)
        self.running.append(one)
        return one

    def postgres(self, name: str = "postgres", *, port: int = 0, settings: dict[str, str] | None = None) -> "Postgres":
        """A durable PostgreSQL (fsync on, as delivered) on loopback, user postgres, no password; `settings` go to its command line."""
        return Postgres(self, name, port or free_port(), settings or {})

    def redis(self, name: str = "redis", *, port: int = 0) -> Running:
        """A Redis on loopback that keeps nothing on disk."""
        program = shutil.which("redis-server")
        if program is None:
            raise NotUp("redis-server was not found. By hand: apt-get install -y redis-server")
        port = port or free_port()
        command = [program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.home]
        one = self.start(name, command, env={"PATH": os.environ["PATH"]}, port=port)
        wait_for_port(one)
        return one

    def manage(self, *arguments: str, env: dict[str, str]) -> str:
        """Run manage.py to its end and return what it printed. Raises subprocess.CalledProcessError."""
        done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode:
            raise NotUp(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def gunicorn(self, name: str = "web", *, env: dict[str, str], application: str = "menpai.wsgi:application", port: int = 0, probe: str = "/healthz/") -> Running:
        """gunicorn with deploy/gunicorn.conf.py, as the image starts it; returns once `probe` answers 200."""
        port = port or free_port()
        command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "-c", "deploy/gunicorn.conf.py", application]
        one = self.start(name, command, env=env | {"PORT": str(port), "BIND": "127.0.0.1"}, port=port)
        wait_for(one, one.url + probe)
        return one

    def nginx(self, upstreams: Iterable[int], *, name: str = "nginx", host: str = "127.0.0.1", tls: bool = True, extra: str = "", probe: str = "/healthz/") -> Running:
        """nginx with deploy/nginx.conf, only its addresses, ports and paths changed; `extra` goes into its main server block.

        With `tls` the answers come from https://127.0.0.1:PORT with a certificate of its own; without it the same block listens to plain HTTP.
        """
        folder, port = self.home / name, free_port()
        folder.mkdir(exist_ok=True)
        config = folder / "nginx.conf"
        config.write_text(nginx_configuration(folder, list(upstreams), port, host=host, tls=tls, extra=extra), encoding="utf-8")
        one = self.start(name, [shutil.which("nginx") or "/usr/sbin/nginx", "-c", config, "-g", "daemon off;"], env={"PATH": os.environ["PATH"]}, port=port)
        if not tls:
            wait_for(one, one.url + probe)
        else:
            wait_for_port(one)
        return one


def nginx_configuration(folder: Path, upstreams: list[int], port: int, *, host: str, tls: bool, extra: str) -> str:
    """deploy/nginx.conf for loopback. Each piece that is replaced must be there, so that what runs here stays what is shipped."""
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    servers = "\n        ".join(f"server 127.0.0.1:{number} max_fails=20 fail_timeout=5s;" for number in upstreams)
    _certificate(folder)
    pieces = {
        "server web:8000 max_fails=20 fail_timeout=5s;": servers,
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl;": f"listen {host}:{port} ssl;" if tls else f"listen {host}:{port};",
        "/etc/nginx/certificates/": f"{folder}/",
        "/var/cache/nginx/menpai": f"{folder}/cache",
        "/tmp/nginx.pid": f"{folder}/nginx.pid",
        "/dev/stdout": f"{folder}/access.log",
        "/dev/stderr": f"{folder}/error.log",
        "# For the operator's own probes": extra + "\n        # For the operator's own probes",
    }
    for old, new in pieces.items():
        if old not in text:
            raise NotUp(f"deploy/nginx.conf no longer holds {old!r}: tests/running.py has to follow")
        text = text.replace(old, new)
    return ("user root;\n" if os.geteuid() == 0 else "") + text


@contextmanager
def left_out(nginx: Running, machine: Running) -> Iterator[None]:
    """While this lasts nginx sends nobody to that web machine, as docs/operations.md has it for an upgrade. Both changes are reloads, so that nothing is
    remembered of a machine that was away. Raises NotUp."""
    config = nginx.log.parent / nginx.name / "nginx.conf"
    whole = config.read_text(encoding="utf-8")
    text, lines = re.subn(rf"server 127\.0\.0\.1:{machine.port} [^;]*;", "", whole)
    if not lines:
        raise NotUp(f"{config} has no line for {machine.name}")
    _reload(nginx, config, text)
    try:
        yield
    finally:
        _reload(nginx, config, whole)


def _reload(nginx: Running, config: Path, text: str) -> None:
    """Until the workers with the former configuration have answered what they had in hand and are gone."""
    config.write_text(text, encoding="utf-8")
    before, deadline = set(nginx.children()), time.monotonic() + PATIENCE
    nginx.process.send_signal(signal.SIGHUP)
    while before & set(nginx.children()):
        if time.monotonic() > deadline:
            raise NotUp(f"{nginx.name} still has workers of its former configuration:\n{nginx.log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)


def _certificate(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2)).sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(key.private_bytes(*plain))


class Postgres:
    """One PostgreSQL cluster that can be killed and started again, and copied into a streaming replica."""

    def __init__(self, stage: Stage, name: str, port: int, settings: dict[str, str], *, copy_of: "Postgres | None" = None):
        self.stage, self.name, self.port, self.settings = stage, name, port, settings
        self.data, self.binaries = stage.home / name, server.installed()
        if self.binaries is None:
            raise server.NoServer(f"PostgreSQL {server.OLDEST} or newer was not found. By hand: apt-get install -y postgresql")
        self._make(copy_of)
        self.running = self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> Running:
        """Start (or start again) and wait until it takes connections."""
        options = {"unix_socket_directories": str(self.data), "listen_addresses": "127.0.0.1"} | self.settings
        command = [self.binaries / "postgres", "-D", self.data, "-p", self.port, *(part for key, value in options.items() for part in ("-c", f"{key}={value}"))]
        deadline = time.monotonic() + PATIENCE
        while True:
            self.running = self.stage.start(self.name, command, **self._as_server())
            if self._is_up(deadline):
                return self.running
            # Of a server that was killed a process may be ending yet; a service manager tries again, too.
            if "pre-existing shared memory block" not in self._last_words() or time.monotonic() > deadline:
                raise NotUp(f"{self.name} did not start:\n{self._last_words()}")
            time.sleep(0.2)

    def _is_up(self, deadline: float) -> bool:
        """True once it takes connections, False when it ends or the time is over."""
        while subprocess.run([self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode:
            if not self.running.is_alive or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _last_words(self) -> str:
        return self.running.log.read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        """SIGKILL to all its processes, as when the machine loses its power (what the kernel holds stays)."""
        self.running.kill()

    def run(self, program: str, *arguments: str) -> str:
        """A program of this server's own folder (psql, pg_ctl, pg_dump …) as its owner; what it printed."""
        return subprocess.run([self.binaries / program, *arguments], check=True, capture_output=True, text=True, **self._as_server()).stdout

    def sql(self, statement: str, database: str = "postgres") -> str:
        return self.run("psql", "-X", "-At", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-c", statement).strip()

    def replica(self, name: str = "replica", *, settings: dict[str, str] | None = None) -> "Postgres":
        """A streaming replica of this server, made with pg_basebackup and started."""
        return Postgres(self.stage, name, free_port(), settings or {}, copy_of=self)

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-D", str(self.data), "-w")

    def _make(self, copy_of: "Postgres | None") -> None:
        self.data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            user = server._other_user()
            os.chown(self.data, user.pw_uid, user.pw_gid)
        if copy_of is None:
            self.run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        else:
            source = f"host=127.0.0.1 port={copy_of.port} user=postgres application_name={self.name}"
            self.run("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast", "-d", source)

    def _as_server(self) -> dict:
        how: dict = {"env": {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(self.data)}, "cwd": "/"}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = server._other_user()
            how |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        return how


def wait_for(one: Running, url: str) -> None:
    """Until the address answers 200. Raises NotUp with the end of the log when the process ends or PATIENCE is over."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError) as error:
            if not one.is_alive or time.monotonic() > deadline:
                raise NotUp(f"{one.name} did not answer at {url} ({error}):\n{one.log.read_text(errors='replace')[-3000:]}") from None
        time.sleep(0.05)


def wait_for_port(one: Running) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", one.port)) == 0:
                return
        if not one.is_alive or time.monotonic() > deadline:
            raise NotUp(f"{one.name} did not listen:\n{one.log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)


def site_environment(home: Path, database: str, **changes: str) -> dict[str, str]:
    """The environment of a site on loopback without HTTPS: keys of its own, its files under `home`, hosts 127.0.0.1. `changes` as in `environment`."""
    (home / "static").mkdir(parents=True, exist_ok=True)
    plain = {"MENPAI_HTTPS": "0", "MENPAI_SITE_URL": "http://127.0.0.1:8000", "MENPAI_HOSTS": "127.0.0.1,localhost", "DATABASE_URL": database}
    return environment(home, **(plain | changes))


def fill(stage: Stage, env: dict[str, str], *, with_content: bool = True) -> None:
    """Schema, roles and (unless told otherwise) the content of fixtures/, sample buildings and plates, demo staff with MENPAI_DEMO=1: as `make run` does."""
    script = [sys.executable, "scripts/prepare.py"] if with_content else [sys.executable, "manage.py", "migrate", "-v", "0"]
    done = subprocess.run(script, cwd=ROOT, env={"PORT": str(free_port())} | env, capture_output=True, text=True)
    if done.returncode:
        raise NotUp(f"the site was not filled:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def _timed_out(signum, frame):
    raise NotUp("the time for this part is over")


def give_up_after(seconds: int) -> None:
    """End this process with an error when it takes longer: a drill and a benchmark are bounded."""
    signal.signal(signal.SIGALRM, _timed_out)
    signal.alarm(seconds)
