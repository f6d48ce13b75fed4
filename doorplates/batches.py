"""Many plates into many files, so that memory does not grow with a district: the PDFs of print_doorplates, the ZIPs of export_doorplates.

A run that was killed is run again and goes on: a file appears under its name only when it is whole, and a whole one that still says what it
should (told by a fingerprint inside it) is kept. A file whose plates changed meanwhile is written anew.
"""

import csv
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from doorplates.models import Doorplate
from doorplates.qr import plate_url
from menpai.spreadsheets import FORMULA_STARTS

FINGERPRINT = "menpai:"  # what a fingerprint begins with in a file's keywords or comment


class Busy(Exception):
    """Another run is writing into the same folder. The text is Chinese."""


@dataclass(frozen=True)
class Part:
    """The plates of one file."""

    number: int  # from 1
    plates: list[Doorplate]
    start: int  # the first free cell of its first page, from 1

    def fingerprint(self, *look, seen: Callable[[Doorplate], object]) -> str:
        """Of everything that can be seen of these plates in the file: `seen` says what, `look` what else decides how the file comes out."""
        digest = hashlib.sha256(repr((look, self.start)).encode())
        for plate in self.plates:
            digest.update(repr((plate_url(plate), seen(plate))).encode())
        return FINGERPRINT + digest.hexdigest()


def in_parts(plates: Iterable[Doorplate], *, per_file: int, start: int = 1) -> Iterator[Part]:
    """The plates cut into files of `per_file` cells; the first one is shorter by the cells that its first page has used up."""
    plates, number = iter(plates), 1
    while chosen := list(islice(plates, per_file - (start - 1))):
        yield Part(number, chosen, start)
        number, start = number + 1, 1


@contextmanager
def whole(path: Path, **how) -> Iterator[IO]:
    """A file to write (`how` as for open), which is there only afterwards. What was there before stays until then, and for good on an error."""
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open(**how) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave a whole name on an empty file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """One run at a time in a folder. The lock goes with the process, also with a killed one. Raises Busy."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as taken:
        raise Busy(f"另一个程序正在往 {folder} 里写。等它写完，或者换一个文件夹。") from taken
    finally:
        os.close(descriptor)


class PlateList:
    """A list of plates to open in Excel: UTF-8 with its mark, a line a plate. What looks like a formula is text."""

    def __init__(self, file, *columns: str):
        file.write("\ufeff")
        self.table = csv.writer(file)
        self.table.writerow([*columns, "编号", "网址", "村（社区）", "小区（自然村）", "楼栋", "入口（单元）", "示例"])

    def add(self, plate: Doorplate, *cells) -> None:
        self.table.writerow([*cells, *cells_of(plate)])


def cells_of(plate: Doorplate) -> list[str]:
    """What a list says of a plate."""
    building = plate.building
    names = (building.community.name, building.estate, building.name, plate.entrance)
    safe = [f"'{name}" if name.startswith(FORMULA_STARTS) else name for name in names]
    return [plate.spoken_code, plate_url(plate), *safe, "示例" if building.is_sample else ""]
