"""A resident reads, puts right, takes away and deletes what is held under their number: themselves, or through a helper at the counter."""

import json
import re
from datetime import timedelta

import html5lib
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk import actions
from helpdesk.field_classes import hangs_on_request, is_owed
from helpdesk.held import Side, held_about
from helpdesk.models import (
    Attachment,
    CloseReason,
    Event,
    HelpRequest,
    Mandate,
    Message,
    Notification,
    NotificationKind,
    Paper,
    Principal,
    Rating,
    State,
    Visit,
)
from menpai.encryption import EncryptedTextField, blind_index
from tests.factories import make_guide, make_plate, make_request, make_user
from tests.helpdesk.desk import checked, detail, kinds, offered_in, page, press, told
from tests.helpdesk.filled import readable
from tests.people import xiaozhao, zhuguan, zhuli

pytestmark = pytest.mark.django_db

CHILD, PARENT = "13911114444", "13922225555"


def open_door(stored: HelpRequest, last_four: str) -> Client:
    client = Client()
    response = client.post(f"/help/{stored.reference}/mine/", {"act": "open", "last_four": last_four})
    assert (response.status_code, response.url) == (302, f"/help/{stored.reference}/mine/")
    return client


def see(client, stored, query: str = "", status: int = 200, *, elder: bool = False) -> str:
    address = f"{'/elder' if elder else ''}/help/{stored.reference}/mine/{query}"
    return checked(client.get(address), status)


@pytest.fixture
def asked() -> HelpRequest:
    return make_request(name="张翠兰", phone=CHILD, note="腿脚不好", claimed_by=zhuli())


@pytest.fixture
def for_parent(asked) -> HelpRequest:
    """张翠兰 asked for her mother 刘桂英."""
    Principal.objects.create(request=asked, name="刘桂英", phone=PARENT, phone_index=blind_index(PARENT))
    return HelpRequest.objects.get(pk=asked.pk)


def test_the_same_door_as_the_follow_page(asked):
    address = f"/help/{asked.reference}/mine/"
    shut = Client().get(address)
    assert "最后四位" in shut.content.decode()
    assert "张翠兰" not in shut.content.decode()
    wrong = Client().post(address, {"act": "open", "last_four": "0000"}).content.decode()
    unknown = Client().post("/help/482917365/mine/", {"act": "open", "last_four": "0000"}).content.decode()
    assert "对不上" in wrong and "对不上" in unknown
    for act in ("correct", "file", "sheet", "erase"):
        assert "最后四位" in Client().post(address, {"act": act}).content.decode()
    assert kinds(asked) == ["submitted", "claimed"]
    other = make_request(phone="13933336666")
    assert "最后四位" in open_door(other, "6666").get(address).content.decode(), "a cookie of another number opens nothing"


@pytest.mark.parametrize("client_class", ["cookie", "plain"])
def test_a_forged_or_old_cookie_opens_nothing(asked, client_class):
    client = Client()
    client.cookies["follow"] = asked.reference if client_class == "plain" else f"{asked.reference}:asker:forged"
    assert "最后四位" in see(client, asked)


def test_everything_that_is_theirs_is_shown(asked):
    """Every personal field of a request and of what hangs on it, filled with a mark, stands on the page and in the file."""
    marks = mark_all(asked)
    assert len(marks) > 10
    client = open_door(asked, "4444")
    text, file = see(client, asked), client.post(f"/help/{asked.reference}/mine/", {"act": "file"}).content.decode()
    sheet = client.post(f"/help/{asked.reference}/mine/", {"act": "sheet"}).content.decode()
    for mark, field in marks.items():
        assert all(mark in shown for shown in (text, file, sheet)), field
    assert CHILD in text
    assert "帮办员之间还有1条工作备注" in text
    assert "内部的话" not in text + file + sheet


