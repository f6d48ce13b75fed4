"""What the commands that load a fixture file share: read one YAML file, write all of it or nothing, say what happened."""

from pathlib import Path
from typing import ClassVar

import yaml
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from guides.models import Area, Level, own_district


def district_named(code: str) -> str:
    """The code of `--district`, or the installation's own without one. Raises CommandError for a district that is not there."""
    if code and not Area.objects.filter(pk=code, level=Level.DISTRICT).exists():
        raise CommandError(f"没有区划代码是 {code} 的区（县），先用 init_district 建。")
    return code or own_district()


class LoadCommand(BaseCommand):
    """A subclass gives `load(document)`, which returns how many rows are new and how many were there, and may raise ValidationError."""

    what: ClassVar[str] = ""  # 办理地点
    shape: ClassVar[str] = ""  # what to do when the file has another form altogether

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def load(self, document) -> tuple[int, int]:
        raise NotImplementedError

    def handle(self, *, file: Path, **options):
        try:
            document = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, ValueError) as error:
            raise CommandError(f"{file.name} 读不出来，看看冒号、引号和缩进。") from error
        try:
            with transaction.atomic():
                added, kept = self.load(document)
        except (KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"什么都没有写入。{self.shape}") from error
        except ValidationError as error:
            raise CommandError("什么都没有写入。" + "".join(f"\n{message}" for message in error.messages)) from error
        self.stdout.write(f"{self.what}：新增 {added}，已有的 {kept} 个没有动。")
