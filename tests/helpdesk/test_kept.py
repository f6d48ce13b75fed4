"""What a process keeps of the roster is right at once after a change, whoever makes it, and the queue asks little of the database."""

from datetime import date, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Subquery
from django.utils import timezone

from guides.actions import record_change
from guides.models import Area, ContentStamp, GuideRevision, Material, SpecialDay
from helpdesk import actions, cards, kept
from helpdesk.access import board_of, recognise
from helpdesk.coverage import board_for
from helpdesk.forms import GuideField
from helpdesk.matters import guide_of, number_of
from helpdesk.models import Absence, Cover, EventKind, HelpRequest, MarketDay, Posting, Robot, StaffAccount
from helpdesk.sla import LOCAL
from helpdesk.unread import an_unread, last_word
from helpdesk.wishes import TOLD, is_untold, is_untold_by
from menpai.roles import Role
from tests import people
from tests.factories import (
    DISTRICT,
    SHUIYUN,
    YUANYI,
    make_absence,
    make_area,
    make_guide,
    make_posting,
    make_request,
    make_submission,
)
from tests.helpdesk.desk import QUEUE

pytestmark = pytest.mark.django_db
MIGRATION = import_module("helpdesk.migrations.0010_requests")


def token() -> str:
    return kept.token(kept.database())


def robot() -> Robot:
    return Robot.objects.create(name="群", area_id=SHUIYUN, kind="wecom", address="https://qyapi.weixin.qq.com/x")


def zhuli():
    return people.zhuli()


# Each writes as little as can be, and never by our own code: an import, the admin or a hand in psql do no more.
CHANGES = {
    "a new posting": lambda: make_posting(people.bianji(), SHUIYUN),
    "a posting moves": lambda: Posting.objects.update(weekdays="1"),
    "a posting ends": lambda: Posting.objects.all().delete(),
    "somebody is off": lambda: make_absence(zhuli(), date(2026, 3, 2)),
    "a day off ends sooner": lambda: Absence.objects.update(ends_on=date(2026, 12, 31)),
    "market day": lambda: MarketDay.objects.create(area_id=SHUIYUN, rule="solar", digits="38"),
    "neighbours agree": lambda: Cover.objects.create(area_id=SHUIYUN, neighbour_id=YUANYI),
    "a special day": lambda: SpecialDay.objects.create(date=date(2026, 3, 2), name="停电"),
    "a village is renamed": lambda: Area.objects.filter(pk=SHUIYUN).update(name="新村民委员会"),
    "an account is stopped": lambda: get_user_model().objects.filter(username="zhuli").update(is_active=False),
    "a name is corrected": lambda: get_user_model().objects.filter(username="zhuli").update(first_name="朱莉"),
    "a role is taken": lambda: zhuli().groups.clear(),
    "a role is given": lambda: people.bianji().groups.add(Group.objects.get_or_create(name=str(Role.ASSISTANT))[0]),
    "a password has to be changed": lambda: StaffAccount.objects.update(must_change_password=True),
    "a robot is switched off": lambda: Robot.objects.update(is_active=False),
}


@pytest.fixture
def roster():
    make_area(YUANYI), people.zhuli(), people.bianji(), robot(), StaffAccount.objects.create(user=people.zhuli())
    make_absence(people.zhuli(), date(2026, 3, 1))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_gives_a_new_token(roster, change):
    before = token()
    change()
    assert token() != before


def test_what_is_no_part_of_the_roster_leaves_it_alone(roster):
    before = token()
    make_request(claimed_by=people.zhuli())
    get_user_model().objects.update(last_login=timezone.now())
    assert token() == before


def test_every_watched_table_has_its_triggers():
    """A migration that lets SQLite copy a table loses them: it has to call `watch` for that table again."""
    sql = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'roster_%'" if connection.vendor == "postgresql" else "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.fetchone()[0] == len(MIGRATION.WATCHED) * (2 if connection.vendor == "postgresql" else 3)


