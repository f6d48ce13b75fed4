"""From one database into another and back: nothing is lost, nothing half done, and the site goes on in the new one."""

import os
import shutil
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connections

from guides.models import Area, Guide
from helpdesk.models import HelpRequest
from menpai import moving
from tests.conftest import ROOT
from tests.factories import make_guide, make_request
from tests.helpdesk.filled import fill

ALIAS = "elsewhere"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """An empty database with our schema, made by a process of its own, as an operator does."""
    path = tmp_path_factory.mktemp("moving") / "empty.sqlite3"
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{path}"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    return path


@pytest.fixture
def elsewhere(tmp_path, migrated):
    url = f"sqlite:///{shutil.copy(migrated, tmp_path / 'elsewhere.sqlite3')}"
    moving.connect(url, ALIAS)
    yield url
    connections[ALIAS].close()
    del connections[ALIAS]


def everything(alias: str = DEFAULT_DB_ALIAS) -> dict[str, list]:
    """Every row of every table, as Python reads it."""
    return {model._meta.label: list(model._base_manager.using(alias).order_by("pk").values()) for model in moving.tables()}


@pytest.mark.django_db(transaction=True)
def test_a_site_moves_out_and_in_again_and_goes_on_with_the_next_number(elsewhere):
    fill()
    before = everything()
    assert sum(map(bool, before.values())) > 25  # tables that hold anything
    moving.copy(DEFAULT_DB_ALIAS, ALIAS)
    call_command("flush", interactive=False, verbosity=0)
    assert not HelpRequest.objects.exists()
    call_command("move_database", "--from", elsewhere, stdout=StringIO())
    after = everything()
    assert {name for name in before if before[name] != after[name]} == set()
    assert make_request().pk > max(row["id"] for row in before["helpdesk.HelpRequest"])


@pytest.mark.django_db(transaction=True)
def test_a_database_that_holds_anything_is_not_written_to(elsewhere):
    make_guide()
    Area.objects.using(ALIAS).create(code="640205000000", name="惠农区", level="district")
    with pytest.raises(moving.CannotMove, match="新数据库里已经有内容了（区划）"):
        moving.copy(DEFAULT_DB_ALIAS, ALIAS)
    assert Guide.objects.using(ALIAS).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_that_cannot_be_written_undoes_all_of_it(elsewhere):
    make_guide()
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("CREATE TRIGGER no_guides BEFORE INSERT ON guides_guide BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(moving.CannotMove, match="新数据库不收办事指南的第"):
        moving.copy(DEFAULT_DB_ALIAS, ALIAS)
    assert [name for name, rows in everything(ALIAS).items() if rows and name not in moving.WRITTEN_BY_SETUP] == []


@pytest.mark.django_db(transaction=True)
def test_another_schema_is_refused_with_its_name(elsewhere):
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'guides' AND name = '0001_initial'")
    with pytest.raises(CommandError, match="版本不一样（guides.0001_initial）"):
        call_command("move_database", "--from", elsewhere)
