"""The bureau writes life events: editors drafts, reviewers what residents see; who changed what stays readable."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guides.actions import publish_event, withdraw_event
from guides.models import ContentStamp, LifeEvent, Status
from tests.factories import make_event, make_guide, make_situation
from tests.guides.admin_pages import form_data
from tests.people import bianji, guanli, shenhe, zhuli

pytestmark = pytest.mark.django_db
LIST, ADD = reverse("admin:guides_lifeevent_changelist"), reverse("admin:guides_lifeevent_add")


def page(name, event):
    return reverse(f"admin:guides_lifeevent_{name}", args=[event.pk])


@pytest.fixture
def editor(client):
    client.force_login(bianji())
    return client


@pytest.fixture
def reviewer(client):
    client.force_login(shenhe())
    return client


@pytest.fixture
def event():
    first, second = make_guide("weijian-002"), make_guide("huji-002")
    make_situation(second, "paper", "have:有证明", "none:没有证明")
    return make_event("newborn", first, second, status=Status.DRAFT)


def save(client, address, **fields):
    data = form_data(client.get(address), "lifeevent_form") | {name.replace("__", "-"): value for name, value in fields.items()}
    return client.post(address, data)


def published(event):
    LifeEvent.objects.filter(pk=event.pk).update(status=Status.PUBLISHED)
    event.refresh_from_db()
    return event


def test_an_editor_writes_a_draft_with_its_steps_in_order(editor):
    first, second = make_guide("weijian-002"), make_guide("huji-002")
    assert save(editor, ADD, title="家里添了孩子", answer="接着办。", slug="newborn", aliases="生孩子\n添丁", steps__0__guide=second.pk).status_code == 302
    event = LifeEvent.objects.get()
    assert (event.status, event.aliases) == (Status.DRAFT, ["生孩子", "添丁"])
    save(editor, page("change", event), steps__1__guide=first.pk, steps__1__order="5", steps__1__optional="on", steps__1__note="先办。")
    assert [(s.guide.slug, s.order, s.optional) for s in event.steps.all()] == [("weijian-002", 10, True), ("huji-002", 20, False)]


@pytest.mark.parametrize(("field", "value", "sentence"), [
    ("title", "", "这个字段是必填项"), ("answer", "", "这个字段是必填项"), ("slug", "New Born", "代号用小写字母"), ("slug", "old", "这个代号用过了"),
    ("audience", "x", "选择一个有效的选项"), ("order", "-1", "确保该值大于或等于0"),
    ("steps__1__case", "paper=x", "这个事项没有这样的情形：paper=x。"), ("steps__1__guide", "999999", "选择一个有效的选项"), ("steps__1__order", "x", "输入整数"),
    ("title", "长" * 41, "40"),
])  # fmt: skip
def test_a_wrong_field_is_refused_with_a_sentence_and_nothing_is_lost(editor, event, field, value, sentence):
    make_event("old")
    response = save(editor, page("change", event), **{"note": "x", "steps__0__note": "先办这个", field: value})
    body = response.content.decode()
    assert response.status_code == 200
    assert sentence in body
    assert "先办这个" in body
    assert not event.steps.filter(note="先办这个").exists()


def test_the_same_guide_twice_is_refused(editor, event):
    response = save(editor, page("change", event), steps__2__guide=event.steps.first().guide_id)
    assert response.status_code == 200
    assert event.steps.count() == 2


def test_a_right_case_is_kept(editor, event):
    assert save(editor, page("change", event), steps__1__case="paper=none").status_code == 302
    assert event.steps.last().case == "paper=none"


def test_two_editors_at_once_the_second_is_told(editor, event):
    opened = form_data(editor.get(page("change", event)), "lifeevent_form")
    save(editor, page("change", event), title="先存的")
    response = editor.post(page("change", event), opened | {"title": "后存的"})
    assert "刚刚有人改过这一页" in response.content.decode()
    assert "后存的" in response.content.decode()
    event.refresh_from_db()
    assert event.title == "先存的"


def test_an_editor_cannot_touch_what_residents_see(editor, event):
    published(event)
    opened = editor.get(page("change", event))
    assert opened.status_code == 200
    assert 'name="title"' not in opened.content.decode()
    assert editor.post(page("change", event), {"title": "改了"}).status_code == 403
    event.refresh_from_db()
    assert event.title == "家里添了孩子"


def test_a_reviewers_change_of_a_published_event_reaches_every_process(reviewer, event):
    published(event)
    before = ContentStamp.current()
    assert save(reviewer, page("change", event), title="添了娃").status_code == 302
    assert ContentStamp.current() == before + 1
    assert 'name="slug"' not in reviewer.get(page("change", event)).content.decode()  # the address stays


def test_a_change_of_a_draft_concerns_nobody(editor, event):
    before = ContentStamp.current()
    save(editor, page("change", event), title="添了娃")
    assert ContentStamp.current() == before


def test_a_reviewer_publishes_and_withdraws_and_it_is_written_down(reviewer, event):
    for act, status, code in (("publish", Status.PUBLISHED, 200), ("withdraw", Status.WITHDRAWN, 410), ("publish", Status.PUBLISHED, 200)):
        before = ContentStamp.current()
        assert reviewer.post(page(act, event)).status_code == 302
        event.refresh_from_db()
        assert (event.status, ContentStamp.current()) == (status, before + 1)
        assert reviewer.get("/events/newborn/").status_code == code
    history = reviewer.get(page("history", event)).content.decode()
    assert re.findall(r"<td>\s*(发布|撤下)\s*</td>", history) == ["发布", "撤下", "发布"]
    assert history.count("（沈禾）") + history.count("(沈禾)") == 3


def test_who_saved_stands_in_the_history(editor, event):
    save(editor, page("change", event), title="添了娃")
    history = editor.get(page("history", event)).content.decode()
    assert "边吉" in history
    assert "名称" in history


def test_pressing_twice_does_it_once():
    event, by = make_event(status=Status.DRAFT), shenhe()
    before = ContentStamp.current()
    assert [publish_event(event=event, by=by), publish_event(event=event, by=by)] == [True, False]
    assert [withdraw_event(event=event, by=by), withdraw_event(event=event, by=by)] == [True, False]
    assert (ContentStamp.current(), LogEntry.objects.count()) == (before + 2, 2)


def test_a_draft_cannot_be_withdrawn():
    event = make_event(status=Status.DRAFT)
    assert withdraw_event(event=event, by=shenhe()) is False
    event.refresh_from_db()
    assert event.status == Status.DRAFT


@pytest.mark.parametrize("act", ["publish", "withdraw"])
def test_an_editor_cannot_publish_whatever_is_posted(editor, event, act):
    assert editor.post(page(act, event)).status_code == 403
    assert "发布</button>" not in editor.get(page("change", event)).content.decode()
    event.refresh_from_db()
    assert event.status == Status.DRAFT


@pytest.mark.parametrize("act", ["publish", "withdraw"])
def test_publishing_is_no_link(reviewer, event, act):
    assert reviewer.get(page(act, event)).status_code == 405


def test_a_draft_has_a_preview_that_says_so(editor, event):
    for query in ("", "?elder"):
        body = editor.get(page("preview", event) + query).content.decode()
        assert "这是预览，居民还看不到。" in body
        assert "家里添了孩子" in body
    assert editor.get("/events/newborn/").status_code == 404


@pytest.mark.parametrize("name", ["change", "preview", "publish", "history"])
def test_nobody_else_gets_in(client, event, name):
    assert client.post(page(name, event)).status_code == 302  # to the sign-in page
    client.force_login(zhuli())
    assert client.post(page(name, event)).status_code == 302
    assert client.get(LIST).status_code == 302
    event.refresh_from_db()
    assert event.status == Status.DRAFT


def test_only_drafts_go_and_only_by_the_administrator(client, event):
    client.force_login(bianji())
    assert client.post(page("delete", event), {"post": "yes"}).status_code == 403
    client.force_login(guanli())
    published(event)
    assert client.post(page("delete", event), {"post": "yes"}).status_code == 403
    LifeEvent.objects.update(status=Status.DRAFT)
    assert client.post(page("delete", event), {"post": "yes"}).status_code == 302
    assert not LifeEvent.objects.exists()
    assert "delete_selected" not in client.get(LIST).content.decode()


@pytest.mark.nothing_kept
def test_the_list_costs_the_same_for_one_and_three(editor, event):
    def count():
        with CaptureQueriesContext(connection) as seen:
            assert editor.get(LIST).status_code == 200
        return len(seen)

    one = count()
    for slug in ("a", "b"):
        make_event(slug, make_guide(f"{slug}-001"))
    assert count() == one
    assert "2样" in editor.get(LIST).content.decode()
