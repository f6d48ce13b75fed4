import csv
from io import StringIO

from helpdesk.figures import Table
from menpai.spreadsheets import FORMULA_STARTS

CSV_TYPE = "text/csv; charset=utf-8"


def write_csv(table: Table) -> bytes:
    """A table as Excel and WPS open it by double click: with a byte order mark, and no cell that they would take for a formula."""
    lines = StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([_safe(head) for head in table.heads])
    writer.writerows([_safe(value) for value in row] for row in table.rows)
    return lines.getvalue().encode("utf-8-sig")


def _safe(value) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
