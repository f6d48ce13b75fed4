from datetime import timedelta

from django import template
from django.utils import timezone

from helpdesk.sla import late_words
from menpai.templatetags.pages import clock

register = template.Library()

SOON = timedelta(hours=1)


@register.filter
def due(moment):
    """A promise in words and how urgent it is: {"level": "late" | "soon" | "ok", "words", "by"}. Colour never says it alone."""
    left = moment - timezone.now()
    by = f"{clock(moment)} 前"
    if left < timedelta(0):
        return {"level": "late", "words": late_words(-left), "by": f"说好{by}"}
    if left <= SOON:
        return {"level": "soon", "words": by, "by": "快到了"}
    return {"level": "ok", "words": by, "by": ""}
