"""总览: a supervisor sees what needs them, of their own areas only, in figures that point at nobody."""

import re
from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.utils import timezone
from openpyxl import load_workbook

from helpdesk import actions, transfer
from helpdesk.models import AuditEntry, CloseReason, Escalation, HelpRequest
from helpdesk.sla import LOCAL
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_absence, make_area, make_guide, make_request
from tests.helpdesk.desk import checked, kinds, page, told

pytestmark = pytest.mark.django_db
OVERVIEW, HAND_OVER, EXPORT = "/desk/overview/", "/desk/overview/hand-over/", "/desk/overview/export/"
MONDAY = date(2026, 3, 2)
ADDRESSES = [OVERVIEW, HAND_OVER, EXPORT, f"{OVERVIEW}late/", f"{OVERVIEW}paused/", f"{OVERVIEW}reveals/"]


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(datetime(2026, 3, 2, 10, tzinfo=LOCAL), tick=False) as clock:
        yield clock


@pytest.fixture
def boss(client):
    """周主任 of 园艺镇, signed in; below them 水韵名都社区 and 园艺村, beside them 下庄子村."""
    user = people.zhuguan()
    people.zhuli(), people.limei(), people.zhuli2(), make_area(YUANYI)
    client.force_login(user)
    return user


def late(**fields) -> HelpRequest:
    return make_request(row={"promised_at": timezone.now() - timedelta(hours=1), **fields})


def paused(**fields) -> HelpRequest:
    row = {"paused_at": timezone.now(), "pause_reason": "papers", "minutes_left": 60, "resume_on": MONDAY + timedelta(days=3), **fields}
    return make_request(claimed_by=people.zhuli(), row=row)


def section(text: str, name: str) -> str:
    return text.split(f'aria-labelledby="{name}"')[1].split("</section>")[0]


@pytest.mark.parametrize("person", [people.zhuli, people.guanjia])
def test_only_supervisors_enter(client, person):
    client.force_login(person())
    for address in ADDRESSES:
        response = client.post(address) if address == EXPORT else client.get(address)
        assert "这一页给主管看" in checked(response, status=403)
    assert ">总览</a>" not in page(client, "/desk/")


def test_a_stranger_signs_in_and_an_unknown_list_is_not_there(client, boss):
    assert client.get(f"{OVERVIEW}nothing/").status_code == 404
    client.logout()
    assert all(client.get(address).status_code == 302 for address in ADDRESSES)


def test_what_is_late_reported_upwards_or_paused(client, boss):
    one, reported, resting, fine = late(), make_request(row={"escalation": Escalation.TOWNSHIP}), paused(), make_request()
    both = paused(promised_at=timezone.now() - timedelta(hours=1))
    text = page(client, OVERVIEW)
    first, second = section(text, "late"), section(text, "paused")
    assert [r.spoken_reference in first for r in (one, reported, resting, fine, both)] == [True, True, False, False, False]
    assert [r.spoken_reference in second for r in (one, reported, resting, fine, both)] == [False, False, True, False, True]
    assert ("报给了乡镇（街道）主管" in first, "已过 1 小时" in first, "等居民备材料，最晚3月5日接着办" in second) == (True, True, True)


def test_another_township_is_not_there_by_row_by_count_by_reveal_or_by_export(client, boss):
    """First something of 下庄子村 in each of the lists, seen by the district."""
    there = make_area(XIAZHUANGZI)
    for _ in range(6):
        stored = make_request(there, claimed_by=people.zhuli2(), row={"promised_at": timezone.now() - timedelta(hours=1)})
    actions.reveal(request=stored, by=people.zhuli2())
    make_absence(people.zhuli2(), MONDAY)
    everything = [page(client, address) for address in ADDRESSES if address != EXPORT] + cells(client)
    assert [words for words in ("下庄子村", "马兰", stored.spoken_reference) if words in "".join(map(str, everything))] == []
    client.force_login(people.quzhuguan())
    district = [page(client, address) for address in ADDRESSES if address != EXPORT] + cells(client)
    assert all(words in "".join(map(str, district)) for words in ("下庄子村", "马兰", stored.spoken_reference, ">6<"))


