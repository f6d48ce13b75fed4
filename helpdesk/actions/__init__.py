"""The verbs of a help request. Each is one transaction: the change and its event together or not at all."""

from helpdesk.actions.alarms import raise_alarms
from helpdesk.actions.asking import CONSENT_VERSION, Submission, submit
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, staff_name
from helpdesk.actions.ending import SAY_WHOSE, cancel, close, rate, reopen
from helpdesk.actions.escalating import escalate
from helpdesk.actions.leave import end_absence, enter_absence, hand_over_all, take_over
from helpdesk.actions.merging import merge, split
from helpdesk.actions.owning import claim, claim_next, hand_over, release
from helpdesk.actions.promises import ContactHow, contact, pause, resume
from helpdesk.actions.talking import answer_wishes, mark_told, reply, reveal, write_message, write_note
from helpdesk.actions.working import set_visit, tick_papers

__all__ = [
    "CONSENT_VERSION", "ContactHow", "claim_next", "contact", "escalate", "merge", "pause", "resume", "split",
    "OWNED_ELSEWHERE", "SAY_WHOSE", "NotPossible", "Submission", "answer_wishes", "cancel", "claim", "close", "hand_over",
    "end_absence", "enter_absence", "hand_over_all", "raise_alarms", "take_over",
    "mark_told", "rate", "release", "reopen", "reply", "reveal", "set_visit", "staff_name", "submit", "tick_papers", "write_message", "write_note",
]  # fmt: skip
