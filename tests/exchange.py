"""What the tests of tables in and out share: a workbook from rows, a round trip, and the admin's page as an editor uses it."""

from io import BytesIO

from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from menpai.exchange import KINDS, Report, Task
from menpai.spreadsheets import Sheet, open_book, write_book


def book_of(name: str, *rows: dict, more: dict[str, list[dict]] | None = None) -> BytesIO:
    """A workbook as an editor's Excel saves it: `rows` on the first sheet by column name, `more` by the title of another sheet."""
    book = Workbook()
    book.remove(book.active)
    given = {KINDS[name].sheets[0].title: list(rows)} | (more or {})
    for shape in KINDS[name].sheets:
        if shape.title not in given:
            continue
        sheet = book.create_sheet(shape.title)
        names = shape.names
        sheet.append(list(names))
        for row in given[shape.title]:
            assert set(row) <= set(names), set(row) - set(names)
            sheet.append([row.get(column) for column in names])
    saved = BytesIO()
    book.save(saved)
    saved.seek(0)
    return saved


def exported(name: str, user) -> BytesIO:
    kind, saved = KINDS[name], BytesIO()
    write_book(saved, [Sheet(shape.title, shape.widths, rows, shape.choices) for shape, rows in zip(kind.sheets, kind.export(user), strict=True)])
    return saved


def run(name: str, file: BytesIO, by, *, dry_run: bool = False) -> Report:
    """The kind's own reading and writing, without the page and its transaction."""
    kind, report = KINDS[name], Report()
    task = Task(by=by, today=timezone.localdate(), dry_run=dry_run)
    kind.apply(kind.read(open_book(file, kind.bounds), task, report), task, report)
    if report.touched:
        kind.wrote()
    return report


def problems(name: str, file: BytesIO, by) -> list[str]:
    return [str(problem) for problem in run(name, file, by, dry_run=True).problems]


def with_cell(file: BytesIO, sheet: str, place: str, value) -> BytesIO:
    """The workbook with one cell changed."""
    file.seek(0)
    book = load_workbook(file)
    book[sheet][place].value = value
    saved = BytesIO()
    book.save(saved)
    saved.seek(0)
    return saved


def without_column(file: BytesIO, sheet: str, column: str) -> BytesIO:
    file.seek(0)
    book = load_workbook(file)
    place = next(cell.column for cell in book[sheet][1] if cell.value == column)
    book[sheet].delete_cols(place)
    saved = BytesIO()
    book.save(saved)
    saved.seek(0)
    return saved


def address(name: str, page: str = "import") -> str:
    return reverse(f"admin:{KINDS[name].model.lower().replace('.', '_')}_{page}")


def upload(client, name: str, file: BytesIO, file_name: str = "表.xlsx"):
    return client.post(address(name), {"file": SimpleUploadedFile(file_name, file.getvalue())}, follow=True)


def confirm(client, shown):
    """Press 确认导入 on the report that is shown; the answer."""
    return client.post(shown.request["PATH_INFO"], {"confirm": "1", "digest": shown.context["report"]["digest"]})


def said(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]
