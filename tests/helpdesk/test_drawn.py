"""Cards and frames of the queue that are kept: the page is always the one that would be drawn anew, for each reader, and changes at once with what it shows."""

import random
import re
from dataclasses import fields, replace
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from guides.models import Area, Guide
from helpdesk import actions, cards, drawn
from helpdesk.access import recognise
from helpdesk.models import CloseReason, EventKind, HelpRequest, Kind, Message, Posting
from menpai.encryption import encrypt
from tests import people
from tests.factories import SHUIYUN, XIAZHUANGZI, YUANYI, make_absence, make_area, make_guide, make_plate, make_request
from tests.helpdesk.desk import QUEUE, page
from tests.helpdesk.photos import CARD, sent

pytestmark = pytest.mark.django_db
OF_THE_READER = re.compile(r'(name="csrfmiddlewaretoken" value)="[^"]{64}"')
READERS = (people.zhuli, people.xiaozhao, people.limei, people.zhenbang, people.zhuli2, people.zhuguan, people.quzhuguan, people.guanjia)


@pytest.fixture(autouse=True)
def nothing_drawn():
    drawn._cards.clear(), drawn._frames.clear()


def seen_by(user, address: str = QUEUE) -> str:
    client = Client()
    client.force_login(user)
    text = client.get(address).content.decode()
    assert "\0" not in text
    return OF_THE_READER.sub(r"\1", text)


def drawn_anew(user) -> str:
    nothing = pytest.MonkeyPatch()
    with nothing.context() as patch:
        for store in (drawn._cards, drawn._frames):
            patch.setattr(store, "get", lambda key: None)
        return seen_by(user)


def any_request(dice: random.Random, guides: list[Guide], plate) -> HelpRequest:
    """One of those that a desk may hold."""
    area = make_area(dice.choice((SHUIYUN, SHUIYUN, YUANYI, XIAZHUANGZI)))
    helpers = [user for user in (people.zhuli(), people.xiaozhao()) if area.pk == SHUIYUN]
    about = {"guide": dice.choice([None, *guides])} | ({"doorplate": plate} if area.pk == SHUIYUN and dice.random() < 0.3 else {})
    if about["guide"] is None and dice.random() < 0.5:
        about["wish"] = dice.choice(("遛狗证", "养<猫>证"))
    kind = dice.choice((Kind.ADVICE, Kind.ACCOMPANY, Kind.HOME))
    now = timezone.now()
    row = {"promised_at": now + timedelta(minutes=dice.randint(-3000, 6000)), "escalation": dice.choice((0, 0, 1)), "reopened": dice.choice((0, 0, 1))}
    stored = make_request(area, name=dice.choice(("王阿姨", "<b>李叔", "")), kind=kind, claimed_by=dice.choice([None, *helpers]), row=row, papers=CARD, **about)
    if dice.random() < 0.3:
        actions.reply(request=stored, text="有人吗")
    if dice.random() < 0.2:
        sent(stored, stored.papers.first())
    if stored.owner_id and dice.random() < 0.5:
        HelpRequest.objects.filter(pk=stored.pk).update(visit_at=now + timedelta(hours=dice.randint(1, 50)), contacted_at=now)
    if stored.owner_id and dice.random() < 0.2:
        HelpRequest.objects.filter(pk=stored.pk).update(paused_at=now, pause_reason="papers", minutes_left=60, resume_on=timezone.localdate() + timedelta(days=2))
    if stored.owner_id and dice.random() < 0.3:
        actions.write_message(request=stored, by=stored.owner, text="在")
    return stored


@pytest.mark.parametrize("seed", range(4))
def test_whoever_looked_before_each_reader_sees_what_would_be_drawn_for_them(private, seed):
    dice = random.Random(seed)  # noqa: S311 - no secret
    guides, plate = [make_guide("yibao-001"), make_guide("yibao-002", plain_title="办<低>保")], make_plate()
    for person in READERS:
        person()
    if seed % 2:
        make_absence(people.zhuli(), timezone.localdate(), timezone.localdate() + timedelta(days=3))
    for _ in range(12):
        any_request(dice, guides, plate)
    with time_machine.travel(timezone.now(), tick=False):
        users = [person() for person in READERS]
        anew = {user.pk: drawn_anew(user) for user in users}
        for _ in range(2):
            for user in dice.sample(users, len(users)):
                assert seen_by(user) == anew[user.pk], user
    assert len(drawn._cards) > 12  # so some were shown from there, and not one form to all


def correct(stored: HelpRequest) -> None:
    HelpRequest.objects.filter(pk=stored.pk).update(name=encrypt("刘叔"))


