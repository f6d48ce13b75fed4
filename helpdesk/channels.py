"""The four ways out: two kinds of group robot, e-mail, text messages. Each sends one message and tells what became of it; none raises.

At least once: a process that dies between sending and writing that down leaves the message to be sent again. Each message therefore carries an
`id` that is the same on every try: as the Message-ID of an e-mail, as {id} of a text message, as the header Idempotency-Key of every HTTP request.
"""

import base64
import hashlib
import hmac
import json
import re
import smtplib
import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, quote_plus

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from urllib3.util import parse_url

from helpdesk import outgoing

TRY_LATER = {408, 425, 429}
SMS_HEADER = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class Outcome:
    """What became of one try: whether it was taken, what the other side said (short, nothing personal), and whether to try again.

    `unclear`: it may have arrived, so that the very same message must be tried again, under the same id. `wait`: what it asked for.
    """

    ok: bool
    answer: str
    again: bool = True
    unclear: bool = False
    wait: timedelta = timedelta(0)


def without_people(text: str) -> str:
    """What another system said, fit to be kept: no address, no number, no key, 150 characters."""
    text = re.sub(r"\S+@\S+", "…", " ".join(str(text).split()))
    text = re.sub(r"[A-Za-z0-9_-]{16,}|\+?\d[\d\s-]{3,}\d", "…", text)
    return text[:150]


def mail_is_set_up() -> bool:
    return bool(settings.EMAIL_HOST and settings.DEFAULT_FROM_EMAIL)


def sms_is_set_up() -> bool:
    return bool(settings.SMS_URL)


def wecom(address: str, *, markdown: str, message_id: str) -> Outcome:
    """企业微信 group robot: POST {"msgtype": "markdown", "markdown": {"content": …}}, at most 4096 bytes and 20 messages a minute.

    Answers {"errcode": 0, "errmsg": "ok"}. https://developer.work.weixin.qq.com/document/path/91770 ; 93000: the key in the address is wrong,
    45009: too many (https://developer.work.weixin.qq.com/document/path/90313).
    """
    body = {"msgtype": "markdown", "markdown": {"content": markdown}}
    return _robot(address, body, message_id, hopeless={93000}, too_many={45009: timedelta(minutes=1)})


def dingtalk(address: str, *, secret: str, title: str, markdown: str, message_id: str) -> Outcome:
    """钉钉 group robot: POST {"msgtype": "markdown", "markdown": {"title": …, "text": …}}; 20 messages a minute, more are refused for ten minutes.

    With 加签 the address gets &timestamp= (milliseconds) and &sign=, the URL-encoded base64 of HMAC-SHA256 over "timestamp\\nsecret", keyed with
    the secret. Answers {"errcode": 0, "errmsg": "ok"}; 310000: keyword, sign or IP refused, 300005: unknown token, 130101: too many.
    https://open.dingtalk.com/document/robots/custom-robot-access , https://open.dingtalk.com/document/robots/customize-robot-security-settings
    """
    if secret:
        moment = round(time.time() * 1000)
        address += f"{'&' if '?' in address else '?'}timestamp={moment}&sign={dingtalk_sign(secret, moment)}"
    body = {"msgtype": "markdown", "markdown": {"title": title, "text": markdown}}
    hopeless = {300005} if secret else {310000, 300005}  # a sign is refused, too, while the clock of this machine is wrong: that passes
    return _robot(address, body, message_id, hopeless=hopeless, too_many={130101: timedelta(minutes=10)})


def dingtalk_sign(secret: str, moment: int) -> str:
    """The value of &sign= for a moment in milliseconds."""
    digest = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()
    return quote_plus(base64.b64encode(digest))


def _robot(address: str, body: dict, message_id: str, *, hopeless: set[int], too_many: dict[int, timedelta]) -> Outcome:
    answer = _post("POST", address, hosts=settings.ROBOT_HOSTS, headers={}, body=body, message_id=message_id)
    if isinstance(answer, Outcome):
        return answer
    try:
        said = json.loads(answer.body)
        code = int(said["errcode"])
    except (ValueError, TypeError, KeyError):
        return Outcome(False, f"状态{answer.status}，回答不是约定的样子", unclear=True)
    text = f"{code} {without_people(said.get('errmsg', ''))}"
    if code == 0:
        return Outcome(True, text)
    return Outcome(False, text, again=code not in hopeless, wait=too_many.get(code, timedelta(0)))


