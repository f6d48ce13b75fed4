"""投诉建议: a form of its own, for a supervisor who has nothing to do with it; helpers see nothing of it anywhere."""

import re
import uuid
from html import unescape

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from helpdesk import actions
from helpdesk.access import OF_THE_PERSON, colleagues_for, get_request_or_404, handlers_of, visible_requests
from helpdesk.actions import Complaint, NotPossible, Subject
from helpdesk.models import NO_NAME, CloseReason, HelpRequest, Kind, Notification, NotificationKind, RatingLevel, State
from helpdesk.views.acts import ACTS
from menpai.errors import server_error
from menpai.roles import Role
from tests import people
from tests.factories import DISTRICT, SHUIYUN, TOWNSHIP, make_area, make_guide, make_plate, make_posting, make_request, make_user
from tests.helpdesk.desk import QUEUE, checked, detail, kinds, offered_in, page, press, told

pytestmark = pytest.mark.django_db
ADDRESS = "/help/complain/"
WORDS = "小朱说话很凶，还让我跑了三趟"
PHONE = "13909520000"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


@pytest.fixture(autouse=True)
def village():
    """水韵名都社区 with two helpers, its township's supervisor, and the district's."""
    people.zhuli(), people.xiaozhao(), people.zhuguan(), quzhang()


def quzhang():
    """区主管: supervisor of the district."""
    known = HelpRequest._meta.get_field("owner").related_model.objects.filter(username="quzhang").first()
    if known:
        return known
    user = make_user("quzhang", name="曲主任", role=Role.SUPERVISOR)
    make_posting(user, DISTRICT)
    return user


def complain(**fields) -> HelpRequest:
    said = {"submission_key": uuid.uuid4(), "subject": Subject.HELPER, "text": WORDS, "area": make_area(SHUIYUN), "phone": PHONE, **fields}
    return actions.complain(complaint=Complaint(**said))


def send(client, address: str = ADDRESS, **fields):
    least = {"subject": "helper", "text": WORDS, "phone": PHONE, "consent": "on", "submission_key": str(uuid.uuid4())}
    return client.post(address, least | fields)


