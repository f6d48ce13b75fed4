"""看数: everybody sees the figures of their own areas, small ones hidden, in the order of the codes; as pictures, tables and CSV."""

import csv
import re
from datetime import date, timedelta
from io import StringIO

import html5lib
import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from doorplates.models import Scan, ScanDay
from guides.models import DayFigure, EditorPosting, View
from helpdesk.figures import Table, without_nested
from helpdesk.figures_csv import write_csv
from tests import people
from tests.factories import (
    DISTRICT,
    SHUIYUN,
    TOWNSHIP,
    XIAZHUANGZI,
    YUANYI,
    make_area,
    make_building,
    make_guide,
    make_plate,
    make_posting,
    make_request,
    make_user,
)
from tests.helpdesk.desk import page

pytestmark = pytest.mark.django_db
BUREAU, DESK = "/admin/guides/dayfigure/", "/desk/figures/"
TODAY = date(2026, 3, 2)
ELSEWHERE = "640106001001"  # a community of another district


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel("2026-03-02 10:00+08:00", tick=False):
        yield


@pytest.fixture
def boss(client):
    """周主任 of 园艺镇, signed in; 水韵名都社区 and 园艺村 below, 下庄子村 beside."""
    for code in (SHUIYUN, YUANYI, XIAZHUANGZI):
        make_area(code)
    client.force_login(people.zhuguan())


@pytest.fixture
def editor(client):
    """边吉 of 惠农区, signed in."""
    for code in (SHUIYUN, YUANYI, XIAZHUANGZI):
        make_area(code)
    client.force_login(people.bianji())


def figure(number: int, *, what: str = "scan", code: str = SHUIYUN, days_ago: int = 1, key: str = "") -> None:
    """As the roll-up leaves it: in the area and those above."""
    for area in make_area(code).lineage_codes:
        row, is_new = DayFigure.objects.get_or_create(area=area, what=what, day=TODAY - timedelta(days=days_ago), key=key, defaults={"number": number})
        if not is_new:
            DayFigure.objects.filter(pk=row.pk).update(number=row.number + number)


def bureau(client, query: str = "", status: int = 200) -> str:
    response = client.get(BUREAU + query)
    text = response.content.decode()
    assert response.status_code == status, text[:300]
    if status == 200:
        html5lib.HTMLParser(strict=True).parse(text)
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert sorted(ids) == sorted(set(ids)), "an id stands twice"
        assert ' style="' not in text
    return text


def rows(text: str, part: str) -> dict[str, list[str]]:
    """The table of a part: the first cell of each row, and the others."""
    table = text.split(f'aria-labelledby="part-{part}"')[1].split('class="figures-table"')[1].split("</table>")[0]
    body = [re.findall(r"<t[hd][^>]*>(?:<a [^>]*>)?([^<]*)", row) for row in table.split("<tbody>")[1].split("</tr>")[:-1]]
    return {cells[0]: cells[1:] for cells in body}


def downloaded(client, address: str) -> list[list[str]]:
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))


# --- who sees what -----------------------------------------------------------------------------------------------------------------------


def test_a_supervisor_sees_their_own_township_and_nothing_beside(client, boss):
    figure(401111, code=SHUIYUN), figure(301111, code=YUANYI), figure(770707, code=XIAZHUANGZI)
    figure(616161, what="asked", code=XIAZHUANGZI), figure(9, what="asked", code=SHUIYUN)
    text = page(client, DESK) + str(downloaded(client, DESK + "?csv=days")) + str(downloaded(client, DESK + "?csv=request-areas"))
    assert [there for there in ("下庄子村", "770707", "1472929", "616161") if there in text] == []
    assert all(here in text for here in ("水韵名都社区", "702222"))
    client.force_login(people.quzhuguan())
    assert all(there in page(client, DESK + "?area=640205101000") for there in ("下庄子村", "770707", "616161"))


@pytest.mark.parametrize("query", [f"?area={XIAZHUANGZI}", f"?area={DISTRICT}", "?area=999", "?area=x%00", f"?area={XIAZHUANGZI}&csv=days"])
def test_an_area_that_is_not_theirs_is_not_there(client, boss, query):
    figure(770707, code=XIAZHUANGZI)
    response = client.get(DESK + query)
    assert response.status_code == 404
    assert "770707" not in response.content.decode()


