"""Small tags used on almost every page."""

from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe

register = template.Library()

VERIFIED = mark_safe('<span class="mark ok">已核实</span>')
UNVERIFIED = mark_safe('<span class="mark">待核实</span>')


@register.simple_tag(takes_context=True)
def page(context, name, *args):
    """The address of a guide page from where the reader stands (area and 长辈版 kept)."""
    return context["viewpoint"].page(name, *args)


@register.simple_tag(takes_context=True)
def mode(context, name, *args):
    """The address of another resident page, 长辈版 kept."""
    return context["viewpoint"].mode(name, *args)


@register.simple_tag
def mark(row):
    """Whether somebody stands behind a statement: 已核实 or 待核实; a figure of an earlier year says so."""
    shown = UNVERIFIED if row is None or not row.is_verified else VERIFIED
    if row is not None and row.is_of_past_year:
        shown += format_html('<small class="source">这是{}年的，今年的请打12345问一下</small>', row.valid_for_year)
    return shown


@register.filter
def dial(phone):
    """A number as a tel: address wants it."""
    return "tel:" + "".join(c for c in str(phone) if c in "0123456789+")


@register.filter
def web(address):
    """An address of the web as it is; empty for any other, such as one that would run as a script, however it came into the database."""
    return address if str(address).startswith(("https://", "http://")) else ""


@register.filter
def clock(moment, now=None):
    """今天 17:00, 明天 9:00, 11月25日（周三） 9:00: a moment as one says it, said at the moment `now`."""
    return said(moment, timezone.localdate(now))


@lru_cache(maxsize=8192)
def said(moment, today):
    """The same, said on a day; kept, as a list says the same moments over and over."""
    local = timezone.localtime(moment)
    return f"{day_words(local.date(), today)} {local.hour}:{local.minute:02d}"


def day_words(day, today):
    """今天, 明天, 后天, 11月25日（周三）: a date as one says it."""
    return {0: "今天", 1: "明天", 2: "后天"}.get((day - today).days) or f"{day.month}月{day.day}日（周{'一二三四五六日'[day.weekday()]}）"


@register.filter
def thousands(number):
    """12,000"""
    return f"{number:,}"