def body_of(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return unescape(answer.content.decode())


# the resident


@pytest.mark.parametrize("mount", ["", "/elder"])
def test_from_the_footer_to_the_number_that_is_followed(client, mount):
    form = body_of(client.get(f"{mount}{ADDRESS}?area={SHUIYUN}"))
    assert "前有主管给您打电话" in form
    assert 'href="tel:12345"' in form
    assert f'value="{SHUIYUN}" selected' in form
    answer = send(client, mount + ADDRESS, area=SHUIYUN)
    stored = HelpRequest.objects.get()
    assert answer["Location"] == f"{mount}/help/{stored.reference}/?new=1"
    assert (stored.kind, stored.for_supervisor, stored.queue_id, stored.state, stored.name) == ("complaint", True, TOWNSHIP, "waiting", NO_NAME)
    assert WORDS in stored.note
    followed = body_of(client.get(answer["Location"]))
    assert "已经交给园艺镇的主管。帮办员看不到。" in followed
    assert "最晚" in followed
    assert "给帮办员留言" not in followed
    stranger = Client()
    door = f"{mount}/help/{stored.reference}/"
    assert "对不上" in body_of(stranger.post(door, {"act": "open", "last_four": "1234"}))
    assert stranger.post(door, {"act": "open", "last_four": "0000"}).status_code == 302


def test_the_plate_that_was_scanned_says_where(client):
    plate = make_plate()
    client.get(f"/D/{plate.code}")
    form = body_of(client.get(ADDRESS))
    assert "示例小区 8号楼 2单元" in form
    send(client, plate=plate.code, area=SHUIYUN)
    stored = HelpRequest.objects.get()
    assert (stored.doorplate, stored.area_id, stored.queue_id) == (plate, SHUIYUN, TOWNSHIP)


def test_mistakes_get_a_sentence_and_nothing_is_lost(client):
    body = body_of(client.post(ADDRESS, {"subject": "fee", "text": WORDS, "phone": "1", "number": "12", "submission_key": str(uuid.uuid4())}))
    assert all(words in body for words in ("手机是11位数字", "编号不对，是9个数字", "要您同意", WORDS))
    assert "不要写身份证号" in body_of(send(client, text="640205195001011234"))
    assert "点一样" in body_of(send(client, subject=""))
    assert HelpRequest.objects.count() == 0


def test_a_form_left_open_too_long_keeps_what_was_typed():
    body = body_of(Client(enforce_csrf_checks=True).post(ADDRESS, {"subject": "fee", "text": WORDS, "phone": PHONE}), 403)
    assert "这一页放得太久了" in body
    assert WORDS in body


def test_a_double_click_is_one_complaint(client):
    key = str(uuid.uuid4())
    first, second = send(client, submission_key=key), send(client, submission_key=key)
    assert first["Location"] == second["Location"]
    assert (HelpRequest.objects.count(), Notification.objects.filter(kind=NotificationKind.COMPLAINT).count()) == (1, 1)


def test_another_persons_number_tells_nothing(client):
    """Known or not, the answer is the same and names no place; only whose phone stands in the request need not say where."""
    other = make_request(phone="13800138000")
    unknown = "123456788"
    answers = []
    for number in (other.reference, unknown):
        answer = send(client, number=number)
        stored = HelpRequest.objects.order_by("-id").first()
        answers.append((answer.status_code, stored.queue_id, stored.area_id))
        assert other.spoken_reference not in body_of(client.get(answer["Location"]))
    assert answers == [(302, DISTRICT, DISTRICT)] * 2
    assert HelpRequest.objects.filter(about=other).count() == 1
    send(client, number=other.reference, phone="13800138000")
    assert HelpRequest.objects.order_by("-id").first().queue_id == TOWNSHIP


def test_every_door_of_the_staff_and_every_error_page_has_the_entrance(client):
    assert 'href="/help/complain/">投诉建议' in body_of(client.get("/desk/login/"))
    assert 'href="/help/complain/">投诉建议' in body_of(client.get("/nothing/"), 404)
    assert 'href="/elder/help/complain/">投诉建议' in body_of(client.get("/elder/nothing/"), 404)
    client.force_login(people.bianji())
    assert 'href="/help/complain/">投诉建议' in body_of(client.get("/desk/"), 403)
    client.logout()
    for _ in range(6):
        answer = client.post("/desk/login/", {"username": "zhuli", "password": "x"})
    assert "先歇15分钟" in answer.content.decode()
    assert 'href="/help/complain/">投诉建议' in answer.content.decode()
    assert 'href="/help/complain/">投诉建议' in server_error(RequestFactory().get("/")).content.decode()


# to whom


def test_it_goes_to_the_township_or_past_it():
    assert complain().queue_id == TOWNSHIP
    assert complain(subject=Subject.TOWNSHIP).queue_id == DISTRICT
    people.zhuguan().postings.all().delete()
    assert complain().queue_id == DISTRICT
    told = Notification.objects.filter(kind=NotificationKind.COMPLAINT).values_list("to_user__username", flat=True)
    assert list(told) == ["zhuguan", "quzhang", "quzhang"]


def test_without_any_supervisor_the_administrators_hear_of_it():
    people.zhuguan().postings.all().delete()
    quzhang().postings.all().delete()
    people.guanli()
    stored = complain()
    assert stored.queue_id == DISTRICT
    assert list(stored.notifications.values_list("to_user__username", flat=True)) == ["guanli"]


def test_a_supervisor_does_not_answer_a_complaint_about_themselves():
    worked = make_request(claimed_by=people.zhuguan())
    stored = complain(about=worked)
    assert stored.queue_id == DISTRICT
    assert not visible_requests(people.zhuguan()).filter(pk=stored.pk).exists()
    assert visible_requests(quzhang()).filter(pk=stored.pk).exists()
    assert [posting.user for posting in colleagues_for(stored)] == [quzhang()]


def test_nor_one_about_what_they_had_in_hand_before_or_work_as_the_only_one():
    worked = make_request(claimed_by=people.zhuguan())
    actions.release(request=worked, by=people.zhuguan())
    actions.claim(request=worked, by=people.zhuli())
    assert handlers_of(worked) == {people.zhuguan().pk, people.zhuli().pk}
    assert complain(about=worked).queue_id == DISTRICT


def test_of_two_supervisors_the_other_answers():
    second = make_user("zhuguan2", name="吴主任", role=Role.SUPERVISOR)
    make_posting(second, TOWNSHIP)
    stored = complain(about=make_request(claimed_by=people.zhuguan()))
    assert stored.queue_id == TOWNSHIP
    assert visible_requests(second).filter(pk=stored.pk).exists()
    assert not visible_requests(people.zhuguan()).filter(pk=stored.pk).exists()
    assert [n.to_user for n in stored.notifications.all()] == [second]


def test_a_complaint_about_the_township_is_not_seen_there():
    stored = complain(subject=Subject.TOWNSHIP)
    assert not visible_requests(people.zhuguan()).filter(pk=stored.pk).exists()
    assert visible_requests(quzhang()).filter(pk=stored.pk).exists()


# never to a helper


def rated_badly() -> HelpRequest:
    worked = make_request(claimed_by=people.zhuli(), guide=make_guide())
    actions.close(request=worked, by=people.zhuli(), reason=CloseReason.DONE, text="")
    actions.rate(request=worked, level=RatingLevel.VERY_DISSATISFIED, text="她很凶")
    return worked


@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.REVISIT])
def test_no_helper_finds_it_anywhere(client, kind):
    """First that it is there to leak: the supervisor gets it."""
    worked = rated_badly()
    stored = actions.revisit_of(worked) if kind == Kind.REVISIT else complain(about=worked)
    client.force_login(people.zhuguan())
    shown = page(client, detail(stored))
    assert "她很凶" in shown or WORDS in shown
    assert stored.spoken_reference in page(client, QUEUE)

    for person in (people.zhuli(), people.xiaozhao()):
        client.force_login(person)
        events = stored.events.count()
        hidden, unknown = (TOKEN.sub("", page(client, detail(row), 404)) for row in (stored, HelpRequest(reference="123456788")))
        assert hidden == unknown
        for act in ACTS:
            answer = client.post(reverse("desk:act", args=[stored.reference, act]), {"text": "看看", "reason": "done"})
            assert answer.status_code == 404, act
        assert client.get(QUEUE, {"number": stored.reference})["Location"] == detail(stored)  # as for any number
        pages = [page(client, address) for address in (QUEUE, f"{QUEUE}?show=closed", detail(worked), "/desk/new/")]
        for text in pages:
            assert stored.reference not in text
            assert stored.spoken_reference not in text
            assert all(word not in text for word in (WORDS, "她很凶", "不满意", "回访", "投诉</"))
        assert stored.events.count() == events
        assert client.get("/admin/helpdesk/helprequest/").status_code == 302


