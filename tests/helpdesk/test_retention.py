"""Personal data of ended requests goes after its time; what remains says what was asked where and when."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from guides.models import SearchMiss
from helpdesk import actions, retention
from helpdesk.models import Attachment, CloseReason, HelpRequest, Message, RatingLevel
from helpdesk.retention import REQUESTS, due_for_scrubbing, outdated_misses, scrub
from menpai import throttle
from menpai.models import Attempt
from tests.factories import make_guide, make_request
from tests.people import zhuli

pytestmark = pytest.mark.django_db

OPENED = "2026-11-02 09:00+08:00"
PERSONAL = {"name": "张翠兰", "phone": "13912345678", "relation": "儿媳", "note": "住三单元，腿不好"}


@pytest.fixture
def closed() -> HelpRequest:
    """Asked, claimed, talked about, closed and rated on 2 November."""
    with time_machine.travel(OPENED):
        request = make_request(guide=make_guide(papers=("身份证",)), papers=(("身份证", "原件1份"),), claimed_by=zhuli(), for_someone=True, wish="遛狗证", **PERSONAL)
        actions.write_message(request=request, by=zhuli(), text="张翠兰您好")
        actions.reply(request=request, text="我是她儿媳")
        actions.write_note(request=request, by=zhuli(), text="住三单元")
        actions.close(request=request, by=zhuli(), reason=CloseReason.DONE, text="张翠兰已办好")
        actions.rate(request=request, level=RatingLevel.SATISFIED, text="谢谢小朱")
    return request


def days_later(days: float):
    return HelpRequest.objects.get().closed_at + timedelta(days=days)


def stored_text() -> str:
    """Every column of every table of this room, as the database holds it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("helpdesk_"):
                cursor.execute(f'SELECT * FROM "{table}"')
                found.append(str(cursor.fetchall()))
    return "".join(found)


def ciphertexts() -> int:
    return stored_text().count("gAAAA")  # every Fernet token begins so


def test_due_after_the_days_of_the_setting_and_not_before(closed, settings):
    settings.RETENTION_DAYS = 30
    assert list(due_for_scrubbing(days_later(29.99))) == []
    assert list(due_for_scrubbing(days_later(30))) == []
    assert list(due_for_scrubbing(days_later(30.01))) == [closed]
    settings.RETENTION_DAYS = 10
    assert list(due_for_scrubbing(days_later(10.01))) == [closed]


def test_an_open_request_is_never_due(closed):
    far = timezone.now() + timedelta(days=3650)
    make_request()
    make_request(claimed_by=zhuli())
    make_request(row={"closed_at": closed.closed_at})  # its state decides, not a date left behind
    assert list(due_for_scrubbing(far)) == [closed]
    actions.reopen(request=closed)
    assert list(due_for_scrubbing(far)) == []


def test_a_cancelled_request_is_due_too():
    request = make_request()
    actions.cancel(request=request)
    assert list(due_for_scrubbing(timezone.now() + timedelta(days=31))) == [request]


def test_everything_of_a_person_goes_messages_and_rating_text_too(closed):
    assert ciphertexts() == 4 + 1 + 3 + 1  # four fields, the closing text, three messages, the rating's text
    assert closed.phone_index in stored_text()
    assert scrub(days_later(31)) == 1
    row = HelpRequest.objects.get()
    assert (row.name, row.phone, row.phone_index, row.relation, row.note, row.close_text) == ("", "", "", "", "", "")
    assert row.wish is None  # what they searched for stays known, that it was they does not
    assert SearchMiss.objects.get().text == "遛狗证"
    assert Message.objects.count() == 0
    assert row.rating.text == ""
    assert ciphertexts() == 0
    assert closed.phone_index not in stored_text()


def test_what_was_asked_where_and_when_remains(closed):
    scrub(days_later(31))
    row = HelpRequest.objects.get()
    kept = ("reference", "kind", "guide_id", "area_id", "queue_id", "state", "created_at", "promised_at", "closed_at", "close_reason", "owner_id")
    assert {name: getattr(row, name) for name in kept} == {name: getattr(closed, name) for name in kept}
    assert row.rating.level == RatingLevel.SATISFIED
    assert [event.kind for event in row.events.all()] == ["submitted", "claimed", "messaged", "replied", "noted", "closed", "rated"]
    assert row.papers.count() == 1


def test_the_trail_of_events_holds_nothing_personal(closed):
    said = " ".join(f"{event.detail} {event.by_name}" for event in closed.events.all())
    for personal in (*PERSONAL.values(), "5678", "谢谢小朱"):
        assert personal not in said


def test_a_second_run_has_nothing_to_do(closed):
    assert scrub(days_later(31)) == 1
    assert scrub(days_later(31)) == 0