# By as little as can be, and never through our own code: what reads the database anew sees it.
CHANGES = {
    "claimed": lambda r: actions.claim(request=r, by=people.zhuli()),
    "claimed by a colleague": lambda r: actions.claim(request=r, by=people.xiaozhao()),
    "cancelled": lambda r: actions.cancel(request=r),
    "written to": lambda r: actions.reply(request=r, text="有人吗"),
    "answered on the phone": lambda r: Message.objects.create(request=r, sender="resident", by=None, text="好", read_at=timezone.now()),
    "another name": correct,
    "another phone": lambda r: HelpRequest.objects.filter(pk=r.pk).update(phone=encrypt("13911112222")),
    "a photo": lambda r: sent(r, r.papers.first()),
    "late": lambda r: HelpRequest.objects.filter(pk=r.pk).update(promised_at=r.created_at - timedelta(hours=1)),
    "escalated": lambda r: HelpRequest.objects.filter(pk=r.pk).update(promised_at=r.created_at - timedelta(hours=1), escalation=2),
    "reopened": lambda r: HelpRequest.objects.filter(pk=r.pk).update(reopened=1),
    "for a steward": lambda r: HelpRequest.objects.filter(pk=r.pk).update(for_steward=True),
    "another kind": lambda r: HelpRequest.objects.filter(pk=r.pk).update(kind="home"),
    "another guide": lambda r: HelpRequest.objects.filter(pk=r.pk).update(guide=make_guide("yibao-009", plain_title="办社保卡")),
    "the guide's title": lambda r: Guide.objects.filter(pk=r.guide_id).update(plain_title="办医保卡"),
    "the guide has changed": lambda r: (
        HelpRequest.objects.filter(pk=r.pk).update(guide_revision=0), r.events.create(kind=EventKind.GUIDE_CHANGED, by_name="系统", detail="")
    ),
    "the village's name": lambda r: Area.objects.filter(pk=SHUIYUN).update(name="新水村村民委员会"),
    "the reader's name": lambda r: get_user_model().objects.filter(username="zhuli").update(first_name="朱莉"),
    "the reader's post": lambda r: Posting.objects.filter(user=people.zhuli()).update(is_steward=True),
    "the reader's second post": lambda r: Posting.objects.create(user=people.zhuli(), area=make_area(YUANYI)),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_at_once(private, change):
    reader, _ = people.zhuli(), people.xiaozhao()
    stored = make_request(guide=make_guide("yibao-001"), papers=CARD, row={"promised_at": timezone.now() + timedelta(days=1)})
    before = seen_by(reader)
    assert seen_by(reader) == before
    change(stored)
    after = seen_by(reader)
    assert after != before
    assert after == drawn_anew(people.zhuli())


COLLEAGUES = {
    "the colleague's name": lambda user: get_user_model().objects.filter(pk=user.pk).update(first_name="小钱"),
    "the colleague is off": lambda user: make_absence(user, timezone.localdate(), timezone.localdate() + timedelta(days=9)),
    "the colleague has left": lambda user: get_user_model().objects.filter(pk=user.pk).update(is_active=False),
}


@pytest.mark.parametrize("change", COLLEAGUES.values(), ids=COLLEAGUES)
def test_what_is_said_of_a_colleague_changes_at_once(change):
    reader, other = people.zhuli(), people.xiaozhao()
    make_request(claimed_by=other)
    before = seen_by(reader)
    change(other)
    assert before != seen_by(reader) == drawn_anew(people.zhuli())


def test_the_clock_changes_a_card_though_no_row_changed():
    reader = people.zhuli()
    with time_machine.travel("2026-11-25 10:00:00+08:00", tick=False) as clock:
        make_request(row={"promised_at": timezone.now() + timedelta(minutes=90)})
        seen = []
        for minutes in (0, 40, 91, 150, 60 * 20):  # in time, soon, late by one minute, by an hour, tomorrow
            clock.move_to(f"2026-11-{25 + (600 + minutes) // 1440} {(600 + minutes) // 60 % 24:02}:{minutes % 60:02}:01+08:00")
            seen.append(seen_by(reader))
            assert seen[-1] == drawn_anew(reader)
    assert len({re.sub(r"stamp=\w+", "", text) for text in seen}) == len(seen)


def test_a_supervisor_gets_no_helpers_frame_and_a_helper_none_of_a_supervisor():
    make_request()
    assert "总览" not in seen_by(people.zhuli())
    assert "总览" in seen_by(people.zhuguan())
    assert "总览" not in seen_by(people.zhuli())


@pytest.mark.parametrize("first", [people.zhuguan, people.quzhuguan])
def test_of_two_supervisors_only_who_has_it_goes_on_with_it(first):
    """Both see it among what is late: the row is the same for both, and only the button differs."""
    people.quzhuguan()
    make_request(claimed_by=people.zhuguan(), row={"promised_at": timezone.now() - timedelta(hours=3), "escalation": 2})
    seen_by(first())
    assert "接着办" in seen_by(people.zhuguan())
    assert "接着办" not in seen_by(people.quzhuguan())


def test_what_is_told_once_is_kept_nowhere(client):
    client.force_login(people.zhuli())
    stored = make_request()
    page(client, QUEUE)
    told = client.post("/desk/next/")
    client.post(f"/desk/{stored.reference}/release/")
    assert told.status_code == 302
    assert 'role="status"' in page(client, QUEUE)
    assert 'role="status"' not in page(client, QUEUE)
    assert all('role="status"' not in part for parts in drawn._frames._values.values() for part in parts)


def test_a_page_that_asks_for_news_leaves_what_is_to_be_told_to_the_next_page(client):
    client.force_login(people.zhuli())
    stored = make_request()
    news = re.search(r'hx-get="([^"]*)"', page(client, QUEUE))[1].replace("&amp;", "&")
    client.post("/desk/next/")
    actions.reply(request=stored, text="有人吗")
    assert client.get(news).status_code == 200
    assert 'role="status"' in page(client, QUEUE)


def test_of_a_long_queue_the_first_page_has_the_first_and_the_second_the_rest(client):
    client.force_login(people.zhuli())
    now = timezone.now()
    made = [make_request(row={"promised_at": now + timedelta(hours=hour)}).reference for hour in range(53)]
    seen = [re.findall(r'data-card="(\d+)"', page(client, f"{QUEUE}?page={number}")) for number in (1, 2)]
    assert seen == [made[:50], made[50:]]
    assert "第1页，共2页" in page(client, QUEUE)


def test_each_reader_gets_their_own_token(client):
    make_request()
    tokens = set()
    for person in (people.zhuli, people.xiaozhao):
        client.force_login(person())
        text = page(client, QUEUE)
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', text))
        answer = client.post("/desk/logout/", {"csrfmiddlewaretoken": token})
        assert answer.status_code == 302
        tokens.add(token)
    assert len(tokens) == 2


def test_the_token_of_a_kept_card_opens_its_form():
    stored = make_request()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.zhuli())
    for _ in range(2):
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page(strict, QUEUE))[-1]
    address = f"/desk/{stored.reference}/claim/"
    assert strict.post(address, {"csrfmiddlewaretoken": "x" * 64}).status_code == 403
    assert strict.post(address, {"csrfmiddlewaretoken": token}).status_code == 302
    stored.refresh_from_db()
    assert stored.owner == people.zhuli()


