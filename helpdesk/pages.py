"""What the 长辈版 of the help pages shows at a time: one question, one action. Nothing here writes."""

from dataclasses import dataclass

from django.forms import Form
from django.utils import timezone

from guides.models import Area, Fact, FactField, Guide, Level, district_of, own_district
from guides.workdays import calendar_for
from helpdesk import sla
from helpdesk.behalf import principal_of
from helpdesk.coverage import board_for
from helpdesk.models import OFFERED_KINDS, HelpRequest, Kind, State
from helpdesk.roster import Tier

SEND = "send"


@dataclass(frozen=True)
class Question:
    """One question of the form on a screen of its own; `number` is None for what one asks to be asked."""

    name: str
    fields: tuple[str, ...]
    before: str
    after: str
    number: int | None
    of: int
    is_wrong: bool


def questions_of(form: Form, *, knows_area: bool, by_video: bool = False, is_early: bool = False) -> list[Question]:
    """The questions of a HelpForm in the order of the document: the one to open with comes last, so that plain CSS can hide it for another.

    All of them are in one page, so nothing typed can be lost between them and the browser's own way back works. Opens with the first wrong one,
    then with the first missing one, else with the sending; an empty form with the first. A video appointment asks when it suits.
    `is_early`: what is still empty is no mistake yet.
    """
    possible = {"phone": True, "name": True, "area": not knows_area, "wish": bool(form["wish"].value()), "call_time": by_video, "note": True, SEND: True}
    asked = [name for name, is_asked in possible.items() if is_asked]
    wanted = [name for name in ("kind", "call_time", "someone") if name not in asked]
    if is_early:
        for name in [name for name in form.errors if not form.data.get(name)]:
            del form.errors[name]
    questions = [_question(form, name, chain, chain is asked) for chain in (asked, wanted) for name in chain]
    first = _to_open_with(form, questions)
    return [question for question in questions if question is not first] + [first]


def _question(form: Form, name: str, chain: list[str], is_counted: bool) -> Question:
    fields = {"someone": ("for_someone", "relation"), SEND: ("consent",)}.get(name, (name,))
    index = chain.index(name)
    return Question(
        name=name,
        fields=fields,
        before=chain[index - 1] if index else "" if is_counted else SEND,
        after=chain[index + 1] if index + 1 < len(chain) else "" if is_counted else SEND,
        number=index + 1 if is_counted else None,
        of=len(chain),
        is_wrong=any(field in form.errors for field in fields),
    )


def _to_open_with(form: Form, questions: list[Question]) -> Question:
    if not form.is_bound:
        return questions[0]
    wrong = [question for question in questions if question.is_wrong]
    missing = [question for question in questions if question.name in ("phone", "name") and not form.data.get(question.name)]
    return (wrong + missing + [question for question in questions if question.name == SEND])[0]


def follow_parts(request: HelpRequest, *, elder: bool, step: str, has_mandate: bool = False) -> tuple[str, ...]:
    """Which parts of the follow page stand on it: all of them, or in the 长辈版 the state with links to the others, one a page."""
    parts = {
        "rate": request.state == State.CLOSED and request.merged_into_id is None and request.kind != Kind.REVISIT,
        "papers": request.kind in OFFERED_KINDS,
        "talk": True,
        "story": True,
        "visit": request.visit_at is not None,
        "behalf": request.is_open and principal_of(request) is not None,
        "mandate": has_mandate,
        "cancel": request.is_open and principal_of(request) is None,
    }
    possible = tuple(part for part, is_possible in parts.items() if is_possible)
    if not elder:
        return ("now", *possible)
    return (step,) if step in possible else ("now", "links", *(f"to-{part}" for part in possible))


def has_nobody_now(request: HelpRequest) -> bool:
    """Whether a request waits while nobody at all is on duty: then its resident is told so, instead of waiting in good faith."""
    if request.state != State.WAITING or request.for_supervisor:
        return False
    return board_for([request.area_id]).of_request(request).tier == Tier.NOBODY


def helper_from(request: HelpRequest) -> str:
    """Where the helper who has it in hand is from, when that is not where it was given: somebody steps in. Empty otherwise."""
    if request.state != State.CLAIMED:
        return ""
    posted = list(request.owner.postings.select_related("area"))
    if not posted or any(posting.area.contains(request.queue_id) for posting in posted):
        return ""
    return posted[0].area.short_name


def hotline_fact(guide: Guide | None) -> Fact | None:
    """What stands behind a guide's hotline: its mark goes wherever the number goes. None where nothing does."""
    return guide.facts.filter(field=FactField.HOTLINE).first() if guide and guide.hotline else None


def place_asked(form: Form, area: Area | None, plate) -> Area | None:
    """The area a form is about as far as it is known: the village, that of the plate, else the district if it is not the installation's own."""
    if area or plate:
        return area or plate.building.community
    return Area.objects.get(pk=form.district) if form.elsewhere else None


def asked_area(code: str) -> dict:
    """What an address's ?area= says to a form: a village is filled in; a township or a district only says whose villages are offered."""
    area = Area.objects.filter(pk=code).first()
    return {"area": area.pk if area and area.level == Level.COMMUNITY else "", "district": district_of(area)}


def promised(kind: str, area: Area | None) -> dict:
    """By when somebody calls who asks now: for the chosen kind, for advice, and for help in person."""
    now = timezone.now()
    calendar = calendar_for(area or Area.objects.filter(pk=own_district()).first(), since=timezone.localdate(now))
    advice, in_person = (sla.promise(now, kind=k, calendar=calendar) for k in (Kind.ADVICE, Kind.HOME))
    is_advice = kind not in OFFERED_KINDS or sla.PROMISED_MINUTES[Kind(kind)] == sla.PROMISED_MINUTES[Kind.ADVICE]
    return {"promised_at": advice if is_advice else in_person, "promised_advice": advice, "promised_in_person": in_person}
