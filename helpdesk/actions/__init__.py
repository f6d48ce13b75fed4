"""The verbs of a help request. Each is one transaction: the change and its event together or not at all."""

from helpdesk.actions.asking import CONSENT_VERSION, Submission, submit
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, staff_name
from helpdesk.actions.complaining import Complaint, Subject, complain
from helpdesk.actions.correcting import tell_editors
from helpdesk.actions.ending import SAY_WHAT_CHANGED, SAY_WHOSE, cancel, close, reopen
from helpdesk.actions.following import flag_changes, follow_new_guide
from helpdesk.actions.owning import claim, hand_over, release
from helpdesk.actions.rating import decline_revisit, rate, revisit_of
from helpdesk.actions.refusing import send_back
from helpdesk.actions.talking import answer_wishes, mark_told, reply, reveal, write_message, write_note
from helpdesk.actions.working import set_visit, tick_papers

__all__ = [
    "CONSENT_VERSION", "OWNED_ELSEWHERE", "SAY_WHAT_CHANGED", "SAY_WHOSE", "Complaint", "NotPossible", "Subject", "Submission",
    "answer_wishes", "cancel", "claim", "close", "complain", "decline_revisit", "flag_changes", "follow_new_guide", "hand_over",
    "mark_told", "rate", "release", "reopen", "reply", "reveal", "revisit_of", "send_back", "set_visit", "staff_name", "submit",
    "tell_editors", "tick_papers", "write_message", "write_note",
]  # fmt: skip
