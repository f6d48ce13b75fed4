"""Schema, mail templates, one queue and one member of staff; and, with a number, that many tickets with what was first written to each.

    python peer_fill.py [TICKETS [OPEN]]     OPEN of them open, by default all: the list shows the open ones

Prints the session key by which a browser is signed in as the member of staff.
"""

import os
import sys

import django


def many(row, *, count: int, changes: dict[str, str]) -> None:
    """`count` rows like this one, made inside the server; `changes` are SQL expressions of `i`."""
    from django.db import connection

    columns = [field.column for field in row._meta.concrete_fields if not field.primary_key]
    chosen = ", ".join(changes.get(column, f'"{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {row._meta.db_table} ({names}) SELECT {chosen} FROM {row._meta.db_table}, generate_series(1, %s) i WHERE id = %s", [count, row.pk]
        )


def main() -> None:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from helpdesk.models import FollowUp, Queue, Ticket

    call_command("migrate", verbosity=0)
    call_command("loaddata", "emailtemplate.json", verbosity=0)
    queue = Queue.objects.create(title="Public", slug="public", allow_public_submission=True)
    user = get_user_model().objects.create_superuser("staff", "staff@example.invalid", None)
    if len(sys.argv) > 1:
        count = int(sys.argv[1])
        of_open = int(sys.argv[2]) if len(sys.argv) > 2 else count
        first = Ticket.objects.create(title="How do I pay", queue=queue, description="What do I need to bring along?", submitter_email="a@example.invalid", created=timezone.now())
        FollowUp.objects.create(ticket=first, title="Ticket Opened", date=timezone.now(), public=True, comment="What do I need to bring along?")
        many(first, count=count - 1, changes={"title": "'How do I pay ' || i", "status": f"CASE WHEN i < {of_open} THEN 1 ELSE 4 END", "created": "created - i * interval '1 minute'"})
        followup = FollowUp.objects.get()
        many(followup, count=count - 1, changes={"ticket_id": f"{first.pk} + i"})
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    sys.stdout.write(store.session_key + "\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peer_settings")
    django.setup()
    main()
