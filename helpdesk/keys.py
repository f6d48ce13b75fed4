"""Changing the keys of personal data while the site runs: every encrypted field of every model, whichever room it is in, is found and rewritten.

A value is rewritten only if its ciphertext is still the one that was read (compare and swap), so what somebody saves meanwhile, which is
under the newest key anyway, always wins. What is under the newest key already is passed by: a run may be killed and started again.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models, transaction
from django.db.models import Model, Q

from menpai.encryption import EncryptedTextField, blind_index, blind_indexes, decrypt, key_of, stored

UNREADABLE = None  # the number of a key that PII_KEYS does not hold


@dataclass
class Found:
    """How many values of one field stand under which key: 0 is the newest, UNREADABLE none of ours. `indexes` counts blind indexes likewise."""

    model: type[Model]
    name: str
    keys: Counter = field(default_factory=Counter)
    indexes: Counter = field(default_factory=Counter)
    rewritten: int = 0

    @property
    def label(self) -> str:
        return f"{self.model._meta.label}.{self.name}"

    @property
    def outdated(self) -> int:
        """Values, and indexes, that need another key than the newest."""
        return self.keys.total() - self.keys[0] + self.indexes.total() - self.indexes[0]


def encrypted_fields() -> Iterator[tuple[type[Model], str, str]]:
    """(model, field, its blind index or "") of every encrypted field that is installed. An index is called like its field with _index."""
    for model in apps.get_models():
        names = {f.name for f in model._meta.concrete_fields}
        for column in model._meta.concrete_fields:
            if isinstance(column, EncryptedTextField):
                index = f"{column.name}_index"
                yield model, column.name, index if index in names else ""


def rotate(*, write: bool, batch: int = 200) -> Iterator[Found]:
    """Look at every encrypted value and, if `write`, bring it under the newest key: one Found a field. One short transaction a batch."""
    for model, name, index in encrypted_fields():
        found = Found(model, name)
        last = 0
        while rows := _read(model, name, index, after=last, batch=batch):
            last = rows[-1][0]
            outdated = [row for row in rows if _count(found, *row[1:])]
            if write and outdated:
                with transaction.atomic():
                    found.rewritten += sum(_rewrite(model, name, index, *row) for row in outdated)
        yield found


def _read(model: type[Model], name: str, index: str, *, after: int, batch: int) -> list[tuple[int, str, str | None]]:
    rows = model._base_manager.annotate(token=stored(name)).filter(~Q(token=""), token__isnull=False, pk__gt=after).order_by("pk")
    return [row if index else (*row, None) for row in rows.values_list("pk", "token", *([index] if index else []))[:batch]]


def _count(found: Found, token: str, index: str | None) -> bool:
    """Whether this value is under another key than the newest, or its index is."""
    key = key_of(token)
    found.keys[key] += 1
    if key is UNREADABLE:
        return False
    place = 0
    if index is not None:
        known = blind_indexes(decrypt(token))
        place = known.index(index) if index in known else UNREADABLE
        found.indexes[place] += 1
    return key != 0 or place != 0


def _rewrite(model: type[Model], name: str, index: str, pk: int, token: str, _: str | None) -> int:
    """1 if the row still held `token` and is now under the newest keys; 0 if somebody wrote meanwhile, who used the newest."""
    text = decrypt(token)
    values: dict[str, str | models.Expression] = {name: text}
    if index:
        values[index] = blind_index(text)
    return model._base_manager.annotate(token=stored(name)).filter(pk=pk, token=token).update(**values)
