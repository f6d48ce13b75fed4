"""What an application offers that is asked before it takes a thread (menpai.front_worker asks; any other server calls the application as ever).

    at_once(environ)              never waits. An Answer; None: a thread is to call the application; anything else is an errand that waits for somebody
    prepare(errands)              waits, for all of them in one. What each came to, or None where a thread is to call the application
    told(errand, prepared)        never waits. An Answer

What is noted in the environ of a request under names that begin with NOTED is there again when a thread calls the application for it.
"""

from collections.abc import Callable
from typing import NamedTuple

NOTED = "menpai."


class Answer(NamedTuple):
    """A whole answer. Its headers are sent as they are: no line ends, none of the connection's own, and Content-Length where there is a body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def say(self, start_response: Callable) -> list[bytes]:
        """As WSGI."""
        start_response(self.status, self.headers)
        return [self.body] if self.body else []


def nothing_at_once(environ: dict) -> None:
    """For a layer whose next one has no front."""
