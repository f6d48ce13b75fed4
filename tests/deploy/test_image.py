"""The image: what goes in, what stays out, and as whom it runs. The rules of common linters, and ours."""

import re

import pytest

from menpai import VERSION
from tests.deploy.container_files import ROOT, arguments, compose, context, dockerfile, is_ignored


def of(word: str, stage: str | None = None):
    return [one for one in dockerfile() if one.word == word and (stage is None or one.stage == stage)]


LAST = dockerfile()[-1].stage


def test_only_words_whose_meaning_is_checked_here_are_used():
    assert {one.word for one in dockerfile()} == {"ARG", "FROM", "WORKDIR", "ENV", "COPY", "RUN", "LABEL", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}


def test_bases_are_pinned_by_a_tag_that_names_release_and_system():
    for base in arguments().values():
        assert re.fullmatch(r"[a-z]+:\d+[\w.]*-[\w-]*trixie", base), base
    for one in of("FROM"):
        assert re.match(r"\$\{(PYTHON|POSTGRES)\}", one.rest)


def test_the_dump_program_is_of_the_database_that_compose_runs():
    database = compose()["services"]["db"]["image"]
    assert arguments()["POSTGRES"] == database
    major = re.search(r":(\d+)", database)[1]
    [copied] = [one for one in of("COPY", LAST) if one.flags.get("from") == "postgres"]
    assert all(f"/postgresql/{major}/bin/" in source for source in copied.parts[:-1])
    assert any("pg_dump --version" in one.rest for one in of("RUN", LAST)), "an image whose pg_dump cannot be started must not be built"


def test_each_copied_thing_is_there_and_everything_in_the_context_is_copied():
    given, used = context(), set()
    for one in of("COPY", "build"):
        for source in one.parts[:-1]:
            found = {path for path in given if path == source or path.startswith(f"{source}/")}
            assert found, source
            used |= found
    assert sorted(set(given) - used) == []


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", ".env", ".env.new", "var/menpai.sqlite3", "var/local.env", "certificates/privkey.pem", "backups/menpai.dump", ".venv/bin/python",
        "tests/conftest.py", "tests/deploy/test_image.py", "benchmarks/measure.py", "drills/ledger.py", "docs/operations.md", "scripts/install", "README.md",
        "deploy/privkey.pem", "deploy/secret.key", "guides/.env", "guides/__pycache__/models.cpython-312.pyc", "menpai.dump", "pyproject.toml", "compose.yaml",
    ],
)  # fmt: skip
def test_what_is_secret_or_not_needed_stays_out_of_the_context(path):
    assert is_ignored(path)


def test_what_is_needed_is_in_it():
    needed = ["manage.py", "menpai/settings.py", "helpdesk/management/commands/every_day.py", "static/fonts", "fixtures/areas-640205.csv", "deploy/gunicorn.conf.py"]
    assert [path for path in needed if is_ignored(path)] == []


def test_packages_are_wheels_checked_by_hash_and_nothing_is_compiled():
    [install] = [one.rest for one in of("RUN", "build") if "pip install" in one.rest]
    for option in ("--require-hashes", "--only-binary :all:", "--no-cache-dir", "-r requirements.lock"):
        assert option in install
    everything = " ".join(one.rest for one in of("RUN"))
    assert not re.search(r"gcc|build-essential|-dev\b|curl|wget|sudo|chmod 777", everything)


def test_what_apt_brings_leaves_no_lists_and_no_recommendations():
    for one in of("RUN"):
        if "apt-get install" in one.rest:
            assert "--no-install-recommends" in one.rest
            assert "rm -rf /var/lib/apt/lists/*" in one.rest


def test_it_runs_as_nobody_in_particular_with_a_number_and_not_before_everything_is_in_place():
    [user] = of("USER", LAST)
    assert user.rest == "10001:10001"
    after = dockerfile()[dockerfile().index(user) :]
    assert not {"COPY", "RUN"} & {one.word for one in after}
    assert not [one for one in of("COPY", LAST) if "chown" in one.flags], "the code belongs to root: who serves it cannot change it"


def test_the_first_process_gets_the_signals_itself():
    [start] = of("CMD", LAST)
    assert start.rest.startswith("["), "the shell form would swallow SIGTERM"
    assert start.parts[0] == "gunicorn"
    assert [one.rest for one in of("STOPSIGNAL")] == ["SIGTERM"]
    assert "deploy/probe.py" in of("HEALTHCHECK", LAST)[0].rest


def test_no_secret_is_in_a_layer():
    for one in [*of("ENV"), *of("ARG")]:
        assert not re.search(r"KEY|PASSWORD|TOKEN|SECRET", one.rest)
    [made] = [one.rest for one in of("RUN", "build") if "local_env.py" in one.rest]
    assert "rm /tmp/keys" in made


def test_it_says_what_it_is():
    label = of("LABEL", LAST)[0].rest
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in label
    assert f"VERSION={VERSION}" in [one.rest for one in of("ARG", LAST)]
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
