"""How one cell of a workbook is read: what people write, as the value that is meant. Each raises ValidationError with what to write instead."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import TextChoices

FIRST_YEAR, LAST_YEAR = 2020, 2099
DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
MANGLED = re.compile(r"\d(\.\d+)?[eE]\+\d+")  # what Excel makes of a long number in a cell that is not text
BETWEEN = re.compile(r"[、，,;；\n]+")
YES, NO = ("是", "有", "对", "yes", "true", "1", "√"), ("否", "不是", "没有", "no", "false", "0", "×")

Reader = Callable[[str, Any], Any]


def plain(text: str) -> str:
    """Without spaces, full-width digits and letters as usual ones."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def text(most: int, *, needed: str = "", lines: bool = False) -> Reader:
    """A text of at most `most` characters on one line; `needed` is what is said when it is empty."""

    def read(found: str, context) -> str:
        if not found and needed:
            raise ValidationError(needed)
        if len(found) > most:
            raise ValidationError(f"太长了，最多{most}个字，现在{len(found)}个。")
        return found if lines else re.sub(r"\s+", " ", found)

    return read


def number_text(most: int, *, needed: str = "") -> Reader:
    """Digits that are no quantity: codes, phones. Leading zeros stay."""
    check = text(most, needed=needed)

    def read(found: str, context) -> str:
        if MANGLED.fullmatch(found):
            raise ValidationError("Excel 把它当成数改掉了。把这一格设成“文本”，重新填一遍。")
        return check(unicodedata.normalize("NFKC", found).strip(), context)

    return read


def choice(choices: type[TextChoices], *, also: dict[str, str] | None = None, empty: str | None = None) -> Reader:
    """One of the labels, or of the words in `also`; `empty`: the value of an empty cell, when it may be empty."""
    known = {plain(str(label)): value for value, label in choices.choices} | {plain(word): value for word, value in (also or {}).items()}

    def read(found: str, context) -> str:
        if not found and empty is not None:
            return empty
        if plain(found) not in known:
            raise ValidationError(f"写这几种里的一种：{'；'.join(map(str, choices.labels))}。")
        return known[plain(found)]

    return read


def yes_no(*, empty: bool | None) -> Reader:
    """是 or 否."""

    def read(found: str, context) -> bool | None:
        word = plain(found).lower()
        if word in ("", *YES, *NO):
            return empty if not word else word in YES
        raise ValidationError("写“是”或者“否”" + ("，不知道就空着。" if empty is None else "。"))

    return read


def say_yes_no(value: bool | None) -> str:
    return {True: "是", False: "否", None: ""}[value]


def whole_number(most: int, *, empty: int | None = None, least: int = 0) -> Reader:
    def read(found: str, context) -> int | None:
        word = plain(found)
        if not word:
            return empty
        if not re.fullmatch(r"[0-9]{1,9}", word) or not least <= int(word) <= most:
            raise ValidationError(f"写一个{least}到{most}的整数。")
        return int(word)

    return read


def words(most: int, *, each: str, needed: str = "") -> Reader:
    """Several words with 、 between them; `each` is what is said of one that is longer than `most`, the same word twice counts once."""

    def read(found: str, context) -> list[str]:
        parts = list(dict.fromkeys(part.strip() for part in BETWEEN.split(found) if part.strip()))
        if not parts and needed:
            raise ValidationError(needed)
        if any(len(part) > most for part in parts):
            raise ValidationError(each)
        return parts

    return read


def say_words(values: Iterable[str]) -> str:
    return "、".join(values)


def day(found: str, context=None) -> date | None:
    """2026-12-01, 2026/12/1, 2026.12.1, 2026年12月1日, 20261201, also in full-width digits."""
    word = re.sub(r"\s", "", re.sub(r"\s+\d+:.*$", "", unicodedata.normalize("NFKC", found).strip()))  # a time behind the day says nothing
    if not word:
        return None
    if re.fullmatch(r"\d{8}", word, re.ASCII):
        word = f"{word[:4]}-{word[4:6]}-{word[6:]}"
    match = DATE.fullmatch(word)
    try:
        value = date(*map(int, match.groups()))
    except (AttributeError, ValueError) as error:
        raise ValidationError(f"“{found[:20]}”看不懂。写成 2026-12-01 或 2026年12月1日。") from error
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValidationError(f"“{found[:20]}”的年份不对，改一下。")
    return value