@pytest.mark.parametrize("person", [people.zhuli, people.guanjia])
def test_helpers_have_no_figures(client, person):
    figure(770707)
    client.force_login(person())
    response = client.get(DESK)
    assert (response.status_code, "770707" in response.content.decode()) == (403, False)


def test_a_supervisor_of_several_places_sees_each_once(client, boss):
    make_posting(people.zhuguan(), SHUIYUN), make_posting(people.zhuguan(), XIAZHUANGZI)
    figure(40, code=SHUIYUN), figure(30, code=XIAZHUANGZI)
    text = page(client, DESK)
    assert list(rows(text, "areas")) == ["下庄子村", "园艺镇", "合计"]
    assert "扫码次数：70 次" in text


def test_the_overview_leads_to_the_figures(client, boss):
    assert DESK in page(client, "/desk/overview/")


@pytest.mark.parametrize(("person", "status"), [(people.bianji, 200), (people.shenhe, 200), (people.guanli, 200), (people.zhuguan, 302), (people.zhuli, 302)])
def test_the_bureau_opens_its_page_and_the_desk_does_not(client, person, status):
    make_area()
    client.force_login(person())
    assert client.get(BUREAU).status_code == status
    assert status == 302 or ">看数</a>" in client.get("/admin/").content.decode()


def test_requests_are_for_those_who_may_see_requests(client, editor):
    figure(616161, what="asked")
    assert [words for words in ("诉求", "616161") if words in bureau(client).split('class="figures"')[1].split('<div id="footer"')[0]] == []
    assert client.get(BUREAU + "?csv=requests").status_code == 404
    client.force_login(people.guanli())
    assert "新来的诉求：616161 件" in bureau(client)


def test_an_editor_of_another_district_sees_that_one_only(client, editor):
    figure(770707, code=SHUIYUN), figure(660606, code=ELSEWHERE)
    EditorPosting.objects.create(user=people.bianji(), district=make_area(DISTRICT))
    client.force_login(people.bianji())
    assert ("770707" in bureau(client), "660606" in bureau(client)) == (True, False)
    assert client.get(f"{BUREAU}?area={ELSEWHERE}").status_code == 404
    there = make_user("waiqu", role="编辑", is_staff=True)
    EditorPosting.objects.create(user=there, district=make_area("640106000000"))
    client.force_login(there)
    assert "扫码次数：660606 次" in bureau(client)
    assert client.get(f"{BUREAU}?area={SHUIYUN}").status_code == 404


def test_single_rows_are_nobodys_business(client, editor):
    figure(3)
    row = DayFigure.objects.first()
    for path in (f"{row.pk}/change/", f"{row.pk}/delete/", f"{row.pk}/history/", "add/"):
        assert client.get(BUREAU + path).status_code == 403


# --- what is shown -----------------------------------------------------------------------------------------------------------------------


def test_a_small_cell_is_hidden_and_no_sum_tells_it(client, boss):
    figure(40, code=SHUIYUN), figure(3, code=YUANYI)
    text = page(client, DESK)
    assert {name: cells[0] for name, cells in rows(text, "areas").items()} == {"水韵名都社区": "40", "园艺村": "少于5", "没写明哪个地方的": "少于5", "合计": "43"}
    figure(2, what="scan", code=TOWNSHIP), figure(20, what="open", code=SHUIYUN), figure(4, what="open", code=YUANYI), figure(6, what="open", code=TOWNSHIP)
    opens = {name: cells[1] for name, cells in rows(page(client, DESK), "areas").items()}
    assert opens == {"水韵名都社区": "20", "园艺村": "少于5", "没写明哪个地方的": "没写", "合计": "30"}


