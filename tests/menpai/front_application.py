"""A small application with a front, for tests/menpai/test_front_worker.py: each answer tells who gave it.

/once and /pid are answered at once, /long with a megabyte times eight, /errand and /slow and /bad wait for somebody, /odd fails at once; everything takes a thread
whose query is not empty.
"""

import os
import threading
import time

from menpai import front_worker
from menpai.front import Answer

LONG = bytes(range(256)) * 32_768  # 8 MiB
front_worker.PATIENCE = 1.0  # seconds
front_worker.REST = 0.5  # long enough for a test to open its connections in


def who() -> str:
    return "loop" if threading.current_thread() is threading.main_thread() else threading.current_thread().name.partition("_")[0].partition("-")[0]


def said(text: str, body: bytes = b"") -> Answer:
    body = body or text.encode()
    return Answer("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("X-Who", text)], body)


class Application:
    def __call__(self, environ: dict, start_response) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        noted = environ.get("menpai.noted", "nothing")
        if environ["PATH_INFO"] == "/hold":
            time.sleep(1.5)
        return said(f"thread noted={noted} body={len(environ['wsgi.input'].read(length))}").say(start_response)

    def at_once(self, environ: dict):
        path = environ["PATH_INFO"]
        if environ.get("QUERY_STRING") or path in ("/thread", "/hold", "/healthz/"):
            return said("loop") if path == "/healthz/" else None
        if path == "/pid":
            return said(str(os.getpid()))
        if path == "/odd":
            raise ValueError("odd")
        if path == "/unheard":
            return Answer("200 OK", [("X-Who", "门")], b"")
        if path == "/long":
            return said("loop", LONG)
        if path == "/once":
            head = said(who())
            return head if environ["REQUEST_METHOD"] == "GET" else head._replace(body=b"")
        return environ

    def prepare(self, errands: list[dict]) -> list[str | None]:
        paths = [errand["PATH_INFO"] for errand in errands]
        for errand in errands:
            errand["menpai.noted"] = "here"
        if "/slow" in paths:
            time.sleep(0.4)
        if "/stuck" in paths:
            time.sleep(3)
        if "/bad" in paths:
            raise OSError("no line")
        return [None if path == "/none" else f"{who()} {len(errands)}" for path in paths]

    def told(self, errand: dict, prepared: str) -> Answer:
        if errand["PATH_INFO"] == "/untold":
            raise ValueError("untold")
        return said(f"{prepared} {who()}")


application = Application()


def bare(environ: dict, start_response) -> list[bytes]:
    """Without a front."""
    return said(who()).say(start_response)
