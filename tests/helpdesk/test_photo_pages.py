"""Photos of papers as resident and desk meet them: sent with a consent, seen by whom it concerns, kept by no cache, nowhere without the door."""

import io
import re
import uuid

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from helpdesk import actions, attachments
from helpdesk.models import Attachment, CloseReason, EventKind
from menpai import uploads
from tests import people, pictures
from tests.factories import make_guide, make_request
from tests.helpdesk.desk import detail, kinds, page
from tests.helpdesk.photos import CARD, names, picture, sent, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private")]
SENT = "2026-11-02 09:00+08:00"


@pytest.fixture
def mine():
    """王阿姨's request, in 朱丽's hands; 小赵 works beside her."""
    people.xiaozhao()
    return make_request(claimed_by=people.zhuli(), papers=CARD, guide=make_guide(plain_title="交医保"))


@pytest.fixture
def resident(client, mine):
    """Her browser, with the door of the follow page open."""
    client.post(f"/help/{mine.reference}/", {"act": "open", "last_four": "8000"})
    return client


def paper_page(stored, paper=None) -> str:
    return f"/help/{stored.reference}/paper/{paper.pk if paper else 0}/"


def file_page(stored, photo, room: str = "help") -> str:
    return f"/{room}/{stored.reference}/file/{photo.key}/"


