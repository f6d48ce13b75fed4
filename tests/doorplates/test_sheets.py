"""The printed sheet: what a resident scans, reads and types. Rendered and decoded for real."""

from io import BytesIO
from types import SimpleNamespace

import pypdfium2 as pdfium
import pytest
import zxingcpp
from django.conf import settings
from django.core.management import CommandError, call_command
from fontTools.ttLib import TTFont
from reportlab.lib.units import mm

from doorplates import qr
from doorplates.models import Doorplate
from doorplates.sheets import LAYOUTS, Unprintable, missing_characters, write_sheet
from guides.models import Area
from menpai.qr import QUIET_ZONE
from tests.factories import XIAZHUANGZI, make_area, make_building, make_plate

pytestmark = pytest.mark.django_db
SITE = "https://mp.example.gov.cn"
SCALE = 2  # pixels a point: about the resolution of a phone held at a stairwell


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = SITE


def printed(plates, *, size=75, start=1):
    file = BytesIO()
    pages = write_sheet(file, plates, size=size, start=start)
    document = pdfium.PdfDocument(file.getvalue())
    assert len(document) == pages
    return document


def text_of(page) -> str:
    return "".join(page.get_textpage().get_text_range().split())


def picture(page):
    return page.render(scale=SCALE).to_pil().convert("L")


def decoded(page):
    """The symbols on a page: what they say, and where, in pixels."""
    return zxingcpp.read_barcodes(picture(page), formats=zxingcpp.BarcodeFormat.QRCode)


def plates_of(count, **building):
    entrances = tuple(f"{number}单元" for number in range(1, count + 1))
    building = make_building(entrances=entrances, **building)
    return [make_plate(building, entrance=entrance) for entrance in entrances]


def test_the_symbol_is_small_because_its_address_is_upper_case():
    plate = make_plate()
    symbol = qr.make_symbol(plate)
    assert qr.plate_url(plate) == f"HTTPS://MP.EXAMPLE.GOV.CN/D/{plate.code}"
    assert (symbol.version, symbol.error, symbol.mode) == (4, "H", "alphanumeric")


@pytest.mark.parametrize("size", LAYOUTS)
def test_each_printed_code_leads_to_the_page_of_its_plate(size, client):
    plates = plates_of(LAYOUTS[size].per_page + 1)
    found = [symbol for page in printed(plates, size=size) for symbol in decoded(page)]
    assert sorted(symbol.text for symbol in found) == sorted(qr.plate_url(plate) for plate in plates)
    assert {symbol.ec_level for symbol in found} == {"H"}
    for plate, path in zip(plates, [qr.plate_url(plate).removeprefix(SITE.upper()) for plate in plates], strict=True):
        assert path == f"/D/{plate.code}"
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("size", LAYOUTS)
def test_the_symbol_has_its_size_and_four_modules_of_white_around(size):
    [page] = printed(plates_of(1), size=size)
    corners = decoded(page)[0].position
    left, right = corners.top_left.x, corners.top_right.x
    top, bottom = corners.top_left.y, corners.bottom_left.y
    assert (right - left) / SCALE / mm == pytest.approx(size, abs=1.5)
    quiet = int(QUIET_ZONE * (right - left) / 33) - 2
    paper = picture(page)
    paper.paste(255, (left - 2, top - 2, right + 3, bottom + 3))
    assert paper.crop((left - quiet, top - quiet, right + quiet, bottom + quiet)).getextrema() == (255, 255)


@pytest.mark.parametrize("size", LAYOUTS)
def test_the_notice_says_in_selectable_chinese_what_it_is(size):
    Area.objects.filter(pk=make_area().pk).update(contact_phone="0952-0000000")
    [plate] = plates_of(1, estate="水韵名都", name="8号楼")
    [page] = printed(Doorplate.objects.select_related("building__community"), size=size)
    text = text_of(page)
    for phrase in (
        "政务服务指引", "扫一扫，看办事指南", "谁能办", "要带什么", "去哪办", "多久、多少钱", "本码不收费，不要验证码，不要密码",
        "水韵名都社区", "水韵名都8号楼1单元", plate.code, "mp.example.gov.cn", "12345", "帮办电话0952-0000000", "不是公安门楼牌", "示例",
    ):  # fmt: skip
        assert phrase in text
    assert plate.spoken_code in page.get_textpage().get_text_range()


def test_what_is_not_known_is_not_printed(settings):
    plate = make_plate(make_building(make_area(XIAZHUANGZI), estate="", name="村委会", entrances=()), entrance="")
    plate.building.is_sample = False
    text = text_of(printed([plate])[0])
    assert "示例" not in text
    assert "帮办电话" not in text
    assert "下庄子村村委会" in text
    settings.ORGANISER, settings.HOTLINE = "惠农区某某局", "12366"
    assert {"惠农区某某局" in (text := text_of(printed([plate])[0])), "打12366" in text} == {True}


def test_both_weights_are_embedded():
    page = printed(plates_of(1))[0]
    fonts = {item.get_font() for item in page.get_objects() if isinstance(item, pdfium.PdfTextObj)}
    assert all(font.is_embedded for font in fonts)
    assert {name.rpartition("+")[2] for name in (font.get_base_name() for font in fonts)} == {
        "NotoSansSC-Regular",
        "NotoSansSC-Bold",
    }


