from django import template

from guides.corrections import Part
from guides.readiness import tick_of
from guides.reading import material_detail
from guides.refusals import shown

register = template.Library()

register.filter("paper", material_detail)
register.filter("tick", tick_of)
register.filter("often_refused", shown)


@register.filter
def part(value):
    """The part of a page that a correction means, in words."""
    return Part(value).label
