"""Two requests for one matter: suggested to who may see both, merged by a person, and never a number or a word lost."""

import re
from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from helpdesk import actions
from helpdesk.access import visible_requests
from helpdesk.actions import ContactHow, NotPossible
from helpdesk.duplicates import similar_to
from helpdesk.models import Attachment, Escalation, HelpRequest, Kind, Mandate, PauseReason
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, make_area, make_guide, make_request
from tests.helpdesk.desk import checked, detail, kinds, offered_in, page, press, told
from tests.helpdesk.test_resident import page as resident_page

pytestmark = pytest.mark.django_db
LOCAL = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=LOCAL)


@pytest.fixture(autouse=True)
def clock(request):
    """Monday morning, 10 o'clock. `clock.move_to` goes on."""
    if "transactional_db" in request.fixturenames:
        yield None
        return
    with time_machine.travel(at("03-02 10:00"), tick=False) as clock:
        people.zhuli(), people.xiaozhao()
        yield clock


@pytest.fixture
def twice(clock):
    """王阿姨 asked on Monday, and again an hour later; 朱丽 has the first in hand."""
    older = make_request(claimed_by=people.zhuli())
    clock.move_to(at("03-02 11:00"))
    return older, make_request(name="王姨", note="腿脚不好")


def similar(user, request) -> list[HelpRequest]:
    request.refresh_from_db()
    return list(similar_to(request, visible_requests(user)))


def refused(one, other, by) -> str:
    before = [HelpRequest.objects.filter(pk=row.pk).values().get() for row in (one, other)]
    with pytest.raises(NotPossible) as sentence:
        actions.merge(request=one, other=other, by=by)
    assert [HelpRequest.objects.filter(pk=row.pk).values().get() for row in (one, other)] == before
    assert "merged" not in kinds(one) + kinds(other)
    return str(sentence.value)


# which are suggested


def test_the_same_phone_about_the_same_matter_within_days(twice, clock):
    older, younger = twice
    assert similar(people.zhuli(), older) == [younger]
    assert similar(people.zhuli(), younger) == [older]
    guide = make_guide()
    first, second = make_request(guide=guide), make_request(guide=guide)
    assert similar(people.zhuli(), first) == [second]


def test_what_is_not_suggested(clock):
    zhuli = people.zhuli()
    one = make_request(claimed_by=zhuli)
    make_request(phone="13909521111")
    make_request(guide=make_guide())
    make_request(row={"for_supervisor": True})
    make_request(row={"created_at": at("03-02 10:00") - timedelta(days=7, minutes=1)})
    actions.cancel(request=make_request())
    assert similar(zhuli, one) == []
    complaint = make_request(row={"for_supervisor": True, "kind": Kind.COMPLAINT})
    assert similar(people.zhuguan(), complaint) == []
    scrubbed = [make_request(row={"phone_index": ""}) for _ in range(2)]
    assert similar(zhuli, scrubbed[0]) == []


def test_another_villages_request_is_neither_shown_nor_counted(client, zhuli):
    people.zhuli2()
    mine = make_request(claimed_by=zhuli)
    hidden = make_request(make_area(XIAZHUANGZI))
    assert similar(zhuli, mine) == []
    text = page(client, detail(mine))
    assert "同一件事" not in text
    assert hidden.spoken_reference not in text
    seen = make_request()
    text = page(client, detail(mine))
    assert seen.spoken_reference in text
    assert hidden.spoken_reference not in text
    assert text.count("这两个可能是同一件事") == 1
    assert "现在并不了" in checked(press(client, mine, "merge", other=hidden.reference))
    hidden.refresh_from_db()
    assert hidden.state == "waiting"


