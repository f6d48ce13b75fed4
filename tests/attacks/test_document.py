"""docs/security.md claims nothing that nobody proves: each test, file and drill that it names exists."""

import re

from tests.attacks.addresses import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
# Items of ASVS 4.0.3 of level 1 and 2 that have to be answered, by chapter: how many there are in each section.
SECTIONS = {
    "1.1": 7, "1.2": 4, "1.5": 4, "1.6": 4, "1.7": 2, "1.8": 2, "1.9": 2, "1.10": 1, "1.11": 2, "1.12": 2, "1.14": 6, "2.1": 12, "2.2": 3, "2.3": 3, "2.4": 5, "2.5": 7, "2.6": 3, "2.7": 6,
    "2.8": 7, "2.9": 3, "2.10": 4, "3.1": 1, "3.2": 4, "3.3": 4, "3.4": 5, "3.5": 3, "3.7": 1, "4.2": 2, "4.3": 3, "5.1": 5, "5.2": 8, "5.3": 10, "5.4": 3, "5.5": 4, "6.1": 3, "6.2": 6, "6.3": 2,
    "6.4": 2, "7.2": 2, "7.4": 3, "8.1": 4, "8.2": 3, "8.3": 8, "9.1": 3, "9.2": 4, "10.2": 2, "10.3": 3, "11.1": 8, "12.1": 3, "12.2": 1, "12.3": 6, "12.4": 2, "12.5": 2, "12.6": 1, "13.3": 2,
    "13.4": 2, "14.1": 4, "14.2": 6, "14.4": 7, "14.5": 4,
}  # fmt: skip
# Sections with numbers that are not used, or stand at level 3.
ALSO = ["1.4.1", "1.4.4", "1.4.5", "4.1.1", "4.1.2", "4.1.3", "4.1.5", "7.1.1", "7.1.2", "7.1.3", "7.1.4", "7.3.1", "7.3.3", "7.3.4", "13.1.1", "13.1.3", "13.1.4", "13.1.5", "13.2.1", "13.2.2", "13.2.3", "13.2.5", "13.2.6", "14.3.2", "14.3.3"]


def answered() -> set[str]:
    found = set()
    for items in re.findall(r"^\| (\d[\d., to]*) \|", TEXT, re.M):
        for piece in items.split(", "):
            first, _, last = piece.partition(" to ")
            section, _, number = first.rpartition(".")
            end = int(last.rpartition(".")[2]) if last else int(number)
            found |= {f"{section}.{n}" for n in range(int(number), end + 1)}
    return found


def test_every_test_that_it_names_exists():
    named = set(re.findall(r"`(tests/[\w/.]+\.py)::(\w+)`", TEXT))
    assert len(named) > 70
    for file, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M), f"{file}::{name}"


def test_every_file_that_it_names_exists():
    for file in re.findall(r"`((?:[a-z]+/)+[\w.-]+\.\w+|[A-Z]+\.md|Dockerfile|compose\.yaml|scripts/\w+)`", TEXT):
        assert (ROOT / file).exists(), file


def test_every_item_of_the_standard_is_answered_once():
    wanted = {f"{section}.{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)} | set(ALSO)
    assert wanted - answered() == set()
    assert answered() - wanted == set()