def _post(method: str, address: str, *, hosts, headers: dict, body, message_id: str) -> outgoing.Answer | Outcome:
    """The answer with a status of 2xx, or what went wrong."""
    payload = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    try:
        answer = outgoing.send(method, address, hosts=hosts, headers={"Idempotency-Key": message_id, **headers}, body=payload)
    except outgoing.NotAllowed as refusal:
        return Outcome(False, str(refusal)[:150], again=False)
    except outgoing.NotSent as trouble:
        return Outcome(False, str(trouble))
    except outgoing.Unclear as trouble:
        return Outcome(False, str(trouble), unclear=True)
    if 200 <= answer.status < 300:
        return answer
    if 300 <= answer.status < 400:  # 钉钉 answers so while it refuses a robot that sent too much
        return Outcome(False, f"状态{answer.status}：对方让去别的地址，没有跟去", wait=answer.asked_to_wait)
    is_theirs = answer.status >= 500
    return Outcome(
        False, f"状态{answer.status}", again=is_theirs or answer.status in TRY_LATER, unclear=is_theirs and answer.status != 503, wait=answer.asked_to_wait
    )


def email(to: str, *, subject: str, text: str, message_id: str) -> Outcome:
    """Plain text by SMTP, with the settings of the mail server. A 5xx answer is final, a 4xx answer asks to come again (RFC 5321, 4.2.1)."""
    headers = {"Message-ID": f"<{message_id}@{parse_url(settings.SITE_URL).host}>", "Auto-Submitted": "auto-generated"}
    message = EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [to], headers=headers, connection=get_connection())
    try:
        message.send()
    except smtplib.SMTPAuthenticationError:
        return Outcome(False, "邮件服务器不认账号或密码")
    except smtplib.SMTPRecipientsRefused as refused:
        code = min((code for code, _ in refused.recipients.values()), default=450)
        return Outcome(False, f"{code} 邮件服务器不收这个地址", again=code < 500)
    except smtplib.SMTPResponseException as refused:
        said = refused.smtp_error.decode(errors="replace") if isinstance(refused.smtp_error, bytes) else refused.smtp_error
        return Outcome(False, f"{refused.smtp_code} {without_people(said)}", again=refused.smtp_code < 500)
    except (ConnectionRefusedError, smtplib.SMTPConnectError):
        return Outcome(False, "连不上邮件服务器")
    except (OSError, smtplib.SMTPException):
        return Outcome(False, "邮件发到一半断了", unclear=True)
    except ValueError:  # a header that cannot be written: no try will ever help
        return Outcome(False, "邮箱地址写不进信里", again=False)
    return Outcome(True, "邮件服务器收下了")


def sms(phone: str, *, text: str, message_id: str) -> Outcome:
    """One text message through the gateway of the settings. `phone` as digits.

    {phone}, {text} and {id} are put into the address (percent-encoded), the header values and the strings of the JSON body; as the body is built
    as JSON and not as text, nothing in a message can break out of its place. Taken when the status is 2xx and, if SMS_SUCCESS is set
    (path=value, as in data.status=OK), the answer's JSON says so.
    """
    words = {"phone": phone, "text": text, "id": message_id}
    address = _filled(settings.SMS_URL, {name: quote(value, safe="") for name, value in words.items()})
    headers = {str(name): SMS_HEADER.sub("", _filled(str(value), words)) for name, value in settings.SMS_HEADERS.items()}
    body = None if settings.SMS_METHOD == "GET" else _filled(settings.SMS_BODY, words)
    answer = _post(settings.SMS_METHOD, address, hosts=[_place(address)], headers=headers, body=body, message_id=message_id)
    if isinstance(answer, Outcome):
        return answer
    if not settings.SMS_SUCCESS:
        return Outcome(True, f"状态{answer.status}")
    path, _, wanted = settings.SMS_SUCCESS.partition("=")
    try:
        said = _at(json.loads(answer.body), path)
    except (ValueError, LookupError, TypeError):
        return Outcome(False, f"状态{answer.status}，回答里没有 {path}", unclear=True)
    return Outcome(said == wanted, f"{path}={without_people(said)}")


def _filled(template, words: dict[str, str]):
    """The template with every {name} in its strings replaced, in one pass: braces that a value brings along stay as they are."""
    if isinstance(template, str):
        return re.sub(r"\{(phone|text|id)\}", lambda found: words[found[1]], template)
    if isinstance(template, dict):
        return {name: _filled(value, words) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, words) for value in template]
    return template


def _place(address: str) -> str:
    """The host that the operator configured; only the path may hold what is filled in."""
    url = parse_url(settings.SMS_URL.partition("{")[0])
    return f"{url.host}:{url.port}" if url.port not in (None, 443) else url.host


def _at(value, path: str) -> str:
    """What stands at data.list.0.status, as text; JSON's true, false and null in their own spelling."""
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value if isinstance(value, str) else json.dumps(value)
