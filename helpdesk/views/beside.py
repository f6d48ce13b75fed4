"""What stands beside a request on its page: for whom it is (当事人), by which mandate, and the appointment."""

from django.utils import timezone

from helpdesk import behalf, visits
from helpdesk.models import Consent, HelpRequest, VisitState
from menpai.validators import mask_name, mask_phone


def for_and_with(stored: HelpRequest, user, *, phone: str = "") -> dict:
    """The context of templates/helpdesk/desk/_behalf.html, _mandate.html and _visit.html. `phone`: the principal's, just revealed."""
    today = timezone.localdate()
    visit = visits.planned(stored) if stored.visit_at else None
    mandate = behalf.current_mandate(stored, today)
    principal = behalf.principal_of(stored)
    return {
        "principal": principal,
        "principal_name": mask_name(principal.name) if principal else "",
        "principal_masked": mask_phone(principal.phone) if principal and principal.phone else "",
        "principal_phone": phone,
        "consent_missing": behalf.consent_missing(stored) if stored.is_open else "",
        "today": today,
        "visit": visit,
        "visit_where": visits.where_of(visit) if visit else "",
        "visit_code": visits.spaced(visits.code_for(visit, user)) if visit else "",
        "visit_code_day": visits.code_day(visit) if visit else None,
        "visit_is_due": bool(visit) and timezone.localdate(visit.at) <= today,
        "past_visits": [past for past in stored.visits.select_related("helper") if past.state in (VisitState.DONE, VisitState.MISSED)],
        "mandate": mandate,
        "mandate_is_ours": mandate is not None and mandate.agent_id == stored.owner_id,
        "mandate_days": (mandate.ends_on - today).days + 1 if mandate else 0,
    }


def beside_follow(stored: HelpRequest) -> dict:
    """The same for the follow page, as whoever opened the door with their phone may see it."""
    visit = visits.planned(stored) if stored.visit_at else None
    principal = behalf.principal_of(stored)
    mandate = behalf.current_mandate(stored, timezone.localdate()) if stored.is_open else None
    past = stored.visits.filter(state__in=(VisitState.DONE, VisitState.MISSED)).select_related("helper").last()
    return {
        "principal": principal,
        "must_be_principal": bool(principal) and principal.consent == Consent.WITHDRAWN and not stored.by_principal,
        "own_phone": mask_phone(principal.phone if principal and stored.by_principal else stored.phone),
        "visit": visit,
        "visit_where": visits.where_of(visit) if visit else "",
        "visit_code": visits.spaced(visit.code) if visit else "",
        "visit_is_over": bool(visit) and visits.is_over(visit),
        "past_visit": past,
        "mandate": mandate if mandate and mandate.signed_on else None,
    }
