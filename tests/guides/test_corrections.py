"""“这里写错了”: a reader says which part is wrong, without a phone; it reaches the editor once, and the reader can read the answer."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guides import corrections, editing
from guides.actions import NotPossible, settle_corrections, withdraw
from guides.corrections import Part
from guides.models import Correction, CorrectionState, FactField, is_correction_code
from tests import people
from tests.factories import SHUIYUN, make_area, make_guide

pytestmark = pytest.mark.django_db
ADDRESS = "/guides/yibao-001/wrong/"


@pytest.fixture
def guide():
    make_area()
    return make_guide(papers=("户口本",))


def page(client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return unescape(answer.content.decode())


def say(guide, part: str = Part.BRING, text: str = "") -> Correction:
    return Correction.objects.create(guide=guide, part=part, text=text)


# the reader


@pytest.mark.parametrize("mount", ["", "/elder", f"/c/{SHUIYUN}", f"/elder/c/{SHUIYUN}"])
def test_from_the_guide_to_the_number_and_back_to_the_answer(client, guide, mount):
    link = re.search(r'href="([^"]*)">这里写错了？告诉我们', page(client, f"{mount}/guides/yibao-001/"))[1]
    assert link == mount + ADDRESS
    form = page(client, link)
    assert "type=\"tel\"" not in form
    assert " checked" not in form
    answer = client.post(link, {"part": "bring", "text": "窗口要两份复印件"})
    kept = Correction.objects.get()
    assert (kept.part, kept.text, kept.state) == ("bring", "窗口要两份复印件", "open")
    assert answer["Location"] == f"{mount}/guides/wrong/{kept.code}/?new=1"
    told = page(client, answer["Location"])
    assert "等写指南的人核对" in told
    assert f"{kept.code[:5]} {kept.code[5:]}" in told
    settle_corrections(corrections=[kept], state=CorrectionState.FIXED, answer="窗口确认要两份。", by="边吉")
    told = page(client, f"{mount}/guides/wrong/{kept.code}/")
    assert "改好了，谢谢您" in told
    assert "窗口确认要两份。" in told
    assert "窗口要两份复印件" not in told  # whoever finds the slip of paper reads nobody's words


def test_the_guide_itself_sets_no_cookie_and_the_form_is_kept_by_no_cache(guide):
    client = Client()
    assert client.get("/guides/yibao-001/").cookies == {}
    answer = client.get(ADDRESS)
    assert "csrftoken" in answer.cookies
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(("text", "words"), [("我是640205195001011234", "不要写身份证号"), ("打我手机 138 0013 8000", "不用留手机号"), ("长" * 301, "300个字以内")])
def test_what_does_not_belong_there_is_refused_and_nothing_is_lost(client, guide, text, words):
    body = unescape(client.post(ADDRESS, {"part": "phone", "text": text}).content.decode())
    assert words in body
    assert text in body
    assert re.search(r'value="phone"[^>]* checked', body)
    assert Correction.objects.count() == 0


def test_an_offices_own_number_may_stand_there(client, guide):
    client.post(ADDRESS, {"part": "phone", "text": "电话换了，现在是0952-3311111"})
    assert Correction.objects.get().text == "电话换了，现在是0952-3311111"


def test_the_part_must_be_one_of_the_pages(client, guide):
    assert "点一下是哪一样写错了" in client.post(ADDRESS, {}).content.decode()
    assert "从下面点一样" in client.post(ADDRESS, {"part": "x"}).content.decode()


def test_too_many_are_stopped(client, guide):
    for _ in range(10):
        assert client.post(ADDRESS, {"part": "fee"}).status_code == 302
    assert "提交得太勤" in client.post(ADDRESS, {"part": "fee", "text": "要钱"}).content.decode()
    assert Correction.objects.count() == 10


def test_a_form_left_open_too_long_keeps_what_was_typed(guide):
    answer = Client(enforce_csrf_checks=True).post(ADDRESS, {"part": "fee", "text": "现在要十块钱"})
    body = answer.content.decode()
    assert answer.status_code == 403
    assert "这一页放得太久了" in body
    assert "现在要十块钱" in body
    assert re.search(r'value="fee"[^>]* checked', body)


def test_a_wrong_number_finds_nothing_and_cannot_be_tried_through(client, guide):
    for _ in range(20):
        assert "再对一遍" in page(client, "/guides/wrong/2222222222/", 404)
    assert "过一个钟头再来" in page(client, "/guides/wrong/2222222222/", 404)


def test_the_number_can_be_typed_where_requests_are_found(client, guide):
    kept = say(guide)
    assert is_correction_code(kept.code)
    answer = client.get("/elder/help/", {"reference": f"{kept.code[:5]} {kept.code[5:]}"})
    assert answer["Location"] == f"/elder/guides/wrong/{kept.code}/"


def test_a_withdrawn_guide_explains_itself_and_a_draft_is_not_there(client, guide):
    make_guide("yibao-002", status="draft")
    page(client, "/guides/yibao-002/wrong/", 404)
    withdraw(guide=guide, by="沈禾")
    page(client, ADDRESS, 410)


# the editor


def test_those_who_say_the_same_are_one_line_and_answered_once(client, guide):
    first, second, other = say(guide, text="两份"), say(guide, text="要两份的"), say(guide, Part.FEE)
    client.force_login(people.bianji())
    listed = page(client, "/admin/guides/correction/")
    assert listed.count("field-guide") == 2
    assert re.search(r'field-times[^>]*>2<', listed)
    handled = page(client, f"/admin/guides/correction/{first.pk}/change/")
    assert "两份" in handled
    assert "要两份的" in handled
    late = say(guide, text="三份")
    data = {"seen": [first.pk, second.pk], "state": "fixed", "answer": "改好了。"}
    answer = client.post(f"/admin/guides/correction/{first.pk}/change/", data, follow=True)
    assert "2位居民凭号能看到答复" in answer.content.decode()
    states = dict(Correction.objects.values_list("pk", "state"))
    assert states == {first.pk: "fixed", second.pk: "fixed", other.pk: "open", late.pk: "open"}
    listed = page(client, "/admin/guides/correction/")
    assert listed.count("field-guide") == 3
    assert listed.index("待处理") < listed.rindex("改好了</span>")
    assert "边吉" in listed


def test_by_a_readers_number_the_line_it_stands_in_is_found(client, guide):
    first, second = say(guide), say(guide)
    say(guide, Part.FEE)
    client.force_login(people.bianji())
    listed = page(client, f"/admin/guides/correction/?q={second.code}")
    assert listed.count("field-guide") == 1
    assert f"/correction/{first.pk}/change/" in listed


def test_the_second_editor_is_told(guide):
    row = say(guide)
    settle_corrections(corrections=[row], state=CorrectionState.DROPPED, answer="", by="边吉")
    with pytest.raises(NotPossible, match="刚刚有人处理过了"):
        settle_corrections(corrections=[row], state=CorrectionState.FIXED, answer="", by="沈禾")
    row.refresh_from_db()
    assert (row.state, row.handled_by) == ("dropped", "边吉")


def test_the_link_opens_exactly_that_part(client, guide):
    guide.facts.create(field=FactField.FEE)
    client.force_login(people.bianji())
    admin = page(client, f"/admin/guides/guide/{guide.pk}/change/")
    for part in Part:
        address, _, anchor = corrections.edit_address(guide, part).partition("#")
        assert address == f"/admin/guides/guide/{guide.pk}/change/"
        assert not anchor or f'id="{anchor}"' in admin, part
    fee = corrections.edit_address(guide, Part.FEE).partition("#")[2]
    phone = corrections.edit_address(guide, Part.PHONE).partition("#")[2]
    assert "费用" in admin.partition(f'id="{fee}"')[2].partition("</dd>")[0]
    assert "咨询电话" in admin.partition(f'id="{phone}"')[2].partition("</dd>")[0]
    editing.start_next(guide=guide, by=people.bianji())
    form = page(client, f"/admin/guides/guide/{guide.next_version.pk}/change/")
    assert "<b>费用</b>" in form.partition(f'id="{fee}"')[2].partition("</summary>")[0]
    assert "<b>咨询电话</b>" in form.partition(f'id="{phone}"')[2].partition("</summary>")[0]


def test_who_may(client, guide):
    row = say(guide)
    for person in (people.shenhe, people.guanli):
        client.force_login(person())
        assert client.get("/admin/guides/correction/").status_code == 200
    client.force_login(people.zhuli())
    assert client.get("/admin/guides/correction/").status_code == 302
    assert client.post(f"/admin/guides/correction/{row.pk}/change/", {"seen": [row.pk], "state": "fixed"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "open"


@pytest.mark.nothing_kept
def test_the_list_costs_the_same_for_one_and_three(client, guide):
    client.force_login(people.bianji())
    counts = []
    for part in (Part.FEE, Part.TIME, Part.WHO):
        say(guide, part)
        with CaptureQueriesContext(connection) as seen:
            page(client, "/admin/guides/correction/")
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]


# forgetting


def test_words_go_after_ninety_days_and_rows_after_a_year(guide):
    now = timezone.now()
    fresh, answered, ancient = say(guide, text="一"), say(guide, text="二"), say(guide, text="三")
    Correction.objects.filter(pk=answered.pk).update(state="fixed", handled_at=now - timedelta(days=91))
    Correction.objects.filter(pk=ancient.pk).update(at=now - timedelta(days=366))
    assert corrections.outdated(now).count() + corrections.wordy(now).count() == 2
    assert corrections.forget(now) == 2
    assert corrections.forget(now) == 0
    assert {row.pk: row.text for row in Correction.objects.all()} == {fresh.pk: "一", answered.pk: ""}


def test_the_words_are_not_readable_in_the_database(guide):
    say(guide, text="窗口说要两份")
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM guides_correction")
        assert "窗口" not in cursor.fetchone()[0]
