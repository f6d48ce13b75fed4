"""The bureau issues, prints and ends plates; an editor looks and prints; nobody writes a plate by hand."""

from io import BytesIO
from zipfile import ZipFile

import html5lib
import pypdfium2 as pdfium
import pytest
import zxingcpp
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from doorplates import actions, forms, qr
from doorplates.models import Building, Doorplate, PlateState, Scan
from tests.factories import DISTRICT, NAMES, SHUIYUN, TOWNSHIP, XIAZHUANGZI, YUANYI, make_area, make_building, make_plate
from tests.people import bianji, guanli, zhuli

pytestmark = pytest.mark.django_db
BUILDINGS, PLATES = "admin:doorplates_building_changelist", "admin:doorplates_doorplate_changelist"


@pytest.fixture
def bureau(client):
    client.force_login(guanli())
    return client


def act(client, name, action, chosen, **answer):
    """Choose rows of a list and an action; with an answer, also send the page that comes between."""
    data = {"action": action, "_selected_action": [row.pk for row in chosen]}
    data |= {"confirmed": "yes", **answer} if answer else {"index": 0}
    return client.post(reverse(name), data)


def told(client, name=BUILDINGS):
    return [str(message) for message in client.get(reverse(name)).context["messages"]]


def log():
    return sorted((entry.action_flag, entry.object_repr, entry.change_message) for entry in LogEntry.objects.all())


def test_the_bureau_issues_and_prints_plates(bureau):
    building = make_building(entrances=("1单元", "2单元"))
    assert act(bureau, BUILDINGS, "generate", [building]).status_code == 302
    assert "新发了 2 块门牌" in told(bureau)[0]
    asked = act(bureau, BUILDINGS, "print_sheets", [building])
    assert "实际大小" in asked.content.decode()
    answer = act(bureau, BUILDINGS, "print_sheets", [building], size=75, start=1)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment;")
    [page] = pdfium.PdfDocument(BytesIO(answer.getvalue()))
    found = zxingcpp.read_barcodes(page.render(scale=2).to_pil())
    assert sorted(symbol.text for symbol in found) == sorted(qr.plate_url(plate) for plate in Doorplate.objects.all())
    assert [message for _, _, message in log()] == ["生成门牌。", "生成门牌。", "打印（75毫米）。", "打印（75毫米）。"]
    assert set(LogEntry.objects.values_list("user__username", flat=True)) == {"guanli"}


def test_issuing_twice_says_that_nothing_was_missing(bureau):
    building = make_building()
    act(bureau, BUILDINGS, "generate", [building])
    act(bureau, BUILDINGS, "generate", [building])
    assert "没有新发" in told(bureau)[-1]
    assert Doorplate.objects.count() == 2


def test_an_editor_sees_and_prints_but_neither_issues_nor_ends(client):
    client.force_login(bianji())
    plate = make_plate()
    offered = [
        client.get(reverse(name)).context["action_form"].fields["action"].choices for name in (BUILDINGS, PLATES)
    ]
    assert [[value for value, _ in choices if value] for choices in offered] == [["print_sheets", "export"], ["print_sheets", "export"]]
    for name, action, row, answer in (
        (BUILDINGS, "generate", plate.building, {}),
        (PLATES, "revoke", plate, {"reason": "试试"}),
        (PLATES, "replace", plate, {"reason": "试试"}),
    ):
        act(client, name, action, [row], **answer)
    assert list(Doorplate.objects.values_list("code", "state")) == [(plate.code, PlateState.ACTIVE)]
    assert act(client, PLATES, "print_sheets", [plate], size=40, start=1)["Content-Type"] == "application/pdf"
    assert client.get(reverse("admin:doorplates_building_add")).status_code == 403


def test_an_assistant_does_not_reach_the_admin(client):
    client.force_login(zhuli())
    assert client.get(reverse(PLATES)).status_code == 302


@pytest.mark.parametrize("page", ["add", "delete"])
def test_no_plate_is_written_or_deleted_by_hand(bureau, page):
    args = [] if page == "add" else [make_plate().pk]
    assert bureau.get(reverse(f"admin:doorplates_doorplate_{page}", args=args)).status_code == 403
    assert bureau.post(reverse(f"admin:doorplates_doorplate_{page}", args=args), {"post": "yes"}).status_code == 403


def test_a_plate_is_read_only_and_shows_its_symbol_and_the_public_page(bureau):
    plate = make_plate()
    address = reverse("admin:doorplates_doorplate_change", args=[plate.pk])
    text = bureau.get(address).content.decode()
    for expected in (plate.spoken_code, "<svg", qr.plate_url(plate), f'href="/D/{plate.code}"'):
        assert expected in text
    assert 'name="_save"' not in text
    assert bureau.post(address, {"entrance": "9单元"}).status_code == 403