def test_a_roster_is_read_once_and_again_after_a_change(roster, django_assert_num_queries):
    board_for([SHUIYUN])
    with django_assert_num_queries(1):
        assert len(board_for([SHUIYUN]).names) == 1
    people.xiaozhao()
    assert len(board_for([SHUIYUN]).names) == 2
    with django_assert_num_queries(1):
        board_for([SHUIYUN])


def test_what_was_rolled_back_is_not_kept(roster):
    board_for([SHUIYUN])
    try:
        with transaction.atomic():
            people.xiaozhao()
            assert len(board_for([SHUIYUN]).names) == 2  # one's own change is seen
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert len(board_for([SHUIYUN]).names) == 1


def test_a_kept_board_follows_the_clock(roster):
    """朱丽 is off in the morning only: nothing is written at noon, and yet she is back."""
    make_absence(people.zhuli(), date(2026, 3, 2), part="morning")
    with time_machine.travel(datetime(2026, 3, 2, 10, 0, tzinfo=LOCAL), tick=False) as clock:
        assert people.zhuli().pk in board_for([SHUIYUN]).away_ids
        clock.move_to(datetime(2026, 3, 2, 11, 59, tzinfo=LOCAL))
        assert people.zhuli().pk in board_for([SHUIYUN]).away_ids
        clock.move_to(datetime(2026, 3, 2, 12, 0, tzinfo=LOCAL))
        assert people.zhuli().pk not in board_for([SHUIYUN]).away_ids
        clock.move_to(datetime(2026, 3, 3, 9, 0, tzinfo=LOCAL))
        assert board_for([SHUIYUN]).half_day(SHUIYUN).day == date(2026, 3, 3)


def test_a_taken_role_closes_the_desk_at_the_next_click(client, roster):
    client.force_login(people.zhuli())
    StaffAccount.objects.all().delete()
    assert client.get(QUEUE).status_code == 200
    people.zhuli().groups.clear()
    assert client.get(QUEUE).status_code == 403


def test_a_moved_posting_moves_the_queue_at_the_next_click(client, roster):
    StaffAccount.objects.all().delete()
    people.xiaozhao()  # else she would step in for the village she leaves
    here, there = make_request(), make_request(area=Area.objects.get(pk=YUANYI), row={"queue_id": YUANYI})
    client.force_login(people.zhuli())
    assert here.spoken_reference in client.get(QUEUE).content.decode()
    Posting.objects.filter(user=people.zhuli()).update(area_id=YUANYI)
    text = client.get(QUEUE).content.decode()
    assert there.spoken_reference in text
    assert here.spoken_reference not in text


def test_a_new_helper_is_told_of_the_next_request(roster):
    actions.submit(make_submission())
    other = people.xiaozhao()
    stored = actions.submit(make_submission())
    assert stored.notifications.filter(to_user=other).exists()


def test_a_request_costs_a_bounded_number_of_queries(client, roster, django_assert_max_num_queries):
    guide, number = make_guide("yibao-001"), iter(range(10, 99))
    ContentStamp.advance()  # as the content of a site that is filled has a number

    def send():
        form = {"name": "王阿姨", "phone": f"138001380{next(number)}", "consent": "on", "guide": guide.slug, "area": SHUIYUN}
        return client.post("/help/new/", form | {"submission_key": str(make_submission().submission_key)})

    send()
    # The form's guide and village, the throttle, the transaction's begin and end, and in it the roster, the request, its event, its notifications.
    with django_assert_max_num_queries(12):
        assert send().status_code == 302
    assert HelpRequest.objects.filter(channel="web").count() == 2


def test_a_changed_guide_is_asked_for_as_it_is_now(roster):
    guide = make_guide("yibao-001")
    record_change(guide=guide, by="tests")
    was = guide_of(guide.district, guide.slug)
    assert guide_of(guide.district, guide.slug) is was
    Material.objects.create(guide=guide, name="户口本", order=9)
    record_change(guide=guide, by="tests")
    now = guide_of(guide.district, guide.slug)
    assert "户口本" in [material.name for material in now.materials.all()]
    assert number_of(now) == GuideRevision.objects.filter(guide=guide).count()


