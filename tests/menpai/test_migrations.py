"""A migration that locks a table or breaks the code of the release before is refused (the rules are django-migration-linter's and one of ours)."""

import re
from contextlib import nullcontext

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django_migration_linter.sql_analyser import PostgresqlAnalyser, analyse_sql_statements

# What was there before the site was first used anywhere. Nothing is added to this list: a new migration keeps to the rules.
BEFORE_ITS_FIRST_DAY = {
    "guides": 7,
    "doorplates": 4,
    "helpdesk": 9,
    "menpai": 2,
}
ADVICE = """
Old and new code run side by side during an upgrade, and a table of millions must not stand still. Instead of this:
- NOT NULL on a new column: give it db_default, so that the code of the release before can still write;
- a new index: AddIndexConcurrently in a migration of its own with atomic = False;
- a new unique or check constraint, a new foreign key on an old column: with NOT VALID first, validated in the migration after;
- dropping or renaming: in the release after, once no code asks for it.
"""


class Unconnected(DatabaseWrapper):
    """Writes PostgreSQL's statements down, wherever the tests run, and talks to no server."""

    pg_version = 150000

    def __init__(self):
        super().__init__(connection.settings_dict | {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {}, "CONN_HEALTH_CHECKS": False})

        self.introspection.get_constraints = lambda cursor, table: {}  # no names to look up: what is refused does not depend on them
        self.ops.compose_sql = lambda sql, params: sql % tuple(f"'{value}'" for value in params) if params else sql

    def get_database_version(self):
        return (15, 0)

    def cursor(self):
        return nullcontext()  # for get_constraints above, which does not use it


def sql_of(migration: migrations.Migration, state) -> list[str]:
    """The statements that a migration would send to PostgreSQL. Django leaves the state changed."""
    editor = Unconnected().schema_editor(collect_sql=True, atomic=False)
    editor.deferred_sql = []
    migration.apply(state, editor, collect_sql=True)
    statements = [*editor.collected_sql, *(str(line) for line in editor.deferred_sql)]
    begun = ["BEGIN;"] if migration.atomic else []
    return begun + [line for line in statements if not line.startswith("--")]


def faults_of(statements: list[str]) -> set[str]:
    """The codes of everything in the statements that is refused."""
    errors, _, warnings = analyse_sql_statements(PostgresqlAnalyser, statements)
    found = {issue.code for issue in [*errors, *warnings]}
    created = set(re.findall(r'CREATE TABLE ("\w+")', "\n".join(statements)))
    for line in statements:
        checked = re.search(r'ALTER TABLE ("\w+") ADD CONSTRAINT .*(FOREIGN KEY|CHECK)', line)
        if checked and checked[1] not in created and "NOT VALID" not in line:
            found.add("CONSTRAINT_READS_TABLE")  # it holds its lock until each row has been looked at
    return found


def number(name: str) -> int:
    return int(name.split("_", 1)[0])


@pytest.mark.django_db
def test_no_migration_locks_a_table_or_breaks_the_release_before():
    loader = MigrationLoader(connection)
    refused = {}
    for app, last in BEFORE_ITS_FIRST_DAY.items():
        names = sorted(name for label, name in loader.disk_migrations if label == app)
        assert number(names[-1]) >= last
        for name in names[last:]:
            before = loader.project_state((app, name), at_end=False)
            if faults := faults_of(sql_of(loader.get_migration(app, name), before)):
                refused[f"{app}.{name}"] = sorted(faults)
    assert refused == {}, ADVICE


def planted(*operations, atomic: bool = True) -> set[str]:
    """What is said of a migration of helpdesk with these operations."""
    migration = migrations.Migration("9999_planted", "helpdesk")
    migration.operations, migration.atomic = list(operations), atomic
    return faults_of(sql_of(migration, MigrationLoader(connection).project_state()))


@pytest.mark.django_db
def test_a_harmless_one_is_let_through():
    assert planted(migrations.AddField("HelpRequest", "floor", models.CharField(max_length=9, null=True))) == set()  # noqa: DJ001
    assert planted(migrations.AddField("HelpRequest", "floor", models.CharField(max_length=9, db_default=""))) == set()
    assert planted(migrations.CreateModel("Floor", [("id", models.BigAutoField(primary_key=True)), ("level", models.IntegerField(db_index=True))])) == set()


@pytest.mark.django_db
@pytest.mark.parametrize(("operation", "code"), [
    (migrations.AddField("HelpRequest", "floor", models.CharField(max_length=9, default="")), "NOT_NULL"),
    (migrations.RemoveField("HelpRequest", "relation"), "DROP_COLUMN"),
    (migrations.RenameField("HelpRequest", "relation", "kinship"), "RENAME_COLUMN"),
    (migrations.DeleteModel("RecoveryCode"), "DROP_TABLE"),
    (migrations.RenameModel("RecoveryCode", "PaperCode"), "RENAME_TABLE"),
])  # fmt: skip
def test_what_the_release_before_could_not_work_with_is_refused(operation, code):
    assert code in planted(operation)


PLANTED_INDEX = models.Index(fields=["kind", "channel"], name="planted_index")


@pytest.mark.django_db
@pytest.mark.parametrize(("operation", "code"), [
    (migrations.AddIndex("HelpRequest", PLANTED_INDEX), "CREATE_INDEX"),
    (migrations.AddConstraint("HelpRequest", models.UniqueConstraint(fields=["kind", "phone_index"], name="planted")), "ADD_UNIQUE"),
    (migrations.AddConstraint("HelpRequest", models.CheckConstraint(condition=~models.Q(kind="x"), name="planted")), "CONSTRAINT_READS_TABLE"),
])  # fmt: skip
def test_what_stands_still_while_a_million_rows_are_read_is_refused(operation, code):
    assert code in planted(operation)


@pytest.mark.django_db
def test_an_index_made_beside_the_traffic_is_let_through():
    assert planted(AddIndexConcurrently("HelpRequest", PLANTED_INDEX), atomic=False) == set()
