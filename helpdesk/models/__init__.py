from helpdesk.models.conversation import Message, Sender
from helpdesk.models.event import PUBLIC_KINDS, Event, EventKind
from helpdesk.models.rating import Rating, RatingLevel
from helpdesk.models.request import (
    NO_NAME,
    OPEN_STATES,
    CallTime,
    Channel,
    CloseReason,
    HelpRequest,
    Kind,
    Paper,
    State,
    is_reference,
    new_reference,
    normalise_reference,
)
from helpdesk.models.roster import Posting

__all__ = [
    "NO_NAME", "OPEN_STATES", "PUBLIC_KINDS", "CallTime", "Channel", "CloseReason", "Event", "EventKind", "HelpRequest", "Kind", "Message",
    "Paper", "Posting", "Rating", "RatingLevel", "Sender", "State", "is_reference", "new_reference", "normalise_reference",
]