def test_the_days_do_not_tell_it_either(client, boss):
    """One quiet day among busy ones: the sum of the period would give it away."""
    for back, number in ((1, 40), (2, 3), (3, 9), (4, 50)):
        figure(number, days_ago=back)
    lines = downloaded(client, f"{DESK}?since=2026-02-26&until=2026-03-01&csv=days")
    assert [line[2] for line in lines[1:]] == ["50", "没写", "少于5", "40"]
    assert "扫码次数：102 次" in page(client, f"{DESK}?since=2026-02-26&until=2026-03-01")


def test_areas_stand_in_the_order_of_their_codes_whatever_their_figures(client, boss):
    figure(9, code=SHUIYUN), figure(900, code=YUANYI)
    assert list(rows(page(client, DESK), "areas"))[:2] == ["水韵名都社区", "园艺村"]
    figure(9000, code=SHUIYUN)
    assert list(rows(page(client, DESK), "areas"))[:2] == ["水韵名都社区", "园艺村"]


def test_no_figure_is_about_a_person(client, boss):
    for person, count in ((people.zhuli(), 7), (people.xiaozhao(), 6)):
        for _ in range(count):
            make_request(claimed_by=person)
    text = page(client, DESK)
    assert [name for name in ("朱丽", "小赵") if name in text] == []
    assert "新来的诉求：13 件" in text


def test_today_is_there_before_it_is_added_up_and_counted_once_after(client, editor):
    plate = make_plate()
    Scan.objects.bulk_create(Scan(doorplate=plate, day=TODAY) for _ in range(8))
    View.objects.bulk_create(View(day=TODAY, area=SHUIYUN, kind="guide", key="yibao-001", entry=True) for _ in range(6))
    make_guide("yibao-001", plain_title="交医保")

    def told() -> tuple:
        text = bureau(client)
        return re.findall(r"(?:扫码|打开)次数：\d+ 次", text), re.search(r"交医保</th><td>(\d+)", text).group(1)

    before = told()
    call_command("roll_up", stdout=StringIO())
    assert before == told() == (["扫码次数：8 次", "打开次数：6 次"], "6")


def test_requests_of_today_and_what_stands_open_are_there(client, boss):
    for _ in range(6):
        make_request(row={"promised_at": timezone.now() - timedelta(hours=1)})
    found = rows(page(client, DESK), "request-areas")["水韵名都社区"]
    assert found == ["6", "少于5", "少于5", "少于5", "6", "少于5", "6"]


def test_what_people_look_for_is_named_and_what_few_look_for_is_not(client, editor):
    make_guide("yibao-001", plain_title="交医保"), make_guide("yibao-002", plain_title="悄悄办的事")
    figure(12, what="guide", key="yibao-001"), figure(4, what="guide", key="yibao-002"), figure(8, what="found", key="yibao-001"), figure(7, what="missed")
    text = bureau(client)
    assert ("交医保" in text, "悄悄办的事" in text, "没搜到：7 次" in text, "/admin/guides/searchmiss/" in text) == (True, False, True, True)
    assert downloaded(client, BUREAU + "?csv=matters")[1:] == [["看办事指南", "交医保", "yibao-001", "12"], ["搜到", "交医保", "yibao-001", "8"]]


def test_the_health_of_contents_is_told_for_the_district_that_is_looked_at(client, editor):
    make_guide("yibao-001", checked_on=TODAY - timedelta(days=800))
    text = bureau(client)
    assert re.search(r'<a href="/admin/guides/guide/health/\?kind=stale">[^<]+</a></th><td data-label="几份指南">1</td>', text)


def test_entrances_and_plates_by_area(client, editor):
    building = make_building(entrances=("1单元", "2单元", "3单元"))
    make_plate(building, entrance="1单元"), make_building(name="村委会", entrances=(), community=make_area(XIAZHUANGZI))
    assert downloaded(client, BUREAU + "?csv=plates")[1:] == [["尾闸镇", "1", "0"], ["园艺镇", "3", "1"]]


def test_plates_keep_their_count_when_single_scans_are_gone(client):
    plate = make_plate()
    ScanDay.objects.create(doorplate=plate, day=TODAY, count=11), Scan.objects.create(doorplate=plate, day=TODAY)
    client.force_login(people.guanli())
    assert ">12<" in client.get("/admin/doorplates/doorplate/").content.decode()


