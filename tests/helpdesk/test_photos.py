"""Photos of papers: encrypted, never without a row, so many and no more, deleted on the day that was promised."""

import io
import os
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from guides.models import SearchMiss
from helpdesk import actions, attachments
from helpdesk.actions import NotPossible
from helpdesk.models import Attachment, CloseReason, Notification, NotificationKind
from tests import people
from tests.factories import make_guide, make_request
from tests.helpdesk.desk import kinds
from tests.helpdesk.photos import CARD, names, picture, raw, sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private")]
SENT = "2026-11-02 09:00+08:00"


@pytest.fixture
def mine():
    """王阿姨's request, in 朱丽's hands; 小赵 works beside her."""
    people.xiaozhao()
    return make_request(claimed_by=people.zhuli(), papers=CARD, guide=make_guide(plain_title="交医保"))


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


def test_days_are_settings(mine, settings):
    settings.PHOTO_DAYS, settings.PHOTO_DAYS_AFTER_END = 10, 1
    photo = sent(mine)
    assert photo.delete_on == timezone.localdate() + timedelta(days=10)
    actions.cancel(request=mine)
    photo.refresh_from_db()
    assert photo.delete_on == timezone.localdate() + timedelta(days=1)
