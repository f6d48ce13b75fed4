"""A stranger's workbook is bounded, proved by its content and never run; what we write is text in every cell."""

import struct
import zipfile
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from openpyxl import Workbook, load_workbook

from menpai.spreadsheets import (
    DAMAGED,
    LARGE,
    MAX_BYTES,
    MAX_PARTS,
    MAX_UNPACKED,
    NOT_XLSX,
    OLD_OR_LOCKED,
    TOO_MUCH,
    USUAL,
    open_book,
    read_table,
    write_table,
)

COLUMNS = ["岗位", "电话", "日期"]


def workbook(*rows, title: str = "招聘") -> bytes:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def read(data: bytes, *, most: int = 10):
    return read_table(data, columns=COLUMNS, needed=["岗位", "电话"], most=most)


def refused(data: bytes, *, most: int = 10) -> list[str]:
    with pytest.raises(ValidationError) as error:
        read(data, most=most)
    return error.value.messages


def changed(data: bytes, *, replace: dict[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The workbook with these parts instead of its own, or besides."""
    saved = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(saved, "w", method) as new:
        parts = {name: old.read(name) for name in old.namelist()} | (replace or {})
        for name, content in parts.items():
            new.writestr(name, content)
    return saved.getvalue()


GOOD = workbook(["岗位", "电话"], ["保洁员", "0952-3311111"])


def test_rows_are_read_as_text_with_the_numbers_that_excel_shows():
    data = workbook(
        ["岗位", "电话", "日期"], ["保洁员", 13800138000, datetime(2026, 12, 1)], [None, None, None], ["  理货员\r\n早班 ", 3000.0, "2026年12月1日"],
        ["门卫", 0.5, datetime(2026, 12, 1, 8, 30)], ["保安", True, date(2026, 12, 2)],
    )  # fmt: skip
    lines = read(data)
    assert [line.number for line in lines] == [2, 4, 5, 6]
    assert [tuple(line.values.values()) for line in lines] == [
        ("保洁员", "13800138000", "2026-12-01"), ("理货员\n早班", "3000", "2026年12月1日"), ("门卫", "0.5", "2026-12-01 08:30"), ("保安", "True", "2026-12-02"),
    ]  # fmt: skip


def test_a_title_above_the_columns_and_another_order_are_no_matter():
    data = workbook(["某某公司招聘表"], [], ["电话 *", "岗 位"], ["12333", "保洁员"])
    [line] = read(data)
    assert (line.number, line.values) == (4, {"岗位": "保洁员", "电话": "12333", "日期": ""})


def test_a_formula_is_never_worked_out_and_is_told_from_text():
    book = Workbook()
    book.active.append(["岗位", "电话"])
    book.active.append(["=1+1", '=HYPERLINK("http://example.invalid","点我")'])
    book.active["A3"].value, book.active["A3"].data_type = "====要求====", "s"
    saved = BytesIO()
    book.save(saved)
    formula, text = read(saved.getvalue())
    assert (formula.values["岗位"], formula.formulas) == ("=1+1", {"岗位", "电话"})
    assert (text.values["岗位"], text.formulas) == ("====要求====", frozenset())


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([["岗位", "电话", "薪水"], ["保洁员", "1", "2"]], "不认识“薪水”这一列。改成样表里的列名，或者删掉这一列。"),
        ([["岗位", "电话", "电话"], ["保洁员", "1", "2"]], "“电话”这一列有两个，只能留一个。"),
        ([["岗位", "电话"]], "列名下面一行也没有填。"),
        ([["随便", "写的"], ["保洁员", "1"]], "没找到写着列名的那一行。前10行里要有一行写着：岗位、电话。照样表填最省事。"),
        ([[]], "没找到写着列名的那一行。前10行里要有一行写着：岗位、电话。照样表填最省事。"),
        ([["题目"]] * 11 + [["岗位", "电话"], ["保洁员", "1"]], "没找到写着列名的那一行。前10行里要有一行写着：岗位、电话。照样表填最省事。"),
    ],
)
def test_a_table_of_another_shape_is_refused_with_what_to_do(rows, sentence):
    assert refused(workbook(*rows)) == [sentence]


def test_a_column_that_is_missing_is_named():
    data = workbook(["岗位", "电话"], ["保洁员", "1"])
    with pytest.raises(ValidationError) as error:
        read_table(data, columns=["岗位", "电话", "来源"], needed=["岗位", "电话", "来源"], most=5)
    assert error.value.messages == ["缺少“来源”这一列。"]


def test_one_row_too_many_is_refused_and_empty_ones_do_not_count():
    rows = [["保洁员", str(n)] for n in range(10)]
    assert len(read(workbook(["岗位", "电话"], *rows, *[[None]] * 500))) == 10
    assert refused(workbook(["岗位", "电话"], *rows, ["多", "一"])) == ["一次最多导入10行。把表分成几个文件。"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", NOT_XLSX),
        ("岗位,电话\n保洁员,1\n".encode(), NOT_XLSX),
        (b"<html><table><tr><td>\xe5\xb2\x97", NOT_XLSX),
        (b"%PDF-1.7", NOT_XLSX),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, OLD_OR_LOCKED),
        (GOOD[:-40], DAMAGED),
        (b"PK\x03\x04" + b"x" * 50, DAMAGED),
        (b"x" * (MAX_BYTES + 1), "文件太大，最大 2 MB。"),
    ],
    ids=["empty", "csv", "html", "pdf", "xls or password", "cut off", "no directory", "too large"],
)
def test_another_kind_of_file_is_refused_whatever_its_name(data, sentence):
    assert refused(data) == [sentence]


def test_a_zip_that_is_no_workbook_is_refused():
    saved = BytesIO()
    with zipfile.ZipFile(saved, "w") as new:
        new.writestr("readme.xml", "<a/>")
    assert refused(saved.getvalue()) == [NOT_XLSX]


def test_a_workbook_with_macros_is_refused():
    with zipfile.ZipFile(BytesIO(GOOD)) as old:
        types = old.read("[Content_Types].xml").replace(b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main")
    assert refused(changed(GOOD, replace={"[Content_Types].xml": types})) == [NOT_XLSX]


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = changed(GOOD, replace={"xl/sharedStrings.xml": b" " * (MAX_UNPACKED + 1)})
    assert len(bomb) < 100_000
    assert refused(bomb) == [TOO_MUCH]


def test_styles_may_not_swell():
    assert refused(changed(GOOD, replace={"xl/styles.xml": b"<xf/>" * 300_000})) == [TOO_MUCH]


def test_millions_of_small_cells_are_refused():
    assert refused(changed(GOOD, replace={"xl/worksheets/sheet1.xml": b"<c/>" * 1_100_000})) == [TOO_MUCH]


def test_a_part_that_lies_about_its_size_is_never_unpacked_whole(monkeypatch):
    """The directory says 10 bytes, the stream holds 50 MB: no single read may return more than was promised."""
    data = bytearray(changed(GOOD, replace={"xl/sharedStrings.xml": b" " * 50_000_000}))
    place = data.rindex(b"xl/sharedStrings.xml") - 46  # its entry in the central directory
    data[place + 24 : place + 28] = struct.pack("<I", 10)
    unpacked = []
    read1 = zipfile.ZipExtFile._read1

    def watched(self, n):
        found = read1(self, n)
        unpacked.append(n)
        return found

    monkeypatch.setattr(zipfile.ZipExtFile, "_read1", watched)
    assert refused(bytes(data)) == [DAMAGED]
    assert max(unpacked) <= 2 * 1024 * 1024


def test_large_bounds_are_bounds_too():
    """One cell of many megabytes becomes one object in memory; a sheet of many rows does not."""
    rows = b"".join(b'<row r="%d"><c t="inlineStr"><is><t>%s</t></is></c></row>' % (number, b"x" * 1000) for number in range(1, 20_000))
    whole = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    assert open_book(BytesIO(changed(GOOD, replace={"xl/worksheets/sheet1.xml": whole % rows})), LARGE).rows == 19_999
    one = b'<row r="1"><c t="inlineStr"><is><t>%s</t></is></c></row>' % (b"x" * 20 * 1024**2)
    for sheet, bounds in ((whole % one, LARGE), (whole % rows, USUAL), (whole % rows, replace(LARGE, unpacked=19 * 1024**2))):
        with pytest.raises(ValidationError) as error:
            open_book(BytesIO(changed(GOOD, replace={"xl/worksheets/sheet1.xml": sheet})), bounds)
        assert error.value.messages == [TOO_MUCH]


def test_a_number_that_excel_has_rounded_is_told_from_a_code():
    [line] = read(workbook(["岗位", "电话"], ["保洁员", 6.4020510200600012e19]))
    assert line.values["电话"] == "6.402051e+19"
    [line] = read(workbook(["岗位", "电话"], ["保洁员", 640205102006]))
    assert line.values["电话"] == "640205102006"


def test_entities_are_refused():
    sheet = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom">]><worksheet>&b;</worksheet>'
    assert refused(changed(GOOD, replace={"xl/worksheets/sheet1.xml": sheet})) == [NOT_XLSX]
    assert refused(changed(GOOD, replace={"xl/worksheets/sheet1.xml": sheet.decode().encode("utf-16")})) == [NOT_XLSX]


def test_too_many_parts_and_other_compressions_are_refused():
    assert refused(changed(GOOD, replace={f"xl/extra{n}.xml": b"<a/>" for n in range(MAX_PARTS)})) == [TOO_MUCH]
    assert refused(changed(GOOD, method=zipfile.ZIP_LZMA)) == [NOT_XLSX]


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
def test_broken_parts_are_refused_in_words(part):
    for content in (b"", b"<", b"<worksheet><sheetData><row r='x'>", b"\xff\xfe"):
        assert refused(changed(GOOD, replace={part: content}))[0] in (DAMAGED, NOT_XLSX)


def test_a_row_that_claims_to_be_far_down_does_not_hang():
    with zipfile.ZipFile(BytesIO(GOOD)) as old:
        sheet = old.read("xl/worksheets/sheet1.xml").replace(b'<row r="2"', b'<row r="99999999999"')
    assert refused(changed(GOOD, replace={"xl/worksheets/sheet1.xml": sheet})) == ["列名下面一行也没有填。"]


def test_pictures_are_left_aside():
    assert len(read(changed(GOOD, replace={"xl/media/image1.png": b"\x89PNG" + b"\0" * 1000}))) == 1


# ---- writing


DANGEROUS = ["=1+1", "+86 138", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://example.invalid")', "＝1"]


def test_no_cell_of_what_is_written_is_a_formula():
    data = write_table("招聘", {"岗位": 20, "电话": 12}, [[text, "0952-1"] for text in DANGEROUS], notes=[("岗位", "=cmd")])
    book = load_workbook(BytesIO(data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in book["招聘"]["A"][1:])
    assert not book["招聘"]["B2"].quotePrefix


def test_what_is_written_is_read_back():
    rows = [["=1+1", "0952-3311111", "2026-12-01"], ["字\x07字\n两行", None, ""]]
    lines = read(write_table("招聘", {"岗位": 20, "电话": 12, "日期": 12}, rows))
    assert [tuple(line.values.values()) for line in lines] == [("=1+1", "0952-3311111", "2026-12-01"), ("字字\n两行", "", "")]
    assert [line.formulas for line in lines] == [frozenset(), frozenset()]
