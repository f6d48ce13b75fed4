"""“我要办这个”: what was not found becomes a request, and who asked hears once, and surely, when its guide exists."""

import re
from io import StringIO
from threading import Barrier, Thread

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides import misses
from guides.actions import add_alias, drop_miss, publish, start_guide, withdraw
from guides.models import Guide, Level, MissState, SearchMiss, Status
from helpdesk import actions, wishes
from helpdesk.access import OF_THE_PERSON, acts_for
from helpdesk.actions import talking
from helpdesk.models import CloseReason, Event, EventKind, HelpRequest, Message
from helpdesk.retention import scrub
from tests import people
from tests.factories import SHUIYUN, make_guide, make_request
from tests.helpdesk.desk import QUEUE, detail, kinds, offered_in, page, press
from tests.helpdesk.test_resident import ask, asked, value_of
from tests.helpdesk.test_resident import page as resident_page

pytestmark = pytest.mark.django_db
MARK = "指南写好了，告诉他"
READY = EventKind.GUIDE_READY


def write_guide(miss=None, slug: str = "nongye-001") -> Guide:
    """The guide of the wish, as an editor and a reviewer make it."""
    guide = make_guide(slug, plain_title="办养犬登记")
    add_alias(miss=miss or SearchMiss.objects.get(), guide=guide, by="边吉")
    return guide


def messages(stored) -> list[tuple]:
    return [(message.sender, message.by, message.text) for message in stored.messages.all()]


# asking


@pytest.mark.parametrize("mount", ["", "/elder"])
def test_the_form_shows_the_words_and_stores_the_wish(client, district, mount):
    people.zhuli()
    body = resident_page(client, f"{mount}/help/new/", wish=" 遛狗证 ", area=SHUIYUN)
    assert "您想办的事" in body
    assert (value_of(body, "wish"), value_of(body, "kind")) == ("遛狗证", "advice")
    stored = ask(client, f"{mount}/help/new/", wish="遛狗證", area=SHUIYUN)
    assert (stored.wish.text, stored.kind, stored.note, stored.queue_id) == ("遛狗证", "advice", "", SHUIYUN)
    followed = resident_page(client, f"{mount}/help/{stored.reference}/")
    assert "您想办的：<b>遛狗证</b>" in followed


def test_without_a_wish_the_form_asks_for_none(client, district):
    assert "您想办的事" not in resident_page(client, "/help/new/")
    assert ask(client).wish is None
    assert SearchMiss.objects.count() == 0


def test_a_wish_that_was_counted_is_not_counted_again():
    misses.note_miss("遛狗证", client="203.0.113.7")
    stored = make_request(wish="遛狗证")
    assert (stored.wish, stored.wish.count) == (SearchMiss.objects.get(), 1)


@pytest.mark.parametrize("words", ["给张三 13912345678 办遛狗证", "zhang@example.com 的遛狗证"])
def test_words_that_may_be_personal_are_kept_encrypted_only(client, district, words):
    stored = ask(client, wish=words, note="腿不好")
    assert stored.wish is None
    assert stored.note == f"想办：{words}\n腿不好"
    assert SearchMiss.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM helpdesk_helprequest")
        assert "遛狗" not in str(cursor.fetchall())


def test_words_too_long_for_the_list_stand_whole_in_the_note():
    words = "我想给家里的狗" + "办一个可以出门的证" * 8
    stored = make_request(wish=words)
    assert (stored.wish.text, stored.note) == (words[:60], f"想办：{words}")


def test_a_full_list_loses_no_wish(monkeypatch):
    monkeypatch.setattr(misses, "MAX_OPEN", 0)
    stored = make_request(wish="遛狗证")
    assert (stored.wish, stored.note) == (None, "想办：遛狗证")


