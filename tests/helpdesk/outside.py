"""The other side of the channels, on this machine: real servers that hold us to what their makers documented."""

import base64
import hashlib
import hmac
import json
import socketserver
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

WECOM_KEY, DING_TOKEN, DING_SECRET = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa", "ding-token", "SECtest0123456789"


@dataclass
class Sent:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["idempotency-key"]


def fine(sent: Sent):
    return 200, {}, b'{"errcode":0,"errmsg":"ok"}'


@dataclass
class Outside:
    """An HTTP server that keeps what it was sent and answers (status, headers, body) by `answer`."""

    answer: Callable = fine
    sent: list[Sent] = field(default_factory=list)
    released: Event = field(default_factory=Event)  # what a stalling answer waits for

    def __enter__(self):
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def take(self):
                url = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                sent = Sent(self.command, url.path, parse_qs(url.query), headers, self.rfile.read(int(self.headers.get("Content-Length", 0))))
                outside.sent.append(sent)
                status, more, body = outside.answer(sent)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = take  # noqa: N815 - the names that http.server calls

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that was killed, or that had enough

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def stall(self, sent: Sent):
        self.released.wait()
        return fine(sent)


def _said(code: int, text: str):
    return 200, {"Content-Type": "application/json"}, json.dumps({"errcode": code, "errmsg": text}).encode()


def as_wecom(sent: Sent):
    """企业微信, as documented: key, JSON, msgtype markdown with a content of at most 4096 bytes of UTF-8."""
    if sent.path != "/cgi-bin/webhook/send" or sent.query.get("key") != [WECOM_KEY]:
        return _said(93000, "invalid webhook url, hint: [1616665812198637171337374], from ip: 10.20.30.40")
    if not sent.headers["content-type"].startswith("application/json") or sent.json["msgtype"] != "markdown" or set(sent.json) != {"msgtype", "markdown"}:
        return _said(40008, "invalid message type")
    if not 0 < len(sent.json["markdown"]["content"].encode()) <= 4096:
        return _said(40058, "markdown.content exceed max length 4096")
    return _said(0, "ok")


def as_dingtalk(sent: Sent):
    """钉钉 with 加签 and the keyword 诉求, as documented."""
    if sent.path != "/robot/send" or sent.query.get("access_token") != [DING_TOKEN]:
        return _said(300005, "token is not exist")
    moment = sent.query.get("timestamp", ["0"])[0]
    wanted = base64.b64encode(hmac.new(DING_SECRET.encode(), f"{moment}\n{DING_SECRET}".encode(), hashlib.sha256).digest()).decode()
    if abs(int(moment) - time.time() * 1000) > 3_600_000 or sent.query.get("sign") != [wanted]:
        return _said(310000, "sign not match")
    if sent.json["msgtype"] != "markdown" or set(sent.json["markdown"]) != {"title", "text"}:
        return _said(40035, "缺少参数")
    if "诉求" not in sent.json["markdown"]["title"] + sent.json["markdown"]["text"]:
        return _said(310000, "keywords not in content")
    return _said(0, "ok")


class MailServer:
    """As much of SMTP (RFC 5321) as a client needs that sends one plain message; `codes` replace the answer to a command."""

    def __init__(self, **codes: str):
        self.codes, self.mails = codes, []

    def __enter__(self):
        mail = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, text: str):
                self.wfile.write(text.encode() + b"\r\n")

            def handle(self):
                self.say("220 mail.example")
                while line := self.rfile.readline():
                    word = line[:4].strip().decode().upper()
                    if word == "QUIT":
                        return self.say("221 bye")
                    if word == "DATA" and "DATA" not in mail.codes:
                        self.say("354 go on")
                        lines = iter(self.rfile.readline, b".\r\n")
                        mail.mails.append(b"".join(lines))
                        self.say(mail.codes.get("END", "250 taken"))
                    else:
                        self.say(mail.codes.get(word, "250 ok"))
                return None

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
