"""The restore drill: a filled site is backed up by the command, restored by the command on an empty machine, and compared row by row and photo by photo.

On SQLite under `MENPAI_TEST_DB=sqlite`, on PostgreSQL under the other: `make test` does both.
"""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from menpai import backup as package
from menpai.backup import keys, taking
from menpai.models import BackupTaken
from tests.conftest import ROOT
from tests.menpai.production import environment, manage, run

ON_POSTGRES = os.environ.get("MENPAI_TEST_DB") == "postgres"
KEYS = ("MENPAI_SECRET_KEY", "MENPAI_PII_KEYS", "MENPAI_PII_INDEX_KEY")
FILL = """
import django; django.setup()
from tests.helpdesk.filled import fill
from helpdesk import attachments
from helpdesk.models import Attachment
fill()
row = Attachment.objects.get()
Attachment.objects.filter(pk=row.pk).update(key=attachments.put(b"a photo of a paper"), deleted_at=None)
row.pk, row.key, row.deleted_at = None, attachments.put(bytes(range(256)) * 400), None
row.save(force_insert=True)
"""
SHOW = """
import django; django.setup()
from helpdesk import attachments
from helpdesk.models import Attachment
from menpai import moving
for model in moving.tables():
    for row in model._base_manager.order_by("pk").values():
        print(model._meta.label, row)
for row in Attachment.objects.filter(deleted_at=None).order_by("pk"):
    print(row.pk, attachments.read(row.key))
"""


def machine(home: Path, *, keys_of: dict | None = None, like: dict | None = None) -> dict[str, str]:
    """An empty machine's environment: a home and an empty database of its own (or one `like` that of another machine), and the keys of another one if told."""
    home.mkdir()
    changes = {name: keys_of[name] for name in KEYS} if keys_of else {}
    if ON_POSTGRES:
        server = os.environ["DATABASE_URL"].rpartition("/")[0]
        name = f"backup_{abs(hash(str(home)))}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
            connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like["DATABASE_URL"].rpartition("/")[2]}"' if like else ""))
        changes["DATABASE_URL"] = f"{server}/{name}"
    elif like:
        shutil.copy(Path(like["MENPAI_VAR"]) / "menpai.sqlite3", home)
    programs = [str(path.parent) for path in Path(os.environ["MENPAI_TEST_HOME"]).rglob("pg_dump")]  # those of the wheel, where no server is installed
    return environment(home, **changes, PATH=":".join([os.environ["PATH"], *programs]))


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A machine where the site was started once and nobody entered anything."""
    env = machine(tmp_path_factory.mktemp("started") / "site")
    ok(manage("migrate", "-v0", env=env))
    ok(manage("setup_roles", env=env))
    return env


@pytest.fixture(scope="module")
def site(tmp_path_factory, started):
    """A running site: rows of every model of the desk and two photos. Nobody changes it."""
    env = machine(tmp_path_factory.mktemp("backup") / "site", like=started)
    ok(run("-c", FILL, env=env))
    return env


@pytest.fixture(scope="module")
def taken(site, tmp_path_factory):
    """One backup of it, to be copied before it is damaged."""
    folder = tmp_path_factory.mktemp("taken") / "backups"
    ok(manage("backup", str(folder), env=site))
    [backup] = [path for path in folder.iterdir() if path.is_dir()]
    return backup


@pytest.fixture
def copied(taken, tmp_path):
    return shutil.copytree(taken, tmp_path / taken.name)


def ok(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def seen(env: dict) -> str:
    return ok(run("-c", SHOW, env=env))


def keys_in(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


def test_an_empty_machine_with_a_backup_and_its_keys_is_the_same_site_again(site, taken, tmp_path):
    new = machine(tmp_path / "new", keys_of=keys_in(taken.with_name(taken.name + ".keys")))
    assert "每张的行数和内容都和备份时一样" in ok(manage("restore", str(taken), env=new))
    rows = [line for line in seen(site).splitlines() if not line.startswith("menpai.BackupTaken")]  # known only once the backup is there
    assert rows == seen(new).splitlines()
    assert len(rows) > 100
    assert any("a photo of a paper" in line for line in rows)
    assert ok(manage("check", env=new))
    goes_on = "import django; django.setup(); from tests.factories import make_request; print(make_request().pk)"
    assert int(ok(run("-c", goes_on, env=new))) > 1


def test_what_migrate_and_setup_roles_wrote_is_no_content(taken, site, started, tmp_path):
    """As with compose, where the site starts once before anybody restores anything."""
    new = machine(tmp_path / "new", keys_of=site | {"MENPAI_SECRET_KEY": "another-secret-of-more-than-fifty-characters-0123456789"}, like=started)
    assert "工作人员都要重新登录" in ok(manage("restore", str(taken), env=new))
    assert "helpdesk.HelpRequest" in seen(new)


def test_keys_are_kept_apart_readable_by_their_owner_alone_and_never_said(site, taken, tmp_path):
    beside = taken.with_name(taken.name + ".keys")
    assert beside.stat().st_mode & 0o777 == 0o600
    assert keys_in(beside) == {name: site[name] for name in KEYS}
    said = ok(manage("backup", str(tmp_path / "b"), "--without-keys", env=site)) + ok(manage("backup", str(tmp_path / "c"), "--keys", str(tmp_path / "safe"), env=site))
    assert keys_in(tmp_path / "safe") == {name: site[name] for name in KEYS}
    assert not list((tmp_path / "b").glob("*.keys")) + list((tmp_path / "c").glob("*.keys"))
    inside = b"".join(path.read_bytes() for path in taken.rglob("*") if path.is_file())
    for name in KEYS:
        assert site[name].encode() not in inside
        assert site[name] not in said


def test_nobody_is_readable_in_a_backup_without_its_keys(site, taken):
    """The tables' own marks are in the open columns; none of those that were written to an encrypted one is."""
    inside = b"".join(path.read_bytes() for path in taken.rglob("*") if path.is_file())
    rows = seen(site)
    assert "'phone': '" in rows
    assert b"a photo of a paper" not in inside
    for line in rows.splitlines():
        if line.startswith("helpdesk.HelpRequest "):
            name = line.split("'name': '")[1].split("'")[0]
            assert name
            assert name.encode() not in inside


