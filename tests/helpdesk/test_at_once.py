"""A request is stored by one statement on PostgreSQL or by several anywhere: the same rows, all of them or none, counted once, told to whom the roster names now."""

from collections import Counter
from datetime import UTC, datetime
from threading import Barrier, Thread
from uuid import uuid4

import pytest
import time_machine
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorplates.models import Doorplate
from guides.models import Area, Guide
from helpdesk import actions, at_once, notifications
from helpdesk.actions import asking
from helpdesk.models import Event, HelpRequest, Kind, Notification, NotificationKind, Paper, Robot, new_reference
from menpai import throttle
from menpai.encryption import blind_index
from menpai.models import Attempt
from tests import people
from tests.factories import SHUIYUN, make_area, make_guide, make_plate, make_posting, make_submission, make_user

pytestmark = pytest.mark.django_db(transaction=True)

MODELS = (HelpRequest, *at_once.BELONGING)
MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
PHONE = "13800138009"


@pytest.fixture(autouse=True)
def village():
    """Two helpers and their group; this process has seen them."""
    people.zhuli(), people.xiaozhao()
    Robot.objects.create(name="群", area=make_area(SHUIYUN), kind="wecom", address="https://qyapi.weixin.qq.com/x")
    actions.submit(make_submission(make_area(SHUIYUN)))


@pytest.fixture
def ways(monkeypatch) -> list[bool]:
    """Of each request from now on, whether one statement stored it."""
    taken = []

    def watched(draft, **how):
        stored = real(draft, **how)
        taken.append(stored is not None)
        return stored

    real = at_once.store
    monkeypatch.setattr(at_once, "store", watched)
    return taken


def ask(**fields) -> HelpRequest:
    return actions.submit(make_submission(make_area(SHUIYUN), **fields))


def tried(who: str = "203.0.113.7", *, limit: int = 30) -> throttle.Try:
    return throttle.Try("help", who, limit=limit, minutes=60)


def counts() -> list[int]:
    return [model.objects.count() for model in MODELS]


def rows_of(request: HelpRequest) -> dict:
    """Every column of every row, but for keys and what is drawn at random."""
    found = {HelpRequest: HelpRequest.objects.filter(pk=request.pk)} | {model: model.objects.filter(request=request) for model in at_once.BELONGING}
    return {
        model.__name__: [
            {
                field.attname: str(value).replace(request.reference, "number") if isinstance(value := getattr(row, field.attname), str) else value
                for field in model._meta.concrete_fields
                if not field.primary_key and field.attname not in ("request_id", "submission_key")
            }
            for row in rows.order_by("pk")
        ]
        for model, rows in found.items()
    }


words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
asked = st.fixed_dictionaries({
    "kind": st.sampled_from([Kind.ADVICE, Kind.HOME, Kind.VIDEO]),
    "name": words.filter(bool),
    "note": words,
    "relation": words,
    "for_someone": st.booleans(),
    "papers": st.lists(st.tuples(words, words), max_size=5).map(tuple),
    "principal_name": words,
    "principal_phone": st.sampled_from(["", PHONE]),
    "channel": st.sampled_from(["web", "phone"]),
})  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=asked, by_staff=st.booleans(), with_guide=st.booleans())
def test_one_statement_and_several_write_the_same_rows(ways, fields, by_staff, with_guide):
    by = people.zhuli() if by_staff else None
    guide = None
    if with_guide:
        guide = Guide.objects.filter(slug="yibao-001").first() or make_guide("yibao-001")
        fields |= {"case": "who=agent", "doorplate": Doorplate.objects.first() or make_plate()}
    with time_machine.travel(MONDAY, tick=False):
        usual, inside = make_submission(make_area(SHUIYUN), guide=guide, **fields), make_submission(make_area(SHUIYUN), guide=guide, **fields)
        actions.submit(make_submission(make_area(SHUIYUN)))  # the board of this half-day is seen
        ways.clear()
        one = actions.submit(usual, by=by)
        with transaction.atomic():
            other = actions.submit(inside, by=by)
    assert ways == ([True] if connection.vendor == "postgresql" else [])
    assert rows_of(one) == rows_of(other)
    assert one.pk == HelpRequest.objects.get(reference=one.reference).pk
    assert [paper.name for paper in one.papers.all()] == [name for name, _ in fields["papers"]]


