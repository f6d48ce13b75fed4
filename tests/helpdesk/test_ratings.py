"""The five national words: never pressed for, none chosen beforehand; a bad one brings a call from above, and the helper sees nothing."""

import re
from html import unescape
from threading import Barrier, Thread

import pytest
from django.db import connection

from helpdesk import actions
from helpdesk.access import trail_for
from helpdesk.actions import NotPossible
from helpdesk.models import CloseReason, EventKind, HelpRequest, Kind, NotificationKind, Rating, RatingLevel
from tests import people
from tests.factories import DISTRICT, TOWNSHIP, make_guide, make_request
from tests.helpdesk.desk import detail, page
from tests.helpdesk.test_complaints import quzhang

pytestmark = pytest.mark.django_db
BAD, WORST, GOOD = RatingLevel.DISSATISFIED, RatingLevel.VERY_DISSATISFIED, RatingLevel.SATISFIED


def closed(by=None, **fields) -> HelpRequest:
    """A request that 朱丽, or another, has closed."""
    people.zhuguan()
    by = by or people.zhuli()
    stored = make_request(claimed_by=by, **fields)
    actions.close(request=stored, by=by, reason=CloseReason.DONE, text="办好了")
    return stored


def revisits(about) -> list[HelpRequest]:
    return list(HelpRequest.objects.filter(about=about, kind=Kind.REVISIT).order_by("id"))


def followed(client, stored, query: str = "") -> str:
    address = f"/help/{stored.reference}/"
    client.post(address, {"act": "open", "last_four": "8000"})
    return unescape(client.get(address + query).content.decode())


def test_the_words_are_the_five_national_ones_none_is_chosen_and_all_look_the_same(client):
    body = followed(client, closed())
    section = re.search(r'<section aria-labelledby="rate">.*?</section>', body, re.DOTALL)[0]
    assert re.findall(r"<span>(.*?)</span>", section) == ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]
    assert "checked" not in section
    assert "不评也没关系" in section


@pytest.mark.parametrize("level", [RatingLevel.FAIRLY_SATISFIED, GOOD, RatingLevel.VERY_SATISFIED])
def test_a_good_one_asks_nobody_to_call(level):
    stored = closed()
    actions.rate(request=stored, level=level, text="")
    assert revisits(stored) == []


@pytest.mark.parametrize("level", [BAD, WORST])
def test_a_bad_one_brings_a_call_with_a_due_date(client, level):
    stored = closed(guide=make_guide(), call_time="morning")
    address = f"/help/{stored.reference}/"
    client.post(address, {"act": "open", "last_four": "8000"})
    client.post(address, {"act": "rate", "level": int(level), "text": "让我跑了三趟"})
    [task] = revisits(stored)
    assert (task.for_supervisor, task.queue_id, task.channel, task.guide, task.area) == (True, TOWNSHIP, "rating", stored.guide, stored.area)
    assert (task.name, task.phone, task.phone_index, task.call_time) == (stored.name, stored.phone, stored.phone_index, "morning")
    assert task.promised_at > task.created_at
    assert "让我跑了三趟" in task.note
    assert [(n.kind, n.to_user) for n in task.notifications.all()] == [(NotificationKind.COMPLAINT, people.zhuguan())]
    body = followed(client, stored)
    assert "园艺镇的主管最晚" in body
    assert "不用打" in body