@pytest.fixture
def with_its_keys(settings, site):
    """This process has the keys of the site. None of the tests with it may touch a database: pytest-django lets them not."""
    settings.PII_KEYS, settings.PII_INDEX_KEYS, settings.SECRET_KEY = [site["MENPAI_PII_KEYS"]], [site["MENPAI_PII_INDEX_KEY"]], site["MENPAI_SECRET_KEY"]
    return settings


def told(backup: Path) -> str:
    """What the command refuses with, before it has asked the database or the store of photos for anything."""
    with pytest.raises(CommandError) as refusal:
        call_command("restore", str(backup), stdout=StringIO())
    return str(refusal.value)


def test_a_wrong_key_is_told_before_anything_is_written(taken, with_its_keys):
    with_its_keys.PII_KEYS = [Fernet.generate_key().decode()]
    assert "这台机器的 MENPAI_PII_KEYS 不是做备份时的那一套" in told(taken)


def test_a_wrong_key_of_the_index_too(taken, with_its_keys):
    with_its_keys.PII_INDEX_KEYS = ["another-index-key-of-more-than-thirty-two-characters"]
    assert "这台机器的 MENPAI_PII_INDEX_KEY 不是做备份时的那一套" in told(taken)


@pytest.mark.parametrize("what", ["database", "attachments"])
def test_a_damaged_or_missing_file_is_told_before_anything_is_written(copied, with_its_keys, what):
    victim = next(path for path in sorted(copied.rglob("*")) if path.is_file() and what in str(path.relative_to(copied)))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    assert f"{victim.relative_to(copied)} 不见了或者坏了" in told(copied)
    victim.unlink()
    assert f"{victim.relative_to(copied)} 不见了或者坏了" in told(copied)


