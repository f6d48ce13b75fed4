"""这个人走了: one act switches the account off and nothing of what it held is lost, whatever happens at the same moment."""

from datetime import timedelta
from io import StringIO
from threading import Barrier, Thread

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guides.models import EditorPosting, Status
from helpdesk import actions
from helpdesk.access import visible_requests
from helpdesk.actions.complaining import Complaint, Subject
from helpdesk.actions.leaving import holdings_of
from helpdesk.coverage import board_for
from helpdesk.models import (
    AuditEntry,
    ContactCard,
    EventKind,
    HelpRequest,
    Notification,
    Posting,
    Robot,
    SecondFactor,
    StaffAccount,
    StaffSession,
    State,
)
from helpdesk.roster import HalfDay, Tier
from tests import people
from tests.factories import DISTRICT, SHUIYUN, make_absence, make_area, make_guide, make_request, make_submission, workday_at
from tests.guides.admin_pages import form_data
from tests.helpdesk.desk import kinds
from tests.helpdesk.test_second_factor import has_factor

pytestmark = pytest.mark.django_db
WEDNESDAY = "2026-11-25 10:00+08:00"


@pytest.fixture
def wednesday():
    with time_machine.travel(WEDNESDAY, tick=False):
        yield


def posting_of(user) -> Posting:
    return user.postings.get()


def leave(person=None, **to):
    return actions.leave(by=people.guanli(), person=person or people.zhuli(), to={key.replace("_", "-"): posting for key, posting in to.items()})


def test_what_is_in_hand_goes_to_the_colleague_with_its_promise_and_its_appointment(wednesday):
    stored = make_request(claimed_by=people.zhuli())
    actions.contact(request=stored, by=people.zhuli(), how="phone")
    actions.agree_visit(request=stored, by=people.zhuli(), at=workday_at(15), place="home", where="3号楼")
    stored.refresh_from_db()
    promised, visit_at = stored.promised_at, stored.visit_at
    done = leave(**{SHUIYUN: posting_of(people.xiaozhao())})
    stored.refresh_from_db()
    assert done.handed_over == {"小赵": [stored]}
    assert (stored.state, stored.owner, stored.promised_at, stored.visit_at) == (State.CLAIMED, people.xiaozhao(), promised, visit_at)
    assert stored.visits.get().helper == people.xiaozhao()
    assert kinds(stored)[-1] == EventKind.HANDED_OVER
    assert stored.events.last().by == people.guanli()
    assert Notification.objects.filter(to_user=people.xiaozhao(), kind="handed_over", request=stored).count() == 1


def test_everything_that_hangs_on_the_account_goes_and_the_trail_stays(wednesday):
    person = people.zhuli()
    done_before = make_request(claimed_by=person)
    actions.close(request=done_before, by=person, reason="done", text="")
    has_factor(person)
    client = Client()
    client.force_login(person)
    ContactCard.objects.create(user=person, mobile="13900000001", email="zhuli@example.cn")
    EditorPosting.objects.create(user=person, district=make_area(DISTRICT))
    past, _ = make_absence(person, timezone.localdate() - timedelta(days=9)), make_absence(person, timezone.localdate() + timedelta(days=9))
    StaffAccount.objects.create(user=person)
    done = leave()
    person.refresh_from_db()
    assert (person.is_active, done.sessions, done.postings) == (False, 1, 1)
    left = [model.objects.filter(user=person).count() for model in (SecondFactor, StaffSession, ContactCard, EditorPosting, Posting, StaffAccount)]
    assert left == [0] * 6
    assert list(person.absences.all()) == [past]
    assert client.get("/desk/").url.startswith("/desk/login/")
    done_before.refresh_from_db()
    assert (done_before.owner, done_before.state) == (person, State.CLOSED)
    assert AuditEntry.objects.get(detail__startswith="朱丽走了").detail == "朱丽走了：账号停用，转给同事0件，放回队列0件，分工1处"


def test_without_a_colleague_it_waits_again_and_the_supervisor_is_alarmed(wednesday):
    people.zhuguan()
    stored = make_request(claimed_by=people.zhuli())
    promised = stored.promised_at
    done = leave()
    stored.refresh_from_db()
    assert done.put_back == [stored]
    assert (stored.state, stored.owner, stored.promised_at) == (State.WAITING, None, promised)
    assert kinds(stored)[-2:] == [EventKind.RELEASED, EventKind.ALARMED]
    assert Notification.objects.filter(to_user=people.zhuguan(), kind="nobody", request=stored).count() == 1
    assert list(visible_requests(people.zhuguan())) == [stored]