def test_not_in_the_closed_list_either(client):
    stored = complain()
    actions.claim(request=stored, by=people.zhuguan())
    actions.close(request=stored, by=people.zhuguan(), reason=CloseReason.EXPLAINED, text="说过小朱了。")
    client.force_login(people.zhuguan())
    assert stored.spoken_reference in page(client, f"{QUEUE}?show=closed")
    client.force_login(people.zhuli())
    assert stored.spoken_reference not in page(client, f"{QUEUE}?show=closed")


def test_a_404_takes_the_same_way_whether_it_is_hidden_or_not_there(client):
    stored = complain()
    client.force_login(people.zhuli())
    asked = []
    for reference in (stored.reference, "123456788"):
        with CaptureQueriesContext(connection) as seen:
            page(client, reverse("desk:detail", args=[reference]), 404)
        asked.append([query["sql"].replace(reference, "") for query in seen if "helpdesk_helprequest" in query["sql"]])
    assert asked[0] == asked[1]


def test_it_is_handed_to_supervisors_only():
    stored = complain()
    actions.claim(request=stored, by=people.zhuguan())
    assert [posting.user.username for posting in colleagues_for(stored)] == ["quzhang"]
    with pytest.raises(NotPossible, match="只能转给主管"):
        actions.hand_over(request=stored, by=people.zhuguan(), to=people.zhuli().postings.get(), reason="你看看")


