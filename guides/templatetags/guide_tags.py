from django import template

from guides.reading import material_detail

register = template.Library()

register.filter("paper", material_detail)
