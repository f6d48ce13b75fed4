from django import template
from django.utils.safestring import mark_safe

from guides import moulds
from guides.corrections import Part
from guides.readiness import tick_of
from guides.reading import material_detail
from guides.refusals import shown

register = template.Library()

register.filter("paper", material_detail)
register.filter("tick", tick_of)
register.filter("often_refused", shown)


@register.simple_tag(takes_context=True)
def live(context, template):
    """As {% include %}; in a mould (guides.moulds) only the mark of where the template comes in."""
    if isinstance(context["viewpoint"], moulds.Anywhere):
        return moulds.mark_of(template)
    return context.template.engine.get_template(template).render(context)


@register.simple_tag(takes_context=True)
def place(context, one):
    """One place where a guide is done. A hall's is the same for every village, as long as it stays open or closed."""
    template = context.template.engine.get_template("guides/_place.html")

    def render():
        with context.push(place=one):
            return template.render(context)

    return mark_safe(moulds.kept((one.key, context["site"]), render)[0]) if one.is_shared else render()  # a template's own output


@register.filter
def part(value):
    """The part of a page that a correction means, in words."""
    return Part(value).label
