"""Rules of acting for somebody else: whether the person themselves agreed, and whether a mandate (委托书) holds. Nothing here writes."""

from datetime import date

from django.utils import timezone

from guides.models import Agency, Guide
from helpdesk.models import OFFERED_KINDS, Consent, HelpRequest, Kind, Mandate, Principal, State

MANDATE_VERSION = "2026-11"  # templates/helpdesk/mandates/: a text once used never changes; new words are a new file
MANDATE_DAYS = 180
MUST_COME = "这件事本人必须到场，不能代办。改选“帮办”：帮办员先打电话，再陪着去。"
NOT_ASKED = "还没问过当事人同不同意。先打电话或者当面问一句，记下来再办。"
DECLINED = "当事人没有同意，不能用他的名义办。别的结果可以办结。"
NO_MANDATE = "代办要有管用的委托书：本人签过字，日子没过，写的是您。先打一份给他签，登记好再点。"


def must_come_instead(kind: str, guide: Guide | None) -> bool:
    """代办 was asked for an item whose person must come (Agency.ACCOMPANY): it is refused with MUST_COME."""
    return kind == Kind.AGENT and guide is not None and guide.agency == Agency.ACCOMPANY


def principal_of(request: HelpRequest) -> Principal | None:
    return getattr(request, "principal", None)


def consent_missing(request: HelpRequest) -> str:
    """Why nothing may be done in the person's name; empty when it may, or when nobody asks for another. Reads the row afresh."""
    consent = Principal.objects.filter(request=request).values_list("consent", flat=True).first()
    if consent in (None, Consent.GIVEN):
        return ""
    return NOT_ASKED if consent == Consent.ASKED else DECLINED


def current_mandate(request: HelpRequest, today: date) -> Mandate | None:
    """The newest one that was not taken back and is not over, signed or not."""
    return request.mandates.filter(revoked_at=None, ends_on__gte=today).select_related("agent").last()


def mandate_missing(request: HelpRequest, day: date) -> str:
    """Why nobody may act for the person on that date; empty when the owner may, or when the request is no 代办.

    A mandate names its agent: after handing over, the new owner needs one of their own.
    """
    if request.kind != Kind.AGENT:
        return ""
    if must_come_instead(request.kind, request.guide):  # the guide changed since it was asked for
        return MUST_COME
    given = request.mandates.filter(agent_id=request.owner_id)
    return "" if any(mandate.holds_on(day) for mandate in given) else NO_MANDATE


def acts_for(request: HelpRequest, *, is_owner: bool, is_supervisor: bool) -> set[str]:
    """What somebody of the desk may do now about the appointment, the consent and the mandate; see helpdesk.access.acts_for."""
    principal, acts = principal_of(request), set()
    if principal and principal.phone and (is_owner or is_supervisor):
        acts |= {"reveal_principal"}
    if principal and request.state == State.CANCELLED and principal.consent == Consent.WITHDRAWN:
        acts |= {"consent_again"}
    if not is_owner or request.state != State.CLAIMED:
        return acts
    if request.visit_at:
        acts |= {"end_visit", "cancel_visit", "renew_code"}
    if request.kind in OFFERED_KINDS:
        acts |= {"set_kind"}
    if principal:
        acts |= {"stop"} | (set() if principal.consent == Consent.GIVEN else {"consent"})
    if request.kind == Kind.AGENT and not must_come_instead(request.kind, request.guide) and not (principal and principal.consent != Consent.GIVEN):
        mandate = current_mandate(request, timezone.localdate())
        is_ours = mandate is not None and mandate.agent_id == request.owner_id
        acts |= {"mandate"} if not (is_ours and mandate.signed_on) else set()
        acts |= {"sign"} if is_ours and not mandate.signed_on else set()
        acts |= {"revoke"} if mandate and mandate.signed_on else set()
    return acts