def mark_all(stored: HelpRequest) -> dict[str, str]:
    fixed = {
        Mandate: {"starts_on": "2026-11-01", "ends_on": "2026-12-01", "agent": zhuli()}, Visit: {"at": timezone.now(), "helper": zhuli()},
        Paper: {"state": "bad", "reason": "other", "name": "户口簿"}, Rating: {"level": 4}, Message: {"sender": "staff"},
    }  # fmt: skip
    Message.objects.create(request=stored, sender="note", text="内部的话")
    marks = {}
    for model in (HelpRequest, *hangs_on_request()):
        names = [f.name for f in model._meta.concrete_fields if isinstance(f, EncryptedTextField) and is_owed(model, f.name) and f.name != "phone"]
        if model is Principal or not names:
            continue  # the other side's: test_each_side_sees_and_corrects_its_own
        values = {name: f"标{len(marks) + i}号" for i, name in enumerate(names)}
        marks |= {value: f"{model.__name__}.{name}" for name, value in values.items()}
        if model is HelpRequest:
            HelpRequest.objects.filter(pk=stored.pk).update(**values)
        else:
            model.objects.create(request=stored, **values, **fixed[model])
    return marks


def test_it_says_who_looked_by_role_and_until_when_it_is_kept(asked):
    actions.reveal(request=asked, by=zhuli())
    actions.reveal(request=asked, by=zhuguan())
    client = open_door(asked, "4444")
    text = see(client, asked)
    assert re.findall(r"，(帮办员|主管)看了完整电话", text) == ["帮办员", "主管"]
    assert "朱丽" not in text and "周主任" not in text
    assert "这件事办结以后，再留 <b>30</b> 天" in text
    actions.close(request=asked, by=zhuli(), reason=CloseReason.DONE, text="")
    day = timezone.localdate(timezone.now() + timedelta(days=30))
    assert f"留到 <b>{day.year}年{day.month}月{day.day}日</b>" in see(client, asked)


def test_other_requests_of_the_same_phone_are_not_listed_and_that_is_said(asked):
    other = make_request(phone=CHILD, guide=make_guide(plain_title="办退休"))
    text = see(open_door(asked, "4444"), asked)
    assert other.reference not in text and other.spoken_reference not in text and "办退休" not in text
    assert "同一个电话提交过别的，要用那一件的编号看" in text


def test_many_rows_need_no_more_queries(asked):
    client = open_door(asked, "4444")

    def rows():
        actions.reveal(request=asked, by=zhuli())
        Message.objects.create(request=asked, sender="staff", text="您好")
        Paper.objects.create(request=asked, name="户口簿")

    rows()
    with CaptureQueriesContext(connection) as first:
        see(client, asked)
    rows()
    rows()
    with CaptureQueriesContext(connection) as third:
        see(client, asked)
    assert len(first) == len(third)


def correct(client, stored, status: int = 302, query: str = "", **typed):
    response = client.post(f"/help/{stored.reference}/mine/{query}", {"act": "correct", **typed})
    assert response.status_code == status
    return response


SAME = {"name": "张翠兰", "phone": "", "phone_again": "", "call_time": "any", "note": "腿脚不好"}


def test_what_is_wrong_is_put_right_and_the_helper_is_told_without_the_words(asked):
    client = open_door(asked, "4444")
    response = correct(client, asked, **SAME | {"name": "张翠岚", "note": "腿脚不好，住三楼"})
    assert "改好了" in page(client, response.url)
    asked.refresh_from_db()
    assert (asked.name, asked.note, asked.phone) == ("张翠岚", "腿脚不好，住三楼", CHILD)
    event = asked.events.get(kind="corrected")
    assert (event.detail, event.by_name) == ("称呼、说明", "居民")
    assert Notification.objects.exclude(kind="new").get(to_user=zhuli()).kind == NotificationKind.RESIDENT_WROTE
    assert "我改了我的称呼、说明，请照新的来。" in asked.messages.get().text


