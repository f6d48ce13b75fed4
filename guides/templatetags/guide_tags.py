from django import template

from guides.readiness import tick_of
from guides.reading import material_detail

register = template.Library()

register.filter("paper", material_detail)
register.filter("tick", tick_of)