def test_many_are_scrubbed_in_batches():
    for _ in range(5):
        actions.cancel(request=make_request())
    now = timezone.now() + timedelta(days=31)
    assert [scrub(now, batch=2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_scrubbed_request_can_no_longer_be_opened(closed, client):
    scrub(days_later(31))
    for digits in ("5678", "0000"):
        response = client.post(f"/help/{closed.reference}/", {"act": "open", "last_four": digits})
        assert response.status_code == 200
        assert "对不上" in response.content.decode()


def run(*arguments) -> str:
    out = StringIO()
    call_command("scrub_requests", *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_says_how_many_and_changes_nothing(closed):
    with time_machine.travel(days_later(31)):
        before = stored_text()
        assert "1" in run("--dry-run")
        assert stored_text() == before


def test_the_command_scrubs_all_that_is_due(closed):
    with time_machine.travel(days_later(31)):
        make_request()  # open: stays
        assert "1" in run()
        assert "gAAAA" in stored_text()
        assert due_for_scrubbing(timezone.now()).count() == 0
    assert HelpRequest.objects.exclude(phone_index="").count() == 1


def test_a_search_stays_while_somebody_waits_to_hear_of_it_and_goes_after(closed):
    far = timezone.localdate(days_later(400))
    assert list(outdated_misses(far)) == []
    scrub(days_later(31))
    assert [miss.text for miss in outdated_misses(far)] == ["遛狗证"]
    with time_machine.travel(days_later(400)):
        run()
    assert SearchMiss.objects.count() == 0


def test_the_command_deletes_old_searches_and_expired_limits(closed):
    old = days_later(0).date() - timedelta(days=60)
    SearchMiss.objects.create(text="张翠兰", count=1, first_on=old, last_on=old)
    throttle.allow("miss", "203.0.113.7", limit=1, minutes=1)
    Attempt.objects.update(expires_at=days_later(0))
    with time_machine.travel(days_later(1)):
        throttle.allow("miss", "203.0.113.8", limit=1, minutes=60)
        name = SearchMiss._meta.verbose_name
        assert f"{name}：到期待删 1 条" in run("--dry-run")
        assert f"{name}：删了 1 条" in run()
    assert list(SearchMiss.objects.values_list("text", flat=True)) == ["遛狗证"]
    assert Attempt.objects.count() == 1


def test_a_run_that_is_killed_between_batches_has_kept_what_it_did_and_the_next_goes_on(monkeypatch):
    for _ in range(5):
        actions.cancel(request=make_request())
    later = timezone.now() + timedelta(days=31)
    real, seen = retention.scrub_requests, []

    def killed_at_the_second(keys, now):
        real(keys, now)
        seen.append(keys)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(retention, "scrub_requests", killed_at_the_second)
    with time_machine.travel(later):
        with pytest.raises(KeyboardInterrupt):
            run("--batch=2")
        assert due_for_scrubbing(later).count() == 3  # the batch that was killed in its middle is whole again
        monkeypatch.undo()
        assert "诉求：删了 3 条" in run("--batch=2")
    assert HelpRequest.objects.exclude(phone_index="").count() == 0


def test_a_limit_is_kept_and_the_rest_is_for_the_next_run():
    for _ in range(5):
        actions.cancel(request=make_request())
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert "到了这次的上限 3 条" in run("--limit=3", "--batch=2")
        assert due_for_scrubbing(timezone.now()).count() == 2
        assert "诉求：删了 2 条" in run("--limit=3")


def test_one_that_is_opened_again_while_its_batch_is_taken_is_not_emptied(closed):
    later = days_later(31)
    keys = list(REQUESTS.due(later).values_list("pk", flat=True))
    actions.reopen(request=closed)
    REQUESTS.drop(keys, later)
    closed.refresh_from_db()
    assert (closed.phone, closed.messages.count()) == (PERSONAL["phone"], 3)


def test_a_note_written_after_the_scrubbing_goes_in_the_next_run(closed):
    scrub(days_later(31))
    actions.write_note(request=closed, by=zhuli(), text="张翠兰又来问过")
    with time_machine.travel(days_later(32)):
        run()
    assert Message.objects.count() == 0


def test_what_was_scrubbed_is_not_opened_again_nor_rated(closed):
    """There is no number left to call, and what would be written would stay."""
    scrub(days_later(31))
    closed.refresh_from_db()
    with pytest.raises(actions.NotPossible, match="已经删了"):
        actions.reopen(request=closed)
    with pytest.raises(actions.NotPossible, match="已经删了"):
        actions.rate(request=closed, level=RatingLevel.SATISFIED, text="谢谢小朱")


def test_a_photo_of_a_scrubbed_request_is_due_at_once(closed):
    late = Attachment.objects.create(request=closed, kind="image", size=1, purpose="仅供", delete_on=timezone.localdate(days_later(90)))
    scrub(days_later(31))
    late.refresh_from_db()
    assert late.delete_on == timezone.localdate(days_later(31))