def signed_in(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


# ---- the resident


def test_the_resident_sends_several_at_once_with_a_consent_of_its_own(resident, mine):
    card = mine.papers.first()
    answer = resident.post(paper_page(mine, card), {"album": [upload(), upload((500, 500))], "camera": upload((400, 400)), "consent": "on"})
    assert (answer.status_code, answer.url) == (302, f"{paper_page(mine, card)}?kept=3")
    assert list(mine.attachments.values_list("paper", "kind", "by")) == [(card.pk, "image", None)] * 3
    event = mine.events.last()
    assert (event.kind, event.is_public, event.detail) == (EventKind.FILE_ADDED, True, "3张，同意了告知书（2026-11版）")
    assert "收到3张" in resident.get(answer.url).content.decode()
    assert "王阿姨身份证" not in str(list(Attachment.objects.values())) + str(list(mine.events.values()))  # the name of the file is kept nowhere


def test_without_the_consent_nothing_is_kept(resident, mine):
    answer = resident.post(paper_page(mine), {"album": [upload()]})
    assert "要您同意才能传" in answer.content.decode()
    assert names() == []


def test_nothing_chosen_and_too_many(resident, mine):
    assert "还没有选照片" in resident.post(paper_page(mine), {"consent": "on"}).content.decode()
    assert "一次最多5张" in resident.post(paper_page(mine), {"consent": "on", "album": [upload() for _ in range(6)]}).content.decode()
    assert names() == []


def test_one_bad_photo_does_not_lose_the_others(resident, mine):
    bad = upload()
    bad.file = io.BytesIO(b"<html>no photo</html>")
    bad.size = 21
    text = resident.post(paper_page(mine), {"consent": "on", "album": [upload(), bad]}).content.decode()
    assert "收到1张" in text
    assert "第2张：只收照片" in text
    assert len(names()) == 1


def test_what_takes_too_long_is_left_for_later_and_the_first_are_kept(resident, mine, monkeypatch):
    monkeypatch.setattr(uploads, "clean", lambda file, watermark: picture())
    clock = iter([0, 30, 61])
    monkeypatch.setattr(attachments, "monotonic", lambda: next(clock))
    text = resident.post(paper_page(mine), {"consent": "on", "album": [upload(), upload()]}).content.decode()
    assert "收到1张" in text
    assert "第2张：现在传照片的人多" in text


def test_a_pdf_is_a_picture_afterwards(resident, mine):
    file = upload()
    file.file, file.size = io.BytesIO(pictures.pdf(2)), len(pictures.pdf(2))
    resident.post(paper_page(mine), {"consent": "on", "album": [file]})
    photo = mine.attachments.get()
    assert photo.kind == "pdf"
    answer = resident.get(file_page(mine, photo))
    assert answer["Content-Type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8\xff")


def test_the_page_says_what_is_done_with_it_and_until_when(resident, mine):
    with time_machine.travel(SENT):
        resident.post(f"/help/{mine.reference}/", {"act": "open", "last_four": "8000"})
        text = resident.get(paper_page(mine, mine.papers.first())).content.decode()
    for words in ("敏感个人信息", "单独同意", "仅供办理交医保使用", "12月2日", "3天后就删", "不传也照样给您办"):
        assert words in text
    assert 'capture="environment"' in text
    assert not [field for field in re.findall(r"<input[^>]*file[^>]*>", text) if "required" in field]


def test_the_resident_reads_the_result_of_each_paper(resident, mine):
    card, book = mine.papers.all()
    for result, words in (
        (actions.Check(state="bad", reason="unclear", remark="反面也要拍"), "不行：看不清。反面也要拍"),
        (actions.Check(state="missing", remark="找一找"), "还缺：找一找"),
        (actions.Check(state="ok", original_seen=True), "✓ 合格，看过原件了"),
    ):
        actions.check_papers(request=mine, by=people.zhuli(), found={card.pk: result})
        assert words in resident.get(f"/help/{mine.reference}/").content.decode()
    sent(mine, book)
    assert "传了1张，等帮办员看" in resident.get(f"/help/{mine.reference}/").content.decode()


def test_the_resident_looks_at_it_and_deletes_it_at_once(resident, mine):
    photo = sent(mine, mine.papers.first())
    assert b"PICTURE-x" in resident.get(file_page(mine, photo)).content
    assert "file_opened" not in kinds(mine)
    answer = resident.post(paper_page(mine, mine.papers.first()), {"act": "delete", "key": str(photo.key)})
    assert answer.status_code == 302
    assert names() == []
    assert resident.get(file_page(mine, photo)).status_code == 404
    today = timezone.localdate()
    assert f"已于{today.month}月{today.day}日删除" in resident.get(answer.url).content.decode()


def test_it_is_deleted_after_the_end_too(resident, mine):
    photo = sent(mine)
    actions.close(request=mine, by=people.zhuli(), reason=CloseReason.DONE, text="")
    assert "现在就删掉" in resident.get(paper_page(mine)).content.decode()
    resident.post(paper_page(mine), {"act": "delete", "key": str(photo.key)})
    assert names() == []


@pytest.mark.parametrize("key", ["", "x", "' OR 1=1", "0" * 36, "ee306087-0bf0-46a4-92f6-a08afefd3ed8"])
def test_deleting_what_is_not_there_is_harmless(resident, mine, key):
    other = sent(make_request())
    assert resident.post(paper_page(mine), {"act": "delete", "key": key}).status_code == 302
    resident.post(paper_page(mine), {"act": "delete", "key": str(other.key)})
    assert names() == [other.key.hex]


def test_without_the_door_there_is_nothing(mine):
    photo, stranger = sent(mine), Client()
    assert stranger.get(file_page(mine, photo)).status_code == 404
    assert stranger.get(paper_page(mine)).url == f"/help/{mine.reference}/"
    assert stranger.post(paper_page(mine), {"album": [upload()], "consent": "on"}).url == f"/help/{mine.reference}/"
    assert stranger.post(paper_page(mine), {"act": "delete", "key": str(photo.key)}).status_code == 302
    assert names() == [photo.key.hex]
    for address in ("/help/abc/paper/1/", "/elder/help/482-917-365/paper/0/"):
        assert stranger.get(address).url == address.partition("paper")[0]


def test_the_key_of_another_request_is_the_same_404_as_a_wrong_one(resident, mine):
    theirs = sent(make_request())
    answers = [resident.get(file_page(mine, theirs)), resident.get(f"/help/{mine.reference}/file/{uuid.uuid4()}/")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content.replace(str(theirs.key).encode(), b"") and len({len(answer.content) for answer in answers}) == 1
    assert resident.get(f"/help/{theirs.request.reference}/file/{theirs.key}/").status_code == 404
    for number in (theirs.request_id + 999, 10**30):
        assert resident.get(f"/help/{mine.reference}/paper/{number}/").status_code == 404


def test_sending_is_limited_for_one_address_and_one_request(resident, mine, monkeypatch):
    monkeypatch.setattr(uploads, "clean", lambda file, watermark: picture())
    monkeypatch.setattr(actions, "add_files", lambda **kwargs: None)
    for _ in range(20):
        assert resident.post(paper_page(mine), {"album": [upload()], "consent": "on"}).status_code == 302
    assert "传得太快了" in resident.post(paper_page(mine), {"album": [upload()], "consent": "on"}).content.decode()
    resident.post(paper_page(mine), {"album": [upload()], "consent": "on"}, REMOTE_ADDR="10.0.0.9")
    texts = [
        resident.post(paper_page(mine), {"album": [upload()], "consent": "on"}, REMOTE_ADDR=f"10.0.{n}.9").content.decode() for n in range(60)
    ]
    assert "今天传得太多了" in texts[-1]


# ---- the desk


def test_who_handles_it_opens_it_and_each_opening_is_in_the_story(mine):
    photo = sent(mine, mine.papers.first())
    for who, status in ((people.zhuli(), 200), (people.zhuguan(), 200), (people.xiaozhao(), 404), (people.zhuli2(), 404)):
        assert signed_in(who).get(file_page(mine, photo, "desk")).status_code == status, who
    opened = mine.events.filter(kind=EventKind.FILE_OPENED)
    assert [(e.by_name, e.detail, e.is_public) for e in opened] == [("朱丽", "身份证", False), ("周主任", "身份证", False)]
    assert Client().get(file_page(mine, photo, "desk")).url.startswith("/desk/login/")


def test_a_colleague_is_offered_no_photo(mine):
    photo = sent(mine, mine.papers.first())
    assert str(photo.key) in page(signed_in(people.zhuli()), detail(mine))
    colleague = signed_in(people.xiaozhao())
    assert str(photo.key) not in page(colleague, detail(mine))
    for data in ({}, {"act": "delete", "key": str(photo.key)}):
        assert colleague.post(f"/desk/{mine.reference}/paper/0/", data).status_code == 404
    assert names() == [photo.key.hex]


def test_after_handing_over_the_new_owner_opens_it_and_the_old_one_no_longer(mine):
    photo = sent(mine)
    actions.hand_over(request=mine, by=people.zhuli(), to=people.xiaozhao().postings.get(), reason="请假")
    assert signed_in(people.xiaozhao()).get(file_page(mine, photo, "desk")).status_code == 200
    assert signed_in(people.zhuli()).get(file_page(mine, photo, "desk")).status_code == 404


@pytest.mark.parametrize("room", ["help", "desk"])
def test_a_photo_is_kept_by_no_cache_and_can_do_nothing(resident, mine, room):
    photo = sent(mine)
    browser = resident if room == "help" else signed_in(people.zhuli())
    answer = browser.get(file_page(mine, photo, room))
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"] == 'inline; filename="photo.jpg"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'") and "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Type"] == "image/jpeg"
    assert browser.head(file_page(mine, photo, room)).status_code == 200
    assert browser.post(file_page(mine, photo, room)).status_code == 405


