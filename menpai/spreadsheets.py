"""Excel workbooks in and out. What comes in is a stranger's file: bounded before it is unpacked, never evaluated, proved by its content."""

import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

MAX_BYTES = 2 * 1024 * 1024  # of the file
MAX_UNPACKED = 16 * 1024 * 1024  # of all its XML together
MAX_SMALL_PART = 1024 * 1024  # of a part that holds no cells: styles become heavy objects
MAX_PARTS = 300
MAX_TAGS = 1_000_000  # "<" of all its XML: each may become an object
MAX_COLUMNS = 60
EXACT = 10**15  # a larger number is no longer what was typed: Excel keeps 15 digits
LAST_ROW = 1_048_576  # Excel's own; a row that claims a later number is not read
HEADER_WITHIN = 10  # rows: employers put a title above the names of the columns

TYPES = "[Content_Types].xml"
WORKBOOK_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
CELLS = re.compile(r"xl/(worksheets/|sharedStrings\.xml$)", re.IGNORECASE)
CHUNK = 1024 * 1024  # as much of a part as is ever held at once
MAX_BARE = 4  # chunks of a part beyond the usual size in which no row and no text begins: one cell of many megabytes becomes one object
IN_MEMORY = 2 * 1024 * 1024  # a copy larger than this lies on the disk
NOTES = "填写说明"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r")

NOT_XLSX = "这不是 .xlsx 文件。用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”，再选一次。"
OLD_OR_LOCKED = "这是旧格式（.xls）或者加了密码的文件。用 Excel 或 WPS 打开，去掉密码，另存为 .xlsx，再选一次。"
TOO_MUCH = "表里的东西太多，读不了。新建一个空表，只把要导入的那些行粘贴过去（选“只粘贴值”），再选一次。"
DAMAGED = "文件坏了，读不出来。用 Excel 或 WPS 打开看看，另存一份再选。"


@dataclass(frozen=True)
class Bounds:
    """How large a workbook may be, in bytes: the file, all its XML unpacked, its table of texts; and how many tags it may hold."""

    file: int = MAX_BYTES
    unpacked: int = MAX_UNPACKED
    texts: int = MAX_UNPACKED
    tags: int = MAX_TAGS


USUAL = Bounds()
LARGE = Bounds(file=30 * 1024**2, unpacked=300 * 1024**2, texts=48 * 1024**2, tags=20_000_000)  # 200,000 rows of eight columns


@dataclass(frozen=True)
class Line:
    """One row that holds anything: its number as Excel shows it, and the text under each column's name.

    A date is written 2026-12-01, a whole number without its point, an empty cell as "". The text of a formula stands as it is written
    and its column is in `formulas`.
    """

    number: int
    values: dict[str, str]
    formulas: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Book:
    """A workbook that was proved to be one and keeps within its bounds. Its rows are read one by one, as often as wanted."""

    copy: IO[bytes]
    rows: int  # in its fullest sheet, empty but formatted ones too

    def titles(self) -> list[str]:
        try:
            return [sheet.title for sheet in self._open().worksheets]
        except Exception as error:  # noqa: BLE001 -- the library raises what it meets
            raise ValidationError(DAMAGED) from error

    def lines(self, *, columns: Collection[str], needed: Collection[str], most: int, title: str = "", may_be_empty: bool = False) -> Iterator[Line]:
        """The rows of the sheet of that title, else of the first one, under its column names, at most `most` of them.

        `needed` columns must be there, others of `columns` may be. Raises ValidationError with what to do for anything else: unknown or
        repeated columns, too many rows, none.
        """
        names, found = [], 0
        for number, cells in self._filled_rows(title):
            if not names and number > HEADER_WITHIN:
                break
            if not names:
                names = _names(cells, columns, needed)
                continue
            pairs = [(name, cell) for name, cell in zip(names, cells, strict=False) if name]
            if not any(text for _, (text, _) in pairs):
                continue
            if found == most:
                raise ValidationError(f"一次最多导入{most}行。把表分成几个文件。")
            found += 1
            formulas = frozenset(name for name, (_, is_formula) in pairs if is_formula)
            yield Line(number, dict.fromkeys(columns, "") | {name: text for name, (text, _) in pairs}, formulas)
        where = f"“{title}”表里" if title else ""
        if not names:
            raise ValidationError(f"{where}没找到写着列名的那一行。前{HEADER_WITHIN}行里要有一行写着：{'、'.join(needed)}。照样表填最省事。")
        if not found and not may_be_empty:
            raise ValidationError(f"{where}列名下面一行也没有填。")

    def _open(self):
        self.copy.seek(0)
        return load_workbook(self.copy, read_only=True, data_only=False, keep_links=False)

    def _filled_rows(self, title: str) -> Iterator[tuple[int, list[tuple[str, bool]]]]:
        """(number, cells) of each row that holds anything; a cell is its text and whether it is a formula."""
        try:
            book = self._open()
            sheet = book[title] if title else book.worksheets[0]
            blank = None
            for number, row in enumerate(sheet.iter_rows(min_row=1, max_row=LAST_ROW, max_col=MAX_COLUMNS), start=1):
                if row is blank:  # one and the same tuple stands for each missing row, and there may be a million
                    continue
                width = len(row)
                while width and row[width - 1] is EMPTY_CELL:  # each row is filled up to the widest
                    width -= 1
                cells = [(_text(cell.value), cell.data_type == "f") for cell in row[:width]]
                if any(text for text, _ in cells):
                    yield number, cells
                else:
                    blank = row
        except Exception as error:  # noqa: BLE001 -- the library raises what it meets: KeyError, IndexError, TypeError, ParseError …
            raise ValidationError(DAMAGED) from error