def test_the_page_says_what_differs_and_hides_who_asks(client, zhuli, twice):
    older, younger = twice
    text = page(client, detail(older))
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>', text)
    assert rows == [("称呼", "王**", "王**（写得不一样）"), ("他说", "没写", "腿脚不好")]
    assert younger.spoken_reference in text
    assert "13800138000" not in text
    assert "merge" in offered_in(text, older)
    make_request(claimed_by=people.xiaozhao(), phone="13909521111")
    other = make_request(phone="13909521111")
    assert "要并成一件，先领取其中一个" in page(client, detail(other))


# merging


def test_the_younger_is_closed_and_both_say_so(twice):
    older, younger = twice
    assert actions.merge(request=younger, other=older, by=people.zhuli()) == older
    younger.refresh_from_db()
    assert (younger.state, younger.close_reason, younger.merged_into, younger.owner) == ("closed", "duplicate", older, None)
    assert (older.state, older.owner) == ("claimed", people.zhuli())
    assert [(row.events.last().kind, row.events.last().detail) for row in (older, younger)] == [
        ("merged", f"{younger.spoken_reference}并进来了"),
        ("merged", f"并到了{older.spoken_reference}"),
    ]


def test_who_may_merge(twice):
    older, younger = twice
    assert "先领取其中一个" in refused(*[make_request(phone="13909521111") for _ in range(2)], people.zhuli())
    assert "在朱丽手上，先请他转给您" in refused(younger, older, people.xiaozhao())
    actions.claim(request=younger, by=people.xiaozhao())
    assert "在小赵手上" in refused(older, younger, people.zhuli())
    actions.merge(request=older, other=younger, by=people.zhuguan())
    assert younger.events.last().by == people.zhuguan()


def test_what_changed_meanwhile_is_not_merged(twice):
    older, younger = twice
    seen = HelpRequest.objects.get(pk=younger.pk)
    actions.cancel(request=younger)
    assert "刚刚变了" in refused(older, seen, people.zhuli())


def test_a_visit_agreed_for_the_younger_is_settled_first(twice):
    older, younger = twice
    actions.claim(request=younger, by=people.zhuli())
    actions.agree_visit(request=younger, by=people.zhuli(), at=at("03-03 09:00"))
    assert "已经约好了时间" in refused(older, younger, people.zhuli())


def test_what_hung_on_the_younger_ends_with_it(twice, clock):
    older, younger = twice
    actions.claim(request=younger, by=people.zhuli())
    actions.agree_visit(request=younger, by=people.zhuli(), at=at("03-02 15:00"), place="station")
    paper = {"principal_name": "王阿姨", "scope": "交材料", "starts_on": date(2026, 3, 2), "ends_on": date(2026, 3, 20)}
    mandate = Mandate.objects.create(request=younger, text_version="2026-11", signed_on=date(2026, 3, 2), agent=people.zhuli(), **paper)
    photo = Attachment.objects.create(request=younger, kind="image", size=1, purpose="仅供", delete_on=date(2026, 4, 1))
    clock.move_to(at("03-02 16:00"))
    actions.merge(request=older, other=younger, by=people.zhuli())
    younger.refresh_from_db(), mandate.refresh_from_db(), photo.refresh_from_db()
    assert (younger.visit_at, younger.visits.get().state) == (None, "cancelled")
    assert mandate.revoked_at is not None
    assert photo.delete_on < date(2026, 4, 1)


def test_the_sooner_promise_counts_and_who_asks_again_ends_a_pause(twice, clock):
    older, younger = twice
    actions.contact(request=older, by=people.zhuli(), how=ContactHow.PHONE)
    actions.pause(request=older, by=people.zhuli(), reason=PauseReason.PAPERS, resume_on=at("03-10 00:00").date())
    HelpRequest.objects.filter(pk=younger.pk).update(escalation=Escalation.TOWNSHIP)
    actions.merge(request=older, other=younger, by=people.zhuli())
    assert (older.paused_at, older.promised_at, older.escalation) == (None, at("03-02 16:00"), Escalation.TOWNSHIP)