# --- the period ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "parts", "word"), [("", 30, "按天"), ("?days=7", 7, "按天"), ("?days=365", 53, "按周"), ("?since=2024-03-01&until=2026-02-28", 24, "按月"), ("?days=nonsense", 30, "按天")])
def test_long_periods_are_shown_by_week_and_month(client, boss, query, parts, word):
    figure(40)
    text = page(client, DESK + query)
    first = text.split("<tbody>")[1].split("</tbody>")[0]
    assert (first.count("<tr>"), f"扫码次数（{word}）" in text) == (parts, True)


@pytest.mark.parametrize(("query", "said"), [
    ("?since=2026-03-01&until=2026-02-01", "“从”要早于“到”"), ("?since=x&until=2026-02-01", "日期写成 2026-11-27 这样"),
    ("?since=2026-03-01&until=2026-03-09", "还没到这一天"), ("?since=2020-01-01&until=2026-03-01", "一次最多看三年"), ("?since=&until=", "选一个日期"),
])  # fmt: skip
def test_a_wrong_date_gets_a_sentence_and_what_was_typed_stays(client, boss, query, said):
    text = page(client, DESK + query)
    assert said in text
    assert all(f'value="{typed}"' in text for typed in re.findall(r"=(2\d{3}-\d\d-\d\d)", query))
    assert client.get(f"{DESK}{query}&csv=days").status_code == 404


def test_without_any_figure_the_page_says_so(client, boss):
    text = page(client, DESK)
    assert text.count("画不成图") == 4
    assert "扫码次数：少于5。" in text


def test_a_supervisor_without_a_posting_is_told(client):
    user = make_user("xinlai", role="主管")
    client.force_login(user)
    assert "还没有给您分管的地方" in page(client, DESK)


# --- CSV -----------------------------------------------------------------------------------------------------------------------------------


def test_the_csv_has_the_days_and_hides_the_same_cells(client, boss):
    figure(40), figure(40, days_ago=2), figure(2, days_ago=3), figure(1, days_ago=4)
    lines = downloaded(client, f"{DESK}?since=2026-02-26&until=2026-03-01&csv=days")
    assert lines[0] == ["从", "到", "扫码次数", "打开次数", "没搜到的次数"]
    assert [line[:3] for line in lines[1:]] == [
        ["2026-02-26", "2026-02-26", "少于5"], ["2026-02-27", "2026-02-27", "少于5"], ["2026-02-28", "2026-02-28", "40"], ["2026-03-01", "2026-03-01", "40"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x", "＝1", "\t=1"])
def test_nothing_in_a_csv_is_a_formula(name):
    (_, line) = csv.reader(StringIO(write_csv(Table(("名称",), [[name]])).decode("utf-8-sig")))
    assert line == [f"'{name}"]


def test_an_unknown_part_is_not_there(client, boss):
    assert client.get(f"{DESK}?csv=people").status_code == 404


# --- cost ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [DESK, BUREAU])
def test_the_page_costs_the_same_for_one_day_and_a_year_of_many_places(client, address):
    def fill(codes: list[str], days: int) -> None:
        for number, code in enumerate(codes):
            plate = make_plate(make_building(make_area(code), name=f"{number}号楼"))
            Scan.objects.create(doorplate=plate, day=TODAY)
            View.objects.create(day=TODAY, area=code, kind="guide", key=f"yibao-00{number}")
            make_request(make_area(code))
            for back in range(days):
                figure(9, code=code, days_ago=back), figure(9, what="guide", key=f"yibao-00{number}", code=code, days_ago=back)

    def cost(query: str) -> int:
        client.force_login(people.quzhuguan() if address == DESK else people.guanli())
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address + query).status_code == 200
        return len(asked)

    fill([SHUIYUN], 1)
    one = cost("?days=7")
    fill([YUANYI, XIAZHUANGZI, "640205102007"], 20)
    assert cost("?days=365") == one


def test_nested_areas_are_taken_once():
    areas = [make_area(code) for code in (SHUIYUN, TOWNSHIP, XIAZHUANGZI)]
    assert [area.code for area in without_nested(areas)] == [XIAZHUANGZI, TOWNSHIP]