def test_who_may_take_what_was_put_back_is_told_of_it(wednesday):
    stored = make_request(claimed_by=people.zhuli())
    people.xiaozhao()
    leave()
    assert Notification.objects.filter(to_user=people.xiaozhao(), kind="new", request=stored).count() == 1
    assert list(visible_requests(people.xiaozhao())) == [stored]


def test_what_the_colleague_cannot_take_waits_and_is_named(wednesday):
    stored = make_request(claimed_by=people.zhuli())
    far = posting_of(people.zhuli2())  # another township: nobody offers it, a forged form might
    done = leave(**{SHUIYUN: far})
    stored.refresh_from_db()
    assert (done.refused, done.put_back, stored.state) == ([stored], [stored], State.WAITING)
    gone = make_request(claimed_by=people.xiaozhao())
    posting = posting_of(people.limei())
    leave(people.limei())
    done = leave(people.xiaozhao(), **{SHUIYUN: posting})
    assert done.put_back == [gone]


def test_complaints_go_to_supervisors_only_and_never_wait_where_there_is_none(wednesday):
    leaver, other = people.zhuguan(), people.quzhuguan()
    about = make_request(claimed_by=people.xiaozhao())
    told = Complaint(submission_key=make_submission().submission_key, subject=Subject.OTHER, text="等了一周", area=make_area(SHUIYUN),
                     phone="13800138000", about=about)  # fmt: skip
    complaint = actions.complain(complaint=told)
    actions.claim(request=complaint, by=leaver)
    [pile] = holdings_of(leaver).piles
    assert pile.key == f"{SHUIYUN}-supervisor"
    assert [posting.user for posting in pile.colleagues] == [other]
    leave(leaver)
    complaint.refresh_from_db()
    assert (complaint.state, complaint.queue_id) == (State.WAITING, DISTRICT)
    assert complaint in visible_requests(other)
    assert Notification.objects.filter(to_user=other, kind="complaint", request=complaint).count() == 1


def test_roster_and_coverage_count_them_no_more(wednesday):
    people.zhuli(), people.limei()
    half = HalfDay(timezone.localdate(), False)
    assert board_for([SHUIYUN]).coverage(SHUIYUN, at=half).tier == Tier.OWN
    leave()
    assert board_for([SHUIYUN]).coverage(SHUIYUN, at=half).tier == Tier.NEIGHBOUR


def test_nobody_switches_themselves_off():
    with pytest.raises(actions.NotPossible, match="自己的账号"):
        leave(people.guanli())
    assert get_user_model().objects.get(username="guanli").is_active


@pytest.mark.django_db(transaction=True)
def test_a_claim_at_the_same_moment_leaves_nothing_in_their_hands():
    """Whichever comes first: what they claimed just before is given away with the rest, and a moment later they claim nothing."""
    person, bureau = people.zhuli(), people.guanli()
    people.xiaozhao()
    waiting = [make_request() for _ in range(4)]
    start, failures = Barrier(5), []

    def run(act):
        try:
            start.wait()
            act()
        except actions.NotPossible:
            pass
        except Exception as failure:  # seen in the main thread
            failures.append(failure)
        finally:
            connection.close()

    acts = [lambda r=request: actions.claim(request=r, by=person) for request in waiting]
    acts.append(lambda: actions.leave(by=bureau, person=person, to={}))
    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert HelpRequest.objects.filter(owner=person).count() == 0
    assert HelpRequest.objects.filter(state=State.WAITING, owner=None).count() == 4


def test_who_is_switched_off_claims_and_is_given_nothing():
    person, stale = people.zhuli(), get_user_model().objects.get(username=people.zhuli().username)
    posting = posting_of(person)
    mine, waiting = make_request(claimed_by=people.xiaozhao()), make_request()
    leave(person)
    assert actions.claim_next(by=stale) is None
    for act in (
        lambda: actions.claim(request=waiting, by=stale),
        lambda: actions.hand_over(request=mine, by=people.xiaozhao(), to=posting, reason="他熟"),
    ):
        with pytest.raises(actions.NotPossible, match="朱丽的账号已经停用了"):
            act()
    assert HelpRequest.objects.filter(owner=stale).count() == 0


# --- the page ------------------------------------------------------------------------------------------------------------------------------


def page_of(user, name: str = "leave") -> str:
    return reverse(f"admin:auth_user_{name}", args=[user.pk])


