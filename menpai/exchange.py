"""Tables of the bureau in and out of Excel: what every kind shares. A kind is a declaration in its room's `transfer*.py`.

A file is read, tried, reported row by row, and written in one transaction, all rows or none. Rows that are not in the file stay as they are.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model

from menpai.spreadsheets import USUAL, Book, Bounds, Line

TOLD = 200  # problems of a file that are listed; beyond, how many more there are
SHOWN = 50  # rows that are new or change and are listed with what changes
LOGGED = 500  # rows that get an entry each in the log; beyond, one entry says how many
BATCH = 500
EXAMPLE = "【示例】"
FORMULA = "这是公式。改成算出来的字或数，再导入。"


@dataclass(frozen=True)
class Problem:
    """A row, the column it is about (or ""), and a sentence that says what to do. Row 0: the file as a whole."""

    row: int
    column: str
    message: str
    sheet: str = ""

    def __str__(self):
        where = f"“{self.sheet}”表" if self.sheet else ""
        if self.row:
            where += f"第{self.row}行"
        if self.column:
            where += f"{' · ' if where else ''}{self.column}"
        return f"{where}：{self.message}" if where else self.message


@dataclass
class Told:
    """The first sentences of a kind, and how many there are in all."""

    rows: list[Problem] = field(default_factory=list)
    total: int = 0

    def add(self, problem: Problem) -> None:
        self.total += 1
        if len(self.rows) < TOLD:
            self.rows.append(problem)

    def __len__(self):
        return self.total

    def __iter__(self):
        return iter(self.rows)


@dataclass
class Report:
    """What an import did, or would do. Nothing was written when there are problems. Bounded, whatever the length of the file."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: Told = field(default_factory=Told)
    warnings: Told = field(default_factory=Told)
    skipped: Told = field(default_factory=Told)
    shown: list[dict] = field(default_factory=list)  # {"row", "name", "is_new", "changes": [[column, before, after]]} or {…, "lines": […]}
    touched: list[tuple[Model, bool]] = field(default_factory=list)  # the first rows written, and whether each is new
    once: list[tuple[str, ...]] = field(default_factory=list)  # what the sender sees once and nobody stores: passwords
    _hash: Any = field(default_factory=hashlib.sha256)

    def problem(self, row: int, column: str, message: str, sheet: str = "") -> None:
        self.problems.add(Problem(row, column, message, sheet))

    def new(self, row: int, name: str, after: dict[str, str]) -> None:
        self.added += 1
        self._note(row, name, True, {"changes": [[column, "", text] for column, text in after.items() if text]})

    def change(self, row: int, name: str, before: dict[str, str], after: dict[str, str]) -> None:
        self.changed += 1
        self._note(row, name, False, {"changes": [[column, before[column], text] for column, text in after.items() if before[column] != text]})

    def difference(self, row: int, name: str, lines: Sequence[tuple[str, str]]) -> None:
        """A change that is shown as the lines of a difference, each with what it is."""
        self.changed += 1
        self._note(row, name, False, {"lines": [list(line) for line in lines]})

    def _note(self, row: int, name: str, is_new: bool, what: dict) -> None:
        shown = {"row": row, "name": name, "is_new": is_new} | what
        self._hash.update(json.dumps(shown, ensure_ascii=False).encode())
        if len(self.shown) < SHOWN:
            self.shown.append(shown)

    @property
    def digest(self) -> str:
        """What was shown for confirmation: when rows changed in between, it is another one."""
        rest = (self.added, self.changed, self.unchanged, *map(str, self.warnings), *map(str, self.skipped))
        whole = self._hash.copy()
        whole.update(repr(rest).encode())
        return whole.hexdigest()

    def stored(self) -> dict:
        """As it is kept and shown; without what is seen only once."""
        lists = {name: [str(row) for row in getattr(self, name)] for name in ("warnings", "skipped")}
        more = {f"{name}_total": len(getattr(self, name)) for name in ("problems", "warnings", "skipped")}
        more |= {"problems_more": len(self.problems) - len(self.problems.rows), "shown_more": self.added + self.changed - len(self.shown)}
        problems = [[row.sheet, row.row, row.column, row.message] for row in self.problems]
        counts = {"added": self.added, "changed": self.changed, "unchanged": self.unchanged}
        return {**counts, **lists, **more, "problems": problems, "shown": self.shown, "digest": "" if self.problems else self.digest}


@dataclass(frozen=True)
class Task:
    """Who imports, on which day, whether it is only tried, and whom to tell how many rows are read."""

    by: Any
    today: date
    dry_run: bool
    tell: Callable[[int], None] = lambda done: None


