"""同义词 in and out of Excel: one group a row, told by its first word."""

from collections.abc import Iterator

from django.core.exceptions import ValidationError

from guides.models import ContentStamp, Synonym
from guides.models.wording import validate_words
from menpai.cells import say_words, words
from menpai.exchange import EXAMPLE, Column, Report, SheetShape, Table, Task, register, table_kind

WRONG = "至少写两个不同的词，中间用顿号，每个2到20个字。"
SHAPE = SheetShape("同义词", (
    Column("一个意思的词", "words", 80, words(20, each=WRONG, needed=WRONG), lambda group: say_words(group.words), needed=True,
           note="一组一行，词和词中间用顿号。第一个词认出这一组，最好是指南里的写法。"),
))  # fmt: skip


def _find(keys: list[str], task: Task) -> dict[str, Synonym]:
    """Of two groups with the same first word the older one; the editor is asked to join them in one row anyway."""
    return {group.words[0]: group for group in Synonym.objects.order_by("-id") if group.words and group.words[0] in keys}


def _check(group: Synonym, before: dict, context) -> Iterator[tuple[str, str]]:
    try:
        validate_words(group.words)
    except ValidationError:
        yield SHAPE.columns[0].name, WRONG


def _save(new: list[Synonym], changed: list[Synonym], task: Task, report: Report) -> None:
    Synonym.objects.bulk_create(new)
    Synonym.objects.bulk_update(changed, ["words"])


TABLE = Table(shape=SHAPE, key=lambda values: values["words"][0], find=_find, make=lambda values: Synonym(), check=_check, save=_save)

SYNONYMS = register(table_kind(
    TABLE, name="synonyms", title="同义词", unit="组同义词", model="guides.Synonym", wrote=ContentStamp.advance, export=lambda user: Synonym.objects.all(),
    samples=lambda: [[f"{EXAMPLE}父亲、爸爸、老爸"], [f"{EXAMPLE}身份证、身份证件"]],
    hints=("靠第一个词认出是哪一组：改第一个词，就是新的一组。",),
))  # fmt: skip