@pytest.fixture
def bureau(client):
    client.force_login(people.guanli())
    return client


def test_the_page_shows_what_they_hold_and_offers_the_colleague_of_the_village_first(bureau, wednesday):
    make_request(claimed_by=people.zhuli()), make_request(claimed_by=people.zhuli())
    people.xiaozhao(), people.zhenbang(), people.zhuli2()
    make_guide(plain_title="写了一半", status=Status.DRAFT, authors=[people.zhuli().pk])
    make_guide("yibao-002", plain_title="别人写的", status=Status.DRAFT, authors=[people.bianji().pk])
    Robot.objects.create(name="水韵名都群", area=make_area(SHUIYUN), kind="wecom", address="https://qyapi.weixin.qq.com/x")
    text = bureau.get(page_of(people.zhuli())).content.decode()
    assert "水韵名都社区的诉求，2件" in text
    assert f'<option value="{posting_of(people.xiaozhao()).pk}" selected>小赵（水韵名都社区）' in text
    assert ("甄帮" in text, "马兰" in text) == (True, False)
    assert ("写了一半" in text, "别人写的" in text, "水韵名都群" in text) == (True, False, True)
    assert [secret for secret in ("王阿姨", "13800138000") if secret in text] == []


def test_one_press_does_it_and_says_what_was_done(bureau, wednesday):
    make_request(claimed_by=people.zhuli())
    answer = bureau.post(page_of(people.zhuli()), {SHUIYUN: posting_of(people.xiaozhao()).pk}, follow=True)
    assert "办好了：朱丽的账号停用了，转给小赵1件，撤了1处分工。" in answer.content.decode()
    people.zhuli2()
    make_request(make_area("640205101203"), claimed_by=people.zhuli2())
    assert "这位同事刚刚有变动" in bureau.post(page_of(people.zhuli2()), {"640205101203": "999"}).content.decode()
    assert get_user_model().objects.get(username="zhuli2").is_active
    assert "放回队列1件" in bureau.post(page_of(people.zhuli2()), {"640205101203": ""}, follow=True).content.decode()


def test_an_account_with_requests_in_hand_is_not_switched_off_by_its_tick(bureau):
    make_request(claimed_by=people.zhuli())
    address = reverse("admin:auth_user_change", args=[people.zhuli().pk])
    data = form_data(bureau.get(address), "user_form")
    del data["is_active"]
    text = bureau.post(address, data).content.decode()
    assert "手上还有1件没办完" in text
    assert f'href="{page_of(people.zhuli())}"' in text
    assert get_user_model().objects.get(username="zhuli").is_active
    people.limei()
    address = reverse("admin:auth_user_change", args=[people.limei().pk])
    data = form_data(bureau.get(address), "user_form")
    del data["is_active"]
    assert bureau.post(address, data).status_code == 302
    assert not get_user_model().objects.get(username="limei").is_active


def test_made_active_again_they_come_in_and_are_posted_anew(bureau):
    leave()
    address = reverse("admin:auth_user_change", args=[people.zhuli().pk])
    data = form_data(bureau.get(address), "user_form")
    assert bureau.post(address, data | {"is_active": "on"}).status_code == 302
    assert (people.zhuli().is_active, people.zhuli().postings.count()) == (True, 0)


@pytest.mark.parametrize("name", ["leave", "safety"])
def test_only_who_keeps_accounts_and_never_a_superusers(client, name):
    root = people.make_user("root", is_staff=True, is_superuser=True)
    for person, of, status in (
        (people.bianji(), people.zhuli(), 403), (people.shenhe(), people.zhuli(), 403), (people.guanli(), root, 403), (people.guanli(), people.zhuli(), 200),
        (root, people.guanli(), 200), (people.zhuguan(), people.zhuli(), 302),
    ):  # fmt: skip
        client.force_login(person)
        assert client.get(page_of(of, name)).status_code == status
        if status == 403:
            assert client.post(page_of(of, name), {"reset": "1"}).status_code == 403
    assert not get_user_model().objects.filter(is_active=False).exists()
    client.force_login(people.guanli())
    assert client.get(page_of(people.guanli())).status_code == 403


def test_the_demo_accounts_are_still_stopped_in_one_go(settings, roles, district):
    settings.DEMO = True
    call_command("setup_demo", stdout=StringIO())
    call_command("deactivate_demo", stdout=StringIO())
    assert not get_user_model().objects.filter(is_active=True).exists()
