"""Statements that PostgreSQL plans once for each connection, put to it by libpq itself: what a cursor does for one costs more than such a statement."""

from weakref import WeakKeyDictionary

# Left to itself PostgreSQL plans anew for each small number of rows, which costs it more than the answer does, and would leave a dear plan made for all for
# one that is cheaper by a hair's breadth. And no machine code: to make it for the queue of a district takes 60 ms, eight times as long as to read it.
PLAN_ONCE = "SET plan_cache_mode = force_generic_plan; SET jit = off"
_known: WeakKeyDictionary = WeakKeyDictionary()  # of each connection the names of what is prepared on it


class Prepared:
    """One statement with $1, $2 … Whoever asks has a database wrapper that is PostgreSQL's."""

    def __init__(self, name: bytes, text: bytes):
        self.name, self.text = name, text

    def ask(self, wrapper, values: list[bytes | None]):
        """The result, whose values are bytes. Outside a transaction it is one by itself, committed on return.

        Raises DatabaseError of Django, caused by psycopg's; nothing is written then (if the line broke, perhaps everything is).
        """
        if not wrapper.in_atomic_block:
            wrapper.close_if_unusable_or_obsolete()  # as Django does at the start of a request
        wrapper.ensure_connection()
        with wrapper.wrap_database_errors:
            line = wrapper.connection.pgconn
            names = _known.get(wrapper.connection)
            if names is None:
                _answered(line.exec_(PLAN_ONCE.encode()))
                names = _known[wrapper.connection] = set()
            if self.name not in names:
                _answered(line.prepare(self.name, self.text))
                names.add(self.name)
            return _answered(line.exec_prepared(self.name, values))


def _answered(result):
    """The result, unless the server refused: then the driver's error, as its cursors would raise it."""
    if not result.error_message:
        return result
    import psycopg  # not loaded by a site on SQLite

    code = (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"").decode()
    try:
        kind = psycopg.errors.lookup(code)
    except KeyError:  # no code: the line is gone
        kind = psycopg.OperationalError
    raise kind(result.error_message.decode(errors="replace").strip())
