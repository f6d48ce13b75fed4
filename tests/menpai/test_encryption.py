import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection

from helpdesk.models import HelpRequest
from menpai.encryption import blind_index, decrypt, encrypt
from tests.factories import make_request

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_encrypted_comes_back_and_never_looks_the_same_twice():
    first, second = encrypt("王堃 138 0013 8000"), encrypt("王堃 138 0013 8000")
    assert decrypt(first) == decrypt(second) == "王堃 138 0013 8000"
    assert first != second


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote(settings):
    settings.PII_KEYS = [OLD]
    token = encrypt("王阿姨")
    settings.PII_KEYS = [NEW, OLD]
    assert decrypt(token) == "王阿姨"
    rewritten = encrypt(decrypt(token))
    settings.PII_KEYS = [NEW]
    assert decrypt(rewritten) == "王阿姨"


def test_a_wrong_key_is_loud(settings):
    settings.PII_KEYS = [OLD]
    token = encrypt("王阿姨")
    settings.PII_KEYS = [NEW]
    with pytest.raises(InvalidToken):
        decrypt(token)


def test_the_table_holds_ciphertext_only(db):
    request = make_request(name="王阿姨", phone="13800138000", note="腿脚不方便")
    columns = "name, phone, note, phone_index"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM helpdesk_helprequest WHERE id = %s", [request.pk])
        name, phone, note, index = cursor.fetchone()
    assert [decrypt(name), decrypt(phone), decrypt(note)] == ["王阿姨", "13800138000", "腿脚不方便"]
    assert index == blind_index("13800138000")
    assert not [text for text in (name, phone, note, index) if "138" in text[:3] or "王" in text]


def test_a_row_read_and_saved_again_is_encrypted_once(db):
    request = make_request(phone="13800138000")
    HelpRequest.objects.get(pk=request.pk).save()
    assert HelpRequest.objects.get(pk=request.pk).phone == "13800138000"


def test_filtering_by_an_encrypted_value_is_refused(db):
    with pytest.raises(TypeError, match="phone is encrypted"):
        HelpRequest.objects.filter(phone="13800138000")
    with pytest.raises(TypeError, match="name is encrypted"):
        HelpRequest.objects.filter(name__contains="王")


def test_the_blind_index_depends_on_its_key(settings):
    before = blind_index("13800138000")
    assert before == blind_index("13800138000")
    settings.PII_INDEX_KEYS = ["another-index-key-0123456789-0123456789"]
    assert blind_index("13800138000") != before