def changed(copied: Path, *, sealed: bool = True, **fields) -> Path:
    manifest = json.loads((copied / "manifest.json").read_text()) | fields
    if sealed:
        manifest["seal"] = keys.seal(manifest)
    (copied / "manifest.json").write_text(json.dumps(manifest))
    return copied


def test_a_manifest_that_somebody_changed_is_refused(copied, with_its_keys):
    """Whoever may write to the folder of backups cannot have another database restored: the seal needs the key."""
    assert "被改过" in told(changed(copied, sealed=False, site="https://menpai.example.com"))
    (copied / "manifest.json").write_text("{")
    assert "读不出来" in told(copied)


def test_a_backup_of_newer_code_is_refused_by_its_format_and_by_its_schema(copied, with_its_keys):
    assert "备份来自更新的程序（guides.9999_of_tomorrow）" in told(changed(copied, migrations=["guides.0001_initial", "guides.9999_of_tomorrow"]))
    assert "这一版不认识它" in told(changed(copied, format=2))


def test_the_other_kind_of_database_is_refused_with_the_way_round(copied, with_its_keys):
    assert "move_database" in told(changed(copied, vendor="sqlite" if ON_POSTGRES else "postgresql"))


def test_a_site_with_content_is_left_alone_unless_told(taken, site, started, tmp_path):
    new = machine(tmp_path / "new", keys_of=site, like=started)
    ok(run("-c", "import django; django.setup(); from tests.factories import make_guide; make_guide(slug='mine-001', plain_title='只在这里')", env=new))
    assert "数据库里已经有内容了" in refused(manage("restore", str(taken), env=new))
    assert "只在这里" in seen(new)
    ok(manage("restore", str(taken), "--overwrite", env=new))
    assert "只在这里" not in seen(new)


def test_a_backup_of_older_code_is_brought_up_to_this_one(site, tmp_path):
    older, empty = machine(tmp_path / "older", keys_of=site, like=site), machine(tmp_path / "empty", keys_of=site)
    ok(manage("migrate", "menpai", "0002", "-v0", env=older))
    assert "数据库已经升级到这一版" in ok(manage("restore", str(backup_of(older, tmp_path / "backups")), env=empty))
    ok(manage("migrate", "--check", env=empty))


def backup_of(env: dict, folder: Path) -> Path:
    ok(manage("backup", str(folder), env=env))
    [backup] = [path for path in folder.iterdir() if path.is_dir()]
    return backup


def test_a_backup_that_was_killed_is_none_and_the_next_one_clears_it_away(site, tmp_path):
    """A named pipe among the photos: the command waits in the middle of its work until it is killed."""
    folder, pipe = tmp_path / "backups", Path(site["MENPAI_VAR"]) / "attachments" / "zz-pipe"
    os.mkfifo(pipe)
    try:
        killed = subprocess.Popen([sys.executable, "manage.py", "backup", str(folder)], cwd=ROOT, env=site)
        with pipe.open("wb"):  # opens once the command has opened it to read
            assert "另一个备份正在做" in refused(manage("backup", str(folder), env=site))
            killed.send_signal(signal.SIGKILL)
            killed.wait()
    finally:
        pipe.unlink()
    [half] = [path for path in folder.iterdir() if path.name != ".lock"]
    assert half.name.startswith(".")
    new = machine(tmp_path / "new", keys_of=site)
    assert "不是一份备份" in refused(manage("restore", str(half), env=new))
    assert "不是一份备份" in refused(manage("restore", str(folder), env=new))
    whole = backup_of_again(site, folder)
    assert not half.exists()
    ok(manage("restore", str(whole), env=new))


