"""Each channel against a real server that holds it to the documented form, and every way in which the other side can go wrong."""

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from helpdesk import channels, outgoing
from tests.helpdesk.outside import DING_SECRET, DING_TOKEN, WECOM_KEY, MailServer, Outside, as_dingtalk, as_wecom, fine

ID = "4f6b2f0e-0000-5000-8000-000000000001"
PHONE = "13800138000"


@pytest.fixture
def outside(settings):
    with Outside() as server:
        settings.ROBOT_HOSTS = ["qyapi.weixin.qq.com", server.host]
        settings.SMS_URL, settings.SMS_METHOD, settings.SMS_HEADERS, settings.SMS_SUCCESS = f"{server.url}/sms", "POST", {}, ""
        settings.SMS_BODY = {"to": ["{phone}"], "content": "{text}", "ref": "{id}"}
        yield server


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(outgoing, "TIMEOUT", (1, 0.2))


def wecom(outside, *, key=WECOM_KEY, markdown="**诉求**"):
    return channels.wecom(f"{outside.url}/cgi-bin/webhook/send?key={key}", markdown=markdown, message_id=ID)


def dingtalk(outside, *, secret=DING_SECRET, title="诉求", markdown="**诉求**", token=DING_TOKEN):
    return channels.dingtalk(f"{outside.url}/robot/send?access_token={token}", secret=secret, title=title, markdown=markdown, message_id=ID)


def sms(text="您好"):
    return channels.sms(PHONE, text=text, message_id=ID)


def test_wecom_takes_the_documented_message(outside):
    outside.answer = as_wecom
    outcome = wecom(outside)
    assert (outcome.ok, outcome.answer) == (True, "0 ok")
    [sent] = outside.sent
    assert sent.json == {"msgtype": "markdown", "markdown": {"content": "**诉求**"}}
    assert (sent.method, sent.id) == ("POST", ID)


def test_a_wrong_key_of_wecom_is_final_and_its_answer_is_kept_without_numbers(outside):
    outside.answer = as_wecom
    outcome = wecom(outside, key="wrong")
    assert (outcome.ok, outcome.again) == (False, False)
    assert outcome.answer.startswith("93000 invalid webhook url")
    assert not re.search(r"\d{6}", outcome.answer)


def test_wecom_that_had_too_many_is_left_alone_for_a_minute(outside):
    outside.answer = lambda sent: (200, {}, b'{"errcode":45009,"errmsg":"api freq out of limit"}')
    outcome = wecom(outside)
    assert (outcome.ok, outcome.again, outcome.wait) == (False, True, timedelta(minutes=1))


def test_dingtalk_takes_the_signed_message(outside):
    outside.answer = as_dingtalk
    outcome = dingtalk(outside)
    assert (outcome.ok, outcome.answer) == (True, "0 ok")
    assert outside.sent[0].json == {"msgtype": "markdown", "markdown": {"title": "诉求", "text": "**诉求**"}}


def test_the_sign_of_dingtalk_is_that_of_its_documentation():
    """HMAC-SHA256 over "timestamp\\nsecret" keyed with the secret, in base64, URL-encoded; this value was worked out with openssl."""
    assert channels.dingtalk_sign("this is secret", 1577262236757) == "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"


@pytest.mark.parametrize(("wrong", "code"), [({"secret": ""}, "310000"), ({"token": "x"}, "300005")])
def test_what_dingtalk_refuses_is_final(outside, wrong, code):
    outside.answer = as_dingtalk
    outcome = dingtalk(outside, **wrong)
    assert (outcome.ok, outcome.again, outcome.answer.split()[0]) == (False, False, code)


def test_a_sign_is_refused_also_while_our_clock_is_wrong_so_it_is_tried_again(outside):
    outside.answer = as_dingtalk
    outcome = dingtalk(outside, secret="SECother")
    assert (outcome.ok, outcome.again, outcome.answer.split()[0]) == (False, True, "310000")


def test_dingtalk_that_had_too_many_is_left_alone_for_ten_minutes(outside):
    outside.answer = lambda sent: (200, {}, b'{"errcode":130101,"errmsg":"send too fast"}')
    assert dingtalk(outside).wait == timedelta(minutes=10)