def test_a_new_phone_is_typed_twice_and_the_door_follows_it(asked):
    client = open_door(asked, "4444")
    once = correct(client, asked, status=200, **SAME | {"phone": "13955557777"}).content.decode()
    assert "免得打错" in once and "13955557777" in once
    differs = correct(client, asked, status=200, **SAME | {"phone": "13955557777", "phone_again": "13955557778"}).content.decode()
    assert "两次填的电话不一样" in differs
    assert "电话好像不对" in correct(client, asked, status=200, **SAME | {"phone": "139", "phone_again": "139"}).content.decode()
    asked.refresh_from_db()
    assert asked.phone == CHILD
    correct(client, asked, **SAME | {"phone": "139 5555 7777", "phone_again": "１３９-5555-7777"})
    asked.refresh_from_db()
    assert (asked.phone, asked.phone_index) == ("13955557777", blind_index("13955557777"))
    assert "张翠兰" in see(open_door(asked, "7777"), asked)
    assert "对不上" in Client().post(f"/help/{asked.reference}/", {"act": "open", "last_four": "4444"}).content.decode()
    assert "13955557777" not in str(list(Event.objects.values())) + str(list(Message.objects.values_list("text", flat=True)))


def test_no_change_is_no_event(asked):
    client = open_door(asked, "4444")
    assert "没有改动" in page(client, correct(client, asked, **SAME).url)
    assert kinds(asked) == ["submitted", "claimed"]


def test_nothing_else_can_be_changed_that_way(asked):
    """What a form does not ask is not written, whatever is sent along."""
    client = open_door(asked, "4444")
    correct(client, asked, **SAME | {"name": "张翠岚", "state": "closed", "owner": "", "queue": "640205000000", "phone_index": "x", "for_supervisor": "on"})
    fresh = HelpRequest.objects.get(pk=asked.pk)
    assert (fresh.state, fresh.owner, fresh.queue_id, fresh.phone_index, fresh.for_supervisor) == (asked.state, zhuli(), asked.queue_id, asked.phone_index, False)
    with pytest.raises(ValueError, match="state"):
        actions.correct(request=asked, changes={"state": "closed"})


def test_what_was_typed_is_kept_when_it_is_refused_or_the_page_was_open_too_long(asked):
    client = open_door(asked, "4444")
    text = correct(client, asked, status=200, **SAME | {"note": "身份证 640205199001011234"}).content.decode()
    assert "不要写身份证号" in text and "身份证 640205199001011234" in text
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    text = correct(strict, asked, status=403, **SAME | {"note": "住三楼"}).content.decode()
    assert "住三楼" in text and "这一页放得太久了" in text


@pytest.mark.parametrize("prefix", ["", "/elder"])
def test_what_was_typed_waits_before_the_door_when_its_time_was_over(asked, prefix):
    address = f"{prefix}/help/{asked.reference}/mine/"
    door = checked(Client().post(f"{address}?step=correct&part=note", {"act": "correct", "note": "住三楼"}))
    assert 'name="note" value="住三楼"' in door and "您写的还在" in door
    again = checked(Client().post(address, {"act": "open", "last_four": "4444", "note": "住三楼"}))
    assert ">\n住三楼</textarea>" in again and "还没存" in again
    asked.refresh_from_db()
    assert asked.note == "腿脚不好"
    assert "住三楼" in checked(Client().post(address, {"act": "open", "last_four": "0000", "note": "住三楼"})), "a wrong digit loses nothing either"


def test_each_side_sees_and_corrects_its_own(for_parent):
    child, parent = open_door(for_parent, "4444"), open_door(for_parent, "5555")
    childs, parents = see(child, for_parent), see(parent, for_parent)
    assert "张翠兰" in childs and CHILD in childs and "刘桂英" not in childs and PARENT not in childs
    assert "刘桂英" in parents and PARENT in parents and "张翠兰" not in parents and CHILD not in parents and "腿脚不好" not in parents
    files = [client.post(f"/help/{for_parent.reference}/mine/", {"act": "file"}).content.decode() for client in (child, parent)]
    assert PARENT not in files[0] and CHILD not in files[1]
    correct(parent, for_parent, name="刘桂荣", phone="13966668888", phone_again="13966668888", note="改不了别人的", call_time="morning")
    for_parent.refresh_from_db()
    assert (for_parent.principal.name, for_parent.principal.phone, for_parent.principal.phone_index) == ("刘桂荣", "13966668888", blind_index("13966668888"))
    assert (for_parent.name, for_parent.phone, for_parent.note, for_parent.call_time) == ("张翠兰", CHILD, "腿脚不好", "any")
    assert for_parent.events.get(kind="corrected").by_name == "当事人"
    see(open_door(for_parent, "8888"), for_parent)


