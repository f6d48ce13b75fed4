"""The verbs of a help request. Each is one transaction: the change and its event together or not at all."""

from helpdesk.actions.accounts import (
    begin_factor,
    check_code,
    end_sessions,
    finish_factor,
    password_changed,
    renew_recovery_codes,
    require_password_change,
    reset_factor,
    use_recovery_code,
)
from helpdesk.actions.alarms import raise_alarms
from helpdesk.actions.asking import CONSENT_VERSION, Submission, submit
from helpdesk.actions.base import OWNED_ELSEWHERE, NotPossible, staff_name
from helpdesk.actions.complaining import Complaint, Subject, complain
from helpdesk.actions.consent import record_consent, reopen_for_principal, reveal_principal, stop
from helpdesk.actions.correcting import tell_editors
from helpdesk.actions.ending import SAY_WHAT_CHANGED, SAY_WHOSE, cancel, close, reopen
from helpdesk.actions.escalating import escalate
from helpdesk.actions.following import flag_changes, follow_new_guide
from helpdesk.actions.leave import end_absence, enter_absence, hand_over_all, take_over
from helpdesk.actions.leaving import leave
from helpdesk.actions.mandates import make_mandate, revoke_mandate, set_kind, sign_mandate
from helpdesk.actions.merging import merge, split
from helpdesk.actions.minding import correct, erase, take_away
from helpdesk.actions.owning import claim, claim_next, hand_over, release
from helpdesk.actions.papers import FILES_CONSENT_VERSION, Check, add_files, check_papers, delete_all_of, delete_due, delete_file, open_file
from helpdesk.actions.promises import ContactHow, contact, pause, resume
from helpdesk.actions.rating import decline_revisit, rate, revisit_of
from helpdesk.actions.refusing import send_back
from helpdesk.actions.talking import SAY_SOMETHING, answer_wishes, log_talk, mark_read, mark_told, reply, reveal, write_message, write_note
from helpdesk.actions.telling import save_contact
from helpdesk.actions.visits import agree_visit, cancel_visit, drop_visit, end_visit, pass_on_visit, renew_code

__all__ = [
    "CONSENT_VERSION", "Check", "Complaint", "ContactHow", "FILES_CONSENT_VERSION", "NotPossible", "OWNED_ELSEWHERE", "SAY_SOMETHING",
    "SAY_WHAT_CHANGED", "SAY_WHOSE", "Subject", "Submission", "add_files", "agree_visit", "answer_wishes", "cancel", "cancel_visit",
    "check_papers", "claim", "claim_next", "close", "complain", "contact", "correct", "decline_revisit", "delete_all_of", "delete_due",
    "delete_file", "drop_visit", "end_absence", "end_visit", "enter_absence", "erase", "escalate", "flag_changes", "follow_new_guide",
    "hand_over", "hand_over_all", "leave", "log_talk", "make_mandate", "mark_read", "mark_told", "merge", "open_file", "pass_on_visit", "pause",
    "raise_alarms", "rate", "record_consent", "release", "renew_code", "reopen", "reopen_for_principal", "reply", "resume", "reveal",
    "reveal_principal", "revisit_of", "revoke_mandate", "save_contact", "send_back", "set_kind", "sign_mandate", "split", "staff_name",
    "begin_factor", "check_code", "end_sessions", "finish_factor", "password_changed", "renew_recovery_codes", "require_password_change",
    "reset_factor", "stop", "submit", "take_away", "take_over", "tell_editors", "use_recovery_code", "write_message", "write_note",
]  # fmt: skip