def test_a_text_message_goes_as_the_settings_say(outside, settings):
    settings.SMS_HEADERS = {"Authorization": "Bearer s3cret", "X-Ref": "{id}"}
    assert sms('"}, {text} \\ 您好\n').ok
    [sent] = outside.sent
    assert sent.json == {"to": [PHONE], "content": '"}, {text} \\ 您好\n', "ref": ID}
    assert (sent.headers["authorization"], sent.headers["x-ref"], sent.id) == ("Bearer s3cret", ID, ID)


def test_a_text_message_by_get_is_percent_encoded(outside, settings):
    settings.SMS_METHOD, settings.SMS_URL = "GET", outside.url + "/sms?to={phone}&text={text}"
    assert sms("您好&to=1 #").ok
    assert (outside.sent[0].query, outside.sent[0].body) == ({"to": [PHONE], "text": ["您好&to=1 #"]}, b"")


@pytest.mark.parametrize(
    ("success", "body", "ok"),
    [
        ("code=0", b'{"code": 0}', True),
        ("code=0", b'{"code": "0"}', True),
        ("code=0", b'{"code": 7}', False),
        ("data.0.status=OK", b'{"data": [{"status": "OK"}]}', True),
        ("data.0.status=OK", b'{"data": []}', False),
        ("ok=true", b'{"ok": true}', True),
        ("code=0", b"<html>", False),
    ],
)
def test_the_gateways_answer_decides_where_the_settings_name_a_place(outside, settings, success, body, ok):
    settings.SMS_SUCCESS = success
    outside.answer = lambda sent: (200, {}, body)
    assert sms().ok is ok


def test_what_a_gateway_says_is_kept_without_anybodys_number(outside, settings):
    settings.SMS_SUCCESS = "msg=OK"
    outside.answer = lambda sent: (200, {}, '{"msg": "13800138000 或 +86 138-0013-8000 a@b.cn 欠费"}'.encode())
    answer = sms().answer
    assert "欠费" in answer
    assert not re.search(r"\d{3}|@", answer)


def test_an_error_of_theirs_is_tried_again_as_the_same_message(outside):
    outside.answer = lambda sent: (500, {}, b"")
    outcome = sms()
    assert (outcome.ok, outcome.again, outcome.unclear) == (False, True, True)


@pytest.mark.parametrize(("status", "again"), [(400, False), (401, False), (404, False), (408, True), (429, True), (503, True)])
def test_a_refusal_is_final_unless_they_ask_to_come_again(outside, status, again):
    outside.answer = lambda sent: (status, {}, b"")
    outcome = sms()
    assert (outcome.ok, outcome.again, outcome.unclear) == (False, again, False)


@pytest.mark.parametrize("write", [lambda moment: "3600", lambda moment: format_datetime(moment, usegmt=True)])
def test_how_long_they_ask_to_wait_is_understood(outside, write):
    outside.answer = lambda sent: (429, {"Retry-After": write(datetime.now(UTC) + timedelta(hours=1))}, b"")
    assert timedelta(minutes=50) < sms().wait <= timedelta(hours=1)


@pytest.mark.parametrize("text", ["soon", "-5", "", "9" * 400])
def test_nonsense_about_waiting_does_no_harm(outside, text):
    outside.answer = lambda sent: (429, {"Retry-After": text}, b"")
    assert sms().again


def test_no_answer_may_mean_that_it_arrived(outside, impatient):
    outside.answer = outside.stall
    outcome = wecom(outside)
    assert (outcome.ok, outcome.again, outcome.unclear) == (False, True, True)


def test_nobody_there_means_that_nothing_arrived(outside):
    outside.server.shutdown()
    outside.server.server_close()
    outcome = wecom(outside)
    assert (outcome.ok, outcome.again, outcome.unclear, outcome.answer) == (False, True, False, "连不上对方")


def test_an_oversized_answer_is_not_read_to_its_end(outside):
    outside.answer = lambda sent: (200, {}, b" " * (outgoing.LONGEST_ANSWER + 1) + b'{"errcode":0}')
    outcome = wecom(outside)
    assert (outcome.ok, outcome.unclear, outcome.answer) == (False, True, "回答太长，没有读完")


