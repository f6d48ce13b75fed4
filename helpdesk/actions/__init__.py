"""The verbs of a help request. Each is one transaction: the change and its event together or not at all."""

from helpdesk.actions.asking import CONSENT_VERSION, Submission, submit
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, staff_name
from helpdesk.actions.ending import SAY_WHOSE, cancel, close, rate, reopen
from helpdesk.actions.owning import claim, hand_over, release
from helpdesk.actions.papers import FILES_CONSENT_VERSION, Check, add_files, check_papers, delete_all_of, delete_due, delete_file, open_file
from helpdesk.actions.talking import answer_wishes, mark_told, reply, reveal, write_message, write_note
from helpdesk.actions.working import set_visit

__all__ = [
    "CONSENT_VERSION", "FILES_CONSENT_VERSION", "OWNED_ELSEWHERE", "SAY_WHOSE", "Check", "NotPossible", "Submission", "add_files", "answer_wishes",
    "cancel", "check_papers", "claim", "close", "delete_all_of", "delete_due", "delete_file", "hand_over", "mark_told", "open_file", "rate", "release", "reopen", "reply", "reveal",
    "set_visit", "staff_name", "submit", "write_message", "write_note",
]  # fmt: skip