def test_a_mandate_is_shown_to_whose_it_is(for_parent):
    Mandate.objects.create(request=for_parent, principal_name="刘桂英", scope="领补贴", starts_on="2026-11-01", ends_on="2026-12-01", agent=zhuli())
    assert "领补贴" in str(held_about(for_parent, Side.PRINCIPAL))
    assert "领补贴" not in str(held_about(for_parent, Side.ASKER))


def test_the_file_is_for_people_to_read_and_taking_it_is_noted(asked):
    client = open_door(asked, "4444")
    response = client.post(f"/help/{asked.reference}/mine/", {"act": "file"})
    assert response["Content-Disposition"] == f'attachment; filename="{asked.reference}.json"'
    assert "no-store" in response["Cache-Control"]
    data = json.loads(response.content)
    assert {"是什么": "您的电话", "内容": CHILD, "从哪来": "您自己填的"} in data["我们留着的"]["您的信息"]
    assert "张翠兰" in response.content.decode(), "not as backslashes and digits"
    sheet = client.post(f"/help/{asked.reference}/mine/", {"act": "sheet"})
    html5lib.HTMLParser(strict=True).parse(sheet.content.decode())
    assert [event.detail for event in asked.events.filter(kind="exported")] == ["文件", "打印的一页"]


def erase(client, stored):
    response = client.post(f"/help/{stored.reference}/mine/", {"act": "erase"})
    assert (response.status_code, response.url) == (302, "/help/erased/")
    return response


def test_deleting_asks_first_then_cancels_then_leaves_nobody(asked):
    marks = mark_all(asked) | {CHILD: "phone", blind_index(CHILD): "phone_index"}
    Attachment.objects.create(request=asked, kind="image", size=1, purpose="仅供", delete_on="2027-01-01")
    client = open_door(asked, "4444")
    question = see(client, asked, "?step=erase")
    assert "这件事还没办完" in question and "不办了，全删掉" in question and "会留下来的" in question
    assert CHILD in readable(), "asking deletes nothing"
    assert "删好了" in page(client, erase(client, asked).url)
    text = readable()
    assert [field for mark, field in marks.items() if mark in text] == []
    assert "内部的话" not in text
    row = HelpRequest.objects.get()
    assert (row.state, row.owner, row.area_id, row.queue_id) == (State.CANCELLED, None, asked.area_id, asked.queue_id)
    assert kinds(row)[-3:] == ["cancelled", "erased", "file_deleted"]
    assert Attachment.objects.get().deleted_at is not None
    told_of = Notification.objects.exclude(kind="new").get(to_user=zhuli())
    assert told_of.kind == NotificationKind.STOPPED


def test_after_it_no_door_and_no_cookie_opens_the_number(asked):
    client, second = open_door(asked, "4444"), open_door(asked, "4444")
    erase(client, asked)
    for browser in (client, second):
        for address in (f"/help/{asked.reference}/", f"/help/{asked.reference}/mine/"):
            assert "最后四位" in browser.get(address).content.decode()
    for last_four in ("4444", "", "0000"):
        assert second.post(f"/help/{asked.reference}/mine/", {"act": "open", "last_four": last_four}).status_code == 200
    with pytest.raises(actions.NotPossible, match="已经删了"):
        actions.erase(request=asked)
    with pytest.raises(actions.NotPossible, match="已经删了"):
        actions.correct(request=asked, changes={"name": "王"})


def test_a_closed_one_is_deleted_before_its_time_and_stays_closed(asked):
    actions.close(request=asked, by=zhuli(), reason=CloseReason.DONE, text="张翠兰办好了")
    client = open_door(asked, "4444")
    assert "还没办完" not in see(client, asked, "?step=erase")
    erase(client, asked)
    asked.refresh_from_db()
    assert (asked.state, asked.close_reason, asked.close_text, asked.owner) == (State.CLOSED, "done", "", zhuli())
    assert Notification.objects.count() == 0


