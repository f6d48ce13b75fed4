"""排班: who is there in the next two weeks, and days off as people enter, end and withdraw them."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from guides.models import SpecialDay
from helpdesk import actions
from helpdesk.models import Absence, AuditEntry, HelpRequest
from helpdesk.sla import LOCAL
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_absence, make_area, make_request
from tests.helpdesk.desk import detail, kinds, page, told

pytestmark = pytest.mark.django_db
ROSTER, HAND_OVER = "/desk/roster/", "/desk/roster/hand-over/"
MONDAY = date(2026, 3, 2)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(at("2026-03-02 10:00"), tick=False) as clock:
        yield clock


def off(first: str, last: str = "", **other) -> dict:
    return {"starts_on": first, "ends_on": last or first, "part": "day", "kind": "leave", **other}


def end(client, absence: Absence):
    return client.post(reverse("desk:absence-end", args=[absence.pk]))


def row_of(text: str, day: str) -> str:
    return text.split(f">{day} ")[1].split("</tr>")[0]


def audited() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("detail", flat=True))


def test_two_weeks_of_working_days_with_who_is_there(client, zhuli):
    people.limei()
    make_absence(zhuli, date(2026, 3, 3))
    make_absence(people.xiaozhao(), date(2026, 3, 3), part="afternoon", kind="training")
    SpecialDay.objects.create(date=date(2026, 3, 5), is_open=False, name="停电", area=make_area(SHUIYUN))
    text = page(client, ROSTER)
    days = ["3月2日", "3月3日", "3月4日", "3月6日", "3月9日", "3月13日"]
    assert [day for day in days if f">{day} " in text] == days
    assert [day for day in ("3月5日", "3月7日", "3月16日") if f">{day} " in text] == []
    morning, afternoon = row_of(text, "3月3日").split("</td>")[:2]
    assert "小赵" in morning.split("<small>")[1].replace("周二", "")
    assert "朱丽请假" in morning
    assert ("园艺村来帮忙：李梅" in afternoon, "小赵开会、培训" in afternoon) == (True, True)


def test_a_gap_stands_out_in_words(client, zhuli):
    make_absence(zhuli, MONDAY), make_absence(people.xiaozhao(), MONDAY)
    assert row_of(page(client, ROSTER), "3月2日").count("没人，要主管安排") == 2


def test_one_enters_ones_own_days(client, zhuli):
    response = client.post(ROSTER, off("2026-03-04", "2026-03-06", part="morning", kind="training"))
    assert "记下了" in told(client, response)
    absence = Absence.objects.get()
    assert (absence.user, absence.entered_by, absence.part, absence.kind) == (zhuli, zhuli, "morning", "training")
    assert (absence.starts_on, absence.ends_on) == (date(2026, 3, 4), date(2026, 3, 6))
    assert audited() == ["登记 朱丽 2026-03-04—2026-03-06 上午 开会、培训"]
    assert "3月4日—3月6日 上午" in page(client, ROSTER)


@pytest.mark.parametrize(("given", "sentence"), [
    (off("2026-03-01"), "从今天起填"),
    (off("2026-03-05", "2026-03-04"), "到哪天不能早于从哪天"),
    (off("2026-03-05", "2027-03-09"), "一次最多登记一年"),
    (off(""), "选一个日期。"),
    (off("明天"), "写成 2026-12-01 这样。"),
    (off("2026-03-05", part="night"), "从下面选一个。"),
    (off("2026-03-05", kind="ill"), "从下面选一个。"),
])  # fmt: skip
def test_a_mistake_is_told_beside_its_field_and_nothing_is_lost(client, zhuli, given, sentence):
    response = client.post(ROSTER, given)
    text = response.content.decode()
    assert sentence in text
    assert (Absence.objects.count(), AuditEntry.objects.count()) == (0, 0)
    assert given["ends_on"] in text


def test_the_same_days_twice_are_refused_and_the_other_half_is_not(client, zhuli):
    make_absence(zhuli, MONDAY, date(2026, 3, 4), part="morning")
    assert "已经登记过的" in client.post(ROSTER, off("2026-03-04", "2026-03-06")).content.decode()
    assert "已经登记过的" in client.post(ROSTER, off("2026-03-04", part="morning")).content.decode()
    client.post(ROSTER, off("2026-03-04", part="afternoon"))
    assert Absence.objects.count() == 2


def test_future_days_are_withdrawn_whole_and_running_ones_end_yesterday(client, zhuli, monday_morning):
    coming, running = make_absence(zhuli, date(2026, 3, 9)), make_absence(zhuli, MONDAY, date(2026, 3, 6))
    monday_morning.move_to(at("2026-03-04 08:00"))
    client.force_login(zhuli)
    text = page(client, ROSTER)
    assert ("提前回来，今天起上班" in text, "撤掉这一条" in text) == (True, True)
    end(client, coming), end(client, running)
    running.refresh_from_db()
    assert (list(Absence.objects.all()), running.ends_on) == ([running], date(2026, 3, 3))
    assert [line.split()[0] for line in audited()] == ["撤掉", "提前回来"]
    assert end(client, running).status_code == 404  # it is over
    assert client.get(reverse("desk:absence-end", args=[running.pk])).status_code == 405


def test_an_assistant_neither_sees_nor_changes_a_colleagues_days(client, zhuli):
    other = make_absence(people.xiaozhao(), date(2026, 3, 9))
    assert "撤掉这一条" not in page(client, ROSTER)
    assert end(client, other).status_code == 404
    client.post(ROSTER, off("2026-03-09", who=people.xiaozhao().pk))
    assert list(Absence.objects.exclude(pk=other.pk).values_list("user__username", flat=True)) == ["zhuli"]  # `who` is no field of theirs
    with pytest.raises(actions.NotPossible):
        actions.enter_absence(by=zhuli, user=people.xiaozhao(), starts_on=MONDAY, ends_on=MONDAY, part="day", kind="leave")
    with pytest.raises(actions.NotPossible):
        actions.end_absence(by=zhuli, absence=other)


def test_a_supervisor_enters_for_their_people_and_nobody_elses(client):
    boss, below, beside = people.zhuguan(), people.zhuli(), people.zhuli2()
    make_absence(beside, date(2026, 3, 9))
    client.force_login(boss)
    text = page(client, ROSTER)
    assert ("朱丽" in text, "马兰" in text) == (True, False)
    client.post(ROSTER, off("2026-03-05", who=below.pk))
    absence = Absence.objects.get(user=below)
    assert absence.entered_by == boss
    assert "只能登记您管的人" in client.post(ROSTER, off("2026-03-05", who=beside.pk)).content.decode()
    assert end(client, Absence.objects.get(user=beside)).status_code == 404
    assert end(client, absence).status_code == 302
    assert not Absence.objects.filter(user=below).exists()


def test_a_supervisor_chooses_the_community_and_only_of_their_own(client):
    make_area(YUANYI), people.zhuli(), people.limei(), people.zhuli2()
    client.force_login(people.zhuguan())
    assert "园艺村：这两周谁在" in page(client, f"{ROSTER}?area={YUANYI}")
    text = page(client, f"{ROSTER}?area={XIAZHUANGZI}")
    assert ("水韵名都社区：这两周谁在" in text, "下庄子村" in text) == (True, False)


def test_the_roster_costs_the_same_with_one_row_and_with_three(client, zhuli, django_assert_num_queries, django_assert_max_num_queries):
    make_absence(zhuli, date(2026, 3, 9)), make_absence(people.xiaozhao(), date(2026, 3, 9))
    client.force_login(people.zhuguan())
    with django_assert_max_num_queries(25) as used:
        client.get(ROSTER)
    for week in (1, 2):
        make_absence(zhuli, date(2026, 3, 9) + timedelta(weeks=week)), make_absence(people.limei(), date(2026, 3, 9) + timedelta(weeks=week))
    with django_assert_num_queries(len(used)):
        client.get(ROSTER)


# What is in hand


def test_leave_with_work_in_hand_says_how_many_and_leads_to_handing_over(client, zhuli):
    make_request(claimed_by=zhuli), make_request(claimed_by=zhuli), make_request()
    text = told(client, client.post(ROSTER, off("2026-03-02")))
    assert "您手上还有2件没办完" in text
    assert f'href="{HAND_OVER}"' in text


def test_a_supervisor_is_led_to_handing_over_for_the_person(client):
    make_request(claimed_by=people.zhuli())
    client.force_login(people.zhuguan())
    text = told(client, client.post(ROSTER, off("2026-03-02", who=people.zhuli().pk)))
    assert "朱丽手上还有1件没办完" in text
    assert f"?person={people.zhuli().pk}" in text


def to_xiaozhao(*requests: HelpRequest, **other) -> dict:
    return {"which": [r.reference for r in requests], "to": people.xiaozhao().postings.get().pk, "reason": "请假", **other}


def test_what_is_ticked_goes_to_the_colleague(client, zhuli):
    first, second, kept = (make_request(claimed_by=zhuli) for _ in range(3))
    text = page(client, HAND_OVER)
    assert text.count('name="which"') == text.count(" checked") == 3
    assert "转好了2件" in told(client, client.post(HAND_OVER, to_xiaozhao(first, second)))
    assert [HelpRequest.objects.get(pk=r.pk).owner.username for r in (first, second, kept)] == ["xiaozhao", "xiaozhao", "zhuli"]
    assert kinds(first)[-1] == "handed_over"
    assert first.messages.get().text == "转给小赵：请假"
    entry = AuditEntry.objects.get()
    assert (entry.act, first.reference in entry.detail, kept.reference in entry.detail) == ("bulk", True, False)
    assert "王" not in entry.detail


def test_what_changed_meanwhile_is_reported_and_left(client, zhuli):
    first, gone = make_request(claimed_by=zhuli), make_request(claimed_by=zhuli)
    actions.release(request=gone, by=zhuli)
    text = told(client, client.post(HAND_OVER, to_xiaozhao(first, gone)))
    assert ("转好了1件" in text, "有1件已经不在朱丽手上了" in text) == (True, True)
    gone.refresh_from_db()
    assert (gone.state, kinds(gone)[-1]) == ("waiting", "released")


def test_one_that_changes_between_looking_and_moving_is_left(zhuli):
    first, taken = make_request(claimed_by=zhuli), make_request(claimed_by=zhuli)
    as_seen = [HelpRequest.objects.get(pk=r.pk) for r in (first, taken)]
    actions.release(request=taken, by=zhuli)
    posting = people.xiaozhao().postings.get()
    moved, left = actions.hand_over_all(by=zhuli, person=zhuli, requests=as_seen, to=posting, reason="请假")
    assert ([r.pk for r in moved], [r.pk for r in left]) == ([first.pk], [taken.pk])


def test_a_request_of_another_area_than_the_colleagues_is_left(client):
    both = people.quzhuguan()
    people.zhuli2(), people.xiaozhao()
    here, there = make_request(make_area(SHUIYUN), claimed_by=both), make_request(make_area(XIAZHUANGZI), claimed_by=both)
    client.force_login(both)
    text = told(client, client.post(HAND_OVER, to_xiaozhao(here, there)))
    assert ("转好了1件" in text, there.spoken_reference in text) == (True, True)


@pytest.mark.parametrize(("change", "sentence"), [({"which": []}, "勾上要转的诉求。"), ({"to": ""}, "选一位同事。"), ({"reason": ""}, "写一句为什么转"), ({"to": "999"}, "换一位")])
def test_mistakes_of_handing_over_keep_what_was_chosen(client, zhuli, change, sentence):
    stored, other = make_request(claimed_by=zhuli), make_request(claimed_by=zhuli)
    text = client.post(HAND_OVER, to_xiaozhao(stored) | change).content.decode()
    assert sentence in text
    assert text.count(" checked") == (0 if change == {"which": []} else 1)
    assert not HelpRequest.objects.exclude(owner=zhuli).exists()
    assert kinds(other) == ["submitted", "claimed"]


def test_nobody_hands_over_what_is_in_others_hands(client, zhuli):
    theirs = make_request(claimed_by=people.xiaozhao())
    client.post(HAND_OVER, {"which": [theirs.reference], "to": zhuli.postings.get().pk, "reason": "x"})
    theirs.refresh_from_db()
    assert theirs.owner == people.xiaozhao()
    assert detail(theirs) not in page(client, HAND_OVER)
