"""The same photos in an S3-compatible store: proved against a store of a few lines on this machine, through the settings as an operator writes them."""

import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from helpdesk import actions, attachments
from helpdesk.actions import NotPossible
from helpdesk.models import Attachment
from menpai import settings as site
from tests.factories import make_request
from tests.helpdesk.photos import sent

pytestmark = pytest.mark.django_db
LISTING = '<?xml version="1.0"?><ListBucketResult><Name>papers</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>'


class Store(BaseHTTPRequestHandler):
    """PUT, GET, HEAD, DELETE of /papers/<name>, and the listing of the bucket."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def _answer(self, status: int, body: bytes = b"", **headers):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body)), "Last-Modified": formatdate(0, usegmt=True), "ETag": '"x"'} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _name(self) -> str:
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        return urlsplit(self.path).path.removeprefix("/papers").strip("/")

    def do_PUT(self):
        name = self._name()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.is_down:
            return self._answer(403)
        self.server.files[name] = body
        return self._answer(200)

    def do_GET(self):
        name = self._name()
        if not name and "list-type" not in self.path and "prefix" not in parse_qs(urlsplit(self.path).query, keep_blank_values=True):
            return self._answer(404)
        if not name:
            rows = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in self.server.files)
            return self._answer(200, (LISTING % rows).encode())
        return self._answer(200, self.server.files[name]) if name in self.server.files else self._answer(404)

    do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

    def do_DELETE(self):
        self.server.files.pop(self._name(), None)
        self._answer(403 if self.server.is_down else 204)


@pytest.fixture
def store(settings, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    server.files, server.asked, server.is_down = {}, [], False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = {"ENDPOINT": f"http://127.0.0.1:{server.server_port}", "REGION": "cn-north", "ACCESS_KEY": "someone", "SECRET_KEY": "secret", "ADDRESSING": "path"}
    for name, value in given.items():
        monkeypatch.setenv(f"MENPAI_S3_{name}", value)
    monkeypatch.setattr(site, "S3_BUCKET", "papers")
    settings.STORAGES = settings.STORAGES | {"private": site.private_s3()}
    yield server
    server.shutdown()
    server.server_close()


def test_a_photo_goes_there_encrypted_and_private_comes_back_and_is_deleted(store):
    photo = sent(make_request())
    [(method, path, headers)] = store.asked
    assert (method, path.partition("?")[0]) == ("PUT", f"/papers/{photo.key.hex}")
    assert headers["x-amz-acl"] == "private"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=someone/")
    assert "/cn-north/s3/" in headers["Authorization"]
    assert store.files[photo.key.hex].startswith(b"gAAAA")  # as it is, without chunks or checksums around it
    assert b"PICTURE-x" in attachments.read(photo.key)
    actions.delete_file(attachment=photo)
    assert store.files == {}
    with pytest.raises(FileNotFoundError):
        attachments.read(photo.key)


def test_a_store_that_refuses_is_a_sentence_and_no_row(store):
    store.is_down = True
    with pytest.raises(NotPossible, match="现在存不了照片"):
        sent(make_request())
    assert Attachment.objects.count() == 0


def test_a_deletion_that_the_store_refuses_is_no_receipt(store):
    photo = sent(make_request())
    store.is_down = True
    with pytest.raises(NotPossible, match="现在删不了"):
        actions.delete_file(attachment=photo)
    assert Attachment.objects.get().deleted_at is None


def test_strays_and_lost_ones_are_found_there_too(store):
    from django.utils import timezone

    photo, lost = sent(make_request()), sent(make_request())
    stray = attachments.put(b"left by a crash")
    store.files.pop(lost.key.hex)
    assert attachments.strays(timezone.now()) == [stray.hex]
    assert [row.pk for row in attachments.without_file()] == [lost.pk]
    assert attachments.delete_strays(timezone.now()) == 1
    assert list(store.files) == [photo.key.hex]


def test_new_keys_reach_the_store(store, settings):
    from cryptography.fernet import Fernet

    photo = sent(make_request())
    settings.PII_KEYS = [Fernet.generate_key().decode(), *settings.PII_KEYS]
    attachments.rewrite_all()
    settings.PII_KEYS = settings.PII_KEYS[:1]
    photo.refresh_from_db()
    assert list(store.files) == [photo.key.hex]
    assert b"PICTURE-x" in attachments.read(photo.key)


def test_a_backup_takes_the_photos_from_there_and_a_restore_puts_them_back(store, tmp_path):
    from menpai.backup import restoring, taking

    photo, lost = sent(make_request()), sent(make_request())
    attachments.put(b"left by a crash")
    before = store.files[photo.key.hex]
    taking._copy_photos(tmp_path, taking._stored())
    store.files.pop(lost.key.hex)
    (tmp_path / lost.key.hex).unlink()  # as when it was deleted before it could be copied
    assert taking._only_living(tmp_path, [photo.key.hex, lost.key.hex]) == [lost.key.hex]
    assert [path.name for path in tmp_path.iterdir()] == [photo.key.hex]
    store.files.clear()
    restoring._write_photos(tmp_path, lambda words: None)
    assert store.files == {photo.key.hex: before}