def test_who_is_there_today_with_gaps_first(client, boss):
    assert re.findall(r'area=(\d+)">', section(page(client, OVERVIEW), "places")) == [SHUIYUN, YUANYI]
    make_absence(people.limei(), MONDAY, part="afternoon")
    make_absence(people.zhuli(), MONDAY, part="afternoon")
    make_absence(people.zhuli(), MONDAY, part="morning", kind="training")
    places = section(page(client, OVERVIEW), "places")
    assert places.count("今天下午：<b>") == 2
    assert "今天上午：园艺村来帮忙：李梅 <small>（朱丽开会、培训）</small>" in places
    make_absence(people.xiaozhao(), date(2026, 3, 20))  # 小赵 is there today: only 园艺村 has to be helped
    assert re.findall(r'area=(\d+)">', section(page(client, OVERVIEW), "places")) == [YUANYI, SHUIYUN]


def test_cells_under_five_are_hidden_and_there_are_no_totals(client, boss):
    for _ in range(4):
        make_request()
    places = section(page(client, OVERVIEW), "places")
    assert re.findall(r'data-label="(?:没办完|等人接|过了时间)">([^<]*)<', places) == ["少于5"] * 6
    late()
    actions.claim(request=make_request(), by=people.zhuli())
    places = section(page(client, OVERVIEW), "places")
    assert re.findall(r'data-label="(?:没办完|等人接|过了时间)">([^<]*)<', places) == ["没写", "5", "少于5", "少于5", "少于5", "少于5"]  # 6 less 5 would tell the one in hand
    for _ in range(4):
        actions.claim(request=make_request(), by=people.zhuli())
    places = section(page(client, OVERVIEW), "places")
    assert re.findall(r'data-label="(?:没办完|等人接|过了时间)">([^<]*)<', places)[:3] == ["10", "5", "少于5"]
    assert ("合计" in places, "共" in places) == (False, False)


def test_no_figure_about_a_person_anywhere(client, boss):
    """Seven in one pair of hands and six in the other are thirteen of the community."""
    for person, count in ((people.zhuli(), 7), (people.xiaozhao(), 6)):
        for _ in range(count):
            make_request(claimed_by=person)
        make_absence(person, MONDAY)
    pages = [page(client, address) for address in (OVERVIEW, HAND_OVER, "/desk/roster/")]
    figures = [int(n) for text in pages for n in re.findall(r">[^<]*?(\d+)件?[^<]*<", text.split("<main")[1])]
    assert 13 in figures
    assert (7 in figures, re.findall(r"(?<!\d)[67]件", "".join(pages))) == (False, [])


def test_reveals_of_the_last_thirty_days(client, boss, monday_morning):
    stored = make_request(claimed_by=people.zhuli())
    actions.reveal(request=stored, by=people.zhuli())
    shown = section(page(client, OVERVIEW), "reveals")
    assert ("朱丽" in shown, stored.spoken_reference in shown, "今天 10:00" in shown, stored.phone in shown) == (True, True, True, False)
    monday_morning.shift(timedelta(days=31))
    client.force_login(boss)
    assert "近30天没有人看过" in section(page(client, OVERVIEW), "reveals")


def test_long_lists_go_on_on_pages_of_their_own(client, boss):
    for _ in range(26):
        late()
    text = page(client, OVERVIEW)
    assert section(text, "late").count("<li>") == 8
    assert f'href="{OVERVIEW}late/"' in text
    whole = page(client, f"{OVERVIEW}late/"), page(client, f"{OVERVIEW}late/?page=2")
    assert [text.count("<li>") for text in whole] == [25, 1]


@pytest.mark.nothing_kept
def test_it_costs_the_same_with_one_of_each_and_with_three(client, boss, django_assert_num_queries, django_assert_max_num_queries):
    def one_of_each():
        make_request(guide=make_guide(f"yibao-{HelpRequest.objects.count():03}"), row={"promised_at": timezone.now() - timedelta(hours=1)})
        actions.reveal(request=paused(), by=people.zhuli())

    one_of_each()
    with django_assert_max_num_queries(25) as used:
        client.get(OVERVIEW)
    one_of_each(), one_of_each()
    make_absence(people.zhuli(), MONDAY), make_absence(people.limei(), MONDAY)
    with django_assert_num_queries(len(used)):
        client.get(OVERVIEW)