@pytest.mark.parametrize(("wish", "sentence"), [("640205199001011234", "不要写身份证号"), ("办" * 201, "200个字以内")])
def test_a_wrong_wish_is_told_beside_its_field_and_stays(client, wish, sentence):
    response = client.post("/help/new/", asked(wish=wish))
    body = response.content.decode()
    assert (response.status_code, HelpRequest.objects.count()) == (200, 0)
    assert sentence in re.search(r'id="id_wish_error">([^<]*)', body)[1]
    assert value_of(body, "wish") == wish


def test_an_address_with_a_long_or_strange_wish_is_harmless(client, district):
    assert value_of(resident_page(client, "/help/new/", wish="办" * 5000), "wish") == "办" * 200
    assert "<script>" not in resident_page(client, "/help/new/", wish="<script>x</script>")
    assert client.get("/help/new/", {"wish": "a\0b"}).status_code == 400


def test_another_wish_on_the_same_form_is_another_request(client, district):
    form = asked(wish="遛狗证")
    for wish in ("遛狗证", "遛狗证", "养猫证"):
        client.post("/help/new/", form | {"wish": wish})
    assert sorted(HelpRequest.objects.values_list("wish__text", flat=True)) == sorted(["遛狗证", "养猫证"])


# hearing back


def test_who_wished_hears_when_the_guide_is_published_and_not_before(settings):
    settings.SITE_URL = "https://menpai.example"
    stored = make_request(wish="遛狗证")
    assert actions.answer_wishes() == 0
    draft = start_guide(miss=stored.wish, domain=make_guide().domain, plain_title="办养犬登记", by="边吉")
    assert actions.answer_wishes() == 0
    Guide.objects.filter(pk=draft.pk).update(title="养犬登记", answer="到派出所登记。", department="公安分局", counter_level=Level.TOWNSHIP)
    publish(guide=draft, by="沈禾")
    assert actions.answer_wishes() == 1
    [(sender, by, text)] = messages(stored)
    assert (sender, by) == ("staff", None)
    assert "“办养犬登记”" in text
    assert f"https://menpai.example/guides/{draft.slug}/ " in text
    event = stored.events.get(kind=READY)
    assert (event.by, event.by_name, event.detail, event.is_public) == (None, "系统", "办养犬登记", True)
    assert actions.answer_wishes() == 0
    assert len(messages(stored)) == 1


def test_who_hears_and_who_does_not():
    people.zhuli()
    waiting, claimed = make_request(wish="遛狗证"), make_request(wish="遛狗证", claimed_by=people.zhuli())
    closed, gone = (make_request(wish="遛狗证", claimed_by=people.zhuli()) for _ in range(2))
    for ended in (closed, gone):
        actions.close(request=ended, by=people.zhuli(), reason=CloseReason.EXPLAINED, text="")
    cancelled, other, plain = make_request(wish="遛狗证"), make_request(wish="养猫证"), make_request()
    actions.cancel(request=cancelled)
    HelpRequest.objects.filter(pk=gone.pk).update(phone_index="")  # scrubbed this very moment
    write_guide(SearchMiss.objects.get(text="遛狗证"))
    assert actions.answer_wishes() == 3
    assert [kinds(r).count(READY) for r in (waiting, claimed, closed, gone, cancelled, other, plain)] == [1, 1, 1, 0, 0, 0, 0]


def test_a_guide_that_was_withdrawn_again_is_not_announced():
    stored = make_request(wish="遛狗证")
    withdraw(guide=write_guide(), by="沈禾")
    assert actions.answer_wishes() == 0
    assert kinds(stored) == ["submitted"]


def test_a_wish_for_what_an_editor_dropped_promises_nothing():
    stored = make_request(wish="遛狗证")
    drop_miss(miss=stored.wish, by="边吉")
    assert actions.answer_wishes() == 0
    assert SearchMiss.objects.get().state == MissState.DROPPED


def test_a_reopened_request_is_not_told_twice():
    stored = make_request(wish="遛狗证")
    write_guide()
    actions.answer_wishes()
    actions.cancel(request=stored)
    actions.reopen(request=stored)
    assert actions.answer_wishes() == 0


