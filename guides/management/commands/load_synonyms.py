from django.core.exceptions import ValidationError

from guides.loading import LoadCommand
from guides.models import ContentStamp, Synonym


class Command(LoadCommand):
    help = "导入同义词（YAML，样子见 fixtures/synonyms.yaml）。只装进空表：已经有同义词的，一个也不动；有一组不对，整个文件都不写。"
    what = "同义词"
    shape = "文件里写 synonyms，下面一行一组词。"

    def load(self, document):
        return load(document)


def load(document: dict) -> tuple[int, int]:
    """Fill an empty table; how many groups are new and how many were there. Raises ValidationError."""
    groups = [_build(number, words) for number, words in enumerate(document["synonyms"], start=1)]
    if there := Synonym.objects.count():
        return 0, there
    Synonym.objects.bulk_create(groups)
    ContentStamp.advance()
    return len(groups), 0


def _build(number: int, words) -> Synonym:
    group = Synonym(words=words)
    try:
        group.full_clean()
    except ValidationError as error:
        raise ValidationError([f"第{number}组：{message}" for message in error.messages]) from error
    return group
