"""A district's plates on paper: into files, with a list, at the start position, again after a change, one at a time, in bounded memory."""

import csv
import re
from io import StringIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pypdfium2 as pdfium
import pytest
import zxingcpp
from django.core.management import CommandError, call_command
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from PIL import Image

from doorplates import actions, qr
from doorplates.batches import PlateList, only_run
from doorplates.models import Building, Doorplate
from tests.conftest import ROOT
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, YUANYI, make_area, make_building, make_plate

pytestmark = pytest.mark.django_db


def run(command, *arguments, **options):
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def plates_of(count, **building):
    entrances = tuple(f"{number}单元" for number in range(1, count + 1))
    building = make_building(entrances=entrances, **building)
    return [make_plate(building, entrance=entrance) for entrance in entrances]


def codes_on(path):
    """The plates on each page of a PDF, as a phone reads them."""
    with pdfium.PdfDocument(path) as document:
        pages = [zxingcpp.read_barcodes(page.render(scale=2).to_pil(), formats=zxingcpp.BarcodeFormat.QRCode) for page in document]
    places = [sorted(page, key=lambda symbol: (symbol.position.top_left.y // 100, symbol.position.top_left.x)) for page in pages]
    return [[symbol.text.rpartition("/")[2] for symbol in page] for page in places]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_district_is_split_into_files_of_so_many_pages_with_a_list(tmp_path):
    plates = plates_of(9)
    told = run("print_doorplates", area=DISTRICT, size=75, start=2, per_file=2, out=tmp_path)
    pages = [codes_on(tmp_path / f"doorplates-{DISTRICT}-75mm-000{number}.pdf") for number in (1, 2, 3)]
    assert [[len(page) for page in file] for file in pages] == [[1, 2], [2, 2], [2]]
    assert [code for file in pages for page in file for code in page] == [plate.code for plate in plates]
    assert "9 块，5 页" in told
    assert "3 个文件" in told
    with (tmp_path / f"doorplates-{DISTRICT}-75mm.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    where = [(row["文件"][-8:], row["第几页"], row["第几格"]) for row in rows]
    assert where[:4] == [("0001.pdf", "1", "2"), ("0001.pdf", "2", "1"), ("0001.pdf", "2", "2"), ("0002.pdf", "1", "1")]
    assert [row["编号"] for row in rows] == [plate.spoken_code for plate in plates]
    assert (rows[0]["村（社区）"], rows[0]["楼栋"], rows[0]["入口（单元）"]) == ("水韵名都社区居民委员会", "8号楼", "1单元")
    assert len(contents(tmp_path)) == 4


@pytest.mark.parametrize("command", ["print_doorplates", "export_doorplates"])
def test_a_second_run_keeps_what_is_right_and_writes_what_changed(command, tmp_path):
    plates_of(4)
    options = {"area": DISTRICT, "size": 120, "per_file": 2, "out": tmp_path}
    run(command, **options)
    before = contents(tmp_path)
    first, second = sorted(name for name in before if not name.endswith(".csv"))
    assert "有 2 个早就写好" in run(command, **options)
    assert contents(tmp_path) == before
    Building.objects.update(name="9号楼")  # on every notice
    assert "早就" not in run(command, **options)
    after = contents(tmp_path)
    assert after[first] != before[first]
    late = make_plate(make_building(make_area(YUANYI), name="1号楼"), entrance="1单元")  # last in the walk
    assert "有 2 个早就写好" in run(command, **options)
    assert contents(tmp_path)[second] == after[second]
    actions.revoke(late, by="guanli", reason="贴错了")
    assert "还有 1 个以前的文件" in run(command, **options)


@pytest.mark.parametrize(("command", "suffix"), [("print_doorplates", "pdf"), ("export_doorplates", "zip")])
def test_half_a_file_is_not_taken_for_a_whole_one(command, suffix, tmp_path):
    plates_of(2)
    options = {"area": DISTRICT, "size": 40, "per_file": 1 if suffix == "zip" else 250, "out": tmp_path}
    run(command, **options)
    file = tmp_path / f"doorplates-{DISTRICT}-40mm-0001.{suffix}"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    run(command, **options)
    assert len(file.read_bytes()) >= len(whole) - 64  # the date inside may differ


def test_a_notice_that_cannot_be_printed_stops_the_run_and_the_next_goes_on(tmp_path):
    [good] = plates_of(1, name="1号楼")
    bad = make_building(name="𠀀号楼", entrances=())
    make_plate(bad, entrance="")
    options = {"area": DISTRICT, "size": 120, "per_file": 1, "out": tmp_path}
    with pytest.raises(CommandError, match=r"𠀀.*\s.*已经写好的 1 个文件留着"):
        run("print_doorplates", **options)
    assert [path.name[-8:] for path in tmp_path.iterdir()] == ["0001.pdf"]
    Building.objects.filter(pk=bad.pk).update(name="前号楼")
    assert "2 个文件（有 1 个早就写好，没有动）" in run("print_doorplates", **options)
    assert codes_on(tmp_path / f"doorplates-{DISTRICT}-120mm-0001.pdf") == [[good.code]]


def test_only_the_active_plates_of_the_area_are_printed(tmp_path):
    wanted, ended = plates_of(2)
    make_plate(make_building(make_area(XIAZHUANGZI), estate="", name="村委会"), entrance="")
    actions.revoke(ended, by="guanli", reason="贴错了")
    run("print_doorplates", area=TOWNSHIP, out=tmp_path / "a.pdf")
    assert codes_on(tmp_path / "a.pdf") == [[wanted.code]]


def test_plates_issued_since_a_day_are_printed_alone(tmp_path):
    old, new = plates_of(2)
    Doorplate.objects.filter(pk=old.pk).update(issued_at="2026-06-01T12:00+08:00")
    Doorplate.objects.filter(pk=new.pk).update(issued_at="2026-11-20T00:30+08:00")
    run("print_doorplates", area=SHUIYUN, since="2026-11-20", out=tmp_path / "a.pdf")
    assert codes_on(tmp_path / "a.pdf") == [[new.code]]


def test_single_plates_are_printed_again_by_their_numbers(tmp_path):
    one, two, _ = plates_of(3)
    typed = one.spoken_code.lower()
    assert "门牌 2 块，1 页" in run("print_doorplates", "--code", typed, "--code", two.code, size=40, start=3, out=tmp_path / "a.pdf")
    assert codes_on(tmp_path / "a.pdf") == [[one.code, two.code]]


def test_a_number_that_has_no_active_plate_is_named(tmp_path):
    ended, other = plates_of(2)
    actions.revoke(ended, by="guanli", reason="贴错了")
    for typed in (ended.code, "0000 0009"):
        with pytest.raises(CommandError, match=typed):
            run("print_doorplates", "--code", typed, "--code", other.code, out=tmp_path / "a.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"start": 3}, "起始位置应在1到2"), ({"per_file": 0}, "页数应在1到2000"), ({"start": 2, "per_file": 1, "out": "a.pdf"}, "给一个文件夹")],
)
def test_what_cannot_be_is_said_before_anything_is_written(tmp_path, options, complaint):
    plates_of(2)
    with pytest.raises(CommandError, match=complaint):
        run("print_doorplates", **{"area": DISTRICT, "size": 75, **options, "out": tmp_path / options.get("out", "")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("address", "warned"), [("http://127.0.0.1:8000", True), ("https://mp.example.gov.cn", False)])
def test_notices_of_a_trial_site_are_not_for_the_print_shop(settings, tmp_path, address, warned):
    settings.SITE_URL = address
    plates_of(1)
    assert ("不要拿去印" in run("print_doorplates", area=DISTRICT, out=tmp_path)) is warned


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    plates_of(1)
    with only_run(tmp_path), pytest.raises(CommandError, match="另一个程序正在往"):
        run("print_doorplates", area=DISTRICT, out=tmp_path)
    run("print_doorplates", area=DISTRICT, out=tmp_path)


def test_a_name_that_looks_like_a_formula_is_text_in_the_list():
    file = StringIO()
    PlateList(file).add(make_plate(make_building(estate="=HYPERLINK(1)", name="+8号楼")))
    [_, row] = csv.reader(StringIO(file.getvalue().removeprefix("\ufeff")))
    assert row[3:5] == ["'=HYPERLINK(1)", "'+8号楼"]


def painted(svg: str, pixels_a_module: int) -> tuple[Image.Image, float, float]:
    """The symbol of one of our SVGs as a picture, and the width and height it claims, in millimetres."""
    width, height = (float(re.search(rf'{name}="([\d.]+)mm"', svg).group(1)) for name in ("width", "height"))
    side = int(re.search(r'viewBox="0 0 (\d+)', svg).group(1))
    picture = Image.new("L", (side * pixels_a_module,) * 2, 255)
    for run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", svg):
        x, y, length = (int(number) * pixels_a_module for number in run)
        picture.paste(0, (x, y, x + length, y + pixels_a_module))
    return picture, width, height


def test_every_svg_in_the_zip_leads_to_the_plate_that_the_list_says(tmp_path):
    plates = {plate.code: plate for plate in plates_of(5)}
    run("export_doorplates", area=DISTRICT, size=75, out=tmp_path / "a.zip")
    with ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        text = archive.read("list.csv").decode("utf-8")
        assert text.startswith("\ufeff文件,编号,网址,")
        rows = list(csv.DictReader(StringIO(text[1:])))
        for row in rows:
            picture, width, height = painted(archive.read(row["文件"]).decode(), 6)
            [symbol] = zxingcpp.read_barcodes(picture)
            plate = plates.pop(symbol.text.rpartition("/")[2])
            assert (row["网址"], row["编号"], row["入口（单元）"]) == (qr.plate_url(plate), plate.spoken_code, plate.entrance)
            assert width == pytest.approx(75 / 29 * 37, abs=0.01)  # version 3 for the test's host; four modules of white on both sides
            assert height > width
    assert plates == {}


def test_a_name_that_the_print_font_lacks_is_no_hindrance_for_a_picture_of_the_code(tmp_path):
    make_plate(make_building(name="𠀀号楼"))
    run("export_doorplates", area=DISTRICT, size=40, out=tmp_path / "a.zip")
    with ZipFile(tmp_path / "a.zip") as archive:
        assert "𠀀号楼" in archive.read("list.csv").decode()


def test_the_same_plates_give_the_same_zip_to_the_byte(tmp_path):
    plates_of(3)
    for name in ("a", "b"):
        run("export_doorplates", area=DISTRICT, size=40, out=tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_code_under_the_symbol_is_drawn_with_outlines_and_needs_no_font(tmp_path):
    [plate] = plates_of(1)
    run("export_doorplates", "--code", plate.code, size=75, out=tmp_path / "a.zip")
    with ZipFile(tmp_path / "a.zip") as archive:
        picture = ElementTree.fromstring(archive.read(f"{SHUIYUN}/{plate.code}.svg"))
    space = "{http://www.w3.org/2000/svg}"
    assert {element.tag.removeprefix(space) for element in picture.iter()} == {"svg", "title", "path", "g"}
    assert picture.find(f"{space}title").text == plate.spoken_code
    letters = picture.findall(f"{space}g/{space}path")
    places = [int(letter.get("transform")[len("translate(") : -1]) for letter in letters]
    assert places == sorted(places)
    with TTFont(ROOT / "static" / "fonts" / "NotoSansSC-Bold.ttf") as font:
        names, glyphs = font.getBestCmap(), font.getGlyphSet()
        for letter, character in zip(letters, plate.code, strict=True):
            bounds = BoundsPen(glyphs)
            glyphs[names[ord(character)]].draw(bounds)
            numbers = [float(number) for number in re.findall(r"-?\d+", re.sub(r"[HV]-?\d+", "", letter.get("d")))]
            left, bottom, right, top = bounds.bounds
            assert min(numbers[0::2]) >= left - 1 and max(numbers[0::2]) <= right + 1
            assert min(numbers[1::2]) >= -top - 1 and max(numbers[1::2]) <= -bottom + 1
