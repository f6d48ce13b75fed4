"""Photos of papers: encrypted, never without a row, opened by who handles the request, deleted on the day that was promised."""

import io
import os
import re
import uuid
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from guides.models import SearchMiss
from helpdesk import actions, attachments
from helpdesk.actions import NotPossible
from helpdesk.models import Attachment, CloseReason, EventKind, Notification, NotificationKind
from menpai import uploads
from tests import people, pictures
from tests.factories import make_guide, make_request
from tests.helpdesk.desk import detail, kinds, page
from tests.helpdesk.photos import CARD, names, picture, raw, sent, upload

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


# ---- where they lie


def test_what_lies_on_the_disk_is_ciphertext_under_a_name_that_tells_nothing(mine, private):
    photo = sent(mine, mine.papers.first())
    assert names() == [photo.key.hex]
    assert b"PICTURE" not in raw(photo.key.hex)
    assert raw(photo.key.hex).startswith(b"gAAAA")
    assert b"PICTURE-x" in attachments.read(photo.key)
    assert oct((private / photo.key.hex).stat().st_mode)[-3:] == "600"


def test_a_changed_byte_is_noticed(mine, private):
    photo = sent(mine)
    path = private / photo.key.hex
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-40] + b"A" * 40)
    with pytest.raises(InvalidToken):
        attachments.read(photo.key)


def test_the_row_knows_nothing_of_the_person(mine):
    photo = sent(mine, mine.papers.first())
    assert photo.purpose == "仅供办理交医保使用"
    wish = make_request(wish="王阿姨的遛狗证")
    assert SearchMiss.objects.exists()
    assert sent(wish).purpose == "仅供办理这次帮办使用"


def test_all_is_encrypted_anew_with_the_newest_key(mine, settings):
    photo, old_keys = sent(mine), settings.PII_KEYS
    gone = sent(mine)
    actions.delete_file(attachment=gone)
    attachments.erase(sent(mine).key)  # a lost one does not stop the others
    new = Fernet.generate_key().decode()
    settings.PII_KEYS = [new, *old_keys]
    assert attachments.rewrite_all() == 1
    settings.PII_KEYS = [new]
    moved = Attachment.objects.get(pk=photo.pk)
    assert b"PICTURE-x" in attachments.read(moved.key)
    assert names() == [moved.key.hex] != [photo.key.hex]


# ---- never one without the other