@pytest.mark.parametrize(
    "story",
    [
        [], [EventKind.GUIDE_READY], [EventKind.CLOSED, EventKind.GUIDE_READY], [EventKind.GUIDE_READY, EventKind.CLOSED],
        [EventKind.GUIDE_READY, TOLD], [TOLD, EventKind.GUIDE_READY], [EventKind.GUIDE_READY, EventKind.CLOSED, EventKind.GUIDE_READY], [EventKind.CLOSED],
    ],
)  # fmt: skip
def test_the_queue_and_the_database_agree_who_is_to_be_told(story):
    stored = make_request(wish="遛狗证")
    for what in story:
        kind, detail = (EventKind.NOTED, TOLD) if what == TOLD else (what, "")
        stored.events.create(kind=kind, by_name="系统", detail=detail)
    assert is_untold_by(stored.events.values_list("id", "kind", "detail")) == is_untold(stored)


AT = timezone.now()
WORDS = [
    ([], None),
    ([("resident", False, AT), ("note", True, AT)], "resident"),
    ([("resident", False, AT), ("staff", False, AT)], "resident"),  # the system wrote by itself
    ([("resident", False, AT), ("staff", True, AT)], "staff"),
    ([("staff", True, AT), ("resident", True, AT)], "staff"),  # written down from a call, and answered there
]


@pytest.mark.parametrize(("thread", "whose"), WORDS)
def test_whose_the_last_word_is(thread, whose):
    helper, stored = people.zhuli(), make_request()
    for sender, by_staff, read_at in thread:
        stored.messages.create(sender=sender, by=helper if by_staff else None, text="在吗", read_at=read_at)
    assert HelpRequest.objects.annotate(whose=Subquery(last_word()[:1])).get().whose == whose


@pytest.mark.parametrize(("sender", "read_at", "is_news"), [("resident", None, True), ("resident", AT, False), ("staff", None, False), ("note", None, False)])
def test_what_of_the_resident_is_unread(sender, read_at, is_news):
    stored = make_request()
    stored.messages.create(sender="resident", text="在吗", read_at=AT)
    stored.messages.create(sender=sender, text="在吗", read_at=read_at)
    assert (HelpRequest.objects.annotate(news=Subquery(an_unread()[:1])).get().news is not None) == is_news


def test_a_queue_reads_only_open_requests():
    """By the plan of PostgreSQL with a thousand closed ones beside three that are open: each index that is used holds open ones only, or names the state."""
    user = people.zhuli()
    made = make_request()
    now, plain = timezone.now(), {"area_id": SHUIYUN, "queue_id": SHUIYUN, "name": "", "phone": "", "phone_index": "", "consent_version": "t", "consent_at": timezone.now()}
    HelpRequest.objects.bulk_create(
        HelpRequest(
            **plain, reference=f"{number:09}", submission_key=make_submission().submission_key, state="closed", close_reason="done", owner=user, claimed_at=now,
            created_at=now - timedelta(days=40), promised_at=now - timedelta(days=39), closed_at=now - timedelta(days=38),
        )
        for number in range(1000)
    )  # fmt: skip
    recognise(user)
    board_of(user)
    rows = cards._by_hand(user, [])[:51]
    assert [row[0] for row in rows] == [made.pk]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE helpdesk_helprequest")
        plan = rows.explain()
        assert "Seq Scan on helpdesk_helprequest" not in plan
        assert any(f" {name} " in plan for name in ("open_requests_by_promise", "open_requests_of_area", "queue_by_state_and_promise"))


def test_a_choice_that_is_not_offered_is_refused():
    field = GuideField(required=False)
    field.district = DISTRICT
    make_guide("yibao-001")
    assert field.clean("yibao-001").slug == "yibao-001"
    for typed in ("yibao-999", "\x01", "x" * 500):
        with pytest.raises(ValidationError):
            field.clean(typed)


def test_the_queue_of_a_township_is_the_same_by_ranges_of_codes():
    boss = people.zhuguan()
    inside, outside = make_request(), make_request(area=make_area("640205200201"), row={"queue_id": "640205200201"})
    recognise(boss)
    seen = [card.row.pk for card in cards.page_of(boss, None).object_list]
    assert inside.pk in seen
    assert outside.pk not in seen