OTHERWISE = {
    "area": lambda card: Area(code=SHUIYUN, name="新水村村民委员会"), "promise": lambda card: replace(card.promise, words="已过 3 天"), "owner": lambda card: "小钱",
    "cover": lambda card: "水韵名都社区今天没人，请您帮一把", "untold": lambda card: True, "guide_changed": lambda card: True,
}  # fmt: skip


def test_all_that_a_card_shows_is_in_what_it_is_made_of():
    """A new field of Card has to be thought of here: what of it is shown has to be in made_of."""
    reader = people.zhuli()
    make_request()
    recognise(reader)
    (card,) = cards.page_of(reader, None).object_list
    assert {field.name for field in fields(card)} == {"row", *OTHERWISE}
    for name, value in OTHERWISE.items():
        other = replace(card, **{name: value(card)})
        assert cards.shown(other, is_mine=True) != cards.shown(card, is_mine=True)
        assert other.made_of != card.made_of, name


def test_no_name_or_number_is_kept_open(client):
    client.force_login(people.zhuli())
    make_request(name="甄标名", phone="13955551234")
    page(client, QUEUE)
    kept = repr([*drawn._cards._values.items(), *drawn._frames._values.items()])
    assert "甄**" in kept
    assert "标名" not in kept
    assert "13955551234" not in kept


def test_a_card_does_not_outlive_its_day(client):
    client.force_login(people.zhuli())
    with time_machine.travel("2026-11-25 10:00:00+08:00") as clock:
        stored = make_request(name="甄标名")
        page(client, QUEUE)
        actions.cancel(request=stored)
        clock.move_to("2026-11-26 09:00:00+08:00")
        client.force_login(people.zhuli())
        page(client, QUEUE)
    assert "甄**" not in repr(list(drawn._cards._values.items()))


def test_a_closed_request_whose_guide_is_ready_says_so_only_while_it_is_untold():
    reader = people.zhuli()
    stored = make_request(wish="遛狗证", claimed_by=reader)
    actions.close(request=stored, by=reader, reason=CloseReason.DONE, text="")
    stored.events.create(kind=EventKind.GUIDE_READY, by_name="系统", detail="")
    assert stored.spoken_reference in seen_by(reader)
    actions.mark_told(request=stored, by=reader)
    assert stored.spoken_reference not in seen_by(reader)
