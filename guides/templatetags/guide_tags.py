from django import template

from guides.corrections import Part
from guides.readiness import tick_of
from guides.reading import material_detail
from guides.refusals import shown

register = template.Library()

register.filter("paper", material_detail)
register.filter("tick", tick_of)
register.filter("often_refused", shown)


@register.simple_tag(takes_context=True)
def kept(context, template, *, by=None, with_area=False, unless=None, **extra):
    """As {% include %}, but rendered once for all villages where the page has a `keeper` (guides.pieces), and not at all `unless` something."""
    keeper, engine = context["keeper"], context.template.engine
    if keeper and not unless:
        return keeper.piece(engine, template, by=by, with_area=with_area, extra=extra)
    with context.push(**extra):
        return engine.get_template(template).render(context)


@register.filter
def part(value):
    """The part of a page that a correction means, in words."""
    return Part(value).label
