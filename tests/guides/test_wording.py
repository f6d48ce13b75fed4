"""What an editor makes of a search in vain: one tap, one winner, the guide's history kept; and synonyms that every process hears of."""

from threading import Barrier, Thread

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guides import actions
from guides.actions import NotPossible
from guides.models import ContentStamp, Domain, Guide, MissState, SearchMiss, Status, Synonym
from guides.search import search
from tests.factories import make_guide
from tests.guides.test_misses import make_miss
from tests.people import bianji, guanli, shenhe, zhuguan, zhuli

pytestmark = pytest.mark.django_db
LIST, SYNONYMS = reverse("admin:guides_searchmiss_changelist"), reverse("admin:guides_synonym_changelist")


@pytest.fixture
def editor(client):
    client.force_login(bianji())
    return client


@pytest.fixture
def guide():
    guide = make_guide(plain_title="交医保", aliases=["合作医疗"])
    actions.record_change(guide=guide, by="内容文件")
    return guide


def page(miss) -> str:
    return reverse("admin:guides_searchmiss_change", args=[miss.pk])


def press(client, miss, act: str, **data):
    return client.post(page(miss), {"act": act, **data}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def state(miss) -> tuple:
    miss.refresh_from_db()
    return miss.state, miss.guide, miss.handled_by


# verbs


def test_an_alias_is_found_at_once_and_stands_in_the_history(guide):
    miss = make_miss("看病的红本")
    actions.add_alias(miss=miss, guide=guide, by="边吉")
    guide.refresh_from_db()
    assert guide.aliases == ["合作医疗", "看病的红本"]
    assert state(miss) == (MissState.ALIAS, guide, "边吉")
    last = guide.revisions.first()
    assert (last.number, last.by, last.document["aliases"]) == (2, "边吉", ["合作医疗", "看病的红本"])
    found = search("看病的红本")
    assert (found.hits[0].slug, found.confident) == ("yibao-001", True)


def test_a_phrasing_is_kept_apart_from_the_names(guide):
    miss = make_miss("我妈看病那个钱咋交")
    actions.add_phrasing(miss=miss, guide=guide, by="边吉")
    guide.refresh_from_db()
    assert (guide.aliases, guide.phrasings) == (["合作医疗"], ["我妈看病那个钱咋交"])
    assert state(miss) == (MissState.ALIAS, guide, "边吉")
    assert guide.revisions.first().document["phrasings"] == ["我妈看病那个钱咋交"]


def test_a_name_the_guide_has_already_is_not_added_twice(guide):
    miss = make_miss("合作医疗")
    actions.add_alias(miss=miss, guide=guide, by="边吉")
    guide.refresh_from_db()
    assert (guide.aliases, guide.revisions.count(), miss.state) == (["合作医疗"], 1, MissState.ALIAS)


def test_a_draft_takes_the_next_number_the_words_and_nothing_made_up(guide):
    make_guide("yibao-007")
    miss = make_miss("遛狗证")
    draft = actions.start_guide(miss=miss, domain=guide.domain, plain_title="办遛狗证", by="边吉")
    draft.refresh_from_db()
    assert (draft.slug, draft.status, draft.plain_title, draft.aliases) == ("yibao-008", Status.DRAFT, "办遛狗证", ["遛狗证"])
    assert (draft.title, draft.answer, draft.department, draft.counter_level) == ("", "", "", "")
    assert state(miss) == (MissState.DRAFT, draft, "边吉")
    assert draft.revisions.get().by == "边吉"
    assert "yibao-008" not in [hit.slug for hit in search("遛狗证").hits]


def test_a_topic_without_numbers_left_says_so_and_changes_nothing():
    make_guide("yibao-999")
    miss = make_miss()
    with pytest.raises(NotPossible, match="用完了"):
        actions.start_guide(miss=miss, domain=Domain.objects.get(), plain_title="办遛狗证", by="边吉")
    assert state(miss) == (MissState.OPEN, None, "")


def test_a_draft_that_was_only_begun_cannot_be_published(guide, client):
    draft = actions.start_guide(miss=make_miss(), domain=guide.domain, plain_title="办遛狗证", by="边吉")
    with pytest.raises(NotPossible, match="缺：事项名称、一句话回答、主管部门、一般在哪一级办"):
        actions.publish(guide=draft, by="沈禾")
    client.force_login(shenhe())
    response = client.post(reverse("admin:guides_guide_publish", args=[draft.pk]), follow=True)
    assert "还没写好" in said(response)
    chosen = {"action": "publish_selected", "_selected_action": [draft.pk]}
    assert "还没写好" in said(client.post(reverse("admin:guides_guide_changelist"), chosen, follow=True))
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_an_editor_may_begin_a_guide_but_not_publish_it(editor, guide):
    draft = actions.start_guide(miss=make_miss(), domain=guide.domain, plain_title="办遛狗证", by="边吉")
    assert editor.post(reverse("admin:guides_guide_publish", args=[draft.pk])).status_code == 403
    assert editor.get(reverse("admin:guides_guide_preview", args=[draft.pk])).status_code == 200


def test_a_word_joins_a_group_or_makes_a_new_one():
    group = Synonym.objects.create(words=["父亲", "爸爸"])
    before = ContentStamp.current()
    first, second = make_miss("俺大"), make_miss("阿达")
    actions.add_synonym(miss=first, word="俺大", group=group, by="边吉")
    assert ContentStamp.current() == before + 1
    actions.add_synonym(miss=second, word="阿达", other="老父亲", by="边吉")
    assert [synonym.words for synonym in Synonym.objects.all()] == [["父亲", "爸爸", "俺大"], ["老父亲", "阿达"]]
    assert [state(miss) for miss in (first, second)] == [(MissState.SYNONYM, None, "边吉")] * 2


def test_a_synonym_that_cannot_be_stored_leaves_the_miss_open():
    miss = make_miss()
    for wrong in ({"word": "狗", "other": "遛狗"}, {"word": "遛狗", "other": "遛狗"}):
        with pytest.raises(ValidationError):
            actions.add_synonym(miss=miss, by="边吉", **wrong)
        assert state(miss) == (MissState.OPEN, None, "")
    gone = Synonym.objects.create(words=["父亲", "爸爸"])
    Synonym.objects.all().delete()
    with pytest.raises(NotPossible, match="被删了"):
        actions.add_synonym(miss=miss, word="遛狗", group=gone, by="边吉")
    assert state(miss) == (MissState.OPEN, None, "")
    assert Synonym.objects.count() == 0


def verbs(guide) -> dict:
    return {
        "alias": lambda miss, by: actions.add_alias(miss=miss, guide=guide, by=by),
        "phrasing": lambda miss, by: actions.add_phrasing(miss=miss, guide=guide, by=by),
        "synonym": lambda miss, by: actions.add_synonym(miss=miss, word="遛狗", other="养犬", by=by),
        "draft": lambda miss, by: actions.start_guide(miss=miss, domain=guide.domain, plain_title="办遛狗证", by=by),
        "drop": lambda miss, by: actions.drop_miss(miss=miss, by=by),
    }


@pytest.mark.parametrize("name", ["alias", "phrasing", "synonym", "draft", "drop"])
def test_the_second_editor_is_told_who_was_first_and_nothing_happens_twice(guide, name):
    seen_by_both = make_miss()
    actions.drop_miss(miss=SearchMiss.objects.get(), by="沈禾")
    before = (Guide.objects.count(), guide.revisions.count(), Synonym.objects.count())
    with pytest.raises(NotPossible, match="沈禾已经处理了：不用管"):
        verbs(guide)[name](seen_by_both, "边吉")
    assert (Guide.objects.count(), guide.revisions.count(), Synonym.objects.count()) == before
    SearchMiss.objects.all().delete()
    with pytest.raises(NotPossible, match="已经不在了"):
        verbs(guide)[name](seen_by_both, "边吉")


def race(*jobs) -> list[str]:
    """Runs them at one moment; the refusals."""
    start, refusals, failures = Barrier(len(jobs)), [], []

    def run(job):
        start.wait()
        try:
            job()
        except NotPossible as refusal:
            refusals.append(str(refusal))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return refusals


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_one_moment_make_one_draft():
    guide, miss = make_guide(), make_miss()
    refusals = race(*[lambda by=by: verbs(guide)["draft"](SearchMiss.objects.get(pk=miss.pk), by) for by in ("边吉", "沈禾", "管理")])
    assert len(refusals) == 2
    assert list(Guide.objects.exclude(pk=guide.pk).values_list("slug", "aliases")) == [("yibao-002", ["遛狗证"])]


@pytest.mark.django_db(transaction=True)
def test_two_names_for_one_guide_at_one_moment_are_both_kept():
    guide, texts = make_guide(aliases=["医保"]), ["红本", "绿本", "蓝本", "看病本"]
    misses = [make_miss(text) for text in texts]
    assert race(*[lambda m=m: actions.add_alias(miss=m, guide=guide, by="边吉") for m in misses]) == []
    guide.refresh_from_db()
    assert (guide.aliases[0], set(guide.aliases[1:])) == ("医保", set(texts))
    assert sorted(guide.revisions.values_list("number", flat=True)) == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_two_drafts_of_one_topic_at_one_moment_get_two_numbers():
    guide = make_guide()
    misses = [make_miss(text) for text in ("遛狗证", "养猫证", "喂鸟证")]
    assert race(*[lambda m=m: actions.start_guide(miss=m, domain=guide.domain, plain_title=m.text, by="边吉") for m in misses]) == []
    assert sorted(Guide.objects.values_list("slug", flat=True)) == ["yibao-001", "yibao-002", "yibao-003", "yibao-004"]


# the list and the page of one


def test_the_list_shows_open_ones_first_by_frequency_and_filters(editor, guide):
    make_miss("常搜", count=9)
    make_miss("更常搜", count=20, state=MissState.DROPPED)
    make_miss("少搜", count=1)
    body = editor.get(LIST).content.decode()
    assert [body.index(f">{text}</a>") for text in ("常搜", "少搜", "更常搜")] == sorted(body.index(f">{text}</a>") for text in ("常搜", "少搜", "更常搜"))
    filtered = editor.get(LIST, {"state__exact": "open"}).content.decode()
    assert ("少搜" in filtered, "更常搜" in filtered) == (True, False)


@pytest.mark.nothing_kept
def test_the_list_asks_as_often_for_three_rows_as_for_one(editor, guide):
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            editor.get(LIST)
        return len(seen)

    make_miss("一", guide=guide)
    one = count()
    make_miss("二", guide=make_guide("yibao-002"))
    make_miss("三", guide=make_guide("yibao-003"))
    assert count() == one


def test_nothing_is_typed_in_and_nothing_deleted(editor):
    miss = make_miss()
    assert editor.get(reverse("admin:guides_searchmiss_add")).status_code == 403
    assert editor.post(reverse("admin:guides_searchmiss_delete", args=[miss.pk]), {"post": "yes"}).status_code == 403
    editor.post(LIST, {"action": "delete_selected", "_selected_action": [miss.pk], "post": "yes"})
    editor.post(page(miss), {"text": "改了", "_save": "1"})
    miss.refresh_from_db()
    assert miss.text == "遛狗证"


def test_the_page_shows_the_best_guides_with_a_button_each(editor, guide):
    make_guide("huji-001", plain_title="给孩子上户口")
    body = editor.get(page(make_miss("医保怎么弄"))).content.decode()
    assert f'name="guide" value="{guide.pk}"' in body
    for act in ("alias", "phrasing", "synonym", "draft", "drop"):
        assert f'name="act" value="{act}"' in body, act
    assert "居民说“我要办这个”" not in body


def test_each_tap_does_its_act_and_is_logged(editor, guide):
    group = Synonym.objects.create(words=["养犬", "养狗"])
    alias, phrasing, synonym, pair, drop = (make_miss(text) for text in ("医保红本", "医保红本咋交", "遛狗", "喂鸟", "天气"))
    press(editor, alias, "alias", guide=guide.pk)
    press(editor, phrasing, "phrasing", guide=guide.pk)
    press(editor, synonym, "synonym", word="遛狗", group=group.pk, guide=guide.pk)
    press(editor, pair, "synonym", word="喂鸟", other="养鸟")
    response = press(editor, drop, "drop")
    assert "不用管" in said(response)
    assert [state(miss) for miss in (alias, phrasing, synonym, pair, drop)] == [
        (MissState.ALIAS, guide, "边吉"), (MissState.ALIAS, guide, "边吉"), (MissState.SYNONYM, guide, "边吉"),
        (MissState.SYNONYM, None, "边吉"), (MissState.DROPPED, None, "边吉"),
    ]  # fmt: skip
    assert [words.words for words in Synonym.objects.all()] == [["养犬", "养狗", "遛狗"], ["养鸟", "喂鸟"]]
    assert LogEntry.objects.filter(user=bianji()).count() == 5


def test_a_new_guide_opens_for_writing(editor, guide):
    miss = make_miss()
    response = press(editor, miss, "draft", domain=guide.domain.pk, plain_title="办遛狗证")
    draft = Guide.objects.get(slug="yibao-002")
    assert response.redirect_chain == [(reverse("admin:guides_guide_change", args=[draft.pk]), 302)]
    assert "草稿" in said(response)
    assert draft.authors == [bianji().pk]  # who then may not review it
    body = editor.get(page(miss)).content.decode()
    assert reverse("admin:guides_guide_change", args=[draft.pk]) in body
    assert 'name="act"' not in body


@pytest.mark.parametrize(
    ("act", "data", "sentence"),
    [
        ("alias", {}, "先选一个指南"),
        ("alias", {"guide": "x"}, "没有这个指南"),
        ("phrasing", {"guide": "999"}, "没有这个指南"),
        ("phrasing", {"guide": "9" * 40}, "没有这个指南"),
        ("synonym", {"word": "", "other": "养犬"}, "写上这个词"),
        ("synonym", {"word": "狗", "other": "养犬"}, "2到20个字"),
        ("synonym", {"word": "遛狗"}, "两样里只要一样"),
        ("synonym", {"word": "遛狗", "other": "养犬", "group": "first"}, "两样里只要一样"),
        ("synonym", {"word": "遛狗", "other": "遛狗"}, "是同一个词"),
        ("synonym", {"word": "遛狗", "group": "999"}, "现在没有它了"),
        ("synonym", {"word": "遛" * 21, "other": "养犬"}, "2到20个字"),
        ("draft", {"plain_title": "办遛狗证"}, "先选主题"),
        ("draft", {"domain": "999", "plain_title": "办遛狗证"}, "现在没有它了"),
        ("draft", {"domain": "first", "plain_title": ""}, "写上名称"),
        ("draft", {"domain": "first", "plain_title": "办" * 41}, "40个字以内"),
    ],
)
def test_wrong_input_is_told_beside_the_field_and_nothing_happens(editor, guide, act, data, sentence):
    group, miss = Synonym.objects.create(words=["父亲", "爸爸"]), make_miss()
    first = {"group": group.pk, "domain": guide.domain.pk}
    response = press(editor, miss, act, **{name: first[name] if value == "first" else value for name, value in data.items()})
    assert response.status_code == 200
    assert '<ul class="errorlist"' in response.content.decode()
    assert sentence in response.content.decode()
    assert state(miss) == (MissState.OPEN, None, "")
    assert (Guide.objects.count(), Synonym.objects.count(), guide.revisions.count()) == (1, 1, 1)


def test_a_withdrawn_guide_learns_nothing(editor, guide):
    actions.withdraw(guide=guide, by="沈禾")
    assert "errorlist" in press(editor, make_miss(), "alias", guide=guide.pk).content.decode()


def test_who_comes_second_is_told_on_the_list(editor, guide):
    miss = make_miss()
    actions.drop_miss(miss=SearchMiss.objects.get(), by="沈禾")
    response = press(editor, miss, "alias", guide=guide.pk)
    assert response.redirect_chain[-1][0] == LIST
    assert "沈禾已经处理了" in said(response)


def test_an_unknown_act_or_miss(editor):
    assert press(editor, make_miss(), "explode").status_code == 403
    assert editor.get(reverse("admin:guides_searchmiss_change", args=[999])).status_code == 302


def test_several_are_dropped_from_the_list_at_once(editor):
    taps = [make_miss(text) for text in ("天气", "股票")]
    response = editor.post(LIST, {"action": "drop_selected", "_selected_action": [m.pk for m in taps]}, follow=True)
    assert "2条记成不用管" in said(response)
    assert [state(miss)[0] for miss in taps] == [MissState.DROPPED] * 2


def test_several_are_matched_after_a_look(editor, guide):
    one, other, third = (make_miss(text) for text in ("医保红本", "医保绿本", "医保蓝本"))
    chosen = {"action": "match_selected", "_selected_action": [one.pk, other.pk, third.pk]}
    shown = editor.post(LIST, chosen).content.decode()
    assert shown.count(f'value="{guide.pk}" id="guide-') == 3
    assert state(one)[0] == MissState.OPEN
    actions.drop_miss(miss=SearchMiss.objects.get(pk=third.pk), by="沈禾")
    response = editor.post(LIST, chosen | {"confirm": "1", f"guide-{one.pk}": guide.pk, f"guide-{other.pk}": "", f"guide-{third.pk}": guide.pk}, follow=True)
    assert "1条加成了别的叫法" in said(response)
    assert [state(miss)[0] for miss in (one, other, third)] == [MissState.ALIAS, MissState.OPEN, MissState.DROPPED]


# who may


@pytest.mark.parametrize("person", [zhuli, zhuguan])
def test_the_desk_people_cannot_open_any_of_it(client, guide, person):
    miss, group = make_miss(), Synonym.objects.create(words=["父亲", "爸爸"])
    user = person()
    client.force_login(user)
    addresses = (LIST, page(miss), SYNONYMS, reverse("admin:guides_synonym_change", args=[group.pk]))
    assert {client.get(address).status_code for address in addresses} == {302}
    user.is_staff = True  # set by mistake
    user.save()
    assert {client.get(address).status_code for address in addresses} == {403}
    assert press(client, miss, "drop").status_code == 403
    assert state(miss)[0] == MissState.OPEN


@pytest.mark.parametrize("person", [bianji, shenhe, guanli])
def test_the_bureau_may(client, person):
    miss = make_miss()
    client.force_login(person())
    assert {client.get(address).status_code for address in (LIST, page(miss), SYNONYMS)} == {200}
    press(client, miss, "drop")
    assert state(miss)[0] == MissState.DROPPED


# synonyms


def stamps(act) -> int:
    before = ContentStamp.current()
    act()
    return ContentStamp.current() - before


def test_every_save_and_delete_moves_the_contents_stamp(editor):
    add = reverse("admin:guides_synonym_add")
    assert stamps(lambda: editor.post(add, {"words": "父亲\n爸爸\n\n 老爸 \n爸爸"})) == 1
    group = Synonym.objects.get()
    assert group.words == ["父亲", "爸爸", "老爸"]
    change = reverse("admin:guides_synonym_change", args=[group.pk])
    assert stamps(lambda: editor.post(change, {"words": "父亲\n俺爸"})) == 1
    assert stamps(lambda: editor.post(reverse("admin:guides_synonym_delete", args=[group.pk]), {"post": "yes"})) == 1
    groups = [Synonym.objects.create(words=["父亲", "爸爸"]), Synonym.objects.create(words=["母亲", "妈妈"])]
    assert stamps(lambda: editor.post(SYNONYMS, {"action": "delete_selected", "_selected_action": [g.pk for g in groups], "post": "yes"})) == 1
    assert Synonym.objects.count() == 0


def test_search_hears_a_new_synonym_without_a_restart(editor):
    make_guide(plain_title="注销驾驶证", title="机动车驾驶证注销", answer="到窗口办。", aliases=[])
    make_guide("yibao-002", plain_title="交医保", title="医保缴费", answer="到社区办。", aliases=[])
    assert not search("绿皮小册子").confident
    editor.post(reverse("admin:guides_synonym_add"), {"words": "驾驶证\n绿皮小册子"})
    assert search("绿皮小册子").hits[0].slug == "yibao-001"


@pytest.mark.parametrize("words", ["", "父亲", "父亲\n父亲", "父亲\n爸", "父亲\n" + "爸" * 21])
def test_a_group_of_two_real_words_at_least(editor, words):
    response = editor.post(reverse("admin:guides_synonym_add"), {"words": words})
    assert "errorlist" in response.content.decode()
    assert Synonym.objects.count() == 0


@pytest.mark.parametrize("words", ["父亲", None, 7, [["父亲"], ["爸爸"]], ["父亲", 7, "爸爸"], ["父亲 ", "父亲"], {"父亲": "爸爸"}])
def test_what_is_no_list_of_words_is_refused(words):
    with pytest.raises(ValidationError):
        actions.save_synonym(synonym=Synonym(words=words))


def test_a_group_is_found_by_any_of_its_words(editor):
    Synonym.objects.create(words=["父亲", "爸爸"])
    Synonym.objects.create(words=["母亲", "妈妈"])
    body = editor.get(SYNONYMS, {"q": "妈"}).content.decode()
    assert ("母亲 · 妈妈" in body, "父亲 · 爸爸" in body) == (True, False)
