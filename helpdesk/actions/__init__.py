"""The verbs of a help request. Each is one transaction: the change and its event together or not at all."""

from helpdesk.actions.asking import CONSENT_VERSION, Submission, submit
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, staff_name
from helpdesk.actions.ending import SAY_WHOSE, cancel, close, rate, reopen
from helpdesk.actions.owning import claim, hand_over, release
from helpdesk.actions.talking import answer_wishes, mark_told, reply, reveal, write_message, write_note
from helpdesk.actions.telling import save_contact
from helpdesk.actions.working import set_visit, tick_papers

__all__ = [
    "CONSENT_VERSION", "OWNED_ELSEWHERE", "SAY_WHOSE", "NotPossible", "Submission", "answer_wishes", "cancel", "claim", "close", "hand_over",
    "mark_told", "rate", "release", "reopen", "reply", "reveal", "save_contact", "set_visit", "staff_name", "submit", "tick_papers", "write_message", "write_note",
]  # fmt: skip