@dataclass(frozen=True)
class Column:
    """One column: how a cell is read (text and the run's context; raises ValidationError with what to write) and written (of a row)."""

    name: str
    field: str
    width: int
    read: Callable[[str, Any], Any]
    write: Callable[[Any], Any] | None = None
    needed: bool = False  # may not be empty
    choices: tuple[str, ...] = ()
    note: str = ""
    in_sheet: bool = True  # else it is only compared and shown
    compared: bool = True  # else it stands there for the eye
    say: Callable[[str, Any], str] | None = None  # how its text is shown before it is confirmed (text and context): a code with its name

    def text(self, row) -> str:
        value = self.write(row) if self.write else getattr(row, self.field)
        return "" if value is None else str(value)


@dataclass(frozen=True)
class SheetShape:
    title: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns if column.in_sheet]

    @property
    def required(self) -> list[str]:
        """The columns that must be there: of one that is missing nobody knows whether its cells were to be emptied."""
        return [column.name for column in self.columns if column.in_sheet and column.compared]

    @property
    def widths(self) -> dict[str, int]:
        return {column.name: column.width for column in self.columns if column.in_sheet}

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        return {column.name: column.choices for column in self.columns if column.choices}

    def row(self, row) -> list[str]:
        return [column.text(row) for column in self.columns if column.in_sheet]

    def said(self, texts: dict[str, str], context) -> dict[str, str]:
        """What `written` gave, for people to look at."""
        spoken = {column.name: column.say for column in self.columns if column.say}
        return {name: spoken[name](text, context) if name in spoken and text else text for name, text in texts.items()}

    def written(self, row) -> dict[str, str]:
        return {column.name: column.text(row) for column in self.columns if column.compared}


@dataclass(frozen=True)
class Kind:
    """Everything that one kind of table needs to go in and out; see `table_kind` for those with one row for each thing."""

    name: str  # of its files: offices
    title: str  # 办理地点
    unit: str  # 个办理地点
    model: str  # guides.Office: who may add and change these may import, who may view them may export
    sheets: tuple[SheetShape, ...]
    read: Callable[[Book, Task, Report], Any]
    apply: Callable[[Any, Task, Report], None]
    export: Callable[[Any], Sequence[Iterable[Sequence]]]  # the rows of each sheet that a user may see
    samples: Callable[[], Sequence[Sequence[Sequence]]]
    hints: tuple[str, ...] = ()
    after: str = ""  # what is still to be done once it is imported
    most: int = 2000
    bounds: Bounds = USUAL
    in_background: bool = False  # a large file is not done while its sender waits
    read_text: Callable[[str, Task, Report], Any] | None = None  # a file that is no workbook: YAML
    only: Callable[[Any], bool] = lambda user: True  # what else somebody must be, besides their permissions
    wrote: Callable[[], Any] = lambda: None  # told at the end of the transaction that something was written

    def _may(self, user, *acts: str) -> bool:
        app, model = self.model.lower().split(".")
        return all(user.has_perm(f"{app}.{act}_{model}") for act in acts)

    def may_import(self, user) -> bool:
        return user.is_active and self._may(user, "add", "change") and self.only(user)

    def may_export(self, user) -> bool:
        return user.is_active and self._may(user, "view") and self.only(user)

    @property
    def notes(self) -> list[tuple[str, str]]:
        """The sheet that says what belongs where."""
        first = ("怎么填", f"一行一{self.unit}，列名不要改。{self.limits}存成 .xlsx。删掉样子那几行再导入。文件里没有的，原来的不动。")
        rest = [(column.name, ("必填。" if column.needed else "") + column.note) for sheet in self.sheets for column in sheet.columns if column.in_sheet]
        return [first, *(pair for pair in rest if pair[1])]

    @property
    def limits(self) -> str:
        return f"一次最多{self.most:,}行，文件最大{self.bounds.file // 1024**2} MB，"


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    KINDS[kind.name] = kind
    return kind


@dataclass(frozen=True)
class Table:
    """A kind with one row for each thing, told by `key`. The context is what reading and checking need, made once a run."""

    shape: SheetShape
    key: Callable[[dict], Hashable]  # of the values of a row, by field
    find: Callable[[list, Task], dict]  # keys to what is stored, whoever may see it; one query whatever their number
    make: Callable[[dict], Any]
    check: Callable[[Any, dict, Any], Iterable[tuple[str, str]]]  # (thing, its texts before or {}, context): column and what to do
    save: Callable[[list, list, Task, Report], None]  # new ones, changed ones
    name: Callable[[Any], str] = str
    context: Callable[[Task], Any] = lambda task: None
    takes_examples: bool = False  # the sample's rows are marked as samples in the database too


Parsed = tuple[int, dict]  # the number of a row as Excel shows it, and its values by field