@pytest.mark.parametrize(
    ("size", "start", "count", "expected"),
    [
        (120, 1, 2, [1, 1]),
        (75, 1, 3, [2, 1]),
        (75, 2, 3, [1, 2]),
        (40, 1, 7, [6, 1]),
        (40, 5, 3, [2, 1]),
        (40, 6, 1, [1]),
    ],
)
def test_plates_fill_the_cells_from_the_start_position_on(size, start, count, expected):
    document = printed(plates_of(count), size=size, start=start)
    assert [len(decoded(page)) for page in document] == expected


@pytest.mark.parametrize(
    ("size", "start", "column", "row"), [(75, 1, 0, 0), (75, 2, 0, 1), (40, 2, 1, 0), (40, 5, 0, 2)]
)
def test_a_single_reprint_stands_in_the_cell_that_was_asked_for(size, start, column, row):
    [page] = printed(plates_of(1), size=size, start=start)
    corner = decoded(page)[0].position.top_left
    cell_width, cell_height = (
        page.get_width() * SCALE / LAYOUTS[size].columns,
        page.get_height() * SCALE / LAYOUTS[size].rows,
    )
    assert (corner.x // cell_width, corner.y // cell_height) == (column, row)


@pytest.mark.parametrize(("size", "start"), [(120, 2), (75, 3), (40, 7), (40, 0)])
def test_a_start_position_off_the_page_is_refused(size, start):
    with pytest.raises(ValueError, match="起始位置"):
        write_sheet(BytesIO(), [], size=size, start=start)


def test_a_character_that_the_font_lacks_is_named_and_nothing_is_printed_without_it():
    plate = make_plate(make_building(estate="", name="𠀀家湾8号楼"))
    assert missing_characters("𠀀家湾") == ["𠀀"]
    with pytest.raises(Unprintable) as refusal:
        write_sheet(BytesIO(), [plate], size=75)
    assert "“𠀀”" in str(refusal.value)
    assert "家湾8号楼 2单元" in str(refusal.value)


def test_the_characters_of_real_names_can_be_printed():
    assert missing_characters("堃镕喆玥犇淏埗屲塬墚峁𬭎") == []
    assert missing_characters("".join(Area(name=name).short_name for name in ("燕子墩乡", "礼和乡", "红果子镇"))) == []


def test_the_name_of_every_area_can_be_printed(district):
    assert missing_characters("".join(Area.objects.values_list("name", flat=True))) == []


def test_the_longest_possible_name_stays_in_its_box():
    building = make_building(estate="安" * 40, name="宁" * 40, entrances=("单" * 20,))
    plate = make_plate(building, entrance="单" * 20)
    for size, layout in LAYOUTS.items():
        [page] = printed([plate], size=size)
        assert "安" * 40 in text_of(page).replace("惠", "")
        assert [symbol.text for symbol in decoded(page)] == [qr.plate_url(plate)]
        for item in page.get_objects():
            left, bottom, right, top = item.get_pos() if hasattr(item, "get_pos") else item.get_bounds()
            assert left >= 0 and bottom >= 0 and right <= page.get_width() and top <= page.get_height(), layout.symbol


def test_the_fonts_are_small_enough_to_keep_and_free_to_pass_on():
    folder = settings.BASE_DIR / "static" / "fonts"
    fonts = list(folder.glob("*.ttf"))
    assert len(fonts) == 2
    assert sum(font.stat().st_size for font in fonts) < 6_000_000
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")
    assert all("OFL" in TTFont(font)["name"].getDebugName(14) for font in fonts)


def run(name, **options):
    answers = SimpleNamespace(write=lambda text: heard.append(text))
    heard: list[str] = []
    call_command(name, stdout=answers, **options)
    return "".join(heard)


def test_a_whole_area_is_issued_and_printed_by_command(tmp_path):
    shuiyun = make_building(name="8号楼", entrances=("1单元", "2单元", "3单元"))
    make_building(make_area(XIAZHUANGZI), estate="", name="村委会", entrances=())
    assert "新发门牌 3 块" in run("generate_doorplates", area="640205102000")
    assert "新发门牌 1 块" in run("generate_doorplates", area="640205000000")
    assert "3 块，2 页" in run("print_doorplates", area=shuiyun.community_id, size=75, out=tmp_path / "a.pdf")
    document = pdfium.PdfDocument(tmp_path / "a.pdf")
    assert [len(decoded(page)) for page in document] == [2, 1]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.pdf"]


def test_a_refused_sheet_leaves_the_earlier_file_alone(tmp_path):
    building = make_building(name="𠀀号楼", entrances=())
    make_plate(building, entrance="")
    (tmp_path / "a.pdf").write_bytes(b"yesterday")
    with pytest.raises(CommandError, match="𠀀"):
        run("print_doorplates", area=building.community_id, size=75, out=tmp_path / "a.pdf")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.pdf", b"yesterday")]


@pytest.mark.parametrize("command", ["generate_doorplates", "print_doorplates"])
def test_an_unknown_area_is_named(command, tmp_path):
    out = {"out": tmp_path / "a.pdf"} if command == "print_doorplates" else {}
    with pytest.raises(CommandError, match="999999999999"):
        run(command, area="999999999999", **out)


def test_an_area_without_plates_names_the_command_that_makes_them(tmp_path):
    area = make_building().community_id
    with pytest.raises(CommandError, match=f"generate_doorplates --area {area}"):
        run("print_doorplates", area=area, out=tmp_path / "a.pdf")