def backup_of_again(env: dict, folder: Path) -> Path:
    ok(manage("backup", str(folder), env=env))
    return next(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def test_a_full_disk_is_told_and_leaves_nothing(site, tmp_path):
    """No file may grow beyond a few kilobytes: for a program the same as a disk without space."""

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    done = subprocess.run([sys.executable, "manage.py", "backup", str(tmp_path / "b")], cwd=ROOT, env=site, capture_output=True, text=True, preexec_fn=small)
    assert "磁盘满了，备份没有做成，也没有留下半份" in refused(done)
    assert [path.name for path in (tmp_path / "b").iterdir()] == [".lock"]


def test_a_restore_that_was_killed_has_written_nothing_and_is_begun_again(taken, site, started, tmp_path):
    """Somebody holds a lock on the target: the command waits in front of its first write until it is killed."""
    new = machine(tmp_path / "new", keys_of=site, like=started)
    held = psycopg.connect(new["DATABASE_URL"]) if ON_POSTGRES else sqlite3.connect(Path(new["MENPAI_VAR"]) / "menpai.sqlite3", isolation_level=None)
    held.execute("LOCK TABLE django_migrations IN ACCESS SHARE MODE" if ON_POSTGRES else "BEGIN IMMEDIATE")
    with subprocess.Popen([sys.executable, "manage.py", "restore", str(taken)], cwd=ROOT, env=new, stdout=subprocess.PIPE, text=True) as killed:
        while "照片恢复好了" not in killed.stdout.readline():
            assert killed.poll() is None
        killed.kill()
    held.close()
    assert "helpdesk.HelpRequest" not in seen(new)
    ok(manage("restore", str(taken), env=new))
    assert "helpdesk.HelpRequest" in seen(new)


def test_a_photo_that_was_deleted_while_the_backup_was_made_is_recorded_as_deleted(site, tmp_path):
    source = machine(tmp_path / "source", keys_of=site, like=site)
    shutil.copytree(Path(site["MENPAI_VAR"]) / "attachments", Path(source["MENPAI_VAR"]) / "attachments")
    [gone, kept] = sorted((Path(source["MENPAI_VAR"]) / "attachments").iterdir())
    gone.unlink()  # its row still says that it lives
    (Path(source["MENPAI_VAR"]) / "attachments" / ("f" * 32)).write_bytes(b"of no row: deleted, or about to be")
    backup = backup_of(source, tmp_path / "second")
    assert [path.name for path in (backup / "attachments").iterdir()] == [kept.name]
    new = machine(tmp_path / "new", keys_of=site)
    assert "1 张照片到期删除" in ok(manage("restore", str(backup), env=new))
    lost = "import django; django.setup(); from helpdesk import attachments as a; print(a.without_file())"
    assert ok(run("-c", lost, env=new)) == "[]\n"


def test_old_backups_go_with_their_keys_and_nothing_else_does(tmp_path):
    long_ago = f"menpai-{datetime.now() - timedelta(days=31):%Y%m%d-%H%M%S}"  # noqa: DTZ005 named in local time
    recent = f"menpai-{datetime.now() - timedelta(days=29):%Y%m%d-%H%M%S}"  # noqa: DTZ005
    for name in (long_ago, recent, "menpai-of-the-mayor", "other"):
        (tmp_path / name / "attachments").mkdir(parents=True)
    for name in (long_ago, recent):
        (tmp_path / f"{name}.keys").touch()
    assert taking.forget(tmp_path, 0) == []
    assert taking.forget(tmp_path, 30) == [long_ago, f"{long_ago}.keys"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([recent, f"{recent}.keys", "menpai-of-the-mayor", "other"])


def test_the_moment_of_the_last_backup_is_known(site, taken, db):
    assert package.last_backup() is None
    BackupTaken.objects.create(pk=1, at=datetime.fromisoformat("2026-11-27T03:00:00+08:00"), size=7)
    assert package.last_backup().isoformat() == "2026-11-26T19:00:00+00:00"
    asked = "import django; django.setup(); from menpai.backup import last_backup; print(last_backup().isoformat())"
    assert ok(run("-c", asked, env=site)).startswith("20")