def read_line(columns: Sequence[Column], line: Line, context, report: Report, sheet: str = "") -> dict | None:
    """The values of a row by field; None when something is wrong with it, which is then in the report."""
    values, fine = {}, True
    for column in columns:
        if not column.in_sheet:
            continue
        try:
            if column.name in line.formulas:
                raise ValidationError(FORMULA)
            values[column.field] = column.read(line.values[column.name], context)
        except ValidationError as error:
            fine = False
            for message in error.messages:
                report.problem(line.number, column.name, message, sheet)
    return values if fine else None


def parse(table: Table, lines: Iterable[Line], task: Task, report: Report) -> Iterator[Parsed]:
    """The rows that can be read. The same thing twice is a problem of the second."""
    context, seen = table.context(task), {}
    told = table.shape.columns[0].name
    for number, line in enumerate(lines, start=1):
        if number % BATCH == 0:
            task.tell(number)
        if not table.takes_examples and any(text.startswith(EXAMPLE) for text in line.values.values()):
            report.problem(line.number, "", "这一行是样子。删掉它，再导入。")
            continue
        values = read_line(table.shape.columns, line, context, report)
        if values is None:
            continue
        mark = hash(table.key(values))  # of a hundred thousand keys the hashes are a tenth
        if mark in seen:
            report.problem(line.number, told, f"和第{seen[mark]}行是同一个，只能留一行。")
            continue
        seen[mark] = line.number
        yield line.number, values


def apply_rows(table: Table, rows: Iterable[Parsed], task: Task, report: Report) -> None:
    """Compare the rows with what is stored, batch by batch, and write what is new or changed unless it is only tried or something is wrong."""
    context, left = table.context(task), iter(rows)
    while batch := list(islice(left, BATCH)):
        found = table.find([table.key(values) for _, values in batch], task)
        new, changed = [], []
        for number, values in batch:
            thing = found.get(table.key(values))
            before = table.shape.written(thing) if thing is not None else {}
            if thing is None:
                thing = table.make(values)
            for name, value in values.items():
                setattr(thing, name, value)
            wrong = list(table.check(thing, before, context))
            for column, message in wrong:
                report.problem(number, column, message)
            after = table.shape.written(thing)
            if wrong or after == before:
                report.unchanged += not wrong
            elif not before:
                report.new(number, table.name(thing), table.shape.said(after, context))
                new.append(thing)
            else:
                report.change(number, table.name(thing), table.shape.said(before, context), table.shape.said(after, context))
                changed.append(thing)
        if not task.dry_run and not report.problems:
            table.save(new, changed, task, report)
            _remember(report, new, changed)


def _remember(report: Report, new: list, changed: list) -> None:
    room = LOGGED + 1 - len(report.touched)
    report.touched += [*((thing, True) for thing in new), *((thing, False) for thing in changed)][:room]


def log_import(kind: Kind, task: Task, report: Report) -> None:
    """The end of an import: who imported what, an entry for each row or one for all of them when they are many."""
    if not report.touched:
        return
    kind.wrote()
    if len(report.touched) <= LOGGED:
        for flag, is_new in ((ADDITION, True), (CHANGE, False)):
            if things := [thing for thing, fresh in report.touched if fresh == is_new]:
                LogEntry.objects.log_actions(task.by.pk, things, flag, change_message="从 Excel 导入")
        return
    model = ContentType.objects.get_for_model(apps.get_model(kind.model))
    said = f"从 Excel 导入：新增{report.added}，更新{report.changed}，没变{report.unchanged}"
    LogEntry.objects.create(user=task.by, content_type=model, object_repr=kind.title, action_flag=CHANGE, change_message=said)


def spooled(rows: Iterable[Parsed]) -> Iterator[Parsed]:
    """The rows, put aside on the disk: so that a long table is read to its end before the first row is written, and nobody waits for a lock."""
    file = tempfile.SpooledTemporaryFile(4 * 1024**2, mode="w+", encoding="utf-8")  # noqa: SIM115 -- gone with its reader
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    file.seek(0)
    return _unspooled(file)


def _unspooled(file) -> Iterator[Parsed]:
    for line in file:
        yield tuple(json.loads(line))


def table_kind(table: Table, *, export: Callable[[Any], Iterable], samples: Callable[[], Sequence[Sequence]], **about) -> Kind:
    """A Kind with one sheet. `export` gives the things that a user may see, `samples` the rows of the sample workbook."""
    most = about.setdefault("most", Kind.most)
    keep = spooled if about.get("in_background") else list

    def read(book: Book, task: Task, report: Report):
        lines = book.lines(columns=table.shape.names, needed=table.shape.required, most=most)
        return keep(parse(table, lines, task, report))

    return Kind(
        sheets=(table.shape,),
        read=read,
        apply=lambda rows, task, report: apply_rows(table, rows, task, report),
        export=lambda user: [map(table.shape.row, export(user))],
        samples=lambda: [samples()],
        **about,
    )
