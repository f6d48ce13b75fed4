"""`deploy/up`: makes keys and a certificate where there are none, starts everything, and run again changes nothing. Docker is a stub that writes down."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.fernet import Fernet

from tests.deploy.container_files import ROOT
from tests.menpai.production import run

STUB = """#!/bin/sh
echo "$*" >> "{log}"
case "$1 $2" in
    "compose version") exit {status} ;;
    "run --rm") while [ "$1" != python ]; do shift; done; shift; exec "{python}" "$@" ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A copy of what deploy/up touches, and a docker that only writes down what it was told."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("up", "self_signed.py"):
        shutil.copy(ROOT / "deploy" / name, tmp_path / "deploy" / name)
    _docker(tmp_path)
    return tmp_path


def _docker(folder: Path, *, status: int = 0) -> None:
    stub = folder / "bin" / "docker"
    stub.write_text(STUB.format(log=folder / "told", python=sys.executable, status=status))
    stub.chmod(0o755)


def up(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    env = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin"}
    return subprocess.run([folder / "deploy" / "up", *arguments], env=env, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)


def told(folder: Path) -> list[str]:
    return (folder / "told").read_text().splitlines()


def settings_of(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "told"}


def test_one_command_makes_what_is_missing_and_starts_everything(machine):
    result = up(machine, "menpai.example.cn")
    assert result.returncode == 0, result.stderr
    ran = told(machine)
    assert ran[0] == "compose version"
    assert ran[1] == "compose build"
    assert ran[2].startswith("run --rm --network none --read-only --cap-drop ALL menpai:local python deploy/self_signed.py menpai.example.cn")
    assert ran[3:] == ["compose up --detach --wait"]
    assert "https://menpai.example.cn" in result.stderr
    assert "自己签的证书" in result.stderr


def test_the_keys_are_good_ones_and_only_for_their_owner(machine):
    up(machine, "menpai.example.cn")
    made = settings_of(machine)
    Fernet(made["MENPAI_PII_KEYS"].encode())
    assert len(made["MENPAI_SECRET_KEY"]) == 64
    assert re.fullmatch(r"[A-Za-z0-9]{20,}", made["POSTGRES_PASSWORD"])  # stands in an address
    assert stat.S_IMODE((machine / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE((machine / "certificates" / "privkey.pem").stat().st_mode) == 0o600
    checked = run("-c", "import menpai.settings as s; print(s.SITE_URL)", env=made | {"PATH": "/usr/bin", "MENPAI_VAR": str(machine)})
    assert checked.stdout == "https://menpai.example.cn\n", checked.stderr


def test_no_key_is_shown(machine):
    result = up(machine, "menpai.example.cn")
    secrets = [value for name, value in settings_of(machine).items() if "KEY" in name or "PASSWORD" in name or "TOKEN" in name]
    assert len(secrets) == 5
    assert [one for one in secrets if one in result.stdout + result.stderr + (machine / "told").read_text()] == []


def test_the_certificate_is_for_the_host_and_fits_its_key(machine):
    up(machine, "menpai.example.cn")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    folder = machine / "certificates"
    certificate = x509.load_pem_x509_certificate((folder / "fullchain.pem").read_bytes())
    key = load_pem_private_key((folder / "privkey.pem").read_bytes(), None)
    assert certificate.public_key() == key.public_key()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["menpai.example.cn"]


def test_run_again_it_changes_nothing(machine):
    up(machine, "menpai.example.cn")
    before = contents(machine)
    result = up(machine)
    assert result.returncode == 0
    assert contents(machine) == before
    assert [line for line in told(machine)[4:] if line.startswith("run")] == []


def test_another_host_name_does_not_move_a_site_whose_plates_hang(machine):
    up(machine, "menpai.example.cn")
    before = settings_of(machine)
    up(machine, "other.example.cn")
    assert settings_of(machine) == before


def test_a_real_certificate_is_used_without_a_warning(machine):
    (machine / "certificates").mkdir()
    for name in ("fullchain.pem", "privkey.pem"):
        (machine / "certificates" / name).write_text("theirs")
    result = up(machine, "menpai.example.cn")
    assert result.returncode == 0
    assert "自己签的证书" not in result.stderr
    assert (machine / "certificates" / "fullchain.pem").read_text() == "theirs"


def test_a_certificate_without_its_key_is_told_and_nothing_is_overwritten(machine):
    (machine / "certificates").mkdir()
    (machine / "certificates" / "fullchain.pem").write_text("theirs")
    result = up(machine, "menpai.example.cn")
    assert result.returncode == 1
    assert "只有证书和私钥中的一个" in result.stderr
    assert "compose up --detach --wait" not in told(machine)


@pytest.mark.parametrize("host", ["", "https://menpai.example.cn", "menpai.example.cn/", "Menpai.example.cn", "a b.cn", "x;rm -rf .", "-x.cn", ".cn", "a..cn", "$(id)"])
def test_what_is_no_host_name_is_refused_before_anything_is_made(machine, host):
    result = up(machine, host)
    assert result.returncode == 1
    assert "域名" in result.stderr
    assert not (machine / ".env").exists()
    assert told(machine) == ["compose version"]


def test_without_docker_it_says_what_to_install(machine):
    _docker(machine, status=1)
    result = up(machine, "menpai.example.cn")
    assert result.returncode == 1
    assert "先装 Docker" in result.stderr
    assert not (machine / ".env").exists()
