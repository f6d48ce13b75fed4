"""Keys change while the site writes; afterwards the old one is needed by nothing."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from helpdesk import attachments, keys
from helpdesk.keys import encrypted_fields, rotate
from helpdesk.models import HelpRequest, Message, Principal, Robot
from menpai.encryption import EncryptedTextField, blind_index, blind_indexes, key_of
from tests.factories import make_request
from tests.helpdesk.filled import fill, readable
from tests.helpdesk.photos import sent

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
OLD_INDEX, NEW_INDEX = "old-index-key-0123456789-0123456789-01", "new-index-key-0123456789-0123456789-01"


@pytest.fixture(autouse=True)
def old_keys(settings):
    settings.PII_KEYS, settings.PII_INDEX_KEYS = [OLD], [OLD_INDEX]


@pytest.fixture
def new_keys(settings):
    """A function that puts new keys in front of the old ones."""

    def put():
        settings.PII_KEYS, settings.PII_INDEX_KEYS = [NEW, OLD], [NEW_INDEX, OLD_INDEX]

    return put


def run(*arguments) -> str:
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def test_every_encrypted_field_of_every_room_is_found_with_its_index():
    found = {f"{model._meta.label}.{name}": index for model, name, index in encrypted_fields()}
    assert {"guides.Correction.text", "helpdesk.Robot.secret", "helpdesk.ContactCard.mobile", "helpdesk.Visit.code"} <= set(found)
    assert {label: index for label, index in found.items() if index} == {
        "helpdesk.HelpRequest.phone": "phone_index", "helpdesk.Principal.phone": "phone_index",
    }  # fmt: skip


def test_after_it_the_old_keys_may_go_and_everything_reads(new_keys, settings):
    marks = fill()
    secret = [mark for mark, (model, name) in marks.items() if isinstance(model._meta.get_field(name), EncryptedTextField)]
    HelpRequest.objects.update(phone="13800138000", phone_index=blind_index("13800138000"))
    Principal.objects.update(phone="13900139000", phone_index=blind_index("13900139000"))
    new_keys()
    run()
    settings.PII_KEYS, settings.PII_INDEX_KEYS = [NEW], [NEW_INDEX]
    text = readable()  # raises InvalidToken at the first that needs another key
    assert len(secret) > 15
    assert [mark for mark in secret if mark not in text and marks[mark][1] != "phone"] == []
    assert HelpRequest.objects.get(phone_index__in=blind_indexes("13800138000")).phone == "13800138000"
    assert Principal.objects.get(phone_index__in=blind_indexes("13900139000")).phone == "13900139000"


def test_a_lookup_finds_rows_of_before_and_after_while_the_keys_change(new_keys):
    before = make_request()
    new_keys()
    after = make_request()
    assert before.phone_index != after.phone_index
    assert set(HelpRequest.objects.filter(phone_index__in=blind_indexes("13800138000"))) == {before, after}


def test_check_counts_by_key_and_fails_until_the_old_one_is_needed_by_nothing(new_keys):
    make_request(note="腿脚不方便")
    new_keys()
    make_request()
    assert "helpdesk.HelpRequest.phone：第1把密钥 1，第2把密钥 1；索引：第1把 1，第2把 1" in run("--dry-run")
    with pytest.raises(CommandError, match="还有 4 处要用旧密钥"):  # name, phone, its index and the note of the first
        run("--check")
    assert "换了 3 处" in run()
    assert "旧密钥没有人要了" in run("--check")


def test_a_dry_run_changes_nothing(new_keys):
    make_request()
    new_keys()
    before = raw()
    run("--dry-run")
    assert raw() == before


def test_a_second_run_changes_nothing(new_keys):
    make_request()
    new_keys()
    run()
    before = raw()
    assert "换了 0 处" in run()
    assert raw() == before


def raw() -> list:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, phone, phone_index, note FROM helpdesk_helprequest ORDER BY id")
        return cursor.fetchall()


def test_what_is_saved_between_reading_and_rewriting_wins(new_keys, monkeypatch):
    request = make_request()
    new_keys()
    real = keys._rewrite

    def somebody_is_faster(model, name, index, pk, token, old):
        if name == "phone":
            HelpRequest.objects.filter(pk=pk).update(phone="13911112222", phone_index=blind_index("13911112222"))
        return real(model, name, index, pk, token, old)

    monkeypatch.setattr(keys, "_rewrite", somebody_is_faster)
    list(rotate(write=True))
    request.refresh_from_db()
    assert (request.phone, request.phone_index) == ("13911112222", blind_index("13911112222"))
    assert [field.outdated for field in rotate(write=False) if field.outdated] == []


def test_what_is_scrubbed_meanwhile_stays_empty(new_keys, monkeypatch):
    request = make_request()
    new_keys()
    real = keys._rewrite

    def scrubbed_first(model, *args):
        HelpRequest.objects.update(name="", phone="", phone_index="")
        return real(model, *args)

    monkeypatch.setattr(keys, "_rewrite", scrubbed_first)
    list(rotate(write=True))
    request.refresh_from_db()
    assert (request.name, request.phone, request.phone_index) == ("", "", "")


def test_a_run_that_is_killed_goes_on_where_it_was(new_keys, monkeypatch):
    request = make_request()
    for number in range(6):
        Message.objects.create(request=request, sender="staff", text=f"第{number}句")
    new_keys()
    real, seen = keys._rewrite, []

    def killed(model, name, *args):
        if model is Message:
            seen.append(args)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return real(model, name, *args)

    monkeypatch.setattr(keys, "_rewrite", killed)
    with pytest.raises(KeyboardInterrupt):
        list(rotate(write=True, batch=2))
    monkeypatch.undo()
    field = next(field for field in rotate(write=True, batch=2) if field.label == "helpdesk.Message.text")
    assert (field.keys[0], field.rewritten) == (2, 4)  # one batch was done; the one that was killed is whole again
    assert [message.text for message in Message.objects.all()] == [f"第{number}句" for number in range(6)]


def test_a_value_that_no_key_reads_is_loud_and_stops_nothing_else(new_keys, settings):
    request = make_request()
    settings.PII_KEYS = [Fernet.generate_key().decode()]
    Robot.objects.create(name="群", area=request.area, kind="wecom", address="https://example.invalid/")
    new_keys()
    with pytest.raises(CommandError, match="有 1 处用现在的密钥都读不出来"):
        run()
    assert key_of(raw()[0][1]) == 0


def test_reading_goes_in_batches_with_the_same_queries_for_each(new_keys, django_assert_num_queries):
    request = make_request()
    for number in range(5):
        Message.objects.create(request=request, sender="staff", text=str(number))
    new_keys()
    message = [(Message, "text", "")]
    for batch, queries in ((10, 2), (2, 4)):
        with pytest.MonkeyPatch.context() as patch, django_assert_num_queries(queries):
            patch.setattr(keys, "encrypted_fields", lambda: iter(message))
            list(rotate(write=False, batch=batch))


def test_photos_are_rewritten_too(private, new_keys, settings):
    stored = make_request()
    photo = sent(stored, mark="old")
    new_keys()
    assert "材料照片：换了 1 张" in run()
    settings.PII_KEYS = [NEW]
    photo.refresh_from_db()
    assert b"PICTURE-old" in attachments.read(photo.key)
