"""Which entrances have a plate, community by community. In order of the area codes: no ranking, and nothing of whose work it is.

An entrance is a line of Building.entrances; a building without any has one, named "".
"""

from collections.abc import Iterable, Iterator

from django.db.models import Case, Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest

from doorplates.models import Building, Condition, Doorplate, PlateReport
from guides.models import Area

TROUBLED = (Condition.DAMAGED, Condition.MOVED, Condition.GONE)
HANGING = (Condition.FINE, Condition.DAMAGED)


class EntryCount(Func):
    """How many entries a JSON list has."""

    output_field = IntegerField()

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, function="jsonb_array_length")

    def as_sqlite(self, compiler, connection):
        return self.as_sql(compiler, connection, function="json_array_length")


class Holds(Func):
    """1 when a JSON list (first argument) holds a text (second), else 0."""

    output_field = IntegerField()

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, template="(jsonb_exists(%(expressions)s))::int")

    def as_sqlite(self, compiler, connection):
        return self.as_sql(compiler, connection, template="EXISTS (SELECT 1 FROM json_each(%(expressions)s", arg_joiner=") WHERE value = ") if False else self._sqlite(compiler)

    def _sqlite(self, compiler):
        entries, entries_params = compiler.compile(self.source_expressions[0])
        text, text_params = compiler.compile(self.source_expressions[1])
        return f"(EXISTS (SELECT 1 FROM json_each({entries}) WHERE value = {text}))", [*entries_params, *text_params]