def test_a_packed_answer_is_not_unpacked(outside):
    outside.answer = lambda sent: (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")
    assert wecom(outside).ok is False
    assert outside.sent[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(outside, status):
    with Outside() as inside:
        outside.answer = lambda sent: (status, {"Location": f"{inside.url}/secret"}, b"")
        outcome = dingtalk(outside)
        assert (outcome.ok, outcome.again) == (False, True)
        assert inside.sent == []


@pytest.mark.parametrize(
    "address",
    [
        "http://qyapi.weixin.qq.com/x", "https://qyapi.weixin.qq.com.evil.example/x", "https://evil.example/qyapi.weixin.qq.com",
        "https://qyapi.weixin.qq.com@evil.example/", "https://user:pw@qyapi.weixin.qq.com/", "https://qyapi.weixin.qq.com:8443/", "https://169.254.169.254/latest",
        "http://127.0.0.1/admin", "http://127.0.0.1:5432/", "http://[::1]/", "https://0/", "file:///etc/passwd", "gopher://qyapi.weixin.qq.com/", "//qyapi.weixin.qq.com/x",
        "https://evil.example\\@qyapi.weixin.qq.com/", "https://qyapi.weixin.qq.com\r\nHost: x/", "https:// qyapi.weixin.qq.com/", "", "qyapi.weixin.qq.com", "https://",
    ],
)  # fmt: skip
def test_only_the_named_hosts_are_called(outside, address):
    with pytest.raises(outgoing.NotAllowed, match="[。]$"):
        outgoing.require_allowed(address, ["qyapi.weixin.qq.com", "oapi.dingtalk.com"])
    outcome = channels.wecom(address, markdown="x", message_id=ID)
    assert (outcome.ok, outcome.again) == (False, False)
    assert outside.sent == []


def test_the_documented_hosts_are_allowed_as_they_are_copied(settings):
    for address in ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", "https://QYAPI.weixin.qq.com:443/x", "https://oapi.dingtalk.com/robot/send?access_token=x"):
        outgoing.require_allowed(address, settings.ROBOT_HOSTS)


@pytest.fixture
def mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = "127.0.0.1", False, False
    settings.DEFAULT_FROM_EMAIL, settings.SITE_URL = "menpai@example.cn", "https://menpai.example"

    def start(**codes):
        server = MailServer(**codes).__enter__()
        servers.append(server)
        settings.EMAIL_PORT = server.port
        return server

    servers = []
    yield start
    for server in servers:
        server.__exit__()


def write(to="zhuli@example.cn", subject="来了新诉求 482-917-365"):
    return channels.email(to, subject=subject, text="· 来了新诉求\n", message_id=ID)


def test_a_mail_is_plain_text_with_an_id_that_stays(mail):
    server = mail()
    assert write().ok
    assert write().ok
    first, second = (email.message_from_bytes(text, policy=email.policy.default) for text in server.mails)
    assert first["Message-ID"] == second["Message-ID"] == f"<{ID}@menpai.example>"
    assert (first["Subject"], first.get_content_type(), first["Auto-Submitted"]) == ("来了新诉求 482-917-365", "text/plain", "auto-generated")
    assert first.get_content().strip() == "· 来了新诉求"


@pytest.mark.parametrize(
    ("codes", "again", "answer"),
    [
        ({"RCPT": "550 no such user zhuli@example.cn"}, False, "550 邮件服务器不收这个地址"),
        ({"RCPT": "450 later"}, True, "450 邮件服务器不收这个地址"),
        ({"MAIL": "554 spam"}, False, None),
        ({"END": "451 later zhuli@example.cn"}, True, "451 later …"),
    ],
)
def test_what_the_mail_server_refuses_for_good_is_not_tried_again(mail, codes, again, answer):
    mail(**codes)
    outcome = write()
    assert (outcome.ok, outcome.again) == (False, again)
    assert "zhuli" not in outcome.answer
    assert answer in (None, outcome.answer)


def test_no_mail_server_is_tried_again(mail, settings):
    server = mail()
    server.__exit__()
    outcome = write()
    assert (outcome.ok, outcome.again, outcome.unclear) == (False, True, False)


def test_an_address_that_breaks_a_header_is_refused(mail):
    server = mail()
    assert write(to="a@b.cn\nBcc: c@d.cn").again is False
    assert server.mails == []


def test_a_text_without_an_answer_of_its_own_is_taken_by_its_status(outside):
    outside.answer = fine
    assert sms().ok
