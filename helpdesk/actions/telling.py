"""How somebody of the staff wants to be told."""

from datetime import time

from django.db import transaction
from django.utils import timezone

from helpdesk.models import ContactCard, Notification, SendState


@transaction.atomic
def save_contact(*, by, email: str, mobile: str, digest_at: time | None, quiet_from: time, quiet_to: time) -> ContactCard:
    """Keep it; what already waits for them goes by the new hours from now on."""
    wanted = {"email": email, "mobile": mobile, "digest_at": digest_at, "quiet_from": quiet_from, "quiet_to": quiet_to}
    card, _ = ContactCard.objects.update_or_create(user=by, defaults=wanted)
    Notification.objects.filter(to_user=by, state=SendState.PENDING, attempts=0).update(not_before=timezone.now())
    return card