def test_a_replaced_plate_is_logged_with_its_successor(bureau):
    old = make_plate()
    assert "原因" in act(bureau, PLATES, "replace", [old]).content.decode()
    assert Doorplate.objects.count() == 1
    act(bureau, PLATES, "replace", [old], reason="门牌破损")
    old.refresh_from_db()
    assert (old.state, old.end_reason) == (PlateState.REPLACED, "门牌破损")
    assert old.successor.spoken_code in told(bureau, PLATES)[0]
    assert log() == [
        (1, str(old.successor), f"接替 {old.spoken_code}。"),
        (2, str(old), f"更换为 {old.successor.spoken_code}：门牌破损"),
    ]


def test_of_chosen_plates_the_ended_ones_are_named_and_the_others_revoked(bureau):
    building = make_building()
    first, second = (make_plate(building, entrance=entrance) for entrance in building.entrances)
    act(bureau, PLATES, "revoke", [first], reason="贴错了")
    told(bureau, PLATES)
    act(bureau, PLATES, "revoke", [first, second], reason="楼栋拆除")
    refused, done = told(bureau, PLATES)
    assert first.spoken_code in refused
    assert "作废了 1 块" in done
    assert list(Doorplate.objects.order_by("entrance").values_list("end_reason", flat=True)) == ["贴错了", "楼栋拆除"]


def test_without_a_reason_nothing_ends_and_the_page_asks_again(bureau):
    plate = make_plate()
    answer = act(bureau, PLATES, "revoke", [plate], reason=" ")
    assert "errorlist" in answer.content.decode()
    assert Doorplate.objects.active().count() == 1


def test_a_start_cell_that_is_not_on_the_sheet_is_explained_and_the_choice_kept(bureau):
    plate = make_plate()
    text = act(bureau, PLATES, "print_sheets", [plate], size=75, start=3).content.decode()
    assert "只有2格" in text
    assert f'name="_selected_action" value="{plate.pk}"' in text


@pytest.mark.parametrize(
    ("action", "limit", "command"), [("print_sheets", "PER_REQUEST", "print_doorplates"), ("export", "PER_EXPORT", "export_doorplates")]
)
def test_too_many_for_one_download_are_sent_to_the_command_for_the_smallest_area_that_holds_them(bureau, monkeypatch, action, limit, command):
    monkeypatch.setattr(f"doorplates.admin_output.{limit}", 1)
    for community, expected in ((SHUIYUN, SHUIYUN), (YUANYI, TOWNSHIP), (XIAZHUANGZI, DISTRICT)):
        building = make_building(make_area(community), name="8号楼")
        make_plate(building, entrance="1单元")
        make_plate(building, entrance="2单元")
        assert act(bureau, PLATES, action, Doorplate.objects.all()).status_code == 302
        [sentence] = told(bureau, PLATES)
        assert f"{Doorplate.objects.count()} 块" in sentence
        assert f"{NAMES[expected]}的全部有效门牌" in sentence
        assert f"python manage.py {command} --area {expected} --size 75 --out" in sentence
    assert (forms.PER_REQUEST, forms.PER_EXPORT) == (100, 500)


def test_too_many_buildings_for_one_click_are_sent_to_the_command(bureau, monkeypatch):
    monkeypatch.setattr("doorplates.admin.BUILDINGS_PER_REQUEST", 1)
    act(bureau, BUILDINGS, "generate", [make_building(name="1号楼"), make_building(name="2号楼")])
    assert "generate_doorplates --area" in told(bureau)[0]
    assert Doorplate.objects.count() == 0


def test_without_a_free_number_nothing_is_issued_and_the_bureau_is_told(bureau, monkeypatch):
    taken = make_plate(make_building(name="1号楼")).code
    monkeypatch.setattr("doorplates.actions.codes.generate", lambda: taken)
    act(bureau, BUILDINGS, "generate", [make_building(name="2号楼")])
    assert "一块也没有发" in told(bureau)[0]
    assert Doorplate.objects.count() == 1


def test_a_print_shop_gets_a_zip_of_the_chosen_plates(bureau):
    building = make_building(entrances=("1单元", "2单元"))
    act(bureau, BUILDINGS, "generate", [building])
    assert "转曲" in act(bureau, BUILDINGS, "export", [building]).content.decode()
    answer = act(bureau, BUILDINGS, "export", [building], size=40)
    assert answer["Content-Disposition"] == 'attachment; filename="doorplates-40mm-2.zip"'
    names = ZipFile(BytesIO(answer.getvalue())).namelist()
    assert sorted(names) == sorted([*(f"{SHUIYUN}/{plate.code}.svg" for plate in Doorplate.objects.all()), "list.csv"])
    assert [message for _, _, message in log()][2:] == ["导出给印刷厂（40毫米）。", "导出给印刷厂（40毫米）。"]


