"""Dockerfile, .dockerignore and compose.yaml read as far as our own need it."""

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Instruction:
    """One instruction: the stage it belongs to (by name or number), its word, what follows, and its --flags."""

    stage: str
    word: str
    rest: str
    flags: dict[str, str]

    @property
    def parts(self) -> list[str]:
        """What follows as words; the JSON form as it is."""
        return json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)


def dockerfile() -> list[Instruction]:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
    found, stage, number = [], "", -1
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        flags = {}
        while rest.startswith("--") and word in {"COPY", "ADD", "RUN", "FROM"}:
            flag, _, rest = rest.partition(" ")
            name, _, value = flag[2:].partition("=")
            flags[name] = value
        if word == "FROM":
            number += 1
            stage = rest.partition(" AS ")[2] or str(number)
        found.append(Instruction(stage, word, rest.strip(), flags))
    return found


def arguments() -> dict[str, str]:
    """The ARGs before the first stage, with their defaults."""
    return dict(one.rest.split("=", 1) for one in dockerfile() if one.word == "ARG" and not one.stage)


def is_ignored(path: str) -> bool:
    """Whether .dockerignore keeps the path out: the last pattern that fits it or a folder above it decides."""
    ignored = False
    above = [str(one) for one in reversed(PurePosixPath(path).parents)][1:] + [path]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        negated, pattern = pattern.startswith("!"), pattern.lstrip("!")
        if any(_fits(pattern, one) for one in above):
            ignored = not negated
    return ignored


def _fits(pattern: str, path: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(path.rpartition("/")[2], pattern[3:])
    return pattern.count("/") == path.count("/") and all(fnmatchcase(a, b) for a, b in zip(path.split("/"), pattern.split("/"), strict=True))


def context() -> list[str]:
    """The files of this repository that a build is given, tracked or new."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if not is_ignored(path) and (ROOT / path).is_file()]


def compose() -> dict:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def seconds(text: str) -> float:
    """60s, 2m: as compose writes a time."""
    return float(text[:-1]) * {"s": 1, "m": 60}[text[-1]]
