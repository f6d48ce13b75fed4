"""PostgreSQL's own programs: found in the version that fits, run without a password on their command line."""

import errno
import os
import shutil
import signal
import subprocess
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo

from menpai.backup import Refused

WANTED = ("pg_dump", "pg_restore", "psql")
PREAMBLE = 60  # lines; the settings of a session that pg_restore begins with
SINCE_17 = b"SET transaction_timeout"  # newer programs say it to older servers too, whose refusal would end the restore
OURS_ALONE = ("password", "sslpassword", "client_encoding", "cursor_factory", "context", "prepare_threshold", "host", "port", "hostaddr")


def server_major() -> int:
    connection.ensure_connection()
    return connection.connection.info.server_version // 10000


def folder(least: int) -> tuple[Path, int]:
    """Where the programs of the lowest major version from `least` on are, and which that is. Raises Refused with what to install."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr/local").glob("pgsql*/bin")]
    if found := shutil.which("pg_dump"):
        places.append(Path(found).parent)
    known = [(major, place) for place in places if (major := _major(place)) >= least]
    if not known:
        raise Refused(f"找不到 PostgreSQL {least} 版（或更新的）的 {'、'.join(WANTED)}。请先安装，例如 apt-get install postgresql-client-{least}，再来一次。")
    major, place = min(known)
    return place, major


def _major(place: Path) -> int:
    """The version of the programs in a folder; 0 unless all three are there."""
    if not all(os.access(place / name, os.X_OK) for name in WANTED):
        return 0
    words = subprocess.run([place / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout.split()
    return int(words[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))


def _where() -> tuple[str, dict[str, str]]:
    """The server that our own connection reached (of several hosts, that very one) as a conninfo without its password, and the environment with it."""
    connection.ensure_connection()
    given, info = connection.get_connection_params(), connection.connection.info
    plain = {name: value for name, value in given.items() if name not in OURS_ALONE}
    secret = {"PGPASSWORD": given["password"]} if given.get("password") else {}
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"}}
    return make_conninfo(**plain, host=info.host, port=info.port), kept | secret


def dump(path: Path, snapshot: str) -> int:
    """pg_dump in its own format, of exactly the moment of an exported snapshot; the major version of the program. Raises Refused."""
    place, major = folder(server_major())
    where, environment = _where()
    command = [place / "pg_dump", "-Fc", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", "-f", path, "-d", where]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if "No space left" in done.stderr or -done.returncode == signal.SIGXFSZ:
        raise OSError(errno.ENOSPC, "No space left", str(path))
    if done.returncode:
        raise Refused(f"pg_dump 没有做成：{_last_line(done.stderr) or f'它被停掉了（{done.returncode}）'}")
    return major


def restore(path: Path, made_by: int, before: str) -> None:
    """Read such a file into the database, all of it or nothing, in one transaction that begins with the statements `before`. Raises Refused.

    COMMIT is sent only after pg_restore has ended well: when it, psql or this process dies on the way, the server rolls back.
    """
    place, _ = folder(max(server_major(), made_by))
    where, environment = _where()
    reader = [place / "pg_restore", "--no-owner", "--no-privileges", "--no-comments", "-f", "-", path]
    writer = [place / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", where]
    with (
        subprocess.Popen(reader, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source,
        subprocess.Popen(writer, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as target,
    ):
        try:
            target.stdin.write(f"BEGIN;\n{before}\n".encode())
            _pass_on(source.stdout, target.stdin)
            if source.wait():
                target.kill()
                raise Refused(f"备份里的数据库文件读不出来：{_last_line(source.stderr.read().decode(errors='replace'))}。数据库没有改动。")
            target.stdin.write(b"\nCOMMIT;\n")
            target.stdin.close()
        except BrokenPipeError:  # psql has given up; it says why
            source.kill()
        said = target.stderr.read().decode(errors="replace")
        if target.wait():
            raise Refused(f"数据库不收：{_last_line(said)}。数据库没有改动；如果是“lock timeout”，请先停掉网站。")


def _pass_on(source, target) -> None:
    is_older = server_major() < 17
    for _ in range(PREAMBLE):
        line = source.readline()
        if not (is_older and line.startswith(SINCE_17)):
            target.write(line)
    shutil.copyfileobj(source, target)


def _last_line(text: str) -> str:
    """The last of what a program complained of. PostgreSQL's programs name tables and files there, and in DETAIL lines values of rows: those are left out."""
    lines = [line for line in text.strip().splitlines() if "DETAIL" not in line and "CONTEXT" not in line]
    return next((line for line in reversed(lines) if "rror" in line), lines[-1] if lines else "")