@pytest.mark.django_db(transaction=True)
def test_runs_at_the_same_moment_write_once_to_each():
    stored = [make_request(wish="遛狗证") for _ in range(3)]
    write_guide()
    start, counts, failures = Barrier(4), [], []

    def run():
        start.wait()
        try:
            counts.append(actions.answer_wishes())
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(counts) == 3
    assert [(kinds(r).count(READY), r.messages.count()) for r in stored] == [(1, 1)] * 3


def test_the_one_that_waited_sees_what_the_other_wrote():
    """The order a race may take: both have the request on their list, one writes, then the other comes to it."""
    stored = make_request(wish="遛狗证")
    write_guide()
    listed = list(wishes.unanswered().values_list("pk", flat=True))
    actions.answer_wishes()
    assert [talking._answer_wish(key) for key in listed] == [False]
    HelpRequest.objects.filter(pk=stored.pk).update(wish=None)
    assert talking._answer_wish(stored.pk + 1000) is False
    assert Message.objects.count() == 1


def test_the_command_says_how_many():
    make_request(wish="遛狗证")
    write_guide()

    def run() -> str:
        out = StringIO()
        call_command("tell_wishers", stdout=out)
        return out.getvalue()

    assert run().startswith("告诉了 1 位")
    assert run().startswith("告诉了 0 位")


def test_the_follow_page_tells_and_links_at_once_and_the_message_after(client, district):
    stored = ask(client, wish="遛狗证")
    guide = write_guide()
    before = resident_page(client, f"/help/{stored.reference}/")
    assert f'<a href="/guides/{guide.slug}/">办养犬登记</a>' in before
    actions.answer_wishes()
    after = resident_page(client, f"/help/{stored.reference}/")
    assert "您要找的指南“办养犬登记”写好了" in after or "您要找的指南写好了：“办养犬登记”" in after
    assert "要找的指南写好了：办养犬登记" in after
    withdraw(guide=guide, by="沈禾")
    assert f'href="/guides/{guide.slug}/"' not in resident_page(client, f"/help/{stored.reference}/")


def test_what_was_told_goes_with_the_person():
    stored = make_request(wish="遛狗证")
    write_guide()
    actions.answer_wishes()
    actions.cancel(request=stored)
    scrub(stored.closed_at.replace(year=stored.closed_at.year + 1))
    stored.refresh_from_db()
    assert (stored.wish, stored.messages.count()) == (None, 0)
    assert kinds(stored).count(READY) == 1


# the desk


@pytest.fixture
def ready(zhuli):
    """朱丽 has it in hand, the guide is there and the resident was written to."""
    stored = make_request(wish="遛狗证", claimed_by=zhuli)
    write_guide()
    actions.answer_wishes()
    return stored


def test_the_desk_shows_the_words_instead_of_a_shrug(client, zhuli):
    stored = make_request(wish="遛狗证")
    for text in (page(client, QUEUE), page(client, detail(stored))):
        assert "想办：遛狗证" in text
        assert "没说清，先问问" not in text
        assert MARK not in text


def test_the_mark_stands_until_somebody_has_told_him(client, ready):
    assert MARK in page(client, QUEUE)
    shown = page(client, detail(ready))
    assert MARK in shown
    assert "/c/640205102006/guides/nongye-001/" in shown
    assert "told" in offered_in(shown, ready)
    response = press(client, ready, "told")
    assert response.status_code == 302
    assert MARK not in page(client, QUEUE)
    assert "told" not in offered_in(page(client, detail(ready)), ready)
    event = ready.events.last()
    assert (event.kind, event.detail, event.by, event.is_public) == ("noted", wishes.TOLD, people.zhuli(), False)


def test_a_note_or_a_look_at_the_number_is_no_call(client, ready):
    actions.write_note(request=ready, by=people.zhuli(), text="没人接")
    actions.reveal(request=ready, by=people.zhuli())
    assert MARK in page(client, QUEUE)