@pytest.mark.parametrize("address", ["/help/new/", "/elder/help/new/", "/help/callback/"])
def test_a_residents_form_goes_by_the_one_statement(client, ways, address):
    form = {"name": "王阿姨", "phone": PHONE, "consent": "on", "area": SHUIYUN, "submission_key": str(uuid4())}
    with CaptureQueriesContext(connection) as asked:
        assert client.post(address, form).status_code == 302
    stored = HelpRequest.objects.get(channel="web", phone_index=blind_index(PHONE))
    assert Notification.objects.filter(request=stored).count() == 4
    assert Attempt.objects.get().count == 1
    if connection.vendor == "postgresql":
        assert ways == [True]
        assert not [query["sql"] for query in asked if not query["sql"].startswith("SELECT")]


def test_nothing_personal_is_written_as_it_is(ways):
    request = ask(name="欧阳魑娟", phone=PHONE, relation="外甥女", note="住院三个月", principal_name="司空魑", principal_phone="13900139008")
    assert ways == ([True] if connection.vendor == "postgresql" else [])
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM helpdesk_helprequest JOIN helpdesk_principal p ON p.request_id = helpdesk_helprequest.id WHERE helpdesk_helprequest.id = %s", [request.pk])
        written = repr(cursor.fetchall())
    assert not [word for word in ("欧阳魑娟", PHONE, "外甥女", "住院", "司空魑", "13900139008") if word in written]
    assert HelpRequest.objects.get(pk=request.pk).name == "欧阳魑娟"