def test_a_call_back_about_it_goes_along(asked):
    """It copied name and phone when the resident was not satisfied, under a number that they never got."""
    zhuguan()
    actions.close(request=asked, by=zhuli(), reason=CloseReason.DONE, text="")
    actions.rate(request=asked, level=1, text="张翠兰不满意")
    revisit = actions.revisit_of(asked)
    assert (revisit.phone, revisit.state) == (CHILD, State.WAITING)
    erase(open_door(asked, "4444"), asked)
    revisit.refresh_from_db()
    assert (revisit.phone, revisit.phone_index, revisit.note, revisit.state) == ("", "", "", State.CANCELLED)
    assert CHILD not in readable()


def test_the_parent_may_delete_and_the_childs_side_goes_too(for_parent):
    parent = open_door(for_parent, "5555")
    assert "替您提交的人那一份也一起删" in see(parent, for_parent, "?step=erase")
    erase(parent, for_parent)
    text = readable()
    assert not [word for word in ("张翠兰", "刘桂英", CHILD, PARENT, blind_index(PARENT)) if word in text]
    assert for_parent.events.get(kind="erased").by_name == "当事人"


def test_a_number_that_meets_its_owner_again_does_not_bring_back_what_was_deleted(asked):
    """The helper's page was still open: no message, note or closing text finds its way back under a name that is gone."""
    client = open_door(asked, "4444")
    erase(client, asked)
    with pytest.raises(actions.NotPossible):
        actions.write_message(request=asked, by=zhuli(), text="张翠兰您好")
    with pytest.raises(actions.NotPossible):
        actions.close(request=asked, by=zhuli(), reason=CloseReason.DONE, text="张翠兰")
    assert Message.objects.count() == 0


ELDER_STEPS = {
    "": ("看看留着什么", "有错，改一改", "取走一份", "全删掉"),
    "?step=see": ("我们留着您哪些信息",),
    "?step=correct": ("改哪一样",),
    "?step=correct&part=phone": ("新的电话",),
    "?step=take": ("看一整页，可以打印",),
    "?step=erase": ("不办了，全删掉",),
}


@pytest.mark.parametrize("query", ELDER_STEPS)
def test_the_elders_pages_hold_one_action_each(asked, query):
    client = open_door(asked, "4444")
    text = see(client, asked, query, elder=True)
    assert all(words in text for words in ELDER_STEPS[query])
    main = text[text.index("<main") : text.index("</main>")]
    assert main.count('class="btn main"') == (1 if "take" in query or "part" in query or "erase" in query else 0)
    assert ("13911114444" in text) == (query == "?step=see"), "the number stands only where one asked to see it"


def test_the_elders_page_changes_one_thing_and_leaves_the_rest(asked):
    client = open_door(asked, "4444")
    response = client.post(f"/elder/help/{asked.reference}/mine/?step=correct&part=note", {"act": "correct", "note": "住三楼"})
    assert response.url == f"/elder/help/{asked.reference}/mine/?step=see&done=correct"
    asked.refresh_from_db()
    assert (asked.note, asked.name, asked.phone) == ("住三楼", "张翠兰", CHILD)


def test_a_caller_without_a_name_may_leave_it_so(asked):
    HelpRequest.objects.update(name="没留称呼")
    client = open_door(asked, "4444")
    correct(client, asked, **SAME | {"name": "", "note": "住三楼"})
    asked.refresh_from_db()
    assert (asked.name, asked.note) == ("没留称呼", "住三楼")


def test_the_follow_page_leads_there(asked):
    client = open_door(asked, "4444")
    for prefix in ("", "/elder"):
        assert f'href="{prefix}/help/{asked.reference}/mine/"' in page(client, f"{prefix}/help/{asked.reference}/")


# --- at the counter ---------------------------------------------------------------------------------------------------------------

AT_THE_COUNTER = {"asked": "asker", "verified": "on"}


@pytest.fixture
def desk(asked):
    client = Client()
    client.force_login(zhuli())
    return client


def test_the_desk_offers_it_to_owner_and_supervisor_only(asked, desk):
    mine = {"correct", "take", "erase"}
    assert mine <= offered_in(page(desk, detail(asked)), asked)
    for user, may in ((xiaozhao(), False), (zhuguan(), True)):
        desk.force_login(user)
        assert bool(mine & offered_in(page(desk, detail(asked)), asked)) == may