def test_a_second_helper_is_told_that_it_was_done(ready):
    actions.mark_told(request=ready, by=people.zhuli())
    with pytest.raises(actions.NotPossible, match="已经有人告诉他了"):
        actions.mark_told(request=ready, by=people.zhuguan())
    assert ready.events.filter(detail=wishes.TOLD).count() == 1


def test_who_has_not_got_it_in_hand_cannot_have_called(client, zhuli):
    waiting = make_request(wish="遛狗证")
    write_guide()
    actions.answer_wishes()
    assert MARK in page(client, QUEUE)
    assert acts_for(zhuli, waiting) == {"note", "claim"}
    with pytest.raises(actions.NotPossible, match="先领取"):
        actions.mark_told(request=waiting, by=zhuli)
    actions.claim(request=waiting, by=zhuli)
    assert "told" not in acts_for(people.xiaozhao(), waiting)
    with pytest.raises(actions.NotPossible, match="先领取"):
        actions.mark_told(request=waiting, by=people.xiaozhao())
    assert MARK in page(client, QUEUE)


def test_what_was_closed_before_comes_back_to_be_told_and_what_is_closed_after_does_not(client, zhuli):
    before, after = (make_request(wish="遛狗证", claimed_by=zhuli) for _ in range(2))
    actions.close(request=before, by=zhuli, reason=CloseReason.EXPLAINED, text="")
    write_guide()
    assert before.spoken_reference not in page(client, QUEUE)
    actions.answer_wishes()
    actions.close(request=after, by=zhuli, reason=CloseReason.DONE, text="")
    text = page(client, QUEUE)
    assert "办结了，指南写好了，要告诉他" in text
    assert (before.spoken_reference in text, after.spoken_reference in text) == (True, False)
    assert acts_for(zhuli, before) == {"note", *OF_THE_PERSON, "told"}
    press(client, before, "told")
    assert before.spoken_reference not in page(client, QUEUE)


def test_only_who_sees_the_request_may_say_so(client, ready):
    client.force_login(people.zhuli2())
    assert press(client, ready, "told").status_code == 404
    assert MARK not in page(client, QUEUE)
    assert ready.events.filter(detail=wishes.TOLD).count() == 0


def test_what_the_system_wrote_does_not_hide_a_resident_who_waits_for_an_answer(client, zhuli):
    stored = make_request(wish="遛狗证", claimed_by=zhuli)
    actions.reply(request=stored, text="办得了吗")
    write_guide()
    actions.answer_wishes()
    assert "居民有留言" in page(client, QUEUE)
    page(client, detail(stored))
    assert "还没回他" in page(client, QUEUE)
    actions.write_message(request=stored, by=zhuli, text="办得了")
    assert "还没回他" not in page(client, QUEUE)


def test_the_queue_asks_as_often_for_three_wishes_as_for_one(client, zhuli):
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(client, QUEUE)
        return len(seen)

    def close_one() -> None:
        closed = make_request(wish="遛狗证", claimed_by=zhuli)
        actions.close(request=closed, by=zhuli, reason=CloseReason.DONE, text="")

    make_request(wish="遛狗证"), close_one()
    write_guide()
    actions.answer_wishes()
    count()  # the first one reads the roster, and PostgreSQL plans
    one = count()
    for text in ("养猫证", "喂鸟证"):
        make_request(wish=text)
        write_guide(SearchMiss.objects.get(text=text), slug=f"nongye-00{Guide.objects.count() + 1}")
    close_one()
    actions.answer_wishes()
    count()
    assert count() == one


def test_the_editor_sees_how_many_wait(client):
    client.force_login(people.bianji())
    stored = make_request(wish="遛狗证")
    body = client.get(f"/admin/guides/searchmiss/{stored.wish.pk}/change/").content.decode()
    assert "有1位居民说“我要办这个”" in body
    assert stored.reference not in body
    assert Event.objects.count() == 1
    assert Guide.objects.filter(status=Status.DRAFT).count() == 0
