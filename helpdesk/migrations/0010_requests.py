"""Two indexes of open requests, one of closed ones by their end, and a stamp that the database itself renews when the roster changes (helpdesk/kept.py).

On PostgreSQL the indexes are built beside the running site. A migration that lets SQLite copy one of the tables below loses its triggers there:
tests/helpdesk/test_kept.py fails then, and the migration has to make them anew with `watch`.
"""

import secrets

from django.db import migrations, models

from menpai.migrating import AddIndex

# What is kept (helpdesk/coverage.py, helpdesk/access.py): table, and the columns whose change counts (empty: all).
WATCHED = (
    ('helpdesk_posting', ()), ('helpdesk_absence', ()), ('helpdesk_cover', ()), ('helpdesk_marketday', ()), ('guides_specialday', ()), ('guides_area', ()),
    ('auth_user', ('username', 'first_name', 'last_name', 'is_active')), ('auth_user_groups', ()), ('auth_group', ()),
    ('helpdesk_staffaccount', ('user_id', 'must_change_password')), ('helpdesk_robot', ('area_id', 'is_active')),
)
TABLE = 'CREATE TABLE helpdesk_roster_stamp (id smallint PRIMARY KEY CHECK (id = 1), token varchar(36) NOT NULL)'
FUNCTION = """
CREATE FUNCTION helpdesk_roster_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE helpdesk_roster_stamp SET token = gen_random_uuid()::text; RETURN NULL; END $$"""


def watch(schema_editor, watched=WATCHED):
    """The triggers of these tables. Random tokens, not a count: one that was rolled back, or restored from a backup, never comes again."""
    for table, columns in watched:
        changed = f"UPDATE OF {', '.join(columns)}" if columns else 'UPDATE'
        if schema_editor.connection.vendor == 'postgresql':
            for name, act in (('update', changed), ('rows', 'INSERT OR DELETE OR TRUNCATE')):
                schema_editor.execute(
                    f'CREATE TRIGGER roster_{name} AFTER {act} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION helpdesk_roster_changed()'
                )
        else:
            for name, act in (('update', changed), ('insert', 'INSERT'), ('delete', 'DELETE')):
                schema_editor.execute(
                    f'CREATE TRIGGER roster_{name}_{table} AFTER {act} ON {table} '
                    'BEGIN UPDATE helpdesk_roster_stamp SET token = lower(hex(randomblob(16))); END'
                )


def begin(apps, schema_editor):
    schema_editor.execute(TABLE)
    schema_editor.execute('INSERT INTO helpdesk_roster_stamp (id, token) VALUES (1, %s)', [secrets.token_hex(16)])
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(FUNCTION)
    watch(schema_editor)


def end(apps, schema_editor):
    for table, _ in WATCHED:
        if schema_editor.connection.vendor == 'postgresql':
            for name in ('update', 'rows'):
                schema_editor.execute(f'DROP TRIGGER roster_{name} ON {table}')
        else:
            for name in ('update', 'insert', 'delete'):
                schema_editor.execute(f'DROP TRIGGER roster_{name}_{table}')
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('DROP FUNCTION helpdesk_roster_changed()')
    schema_editor.execute('DROP TABLE helpdesk_roster_stamp')


OPEN = models.Q(('state__in', ['waiting', 'claimed']))


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('helpdesk', '0009_staff'),
    ]

    operations = [
        AddIndex('helprequest', models.Index(condition=OPEN, fields=['owner'], name='open_requests_of_owner')),
        AddIndex('helprequest', models.Index(condition=OPEN, fields=['area'], name='open_requests_of_area')),
        AddIndex('helprequest', models.Index(condition=models.Q(('wish__isnull', False)), fields=['state'], name='wishes_by_state')),
        AddIndex('helprequest', models.Index(fields=['closed_at', 'id'], name='requests_by_end')),
        migrations.RunPython(begin, end, atomic=True),
    ]
