from helpdesk.models.account import RecoveryCode, SecondFactor, StaffAccount, StaffSession
from helpdesk.models.audit import AuditAct, AuditEntry
from helpdesk.models.behalf import Consent, ConsentHow, Mandate, Principal
from helpdesk.models.conversation import Medium, Message, ReplyTemplate, Sender
from helpdesk.models.event import PUBLIC_KINDS, Event, EventKind
from helpdesk.models.notification import ContactCard, Notification, NotificationKind, Robot, SendState
from helpdesk.models.paper import Attachment, AttachmentKind, Paper, PaperState
from helpdesk.models.rating import Rating, RatingLevel
from helpdesk.models.request import (
    NO_NAME,
    OFFERED_CHOICES,
    OFFERED_KINDS,
    OPEN_STATES,
    CallTime,
    Channel,
    CloseReason,
    Escalation,
    HelpRequest,
    Kind,
    PauseReason,
    State,
    is_reference,
    new_reference,
    normalise_reference,
    spoken,
)
from helpdesk.models.roster import Absence, AbsenceKind, Cover, MarketDay, MarketRule, Part, Posting
from helpdesk.models.visit import Visit, VisitPlace, VisitState

__all__ = [
    "NO_NAME", "OFFERED_CHOICES", "OFFERED_KINDS", "OPEN_STATES", "PUBLIC_KINDS", "Absence", "AbsenceKind", "Attachment", "AttachmentKind",
    "AuditAct", "AuditEntry", "CallTime", "Channel", "CloseReason", "Consent", "ConsentHow", "ContactCard", "Cover", "Escalation", "Event",
    "EventKind", "HelpRequest", "Kind", "Mandate", "MarketDay", "MarketRule", "Medium", "Message", "Notification", "NotificationKind", "Paper",
    "PaperState", "Part", "PauseReason", "Posting", "Principal", "Rating", "RatingLevel", "RecoveryCode", "ReplyTemplate", "Robot", "SecondFactor", "SendState", "Sender",
    "StaffAccount", "StaffSession", "State", "Visit", "VisitPlace", "VisitState", "is_reference", "new_reference", "normalise_reference",
    "spoken",
]  # fmt: skip