SPOILT = {
    "two notifications with one mark": lambda told: [*told, told[0]],
    "a notification to two at once": lambda told: [{**told[0], "to_resident": True}],
    "a notification to nobody that is": lambda told: [{**told[0], "to_user_id": 987654}],  # seen at the commit only
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_all_or_nothing_and_the_try_is_counted_once(monkeypatch, ways, spoil):
    before, real = counts(), notifications.of_new
    monkeypatch.setattr(notifications, "of_new", lambda *args, **kwargs: spoil(real(*args, **kwargs)))
    monkeypatch.setattr(asking, "TRIES", 2)
    with pytest.raises((RuntimeError, IntegrityError)):
        actions.submit(make_submission(make_area(SHUIYUN), papers=(("身份证", "原件1份"),)), attempt=tried())
    assert True not in ways
    assert counts() == before
    assert Attempt.objects.get().count == 1


def test_a_paper_that_does_not_fit_stores_nothing(ways):
    if connection.vendor != "postgresql":  # SQLite has no lengths
        assert ask(papers=(("长" * 81, ""),)).papers.count() == 1
        return
    before = counts()
    with pytest.raises(DataError):
        ask(papers=(("身份证", ""), ("长" * 81, "")))
    assert (counts(), ways) == (before, [False])


def test_the_same_form_again_is_the_first_request_and_counts_as_a_try(ways):
    key, tries = uuid4(), [tried(), tried()]
    first, second = (actions.submit(make_submission(make_area(SHUIYUN), submission_key=key), attempt=attempt) for attempt in tries)
    assert (second.pk, second.reference) == (first.pk, first.reference)
    assert HelpRequest.objects.filter(submission_key=key).count() == 1
    assert Event.objects.filter(request=first).count() == 1
    assert Attempt.objects.get().count == 2


def together(act, count: int) -> list:
    """What `act` gave or raised in that many threads at one moment, each on a line of its own."""
    start, said = Barrier(count), []

    def one():
        try:
            start.wait()
            said.append(act())
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            said.append(error)
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_the_same_form_many_times_at_one_moment_is_one_request():
    form = make_submission(make_area(SHUIYUN), papers=(("身份证", ""),))
    before = counts()
    said = together(lambda: actions.submit(form).reference, 6)
    assert said == [HelpRequest.objects.get(submission_key=form.submission_key).reference] * 6
    assert [now - was for now, was in zip(counts(), before, strict=True)] == [1, 1, 0, 1, 4]


def test_of_all_forms_at_one_moment_as_many_are_stored_as_the_limit_says_and_all_are_counted():
    area, before = make_area(SHUIYUN), HelpRequest.objects.count()

    def send_five() -> Counter:
        said = Counter()
        for _ in range(5):
            try:
                actions.submit(make_submission(area), attempt=tried(limit=7))
                said["stored"] += 1
            except throttle.TooMany:
                said["refused"] += 1
        return said

    assert sum(together(send_five, 6), Counter()) == {"stored": 7, "refused": 23}
    assert HelpRequest.objects.count() - before == 7
    assert Attempt.objects.get().count == 30


def test_a_form_that_is_refused_for_its_words_counts_too():
    guide = make_guide("yibao-001", agency="accompany")
    with pytest.raises(actions.NotPossible):
        actions.submit(make_submission(make_area(SHUIYUN), guide=guide, kind=Kind.AGENT), attempt=tried(limit=1))
    with pytest.raises(throttle.TooMany):  # the limit speaks first
        actions.submit(make_submission(make_area(SHUIYUN), guide=guide, kind=Kind.AGENT), attempt=tried(limit=1))
    assert Attempt.objects.get().count == 2


def test_a_number_that_is_taken_is_drawn_again(monkeypatch):
    taken, free = HelpRequest.objects.get().reference, new_reference()
    drawn = iter([taken, taken, free])
    monkeypatch.setattr(asking, "new_reference", lambda: next(drawn))
    stored = actions.submit(make_submission(make_area(SHUIYUN)), attempt=tried())
    assert HelpRequest.objects.get(pk=stored.pk).reference in (taken, free) and stored.reference == free
    assert Attempt.objects.get().count == 1


def test_who_was_posted_a_moment_ago_is_told_and_the_try_is_counted_once(ways):
    ask()
    new = make_user("xinren", role=people.Role.ASSISTANT)
    make_posting(new, SHUIYUN)
    stored = actions.submit(make_submission(make_area(SHUIYUN)), attempt=tried())
    assert Notification.objects.filter(request=stored, to_user=new, kind=NotificationKind.NEW).exists()
    assert Attempt.objects.get().count == 1
    assert ways == ([True, False] if connection.vendor == "postgresql" else [])


def test_when_everybody_has_gone_the_supervisors_hear_of_it():
    people.zhuguan()
    for user in (people.zhuli(), people.xiaozhao()):
        user.is_active = False
        user.save()
    for _ in range(2):  # the second by a board that was seen
        stored = actions.submit(make_submission(Area.objects.get(pk=SHUIYUN)))
        assert Event.objects.filter(request=stored, kind="alarmed").count() == 1


def test_in_a_transaction_of_somebody_else_it_goes_with_it():
    form, before = make_submission(make_area(SHUIYUN)), counts()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        actions.submit(form)
        raise ZeroDivisionError
    assert counts() == before


def test_a_line_that_broke_while_it_was_kept_costs_nobody_their_request(ways):
    form = make_submission(make_area(SHUIYUN), papers=(("身份证", ""),))
    if connection.vendor == "postgresql":
        pid = connection.connection.info.backend_pid
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])
        other.close()
    stored = actions.submit(form, attempt=tried())
    assert Paper.objects.filter(request=stored).count() == 1
    assert Attempt.objects.get().count == 1
    assert ways == ([False] if connection.vendor == "postgresql" else [])


def test_its_plan_is_made_once():
    connection.close()  # on a line of its own: what another test prepared is not counted below
    for _ in range(3):
        actions.submit(make_submission(make_area(SHUIYUN)), attempt=tried())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'menpai_request_counted'")
            assert cursor.fetchall() == [(3, 0)]