def test_rating_and_call_come_together_or_not_at_all(monkeypatch):
    stored = closed()
    monkeypatch.setattr("helpdesk.actions.complaining.tell_staff", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        actions.rate(request=stored, level=BAD, text="")
    assert (Rating.objects.count(), len(revisits(stored)), stored.events.filter(kind=EventKind.RATED).count()) == (0, 0, 0)


def test_one_call_for_one_rated_request():
    stored = closed()
    actions.rate(request=stored, level=BAD, text="")
    actions.rate(request=stored, level=WORST, text="真的")
    [task] = revisits(stored)
    assert "改评“非常不满意”" in task.messages.get().text


def test_a_change_of_mind_before_the_call_stays_as_a_note(client):
    stored = closed()
    actions.rate(request=stored, level=BAD, text="")
    assert "改一下评价" in followed(client, stored)
    client.post(f"/help/{stored.reference}/", {"act": "rate", "level": int(GOOD)})
    [task] = revisits(stored)
    assert (task.state, task.messages.get().sender) == ("waiting", "note")
    assert "后来改评“满意”" in task.messages.get().text
    assert Rating.objects.get().level == GOOD


def test_no_call_wanted(client):
    stored = closed()
    actions.rate(request=stored, level=BAD, text="")
    followed(client, stored)
    client.post(f"/help/{stored.reference}/", {"act": "no_call"})
    [task] = revisits(stored)
    assert (task.state, task.events.last().kind) == ("cancelled", EventKind.CANCELLED)
    assert "您说了不用打电话" in followed(client, stored)
    with pytest.raises(NotPossible, match="不会再打"):
        actions.decline_revisit(request=stored)
    actions.rate(request=stored, level=WORST, text="")
    assert len(revisits(stored)) == 1  # declined is declined


def test_after_the_call_the_resident_reads_what_was_put_right(client):
    stored = closed()
    actions.rate(request=stored, level=BAD, text="")
    [task] = revisits(stored)
    actions.claim(request=task, by=people.zhuguan())
    assert "由<b>周主任</b>来打" in followed(client, stored)
    with pytest.raises(NotPossible, match="改了什么"):
        actions.close(request=task, by=people.zhuguan(), reason=CloseReason.DONE, text=" ")
    actions.close(request=task, by=people.zhuguan(), reason=CloseReason.DONE, text="给您补办好了，对不起。")
    assert "给您补办好了" in followed(client, stored)
    task.refresh_from_db()
    assert "rate" not in re.findall(r'id="(\w+)"', followed(client, task))  # a call about a rating is not rated again
    with pytest.raises(NotPossible):
        actions.decline_revisit(request=stored)


def test_opened_again_and_closed_badly_again_is_heard_again():
    stored = closed()
    actions.rate(request=stored, level=BAD, text="")
    actions.cancel(request=revisits(stored)[0])
    actions.reopen(request=stored)
    actions.claim(request=stored, by=people.xiaozhao())
    actions.close(request=stored, by=people.xiaozhao(), reason=CloseReason.DONE, text="")
    actions.rate(request=stored, level=BAD, text="")
    assert [task.state for task in revisits(stored)] == ["cancelled", "waiting"]


def test_a_supervisor_rated_badly_is_called_about_from_one_level_up():
    quzhang()
    stored = closed(by=people.zhuguan())
    actions.rate(request=stored, level=BAD, text="")
    assert revisits(stored)[0].queue_id == DISTRICT


def test_the_rating_is_read_by_supervisors_and_not_by_whom_it_is_about(client):
    stored = closed()
    actions.rate(request=stored, level=GOOD, text="谢谢小朱")
    seen = {user.username: EventKind.RATED in {e.kind for e in trail_for(user, stored)} for user in (people.zhuli(), people.xiaozhao(), people.zhuguan())}
    assert seen == {"zhuli": False, "xiaozhao": False, "zhuguan": True}
    client.force_login(people.zhuli())
    text = page(client, detail(stored))
    assert all(word not in text for word in ("满意", "谢谢小朱", "评价"))
    own = closed(by=people.zhuguan())
    actions.rate(request=own, level=GOOD, text="")
    assert EventKind.RATED not in {e.kind for e in trail_for(people.zhuguan(), own)}


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_once_are_one_call():
    stored = closed()
    start, failures = Barrier(3), []

    def run():
        start.wait()
        try:
            actions.rate(request=HelpRequest.objects.get(pk=stored.pk), level=BAD, text="")
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (len(revisits(stored)), Rating.objects.count()) == (1, 1)
