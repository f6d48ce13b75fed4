"""A 常用回复 put into a message box: filled in for this request, to be read and changed before anything is sent."""

from urllib.parse import parse_qsl

from django.utils import timezone

from guides import site_words
from guides.models import Guide
from guides.reading import Reading
from guides.where import places_for
from helpdesk.actions import staff_name
from helpdesk.models import NO_NAME, EventKind, HelpRequest, ReplyTemplate
from helpdesk.reply_words import fill, words_for

CHOICE = "reply"  # the name of the chooser's buttons, and of the address's parameter
ACTS = ("message", "talk")  # whose box takes a template


def chosen(data) -> ReplyTemplate | None:
    """The template that a form or an address asks for; None without one, or when it is gone."""
    key = data.get(CHOICE, "")
    return ReplyTemplate.objects.filter(pk=key).first() if key.isdecimal() and len(key) < 10 else None


def filled(template: ReplyTemplate, stored: HelpRequest, user) -> str:
    guide = Guide.objects.published().whole().filter(pk=stored.guide_id).first() if stored.guide_id else None
    now = timezone.localtime()
    words = words_for(
        name=_name_known_to(user, stored),
        matter=stored.guide.plain_title if stored.guide else "",
        reading=Reading(guide, dict(parse_qsl(stored.case))) if guide else None,
        places=places_for(guide, stored.area, now=now) if guide else [],
        today=now.date(),
        helper=staff_name(user),
        number=stored.spoken_reference,
        hotline=site_words.words_for(stored.area).hotline,
    )
    return fill(template.text, words)


def _name_known_to(user, stored: HelpRequest) -> str:
    """The name, for a helper who has already seen it by an act that is in the trail: a template reveals nothing by the way."""
    if stored.name in ("", NO_NAME) or not stored.events.filter(kind__in=(EventKind.REVEALED, EventKind.LOGGED), by=user).exists():
        return ""
    return stored.name


def typed_and(data, text: str) -> dict:
    """What is in the form already, with the text below what was written before."""
    return {name: data[name] for name in data} | {"text": "\n".join(filter(None, [data.get("text", "").rstrip(), text]))}
