"""Each verb writes what is to be told in its own transaction, to whom it concerns and to nobody else."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import actions
from helpdesk.access import takers_of
from helpdesk.models import CloseReason, Notification, NotificationKind, Posting, Robot
from helpdesk.notifications import tell_staff
from menpai.roles import Role
from tests import people
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, XIAZHUANGZI, make_area, make_posting, make_request, make_submission, make_user

pytestmark = pytest.mark.django_db
K = NotificationKind


def told() -> list[tuple]:
    """(kind, to whom) of the rows written so far, then forgotten."""
    rows = Notification.objects.order_by("pk").select_related("to_user", "to_robot")
    found = [(row.kind, "居民" if row.to_resident else str(row.to_robot or row.to_user.username)) for row in rows]
    Notification.objects.all().delete()
    return found


def robot(code: str, name: str, **fields) -> Robot:
    return Robot.objects.create(name=name, area=make_area(code), kind="wecom", address="https://qyapi.weixin.qq.com/", **fields)


@pytest.fixture
def stored():
    people.zhuli(), people.xiaozhao(), people.zhuli2(), people.zhuguan()
    stored = make_request(claimed_by=people.zhuli())
    told()
    return stored


def test_a_new_request_is_told_to_both_helpers_of_the_village_its_groups_and_the_resident():
    people.zhuli(), people.xiaozhao(), people.zhuli2(), people.zhuguan(), people.guanjia()
    robot(SHUIYUN, "社区群"), robot(TOWNSHIP, "镇群"), robot(XIAZHUANGZI, "别的村"), robot(SHUIYUN, "停了的", is_active=False)
    make_request()
    assert told() == [("new", "zhuli"), ("new", "xiaozhao"), ("new", "镇群"), ("new", "社区群"), ("received", "居民")]


def test_a_stewards_request_is_told_to_the_stewards_only():
    people.guanjia()
    make_posting(make_user("other", role=Role.ASSISTANT), DISTRICT)
    make_request(for_enterprise=True)
    assert told() == [("new", "guanjia"), ("received", "居民")]


def test_who_writes_a_walk_in_down_need_not_be_told():
    people.xiaozhao()
    actions.submit(make_submission(), by=people.zhuli())
    assert told() == [("new", "xiaozhao"), ("received", "居民")]


def test_who_left_is_not_told():
    people.zhuli(), people.xiaozhao()
    type(people.zhuli()).objects.filter(username="zhuli").update(is_active=False)
    make_request()
    assert told() == [("new", "xiaozhao"), ("received", "居民")]


def test_the_same_form_sent_twice_is_told_once():
    people.zhuli()
    submission = make_submission()
    actions.submit(submission), actions.submit(submission)
    assert told() == [("new", "zhuli"), ("received", "居民")]


def test_the_occasion_is_told_to_one_person_one_time(stored):
    for _ in range(2):
        tell_staff([people.zhuli(), people.xiaozhao()], K.OVERDUE, request=stored, once="overdue:1")
    assert told() == [("overdue", "zhuli"), ("overdue", "xiaozhao")]


def test_what_the_owner_does_is_told_to_the_resident(stored):
    by = people.zhuli()
    actions.write_message(request=stored, by=by, text="您好")
    actions.agree_visit(request=stored, by=by, at=timezone.now() + timedelta(days=1))
    actions.write_note(request=stored, by=by, text="耳背")
    actions.close(request=stored, by=by, reason=CloseReason.DONE, text="好了")
    assert told() == [("staff_wrote", "居民"), ("visit", "居民"), ("closed", "居民")]


def test_what_the_resident_writes_is_told_to_the_owner_or_to_nobody(stored):
    actions.reply(request=stored, text="在吗")
    assert told() == [("resident_wrote", "zhuli")]
    actions.release(request=stored, by=people.zhuli())
    actions.reply(request=stored, text="在吗")
    assert told() == []


def test_a_hand_over_is_told_to_the_new_owner_unless_they_took_it_themselves(stored):
    actions.hand_over(request=stored, by=people.zhuli(), to=Posting.objects.get(user=people.xiaozhao()), reason="开会")
    assert told() == [("handed_over", "xiaozhao")]
    actions.hand_over(request=stored, by=people.zhuguan(), to=Posting.objects.get(user=people.zhuguan()), reason="请假")
    assert told() == []


def test_a_reopened_request_is_new_again(stored):
    actions.close(request=stored, by=people.zhuli(), reason=CloseReason.DONE, text="")
    told()
    actions.reopen(request=stored)
    assert told() == [("new", "zhuli"), ("new", "xiaozhao")]


def test_a_change_that_is_undone_tells_nobody(stored):
    with pytest.raises(RuntimeError), transaction.atomic():
        actions.write_message(request=stored, by=people.zhuli(), text="您好")
        raise RuntimeError
    assert told() == []


def test_a_refused_act_tells_nobody(stored):
    with pytest.raises(actions.NotPossible):
        actions.write_message(request=stored, by=people.xiaozhao(), text="您好")
    assert told() == []


def test_a_supervisors_request_is_for_the_supervisors(stored):
    stored.for_supervisor, stored.queue = True, make_area(TOWNSHIP)
    assert takers_of(stored) == [people.zhuguan()]


def test_telling_one_helper_or_three_takes_the_same_queries():
    def cost() -> int:
        submission = make_submission()
        with CaptureQueriesContext(connection) as queries:
            actions.submit(submission)
        return len(queries)

    people.zhuli(), robot(SHUIYUN, "群")
    cost()
    one = cost()
    people.xiaozhao(), make_posting(make_user("third", role=Role.ASSISTANT), SHUIYUN), robot(TOWNSHIP, "镇群")
    cost()  # reads the roster anew
    assert cost() == one