def test_no_address_leads_to_the_storage(mine):
    photo = sent(mine)
    for address in (f"/{photo.key.hex}", f"/media/{photo.key.hex}", f"/attachments/{photo.key.hex}", f"/static/attachments/{photo.key.hex}"):
        assert Client().get(address).status_code == 404


def test_the_helper_takes_a_photo_for_somebody_who_stands_there(client, zhuli, mine):
    address = f"/desk/{mine.reference}/paper/{mine.papers.first().pk}/"
    assert "当面问过他" in page(client, address)
    assert "先问一句" in client.post(address, {"camera": upload()}).content.decode()
    assert client.post(address, {"camera": upload(), "consent": "on"}).status_code == 302
    photo = mine.attachments.get()
    assert photo.by == zhuli
    assert "工作人员拍的" in page(client, address)
    client.post(address, {"act": "delete", "key": str(photo.key)})
    assert [(e.kind, e.by_name) for e in mine.events.all()][-1] == ("file_deleted", "朱丽")
    assert "已于" in page(client, address)


def test_a_supervisor_looks_but_does_not_add(mine):
    sent(mine)
    browser = signed_in(people.zhuguan())
    text = page(browser, f"/desk/{mine.reference}/paper/0/")
    assert "看第1张" in text
    assert 'type="file"' not in text
    answer = browser.post(f"/desk/{mine.reference}/paper/0/", {"camera": upload(), "consent": "on"})
    assert mine.attachments.count() == 1
    assert answer.status_code == 200


def test_a_photo_whose_file_is_lost_is_a_404_not_a_fault(resident, mine):
    photo = sent(mine)
    attachments.erase(photo.key)
    assert resident.get(file_page(mine, photo)).status_code == 404
    assert signed_in(people.zhuli()).get(file_page(mine, photo, "desk")).status_code == 404
    assert "file_opened" not in kinds(mine)


def test_a_body_larger_than_all_limits_gets_a_page_that_helps(resident, mine, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_REQUEST", 1000)
    answer = resident.post(paper_page(mine), {"album": [upload()], "consent": "on"})
    assert answer.status_code == 400
    assert "一次最多传5张" in answer.content.decode()