def test_a_colleague_who_may_only_look_cannot_post_it_either(asked, desk):
    desk.force_login(xiaozhao())
    for act, more in (("take", {}), ("correct", {"name": "x"}), ("erase", {"sure": "on"})):
        response = press(desk, asked, act, **AT_THE_COUNTER, **more)
        assert CHILD not in response.content.decode()
    asked.refresh_from_db()
    assert (asked.name, kinds(asked)) == ("张翠兰", ["submitted", "claimed"])


def test_a_helper_prints_it_for_who_asks_and_that_counts_as_a_look(asked, desk):
    text = checked(press(desk, asked, "take", **AT_THE_COUNTER))
    assert CHILD in text and "张翠兰" in text
    trail = [(event.kind, event.by_name, event.detail) for event in asked.events.all()][-2:]
    assert trail == [("revealed", "朱丽", "打印信息清单"), ("exported", "朱丽", "打印的一页，本人当面要的")]


def test_a_helper_changes_a_phone_typed_twice_for_who_asks(asked, desk):
    assert "两次填的电话不一样" in checked(press(desk, asked, "correct", **AT_THE_COUNTER, phone="13955557777", phone_again="13955557770"))
    assert "没有填要改的" in checked(press(desk, asked, "correct", **AT_THE_COUNTER))
    assert "改好了" in told(desk, press(desk, asked, "correct", **AT_THE_COUNTER, phone="13955557777", phone_again="13955557777"))
    asked.refresh_from_db()
    assert (asked.phone, asked.name) == ("13955557777", "张翠兰")
    event = asked.events.get(kind="corrected")
    assert (event.by, event.detail) == (zhuli(), "电话，本人当面要的")
    assert Notification.objects.exclude(kind__in=("new", "received")).count() == Message.objects.count() == 0, "the helper knows"


def test_a_helper_deletes_only_after_both_ticks(asked, desk):
    refused = checked(press(desk, asked, "erase", asked="asker", verified="on"))
    assert "先跟他说清楚" in refused
    assert "别人来要，一律不给" in checked(press(desk, asked, "erase", asked="asker", sure="on"))
    assert press(desk, asked, "erase", **AT_THE_COUNTER, sure="on").url == "/desk/"
    assert "张翠兰" not in readable()
    assert asked.events.get(kind="erased").detail == "本人当面要的"


def test_the_person_whose_matter_it_is_may_come_to_the_counter_too(for_parent, desk):
    assert "选是谁要的" in checked(press(desk, make_request(claimed_by=zhuli()), "take", asked="principal", verified="on")), "there is no such side"
    text = checked(press(desk, for_parent, "take", asked="principal", verified="on"))
    assert PARENT in text and CHILD not in text
    press(desk, for_parent, "correct", asked="principal", verified="on", name="刘桂荣")
    for_parent.refresh_from_db()
    assert (for_parent.principal.name, for_parent.name) == ("刘桂荣", "张翠兰")


def test_a_supervisor_who_corrects_tells_the_owner(asked, desk):
    desk.force_login(zhuguan())
    press(desk, asked, "correct", **AT_THE_COUNTER, name="张翠岚")
    assert Notification.objects.exclude(kind__in=("new", "received")).get().to_user == zhuli()


def test_a_scrubbed_request_offers_nothing_of_it(asked, desk):
    actions.erase(request=asked)
    desk.force_login(zhuguan())
    assert {"reveal", "take", "correct", "erase"} & offered_in(page(desk, detail(asked)), asked) == set()


def test_the_helpers_mark_is_a_role_even_for_an_account_that_is_gone(asked):
    gone = make_user("gone")
    actions.claim(request=(other := make_request(phone="13977778888")), by=zhuli())
    Event.objects.create(request=other, kind="revealed", by=gone, by_name="老张")
    gone.delete()
    assert "工作人员看了完整电话" in see(open_door(other, "8888"), other)


def test_a_request_with_a_plate_names_the_place(asked):
    plate = make_plate()
    HelpRequest.objects.update(doorplate=plate)
    assert plate.place in see(open_door(asked, "4444"), asked)
