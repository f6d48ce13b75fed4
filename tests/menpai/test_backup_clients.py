"""How PostgreSQL's own programs are found and run."""

import io
from types import SimpleNamespace

import pytest

from menpai.backup import Refused, clients


def test_a_password_stands_in_the_environment_and_never_on_a_command_line(monkeypatch):
    given = {"dbname": "menpai", "user": "menpai", "password": "s3cret of the database", "host": "one,other", "port": "5432,5433", "sslmode": "require"}
    reached = SimpleNamespace(info=SimpleNamespace(host="other", port=5433))
    monkeypatch.setattr(clients, "connection", SimpleNamespace(ensure_connection=lambda: None, get_connection_params=lambda: given, connection=reached))
    where, environment = clients._where()
    assert where == "dbname=menpai user=menpai sslmode=require host=other port=5433"  # of two hosts the one that the snapshot is on
    assert environment["PGPASSWORD"] == "s3cret of the database"


def test_the_closest_version_that_is_not_older_is_taken(monkeypatch):
    found = {"/usr/lib/postgresql/15/bin": 15, "/usr/lib/postgresql/16/bin": 16, "/usr/lib/postgresql/17/bin": 17, "/usr/lib/postgresql/18/bin": 0}
    monkeypatch.setattr(clients.Path, "glob", lambda folder, pattern: map(clients.Path, found) if folder.name == "postgresql" else [])
    monkeypatch.setattr(clients.shutil, "which", lambda name: None)
    monkeypatch.setattr(clients, "_major", lambda place: found[str(place)])
    assert clients.folder(16) == (clients.Path("/usr/lib/postgresql/16/bin"), 16)
    with pytest.raises(Refused, match="找不到 PostgreSQL 18 版"):
        clients.folder(18)


@pytest.mark.parametrize(("server", "expected"), [(16, b"SET a = 0;\nCOPY x;\n"), (17, b"SET a = 0;\nSET transaction_timeout = 0;\nCOPY x;\n")])
def test_a_setting_that_an_older_server_does_not_know_is_left_out_and_rows_are_left_alone(monkeypatch, server, expected):
    monkeypatch.setattr(clients, "server_major", lambda: server)
    rows = b"-\n" * clients.PREAMBLE + b"SET transaction_timeout = 0;\n"  # the text of a row may say anything
    out = io.BytesIO()
    clients._pass_on(io.BytesIO(b"SET a = 0;\nSET transaction_timeout = 0;\nCOPY x;\n" + rows), out)
    assert out.getvalue() == expected + rows


def test_an_error_is_told_without_the_values_of_rows():
    said = "psql:<stdin>:9: ERROR:  duplicate key value violates unique constraint\nDETAIL:  Key (phone_index)=(abc) already exists.\nCONTEXT:  COPY x, line 3\n"
    assert clients._last_line(said) == "psql:<stdin>:9: ERROR:  duplicate key value violates unique constraint"