def open_book(file: IO[bytes], bounds: Bounds = USUAL) -> Book:
    """Raises ValidationError with what to do when the file is no workbook or larger than `bounds`."""
    return Book(*_checked_copy(file, bounds))


def read_table(data: bytes, *, columns: Collection[str], needed: Collection[str], most: int) -> list[Line]:
    """The rows of the first sheet of a small workbook, as `Book.lines` gives them."""
    return list(open_book(BytesIO(data)).lines(columns=columns, needed=needed, most=most))


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


def _checked_copy(file: IO[bytes], bounds: Bounds) -> tuple[IO[bytes], int]:
    """The workbook's XML parts, each read within its bounds, packed anew without compression: what a part claims and what it unpacks to
    may differ in the original, in this copy it cannot. Also how many rows its fullest sheet has."""
    size, head = file.seek(0, 2), b""
    file.seek(0)
    if size > bounds.file:
        raise ValidationError(f"文件太大，最大 {bounds.file // 1024**2} MB。")
    head = file.read(4)
    if head == b"\xd0\xcf\x11\xe0":
        raise ValidationError(OLD_OR_LOCKED)
    copy = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 -- lives as long as the Book
    try:
        with zipfile.ZipFile(file) as packed, zipfile.ZipFile(copy, "w") as clean:
            if len(packed.infolist()) > MAX_PARTS:
                raise ValidationError(TOO_MUCH)
            rows = _copy_parts(packed, clean, bounds)
            if WORKBOOK_TYPE not in packed.read(TYPES):  # within bounds: it was copied
                raise ValidationError(NOT_XLSX)
    except ValidationError:
        raise
    except KeyError as error:
        raise ValidationError(NOT_XLSX) from error
    except zipfile.BadZipFile as error:
        raise ValidationError(DAMAGED if head == b"PK\x03\x04" else NOT_XLSX) from error
    except Exception as error:  # noqa: BLE001 -- zipfile and zlib raise a dozen kinds for a file made to break them
        raise ValidationError(DAMAGED) from error
    return copy, rows


def _copy_parts(packed: zipfile.ZipFile, clean: zipfile.ZipFile, bounds: Bounds) -> int:
    """Copies what is XML; the number of rows of the fullest sheet."""
    left, tags, most = bounds.unpacked, bounds.tags, 0
    for part in packed.infolist():
        if not part.filename.lower().endswith((".xml", ".rels")) or part.filename in clean.namelist():
            continue  # pictures, fonts, macros: not our matter
        if part.flag_bits & 1:
            raise ValidationError(OLD_OR_LOCKED)
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the others unpack without a bound
            raise ValidationError(NOT_XLSX)
        left -= part.file_size
        holds_cells = CELLS.match(part.filename)
        is_texts = holds_cells and not holds_cells.group(1).lower().startswith("worksheets")
        if left < 0 or part.file_size > (MAX_SMALL_PART if not holds_cells else bounds.texts if is_texts else bounds.unpacked):
            raise ValidationError(TOO_MUCH)
        found, rows = _copy_part(packed, clean, part, tags)
        tags -= found
        most = max(most, rows)
    return most