# Handing over in bulk


def test_first_whose_then_which(client, boss):
    make_absence(people.zhuli(), MONDAY)
    first = page(client, HAND_OVER)
    assert ("朱丽（请假）" in first, "李梅<" in first, "马兰" in first) == (True, True, False)
    stored = make_request(claimed_by=people.zhuli())
    second = page(client, f"{HAND_OVER}?person={people.zhuli().pk}")
    assert stored.spoken_reference in second
    assert "把朱丽手上的转给同事" in second
    for nobody in (people.zhuli2().pk, "x", 999999):
        assert client.get(f"{HAND_OVER}?person={nobody}").status_code == 404


def test_a_supervisor_hands_over_for_a_persons_leave(client, boss):
    stored, ended = make_request(claimed_by=people.zhuli()), make_request(claimed_by=people.zhuli())
    actions.close(request=ended, by=people.zhuli(), reason=CloseReason.DONE, text="")
    make_absence(people.zhuli(), MONDAY)
    posting = people.xiaozhao().postings.get()
    given = {"which": [stored.reference, ended.reference], "to": posting.pk, "reason": "朱丽请假"}
    text = told(client, client.post(f"{HAND_OVER}?person={people.zhuli().pk}", given))
    assert ("转好了1件" in text, "有1件已经不在朱丽手上了" in text) == (True, True)
    stored.refresh_from_db()
    assert (stored.owner, kinds(stored)[-1], stored.messages.get().by) == (people.xiaozhao(), "handed_over", boss)
    assert AuditEntry.objects.get().by == boss


def test_away_colleagues_are_marked_in_the_choice(client, boss):
    make_request(claimed_by=people.zhuli())
    make_absence(people.xiaozhao(), MONDAY)
    assert "小赵（水韵名都社区） 这会儿请假" in page(client, f"{HAND_OVER}?person={people.zhuli().pk}")


# Excel


def cells(client) -> list[tuple]:
    book = load_workbook(BytesIO(client.post(EXPORT).content))
    return [tuple(cell.value for cell in row) for row in book.active.iter_rows()]


def test_the_workbook_is_masked_without_free_text_and_without_who_handled_it(client, boss):
    stored = make_request(name="=王秀英", phone="13800138000", note="腿脚不好", relation="女儿", claimed_by=people.zhuli())
    actions.write_message(request=stored, by=people.zhuli(), text="明天来")
    header, row = cells(client)
    assert header == tuple(transfer.COLUMNS)
    assert (row[0], row[1], row[5], row[-1]) == (stored.spoken_reference, "水韵名都社区", "正在办", "138****8000")
    assert [secret for secret in ("王秀英", "13800138000", "腿脚不好", "女儿", "明天来", "朱丽") if secret in str(row)] == []


def test_open_and_lately_ended_ones_are_in_it(client, boss, monday_morning):
    old, open_since_long = make_request(claimed_by=people.zhuli()), make_request()
    actions.close(request=old, by=people.zhuli(), reason=CloseReason.DONE, text="")
    monday_morning.shift(timedelta(days=31))
    client.force_login(boss)
    lately = make_request(claimed_by=people.zhuli())
    actions.close(request=lately, by=people.zhuli(), reason=CloseReason.DONE, text="")
    assert [row[0] for row in cells(client)[1:]] == [lately.spoken_reference, open_since_long.spoken_reference]


def test_each_export_leaves_an_entry_and_looking_makes_none(client, boss, monkeypatch):
    monkeypatch.setattr(transfer, "MOST", 2)
    make_request(), make_request(), make_request()
    assert client.get(EXPORT).status_code == 405
    assert len(cells(client)) == 3
    entry = AuditEntry.objects.get()
    assert (entry.by, entry.act, entry.detail) == (boss, "export", "诉求清单，2行")