def test_split_it_waits_again_and_can_be_merged_again(twice, clock):
    older, younger = twice
    actions.merge(request=older, other=younger, by=people.zhuli())
    clock.move_to(at("03-03 09:00"))
    actions.split(request=younger, by=people.zhuli())
    assert (younger.state, younger.merged_into, younger.promised_at, younger.reopened) == ("waiting", None, at("03-03 14:00"), 0)
    assert [kinds(row)[-2:] for row in twice] == [["merged", "merged"]] * 2
    with pytest.raises(NotPossible, match="已经拆开了"):
        actions.split(request=HelpRequest.objects.get(pk=younger.pk), by=people.zhuli())
    actions.merge(request=older, other=younger, by=people.zhuli())
    assert similar(people.zhuli(), older) == []


def test_merging_and_splitting_at_the_desk(client, zhuli, twice):
    older, younger = twice
    assert "并好了" in told(client, press(client, older, "merge", other=younger.reference))
    assert f"{younger.spoken_reference}</a> 并到了这一个" in page(client, detail(older))
    text = page(client, detail(younger))
    assert f"{older.spoken_reference}</a>，在那边接着办" in text
    assert offered_in(text, younger) >= {"split"}
    assert "拆开了" in told(client, press(client, younger, "split"))
    assert "split" not in offered_in(page(client, detail(younger)), younger)


# the resident


def open_door(client, stored, **query) -> str:
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": stored.phone[-4:]})
    return resident_page(client, f"/help/{stored.reference}/")


def test_the_residents_second_number_leads_to_the_first_and_keeps_its_words(client, twice):
    older, younger = twice
    actions.reply(request=younger, text="我上午还打过电话")
    actions.merge(request=older, other=younger, by=people.zhuli())
    text = open_door(client, younger)
    assert f'href="{reverse("help:follow", args=[older.reference])}"' in text
    assert "我上午还打过电话" in text
    assert "评" not in re.sub(r"<[^>]+>", "", text).split("现在：")[1].split("经过")[0]
    assert "不是同一件，请单独办" in text
    client.post(f"/help/{younger.reference}/", {"act": "reopen"})
    younger.refresh_from_db()
    assert (younger.state, younger.merged_into) == ("waiting", None)


@pytest.mark.nothing_kept
def test_a_page_with_one_duplicate_and_with_three_takes_the_same_queries(client, zhuli, twice, django_assert_num_queries, django_assert_max_num_queries):
    older, _ = twice
    with django_assert_max_num_queries(36) as used:
        client.get(detail(older))
    make_request(), make_request()
    with django_assert_num_queries(len(used)):
        assert client.get(detail(older)).content.decode().count("这两个可能是同一件事") == 3


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_at_once_merge_once():
    zhuli, zhuguan = people.zhuli(), people.zhuguan()
    pairs = []
    for number in range(4):
        phone = f"1390952{number:04}"
        pairs.append((make_request(phone=phone, claimed_by=zhuli), make_request(phone=phone)))
    start, outcomes, failures = Barrier(2), [], []

    def press_all(user, turned):
        for pair in pairs:
            one, other = (HelpRequest.objects.get(pk=row.pk) for row in (reversed(pair) if turned else pair))
            start.wait()
            try:
                outcomes.append(actions.merge(request=one, other=other, by=user).pk)
            except NotPossible as sentence:
                outcomes.append(str(sentence))
            except Exception as error:
                failures.append(error)
        connection.close()

    threads = [Thread(target=press_all, args=args) for args in ((zhuli, False), (zhuguan, True))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(o for o in outcomes if isinstance(o, int)) == [older.pk for older, _ in pairs]
    assert {o for o in outcomes if isinstance(o, str)} == {"这两个诉求刚刚变了，现在并不了。刷新看看。"}
    assert [kinds(row).count("merged") for pair in pairs for row in pair] == [1] * 8
    assert make_area(SHUIYUN).help_requests.filter(state="closed").count() == 4