def _copy_part(packed: zipfile.ZipFile, clean: zipfile.ZipFile, part: zipfile.ZipInfo, tags: int) -> tuple[int, int]:
    """Copies one part chunk by chunk; how many tags and how many rows it has. Raises ValidationError beyond `tags`."""
    found = rows = bare = 0
    before = b""
    with packed.open(part) as opened, clean.open(part.filename, "w") as written:
        while chunk := opened.read(CHUNK):  # with a number: without one a single call unpacks the lot
            found += chunk.count(b"<")
            begun = chunk.count(b"<row") + chunk.count(b":row ")  # with a prefix, as some programs write it
            rows += begun
            bare += not (begun or chunk.count(b"si>"))
            if found > tags or (bare > MAX_BARE and part.file_size > MAX_UNPACKED):
                raise ValidationError(TOO_MUCH)
            if b"<!DOCTYPE" in before + chunk or b"\0" in chunk:  # entities, or an encoding that hides them; no spreadsheet program writes either
                raise ValidationError(NOT_XLSX)
            before = chunk[-8:]
            written.write(chunk)
    return found, rows


def _text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= EXACT:
        return f"{value:.6e}"  # so that no reader of codes takes it for one
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    text = str(getattr(value, "text", None) or value)  # an array formula is an object that holds its text
    return ILLEGAL_CHARACTERS_RE.sub("", text.replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n")).strip()


@dataclass(frozen=True)
class Sheet:
    """One sheet to be written: `rows` under `columns` (name and width in characters); `choices` are drop-down lists by column."""

    title: str
    columns: Mapping[str, int]
    rows: Iterable[Sequence]
    choices: Mapping[str, Sequence[str]] | None = None


def write_table(
    title: str,
    columns: Mapping[str, int],
    rows: Iterable[Sequence],
    *,
    choices: Mapping[str, Sequence[str]] | None = None,
    notes: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A workbook with one sheet, and `notes` as a second sheet of two columns; made in memory."""
    saved = BytesIO()
    write_book(saved, [Sheet(title, columns, rows, choices)], notes=notes)
    return saved.getvalue()


def write_book(file: IO[bytes], sheets: Iterable[Sheet], *, notes: Sequence[tuple[str, str]] = ()) -> None:
    """A workbook, written row by row: whatever its length, it takes no memory. Every cell is text, a date as 2026-12-01: nothing in it is
    ever run as a formula."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        _write_sheet(book, sheet)
    if notes:
        _write_sheet(book, Sheet(NOTES, {}, [], None), notes)
    book.save(file)


def _look(sheet, *, bold: bool, quoted: bool):
    """The look of a cell, made once for a sheet: to set it on each of a million cells takes minutes."""
    cell = WriteOnlyCell(sheet)
    cell.number_format, cell.alignment = "@", Alignment(wrap_text=True, vertical="top")
    if bold:
        cell.font = Font(bold=True)
    if quoted:
        cell.quotePrefix = True  # text stays text when somebody edits the cell
    return cell._style


def _write_sheet(book: Workbook, wanted: Sheet, notes: Sequence[tuple[str, str]] = ()) -> None:
    sheet = book.create_sheet(wanted.title)
    for number, width in enumerate(wanted.columns.values() or (16, 90), start=1):
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.width, dimension.number_format = width, "@"  # what is typed stays as typed: a phone keeps its leading zero
    looks = {(bold, quoted): _look(sheet, bold=bold, quoted=quoted) for bold in (False, True) for quoted in (False, True)}
    if wanted.columns:
        sheet.freeze_panes = "A2"
        sheet.append(_cells(sheet, list(wanted.columns), looks, bold=True))
    for row in notes or wanted.rows:
        sheet.append(_cells(sheet, row, looks))
    for name, values in (wanted.choices or {}).items():
        letter = get_column_letter(list(wanted.columns).index(name) + 1)
        offered = DataValidation(type="list", formula1=f'"{",".join(values)}"', allow_blank=True)
        offered.add(f"{letter}2:{letter}2001")
        sheet.data_validations.append(offered)


def _cells(sheet, values: Sequence, looks: dict, *, bold: bool = False) -> list:
    cells = []
    for value in values:
        text = "" if value is None else ILLEGAL_CHARACTERS_RE.sub("", str(value))
        if not text:
            cells.append(None)
            continue
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"  # the library alone would make a formula of what begins with =
        cell._style = looks[bold, text.startswith(FORMULA_STARTS)]
        cells.append(cell)
    return cells
