"""Excel workbooks in and out. What comes in is a stranger's file: bounded before it is unpacked, never evaluated, proved by its content."""

import re
import unicodedata
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO

from django.core.exceptions import ValidationError
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.datavalidation import DataValidation

MAX_BYTES = 2 * 1024 * 1024  # of the file
MAX_UNPACKED = 16 * 1024 * 1024  # of all its XML together
MAX_SMALL_PART = 1024 * 1024  # of a part that holds no cells: styles become heavy objects
MAX_PARTS = 300
MAX_TAGS = 1_000_000  # "<" of all its XML: each may become an object
MAX_COLUMNS = 60
LAST_ROW = 1_048_576  # Excel's own; a row that claims a later number is not read
HEADER_WITHIN = 10  # rows: employers put a title above the names of the columns

TYPES = "[Content_Types].xml"
WORKBOOK_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
CELLS = re.compile(r"xl/(worksheets/|sharedStrings\.xml$)", re.IGNORECASE)
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r")

NOT_XLSX = "这不是 .xlsx 文件。用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”，再选一次。"
OLD_OR_LOCKED = "这是旧格式（.xls）或者加了密码的文件。用 Excel 或 WPS 打开，去掉密码，另存为 .xlsx，再选一次。"
TOO_MUCH = "表里的东西太多，读不了。新建一个空表，只把要导入的那些行粘贴过去（选“只粘贴值”），再选一次。"
DAMAGED = "文件坏了，读不出来。用 Excel 或 WPS 打开看看，另存一份再选。"


@dataclass(frozen=True)
class Line:
    """One row that holds anything: its number as Excel shows it, and the text under each column's name.

    A date is written 2026-12-01, a whole number without its point, an empty cell as "". The text of a formula stands as it is written
    and its column is in `formulas`.
    """

    number: int
    values: dict[str, str]
    formulas: frozenset[str] = frozenset()


def read_table(data: bytes, *, columns: Collection[str], needed: Collection[str], most: int) -> list[Line]:
    """The rows of the first sheet under its column names, at most `most` of them.

    `needed` columns must be there, others of `columns` may be. Raises ValidationError with what to do for anything else: another kind of
    file, one that unpacks too large, unknown or repeated columns, too many rows, none.
    """
    lines, names = [], []
    for number, cells in _filled_rows(_checked_copy(data)):
        if not names and number > HEADER_WITHIN:
            break
        if not names:
            names = _names(cells, columns, needed)
            continue
        if len(lines) == most:
            raise ValidationError(f"一次最多导入{most}行。把表分成几个文件。")
        pairs = [(name, cell) for name, cell in zip(names, cells, strict=False) if name]
        if any(text for _, (text, _) in pairs):
            formulas = frozenset(name for name, (_, is_formula) in pairs if is_formula)
            lines.append(Line(number, dict.fromkeys(columns, "") | {name: text for name, (text, _) in pairs}, formulas))
    if not names:
        raise ValidationError(f"没找到写着列名的那一行。前{HEADER_WITHIN}行里要有一行写着：{'、'.join(needed)}。照样表填最省事。")
    if not lines:
        raise ValidationError("列名下面一行也没有填。")
    return lines


def _names(cells: Sequence[tuple[str, bool]], columns: Collection[str], needed: Collection[str]) -> list[str]:
    """The columns' names when this row holds them, else empty. Raises ValidationError for one that is unknown, repeated or missing."""
    names = [re.sub(r"[\s*]", "", unicodedata.normalize("NFKC", text)) for text, _ in cells]
    if len(set(names) & set(needed)) * 2 <= len(needed):
        return []
    wrong = [f"不认识“{name[:20]}”这一列。改成样表里的列名，或者删掉这一列。" for name in dict.fromkeys(names) if name and name not in columns]
    wrong += [f"“{name}”这一列有两个，只能留一个。" for name in columns if names.count(name) > 1]
    wrong += [f"缺少“{name}”这一列。" for name in needed if name not in names]
    if wrong:
        raise ValidationError(wrong)
    return names


def _checked_copy(data: bytes) -> BytesIO:
    """The workbook's XML parts, each read within its bounds, packed anew without compression: what a part claims and what it unpacks to
    may differ in the original, in this copy it cannot."""
    if len(data) > MAX_BYTES:
        raise ValidationError("文件太大，最大 2 MB。")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValidationError(OLD_OR_LOCKED)
    copy = BytesIO()
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed, zipfile.ZipFile(copy, "w") as clean:
            if len(packed.infolist()) > MAX_PARTS:
                raise ValidationError(TOO_MUCH)
            _copy_parts(packed, clean)
            if WORKBOOK_TYPE not in clean.read(TYPES):
                raise ValidationError(NOT_XLSX)
    except ValidationError:
        raise
    except KeyError as error:
        raise ValidationError(NOT_XLSX) from error
    except zipfile.BadZipFile as error:
        raise ValidationError(DAMAGED if data.startswith(b"PK\x03\x04") else NOT_XLSX) from error
    except Exception as error:  # noqa: BLE001 -- zipfile and zlib raise a dozen kinds for a file made to break them
        raise ValidationError(DAMAGED) from error
    copy.seek(0)
    return copy


