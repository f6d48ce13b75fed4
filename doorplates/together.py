"""Several threads of a process ask the database at the same time: what waits is put to it as one, so that one commit holds for all.

While one thread asks, the others line up; when its answer is there, the next of them asks for everybody who waits. Nobody waits for company, and
with one visitor it is one question as ever.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 20.0  # seconds in line; then one's own way is no slower


class NotAnsweredError(Exception):
    """The database failed, or the line did not move; whether it was counted is not known. `__cause__` says which."""


class Ask:
    """What one thread wants, and what it got."""

    __slots__ = ("answer", "error", "following", "is_leader", "turn", "what")

    def __init__(self, what):
        self.what, self.answer, self.error, self.is_leader, self.following = what, None, None, False, None
        self.turn = threading.Lock()
        self.turn.acquire()


class Together:
    """`put` takes what several threads ask, in a list, and returns as many answers in the same order."""

    def __init__(self, put: Callable[[list], list]):
        self._put, self._lock, self._waiting, self._is_busy = put, threading.Lock(), [], False

    @contextmanager
    def ask(self, what) -> Iterator:
        """The answer, for as long as it is used: afterwards the next thread wakes, so that threads do not wake to wait for each other again.
        Raises NotAnsweredError."""
        me = Ask(what)
        try:
            if self._is_to_lead(me):
                self._lead(me)
            if me.error is not None:
                raise NotAnsweredError from me.error
            yield me.answer
        finally:
            if me.following is not None:
                me.following.turn.release()

    def _is_to_lead(self, me: Ask) -> bool:
        """Line up; True once it is this thread's turn to ask for all, False when another has asked for it."""
        with self._lock:
            self._waiting.append(me)
            if not self._is_busy:
                self._is_busy = True
                return True
        if not me.turn.acquire(timeout=PATIENCE):
            with self._lock:
                if me.is_leader:
                    return True
                if me in self._waiting:
                    self._waiting.remove(me)
            raise NotAnsweredError
        return me.is_leader

    def _lead(self, me: Ask) -> None:
        with self._lock:
            asked, self._waiting = self._waiting, []
        try:
            for ask, answer in zip(asked, self._put([ask.what for ask in asked]), strict=True):
                ask.answer = answer
        except Exception as error:
            for ask in asked:
                ask.error = error
        finally:  # also when this thread is told to end: nobody may wait for it
            self._hand_over()
            for ask in asked:
                if ask is not me:
                    me.following, ask.following = ask, me.following

    def _hand_over(self) -> None:
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            if following is None:
                self._is_busy = False
                return
            following.is_leader = True
        following.turn.release()
