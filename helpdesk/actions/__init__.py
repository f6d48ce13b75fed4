"""The verbs of a help request. Each is one transaction: the change and its event together or not at all."""

from helpdesk.actions.asking import CONSENT_VERSION, Submission, submit
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, staff_name
from helpdesk.actions.consent import record_consent, reopen_for_principal, reveal_principal, stop
from helpdesk.actions.ending import SAY_WHOSE, cancel, close, rate, reopen
from helpdesk.actions.mandates import make_mandate, revoke_mandate, set_kind, sign_mandate
from helpdesk.actions.owning import claim, hand_over, release
from helpdesk.actions.talking import answer_wishes, mark_told, reply, reveal, write_message, write_note
from helpdesk.actions.visits import agree_visit, cancel_visit, drop_visit, end_visit, pass_on_visit, renew_code
from helpdesk.actions.working import tick_papers

__all__ = [
    "CONSENT_VERSION", "OWNED_ELSEWHERE", "SAY_WHOSE", "NotPossible", "Submission", "agree_visit", "answer_wishes", "cancel", "cancel_visit",
    "claim", "close", "drop_visit", "end_visit", "hand_over", "make_mandate", "mark_told", "pass_on_visit", "rate", "record_consent", "release",
    "renew_code", "reopen", "reopen_for_principal", "reply", "reveal", "reveal_principal", "revoke_mandate", "set_kind", "sign_mandate",
    "staff_name", "stop", "submit", "tick_papers", "write_message", "write_note",
]  # fmt: skip