def _copy_parts(packed: zipfile.ZipFile, clean: zipfile.ZipFile) -> None:
    left, tags = MAX_UNPACKED, MAX_TAGS
    for part in packed.infolist():
        if not part.filename.lower().endswith((".xml", ".rels")) or part.filename in clean.namelist():
            continue  # pictures, fonts, macros: not our matter
        if part.flag_bits & 1:
            raise ValidationError(OLD_OR_LOCKED)
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the others unpack without a bound
            raise ValidationError(NOT_XLSX)
        left -= part.file_size
        if left < 0 or (part.file_size > MAX_SMALL_PART and not CELLS.match(part.filename)):
            raise ValidationError(TOO_MUCH)
        with packed.open(part) as opened:
            text = opened.read(part.file_size)  # with a number: without one a single call unpacks the lot
        tags -= text.count(b"<")
        if tags < 0:
            raise ValidationError(TOO_MUCH)
        if b"<!DOCTYPE" in text or b"\0" in text:  # entities, or an encoding that hides them; no spreadsheet program writes either
            raise ValidationError(NOT_XLSX)
        clean.writestr(part.filename, text)


def _filled_rows(copy: BytesIO) -> Iterable[tuple[int, list[tuple[str, bool]]]]:
    """(number, cells) of each row of the first sheet that holds anything; a cell is its text and whether it is a formula."""
    try:
        book = load_workbook(copy, read_only=True, data_only=False, keep_links=False)
        rows = book.worksheets[0].iter_rows(min_row=1, max_row=LAST_ROW, max_col=MAX_COLUMNS)
        blank = None
        for number, row in enumerate(rows, start=1):
            if row is blank:  # one and the same tuple stands for each missing row, and there may be a million
                continue
            cells = [(_text(cell.value), cell.data_type == "f") for cell in row]
            if any(text for text, _ in cells):
                yield number, cells
            else:
                blank = row
    except Exception as error:  # noqa: BLE001 -- the library raises what it meets: KeyError, IndexError, TypeError, ParseError …
        raise ValidationError(DAMAGED) from error


def _text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    text = str(getattr(value, "text", None) or value)  # an array formula is an object that holds its text
    return ILLEGAL_CHARACTERS_RE.sub("", text.replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n")).strip()


def write_table(
    title: str,
    columns: Mapping[str, int],
    rows: Iterable[Sequence],
    *,
    choices: Mapping[str, Sequence[str]] | None = None,
    notes: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A workbook with one sheet of `rows` under `columns` (name and width in characters); `choices` are drop-down lists by column,
    `notes` a second sheet of two columns. Every cell is text, a date as 2026-12-01: nothing in it is ever run as a formula."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for number, width in enumerate(columns.values(), start=1):
        dimension = sheet.column_dimensions[sheet.cell(1, number).column_letter]
        dimension.width, dimension.number_format = width, "@"  # what is typed stays as typed: a phone keeps its leading zero
    _write(sheet, 1, list(columns), bold=True)
    for number, row in enumerate(rows, start=2):
        _write(sheet, number, row)
    sheet.freeze_panes = "A2"
    for name, values in (choices or {}).items():
        letter = sheet.cell(1, list(columns).index(name) + 1).column_letter
        offered = DataValidation(type="list", formula1=f'"{",".join(values)}"', allow_blank=True)
        offered.add(f"{letter}2:{letter}2001")
        sheet.add_data_validation(offered)
    if notes:
        second = book.create_sheet("填写说明")
        second.column_dimensions["A"].width, second.column_dimensions["B"].width = 16, 90
        for number, pair in enumerate(notes, start=1):
            _write(second, number, pair)
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def _write(sheet, number: int, values: Sequence, *, bold: bool = False) -> None:
    for place, value in enumerate(values, start=1):
        text = "" if value is None else ILLEGAL_CHARACTERS_RE.sub("", str(value))
        if not text:
            continue
        cell = sheet.cell(number, place)
        cell.value, cell.data_type, cell.number_format = text, "s", "@"  # the library alone would make a formula of what begins with =
        if text.startswith(FORMULA_STARTS):
            cell.quotePrefix = True  # text stays text when somebody edits the cell
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if bold:
            cell.font = Font(bold=True)
