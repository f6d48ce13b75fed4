"""scripts/audit: a known fault fails with what to do; without an answer it says so and passes."""

import json
import os
import subprocess

import pytest

from tests.attacks.addresses import ROOT

FAULT = {"id": "X-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.0"], "description": "bad"}


def audit(tmp_path, script: str) -> subprocess.CompletedProcess:
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "AUDIT": str(program), "AUDIT_SECONDS": "2"}
    return subprocess.run([ROOT / "scripts" / "audit"], env=env, capture_output=True, text=True, timeout=60)


def answering(*packages: dict, code: int = 0) -> str:
    return f"cat <<'JSON'\n{json.dumps({'dependencies': packages, 'fixes': []})}\nJSON\nexit {code}"


def test_a_known_fault_fails_and_says_what_to_do(tmp_path):
    done = audit(tmp_path, answering({"name": "django", "version": "1.0", "vulns": [FAULT]}, {"name": "six", "version": "1", "vulns": []}, code=1))
    assert done.returncode == 1
    assert "django 1.0: X-2026-1 CVE-2026-1; fixed in 2.0" in done.stdout
    assert "scripts/lock --upgrade" in done.stdout


def test_no_fault_passes_and_says_how_many_were_asked_about(tmp_path):
    done = audit(tmp_path, answering({"name": "django", "version": "5", "vulns": []}, {"name": "own", "skip_reason": "not found"}))
    assert (done.returncode, "1 packages" in done.stdout, "own" in done.stdout) == (0, True, True)


@pytest.mark.parametrize(
    "script", ["echo 'no route to host' >&2; exit 1", "exit 2", "echo '{'; exit 1", answering({"name": "django", "skip_reason": "not found"}), "exec tail -f /dev/null"]
)
def test_without_an_answer_it_says_so_and_passes(tmp_path, script):
    done = audit(tmp_path, script)
    assert done.returncode == 0
    assert "not checked this time" in done.stdout


def test_a_machine_without_the_program_is_told(tmp_path):
    env = {"PATH": os.environ["PATH"], "AUDIT": str(tmp_path / "none")}
    done = subprocess.run([ROOT / "scripts" / "audit"], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "not checked" in done.stdout) == (0, True)