def test_one_plate_is_printed_again_from_its_own_page(bureau):
    plate = make_plate()
    page = html5lib.parse(bureau.get(reverse("admin:doorplates_doorplate_change", args=[plate.pk])).content.decode(), namespaceHTMLElements=False)
    [form] = [form for form in page.iter("form") if form.get("action") == reverse(PLATES)]
    data = {field.get("name"): field.get("value") for field in form.iter("input")}
    [first, _] = form.iter("button")
    asked = bureau.post(form.get("action"), data | {first.get("name"): first.get("value")})
    assert plate.spoken_code in asked.content.decode()
    [sheet] = pdfium.PdfDocument(BytesIO(act(bureau, PLATES, "print_sheets", [plate], size=40, start=4).getvalue()))
    [symbol] = zxingcpp.read_barcodes(sheet.render(scale=2).to_pil())
    assert symbol.text == qr.plate_url(plate)
    assert symbol.position.top_left.x > sheet.get_width()  # two pixels a point: the fourth cell is right, in the second row


def test_an_ended_plate_has_no_button_to_print_it(bureau):
    plate = make_plate()
    actions.revoke(plate, by="guanli", reason="贴错了")
    assert "打印这一块" not in bureau.get(reverse("admin:doorplates_doorplate_change", args=[plate.pk])).content.decode()


def test_without_plates_there_is_nothing_to_print(bureau):
    act(bureau, BUILDINGS, "print_sheets", [make_building()])
    assert "没有可以打印的有效门牌" in told(bureau)[0]


def test_a_name_that_cannot_be_printed_is_explained(bureau):
    plate = make_plate(make_building(name="𠀀号楼"))
    assert act(bureau, PLATES, "print_sheets", [plate], size=75, start=1).status_code == 302
    assert "“𠀀”" in told(bureau, PLATES)[0]
    assert LogEntry.objects.count() == 0


def building_form(**fields):
    return {
        "community": make_area().pk, "estate": "示例小区", "name": "9号楼", "entrances": "", "standard_address_code": "",
        "doorplates-TOTAL_FORMS": 0, "doorplates-INITIAL_FORMS": 0, **fields,
    }  # fmt: skip


def test_entrances_are_written_one_a_line(bureau):
    bureau.post(reverse("admin:doorplates_building_add"), building_form(entrances=" 1单元 \r\n\r\n2单元\r\n"))
    building = Building.objects.get()
    assert building.entrances == ["1单元", "2单元"]
    change = reverse("admin:doorplates_building_change", args=[building.pk])
    assert ">\n1单元\n2单元</textarea>" in bureau.get(change).content.decode()
    bureau.post(change, building_form(entrances=""))
    assert Building.objects.get().entrances == []


@pytest.mark.parametrize(("written", "complaint"), [("1单元\n1单元", "入口不能重复"), ("长" * 21, "不超过20个字")])
def test_entrances_that_cannot_be_are_refused_beside_the_field(bureau, written, complaint):
    answer = bureau.post(reverse("admin:doorplates_building_add"), building_form(entrances=written))
    assert complaint in answer.content.decode()
    assert Building.objects.count() == 0


def test_few_scans_are_not_counted_out(bureau):
    building = make_building(entrances=("1单元", "2单元", "3单元"))
    for entrance, scans in zip(building.entrances, (0, 4, 5), strict=True):
        plate = make_plate(building, entrance=entrance)
        Scan.objects.bulk_create(Scan(doorplate=plate, day="2026-11-23") for _ in range(scans))
    page = bureau.get(reverse(PLATES), {"o": "3"})
    shown = page.context["cl"].model_admin.scan_total
    assert {plate.entrance: shown(plate) for plate in page.context["cl"].result_list} == {
        "1单元": 0,
        "2单元": "不到5次",
        "3单元": 5,
    }


def found(client, name, **query):
    return [str(row) for row in client.get(reverse(name), query).context["cl"].result_list]


def test_a_plate_is_found_by_what_people_read_from_the_wall(bureau):
    building = make_building()
    one, _ = (make_plate(building, entrance=entrance) for entrance in building.entrances)
    assert found(bureau, PLATES, q=one.spoken_code.lower()) == [str(one)]
    assert len(found(bureau, PLATES, q="8号楼")) == 2
    assert len(found(bureau, PLATES, building__id__exact=building.pk)) == 2


@pytest.mark.parametrize("name", [BUILDINGS, PLATES])
def test_lists_are_narrowed_by_township_and_community(bureau, name):
    make_plate(make_building(name="8号楼"))
    make_plate(make_building(make_area(XIAZHUANGZI), estate="", name="村委会"))
    assert len(found(bureau, name)) == 2
    [row] = found(bureau, name, township="640205101000")
    assert "村委会" in row
    [row] = found(bureau, name, township="640205101000", village=XIAZHUANGZI)
    assert "村委会" in row
    assert "下庄子村" in bureau.get(reverse(name), {"township": "640205101000"}).content.decode()


@pytest.mark.parametrize("name", [BUILDINGS, PLATES])
def test_a_list_of_three_asks_the_database_no_more_than_a_list_of_one(bureau, name):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert bureau.get(reverse(name)).status_code == 200
        return len(asked)

    make_plate(make_building(name="1号楼"))
    bureau.get(reverse(name))
    one = queries()
    for number in (2, 3):
        make_plate(make_building(name=f"{number}号楼"))
    assert len(found(bureau, name)) == 3
    assert queries() == one