def test_a_rolled_back_row_takes_its_file_along(mine, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("helpdesk.actions.papers.record", broken)
    with pytest.raises(RuntimeError):
        sent(mine)
    assert (names(), Attachment.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_an_outer_transaction_is_refused_so_that_it_cannot_undo_the_row_alone(mine):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        sent(mine)
    assert names() == []


def test_a_full_disk_is_a_sentence_and_leaves_nothing(mine, monkeypatch):
    real, calls = attachments.put, []

    def second_fails(content):
        calls.append(1)
        if len(calls) == 2:
            raise OSError("no space left")
        return real(content)

    monkeypatch.setattr(attachments, "put", second_fails)
    with pytest.raises(NotPossible, match="现在存不了照片"):
        actions.add_files(request=mine, paper=None, files=[picture(), picture()])
    assert (names(), Attachment.objects.count()) == ([], 0)


def test_a_deletion_that_fails_is_no_receipt(mine, monkeypatch):
    photo = sent(mine)
    with monkeypatch.context() as patch:
        patch.setattr(attachments, "erase", lambda key: 1 / 0)
        with pytest.raises(NotPossible, match="再点一次"):
            actions.delete_file(attachment=photo)
    assert Attachment.objects.get().deleted_at is None
    actions.delete_file(attachment=photo)
    assert Attachment.objects.get().deleted_at is not None
    assert names() == []


def test_strays_are_removed_and_the_lost_are_named(mine, private):
    kept, lost = sent(mine), sent(mine)
    attachments.erase(lost.key)
    stray, fresh = attachments.put(b"left by a crash"), attachments.put(b"its row comes in a moment")
    long_ago = timezone.now().timestamp() - 2 * 3600
    for key in (stray, kept.key):
        os.utime(private / key.hex, (long_ago, long_ago))
    said = scrub(dry_run=True)
    assert "没人认的文件 1 个，没有删" in said
    assert f"有 1 张照片的文件不见了：{lost.key.hex}" in said
    assert len(names()) == 3
    assert "删了没人认的文件 1 个" in scrub()
    assert names() == sorted([kept.key.hex, fresh.hex])


def scrub(**options) -> str:
    out = io.StringIO()
    call_command("scrub_requests", stdout=out, **options)
    return out.getvalue()


# ---- the day of the deletion


def test_thirty_days_then_gone_with_a_receipt(mine):
    with time_machine.travel(SENT, tick=False):
        photo = sent(mine, mine.papers.first())
    assert photo.delete_on == date(2026, 12, 2)
    with time_machine.travel("2026-12-01 23:50+08:00"):
        assert "到期删了 0 张" in scrub()
    with time_machine.travel("2026-12-02 03:00+08:00"):
        assert "到期待删 1 张" in scrub(dry_run=True)
        assert names() != []
        assert "到期删了 1 张" in scrub()
        assert "到期删了 0 张" in scrub()
    photo.refresh_from_db()
    assert photo.deleted_at is not None
    assert names() == []
    assert [(e.kind, e.by_name) for e in mine.events.all()][-1] == ("file_deleted", "到期自动删除")


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_the_end_brings_the_day_nearer_and_reopening_gives_nothing_back(mine, end):
    with time_machine.travel(SENT, tick=False):
        photo = sent(mine)
        other = sent(make_request())
        if end == "close":
            actions.close(request=mine, by=people.zhuli(), reason=CloseReason.DONE, text="")
        else:
            actions.cancel(request=mine)
        photo.refresh_from_db()
        assert photo.delete_on == date(2026, 11, 5)
        actions.reopen(request=mine)
        photo.refresh_from_db()
        assert photo.delete_on == date(2026, 11, 5)
    other.refresh_from_db()
    assert other.delete_on == date(2026, 12, 2)


def test_an_end_never_puts_the_day_off(mine):
    with time_machine.travel(SENT, tick=False):
        photo = sent(mine)
    with time_machine.travel("2026-12-01 09:00+08:00", tick=False):
        actions.cancel(request=mine)
    photo.refresh_from_db()
    assert photo.delete_on == date(2026, 12, 2)


def test_one_that_cannot_be_deleted_does_not_keep_the_others(mine, monkeypatch):
    with time_machine.travel(SENT):
        stuck = sent(mine)
        sent(mine)
    real = attachments.erase
    monkeypatch.setattr(attachments, "erase", lambda key: 1 / 0 if key == stuck.key else real(key))
    with time_machine.travel("2026-12-10 03:00+08:00"):
        said = scrub()
    assert "到期删了 1 张" in said
    assert "有 1 张没删成" in said
    assert names() == [stuck.key.hex]


def test_everything_of_a_request_goes_when_consent_is_taken_back(mine):
    sent(mine), sent(mine, mine.papers.first())
    other = sent(make_request())
    assert actions.delete_all_of(mine) == 2
    assert names() == [other.key.hex]


# ---- limits


def test_five_a_paper_and_twenty_a_request(mine):
    card = mine.papers.first()
    actions.add_files(request=mine, paper=card, files=[picture()] * 5)
    with pytest.raises(NotPossible, match="一样材料最多5张"):
        sent(mine, card)
    actions.delete_file(attachment=mine.attachments.first())
    sent(mine, card)
    for name in "甲乙丙":
        actions.add_files(request=mine, paper=mine.papers.create(name=name), files=[picture()] * 5)
    with pytest.raises(NotPossible, match="最多20张"):
        sent(mine, mine.papers.last().request.papers.create(name="丁"))
    assert len(names()) == 20


@pytest.mark.django_db(transaction=True)
def test_two_sendings_at_once_do_not_get_past_the_limit(mine):
    """From two phones of one family: each sees four, and each wants to add one."""
    card, barrier, refused = mine.papers.first(), Barrier(4), []
    actions.add_files(request=mine, paper=card, files=[picture()] * 4)

    def run():
        try:
            barrier.wait()
            sent(mine, card)
        except NotPossible as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (mine.attachments.count(), len(names()), len(refused)) == (5, 5, 3)


@pytest.mark.django_db(transaction=True)
def test_two_deletions_at_once_are_one(mine):
    photo, barrier = sent(mine), Barrier(2)

    def run():
        barrier.wait()
        actions.delete_file(attachment=photo)
        connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds(mine).count("file_deleted") == 1


def test_an_ended_request_takes_no_photo_and_only_the_owner_adds_for_a_resident(mine):
    with pytest.raises(NotPossible, match="不在您手上"):
        sent(mine, by=people.xiaozhao())
    actions.cancel(request=mine)
    with pytest.raises(NotPossible, match="已经结束了，照片没有收"):
        sent(mine)
    assert names() == []


def test_the_owner_hears_of_it_and_is_not_told_of_their_own(mine):
    def heard():
        return list(Notification.objects.filter(kind=NotificationKind.FILE_ADDED).values_list("to_user__username", flat=True))

    sent(mine, by=people.zhuli())
    assert heard() == []
    sent(mine)
    assert heard() == ["zhuli"]
    sent(make_request())  # nobody has it in hand
    assert heard() == ["zhuli"]


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


@pytest.mark.parametrize("key", ["", "x", "' OR 1=1", "0" * 36, str(uuid.uuid4())])
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


def test_days_are_settings(mine, settings):
    settings.PHOTO_DAYS, settings.PHOTO_DAYS_AFTER_END = 10, 1
    photo = sent(mine)
    assert photo.delete_on == timezone.localdate() + timedelta(days=10)
    actions.cancel(request=mine)
    photo.refresh_from_db()
    assert photo.delete_on == timezone.localdate() + timedelta(days=1)
