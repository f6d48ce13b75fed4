"""预审: each paper is in order, missing or not acceptable, with a reason that the resident reads before the trip."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guides.models import Refusal
from helpdesk import actions
from helpdesk.actions import Check, NotPossible
from helpdesk.models import CloseReason, EventKind, Paper, PaperState
from helpdesk.retention import scrub
from tests import people
from tests.factories import make_guide, make_request
from tests.helpdesk.desk import QUEUE, checked, detail, kinds, page, press, told
from tests.helpdesk.photos import CARD, sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private")]


@pytest.fixture
def mine(zhuli):
    return make_request(claimed_by=zhuli, papers=CARD)


def found_of(stored) -> list[tuple]:
    return list(stored.papers.values_list("state", "reason"))


def check(stored, **found):
    """By the names card and book."""
    keys = dict(zip(("card", "book"), stored.papers.values_list("pk", flat=True), strict=True))
    return actions.check_papers(request=stored, by=people.zhuli(), found={keys[name]: result for name, result in found.items()})


def fields(paper: Paper, state: str, reason: str = "", remark: str = "", **more) -> dict:
    return {f"state_{paper.pk}": state, f"reason_{paper.pk}": reason, f"remark_{paper.pk}": remark, **{f"{k}_{paper.pk}": v for k, v in more.items()}}


# ---- the verb


def test_each_paper_gets_its_own_result_and_the_story_counts_them(mine):
    check(mine, card=Check(state=PaperState.BAD, reason="unclear", remark="反面也要拍"), book=Check(state=PaperState.MISSING))
    assert found_of(mine) == [("bad", "unclear"), ("missing", "")]
    card = mine.papers.first()
    assert (card.remark, card.checked_by) == ("反面也要拍", people.zhuli())
    assert card.checked_at is not None
    event = mine.events.last()
    assert (event.kind, event.detail) == (EventKind.PAPER_TICKED, "缺 1 样，不合格 1 样")  # no word of the remark


def test_nothing_changed_is_nothing_noted_and_what_is_not_named_stays(mine):
    check(mine, card=Check(state=PaperState.OK))
    check(mine, card=Check(state=PaperState.OK))
    check(mine)
    assert kinds(mine).count("paper_ticked") == 1
    check(mine, book=Check(state=PaperState.OK))
    assert found_of(mine) == [("ok", ""), ("ok", "")]


def test_not_acceptable_needs_a_reason_and_nothing_of_that_saving_is_kept(mine):
    with pytest.raises(NotPossible, match="户口簿”不合格，要选哪里不行"):
        check(mine, card=Check(state=PaperState.OK), book=Check(state=PaperState.BAD))
    assert found_of(mine) == [("unchecked", ""), ("unchecked", "")]
    with pytest.raises(IntegrityError), transaction.atomic():
        mine.papers.update(state="bad")


def test_a_reason_goes_when_the_paper_is_in_order(mine):
    check(mine, card=Check(state=PaperState.BAD, reason="expired"))
    check(mine, card=Check(state=PaperState.OK, reason="expired"))
    assert found_of(mine)[0] == ("ok", "")


def test_seeing_the_original_needs_no_photo_and_is_remembered_with_its_time(mine):
    check(mine, card=Check(state=PaperState.OK, original_seen=True))
    first = mine.papers.first().original_seen_at
    assert first is not None
    assert mine.attachments.count() == 0
    check(mine, card=Check(state=PaperState.OK, original_seen=True, remark="复印件也有"))
    assert mine.papers.first().original_seen_at == first


def test_whoever_calls_learns_what_is_newly_refused(mine):
    """What the owner may have counted for the guide: each refusal once."""
    refused = check(mine, card=Check(state=PaperState.BAD, reason="unclear"), book=Check(state=PaperState.OK))
    assert [paper.name for paper in refused] == ["身份证"]
    assert check(mine, card=Check(state=PaperState.BAD, reason="unclear", remark="再拍")) == []
    assert [paper.name for paper in check(mine, card=Check(state=PaperState.BAD, reason="expired"))] == ["身份证"]


def test_what_is_not_acceptable_counts_for_the_guide_once_and_what_is_missing_does_not(zhuli):
    stored = make_request(claimed_by=zhuli, guide=make_guide(papers=("居民身份证", "户口簿")), case="who=self", papers=CARD)
    for _ in range(2):
        check(stored, card=Check(state=PaperState.BAD, reason="unclear", remark="张翠兰的"), book=Check(state=PaperState.MISSING))
    refusal = Refusal.objects.get()
    assert (refusal.material, refusal.reason, refusal.case, refusal.at) == (CARD[0][0], "unclear", "who=self", "precheck")


def test_papers_of_another_request_stay_untouched(mine):
    other = make_request(claimed_by=people.zhuli(), papers=CARD)
    actions.check_papers(request=mine, by=people.zhuli(), found={other.papers.first().pk: Check(state=PaperState.OK)})
    assert found_of(other) == [("unchecked", ""), ("unchecked", "")]
    assert kinds(mine) == ["submitted", "claimed"]


def test_a_remark_is_ciphertext_and_goes_with_the_persons_data(mine):
    check(mine, card=Check(state=PaperState.MISSING, remark="她说在女儿家"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT remark FROM helpdesk_paper WHERE remark <> ''")
        assert cursor.fetchone()[0].startswith("gAAAA")
    actions.close(request=mine, by=people.zhuli(), reason=CloseReason.DONE, text="")
    scrub(timezone.now() + timedelta(days=31))
    assert list(mine.papers.values_list("state", "remark")) == [("missing", ""), ("unchecked", "")]


# ---- the desk's form


def test_three_choices_a_paper_and_what_was_chosen_stands_there(client, mine):
    card, book = mine.papers.all()
    text = page(client, detail(mine))
    assert text.count(f'name="state_{card.pk}"') == 3
    response = press(client, mine, "papers", **fields(card, "ok", original="on"), **fields(book, "bad", "expired", "换新的"))
    assert "材料记下了" in told(client, response)
    assert found_of(mine) == [("ok", ""), ("bad", "expired")]
    text = page(client, detail(mine))
    assert f'id="papers_state_{card.pk}_0" checked' in text
    assert f'id="papers_state_{book.pk}_2" checked' in text
    assert 'value="expired" selected' in text
    assert 'value="换新的"' in text
    assert mine.papers.first().original_seen_at is not None


def test_a_missing_reason_is_asked_for_and_nothing_typed_is_lost(client, mine):
    card, book = mine.papers.all()
    text = checked(press(client, mine, "papers", **fields(card, "bad", remark="反面没拍"), **fields(book, "ok")))
    assert "选一下哪里不行" in text
    assert f'id="papers_state_{card.pk}_2" checked' in text
    assert f'id="papers_state_{book.pk}_0" checked' in text
    assert 'value="反面没拍"' in text
    assert found_of(mine) == [("unchecked", ""), ("unchecked", "")]


def test_a_paper_left_open_stays_unchecked(client, mine):
    card, _ = mine.papers.all()
    press(client, mine, "papers", **fields(card, "missing"))
    assert found_of(mine) == [("missing", ""), ("unchecked", "")]


@pytest.mark.parametrize(("state", "reason"), [("unchecked", ""), ("perfect", ""), ("bad", "ugly"), ("bad", "absent")])
def test_only_what_is_offered_can_be_chosen(client, mine, state, reason):
    checked(press(client, mine, "papers", **fields(mine.papers.first(), state, reason)))
    assert found_of(mine)[0] == ("unchecked", "")


def test_an_identity_number_in_a_remark_is_refused(client, mine):
    text = checked(press(client, mine, "papers", **fields(mine.papers.first(), "missing", remark="640202194503071228")))
    assert "身份证" in text
    assert found_of(mine)[0] == ("unchecked", "")


def test_a_new_photo_has_to_be_judged_afresh(client, mine):
    """Saving the other papers does not say that somebody looked at it."""
    card, book = mine.papers.all()
    check(mine, card=Check(state=PaperState.BAD, reason="unclear"))
    sent(mine, card)
    text = page(client, detail(mine))
    assert "有新照片" in text
    assert f'id="papers_state_{card.pk}_2" checked' not in text
    press(client, mine, "papers", **fields(card, "", "unclear"), **fields(book, "ok"))
    assert "有新照片" in page(client, detail(mine))
    press(client, mine, "papers", **fields(card, "bad", "unclear"), **fields(book, "ok"))  # looked, and still not
    assert "有新照片" not in page(client, detail(mine))


def test_the_queue_says_where_a_new_photo_waits(client, mine):
    card, _ = mine.papers.all()
    make_request(claimed_by=people.zhuli(), papers=CARD)
    sent(mine, card, by=people.zhuli())  # her own is nothing new to her
    assert "有新照片" not in page(client, QUEUE)
    check(mine, card=Check(state=PaperState.OK))
    photo = sent(mine, card)
    assert page(client, QUEUE).count("有新照片") == 1
    check(mine, card=Check(state=PaperState.BAD, reason="unclear"))
    assert "有新照片" not in page(client, QUEUE)
    again = sent(mine, card)
    assert page(client, QUEUE).count("有新照片") == 1
    for gone in (photo, again):
        actions.delete_file(attachment=gone)
    assert "有新照片" not in page(client, QUEUE)


def test_a_colleague_reads_the_result_and_has_no_form(client, mine):
    check(mine, card=Check(state=PaperState.BAD, reason="unclear", remark="反面"))
    client.force_login(people.xiaozhao())
    text = page(client, detail(mine))
    assert "不合格" in text and "看不清" in text
    assert f'name="state_{mine.papers.first().pk}"' not in text


@pytest.mark.nothing_kept
def test_as_many_queries_for_one_paper_as_for_five(client, zhuli):
    counts = []
    for number in (1, 5):
        stored = make_request(claimed_by=zhuli, papers=tuple((f"材料{n}", "") for n in range(number)))
        for paper in stored.papers.all():
            sent(stored, paper)
        with CaptureQueriesContext(connection) as queries:
            page(client, detail(stored))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# ---- what was ticked before


@pytest.mark.django_db(transaction=True)
def test_what_was_ticked_as_ready_is_in_order_now():
    """Whole databases exist with the old tick."""
    try:
        old = MigrationExecutor(connection)
        old.migrate([("helpdesk", "0003_desk")])
        apps = old.loader.project_state([("helpdesk", "0003_desk")]).apps
        stored = make_old_request(apps)
        papers = apps.get_model("helpdesk", "Paper").objects
        papers.create(request_id=stored, name="身份证", ready=True)
        papers.create(request_id=stored, name="户口簿", ready=False)
    finally:
        new = MigrationExecutor(connection)
        new.migrate(new.loader.graph.leaf_nodes())
    assert list(Paper.objects.values_list("name", "state")) == [("身份证", "ok"), ("户口簿", "unchecked")]


def make_old_request(apps) -> int:
    area = apps.get_model("guides", "Area").objects.create(code="640205000000", name="惠农区", level="district")
    now = timezone.now()
    fields = {"submission_key": uuid.uuid4(), "area": area, "queue": area, "phone_index": "x", "consent_version": "x", "consent_at": now}
    return apps.get_model("helpdesk", "HelpRequest").objects.create(reference="123456789", created_at=now, promised_at=now, **fields).pk