def test_who_loses_the_role_loses_the_complaint_in_hand():
    stored = complain()
    actions.claim(request=stored, by=people.zhuguan())
    boss = people.zhuguan()
    boss.groups.set(people.zhuli().groups.all())
    assert not visible_requests(type(boss).objects.get(pk=boss.pk)).filter(pk=stored.pk).exists()


# the supervisor


def test_the_supervisor_claims_calls_and_says_what_was_put_right(client):
    stored = complain(about=make_request(claimed_by=people.zhuli()))
    client.force_login(people.zhuguan())
    shown = page(client, detail(stored))
    assert offered_in(shown, stored) == {"claim", "note", "hand_over", *OF_THE_PERSON} - {"reveal"}
    assert "朱丽办的" in shown
    press(client, stored, "claim")
    assert PHONE in checked(press(client, stored, "reveal"))
    refused = press(client, stored, "close", reason="explained", text="")
    assert "要写一句问清了什么" in checked(refused)
    done = press(client, stored, "close", reason="explained", text="给您道歉，以后一次说清。")
    assert "办结了" in told(client, done)
    stored.refresh_from_db()
    assert (stored.state, kinds(stored)) == (State.CLOSED, ["submitted", "claimed", "revealed", "closed"])


def test_complaints_stand_first_with_their_promise(client):
    old = make_request()
    HelpRequest.objects.filter(pk=old.pk).update(promised_at="2026-01-01T01:00Z")
    mine = make_request(claimed_by=people.zhuguan())
    stored = complain()
    client.force_login(people.zhuguan())
    text = page(client, QUEUE)
    order = [text.index(row.spoken_reference) for row in (stored, mine, old)]
    assert order == sorted(order)
    card = text[: order[0]].rpartition('<li class="card">')[2]
    assert "前" in card
    assert "领取" in text[order[0]:].partition("</li>")[0]


@pytest.mark.nothing_kept
@pytest.mark.nothing_kept
def test_the_queue_costs_the_same_for_one_and_three(client):
    client.force_login(people.zhuguan())
    counts = []
    for more in (1, 2):
        for _ in range(more):
            complain(about=make_request(claimed_by=people.zhuli()))
        with CaptureQueriesContext(connection) as seen:
            page(client, QUEUE)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_get_request_or_404_for_the_one_above():
    stored = complain()
    assert get_request_or_404(quzhang(), stored.reference) == stored


def test_who_opens_the_back_office_and_helps_too_does_not_read_it_there(client):
    worked = rated_badly()
    stored = complain(about=worked)
    boss = people.guanli()
    addresses = ("/admin/helpdesk/helprequest/", "/admin/helpdesk/event/", f"/admin/helpdesk/helprequest/{worked.pk}/change/")

    def seen() -> str:
        return "".join(client.get(address).content.decode() for address in addresses)

    client.force_login(boss)
    assert stored.spoken_reference in seen()
    assert "非常不满意" in seen()
    boss.groups.add(*people.zhuli().groups.all())
    text = seen()
    assert stored.spoken_reference not in text
    assert worked.spoken_reference in text
    assert "非常不满意" not in text


def test_from_the_follow_page_the_number_comes_along(client):
    stored = make_request(make_area(SHUIYUN))
    client.post(f"/help/{stored.reference}/", {"act": "open", "last_four": "8000"})
    link = re.search(r'href="([^"]*)">对帮办有意见', body_of(client.get(f"/help/{stored.reference}/")))[1]
    form = body_of(client.get(link))
    assert f'value="{stored.reference}"' in form
    assert "<details open>" in form
