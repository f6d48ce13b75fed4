"""The gateway for text messages as a drill needs it: it keeps the id of each message that arrived whole, and fails in the ways of real ones."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OK = b'{"code": 0}'


class Gateway:
    """`mode` says how it answers from now on. `delivered` are the ids of what it took, in the order in which they came, `untold` those of them that it took
    without saying so in time, `refused` what it did not take."""

    def __init__(self):
        self.mode, self.delivered, self.refused, self.untold = "fine", [], [], []
        self.slow, self.is_open = 1.5, threading.Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 - the name that http.server calls
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                gateway.answer(self, body["id"])

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 64

            def handle_error(self, request, client_address):
                pass  # whoever sent it was killed, or had enough

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sms"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *error) -> None:
        self.is_open.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, name: str) -> None:
        """Modes: fine, slow, hang (not taken, and nothing is said until `is_open`), late (taken, and said when nobody listens any more), error (500, not
        taken), busy (503), close (the line is cut, not taken), cut (taken, and the line is cut), garbage (not taken, and no HTTP)."""
        mode = self.mode
        (self.delivered if mode in ("fine", "slow", "late", "cut") else self.refused).append(name)
        if mode in ("late", "cut"):
            self.untold.append(name)
        if mode == "slow":
            time.sleep(self.slow)
        if mode in ("hang", "late"):
            self.is_open.wait(60)
        if mode in ("close", "cut", "hang"):
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
        elif mode == "garbage":
            handler.wfile.write(b"\x00\xff\x13 never HTTP \xfe" * 40)
            handler.close_connection = True
        else:
            self._say(handler, {"error": 500, "busy": 503}.get(mode, 200))

    def _say(self, handler: BaseHTTPRequestHandler, status: int) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(OK)))
        handler.end_headers()
        handler.wfile.write(OK)
