"""The rooms: helpdesk > doorplates > guides > leaves of menpai."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = ["menpai", "guides", "doorplates", "helpdesk"]


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    command = Path(sys.executable).with_name("lint-imports")
    env = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run([command, "--no-cache"], cwd=folder, env=env, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path):
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_go_one_way(copy):
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("guides/search.py", "import helpdesk.models"),
        ("doorplates/codes.py", "from helpdesk.models import HelpRequest"),
        ("menpai/throttle.py", "import guides.models"),
        ("guides/actions.py", "from menpai import urls"),
    ],
)
def test_an_import_upwards_is_caught(copy, file, line):
    path = copy / file
    path.write_text(path.read_text(encoding="utf-8") + f"\n\n{line}\n", encoding="utf-8")
    result = lint_imports(copy)
    assert result.returncode == 1
    assert "BROKEN" in result.stdout


def test_every_module_of_menpai_has_a_place_in_the_contract():
    """A new module that no layer names would be free to import anything."""
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    modules = {p.stem for p in (ROOT / "menpai").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    unplaced = modules - {"__init__", "apps", "management", "migrations"}
    assert sorted(name for name in unplaced if f"menpai.{name}" not in contract) == []
